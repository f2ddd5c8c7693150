//! Somebody who is banned once asks those who decided to unban them.

use super::asker::{Asks, Context};
use super::screen::Screen;
use super::{Asker, Stop};
use crate::{NotNow, Webhook};
use aws::store::page::Wanted;
use aws::store::sync::Appeal;
use aws::tell::Told;
use domain::appeal::AppealButton;
use domain::ban::derive;
use domain::ids::{ChatId, UserId};
use domain::notification::{Content, Decider, Decision};
use domain::sharing::{Shared, Sight};
use domain::subscription::Source;
use domain::sync::Outcome;
use domain::sync::ledger::Entry;
use std::collections::BTreeSet;
use telegram::render;
use telegram::text;
use uuid::Uuid;

/// The longest appeal, in characters.
const LONGEST: usize = 1000;

/// Admins that are asked.
const ASKED: usize = 50;

/// What an answer to an appeal comes to.
pub enum Decided {
    Now { lifted: bool },
    Before { lifted: bool },
    MayNot,
    Gone,
}

impl Webhook {
    pub async fn ask_appeal(&self, asker: &Asker, chat: ChatId, sync_id: Uuid) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let Some(appeal) = self.appeal_of(asker.id, chat, sync_id).await? else { return Ok(Screen::toast(text!(lang, "stale-button"))) };
        if self.syncs.appealed(appeal.appeal_id).await?.is_some() {
            return Ok(Screen::text(text!(lang, "appealed-before")));
        }
        if let Some(next) = self.syncs.next_turn(chat, asker.id, appeal.appeal_id, aws::time::now()).await? {
            return Ok(Screen::text(text!(lang, "appealed-lately", time = render::date(next, lang))));
        }
        self.set_context(asker.id, "why", &Context { chat: None, asks: Some(Asks::Appeal { chat, sync_id }) }).await?;
        Ok(Screen::text(text!(lang, "ask-appeal", most = LONGEST)))
    }

    /// Takes the appeal's words to those who decided. Telling them twice is telling them once: the messages have ids of their own.
    pub async fn appeal(&self, asker: &Asker, chat: ChatId, sync_id: Uuid, words: &str) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let Some(appeal) = self.appeal_of(asker.id, chat, sync_id).await? else { return Ok(Screen::text(text!(lang, "stale-button"))) };
        if self.syncs.appealed(appeal.appeal_id).await?.is_some() {
            return Ok(Screen::text(text!(lang, "appealed-before")));
        }
        let title = self.users.chats([chat]).await?.remove(&chat).and_then(|chat| chat.title).unwrap_or_else(|| chat.to_string());
        let correlation_id = appeal.ban_event_id.to_string();
        let content = Content::Appeal {
            chat: title,
            decision: self.decision_of(sync_id).await?,
            user_id: asker.id,
            user_name: self.names(&[asker.id]).await?.remove(&asker.id),
            text: words.chars().take(LONGEST).collect(),
            appeal_id: appeal.appeal_id,
        };
        let admins = self.who_decided(asker, chat).await?;
        if admins.is_empty() {
            return Ok(Screen::text(text!(lang, "nobody-to-appeal-to")));
        }
        if let Some(next) = self.syncs.take_turn(&appeal).await? {
            return Ok(Screen::text(text!(lang, "appealed-lately", time = render::date(next, lang))));
        }
        self.notify(&admins, &appeal.appeal_id.to_string(), &correlation_id, &content).await?;
        self.syncs.appeal(&appeal).await?;
        self.dialogue.end_talk(asker.id).await?;
        Ok(Screen::text(text!(lang, "appealed")))
    }

    /// The decision behind a ban, as far as its source shares it with other chats' admins.
    async fn decision_of(&self, sync_id: Uuid) -> anyhow::Result<Option<Decision>> {
        let Some(sync) = self.syncs.summary(sync_id).await? else { return Ok(None) };
        let sight = Sight { chats: self.users.chats_with_successors([sync.source_chat_id]).await?, own: BTreeSet::new() };
        let shared = sight.of(sync.source_chat_id, sync.source_public);
        let title = shared.title(sight.present(sync.source_chat_id), sync.source_chat_title.as_deref());
        let by = match shared.decider(sync.initiator_user_id) {
            Some(user_id) => {
                let name = self.names(&[user_id]).await?.remove(&user_id);
                Some(Decider { user_id, name, bot: sync.initiator_bot.clone() })
            }
            None => None,
        };
        Ok(Some(Decision {
            source_chat: title.unwrap_or_else(|| sync.source_chat_id.to_string()),
            source_chat_id: Some(sync.source_chat_id),
            shared: shared.step(),
            by,
            reason: shared.reason(sync.reason),
            at: shared.time(sync.event_timestamp),
        }))
    }

    /// The appeal that this person may make; `None`: no sync has banned him there.
    async fn appeal_of(&self, user: UserId, chat: ChatId, sync_id: Uuid) -> anyhow::Result<Option<Appeal>> {
        let Some(sync) = self.syncs.summary(sync_id).await?.filter(|sync| sync.user_id == user) else { return Ok(None) };
        let entry = self.syncs.entries_of(&sync, [chat]).await?.remove(&chat);
        if entry.is_none_or(|log| log.entry.outcome != Outcome::Applied) {
            return Ok(None);
        }
        let appeal_id = appeal_id(sync.ban_event_id, chat, user);
        let (at, ban_event_id, source_chat_id) = (aws::time::now(), sync.ban_event_id, Some(sync.source_chat_id));
        Ok(Some(Appeal { appeal_id, user_id: user, chat_id: chat, ban_event_id, sync_id, source_chat_id, at, lifted: None }))
    }

    /// Those who follow the asker from there; where nobody does any more, the chat's admins who may ban.
    async fn who_decided(&self, asker: &Asker, chat: ChatId) -> Result<Vec<UserId>, Stop> {
        let followers = self.subscriptions.followers_in(Source::User(asker.id), &[chat]).await?;
        if !followers.is_empty() {
            return Ok(followers.into_iter().map(|follower| follower.admin).take(ASKED).collect());
        }
        let admins =
            self.users.admins(chat, &Wanted { limit: ASKED, cursor: None }).await.map_err(super::history::unreadable(asker.lang))?;
        Ok(admins.items.into_iter().filter(|admin| admin.role().is_some_and(|role| role.can_ban)).map(|admin| admin.user_id).collect())
    }

    /// An admin answers: the first answer counts, and the one who asked is told.
    pub async fn appeal_answered(&self, button: AppealButton, by: UserId) -> Result<Decided, NotNow> {
        let Some(appeal) = self.syncs.appealed(button.appeal_id).await? else { return Ok(Decided::Gone) };
        if !self.may_decide(appeal.chat_id, by).await? {
            return Ok(Decided::MayNot);
        }
        if let Some(lifted) = appeal.lifted {
            // A press that is brought again may have died before it did so, or told him: asking twice is asking once.
            if lifted {
                self.undo_here(appeal.ban_event_id, appeal.sync_id, appeal.chat_id, by).await?;
            }
            self.tell_appellant(&appeal, lifted).await?;
            return Ok(Decided::Before { lifted });
        }
        let Some(appeal) = self.syncs.decide_appeal(button.appeal_id, button.lift).await? else {
            let lifted = self.syncs.appealed(button.appeal_id).await?.and_then(|appeal| appeal.lifted);
            return Ok(lifted.map_or(Decided::Gone, |lifted| Decided::Before { lifted }));
        };
        if button.lift {
            self.undo_here(appeal.ban_event_id, appeal.sync_id, appeal.chat_id, by).await?;
        }
        self.tell_appellant(&appeal, button.lift).await?;
        Ok(Decided::Now { lifted: button.lift })
    }

    /// However often it is told, he reads it once.
    async fn tell_appellant(&self, appeal: &Appeal, lifted: bool) -> anyhow::Result<()> {
        let sight = Sight { chats: self.users.chats_with_successors([appeal.chat_id]).await?, own: BTreeSet::new() };
        let entry = match self.syncs.summary(appeal.sync_id).await? {
            Some(sync) => self.syncs.entries_of(&sync, [appeal.chat_id]).await?.remove(&appeal.chat_id),
            None => None,
        };
        let chat = known_as(&sight, appeal.chat_id, entry.as_ref().map(|log| &log.entry));
        let content = Content::AppealDecided { chat, lifted };
        let what = format!("{} decided", appeal.appeal_id);
        self.notify(&[appeal.user_id], &what, &appeal.ban_event_id.to_string(), &content).await
    }

    /// Tells each, as they chose. `what`: names it, so that nobody reads it twice.
    pub async fn notify(&self, recipients: &[UserId], what: &str, correlation_id: &str, content: &Content) -> anyhow::Result<()> {
        let told = |&recipient: &UserId| {
            // Whoever appealed waits for the answer.
            let answers = matches!(content, Content::AppealDecided { .. });
            Told { answers, ..Told::once(recipient, what, content.clone(), None) }
        };
        self.teller.tell(&self.users, correlation_id, recipients.iter().map(told).collect()).await
    }
}

/// The id of a person's only appeal against a ban in a chat.
pub fn appeal_id(ban_event_id: Uuid, chat: ChatId, user: UserId) -> Uuid {
    derive(&["appeal", &ban_event_id.to_string(), &chat.to_string(), &user.to_string()])
}

/// What a chat is called to somebody who is banned in it. A member of it knows its title; whoever was banned before they ever came may not.
pub fn known_as(sight: &Sight, chat: ChatId, entry: Option<&Entry>) -> String {
    let shared = if entry.is_some_and(|entry| entry.was_member) { Shared::ALL } else { sight.of(chat, false) };
    shared.title(sight.present(chat), None).unwrap_or_else(|| chat.to_string())
}
