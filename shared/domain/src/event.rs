//! What travels on the bus: `detail` is an [`Envelope`], `detail-type` its `event_type`.
//!
//! Field names are the public contract: consumers outside this project read them too. Ids of ours are UUIDs, Telegram's are integers.

use crate::ban::{BanEvent, Occurred, derive};
use crate::chat::Cause;
use crate::ids::{ChatId, UserId};
use crate::subscription::{Source, Subscription};
use crate::sync::deadline::Reached;
use crate::sync::{Kind, Origin, SyncStatus, Totals};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `source` of the events of bans.
pub const BANS: &str = "bansync.bans";
/// `source` of the events of syncs.
pub const SYNC: &str = "bansync.sync";
/// `source` of the events of subscriptions.
pub const SUBSCRIPTIONS: &str = "bansync.subscriptions";
/// `source` of the events of chats.
pub const CHATS: &str = "bansync.chats";
/// `source` of the events of people.
pub const USERS: &str = "bansync.users";

pub const BAN_REGISTERED: &str = "ban.registered";
pub const BAN_DETECTED: &str = "ban.detected";
pub const BAN_LIFTED: &str = "ban.lifted";
pub const SYNC_STARTED: &str = "sync.started";
pub const SYNC_COMPLETED: &str = "sync.completed";
pub const SYNC_PARTIAL: &str = "sync.partial";
pub const SYNC_FAILED: &str = "sync.failed";
/// Somebody asks for a sync.
pub const SYNC_REQUESTED: &str = "sync.requested";
/// A part of a large sync is done; the next is to be planned.
pub const SYNC_CONTINUED: &str = "sync.continued";
/// A part of a sync has not moved for long: the planner sees to it.
pub const SYNC_STUCK: &str = "sync.stuck";
/// A part of a large sync is done: its admins are told without waiting for the rest.
pub const SYNC_PART_COMPLETED: &str = "sync.part_completed";
pub const SUBSCRIPTION_CREATED: &str = "subscription.created";
pub const SUBSCRIPTION_DELETED: &str = "subscription.deleted";
pub const SUBSCRIPTION_LIMIT_REACHED: &str = "subscription.limit_reached";
pub const CHAT_ACTIVATED: &str = "chat.activated";
pub const CHAT_SUSPENDED: &str = "chat.suspended";
pub const CHAT_REMOVED: &str = "chat.removed";
pub const CHAT_MIGRATED: &str = "chat.migrated";
pub const ADMIN_REMOVED: &str = "admin.removed";
pub const ADMIN_SUSPENDED: &str = "admin.suspended";
pub const ADMIN_RESUMED: &str = "admin.resumed";
pub const USER_ERASED: &str = "user.erased";

/// What every event is wrapped in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// The same for every delivery of the same event.
    pub event_id: Uuid,
    pub event_type: String,
    /// When it happened, RFC 3339 in UTC.
    pub timestamp: String,
    pub payload: T,
}

impl<T> Envelope<T> {
    /// `what`: the id of what the event is about, from which the event's own id is derived. `at`: Unix seconds.
    pub fn new(event_type: &str, what: &str, at: i64, payload: T) -> Self {
        Self { event_id: derive(&["event", event_type, what]), event_type: event_type.to_owned(), timestamp: timestamp(at), payload }
    }
}

