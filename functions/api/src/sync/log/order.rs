//! Which entries of the log are looked for, and in which of the store's orders they are found with the least reading.

use crate::bounded::LAST_MOMENT;
use crate::sync::body::OutcomeBody;
use aws::store::sync::{LogEntry, Summary};
use domain::ids::{ChatId, UserId};
use domain::search::MOST_DAYS;
use serde::Serialize;
use uuid::Uuid;

/// Seconds of a day.
pub const DAY: i64 = 24 * 3600;

/// What is looked for: entries that are all of what is given.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Filter {
    pub sync_id: Option<Uuid>,
    pub user_id: Option<UserId>,
    pub chat_id: Option<ChatId>,
    pub status: Option<OutcomeBody>,
    /// The first moment, Unix seconds.
    pub from: Option<i64>,
    /// The last moment, Unix seconds.
    pub to: Option<i64>,
}

/// The order to read. Within each the newest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One chat's entries.
    Chat(ChatId),
    /// Sync by sync.
    Syncs(Of),
}

/// Whose syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    One(Uuid),
    User(UserId),
    /// Everybody's that began in these moments (Unix seconds, both included).
    Days {
        from: i64,
        to: i64,
    },
}

/// Why nothing is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotList {
    #[error("the log needs sync_id, user_id, chat_id or from")]
    NothingGiven,
    #[error("without sync_id, user_id and chat_id the log covers at most {MOST_DAYS} days")]
    TooLong,
    #[error("from is after to")]
    NoPeriod,
}

impl CannotList {
    /// One word, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NothingGiven => "log_too_wide",
            Self::TooLong => "period_too_long",
            Self::NoPeriod => "empty_period",
        }
    }
}

impl Filter {
    /// The narrowest order in which all that is looked for stands. `now`: the end of a period that has none, Unix seconds.
    pub fn order(&self, now: i64) -> Result<Order, CannotList> {
        let to = self.to.unwrap_or(now.max(self.from.unwrap_or(now)));
        if self.from.is_some_and(|from| from > to) {
            return Err(CannotList::NoPeriod);
        }
        match (self.sync_id, self.user_id, self.chat_id, self.from) {
            (Some(sync), _, _, _) => Ok(Order::Syncs(Of::One(sync))),
            // What was done to one person in one chat is found by keys, one a sync; few chats have ever banned him.
            (None, Some(user), _, _) => Ok(Order::Syncs(Of::User(user))),
            (None, None, Some(chat), _) => Ok(Order::Chat(chat)),
            (None, None, None, None) => Err(CannotList::NothingGiven),
            (None, None, None, Some(from)) if to.saturating_sub(from) > MOST_DAYS * DAY => Err(CannotList::TooLong),
            (None, None, None, Some(from)) => Ok(Order::Syncs(Of::Days { from, to })),
        }
    }

    /// The first and the last moment, Unix seconds.
    pub fn period(&self) -> (i64, i64) {
        (self.from.unwrap_or(0), self.to.unwrap_or(LAST_MOMENT))
    }

    /// Did the sync begin within the period?
    pub fn covers(&self, sync: &Summary) -> bool {
        let (from, to) = self.period();
        (from..=to).contains(&(sync.started_at_ms / 1000))
    }

    /// Is `log` looked for? Its period is that of its order.
    pub fn finds(&self, log: &LogEntry) -> bool {
        self.user_id.is_none_or(|user| user == log.entry.user_id)
            && self.chat_id.is_none_or(|chat| chat == log.entry.chat_id)
            && self.status.is_none_or(|status| status == log.entry.outcome.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_000;

    #[test]
    fn a_sync_is_the_narrowest_order_then_a_person_then_a_chat_then_a_period() {
        let (sync_id, user_id, chat_id) = (Some(Uuid::nil()), Some(UserId(5)), Some(ChatId(-1)));
        let (from, to) = (Some(NOW - 60), Some(NOW - 30));
        let nothing = Filter::default();
        for (filter, expected) in [
            (Filter { sync_id, user_id, chat_id, from, to, ..nothing.clone() }, Ok(Order::Syncs(Of::One(Uuid::nil())))),
            (Filter { user_id, chat_id, from, to, ..nothing.clone() }, Ok(Order::Syncs(Of::User(UserId(5))))),
            (Filter { chat_id, from: Some(0), ..nothing.clone() }, Ok(Order::Chat(ChatId(-1)))),
            (Filter { from, to, ..nothing.clone() }, Ok(Order::Syncs(Of::Days { from: NOW - 60, to: NOW - 30 }))),
            (Filter { from, ..nothing.clone() }, Ok(Order::Syncs(Of::Days { from: NOW - 60, to: NOW }))),
            (Filter { to, status: Some(OutcomeBody::Failed), ..nothing.clone() }, Err(CannotList::NothingGiven)),
            (Filter { from: to, to: from, chat_id, ..nothing.clone() }, Err(CannotList::NoPeriod)),
            (Filter { from: Some(NOW - 31 * DAY - 1), ..nothing.clone() }, Err(CannotList::TooLong)),
        ] {
            assert_eq!(filter.order(NOW), expected, "{filter:?}");
        }
    }
}
