//! The bot gains and loses rights and chats; what is followed there follows.

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use crate::travel::ON_ITS_WAY;
use anyhow::Result;
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason, SyncStatus};
use serde_json::{Value, json};
use std::time::Duration;
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, Fault, NewChat};

impl Play {
    async fn wait_until_state(&self, chat: i64, state: ChatState) -> Result<()> {
        let what = format!("chat {chat} to be {state:?}");
        let is_so = async || Ok((self.state(chat).await == Some(state)).then_some(()));
        Ok(self.telegram.wait_until(&what, PATIENCE, is_so).await?)
    }

    async fn state(&self, chat: i64) -> Option<ChatState> {
        self.users.chats([ChatId(chat)]).await.ok()?.remove(&ChatId(chat)).map(|chat| chat.state)
    }

    /// Settings as DynamoDB's JSON.
    async fn set_settings(&self, chat: i64, settings: Value) -> Result<()> {
        let parameters = json!({
            "TableName": self.stack.tables["users"],
            "Key": {"pk": {"S": format!("CHAT#{chat}")}, "sk": {"S": "CHAT"}},
            "UpdateExpression": "SET settings = :settings",
            "ExpressionAttributeValues": {":settings": {"M": settings}},
        });
        self.stack.aws("dynamodb", "UpdateItem", parameters).await.map(drop)
    }

    pub async fn wait_until_followed(&self, admin: i64, chat: i64, count: usize) -> Result<()> {
        let followed = async || {
            let of_admin = self.subscriptions.of_admin(UserId(admin), ChatId(chat)).await;
            Ok(of_admin.is_ok_and(|of_admin| of_admin.len() == count).then_some(()))
        };
        Ok(self.telegram.wait_until(&format!("{count} subscriptions in {chat}"), PATIENCE, followed).await?)
    }
}

#[tokio::test]
async fn where_the_bot_may_not_ban_the_admin_is_told_what_is_missing() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, eve, mallory) = (play.admin("Alice", "en").await?, play.admin("Eve", "en").await?, play.person("Mallory").await?);
    let a = play.chat("A", alice, &[mallory]).await?;
    let bot = BotRole::Administrator(AdminRights::without_restrict());
    let e = play.telegram.create_chat(NewChat::supergroup("E", eve).members(&[mallory]).bot(bot)).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let answer = play.subscribe(e, eve, mallory).await?;
    assert!(answer.contains("I don’t have the right “Ban users”"), "{answer}");

    let event = play.ban(a, alice, mallory).await?;
    let (summary, results) = play.sync_of(&event).await?;
    assert_eq!((summary.status, results[0].outcome), (SyncStatus::Failed, Outcome::Failed(Reason::NoRights)));
    let message = play.telegram.wait_until_sees(eve, "Failed to sync ban", PATIENCE).await?;
    assert!(message.text.contains("turn on “Ban users”"), "{}", message.text);
    assert!(!play.telegram.is_banned(e, mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_chat_where_a_ban_is_refused_is_suspended_until_the_right_is_back() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris) = (play.admin("Alice", "en").await?, play.admin("Boris", "ru").await?);
    let (mallory, trent) = (play.person("Mallory").await?, play.person("Trent").await?);
    let (a, b) = (play.chat("A", alice, &[mallory, trent]).await?, play.chat("B", boris, &[mallory, trent]).await?);
    play.subscribe(b, boris, mallory).await?;
    play.subscribe(b, boris, trent).await?;
    let refused = Fault::error(400, "Bad Request: not enough rights to restrict/unrestrict chat member");
    let _refused = play.fault(refused.method("banChatMember").chat(b).times(1)).await?;

    let (_, results) = play.sync_of(&play.ban(a, alice, mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Failed(Reason::NoRights));
    assert_eq!(play.state(b).await, Some(ChatState::Suspended));
    play.telegram.wait_until_sees(boris, "Ошибка синхронизации", PATIENCE).await?;

    play.telegram.demote_bot(b).await?;
    play.telegram.promote_bot(b, AdminRights::moderator()).await?;
    play.wait_until_state(b, ChatState::Active).await?;
    play.telegram.wait_until_sees(boris, "Я снова могу банить в чате B", PATIENCE).await?;
    play.ban(a, alice, trent).await?;
    play.telegram.wait_until_banned(b, trent, PATIENCE).await?;
    play.telegram.wait_until_sees(boris, "успешно синхронизирован", PATIENCE).await?;
    assert_eq!(play.notices(boris).await?.len(), 3, "the suspension itself was not told a second time");
    Ok(())
}

#[tokio::test]
async fn admins_hear_once_that_the_bot_lost_its_right() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[]).await?;
    play.subscribe(chat, boris, mallory).await?;
    play.telegram.set_bot_rights(chat, AdminRights::without_restrict()).await?;
    play.telegram.wait_until_sees(boris, "can no longer ban in B", PATIENCE).await?;
    play.telegram.demote_bot(chat).await?;
    play.quiet(&[chat, boris]).await?;
    assert_eq!(play.notices(boris).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn when_the_bot_is_removed_the_chats_subscriptions_end_and_their_admins_are_told() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory, trent) = (play.admin("Boris", "en").await?, play.person("Mallory").await?, play.person("Trent").await?);
    let (b, c) = (play.chat("B", boris, &[]).await?, play.chat("C", boris, &[]).await?);
    for chat in [b, c] {
        play.subscribe(chat, boris, mallory).await?;
    }
    play.subscribe(b, boris, trent).await?;
    play.telegram.remove_bot(b).await?;
    play.wait_until_followed(boris, b, 0).await?;
    play.wait_until_followed(boris, c, 1).await?;
    play.telegram.wait_until_sees(boris, "no longer in B", PATIENCE).await?;
    assert_eq!(play.notices(boris).await?.len(), 1, "one message, however many subscriptions ended");
    Ok(())
}

