//! Timeline of a chat, newest first: what its admins decided, and what the bot did there for decisions made elsewhere.
//!
//! Several lists are merged, so a page begins at a moment and not at an item of one of them.

use super::Stop;
use super::history::unreadable;
use crate::formerly::decisions_read_down_to;
use crate::{Webhook, budget};
use aws::store::page::Wanted;
use aws::store::sync::{Act, Listed};
use domain::ban::BanEvent;
use domain::ids::ChatId;
use domain::lang::Lang;
use domain::member::Action;
use domain::search::{Order, Search};
use domain::sync::Kind;
use domain::sync::ledger::Entry;
use std::cmp::Reverse;

/// Most entries of one second that earlier pages may have shown: a flood of bans, page by page.
const MOST_OF_A_SECOND: usize = 500;

/// One thing that happened in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// An admin of the chat decided.
    Decided(Box<BanEvent>),
    /// A sync banned somebody, or lifted its ban.
    Synced(Box<Act>),
}

/// A list of what happened, newest first, as far as it was read.
#[derive(Clone, Debug, Default)]
struct List {
    happened: Vec<Happened>,
    /// How far, Unix seconds: what is newer is there. `None`: to the end.
    read_down_to: Option<i64>,
}

/// Beginning of a page: at what was decided at `to` (Unix seconds) or before, but for so many of that second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    to: i64,
    skip: usize,
}

impl Happened {
    /// The time by which it is listed, Unix seconds: of the decision, here or elsewhere, unless it was done long after that.
    fn listed_at(&self) -> i64 {
        match self {
            Self::Decided(event) => event.occurred.at().unwrap_or(event.event_timestamp),
            Self::Synced(act) => act.listed_at,
        }
    }

    /// When it happened, Unix seconds: the time that is shown.
    pub fn at(&self) -> i64 {
        match self {
            Self::Decided(event) => event.event_timestamp,
            Self::Synced(act) => act.entry.at,
        }
    }

    /// The entry of a sync.
    pub fn of_sync(&self) -> Option<&Entry> {
        match self {
            Self::Synced(act) => Some(&act.entry),
            Self::Decided(_) => None,
        }
    }
}

impl Place {
    /// `now`: Unix seconds. A clock of Telegram's may be ahead of ours.
    pub fn first(now: i64) -> Self {
        Self { to: now + 60, skip: 0 }
    }

    /// Unix seconds.
    pub fn moment(self) -> i64 {
        self.to
    }

