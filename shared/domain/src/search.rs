//! Which ban events are looked for, and in which of the store's orders they are found with the least reading.

use crate::ban::BanEvent;
use crate::ids::{ChatId, UserId};
use crate::member::Action;
use serde::Serialize;

/// Days that may be searched for events of anybody in any chat: what is written all over the world within them is what it costs.
pub const MOST_DAYS: i64 = 31;

const DAY: i64 = 24 * 3600;

/// What is looked for: events that are all of what is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Search {
    pub user_id: Option<UserId>,
    pub chat_id: Option<ChatId>,
    /// The first moment, Unix seconds.
    pub from: Option<i64>,
    /// The last moment, Unix seconds.
    pub to: Option<i64>,
    pub event_type: Option<Action>,
    /// Part of the reason, in any case.
    pub reason: Option<String>,
}

/// The order to read. Within each the newest come first, and a period is a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One person's events: they are few.
    User(UserId),
    /// One chat's.
    Chat(ChatId),
    /// Everybody's, of these moments (Unix seconds, both included).
    Days { from: i64, to: i64 },
}

/// Why nothing is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSearch {
    #[error("a search needs user_id, chat_id or from")]
    NothingGiven,
    #[error("without user_id and chat_id a search covers at most {MOST_DAYS} days")]
    TooWide,
    #[error("from is after to")]
    NoPeriod,
}

impl CannotSearch {
    /// One word, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NothingGiven => "search_too_wide",
            Self::TooWide => "period_too_long",
            Self::NoPeriod => "empty_period",
        }
    }
}

impl Search {
    pub fn of_user(user: UserId) -> Self {
        Self { user_id: Some(user), ..Self::default() }
    }

    pub fn of_chat(chat: ChatId) -> Self {
        Self { chat_id: Some(chat), ..Self::default() }
    }

    /// The narrowest order in which all that is looked for stands. `now`: the end of a period that has none, Unix seconds.
    pub fn order(&self, now: i64) -> Result<Order, CannotSearch> {
        let to = self.to.unwrap_or(now.max(self.from.unwrap_or(now)));
        if self.from.is_some_and(|from| from > to) {
            return Err(CannotSearch::NoPeriod);
        }
        match (self.user_id, self.chat_id, self.from) {
            (Some(user), _, _) => Ok(Order::User(user)),
            (None, Some(chat), _) => Ok(Order::Chat(chat)),
            (None, None, None) => Err(CannotSearch::NothingGiven),
            (None, None, Some(from)) if to.saturating_sub(from) > MOST_DAYS * DAY => Err(CannotSearch::TooWide),
            (None, None, Some(from)) => Ok(Order::Days { from, to }),
        }
    }

    /// Is `event` looked for?
    pub fn finds(&self, event: &BanEvent) -> bool {
        self.user_id.is_none_or(|user| user == event.user_id)
            && self.chat_id.is_none_or(|chat| chat == event.chat_id)
            && self.from.is_none_or(|from| from <= event.event_timestamp)
            && self.to.is_none_or(|to| event.event_timestamp <= to)
            && self.event_type.is_none_or(|event_type| event_type == event.event_type)
            && self.reason.as_ref().is_none_or(|part| contains(event.reason.as_deref().unwrap_or_default(), part))
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::NewBanEvent;
    use std::collections::BTreeMap;

    const NOW: i64 = 1_764_000_000;

    #[test]
    fn a_person_is_the_narrowest_order_then_a_chat_then_a_period() {
        let (user_id, chat_id) = (Some(UserId(5)), Some(ChatId(-1)));
        let (from, to) = (Some(NOW - 60), Some(NOW - 30));
        let nothing = Search::default();
        for (search, expected) in [
            (Search { user_id, chat_id, from, to, ..nothing.clone() }, Ok(Order::User(UserId(5)))),
            (Search { chat_id, from, to, ..nothing.clone() }, Ok(Order::Chat(ChatId(-1)))),
            (Search { from, to, ..nothing.clone() }, Ok(Order::Days { from: NOW - 60, to: NOW - 30 })),
            (Search { from, ..nothing.clone() }, Ok(Order::Days { from: NOW - 60, to: NOW })),
            (Search { from: Some(NOW + 60), ..nothing.clone() }, Ok(Order::Days { from: NOW + 60, to: NOW + 60 })),
            (Search { to, ..nothing.clone() }, Err(CannotSearch::NothingGiven)),
            (Search { event_type: Some(Action::Ban), reason: Some("spam".to_owned()), ..nothing.clone() }, Err(CannotSearch::NothingGiven)),
            (Search { from: to, to: from, ..nothing.clone() }, Err(CannotSearch::NoPeriod)),
            (Search { user_id, from: to, to: from, ..nothing.clone() }, Err(CannotSearch::NoPeriod)),
            (Search { from: Some(NOW - 31 * DAY), to: Some(NOW), ..nothing.clone() }, Ok(Order::Days { from: NOW - 31 * DAY, to: NOW })),
            (Search { from: Some(NOW - 31 * DAY - 1), to: Some(NOW), ..nothing.clone() }, Err(CannotSearch::TooWide)),
            (Search { from: Some(0), to: Some(NOW), chat_id, ..nothing.clone() }, Ok(Order::Chat(ChatId(-1)))),
        ] {
            assert_eq!(search.order(NOW), expected, "{search:?}");
        }
    }

    #[test]
    fn an_event_is_found_when_it_is_all_of_what_is_given() {
        let new = NewBanEvent {
            event_id: None,
            user_id: UserId(5),
            chat_id: ChatId(-1),
            event_type: Action::Kick,
            ban_duration: None,
            reason: Some("Спам and ADVERTS".to_owned()),
            initiator_user_id: None,
            event_timestamp: NOW,
            metadata: BTreeMap::new(),
        };
        let event = new.event(NOW).unwrap();
        let all = Search {
            user_id: Some(UserId(5)),
            chat_id: Some(ChatId(-1)),
            from: Some(NOW),
            to: Some(NOW),
            event_type: Some(Action::Kick),
            reason: Some("спам AND".to_owned()),
        };
        assert!(Search::default().finds(&event) && all.finds(&event));
        for other in [
            Search { user_id: Some(UserId(6)), ..all.clone() },
            Search { chat_id: Some(ChatId(-2)), ..all.clone() },
            Search { from: Some(NOW + 1), to: None, ..all.clone() },
            Search { to: Some(NOW - 1), from: None, ..all.clone() },
            Search { event_type: Some(Action::Ban), ..all.clone() },
            Search { reason: Some("spam".to_owned()), ..all.clone() },
        ] {
            assert!(!other.finds(&event), "{other:?}");
        }
        assert!(!all.finds(&BanEvent { reason: None, ..event }));
    }
}
