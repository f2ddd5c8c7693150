//! Once a day the bot looks at its rights in its chats: what no update told is noticed all the same, and told once.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use aws::store::users::ChatItem;
use domain::chat::{ChatState, check_shard};
use domain::ids::{ChatId, UserId};
use serde_json::{Value, json};
use telegram_sim::AdminRights;
use telegram_sim::control::{CallFilter, Fault};

/// When the rule of `template.yaml` wakes the function.
const SCHEDULE: &str = "cron(17 * * * ? *)";

impl Play {
    async fn wake_rights_monitor(&self, event: &Value) -> Result<()> {
        let answer = self.stack.invoke(&self.stack.functions["rights-monitor"], &event.to_string()).await?;
        ensure!(!answer.failed, "{answer:?}");
        Ok(())
    }

    /// Has the bot look at its rights as in the hour of this chat, which is the first to be looked at.
    async fn look_at_rights(&self, chat: i64) -> Result<()> {
        self.wake_rights_monitor(&json!({"shard": check_shard(ChatId(chat)), "after": chat - 1})).await
    }

    /// Has the bot look until it has found this: an update of the same second counts as newer, and the pace may be taken.
    pub async fn look_until(&self, chat: i64, state: ChatState) -> Result<()> {
        let found = async || {
            let looked = self.look_at_rights(chat).await.is_ok();
            Ok((looked && self.rights_in(chat).await.is_some_and(|item| item.state == state)).then_some(()))
        };
        Ok(self.telegram.wait_until(&format!("chat {chat} to be found {state:?}"), PATIENCE, found).await?)
    }

    async fn rights_in(&self, chat: i64) -> Option<ChatItem> {
        self.users.chat(ChatId(chat)).await.ok()?
    }

    /// How often somebody was told this.
    async fn told(&self, user: i64, text: &str) -> Result<usize> {
        Ok(self.notices(user).await?.iter().filter(|notice| notice.contains(text)).count())
    }
}

#[tokio::test]
async fn rights_that_were_lost_and_given_back_without_an_update_are_noticed_and_told_once() -> Result<()> {
    let play = Play::alone().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[]).await?;
    play.subscribe(chat, boris, mallory).await?;

    let paused = play.pause_webhook().await?;
    play.rights_come_and_go(chat, boris).await?;
    paused.end().await?;

    // The updates come after all, and are older than what was seen.
    play.quiet(&[chat, boris]).await?;
    assert_eq!(play.rights_in(chat).await.map(|item| item.state), Some(ChatState::Removed));
    for text in ["can no longer ban in B", "no longer in B"] {
        assert_eq!(play.told(boris, text).await?, 1, "{text}");
    }
    Ok(())
}

impl Play {
    async fn rights_come_and_go(&self, chat: i64, admin: i64) -> Result<()> {
        self.telegram.set_bot_rights(chat, AdminRights::without_restrict()).await?;
        self.look_until(chat, ChatState::Suspended).await?;
        self.telegram.wait_until_sees(admin, "can no longer ban in B", PATIENCE).await?;
        let before = self.rights_in(chat).await.context("the chat is known")?;
        // Another write would have another time, in whole seconds.
        self.next_second().await;
        self.look_at_rights(chat).await?;
        ensure!(self.rights_in(chat).await.as_ref() == Some(&before), "what is as it was known is not written");

        self.telegram.set_bot_rights(chat, AdminRights::moderator()).await?;
        self.look_until(chat, ChatState::Active).await?;

        self.telegram.remove_bot(chat).await?;
        self.look_until(chat, ChatState::Removed).await?;
        self.telegram.wait_until_sees(admin, "no longer in B", PATIENCE).await?;
        self.wait_until_followed(admin, chat, 0).await?;
        let next = self.users.to_check(check_shard(ChatId(chat)), Some(ChatId(chat - 1)), 1).await?;
        ensure!(next.iter().all(|next| next.chat_id != ChatId(chat)), "a chat without the bot is looked at no more");
        Ok(())
    }
}

