//! Where somebody is banned by our syncs, since when and why, and how their appeals stand.

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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::UserId;

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
