//! What people do, and the waits between.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use telegram_sim::Control;
use telegram_sim::control::{Seen, wait_until};

use crate::cast::{Cast, Chat, Person};

/// How long the bot may take for anything. It takes a second or two; a machine under load takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nothing may happen, so there is no sign to wait for: this much beyond the settle time.
const MARGIN: Duration = Duration::from_secs(4);

/// A story being played.
pub struct Story {
    pub control: Control,
    pub cast: Cast,
    pub bot: i64,
    /// Unix milliseconds.
    pub began_ms: i64,
    /// What people did: Unix milliseconds, sentence.
    pub deeds: Vec<(i64, String)>,
}

impl Story {
    pub async fn begin(control: Control, bot: i64) -> Result<Self> {
        let began_ms = now_ms();
        let cast = Cast::gather(&control).await?;
        Ok(Self { control, cast, bot, began_ms, deeds: Vec::new() })
    }

    pub async fn play(&mut self, settle: Duration) -> Result<()> {
        self.everybody_subscribes().await?;
        self.mallory_is_banned(settle).await?;
        self.kim_is_only_kicked_and_nick_forgiven(settle).await
    }

    async fn everybody_subscribes(&mut self) -> Result<()> {
        let Cast { follower, other_follower, powerless, mallory, kim, nick, .. } = &self.cast;
        let (boris, carol, eve) = (&follower.admin, &other_follower.admin, &powerless.admin);

        // Somebody whose message is at hand is named by a reply …
        let spam = self.control.say(follower.id, mallory.id, "Buy my coins!").await?;
        self.deeds.push((now_ms(), format!("Boris answers Mallory in {}: /subscribe", follower.title)));
        let command = self.control.reply(follower.id, boris.id, spam, "/subscribe").await?;
        self.answered(follower, boris, command).await?;

        // … anybody else by the number.
        let by_number = [(follower, boris, kim), (follower, boris, nick), (other_follower, carol, mallory), (powerless, eve, mallory)];
        for (chat, admin, person) in by_number {
            self.deeds.push((now_ms(), format!("{} writes in {}: /subscribe {} ({})", admin.name, chat.title, person.id, person.name)));
            let command = self.control.say(chat.id, admin.id, &format!("/subscribe {}", person.id)).await?;
            self.answered(chat, admin, command).await?;
        }
        Ok(())
    }

    async fn mallory_is_banned(&mut self, settle: Duration) -> Result<()> {
        let Cast { source, follower, other_follower, powerless, mallory, .. } = &self.cast;
        self.deeds.push((now_ms(), format!("Alice bans Mallory in {}", source.title)));
        self.control.ban(source.id, source.admin.id, mallory.id, None).await?;
        // Anybody can make a group and ban there: the first ban of a source is asked about.
        for chat in [follower, other_follower] {
            let question = self.asked_about(&chat.admin, mallory, settle + PATIENCE).await?;
            let (admin, title) = (chat.admin.name, chat.title);
            self.deeds.push((now_ms(), format!("{admin} lets {} in as a source of {title}, and Mallory's ban with it", source.title)));
            self.control.press_button(chat.admin.id, &question, "🚫").await?;
        }
        for chat in [follower, other_follower] {
            self.banned(chat, mallory, settle + PATIENCE).await?;
        }
        for chat in [follower, other_follower, powerless] {
            self.told_about(&chat.admin, mallory, settle + PATIENCE).await?;
        }
        Ok(())
    }

    async fn kim_is_only_kicked_and_nick_forgiven(&mut self, settle: Duration) -> Result<()> {
        let Cast { source, kim, nick, .. } = &self.cast;
        let alice = &source.admin;
        self.deeds.push((now_ms(), format!("Alice removes Kim from {}; her client bans and unbans for that", source.title)));
        self.control.kick(source.id, alice.id, kim.id).await?;
        self.deeds.push((now_ms(), format!("Alice bans Nick in {}", source.title)));
        self.control.ban(source.id, alice.id, nick.id, None).await?;
        tokio::time::sleep(settle / 2).await;
        self.deeds.push((now_ms(), format!("Alice thinks better of it and unbans Nick in {}", source.title)));
        self.control.unban(source.id, alice.id, nick.id).await?;
        tokio::time::sleep(settle + MARGIN).await;
        Ok(())
    }

    /// The bot's private messages to somebody about somebody.
    pub async fn messages_about(&self, reader: &Person, person: &Person) -> Result<Vec<Seen>> {
        let mut messages = self.control.private_messages(reader.id).await?;
        messages.retain(|message| message.text.contains(person.name));
        Ok(messages)
    }

    async fn answered(&self, chat: &Chat, reader: &Person, command: i64) -> Result<()> {
        let what = format!("the bot's answer to {}'s command in {}", reader.name, chat.title);
        let found = wait_until(&what, PATIENCE, async || {
            let seen = self.control.sees(reader.id).await?;
            let answers = |message: &Seen| message.from == self.bot && message.reply_to == Some(command) && message.chat_id == chat.id;
            Ok(seen.into_iter().find(answers))
        });
        // It shows who that is and asks: the first button says yes.
        self.control.press_button(reader.id, &found.await?, "⚡️").await?;
        Ok(())
    }

    async fn banned(&self, chat: &Chat, person: &Person, limit: Duration) -> Result<()> {
        let what = format!("the ban of {} in {}", person.name, chat.title);
        let found = wait_until(&what, limit, async || Ok(self.control.is_banned(chat.id, person.id).await?.then_some(())));
        Ok(found.await?)
    }

    /// The question about somebody's ban.
    async fn asked_about(&self, reader: &Person, person: &Person, limit: Duration) -> Result<Seen> {
        let what = format!("a question about {} to {}", person.name, reader.name);
        let found = wait_until(&what, limit, async || {
            let messages = self.control.private_messages(reader.id).await?;
            Ok(messages.into_iter().find(|message| message.text.contains(person.name) && !message.buttons.is_empty()))
        });
        Ok(found.await?)
    }

    async fn told_about(&self, reader: &Person, person: &Person, limit: Duration) -> Result<()> {
        let what = format!("word of {} to {}", person.name, reader.name);
        let found = wait_until(&what, limit, async || {
            let messages = self.control.private_messages(reader.id).await?;
            Ok(messages.iter().any(|message| message.text.contains(person.name)).then_some(()))
        });
        Ok(found.await?)
    }
}

pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
