//! What we did is taken back, and only that: unbans that are carried over, `/undo`, the button to undo.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use crate::travel::ON_ITS_WAY;
use anyhow::Result;
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::settings::{ChatChange, SyncBanType};
use domain::subscription::Mode;
use domain::sync::{Kind, Outcome, Reason, SyncStatus};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, Fault, FaultAction, NewChat};

const ASKS: ChatChange = ChatChange {
    chat_title: None,
    sync_ban_type: None,
    ban_duration_seconds: None,
    sync_delay_seconds: None,
    auto_sync_enabled: None,
    require_confirmation: None,
    new_sources: None,
    sync_unban: Some(true),
    spare_bots: None,
    kick_seconds: None,
    share_bans: None,
    language: None,
    timezone: None,
    settings: None,
};

impl Play {
    /// A ban in the source that has reached the target.
    async fn banned(&self, pair: &Pair) -> Result<BanEvent> {
        let event = self.ban(pair.source, pair.alice, pair.mallory).await?;
        let (_, results) = self.sync_of(&event).await?;
        assert_eq!(results[0].outcome, Outcome::Applied);
        Ok(event)
    }

    async fn unban(&self, chat: i64, admin: i64, user: i64) -> Result<BanEvent> {
        self.telegram.unban(chat, admin, user).await?;
        self.last_event(chat, user).await
    }

    async fn wait_until_free(&self, chat: i64, user: i64) -> Result<()> {
        let free = async || Ok((!self.telegram.is_banned(chat, user).await?).then_some(()));
        Ok(self.telegram.wait_until("the ban to be lifted", PATIENCE, free).await?)
    }
}

#[tokio::test]
async fn an_unban_is_carried_to_chats_that_ask_for_it_and_to_no_others() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let other = play.chat("Other", pair.boris, &[pair.mallory]).await?;
    play.follow(other, pair.boris, pair.mallory, Mode::Auto).await?;
    play.choose(pair.target, ASKS).await?;
    play.banned(&pair).await?;
    let unban = play.unban(pair.source, pair.alice, pair.mallory).await?;
    let (summary, results) = play.sync_of(&unban).await?;
    assert_eq!((summary.kind, summary.total_chats, results[0].chat_id.0), (Kind::Lift, 1, pair.target));
    assert_eq!(results[0].outcome, Outcome::Applied);
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    assert!(play.telegram.is_banned(other, pair.mallory).await?);
    play.telegram.wait_until_sees(pair.boris, "Unbanned in your chat", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn what_a_local_admin_did_is_never_taken_back() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ASKS).await?;
    // Banned there before us: the ban is not ours.
    play.ban(pair.target, pair.boris, pair.mallory).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Already);
    let (_, results) = play.sync_of(&play.unban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::NotOurs));
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?);

    // Banned by us, then by a local admin for longer: it is his now.
    let second = play.pair(Mode::Auto).await?;
    play.choose(second.target, ChatChange { sync_ban_type: Some(SyncBanType::Temporary), ban_duration_seconds: Some(Some(3600)), ..ASKS })
        .await?;
    play.banned(&second).await?;
    play.next_second().await;
    play.telegram.ban(second.target, second.boris, second.mallory, None).await?;
    let (_, results) = play.sync_of(&play.unban(second.source, second.alice, second.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::LocalDecision));
    assert!(play.telegram.is_banned(second.target, second.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_local_admins_unban_stays_when_the_ban_is_carried_over_again() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_delay_seconds: Some(ON_ITS_WAY), ..ChatChange::default() }).await?;
    let before = play.ban(pair.target, pair.boris, pair.mallory).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    assert!(before.occurred < event.occurred);
    // While the delay runs, an admin of the target decides.
    play.next_second().await;
    play.unban(pair.target, pair.boris, pair.mallory).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::LocalDecision));
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn who_is_banned_by_two_sources_stays_banned_while_one_still_bans() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let second = play.chat("Second", pair.alice, &[pair.mallory]).await?;
    play.choose(pair.target, ASKS).await?;
    play.banned(&pair).await?;
    let (_, results) = play.sync_of(&play.ban(second, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Already);
    let (_, results) = play.sync_of(&play.unban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::StillBanned));
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?);
    let (_, results) = play.sync_of(&play.unban(second, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Applied);
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_ban_whose_end_is_moved_is_moved_where_it_was_carried_over() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.banned(&pair).await?;
    let until = aws::time::now() + 7200;
    play.telegram.ban(pair.source, pair.alice, pair.mallory, Some(until)).await?;
    let event = play.last_event(pair.source, pair.mallory).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Applied, "ours alone: its end follows its source's");
    assert_eq!(play.telegram.member(pair.target, pair.mallory).await?.until_date, Some(until));
    Ok(())
}

