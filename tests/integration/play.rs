//! A test's own people and chats, and what they do. Methods are named after what users do.

use crate::guard::Guard;
use crate::stack::{Stack, stack};
use crate::stage::Place;
use anyhow::{Context, Result};
use aws::Aws;
use aws::store::bans::Bans;
use aws::store::keys::Keys;
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::{Summary, Syncs};
use aws::store::users::Users;
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::settings::{ChatChange, NewSources};
use domain::sync::{SyncStatus, TargetResult, sync_id};
use serde_json::json;
use std::time::Duration;
use telegram::update::{self, Update};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, Control, Fault, NewChat, NewUser, Seen};
use uuid::Uuid;

/// The longest that anything may take here: far more than it does on a quiet machine, and more than where other builds take most of it. Only a
/// test that fails waits so long.
pub const PATIENCE: Duration = Duration::from_secs(180);

pub struct Play {
    pub stack: &'static Stack,
    pub telegram: Control,
    pub bans: Bans,
    pub syncs: Syncs,
    pub subscriptions: Subscriptions,
    pub users: Users,
    pub keys: Keys,
    _place: Place,
}

impl Play {
    pub async fn begin() -> Result<Self> {
        Self::on(Place::beside_others().await).await
    }

    /// No other test plays at the same time, and nothing of theirs is still to come: what was said in groups is deleted minutes later.
    pub async fn alone() -> Result<Self> {
        let play = Self::on(Place::alone().await).await?;
        play.stack.purge("notification").await?;
        Ok(play)
    }

    async fn on(place: Place) -> Result<Self> {
        let (stack, aws) = (stack(), Aws::patient().await);
        let table = |name: &str| stack.tables[name].clone();
        Ok(Self {
            stack,
            telegram: Control::new(&stack.telegram_api),
            bans: Bans::new(&aws, table("bans")),
            syncs: Syncs::new(&aws, table("sync")),
            subscriptions: Subscriptions::new(&aws, table("subscriptions")),
            users: Users::new(&aws, table("users")),
            keys: Keys::new(&aws, table("auth")),
            _place: place,
        })
    }

    /// Somebody who has started the bot.
    pub async fn admin(&self, name: &str, language: &str) -> Result<i64> {
        let user = NewUser { language_code: Some(language.to_owned()), started: true, ..NewUser::named(name) };
        Ok(self.telegram.create_user(user).await?)
    }

    pub async fn person(&self, name: &str) -> Result<i64> {
        Ok(self.telegram.create_user(NewUser::named(name)).await?)
    }

    /// A supergroup where the bot may ban. The bot's rights have reached the store when this returns.
    pub async fn chat(&self, title: &str, owner: i64, members: &[i64]) -> Result<i64> {
        let bot = BotRole::Administrator(AdminRights::moderator());
        let chat = self.telegram.create_chat(NewChat::supergroup(title, owner).members(members).bot(bot)).await?;
        self.accepted_in(&[chat]).await?;
        self.trusting(&[chat]).await?;
        Ok(chat)
    }

    /// Chats whose admins want no question about the first ban of a source.
    pub async fn trusting(&self, chats: &[i64]) -> Result<()> {
        let change = ChatChange { new_sources: Some(NewSources::Ban), ..ChatChange::default() };
        for &chat in chats {
            self.users.choose_for_chat(ChatId(chat), &change).await?;
        }
        Ok(())
    }

    /// Follows somebody by command and button; what the bot says in the end.
    pub async fn subscribe(&self, chat: i64, admin: i64, user: i64) -> Result<String> {
        let preview = self.command(chat, admin, &format!("/subscribe {user}")).await?;
        let after = self.press(admin, &preview, "⚡️").await?;
        anyhow::ensure!(after.text.starts_with('✅'), "{} {}", preview.text, after.text);
        Ok(after.text)
    }

    /// Presses the button whose label contains `label`; the message as it is then.
    pub async fn press(&self, user: i64, message: &Seen, label: &str) -> Result<Seen> {
        let pressed = self.telegram.press_button(user, message, label).await?;
        anyhow::ensure!(pressed.answered, "{label} was not answered");
        let seen = self.telegram.sees(user).await?;
        seen.into_iter()
            .find(|seen| (seen.chat_id, seen.message_id) == (message.chat_id, message.message_id))
            .context("the message is there")
    }

    /// Says a command and waits for the bot's answer to it.
    pub async fn command(&self, chat: i64, user: i64, text: &str) -> Result<Seen> {
        let said = self.telegram.say(chat, user, text).await?;
        self.answer_to(user, chat, said).await
    }

    /// Says a command to the bot in private; its answer.
    pub async fn privately(&self, user: i64, text: &str) -> Result<Seen> {
        let said = self.telegram.say_private(user, text).await?;
        let answer = async || {
            let seen = self.telegram.private_messages(user).await?;
            Ok(seen.into_iter().find(|seen| seen.message_id > said && seen.from == self.stack.bot_id))
        };
        Ok(self.telegram.wait_until("the bot's answer", PATIENCE, answer).await?)
    }

