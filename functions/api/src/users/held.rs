//! Rows of what is held on a person.

use crate::ids::{GroupId, PersonId};
use aws::store::held::NotificationItem;
use aws::store::sync::{Appeal, Summary};
use domain::ban::BanEvent;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that an admin did to him.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldBan {
    event_id: Uuid,
    #[schema(inline)]
    chat_id: GroupId,
    /// ban, kick, restrict, unban, unrestrict.
    event_type: String,
    /// His name at that time.
    user_name: Option<String>,
    reason: Option<String>,
    /// Unix seconds.
    event_timestamp: i64,
}

impl From<BanEvent> for HeldBan {
    fn from(event: BanEvent) -> Self {
        Self {
            event_id: event.event_id,
            chat_id: GroupId(event.chat_id),
            event_type: event.event_type.name().to_owned(),
            user_name: event.user_name,
            reason: event.reason,
            event_timestamp: event.event_timestamp,
        }
    }
}

/// Something that he did to somebody as an admin. What that person is called is theirs.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldDecision {
    event_id: Uuid,
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    user_id: PersonId,
    /// ban, kick, restrict, unban, unrestrict.
    event_type: String,
    reason: Option<String>,
    /// Unix seconds.
    event_timestamp: i64,
}

impl From<BanEvent> for HeldDecision {
    fn from(event: BanEvent) -> Self {
        Self {
            event_id: event.event_id,
            chat_id: GroupId(event.chat_id),
            user_id: PersonId(event.user_id),
            event_type: event.event_type.name().to_owned(),
            reason: event.reason,
            event_timestamp: event.event_timestamp,
        }
    }
}

/// A sync about him. What it did in which chat is in `/api/v1/sync/logs`.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldSync {
    sync_id: Uuid,
    ban_event_id: Uuid,
    #[schema(inline)]
    source_chat_id: GroupId,
    /// His name at that time.
    user_name: Option<String>,
    reason: Option<String>,
    /// Unix seconds.
    started_at: i64,
}

impl From<Summary> for HeldSync {
    fn from(sync: Summary) -> Self {
        Self {
            sync_id: sync.sync_id,
            ban_event_id: sync.ban_event_id,
            source_chat_id: GroupId(sync.source_chat_id),
            user_name: sync.user_name,
            reason: sync.reason,
            started_at: sync.started_at_ms / 1000,
        }
    }
}

/// An appeal. Its words are with those who were asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldAppeal {
    appeal_id: Uuid,
    #[schema(inline)]
    chat_id: GroupId,
    ban_event_id: Uuid,
    /// Unix seconds.
    at: i64,
    /// `null`: nobody has decided.
    lifted: Option<bool>,
}

impl From<Appeal> for HeldAppeal {
    fn from(appeal: Appeal) -> Self {
        let Appeal { appeal_id, chat_id, ban_event_id, at, lifted, .. } = appeal;
        Self { appeal_id, chat_id: GroupId(chat_id), ban_event_id, at, lifted }
    }
}

/// A message of the bot to him.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldNotification {
    notification_type: String,
    channel: String,
    status: String,
    /// Unix seconds.
    created_at: i64,
    sent_at: Option<i64>,
    failed_at: Option<i64>,
    /// Why it was not sent.
    error_message: Option<String>,
    /// Where messages are posted to, of the type `endpoint`.
    url: Option<String>,
}

impl From<NotificationItem> for HeldNotification {
    fn from(item: NotificationItem) -> Self {
        let NotificationItem { notification_type, channel, status, created_at, sent_at, failed_at, error_message, url } = item;
        Self { notification_type, channel, status, created_at, sent_at, failed_at, error_message, url }
    }
}
