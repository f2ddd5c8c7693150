//! Somebody who was banned asks why, and once asks those who decided to lift it.

use super::action::Action;
use super::asker::{Asks, Context};
use super::screen::{Choice, Screen};
use super::{Asker, Stop, time};
use crate::look::Looked;
use crate::{NotNow, Webhook, budget};
use aws::queue::Message;
use aws::store::page::Wanted;
use aws::store::sync::Appeal;
use aws::store::users::Profile;
use domain::appeal::AppealButton;
use domain::ban::derive;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member::Status;
use domain::notification::{Content, Notification, notification_id};
use domain::sharing::{Shared, Sight};
use domain::subscription::Source;
use domain::sync::ledger::Entry;
use domain::sync::{Kind, Outcome};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeSet;
use telegram::text;
use uuid::Uuid;

/// Chunks of a sync whose chats are looked at.
const CHUNKS: i32 = 4;

/// Chats on a page; each is asked of Telegram.
const CHATS: usize = 8;

/// The longest appeal, in characters.
const LONGEST: usize = 1000;

/// Admins that are asked.
const ASKED: usize = 50;

/// A chat where a sync has banned somebody.
struct Place {
    chat: ChatId,
    title: String,
    /// The title of the chat whose ban it was; `None`: that keeps its bans to itself.
    source: Option<String>,
    sync_id: Uuid,
    /// When it was banned there, Unix seconds.
    at: i64,
}

/// What an answer to an appeal comes to.
pub enum Decided {
    Now { lifted: bool },
    Before { lifted: bool },
    MayNot,
    Gone,
}

