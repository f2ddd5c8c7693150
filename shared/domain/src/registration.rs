//! A ban event that somebody tells of, other than Telegram: another program, or an operator who loads what he has kept.

use crate::ban::{API_KEY, BanEvent, Occurred, derive, event_id};
use crate::ids::{ChatId, UserId};
use crate::member::Action;
use crate::sync::LONGEST_BAN;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Characters of an id that the caller gives.
pub const LONGEST_ID: usize = 255;

/// Characters of a reason.
pub const LONGEST_REASON: usize = 1000;

/// Bytes of all names and texts of the metadata together: with everything else an item stays within a few write units.
pub const LARGEST_METADATA: usize = 4096;

/// 2013-01-01, in Unix seconds: there was no Telegram before.
pub const EARLIEST: i64 = 1_356_998_400;

/// How far the caller's clock may be ahead, in seconds.
pub const AHEAD: i64 = 300;

/// Seconds of a ban at most. What is longer is for ever to Telegram, which is said by giving no duration; or it is in milliseconds.
pub const LONGEST_DURATION: i64 = LONGEST_BAN;

/// A ban event as a caller tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBanEvent {
    /// The caller's own id of the event, by which it is stored once however often it is told. A UUID stays what it is; of any other
    /// text an id is derived. `None`: the id is derived from chat, user, type and moment, as it is of an update of Telegram's, so that
    /// what the bot has seen is not stored twice.
    pub event_id: Option<String>,
    pub user_id: UserId,
    pub chat_id: ChatId,
    pub event_type: Action,
    /// Seconds; `None` is for ever.
    pub ban_duration: Option<i64>,
    pub reason: Option<String>,
    pub initiator_user_id: Option<UserId>,
    /// Unix seconds.
    pub event_timestamp: i64,
    pub metadata: BTreeMap<String, String>,
}

/// Why something cannot be a ban event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABanEvent {
    #[error("event_id is 1 to {LONGEST_ID} characters")]
    Id,
    #[error("this user_id stands for no single person, or for the bot itself")]
    User,
    #[error("chat_id is that of a group, supergroup or channel: negative")]
    Chat,
    #[error("initiator_user_id is that of a person: positive")]
    Initiator,
    #[error("only a ban or a restriction has a duration, of 1 second to 366 days")]
    Duration,
    #[error("reason is at most {LONGEST_REASON} characters")]
    Reason,
    #[error("event_timestamp is before 2013: there was no Telegram")]
    TooEarly,
    #[error("event_timestamp is in the future")]
    InFuture,
    #[error("metadata is at most {LARGEST_METADATA} bytes, and its names are not empty")]
    Metadata,
}

impl NotABanEvent {
    /// One word, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "bad_event_id",
            Self::User => "not_a_person",
            Self::Chat => "not_a_chat",
            Self::Initiator => "bad_initiator",
            Self::Duration => "bad_duration",
            Self::Reason => "reason_too_long",
            Self::TooEarly => "too_early",
            Self::InFuture => "in_future",
            Self::Metadata => "bad_metadata",
        }
    }

    /// The field that is wrong.
    pub fn field(self) -> &'static str {
        match self {
            Self::Id => "event_id",
            Self::User => "user_id",
            Self::Chat => "chat_id",
            Self::Initiator => "initiator_user_id",
            Self::Duration => "ban_duration",
            Self::Reason => "reason",
            Self::TooEarly | Self::InFuture => "event_timestamp",
            Self::Metadata => "metadata",
        }
    }
}

impl NewBanEvent {
    /// The event, not tracked, if it can be one at `now` (Unix seconds).
    pub fn event(self, now: i64) -> Result<BanEvent, NotABanEvent> {
        self.check(now)?;
        let (user_id, chat_id, event_type, at) = (self.user_id, self.chat_id, self.event_type, self.event_timestamp);
        let event_id = match self.event_id {
            Some(given) => id_of(&given),
            None => event_id(chat_id, user_id, event_type, Some(at), None),
        };
        Ok(BanEvent {
            event_id,
            user_id,
            chat_id,
            event_type,
            until: self.ban_duration.map(|duration| at + duration),
            reason: self.reason.filter(|reason| !reason.trim().is_empty()),
            initiator_user_id: self.initiator_user_id,
            initiator_bot: None,
            event_timestamp: at,
            occurred: Occurred::new(at, 0),
            tracked: false,
            chat_title: None,
            chat_public: false,
            user_name: None,
            metadata: self.metadata,
        })
    }

