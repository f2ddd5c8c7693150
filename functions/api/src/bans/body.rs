//! Ban events in requests and answers.

use crate::bounded::{Moment, Text, Whole};
use crate::ids::{GroupId, PersonId};
use domain::ban::BanEvent;
use domain::member::Action;
use domain::registration::{self, LONGEST_DURATION, LONGEST_ID, LONGEST_REASON};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// What was done to somebody in a chat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBanEvent {
    /// Your own id of the event, by which it is stored once however often it is told. A UUID stays what it is; of any other text a UUID
    /// is derived, which the answer has. Left out, it is derived from chat, user, type and moment, as it is of what the bot sees itself.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, example = "1b671a64-40d5-491e-99b0-da01ff1f3341")]
    event_id: Option<Text<1, LONGEST_ID>>,
    #[schema(inline)]
    user_id: PersonId,
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    event_type: EventType,
    /// Seconds of a ban or a restriction, 366 days at most; left out, or `null`, it is permanent.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 31_622_400, example = 86400)]
    ban_duration: Option<Whole<1, LONGEST_DURATION>>,
    #[schema(value_type = Option<String>, max_length = 1000, example = "spam")]
    reason: Option<Text<0, LONGEST_REASON>>,
    /// Who did it.
    #[schema(inline)]
    initiator_user_id: Option<PersonId>,
    /// When it was done, Unix seconds: since 2013, at most 5 minutes in the future. What is older than 24 hours is history: it is stored,
    /// and starts no sync.
    #[schema(value_type = i64, minimum = 1_356_998_400_i64, maximum = 100_000_000_000_i64, example = 1764000000)]
    event_timestamp: Moment<{ registration::EARLIEST }>,
    /// What else there is to say of it: names and texts, at most 4096 bytes together.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl From<NewBanEvent> for registration::NewBanEvent {
    fn from(body: NewBanEvent) -> Self {
        Self {
            event_id: body.event_id.map(|Text(id)| id),
            user_id: body.user_id.0,
            chat_id: body.chat_id.0,
            event_type: body.event_type.into(),
            ban_duration: body.ban_duration.map(|Whole(seconds)| seconds),
            reason: body.reason.map(|Text(reason)| reason),
            initiator_user_id: body.initiator_user_id.map(|PersonId(initiator)| initiator),
            event_timestamp: body.event_timestamp.0,
            metadata: body.metadata,
        }
    }
}

/// What was done: banned, thrown out, restricted; a ban or a restriction lifted.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    Ban,
    Kick,
    Restrict,
    Unban,
    Unrestrict,
}

impl From<EventType> for Action {
    fn from(event_type: EventType) -> Self {
        match event_type {
            EventType::Ban => Self::Ban,
            EventType::Kick => Self::Kick,
            EventType::Restrict => Self::Restrict,
            EventType::Unban => Self::Unban,
            EventType::Unrestrict => Self::Unrestrict,
        }
    }
}

impl From<Action> for EventType {
    fn from(action: Action) -> Self {
        match action {
            Action::Ban => Self::Ban,
            Action::Kick => Self::Kick,
            Action::Restrict => Self::Restrict,
            Action::Unban => Self::Unban,
            Action::Unrestrict => Self::Unrestrict,
        }
    }
}

/// A ban event, as stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct BanEventBody {
    event_id: Uuid,
    #[schema(inline)]
    user_id: PersonId,
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    event_type: EventType,
    /// Seconds; `null`: permanent.
    #[schema(example = 86400)]
    ban_duration: Option<i64>,
    /// End of the ban, Unix seconds; `null`: permanent.
    #[schema(example = 1764086400)]
    until: Option<i64>,
    #[schema(example = "spam")]
    reason: Option<String>,
    #[schema(inline)]
    initiator_user_id: Option<PersonId>,
    /// When it was done, Unix seconds.
    #[schema(example = 1764000000)]
    event_timestamp: i64,
    /// Did somebody follow this person when it was registered, and was it news? Then it is synced to the chats that follow.
    tracked: bool,
    /// The chat's title at that time, where Telegram told of it.
    chat_title: Option<String>,
    /// The person's name at that time, where Telegram told of it.
    user_name: Option<String>,
    metadata: BTreeMap<String, String>,
}

impl From<BanEvent> for BanEventBody {
    fn from(event: BanEvent) -> Self {
        Self {
            event_id: event.event_id,
            user_id: PersonId(event.user_id),
            chat_id: GroupId(event.chat_id),
            event_type: event.event_type.into(),
            ban_duration: event.ban_duration(),
            until: event.until,
            reason: event.reason,
            initiator_user_id: event.initiator_user_id.map(PersonId),
            event_timestamp: event.event_timestamp,
            tracked: event.tracked,
            chat_title: event.chat_title,
            user_name: event.user_name,
            metadata: event.metadata,
        }
    }
}