#[tokio::test]
async fn during_a_flood_wait_no_rights_are_asked_for_and_afterwards_the_rest_is() -> Result<()> {
    let play = Play::alone().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    // Calls that are on their way would be refused too.
    play.quiet(&[chat, boris]).await?;
    let before = play.telegram.call_counts().await?.calls_during_flood_wait;
    let _flood = play.fault(Fault::too_many_requests(5).method("getChatMember").chat(chat).times(1)).await?;

    let paused = play.pause_webhook().await?;
    play.look_is_put_off(chat).await?;
    paused.end().await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let refused = play.telegram.calls(CallFilter::default().ok(false)).await?;
    assert_eq!(play.telegram.call_counts().await?.calls_during_flood_wait, before, "{refused:#?}");
    Ok(())
}

#[tokio::test]
async fn who_was_demoted_while_the_bot_could_not_see_it_is_no_admin_though_a_flood_wait_met_its_return() -> Result<()> {
    let play = Play::alone().await?;
    let (boris, bella) = (play.admin("Boris", "en").await?, play.admin("Bella", "en").await?);
    let chat = play.chat("B", boris, &[bella]).await?;
    play.telegram.promote(chat, bella, AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let role = async || anyhow::Ok(play.users.admin(ChatId(chat), UserId(bella)).await?.and_then(|known| known.role()));
    ensure!(role().await?.is_some());
    // No update tells a bot without rights of other members.
    play.telegram.demote_bot(chat).await?;
    play.telegram.demote(chat, bella).await?;
    let _flood = play.fault(Fault::too_many_requests(3).method("getChatAdministrators").chat(chat).times(1)).await?;
    play.telegram.promote_bot(chat, AdminRights::moderator()).await?;
    let gone = async || Ok(role().await.ok().filter(Option::is_none).map(drop));
    play.telegram.wait_until("the administrators to be asked for again", PATIENCE, gone).await?;
    Ok(())
}

impl Play {
    async fn look_is_put_off(&self, chat: i64) -> Result<()> {
        self.telegram.set_bot_rights(chat, AdminRights::without_restrict()).await?;
        let asked = CallFilter::method("getChatMember").chat(chat).user(self.stack.bot_id);
        let refused = async || {
            let looked = self.look_at_rights(chat).await.is_ok();
            Ok((looked && !self.telegram.calls(asked.clone().ok(false)).await?.is_empty()).then_some(()))
        };
        self.telegram.wait_until("Telegram to tell to wait", PATIENCE, refused).await?;
        // Once more: now it is the limiter that tells to wait.
        self.look_at_rights(chat).await?;
        ensure!(self.telegram.calls(asked.clone()).await?.len() == 1, "nobody asks during a flood wait");
        ensure!(self.rights_in(chat).await.is_some_and(|item| item.state == ChatState::Active), "nothing was found out yet");

        // Nobody looks any more but a schedule.
        let found = async || Ok(self.rights_in(chat).await.filter(|item| item.state == ChatState::Suspended));
        self.telegram.wait_until("the rest to be looked at", PATIENCE, found).await?;
        Ok(())
    }
}

#[tokio::test]
async fn every_hour_has_its_chats() -> Result<()> {
    let play = Play::alone().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let since_ms = Some(aws::time::now_ms());
    let time = format!("2026-01-01T{:02}:17:00Z", check_shard(ChatId(chat)));
    let event = json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "time": time, "detail": {}});
    let asked = CallFilter { since_ms, ..CallFilter::method("getChatMember").user(play.stack.bot_id) };
    let looked = async || {
        let woken = play.wake_rights_monitor(&event).await.is_ok();
        Ok((woken && !play.telegram.calls(asked.clone()).await?.is_empty()).then_some(()))
    };
    play.telegram.wait_until("the chats of an hour to be looked at", PATIENCE, looked).await?;

    let rules = play.stack.aws("events", "ListRules", json!({})).await?;
    let mut rules = rules["Rules"].as_array().context("a list of rules")?.iter();
    let rule = rules.find(|rule| rule["ScheduleExpression"] == SCHEDULE).context("a rule by the clock")?;
    assert_eq!(rule["State"], "ENABLED");
    let targets = play.stack.aws("events", "ListTargetsByRule", json!({"Rule": rule["Name"]})).await?;
    let target = targets["Targets"][0]["Arn"].as_str().context("the rule wakes somebody")?;
    assert!(target.ends_with(&play.stack.functions["rights-monitor"]), "{target}");
    Ok(())
}