/// The answer to the ban is lost, the next try finds it done: what stood there before must not be forgotten.
#[tokio::test]
async fn a_ban_of_the_chats_own_is_put_back_even_where_the_answer_to_ours_was_lost() -> Result<()> {
    let play = Play::begin().await?;
    let bans = [
        ChatChange { sync_ban_type: Some(SyncBanType::Permanent), ..ASKS },
        ChatChange { sync_ban_type: Some(SyncBanType::Temporary), ban_duration_seconds: Some(Some(90_000)), ..ASKS },
    ];
    for ban in bans {
        let pair = play.pair(Mode::Auto).await?;
        play.choose(pair.target, ban).await?;
        let own = aws::time::now() + 7200;
        play.telegram.ban(pair.target, pair.boris, pair.mallory, Some(own)).await?;
        play.next_second().await;
        let fault = Fault::new(FaultAction::Close).after_effect().method("banChatMember").chat(pair.target).times(1);
        let _lost = play.fault(fault).await?;
        play.banned(&pair).await?;
        let (_, results) = play.sync_of(&play.unban(pair.source, pair.alice, pair.mallory).await?).await?;
        assert_eq!(results[0].outcome, Outcome::Applied);
        let member = play.telegram.member(pair.target, pair.mallory).await?;
        assert_eq!((member.status.as_str(), member.until_date), ("kicked", Some(own)));
    }
    Ok(())
}

#[tokio::test]
async fn the_button_takes_a_ban_back_in_one_chat_and_only_for_who_may() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let other = play.chat("Other", pair.boris, &[pair.mallory]).await?;
    play.follow(other, pair.boris, pair.mallory, Mode::Auto).await?;
    play.banned(&pair).await?;
    let report = play.telegram.wait_until_sees(pair.boris, "synced to your chats", PATIENCE).await?;
    let data = report.data_of("Target").unwrap_or_default().to_owned();
    let start = play.greeting(pair.alice).await?;
    let pressed = play.telegram.press_forged(pair.alice, pair.alice, start.message_id, &data).await?;
    assert_eq!(pressed.text.as_deref(), Some("This button no longer works. Send the command again."), "it is not hers");
    let pressed = play.telegram.press_button(pair.boris, &report, "Target").await?;
    assert!(pressed.text.is_some_and(|text| text.starts_with("↩️ Undoing my ban")));
    play.wait_until_free(pair.target, pair.mallory).await?;
    play.telegram.wait_until_sees(pair.boris, "Unbanned in your chat", PATIENCE).await?;
    assert!(play.telegram.is_banned(other, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn undo_takes_the_last_ban_back_here_and_everywhere_for_an_admin_of_the_source() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let other = play.chat("Other", pair.boris, &[pair.mallory]).await?;
    play.follow(other, pair.boris, pair.mallory, Mode::Auto).await?;
    let nothing = play.command(pair.target, pair.boris, "/undo").await?;
    assert!(nothing.text.starts_with("Nothing to undo"), "{}", nothing.text);
    play.banned(&pair).await?;
    assert_eq!(play.command(pair.target, pair.mallory, "/undo").await.err().map(|_| ()), Some(()), "who is banned cannot say anything");
    let answer = play.command(pair.target, pair.boris, "/undo").await?;
    assert!(answer.text.starts_with("↩️ Undoing my ban"), "{}", answer.text);
    play.wait_until_free(pair.target, pair.mallory).await?;
    assert!(play.telegram.is_banned(other, pair.mallory).await?);

    let answer = play.command(pair.source, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    assert!(answer.text.starts_with("↩️ Undoing this ban in every chat"), "{}", answer.text);
    play.wait_until_free(other, pair.mallory).await?;
    assert!(play.telegram.is_banned(pair.source, pair.mallory).await?, "the source's own ban is its own");
    Ok(())
}

#[tokio::test]
async fn an_unban_that_comes_while_the_ban_is_being_carried_over_leaves_nobody_banned() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ASKS).await?;
    let _slow = play.fault(Fault::new(FaultAction::Slow { ms: 4000 }).method("banChatMember").user(pair.mallory)).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let banning = async || {
        let filter = telegram_sim::control::CallFilter::method("banChatMember").chat(pair.target);
        Ok((!play.telegram.calls(filter).await?.is_empty()).then_some(()))
    };
    play.telegram.wait_until("the ban to be under way", PATIENCE, banning).await?;
    play.unban(pair.source, pair.alice, pair.mallory).await?;
    let (summary, _) = play.sync_of(&event).await?;
    assert_ne!(summary.status, SyncStatus::Running);
    play.wait_until_free(pair.target, pair.mallory).await
}

#[tokio::test]
async fn a_ban_from_before_a_group_became_a_supergroup_is_lifted_there() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let source = play.chat("Source", alice, &[mallory]).await?;
    let bot = BotRole::Administrator(AdminRights::moderator());
    let group = play.telegram.create_chat(NewChat::group("B", boris).members(&[mallory]).bot(bot)).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.trusting(&[group]).await?;
    play.follow(group, boris, mallory, Mode::Auto).await?;
    play.choose(group, ChatChange { sync_delay_seconds: Some(ON_ITS_WAY), ..ASKS }).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.wait_until_begun(&event).await?;
    let supergroup = play.telegram.migrate(group).await?;
    play.sync_of(&event).await?;
    assert!(play.telegram.is_banned(supergroup, mallory).await?);
    let inherited = async || {
        let chats = play.users.chats([ChatId(supergroup)]).await.unwrap_or_default();
        Ok(chats.get(&ChatId(supergroup)).filter(|chat| chat.settings.sync_unban).map(|_| ()))
    };
    play.telegram.wait_until("the settings to follow", PATIENCE, inherited).await?;
    play.unban(source, alice, mallory).await?;
    play.wait_until_free(supergroup, mallory).await?;
    assert!(play.syncs.entries(ChatId(supergroup), UserId(mallory)).await?.len() >= 2);
    Ok(())
}
