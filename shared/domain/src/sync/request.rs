//! A sync that somebody asks for: of what, why, and about which chats.

use super::{Kind, Origin};
use crate::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most chats that a request may name: their item stays far under DynamoDB's 400 KB.
pub const MOST_CHATS: usize = 2000;

/// A sync that is asked for, as stored until it is begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Of the sync that is to be.
    pub sync_id: Uuid,
    /// The event that it carries over, or whose syncs it takes back.
    pub ban_event_id: Uuid,
    pub kind: Kind,
    pub origin: Origin,
    pub whom: Whom,
    /// Who asks, where it is an admin: he is told, too.
    #[serde(default)]
    pub by: Option<UserId>,
    /// It begins when something else does that, not by being stored.
    #[serde(default)]
    pub waits: bool,
}

/// Which chats a sync is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// All from which the person is followed.
    Followers,
    /// These; of them, those from which the person is followed.
    Chats(Vec<ChatId>),
    /// Those where this sync failed.
    FailedIn(Uuid),
    /// Those where one of these syncs, newest first, has banned or found banned.
    BannedBy(Vec<Uuid>),
}