    fn check(&self, now: i64) -> Result<(), NotABanEvent> {
        let longer = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
        if longer(&self.event_id, LONGEST_ID) || self.event_id.as_ref().is_some_and(String::is_empty) {
            return Err(NotABanEvent::Id);
        }
        if self.user_id.0 <= 0 || self.user_id.is_reserved() {
            return Err(NotABanEvent::User);
        }
        if self.chat_id.0 >= 0 {
            return Err(NotABanEvent::Chat);
        }
        if self.initiator_user_id.is_some_and(|initiator| initiator.0 <= 0) {
            return Err(NotABanEvent::Initiator);
        }
        if let Some(duration) = self.ban_duration
            && !(matches!(self.event_type, Action::Ban | Action::Restrict) && (1..=LONGEST_DURATION).contains(&duration))
        {
            return Err(NotABanEvent::Duration);
        }
        if longer(&self.reason, LONGEST_REASON) {
            return Err(NotABanEvent::Reason);
        }
        if self.event_timestamp < EARLIEST {
            return Err(NotABanEvent::TooEarly);
        }
        if self.event_timestamp > now + AHEAD {
            return Err(NotABanEvent::InFuture);
        }
        let size: usize = self.metadata.iter().map(|(name, text)| name.len() + text.len()).sum();
        // The store takes no attribute without a name, and only what was done by a key names one.
        if size > LARGEST_METADATA || self.metadata.contains_key("") || self.metadata.contains_key(API_KEY) {
            return Err(NotABanEvent::Metadata);
        }
        Ok(())
    }
}