    /// May it come of a page, and not of somebody who makes up how much is to be read? Telegram's clock may be ahead of ours.
    pub fn is_of_a_page(&self) -> bool {
        (0..=aws::time::now() + 3600).contains(&self.to) && self.skip <= MOST_OF_A_SECOND
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

/// The page at `place`, and where the next one begins. What is older than where one of the lists was left is told when that one was read: the next page
/// begins there, even where this one has nothing to show.
fn page(lists: Vec<List>, place: Place, limit: usize) -> (Vec<Happened>, Option<Place>) {
    // In one second the first list comes first.
    let left = lists.iter().enumerate().filter_map(|(list, of)| Some((Reverse(of.read_down_to?), list))).min();
    let numbered = lists.into_iter().enumerate().flat_map(|(list, of)| of.happened.into_iter().map(move |happened| (list, happened)));
    let position = |(list, happened): &(usize, Happened)| (Reverse(happened.listed_at()), *list);
    let mut all: Vec<_> = numbered.filter(|one| left.is_none_or(|left| position(one) <= left)).collect();
    all.sort_by_key(position);
    let end = (place.skip + limit).min(all.len());
    let begins = match all[..end].last() {
        Some((_, last)) if end < all.len() => Some(last.listed_at()),
        _ => left.map(|(Reverse(at), _)| at),
    };
    let shown = |at| all[..end].iter().filter(|(_, happened)| happened.listed_at() == at).count();
    let next = begins.map(|to| Place { to, skip: shown(to) });
    (all.drain(..end).skip(place.skip).map(|(_, happened)| happened).collect(), next)
}

impl Webhook {
    /// A page of what happened in a chat, and where the next one begins; `None`: there is no more. A page may be short, or empty, when the time for the
    /// update is over. `lang`: of whoever reads it.
    pub async fn timeline(
        &self,
        lang: Lang,
        chat: ChatId,
        filter: Option<Action>,
        place: Place,
        limit: usize,
    ) -> Result<(Vec<Happened>, Option<Place>), Stop> {
        // One more tells that there is a next page.
        let most = place.skip + limit + 1;
        let mut lists = vec![self.decided(lang, chat, filter, place.to, most).await?];
        if let Some(kind) = kinds(filter) {
            for part in [Listed::OnTime, Listed::Late] {
                let (acts, read_down_to) = self.acts_in(chat, part, place.to, kind, most).await?;
                lists.push(List { happened: acts.into_iter().map(|act| Happened::Synced(Box::new(act))).collect(), read_down_to });
            }
        }
        Ok(page(lists, place, limit))
    }

    /// At least `most` decisions of the chat's admins where there are so many and there is time.
    async fn decided(&self, lang: Lang, chat: ChatId, filter: Option<Action>, to: i64, most: usize) -> Result<List, Stop> {
        let search = Search { chat_id: Some(chat), event_type: filter, to: Some(to), ..Search::default() };
        let mut list = List::default();
        let mut cursor = None;
        loop {
            let wanted = Wanted { limit: most - list.happened.len(), cursor };
            let decided = self.decided_in(&search, Order::Chat(chat), &wanted).await.map_err(unreadable(lang))?;
            list.happened.extend(decided.items.into_iter().map(|event| Happened::Decided(Box::new(event))));
            cursor = decided.next;
            let Some(next) = &cursor else { return Ok(list) };
            if list.happened.len() >= most || budget::is_spent() {
                list.read_down_to = decisions_read_down_to(next).or_else(|| list.happened.last().map(Happened::listed_at));
                return Ok(list);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ban::Occurred;
    use domain::ids::UserId;
    use domain::sync::{Origin, Outcome};
    use uuid::Uuid;

    fn synced(user: i64, listed_at: i64) -> Happened {
        let entry = Entry {
            sync_id: Uuid::nil(),
            ban_event_id: Uuid::nil(),
            kind: Kind::Ban,
            origin: Origin::Ban,
            user_id: UserId(user),
            chat_id: ChatId(-1),
            source_chat_id: ChatId(-2),
            occurred: Occurred::new(listed_at, 0),
            outcome: Outcome::Applied,
            at: listed_at,
            millis: 0,
            until: None,
            prior: None,
            was_member: false,
            begun: false,
            mute: None,
            term: None,
        };
        Happened::Synced(Box::new(Act { entry, listed_at }))
    }

    fn users(page: &[Happened]) -> Vec<i64> {
        page.iter().filter_map(Happened::of_sync).map(|entry| entry.user_id.0).collect()
    }

    /// A list of (user, time) as it is read from `to` on, `at_most` of them, or of those that `found` lets through.
    fn list(all: &[(i64, i64)], to: i64, at_most: usize, found: impl Fn(i64) -> bool) -> List {
        let there: Vec<_> = all.iter().filter(|(_, at)| *at <= to).collect();
        let read = &there[..at_most.min(there.len())];
        List {
            happened: read.iter().filter(|(user, _)| found(*user)).map(|&&(user, at)| synced(user, at)).collect(),
            read_down_to: read.last().filter(|_| read.len() < there.len()).map(|(_, at)| *at),
        }
    }

    /// Everything that the pages show, page after page.
    fn turned(limit: usize, read: impl Fn(Place) -> Vec<List>) -> Vec<i64> {
        let (mut place, mut seen) = (Some(Place::first(100)), Vec::new());
        for _ in 0..50 {
            let Some(at) = place else { return seen };
            let (shown, next) = page(read(at), at, limit);
            assert!(shown.len() <= limit);
            seen.extend(users(&shown));
            place = next.map(|next| Place::read(&next.write()).unwrap());
        }
        panic!("the pages do not end: {seen:?}");
    }

    #[test]
    fn pages_leave_nothing_out_and_show_nothing_twice_where_many_happened_in_one_second() {
        let all = [(1, 50), (2, 40), (3, 40), (4, 40), (5, 40), (6, 40), (7, 30)];
        assert_eq!(turned(2, |place| vec![list(&all, place.to, usize::MAX, |_| true)]), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn lists_are_merged_by_time_and_none_is_told_further_than_another_was_read() {
        let (decided, synced, late) = ([(1, 90), (4, 60), (6, 40), (8, 20)], [(2, 80), (5, 60), (7, 30)], [(3, 70), (9, 10)]);
        for (limit, at_most) in [(2, usize::MAX), (3, usize::MAX), (10, 4), (10, 2), (3, 4), (2, 3)] {
            let seen = turned(limit, |place| {
                // As many as were shown of this second come again, as in [`Webhook::timeline`].
                let read = |all: &[(i64, i64)]| list(all, place.to, at_most.saturating_add(place.skip), |_| true);
                vec![read(&decided), read(&synced), read(&late)]
            });
            assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9], "pages of {limit}, {at_most} read of each list");
        }
    }

    #[test]
    fn a_page_of_nothing_goes_on_where_reading_has_ended() {
        let all: Vec<_> = (0..20).map(|n| (n, 90 - n)).collect();
        let read = |place: Place| vec![list(&[], place.to, 9, |_| true), list(&all, place.to, 4, |user| user == 17)];
        assert_eq!(page(read(Place::first(100)), Place::first(100), 10), (Vec::new(), Some(Place { to: 87, skip: 0 })));
        assert_eq!(turned(10, read), [17]);
    }

    #[test]
    fn a_page_is_the_last_one_where_nothing_is_left() {
        let two = |read_down_to| vec![List { happened: vec![synced(2, 20), synced(1, 10)], read_down_to }];
        let (shown, next) = page(two(None), Place::first(20), 2);
        assert_eq!((users(&shown), next), (vec![2, 1], None));
        assert_eq!(page(two(Some(10)), Place::first(20), 2).1, Some(Place { to: 10, skip: 1 }));
        assert_eq!(page(Vec::new(), Place::first(20), 2), (Vec::new(), None));
    }

    #[test]
    fn a_place_that_somebody_made_up_is_of_no_page() {
        let is = |text: &str| Place::read(text).is_some_and(|place| place.is_of_a_page());
        assert!(is("1764000000.0") && is("1764000000.25") && is(&Place::first(aws::time::now()).write()));
        for text in ["-1.0", "9999999999.0", "1764000000.501", "1764000000.18446744073709551615", "0.-1"] {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn a_cursor_of_an_older_list_is_no_place() {
        for text in ["", "eyJsaXN0IjoieCJ9", "<", "5", "5.x"] {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }
}
