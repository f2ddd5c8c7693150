//! Targets, and the messages of the queue in which they travel.

use super::{Kind, Origin, Outcome, Term};
use crate::ban::Occurred;
use crate::ids::{ChatId, UserId};
use crate::member::Mute;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Targets in one queue message: 25 rows are one BatchWriteItem, and the message stays far under SQS's 64 KB billing unit.
pub const CHUNK_TARGETS: usize = 25;

/// A target's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Ban(Term),
    /// Take a ban of ours back.
    Lift,
    /// Nothing: if the decision still stands when its turn comes, this is its outcome.
    End(Outcome),
}

/// A chat to act in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub chat_id: ChatId,
    /// Admins who follow the person from this chat, and are told.
    pub admins: Vec<UserId>,
    pub task: Task,
    /// The group that this chat was: what we did there stands under its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formerly: Option<ChatId>,
    /// The chat asks that bots be left alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spare_bots: bool,
    /// Calls that failed so far; a 429 does not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u8,
    /// Result of a look, where a flood wait came between it and the ban.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Order of a plan that was given up, which it perhaps carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended: Option<Order>,
}

/// A ban that is to be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// `until_date`, Unix seconds; `None`: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// End of the ban that stands there and is none of ours, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<i64>,
    /// The person is in the chat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_member: bool,
    /// The restriction that the person is under there: a ban ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<Mute>,
    /// Moment at which it was meant to be done, Unix milliseconds: its entry is stamped so at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
}

/// Targets that travel together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub number: u32,
    /// Seconds until it may start.
    pub delay: i64,
    pub targets: Vec<Target>,
}

/// A chunk as it travels on the queue. A part of it that has to be tried again travels on under the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkMessage {
    pub sync_id: Uuid,
    /// The correlation id.
    pub ban_event_id: Uuid,
    /// Of the plan that made it; a chunk of a plan that was given up is dropped.
    pub plan: Uuid,
    #[serde(default)]
    pub part: u32,
    pub chunk: u32,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub origin: Origin,
    pub user_id: UserId,
    pub source_chat_id: ChatId,
    pub occurred: Occurred,
    /// Of a sync so large that it leaves room to others.
    #[serde(default)]
    pub bulk: bool,
    /// Number of times that a rest of it has travelled on.
    #[serde(default)]
    pub round: u32,
    /// Number of times that it was put off, since the store was out of order.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub put_off: u32,
    pub targets: Vec<Target>,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}
