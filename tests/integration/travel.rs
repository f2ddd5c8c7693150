//! A ban on its way, and who is told.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, bail};
use domain::sync::{Outcome, Reason, SyncStatus, Totals, sync_id};
use telegram_sim::AdminRights;
use telegram_sim::control::Delivery;

/// Delay of chats in which something is to change while a ban is on its way, in seconds.
pub const ON_ITS_WAY: i64 = 10;

/// How often is played what the bot has to be told of within the settle time: where a machine is busy, it is told later.
const TRIES: usize = 10;

impl Play {
    /// Plays something until the bot was told of it before a ban of it could be carried over. `happens`: the chat and the person of the
    /// ban, and whatever else.
    pub async fn in_time<T>(&self, happens: impl AsyncFn() -> Result<(i64, i64, T)>) -> Result<(i64, i64, T)> {
        for _ in 0..TRIES {
            let (chat, user, more) = happens().await?;
            self.telegram.wait_until_accepted(PATIENCE).await?;
            let mut deliveries = self.telegram.deliveries_in(&[chat], 0).await?;
            deliveries.retain(|delivery| delivery.body["chat_member"]["new_chat_member"]["user"]["id"] == user);
            let is_ban = |delivery: &&Delivery| delivery.body["chat_member"]["new_chat_member"]["status"] == "kicked";
            let banned = deliveries.iter().find(is_ban).context("somebody was banned")?.created_ms;
            let told = deliveries.iter().filter_map(|delivery| delivery.accepted_ms).max().context("the bot was told")?;
            if told < banned + 1000 * i64::from(self.stack.settle_seconds) {
                return Ok((chat, user, more));
            }
            println!("the bot was told {} ms after the ban: once more", told - banned);
        }
        bail!("the bot is always told too late")
    }
}

#[tokio::test]
async fn a_ban_reaches_the_chats_that_follow_and_no_others_and_each_admin_is_told_in_his_language() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, carol, dan) = (
        play.admin("Alice", "en").await?,
        play.admin("Boris", "ru").await?,
        play.admin("Carol", "en").await?,
        play.admin("Dan", "en").await?,
    );
    let mallory = play.person("Mal <b>lory").await?;
    let a = play.chat("Chat A", alice, &[mallory]).await?;
    let b = play.chat("Chat B & friends", boris, &[mallory]).await?;
    let c = play.chat("Chat C", carol, &[]).await?;
    let d = play.chat("Chat D", dan, &[mallory]).await?;
    play.subscribe(b, boris, mallory).await?;
    play.subscribe(c, carol, mallory).await?;

    let event = play.ban(a, alice, mallory).await?;
    play.telegram.wait_until_banned(b, mallory, PATIENCE).await?;
    play.telegram.wait_until_banned(c, mallory, PATIENCE).await?;
    let (summary, results) = play.sync_of(&event).await?;
    assert_eq!((summary.status, summary.totals), (SyncStatus::Completed, Totals { applied: 2, ..Totals::default() }));
    assert_eq!(results.len(), 2);

    play.telegram.wait_until_sees(boris, "Бан успешно синхронизирован", PATIENCE).await?;
    play.telegram.wait_until_sees(carol, "Ban successfully synced", PATIENCE).await?;
    play.quiet(&[alice, boris, carol, dan, mallory, a, b, c, d]).await?;
    assert!(!play.telegram.is_banned(d, mallory).await?);
    for (admin, agreed, source) in [
        (
            boris,
            format!("✅ Бан успешно синхронизирован в ваш чат\nПользователь: Mal <b>lory (ID: {mallory})\nЧат: Chat B & friends\n"),
            format!("Источник: ID {a}\n"),
        ),
        (
            carol,
            format!("✅ Ban successfully synced to your chat\nUser: Mal <b>lory (ID: {mallory})\nChat: Chat C\n"),
            format!("Source: ID {a}\n"),
        ),
    ] {
        let [notice] = &play.notices(admin).await?[..] else { anyhow::bail!("one card") };
        assert!(notice.starts_with(&format!("{agreed}{source}")), "{notice}");
    }
    assert_eq!(play.notices(dan).await?, [""; 0]);
    assert_eq!(play.notices(alice).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn the_same_update_brought_again_is_one_event_one_sync_and_one_message() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
    play.subscribe(b, boris, mallory).await?;

    let event = play.ban(a, alice, mallory).await?;
    let deliveries = play.telegram.deliveries_in(&[a], 0).await?;
    let of_ban = deliveries.iter().filter(|delivery| delivery.kind == "chat_member");
    let update_id = of_ban.map(|delivery| delivery.update_id).max().expect("the ban was delivered");
    for _ in 0..3 {
        assert_eq!(play.telegram.redeliver(update_id).await?.status, Some(200));
    }
    let (summary, results) = play.sync_of(&event).await?;
    assert_eq!((summary.total_chats, results.len()), (1, 1));
    play.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    assert_eq!(play.telegram.redeliver(update_id).await?.status, Some(200));
    play.quiet(&[alice, boris, mallory, a, b]).await?;
    assert_eq!(play.notices(boris).await?.len(), 1);
    assert!(play.bans.insert(event.clone()).await?.is_none(), "the event is stored under its derived id");
    Ok(())
}

