//! What happened in a chat, newest first: what its admins decided, and what I did there for decisions made elsewhere.
//!
//! Two lists are merged, so a page begins at a moment and not at an item of one of them.

use super::Stop;
use super::history::unreadable;
use crate::{Webhook, budget};
use aws::store::page::Wanted;
use domain::ban::BanEvent;
use domain::ids::ChatId;
use domain::member::Action;
use domain::search::{Order, Search};
use domain::sync::Kind;
use domain::sync::ledger::Entry;
use std::cmp::Reverse;

/// One thing that happened in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// An admin of the chat decided.
    Decided(Box<BanEvent>),
    /// A sync banned somebody, or lifted its ban.
    Synced(Box<Entry>),
}

/// Where a page begins: at what was decided at `to` (Unix seconds) or before, but for so many of that second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    to: i64,
    skip: usize,
}

impl Happened {
    /// When it was decided, here or elsewhere, Unix seconds: both lists are stored in this order.
    fn decided_at(&self) -> i64 {
        match self {
            Self::Decided(event) => event.occurred.at().unwrap_or(event.event_timestamp),
            Self::Synced(entry) => entry.occurred.at().unwrap_or(entry.at),
        }
    }

    /// The entry of a sync.
    pub fn of_sync(&self) -> Option<&Entry> {
        match self {
            Self::Synced(entry) => Some(entry),
            Self::Decided(_) => None,
        }
    }
}

impl Place {
    /// `now`: Unix seconds. A clock of Telegram's may be ahead of ours.
    pub fn first(now: i64) -> Self {
        Self { to: now + 60, skip: 0 }
    }

    pub fn write(self) -> String {
        format!("{}.{}", self.to, self.skip)
    }

    /// `None`: no place, such as a cursor of an older list.
    pub fn read(text: &str) -> Option<Self> {
        let (to, skip) = text.split_once('.')?;
        Some(Self { to: to.parse().ok()?, skip: skip.parse().ok()? })
    }
}

/// Which syncs belong to a list of only these decisions; `None`: none does.
fn kinds(filter: Option<Action>) -> Option<Option<Kind>> {
    match filter {
        None => Some(None),
        Some(Action::Ban) => Some(Some(Kind::Ban)),
        Some(Action::Unban) => Some(Some(Kind::Lift)),
        Some(Action::Kick | Action::Restrict | Action::Unrestrict) => None,
    }
}

/// The page at `place`, and where the next one begins. `more`: older ones were left unread.
fn page(mut all: Vec<Happened>, place: Place, limit: usize, more: bool) -> (Vec<Happened>, Option<Place>) {
    all.sort_by_key(|happened| Reverse(happened.decided_at()));
    let end = (place.skip + limit).min(all.len());
    let next = match all[..end].last() {
        Some(last) if more || end < all.len() => {
            let to = last.decided_at();
            Some(Place { to, skip: all[..end].iter().filter(|happened| happened.decided_at() == to).count() })
        }
        _ => None,
    };
    (all.drain(..end).skip(place.skip).collect(), next)
}

impl Webhook {
    /// A page of what happened in a chat.
    pub async fn timeline(
        &self,
        chat: ChatId,
        filter: Option<Action>,
        place: Place,
        limit: usize,
    ) -> Result<(Vec<Happened>, Option<Place>), Stop> {
        // One more tells that there is a next page.
        let most = place.skip + limit + 1;
        let search = Search { chat_id: Some(chat), event_type: filter, to: Some(place.to), ..Search::default() };
        let (mut all, mut floor, mut cursor) = (Vec::new(), None, None);
        while all.len() < most {
            let wanted = Wanted { limit: most - all.len(), cursor: cursor.take() };
            let decided = self.decided_in(&search, Order::Chat(chat), &wanted).await.map_err(unreadable)?;
            all.extend(decided.items.into_iter().map(|event| Happened::Decided(Box::new(event))));
            cursor = decided.next;
            if cursor.is_none() {
                break;
            }
            if budget::is_spent() {
                break;
            }
        }
        // Older ones of the other list are told when those of this one have been read.
        if cursor.is_some() {
            floor = all.last().map(Happened::decided_at);
        }
        let mut more = cursor.is_some();
        if let Some(kind) = kinds(filter) {
            let (done, older) = self.done_in(chat, place.to, kind, most).await.map_err(unreadable)?;
            let done: Vec<_> = done.into_iter().map(|log| Happened::Synced(Box::new(log.entry))).collect();
            if older {
                floor = floor.max(done.last().map(Happened::decided_at));
            }
            more |= older;
            all.extend(done);
        }
        all.retain(|happened| floor.is_none_or(|floor| happened.decided_at() >= floor));
        Ok(page(all, place, limit, more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ban::Occurred;
    use domain::ids::UserId;
    use domain::sync::{Origin, Outcome};
    use uuid::Uuid;

    fn synced(user: i64, at: i64) -> Happened {
        Happened::Synced(Box::new(Entry {
            sync_id: Uuid::nil(),
            ban_event_id: Uuid::nil(),
            kind: Kind::Ban,
            origin: Origin::Ban,
            user_id: UserId(user),
            chat_id: ChatId(-1),
            source_chat_id: ChatId(-2),
            occurred: Occurred::new(at, 0),
            outcome: Outcome::Applied,
            at,
            millis: 0,
            until: None,
            prior: None,
            was_member: false,
            begun: false,
            mute: None,
            term: None,
        }))
    }

    fn users(page: &[Happened]) -> Vec<i64> {
        let user = |happened: &Happened| match happened {
            Happened::Synced(entry) => entry.user_id.0,
            Happened::Decided(event) => event.user_id.0,
        };
        page.iter().map(user).collect()
    }

    #[test]
    fn pages_leave_nothing_out_and_show_nothing_twice_where_many_happened_in_one_second() {
        let all: Vec<_> = [(1, 50), (2, 40), (3, 40), (4, 40), (5, 40), (6, 40), (7, 30)].map(|(user, at)| synced(user, at)).into();
        let (mut place, mut seen) = (Some(Place::first(50)), Vec::new());
        while let Some(at) = place {
            let there = all.iter().filter(|happened| happened.decided_at() <= at.to).cloned().collect();
            let (shown, next) = page(there, at, 2, false);
            assert!(shown.len() <= 2);
            seen.extend(users(&shown));
            place = next.map(|next| Place::read(&next.write()).unwrap());
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_page_is_the_last_one_where_nothing_is_left() {
        let two = || vec![synced(1, 10), synced(2, 20)];
        assert_eq!(page(two(), Place::first(20), 2, false).1, None);
        assert_eq!(users(&page(two(), Place::first(20), 2, false).0), [2, 1]);
        assert_eq!(page(two(), Place::first(20), 2, true).1, Some(Place { to: 10, skip: 1 }));
        assert_eq!(page(Vec::new(), Place::first(20), 2, false), (Vec::new(), None));
    }

    #[test]
    fn a_cursor_of_an_older_list_is_no_place() {
        for text in ["", "eyJsaXN0IjoieCJ9", "<", "5", "5.x"] {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }
}
