//! Somebody who was banned asks why, and once asks those who decided to lift it.

use super::action::Action;
use super::asker::{Asks, Context};
use super::screen::{Choice, Screen};
use super::{Asker, Stop};
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
use domain::notification::{Content, Decider, Decision, Notification, notification_id};
use domain::sharing::{Shared, Sight};
use domain::subscription::Source;
use domain::sync::ledger::Entry;
use domain::sync::{Kind, Outcome};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeSet;
use telegram::render::{self, fold};
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
    /// Why that chat banned: whoever was banned may read that, whatever the chat shares.
    reason: Option<String>,
    sync_id: Uuid,
    ban_event_id: Uuid,
    /// When it was banned there, Unix seconds.
    at: i64,
}

/// How an appeal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// It can be made.
    Open,
    /// Nobody has decided; when it was made, Unix seconds.
    Sent(i64),
    Granted,
    Declined,
}

impl Stands {
    fn of(appeal: Option<Appeal>) -> Self {
        match appeal {
            None => Self::Open,
            Some(Appeal { lifted: None, at, .. }) => Self::Sent(at),
            Some(Appeal { lifted: Some(true), .. }) => Self::Granted,
            Some(Appeal { lifted: Some(false), .. }) => Self::Declined,
        }
    }
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
        let appeals = places.iter().map(|place| self.syncs.appealed(appeal_id(place.ban_event_id, place.chat, asker.id)));
        let appeals = try_join_all(appeals).await?;
        let mut screen = Screen::default();
        let mut blocks = Vec::new();
        let mut done = 0;
        for ((place, look), appeal) in places.iter().zip(looks).zip(appeals) {
            let here = match look {
                // It is looked at again, and so are those after it.
                Looked::Late => {
                    more = true;
                    break;
                }
                here => here.member(),
            };
            done += 1;
            let Some(member) = here.map(|here| here.member).filter(|member| member.status == Status::Kicked) else { continue };
            let stands = Stands::of(appeal);
            // Chats are told apart by an empty line.
            let space = if blocks.is_empty() { "" } else { "\n" };
            blocks.push(format!("{space}{}", block(lang, place, member.until, stands)));
            if stands == Stands::Open {
                let appeal = Action::AskAppeal { chat: place.chat, sync_id: place.sync_id };
                screen = screen.row([Choice::new(text!(lang, "button-appeal", chat = &place.title), appeal)]);
            }
        }
        let further = Action::WhyMeFurther { looked: looked + done };
        let back = (looked > 0).then(|| Choice::new(text!(lang, "button-back"), Action::WhyMe));
        let on = more.then(|| Choice::new(text!(lang, "button-more"), further));
        let text = match (blocks.is_empty(), more, looked) {
            (false, ..) => fold(&blocks),
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
                let (title, sync_id, ban_event_id) = (known_as(&sight, chat, entry), sync.sync_id, sync.ban_event_id);
                places.push(Place { chat, title, source: source.clone(), reason: sync.reason.clone(), sync_id, ban_event_id, at });
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
        let admins = self.who_decided(asker.id, chat).await?;
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

    /// What a ban was carried over for, as far as its source shares that with other chats' admins.
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
        if !entry.is_some_and(|log| log.entry.outcome == Outcome::Applied) {
            return Ok(None);
        }
        let appeal_id = appeal_id(sync.ban_event_id, chat, user);
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

/// The id of a person's only appeal against a ban in a chat.
fn appeal_id(ban_event_id: Uuid, chat: ChatId, user: UserId) -> Uuid {
    derive(&["appeal", &ban_event_id.to_string(), &chat.to_string(), &user.to_string()])
}

/// What somebody reads of their ban in a chat. `until`: its end by Telegram's word now, Unix seconds; `None`: there is none.
fn block(lang: Lang, place: &Place, until: Option<i64>, stands: Stands) -> String {
    let chat = &place.title;
    let since = render::date(place.at, lang);
    let mut lines = vec![text!(lang, "banned-in", chat = chat)];
    lines.push(match until {
        Some(until) => text!(lang, "banned-since-until", time = since, until = render::moment(until, lang)),
        None => text!(lang, "banned-since", time = since),
    });
    lines.extend(place.reason.as_ref().map(|reason| text!(lang, "banned-reason", reason = reason)));
    lines.extend(place.source.as_ref().map(|source| text!(lang, "banned-first", chat = chat, source = source)));
    lines.push(match stands {
        Stands::Open => text!(lang, "appeal-open", chat = chat),
        Stands::Sent(at) => text!(lang, "appeal-sent", time = render::date(at, lang)),
        Stands::Granted => text!(lang, "appeal-is-granted"),
        Stands::Declined => text!(lang, "appeal-is-declined"),
    });
    lines.join("\n")
}

/// What a chat is called to somebody who is banned in it. A member of it knows its title; whoever was banned before they ever came may not.
fn known_as(sight: &Sight, chat: ChatId, entry: Option<&Entry>) -> String {
    let shared = if entry.is_some_and(|entry| entry.was_member) { Shared::ALL } else { sight.of(chat, false) };
    shared.title(sight.present(chat), None).unwrap_or_else(|| chat.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(source: Option<&str>, reason: Option<&str>) -> Place {
        Place {
            chat: ChatId(-1),
            title: "Book <club>".to_owned(),
            source: source.map(str::to_owned),
            reason: reason.map(str::to_owned),
            sync_id: Uuid::nil(),
            ban_event_id: Uuid::nil(),
            at: 1_736_937_000,
        }
    }

    #[test]
    fn whoever_is_banned_reads_where_since_when_why_and_what_an_appeal_does() {
        let text = block(Lang::En, &place(Some("Open club"), Some("spam & links")), None, Stands::Open);
        for expected in
            ["You are banned in Book &lt;club&gt;", "permanent", "Reason: spam &amp; links", "in Open club first", "appeal once"]
        {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        let short = block(Lang::En, &place(None, None), Some(1_736_940_600), Stands::Open);
        assert!(!short.contains("Reason") && !short.contains("first") && !short.contains("permanent"), "{short}");
    }

    #[test]
    fn an_appeal_that_was_made_says_how_it_stands() {
        let appeal = |lifted| Appeal {
            appeal_id: Uuid::nil(),
            user_id: UserId(5),
            chat_id: ChatId(-1),
            ban_event_id: Uuid::nil(),
            sync_id: Uuid::nil(),
            at: 1_736_937_000,
            lifted,
        };
        for (appeal, expected, word) in [
            (None, Stands::Open, "appeal once"),
            (Some(appeal(None)), Stands::Sent(1_736_937_000), "Appeal sent"),
            (Some(appeal(Some(true))), Stands::Granted, "granted"),
            (Some(appeal(Some(false))), Stands::Declined, "declined"),
        ] {
            let stands = Stands::of(appeal);
            assert_eq!(stands, expected);
            let text = block(Lang::En, &place(None, None), None, stands);
            assert!(text.contains(word), "{word} in {text}");
        }
    }
}