#[tokio::test]
async fn two_admins_of_one_chat_are_one_ban_and_two_messages() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, bella) = (play.admin("Alice", "en").await?, play.admin("Boris", "ru").await?, play.admin("Bella", "en").await?);
    let mallory = play.person("Mallory").await?;
    let a = play.chat("A", alice, &[mallory]).await?;
    let b = play.chat("B", boris, &[mallory, bella]).await?;
    play.telegram.promote(b, bella, AdminRights::moderator()).await?;
    play.subscribe(b, boris, mallory).await?;
    play.subscribe(b, bella, mallory).await?;

    let event = play.ban(a, alice, mallory).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results.len(), 1);
    play.telegram.wait_until_sees(boris, "синхронизирован", PATIENCE).await?;
    play.telegram.wait_until_sees(bella, "synced", PATIENCE).await?;
    let filter = telegram_sim::control::CallFilter::method("banChatMember").chat(b);
    assert_eq!(play.telegram.calls(filter).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_admin_of_several_chats_gets_one_message_with_all_of_them() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let a = play.chat("A", alice, &[mallory]).await?;
    for title in ["First", "Second"] {
        let chat = play.chat(title, boris, &[]).await?;
        play.subscribe(chat, boris, mallory).await?;
    }
    play.ban(a, alice, mallory).await?;
    let message = play.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    assert!(message.text.contains("First") && message.text.contains("Second"), "{}", message.text);
    Ok(())
}

