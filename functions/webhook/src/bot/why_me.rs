//! Bans of somebody by our syncs: where, since when and why, and how their appeals stand.

use super::action::Action;
use super::appeal::{appeal_id, known_as};
use super::screen::{Choice, Screen};
use super::{Asker, Stop};
use crate::look::Looked;
use crate::{Webhook, budget};
use aws::store::sync::Appeal;
use domain::ids::ChatId;
use domain::lang::Lang;
use domain::member::Status;
use domain::sharing::Sight;
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

/// Beginning of a page: after so many chats, newest ban first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Further {
    pub looked: usize,
    /// Counted from the chats of this sync on; `None`: from the newest one. It is used where the time was over before a page was reached: from the
    /// newest one it might never be. A chat of a sync before may be named again then.
    pub from: Option<Uuid>,
}

impl Further {
    /// Beginning of the next page after `done` chats of this one were looked at. `own`: where the chat that follows stands by its own sync. There it
    /// begins if all the time went into finding that one.
    fn after(self, done: usize, own: Self) -> Self {
        match done {
            0 => own,
            _ => Self { looked: self.looked + done, ..self },
        }
    }

    /// The same place where only what comes from `sync` on is read: `passed` chats stand before it.
    fn at_sync(self, sync: Uuid, passed: usize) -> Self {
        Self { looked: self.looked.saturating_sub(passed), from: Some(sync) }
    }
}

/// A chat where a sync has banned somebody.
struct Place {
    /// Its place by its own sync.
    own: Further,
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
    /// It can be made from then on, Unix seconds: another ban in the chat was appealed.
    Later(i64),
    /// Nobody has decided; when it was made, Unix seconds.
    Sent(i64),
    /// And still there is a ban: it was not lifted, or not yet, or another one stands there.
    Granted,
    Declined,
}

impl Stands {
    /// `next`: when the person may appeal in the chat again, Unix seconds; `None`: now.
    fn of(appeal: Option<Appeal>, next: Option<i64>) -> Self {
        match appeal {
            None => next.map_or(Self::Open, Self::Later),
            Some(Appeal { lifted: None, at, .. }) => Self::Sent(at),
            Some(Appeal { lifted: Some(true), .. }) => Self::Granted,
            Some(Appeal { lifted: Some(false), .. }) => Self::Declined,
        }
    }
}

impl Webhook {
    /// Chats in which the asker is banned now by one of our syncs: those that share their bans, so many at a time, the newest ban first.
    pub async fn why_me(&self, asker: &Asker, begin: Further) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let (places, mut next) = self.places(asker, begin).await?;
        // It may have been lifted since in any way.
        let looks = stream::iter(places.iter().map(|place| self.look_at(place.chat, asker.id)));
        let looks: Vec<_> = looks.buffered(budget::AT_A_TIME).try_collect().await?;
        let stands = try_join_all(places.iter().map(|place| self.stands(asker, place))).await?;
        let mut screen = Screen::default();
        let mut blocks = Vec::new();
        for (done, ((place, look), stands)) in places.iter().zip(looks).zip(stands).enumerate() {
            let here = match look {
                // It is looked at again, and so are those after it.
                Looked::Late => {
                    next = Some(begin.after(done, place.own));
                    break;
                }
                here => here.member(),
            };
            let Some(member) = here.map(|here| here.member).filter(|member| member.status == Status::Kicked) else { continue };
            // Chats are told apart by an empty line.
            let space = if blocks.is_empty() { "" } else { "\n" };
            blocks.push(format!("{space}{}", block(lang, place, member.until, stands)));
            if stands == Stands::Open {
                let appeal = Action::AskAppeal { chat: place.chat, sync_id: place.sync_id };
                screen = screen.row([Choice::new(text!(lang, "button-appeal", chat = &place.title), appeal)]);
            }
        }
        let is_first = begin == Further::default();
        let back = (!is_first).then(|| Choice::new(text!(lang, "button-back"), Action::WhyMe));
        let further = |Further { looked, from }| Choice::new(text!(lang, "button-more"), Action::WhyMeFurther { looked, from });
        let text = match (blocks.is_empty(), next.is_some(), is_first) {
            (false, ..) => fold(&blocks),
            (true, true, _) => text!(lang, "banned-none-of-these"),
            (true, false, true) => text!(lang, "banned-nowhere"),
            (true, false, false) => text!(lang, "banned-no-more"),
        };
        let on = next.map(further);
        Ok(Screen { text, ..screen }.row(back.into_iter().chain(on)))
    }

    /// How the asker's appeal against the ban in a chat stands.
    async fn stands(&self, asker: &Asker, place: &Place) -> anyhow::Result<Stands> {
        let id = appeal_id(place.ban_event_id, place.chat, asker.id);
        let appeal = self.syncs.appealed(id).await?;
        let next = match appeal {
            Some(_) => None,
            None => self.syncs.next_turn(place.chat, asker.id, id, aws::time::now()).await?,
        };
        Ok(Stands::of(appeal, next))
    }

    /// A page of the chats where one of our syncs has banned the asker, the newest ban first, and where the next one begins.
    async fn places(&self, asker: &Asker, begin: Further) -> anyhow::Result<(Vec<Place>, Option<Further>)> {
        let mut seen = BTreeSet::new();
        let (mut passed, mut places) = (0, Vec::new());
        let syncs = self.syncs.of_user(asker.id).await?.into_iter().filter(|sync| sync.kind == Kind::Ban);
        let syncs = syncs.skip_while(|sync| begin.from.is_some_and(|from| sync.sync_id != from));
        for (number, sync) in syncs.enumerate() {
            // All that was found is shown. One sync at least is read, so that it goes on.
            if number > 0 && budget::is_spent() {
                return Ok((places, Some(begin.at_sync(sync.sync_id, passed))));
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
            let new = new.into_iter().filter(|chat| sight.of(*chat, false).happened());
            for (before, chat) in new.enumerate() {
                passed += 1;
                if passed <= begin.looked {
                    continue;
                }
                let entry = entries.get(&chat).map(|log| &log.entry);
                // That of the ban in this chat: the source may keep its own time to itself.
                let at = entry.map_or(sync.started_at_ms / 1000, |entry| entry.at);
                let (title, sync_id, ban_event_id) = (known_as(&sight, chat, entry), sync.sync_id, sync.ban_event_id);
                let own = Further { looked: before, from: Some(sync.sync_id) };
                if places.len() == CHATS {
                    return Ok((places, Some(begin.after(CHATS, own))));
                }
                places.push(Place { own, chat, title, source: source.clone(), reason: sync.reason.clone(), sync_id, ban_event_id, at });
            }
        }
        Ok((places, None))
    }
}