#[tokio::test]
async fn what_ends_with_a_chat_or_with_a_role_ends_although_reads_lag_behind_the_writes_that_tell_of_it() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("the reads of this AWS cannot be made to lag");
    }
    let (boris, bella, mallory) = (play.admin("Boris", "en").await?, play.admin("Bella", "en").await?, play.person("Mallory").await?);
    let (b, c) = (play.chat("B", boris, &[]).await?, play.chat("C", boris, &[bella]).await?);
    play.telegram.promote(c, bella, AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let _lag = play.stack.lag_tables(Duration::from_secs(3600)).await?;
    for (chat, admin) in [(b, boris), (c, bella)] {
        play.follow(chat, admin, mallory, Mode::Auto).await?;
    }
    play.telegram.remove_bot(b).await?;
    play.telegram.demote(c, bella).await?;
    play.wait_until_followed(boris, b, 0).await?;
    play.wait_until_followed(bella, c, 0).await
}

#[tokio::test]
async fn a_chat_found_to_be_closed_during_a_sync_loses_its_subscriptions() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[]).await?);
    play.subscribe(b, boris, mallory).await?;
    let gone = Fault::error(403, "Forbidden: bot was kicked from the supergroup chat");
    let _gone = play.fault(gone.method("banChatMember").chat(b).times(1)).await?;
    let (_, results) = play.sync_of(&play.ban(a, alice, mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Failed(Reason::ChatGone));
    play.wait_until_followed(boris, b, 0).await?;
    play.telegram.wait_until_sees(boris, "I’m no longer in the chat", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_keeps_its_subscriptions() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let a = play.chat("A", alice, &[mallory]).await?;
    let bot = BotRole::Administrator(AdminRights::moderator());
    let group = play.telegram.create_chat(NewChat::group("B", boris).members(&[mallory]).bot(bot)).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.trusting(&[group]).await?;
    play.subscribe(group, boris, mallory).await?;
    play.set_settings(group, json!({"sync_delay_seconds": {"N": "6"}, "new_sources": {"S": "ban"}})).await?;
    let supergroup = play.telegram.migrate(group).await?;
    play.wait_until_followed(boris, supergroup, 1).await?;
    play.wait_until_followed(boris, group, 0).await?;
    let chats = play.users.chats([ChatId(supergroup)]).await?;
    assert_eq!(chats[&ChatId(supergroup)].settings.sync_delay_seconds, 6, "the settings came along");

    let (_, results) = play.sync_of(&play.ban(a, alice, mallory).await?).await?;
    assert_eq!((results[0].chat_id.0, results[0].outcome), (supergroup, Outcome::Applied));
    assert!(play.telegram.is_banned(supergroup, mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_while_a_ban_is_on_its_way_is_banned_in_under_its_new_id() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let a = play.chat("A", alice, &[mallory]).await?;
    let bot = BotRole::Administrator(AdminRights::moderator());
    let group = play.telegram.create_chat(NewChat::group("B", boris).members(&[mallory]).bot(bot)).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.trusting(&[group]).await?;
    play.subscribe(group, boris, mallory).await?;
    play.choose(group, ChatChange { sync_delay_seconds: Some(ON_ITS_WAY), ..ChatChange::default() }).await?;

    let event = play.ban(a, alice, mallory).await?;
    // The chunk is on its way with the old id.
    play.wait_until_begun(&event).await?;
    let supergroup = play.telegram.migrate(group).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Applied);
    assert!(play.telegram.is_banned(supergroup, mallory).await?);
    Ok(())
}

#[tokio::test]
async fn what_changes_in_a_chat_while_a_ban_is_on_its_way_is_respected() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let a = play.chat("A", alice, &[mallory]).await?;
    let mut chats = [0; 4];
    for (chat, title) in chats.iter_mut().zip(["Promoted", "Removed", "Demoted", "Usual"]) {
        *chat = play.chat(title, boris, &[mallory]).await?;
        play.subscribe(*chat, boris, mallory).await?;
        play.choose(*chat, ChatChange { sync_delay_seconds: Some(ON_ITS_WAY), ..ChatChange::default() }).await?;
    }
    let event = play.ban(a, alice, mallory).await?;
    play.wait_until_begun(&event).await?;
    play.telegram.promote(chats[0], mallory, AdminRights::moderator()).await?;
    play.telegram.remove_bot(chats[1]).await?;
    play.telegram.set_bot_role(chats[2], BotRole::Member, None).await?;

    let (summary, results) = play.sync_of(&event).await?;
    let outcomes = chats.map(|chat| results.iter().find(|result| result.chat_id.0 == chat).map(|result| result.outcome));
    let expected =
        [Outcome::Skipped(Reason::IsAdmin), Outcome::Failed(Reason::ChatGone), Outcome::Failed(Reason::NoRights), Outcome::Applied];
    assert_eq!(outcomes, expected.map(Some));
    assert_eq!((results.len(), summary.status), (4, SyncStatus::Partial));
    assert_eq!(play.telegram.member(chats[0], mallory).await?.status, "administrator");
    Ok(())
}

#[tokio::test]
async fn a_chat_with_automatic_sync_off_only_hears_of_the_ban() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "ru").await?, play.person("Mallory").await?);
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
    play.subscribe(b, boris, mallory).await?;
    play.set_settings(b, json!({"auto_sync_enabled": {"BOOL": false}})).await?;
    let (summary, results) = play.sync_of(&play.ban(a, alice, mallory).await?).await?;
    assert_eq!((summary.status, results[0].outcome), (SyncStatus::Completed, Outcome::Skipped(Reason::AutoSyncOff)));
    play.telegram.wait_until_sees(boris, &format!("был забанен в чате {a}"), PATIENCE).await?;
    assert!(!play.telegram.is_banned(b, mallory).await?);
    Ok(())
}

#[tokio::test]
async fn who_stopped_the_bot_is_not_written_to_and_nothing_is_stuck() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[]).await?);
    play.subscribe(b, boris, mallory).await?;
    play.telegram.block_bot(boris).await?;
    play.ban(a, alice, mallory).await?;
    play.telegram.wait_until_banned(b, mallory, PATIENCE).await?;
    let refused = telegram_sim::control::CallFilter::method("sendMessage").chat(boris);
    let tried = async || Ok((!play.telegram.calls(refused.clone()).await?.is_empty()).then_some(()));
    play.telegram.wait_until("the message to be tried", PATIENCE, tried).await?;
    let known = async || Ok(play.users.profiles([UserId(boris)]).await.ok().and_then(|mut known| known.remove(&UserId(boris))));
    assert_eq!(play.telegram.wait_until("the profile", PATIENCE, known).await?.can_write, Some(false));
    Ok(())
}