#[tokio::test]
async fn a_kick_is_not_carried_over_and_nobody_is_bothered() -> Result<()> {
    let play = Play::begin().await?;
    let kicked = async || {
        let (alice, boris, kim) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Kim").await?);
        let (a, b) = (play.chat("A", alice, &[kim]).await?, play.chat("B", boris, &[kim]).await?);
        play.subscribe(b, boris, kim).await?;
        play.telegram.kick(a, alice, kim).await?;
        Ok((a, kim, (boris, b)))
    };
    let (a, kim, (boris, b)) = play.in_time(kicked).await?;
    let events = play.events(a, kim).await?;
    assert_eq!(events.iter().map(|event| event.event_type.name()).collect::<Vec<_>>(), ["ban", "unban"]);
    play.quiet(&[boris, kim, a, b]).await?;
    for event in events {
        assert!(play.syncs.summary(sync_id(event.event_id)).await?.is_none(), "nobody has to do with it");
    }
    assert!(!play.telegram.is_banned(b, kim).await?);
    assert_eq!(play.notices(boris).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn an_unban_within_the_settle_time_cancels() -> Result<()> {
    let play = Play::begin().await?;
    let forgiven = async || {
        let (alice, boris, nick) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Nick").await?);
        let (a, b) = (play.chat("A", alice, &[nick]).await?, play.chat("B", boris, &[nick]).await?);
        play.subscribe(b, boris, nick).await?;
        let ban = play.ban(a, alice, nick).await?;
        play.next_second().await;
        play.telegram.unban(a, alice, nick).await?;
        Ok((a, nick, (ban, alice, boris, b)))
    };
    let (a, nick, (ban, alice, boris, b)) = play.in_time(forgiven).await?;
    let (summary, results) = play.sync_of(&ban).await?;
    assert_eq!((summary.status, results[0].outcome), (SyncStatus::Completed, Outcome::Skipped(Reason::Lifted)));
    play.quiet(&[alice, boris, nick, a, b]).await?;
    assert!(!play.telegram.is_banned(b, nick).await?);
    Ok(())
}

#[tokio::test]
async fn chats_that_follow_each_other_do_not_turn_ban_and_unban_into_a_lasting_ban() -> Result<()> {
    let play = Play::begin().await?;
    let forgiven = async || {
        let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
        let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
        play.subscribe(a, alice, mallory).await?;
        play.subscribe(b, boris, mallory).await?;
        let ban = play.ban(a, alice, mallory).await?;
        play.telegram.unban(a, alice, mallory).await?;
        Ok((a, mallory, (alice, boris, b, ban)))
    };
    // Lifted before it was carried over.
    let (a, mallory, (alice, boris, b, ban)) = play.in_time(forgiven).await?;
    let (_, results) = play.sync_of(&ban).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Lifted));

    // Carried over, then lifted in both: neither ban comes back from the other chat.
    play.next_second().await;
    let ban = play.ban(a, alice, mallory).await?;
    play.telegram.wait_until_banned(b, mallory, PATIENCE).await?;
    play.sync_of(&ban).await?;
    play.telegram.unban(a, alice, mallory).await?;
    play.telegram.unban(b, boris, mallory).await?;
    // A ban that came back would be there when nothing is under way any more.
    play.quiet(&[alice, boris, mallory, a, b]).await?;
    for chat in [a, b] {
        assert!(!play.telegram.is_banned(chat, mallory).await?);
    }
    Ok(())
}

#[tokio::test]
async fn who_is_banned_already_or_is_an_admin_is_left_alone_and_the_admins_are_told_why() -> Result<()> {
    let play = Play::begin().await?;
    let alice = play.admin("Alice", "en").await?;
    let (boris, carol) = (play.admin("Boris", "en").await?, play.admin("Carol", "en").await?);
    let mallory = play.person("Mallory").await?;
    let a = play.chat("A", alice, &[mallory]).await?;
    let (b, c) = (play.chat("B", boris, &[mallory]).await?, play.chat("C", carol, &[mallory]).await?);
    play.subscribe(b, boris, mallory).await?;
    play.subscribe(c, carol, mallory).await?;
    play.telegram.ban(b, boris, mallory, None).await?;
    play.telegram.promote(c, mallory, AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.sync_of(&play.last_event(b, mallory).await?).await?;

    let event = play.ban(a, alice, mallory).await?;
    let (summary, _) = play.sync_of(&event).await?;
    assert_eq!(summary.totals, Totals { already: 1, skipped: 1, ..Totals::default() });
    play.telegram.wait_until_sees(boris, "Already banned", PATIENCE).await?;
    play.telegram.wait_until_sees(carol, "admin of the chat", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_temporary_ban_ends_everywhere_when_it_ends_at_its_source() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
    play.subscribe(b, boris, mallory).await?;
    let until = aws::time::now() + 3600;
    play.telegram.ban(a, alice, mallory, Some(until)).await?;
    play.telegram.wait_until_banned(b, mallory, PATIENCE).await?;
    assert_eq!(play.telegram.member(b, mallory).await?.until_date, Some(until));
    Ok(())
}