impl Webhook {
    /// Where the asker is banned now by one of our syncs: chats that share their bans, so many at a time, the newest ban first. `looked`: how many
    /// were looked at before.
    pub async fn why_me(&self, asker: &Asker, looked: usize) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let (places, mut more) = self.places(asker, looked).await?;
        // It may have been lifted since in any way.
        let looks = stream::iter(places.iter().map(|place| self.look_at(place.chat, asker.id)));
        let looks: Vec<_> = looks.buffered(budget::AT_A_TIME).try_collect().await?;
        let mut screen = Screen::default();
        let mut lines = Vec::new();
        let mut done = 0;
        for (place, look) in places.iter().zip(looks) {
            let here = match look {
                // It is looked at again, and so are those after it.
                Looked::Late => {
                    more = true;
                    break;
                }
                here => here.member(),
            };
            done += 1;
            if here.is_none_or(|here| here.member.status != Status::Kicked) {
                continue;
            }
            let Place { chat, title, sync_id, at, .. } = place;
            let time = time::date(*at);
            lines.push(match &place.source {
                Some(source) => text!(lang, "banned-in-from", chat = title, source = source, time = time),
                None => text!(lang, "banned-in", chat = title, time = time),
            });
            let appeal = Action::AskAppeal { chat: *chat, sync_id: *sync_id };
            screen = screen.row([Choice::new(text!(lang, "button-appeal", chat = title), appeal)]);
        }
        let further = Action::WhyMeFurther { looked: looked + done };
        let back = (looked > 0).then(|| Choice::new(text!(lang, "button-back"), Action::WhyMe));
        let on = more.then(|| Choice::new(text!(lang, "button-more"), further));
        let text = match (lines.is_empty(), more, looked) {
            (false, ..) => format!("{}\n{}", text!(lang, "banned-list"), lines.join("\n")),
            (true, true, _) => text!(lang, "banned-none-of-these"),
            (true, false, 0) => text!(lang, "banned-nowhere"),
            (true, false, _) => text!(lang, "banned-no-more"),
        };
        Ok(Screen { text, ..screen }.row(back.into_iter().chain(on)))
    }

    /// A page of the chats where one of our syncs has banned the asker, the newest ban first, and whether there are more.
    async fn places(&self, asker: &Asker, looked: usize) -> anyhow::Result<(Vec<Place>, bool)> {
        let mut seen = BTreeSet::new();
        let (mut passed, mut places) = (0, Vec::new());
        for sync in self.syncs.of_user(asker.id).await?.into_iter().filter(|sync| sync.kind == Kind::Ban) {
            // What was found is shown.
            if budget::is_spent() {
                return Ok((places, true));
            }
            let results = self.syncs.results_from(sync.sync_id, None, CHUNKS).await?.results;
            let applied = results.iter().filter(|result| result.outcome == Outcome::Applied).map(|result| result.chat_id);
            let new: Vec<ChatId> = applied.filter(|chat| seen.insert(*chat)).collect();
            let chats = self.users.chats_with_successors(new.iter().copied().chain([sync.source_chat_id])).await?;
            let sight = Sight { chats, own: BTreeSet::new() };
            let entries = self.syncs.entries_of(&sync, new.iter().copied()).await?;
            let source = sight.of(sync.source_chat_id, sync.source_public);
            let source = source.happened().then(|| {
                let title = source.title(sight.present(sync.source_chat_id), sync.source_chat_title.as_deref());
                title.unwrap_or_else(|| sync.source_chat_id.to_string())
            });
            for chat in new {
                if !sight.of(chat, false).happened() {
                    continue;
                }
                passed += 1;
                if passed <= looked {
                    continue;
                }
                if places.len() == CHATS {
                    return Ok((places, true));
                }
                let entry = entries.get(&chat).map(|log| &log.entry);
                // That of the ban in this chat: the source may keep its own time to itself.
                let at = entry.map_or(sync.started_at_ms / 1000, |entry| entry.at);
                let (title, sync_id) = (known_as(&sight, chat, entry), sync.sync_id);
                places.push(Place { chat, title, source: source.clone(), sync_id, at });
            }
        }
        Ok((places, false))
    }

    pub async fn ask_appeal(&self, asker: &Asker, chat: ChatId, sync_id: Uuid) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let Some(appeal) = self.appeal_of(asker.id, chat, sync_id).await? else { return Ok(Screen::toast(text!(lang, "stale-button"))) };
        if self.syncs.appealed(appeal.appeal_id).await?.is_some() {
            return Ok(Screen::text(text!(lang, "appealed-before")));
        }
        if let Some(next) = self.syncs.next_turn(chat, asker.id, appeal.appeal_id, aws::time::now()).await? {
            return Ok(Screen::text(text!(lang, "appealed-lately", time = time::date(next))));
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
            user_id: asker.id,
            user_name: self.names(&[asker.id]).await?.remove(&asker.id),
            text: words.chars().take(LONGEST).collect(),
            appeal_id: appeal.appeal_id,
        };
        let admins = self.who_decided(asker.id, chat).await?;
        if admins.is_empty() {
            return Ok(Screen::text(text!(lang, "nobody-to-appeal-to")));
        }
        if let Some(next) = self.syncs.take_turn(&appeal).await? {
            return Ok(Screen::text(text!(lang, "appealed-lately", time = time::date(next))));
        }
        self.notify(&admins, &appeal.appeal_id.to_string(), &correlation_id, &content).await?;
        self.syncs.appeal(&appeal).await?;
        self.dialogue.end_talk(asker.id).await?;
        Ok(Screen::text(text!(lang, "appealed")))
    }

    /// The appeal that this person may make; `None`: no sync has banned him there.
    async fn appeal_of(&self, user: UserId, chat: ChatId, sync_id: Uuid) -> anyhow::Result<Option<Appeal>> {
        let Some(sync) = self.syncs.summary(sync_id).await?.filter(|sync| sync.user_id == user) else { return Ok(None) };
        let entry = self.syncs.entries_of(&sync, [chat]).await?.remove(&chat);
        if !entry.is_some_and(|log| log.entry.outcome == Outcome::Applied) {
            return Ok(None);
        }
        let appeal_id = derive(&["appeal", &sync.ban_event_id.to_string(), &chat.to_string(), &user.to_string()]);
        let (at, ban_event_id) = (aws::time::now(), sync.ban_event_id);
        Ok(Some(Appeal { appeal_id, user_id: user, chat_id: chat, ban_event_id, sync_id, at, lifted: None }))
    }

    /// Those who follow him from there; where nobody does any more, the chat's admins who may ban.
    async fn who_decided(&self, user: UserId, chat: ChatId) -> Result<Vec<UserId>, Stop> {
        let followers = self.subscriptions.followers_in(Source::User(user), &[chat]).await?;
        if !followers.is_empty() {
            return Ok(followers.into_iter().map(|follower| follower.admin).take(ASKED).collect());
        }
        let admins = self.users.admins(chat, &Wanted { limit: ASKED, cursor: None }).await.map_err(super::history::unreadable)?;
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

    /// Puts a message for each on the notification queue. `what`: names it, so that nobody reads it twice.
    async fn notify(&self, recipients: &[UserId], what: &str, correlation_id: &str, content: &Content) -> anyhow::Result<()> {
        let profiles = self.users.profiles(recipients.iter().copied()).await?;
        let now = aws::time::now();
        let message = |&recipient: &UserId| {
            let profile = profiles.get(&recipient);
            let notification = Notification {
                notification_id: notification_id(what, recipient),
                correlation_id: correlation_id.to_owned(),
                recipient,
                lang: profile.map_or_else(|| Lang::of(None, None), Profile::lang),
                silent: profile.is_some_and(|profile| profile.settings.is_quiet(now)),
                content: content.clone(),
            };
            Message::new(&notification, 0)
        };
        self.notifications.send_all(recipients.iter().map(message).collect::<anyhow::Result<_>>()?).await
    }
}

/// What a chat is called to somebody who is banned in it. A member of it knows its title; whoever was banned before they ever came may not.
fn known_as(sight: &Sight, chat: ChatId, entry: Option<&Entry>) -> String {
    let shared = if entry.is_some_and(|entry| entry.was_member) { Shared::ALL } else { sight.of(chat, false) };
    shared.title(sight.present(chat), None).unwrap_or_else(|| chat.to_string())
}