/// Text for somebody about their ban in a chat. `until`: its end by Telegram's word now, Unix seconds; `None`: there is none.
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
        Stands::Later(from) => text!(lang, "appeal-later", time = render::date(from, lang)),
        Stands::Sent(at) => text!(lang, "appeal-sent", time = render::date(at, lang)),
        Stands::Granted => text!(lang, "appeal-is-granted", chat = chat),
        Stands::Declined => text!(lang, "appeal-is-declined"),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::UserId;

    fn place(source: Option<&str>, reason: Option<&str>) -> Place {
        Place {
            own: Further::default(),
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
    fn however_little_time_there_is_the_next_page_begins_further_on() {
        let (first, later) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let begin = Further { looked: 8, from: None };
        let own = Further { looked: 3, from: Some(later) };
        assert_eq!(begin.after(5, own), Further { looked: 13, from: None });
        assert_eq!(begin.after(0, own), own, "nothing was looked at");
        assert_eq!(begin.at_sync(later, 6), Further { looked: 2, from: Some(later) }, "the page was not reached");
        assert_eq!(begin.at_sync(later, 9), Further { looked: 0, from: Some(later) });
        let again = Further { looked: 2, from: Some(first) };
        assert_eq!(again.at_sync(later, 0), Further { looked: 2, from: Some(later) });
    }

    #[test]
    fn an_appeal_that_was_made_says_how_it_stands() {
        let appeal = |lifted| Appeal {
            appeal_id: Uuid::nil(),
            user_id: UserId(5),
            chat_id: ChatId(-1),
            ban_event_id: Uuid::nil(),
            sync_id: Uuid::nil(),
            source_chat_id: None,
            at: 1_736_937_000,
            lifted,
        };
        for (appeal, next, expected, word) in [
            (None, None, Stands::Open, "appeal once"),
            (None, Some(1_739_000_000), Stands::Later(1_739_000_000), "You can appeal this ban from"),
            (Some(appeal(None)), None, Stands::Sent(1_736_937_000), "Appeal sent"),
            // Only who is banned reads it.
            (Some(appeal(Some(true))), None, Stands::Granted, "granted, but you’re still banned"),
            (Some(appeal(Some(false))), None, Stands::Declined, "declined"),
        ] {
            let stands = Stands::of(appeal, next);
            assert_eq!(stands, expected);
            let text = block(Lang::En, &place(None, None), None, stands);
            assert!(text.contains(word), "{word} in {text}");
        }
    }
}