/// The id under which an event is stored that its caller calls `given`.
fn id_of(given: &str) -> Uuid {
    Uuid::parse_str(given).unwrap_or_else(|_| derive(&["given", given]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_764_000_000;

    fn new() -> NewBanEvent {
        NewBanEvent {
            event_id: None,
            user_id: UserId(5),
            chat_id: ChatId(-100),
            event_type: Action::Ban,
            ban_duration: None,
            reason: None,
            initiator_user_id: Some(UserId(7)),
            event_timestamp: NOW - 10,
            metadata: BTreeMap::new(),
        }
    }

    #[test]
    fn an_event_is_stored_with_what_was_told_and_is_not_tracked_yet() {
        let metadata = BTreeMap::from([("ticket".to_owned(), "42".to_owned())]);
        let told = NewBanEvent { ban_duration: Some(60), reason: Some("spam".to_owned()), metadata: metadata.clone(), ..new() };
        let event = told.event(NOW).unwrap();
        assert_eq!((event.until, event.ban_duration(), event.reason.as_deref()), (Some(NOW + 50), Some(60), Some("spam")));
        assert_eq!((event.tracked, event.metadata), (false, metadata));
        assert_eq!(event.occurred, Occurred::new(NOW - 10, 0));
    }

    #[test]
    fn without_an_id_the_event_has_the_one_that_an_update_of_telegram_derives() {
        let event = new().event(NOW).unwrap();
        assert_eq!(event.event_id, event_id(ChatId(-100), UserId(5), Action::Ban, Some(NOW - 10), Some(77)));
    }

    #[test]
    fn a_given_uuid_stays_and_of_any_other_text_an_id_is_derived() {
        let id = |given: &str| NewBanEvent { event_id: Some(given.to_owned()), ..new() }.event(NOW).unwrap().event_id;
        assert_eq!(id("1b671a64-40d5-491e-99b0-da01ff1f3341").to_string(), "1b671a64-40d5-491e-99b0-da01ff1f3341");
        assert_eq!(id("1B671A64-40D5-491E-99B0-DA01FF1F3341").to_string(), "1b671a64-40d5-491e-99b0-da01ff1f3341");
        assert_eq!(id("row 7"), id("row 7"));
        assert_ne!(id("row 7"), id("row 8"));
        assert_ne!(id("row 7"), new().event(NOW).unwrap().event_id);
    }

    #[test]
    fn what_cannot_have_happened_is_refused() {
        let text = |length| Some("ä".repeat(length));
        let metadata = |name: &str, length| BTreeMap::from([(name.to_owned(), "x".repeat(length))]);
        for (told, expected) in [
            (NewBanEvent { event_id: text(255), ..new() }, Ok(())),
            (NewBanEvent { event_id: text(256), ..new() }, Err(NotABanEvent::Id)),
            (NewBanEvent { event_id: text(0), ..new() }, Err(NotABanEvent::Id)),
            (NewBanEvent { user_id: UserId(0), ..new() }, Err(NotABanEvent::User)),
            (NewBanEvent { user_id: UserId::ANONYMOUS_ADMIN, ..new() }, Err(NotABanEvent::User)),
            (NewBanEvent { chat_id: ChatId(5), ..new() }, Err(NotABanEvent::Chat)),
            (NewBanEvent { initiator_user_id: Some(UserId(-1)), ..new() }, Err(NotABanEvent::Initiator)),
            (NewBanEvent { initiator_user_id: Some(UserId::ANONYMOUS_ADMIN), ..new() }, Ok(())),
            (NewBanEvent { ban_duration: Some(1), ..new() }, Ok(())),
            (NewBanEvent { ban_duration: Some(366 * 24 * 3600), ..new() }, Ok(())),
            // A day in milliseconds.
            (NewBanEvent { ban_duration: Some(86_400_000), ..new() }, Err(NotABanEvent::Duration)),
            (NewBanEvent { ban_duration: Some(0), ..new() }, Err(NotABanEvent::Duration)),
            (NewBanEvent { ban_duration: Some(LONGEST_DURATION + 1), ..new() }, Err(NotABanEvent::Duration)),
            (NewBanEvent { ban_duration: Some(60), event_type: Action::Kick, ..new() }, Err(NotABanEvent::Duration)),
            (NewBanEvent { reason: text(1000), ..new() }, Ok(())),
            (NewBanEvent { reason: text(1001), ..new() }, Err(NotABanEvent::Reason)),
            (NewBanEvent { event_timestamp: EARLIEST, ..new() }, Ok(())),
            (NewBanEvent { event_timestamp: EARLIEST - 1, ..new() }, Err(NotABanEvent::TooEarly)),
            (NewBanEvent { event_timestamp: NOW + 300, ..new() }, Ok(())),
            (NewBanEvent { event_timestamp: NOW + 301, ..new() }, Err(NotABanEvent::InFuture)),
            (NewBanEvent { metadata: metadata("a", 4095), ..new() }, Ok(())),
            (NewBanEvent { metadata: metadata("a", 4096), ..new() }, Err(NotABanEvent::Metadata)),
            (NewBanEvent { metadata: metadata("", 1), ..new() }, Err(NotABanEvent::Metadata)),
            (NewBanEvent { metadata: metadata(API_KEY, 1), ..new() }, Err(NotABanEvent::Metadata)),
        ] {
            assert_eq!(told.clone().event(NOW).map(|_| ()), expected, "{told:?}");
        }
    }

    #[test]
    fn a_blank_reason_is_none() {
        assert_eq!(NewBanEvent { reason: Some(" \n".to_owned()), ..new() }.event(NOW).unwrap().reason, None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_told_makes_the_check_fail_otherwise_than_by_refusing(
            user in any::<i64>(), chat in any::<i64>(), duration in any::<Option<i64>>(), at in any::<i64>(), now in 0i64..1 << 40
        ) {
            let told = NewBanEvent { user_id: UserId(user), chat_id: ChatId(chat), ban_duration: duration, event_timestamp: at, ..new() };
            if let Ok(event) = told.event(now) {
                prop_assert!(event.user_id.0 > 0 && event.chat_id.0 < 0 && event.event_timestamp <= now + AHEAD);
                prop_assert_eq!(event.ban_duration(), duration);
            }
        }
    }
}