    pub async fn answer_to(&self, user: i64, chat: i64, said: i64) -> Result<Seen> {
        let answer = async || {
            let seen = self.telegram.sees(user).await?;
            Ok(seen.into_iter().find(|seen| seen.chat_id == chat && seen.reply_to == Some(said) && seen.from == self.stack.bot_id))
        };
        Ok(self.telegram.wait_until("the bot's answer", PATIENCE, answer).await?)
    }

    /// Puts a fault in the bot's way to Telegram. Tests run beside each other: it names a chat or a person of the test's own, unless nobody
    /// else plays.
    pub async fn fault(&self, fault: Fault) -> Result<Guard> {
        let (id, url) = (self.telegram.add_fault(fault).await?, self.telegram.url().to_owned());
        Ok(Guard::new("a fault of the simulator", async move { Ok(Control::new(&url).remove_fault(id).await?) }))
    }

    /// Holds all updates back.
    pub async fn pause_webhook(&self) -> Result<Guard> {
        self.telegram.pause_webhook(true).await?;
        let url = self.telegram.url().to_owned();
        Ok(Guard::new("the delivery of updates", async move { Ok(Control::new(&url).pause_webhook(false).await?) }))
    }

    /// Bans somebody as an admin does; the event as the bot reads it.
    pub async fn ban(&self, chat: i64, admin: i64, user: i64) -> Result<BanEvent> {
        self.telegram.ban(chat, admin, user, None).await?;
        self.last_event(chat, user).await
    }

    /// Its chunks are planned, and on their way: within the settle time nothing is done yet.
    pub async fn wait_until_begun(&self, event: &BanEvent) -> Result<Summary> {
        let begun = async || Ok(self.syncs.summary(sync_id(event.event_id)).await.ok().flatten());
        Ok(self.telegram.wait_until("the sync to begin", PATIENCE, begun).await?)
    }

    /// The newest event that Telegram has told of somebody in a chat.
    pub async fn last_event(&self, chat: i64, user: i64) -> Result<BanEvent> {
        let events = self.events(chat, user).await?;
        events.into_iter().next_back().context("Telegram has told of something")
    }

    /// What Telegram has told of somebody in a chat, oldest first.
    pub async fn events(&self, chat: i64, user: i64) -> Result<Vec<BanEvent>> {
        let deliveries = self.telegram.deliveries_in(&[chat], 0).await?;
        let read = |body: &serde_json::Value| match update::read(body.to_string().as_bytes(), UserId(self.stack.bot_id), 0) {
            Ok(Update::Ban(event)) if event.chat_id.0 == chat && event.user_id.0 == user => Some(*event),
            _ => None,
        };
        Ok(deliveries.iter().filter_map(|delivery| read(&delivery.body)).collect())
    }

    /// Waits until the sync of an event is closed; its summary and results.
    pub async fn sync_of(&self, event: &BanEvent) -> Result<(Summary, Vec<TargetResult>)> {
        self.results_of(sync_id(event.event_id)).await
    }

    /// As [`Play::sync_of`]; of the sync with this id.
    pub async fn results_of(&self, id: Uuid) -> Result<(Summary, Vec<TargetResult>)> {
        self.results_within(id, PATIENCE).await
    }

    pub async fn sync_within(&self, event: &BanEvent, patience: Duration) -> Result<(Summary, Vec<TargetResult>)> {
        self.results_within(sync_id(event.event_id), patience).await
    }

    pub async fn results_within(&self, id: Uuid, patience: Duration) -> Result<(Summary, Vec<TargetResult>)> {
        let mut last = None;
        for _ in 0..patience.as_millis() / 200 {
            last = self.syncs.summary(id).await?;
            if let Some(summary) = &last
                && summary.status != SyncStatus::Running
            {
                let results = self.syncs.results(id).await?;
                return Ok((summary.clone(), results));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::bail!("the sync did not close: {last:?}")
    }

    /// As if others had been promised calls for so long; only where nobody else plays.
    pub async fn promise_calls(&self, milliseconds: i64) -> Result<()> {
        let until = (aws::time::now_ms() + milliseconds).to_string();
        let promise = json!({"TableName": self.stack.tables["gateway"], "Key": {"pk": {"S": "LIMITER"}},
            "UpdateExpression": "SET busy_until_ms = :until", "ExpressionAttributeValues": {":until": {"N": until}}});
        self.stack.aws("dynamodb", "UpdateItem", promise).await.map(drop)
    }

    /// What the bot wrote to somebody in private, after the answer to his /start.
    pub async fn notices(&self, user: i64) -> Result<Vec<String>> {
        let seen = self.telegram.private_messages(user).await?;
        let notices = seen.into_iter().filter(|seen| seen.from == self.stack.bot_id && !seen.text.starts_with('👋'));
        Ok(notices.map(|seen| seen.text).collect())
    }
}