/// `at` (Unix seconds) as RFC 3339 in UTC; a moment outside the years that can be written so reads as 1970.
pub fn timestamp(at: i64) -> String {
    jiff::Timestamp::from_second(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// The day of `at` (Unix seconds), UTC, as `2026-11-24`; a moment outside the years that can be written so reads as 1970.
pub fn date(at: i64) -> String {
    let moment = jiff::Timestamp::from_second(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Payload of `ban.registered`, `ban.detected` and `ban.lifted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    pub ban_event_id: Uuid,
    pub user_id: UserId,
    pub chat_id: ChatId,
    /// `permanent` or `temporary`.
    pub ban_type: String,
    pub reason: Option<String>,
    pub initiator_user_id: Option<UserId>,
    /// See [`BanEvent::initiator_bot`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_bot: Option<String>,
    /// ban, kick, restrict, unban, unrestrict.
    pub event_type: crate::member::Action,
    /// Unix seconds; absent for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    pub event_timestamp: i64,
    pub occurred: Occurred,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_title: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chat_public: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
}

impl From<&BanEvent> for Ban {
    fn from(event: &BanEvent) -> Self {
        Self {
            ban_event_id: event.event_id,
            user_id: event.user_id,
            chat_id: event.chat_id,
            ban_type: event.ban_type().to_owned(),
            reason: event.reason.clone(),
            initiator_user_id: event.initiator_user_id,
            initiator_bot: event.initiator_bot.clone(),
            event_type: event.event_type,
            until: event.until,
            event_timestamp: event.event_timestamp,
            occurred: event.occurred.clone(),
            chat_title: event.chat_title.clone(),
            chat_public: event.chat_public,
            user_name: event.user_name.clone(),
        }
    }
}

/// Payload of `sync.started`, `sync.completed`, `sync.partial` and `sync.failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    pub sync_id: Uuid,
    pub ban_event_id: Uuid,
    pub user_id: UserId,
    pub source_chat_id: ChatId,
    /// Chats that the sync is about; of a sync so large that it is planned in parts, those of the first part until it has ended.
    pub total_chats: u32,
    /// Chats where the person is banned now: banned by the sync or before it.
    pub successful: u32,
    pub failed: u32,
    pub totals: Totals,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub origin: Origin,
}

/// Payload of `sync.requested`: the request itself is in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequested {
    pub sync_id: Uuid,
    pub ban_event_id: Uuid,
}

/// Payload of `sync.continued` and `sync.part_completed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPart {
    pub sync_id: Uuid,
    /// The part that is to be planned, or that is done; the first is 0.
    pub part: u32,
}

/// Payload of `sync.stuck`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStuck {
    pub sync_id: Uuid,
    /// The place that it had reached at the last look.
    pub reached: Reached,
}

impl SyncStatus {
    /// The event that tells of a sync having come here.
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Running => SYNC_STARTED,
            Self::Completed => SYNC_COMPLETED,
            Self::Partial => SYNC_PARTIAL,
            Self::Failed => SYNC_FAILED,
        }
    }
}

/// Payload of `subscription.created` and `subscription.deleted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionChanged {
    pub subscription_id: Uuid,
    pub admin_user_id: UserId,
    pub admin_chat_id: ChatId,
    pub tracked_user_id: UserId,
    /// A program made it, and not the admin in the bot.
    #[serde(default)]
    pub by_program: bool,
}

impl SubscriptionChanged {
    pub fn new(subscription: &Subscription, by_program: bool) -> Self {
        let Source::User(tracked_user_id) = subscription.source;
        Self {
            subscription_id: subscription.id(),
            admin_user_id: subscription.admin_user_id,
            admin_chat_id: subscription.admin_chat_id,
            tracked_user_id,
            by_program,
        }
    }
}

/// Payload of `subscription.limit_reached`: the last free place of an admin was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitReached {
    pub admin_user_id: UserId,
    /// Subscriptions he has now, which is as many as he may have.
    pub active: u32,
}

/// Payload of `chat.activated`, `chat.suspended`, `chat.removed` and `chat.migrated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatChanged {
    pub chat_id: ChatId,
    pub title: Option<String>,
    /// The supergroup's id, in `chat.migrated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated_to: Option<ChatId>,
    /// In `chat.migrated`: since when the group was taken for gone, Unix seconds; absent where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<i64>,
    /// In `chat.activated`: the bot was in the chat before and could not ban.
    #[serde(default)]
    pub was_suspended: bool,
    pub cause: Cause,
    /// Unix seconds.
    pub changed_at: i64,
}

/// Payload of `admin.removed`, `admin.suspended`, `admin.resumed`: somebody is no administrator of a chat any more, is one who may not ban, may
/// ban there again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminChanged {
    pub chat_id: ChatId,
    pub user_id: UserId,
    /// Unix seconds.
    pub changed_at: i64,
}

/// Payload of `user.erased`: a person's profile is erased, and what other concerns hold on him is to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserErased {
    pub user_id: UserId,
    /// Unix seconds. What is newer is not erased: he has come back.
    pub erased_at: i64,
    /// How many parts of it have been erased before; the event comes again until nothing is left.
    pub round: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc() {
        for (at, expected) in
            [(0, "1970-01-01"), (86_399, "1970-01-01"), (86_400, "1970-01-02"), (1_736_937_000, "2025-01-15"), (i64::MAX, "1970-01-01")]
        {
            assert_eq!(date(at), expected, "{at}");
        }
    }

    #[test]
    fn an_envelope_has_the_agreed_fields_and_an_id_that_repeats() {
        let envelope = || Envelope::new(CHAT_REMOVED, "-100 at 5", 1_736_937_000, ());
        assert_eq!(envelope(), envelope());
        let json = serde_json::to_value(envelope()).unwrap();
        assert_eq!(json["event_type"], "chat.removed");
        assert_eq!(json["timestamp"], "2025-01-15T10:30:00Z");
        assert!(json["event_id"].is_string() && json["payload"].is_null());
    }
}
