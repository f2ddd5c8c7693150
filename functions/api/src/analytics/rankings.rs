//! Rankings, as a caller sees them.

use super::body::PeriodBody;
use crate::ids::{GroupId, PersonId};
use domain::analytics::top::{ChatCounts, SourceCounts, UserCounts};
use domain::ids::{ChatId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody who was banned.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopUserBody {
    #[schema(inline)]
    user_id: PersonId,
    /// Bans, in any chat.
    ban_count: i64,
    /// Syncs of decisions on them.
    sync_count: i64,
}

impl From<(UserId, UserCounts)> for TopUserBody {
    fn from((user, counts): (UserId, UserCounts)) -> Self {
        Self { user_id: PersonId(user), ban_count: counts.bans, sync_count: counts.syncs }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TopUsersBody {
    #[schema(inline)]
    pub period: PeriodBody,
    pub items: Vec<TopUserBody>,
}

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopChatBody {
    #[schema(inline)]
    chat_id: GroupId,
    /// Bans that were decided there.
    ban_count: i64,
    /// Bans that syncs brought there.
    sync_received_count: i64,
}

impl From<(ChatId, ChatCounts)> for TopChatBody {
    fn from((chat, counts): (ChatId, ChatCounts)) -> Self {
        Self { chat_id: GroupId(chat), ban_count: counts.bans, sync_received_count: counts.received }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TopChatsBody {
    #[schema(inline)]
    pub period: PeriodBody,
    pub items: Vec<TopChatBody>,
}

/// A chat whose bans were synced.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopSourceBody {
    #[schema(inline)]
    chat_id: GroupId,
    /// Bans that syncs of its decisions brought to other chats.
    bans_carried: i64,
    /// Those that an admin undid.
    undone: i64,
    /// Those that were lifted since it lifted its own.
    lifted: i64,
    /// Appeals against them.
    appealed: i64,
}

impl From<(ChatId, SourceCounts)> for TopSourceBody {
    fn from((chat, SourceCounts { carried, undone, lifted, appealed }): (ChatId, SourceCounts)) -> Self {
        Self { chat_id: GroupId(chat), bans_carried: carried, undone, lifted, appealed }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TopSourcesBody {
    #[schema(inline)]
    pub period: PeriodBody,
    pub items: Vec<TopSourceBody>,
}
