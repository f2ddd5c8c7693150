//! A chat: whether the bot can act in it, and how its admins want bans carried over.

use crate::ids::ChatId;
use crate::member::{Member, Status};
use serde::{Deserialize, Serialize};

/// Can the bot act in this chat?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// The bot is an administrator who may ban.
    Active,
    /// The bot is in the chat and may not ban: no bans are carried into it until its rights come back.
    Suspended,
    /// The bot is not in the chat, or the chat is gone.
    Removed,
    /// A basic group that became a supergroup with another id.
    Migrated,
}

impl ChatState {
    /// From the bot's own membership; `None` for a status that is not known.
    pub fn of_bot(bot: &Member) -> Option<Self> {
        Some(match bot.status {
            Status::Creator | Status::Administrator if bot.may_ban() => Self::Active,
            Status::Creator | Status::Administrator | Status::Member | Status::Restricted => Self::Suspended,
            Status::Left | Status::Kicked => Self::Removed,
            Status::Unknown => return None,
        })
    }
}

/// Which ban a chat takes over from the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncBanType {
    /// Until the source's ban ends.
    #[default]
    Same,
    Permanent,
    /// For [`ChatSettings::ban_duration_seconds`] from the moment it is applied.
    Temporary,
}

/// How bans are carried into a chat. The defaults hold for a chat whose admins never chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatSettings {
    pub sync_ban_type: SyncBanType,
    /// For [`SyncBanType::Temporary`].
    pub ban_duration_seconds: i64,
    /// Pause between the source's ban and the one here; at least the settle time is kept anyway.
    pub sync_delay_seconds: i64,
    pub auto_sync_enabled: bool,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self { sync_ban_type: SyncBanType::Same, ban_duration_seconds: 24 * 3600, sync_delay_seconds: 0, auto_sync_enabled: true }
    }
}

/// What the sync and its messages need to know of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    pub chat_id: ChatId,
    pub title: Option<String>,
    pub state: ChatState,
    pub migrated_to: Option<ChatId>,
    pub settings: ChatSettings,
}

/// What the bot lost in a chat, and through what it was noticed; rides in `chat.suspended` and `chat.removed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Telegram told the bot of a change of its own membership.
    Membership,
    /// A call failed during a sync; the sync's own report tells the admins.
    Sync,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bot_can_act_only_as_an_administrator_who_may_ban() {
        let bot = |status, can_restrict| Member { status, until: None, permissions: 0, can_restrict };
        for (status, can_restrict, expected) in [
            (Status::Administrator, true, Some(ChatState::Active)),
            (Status::Creator, false, Some(ChatState::Active)),
            (Status::Administrator, false, Some(ChatState::Suspended)),
            (Status::Member, true, Some(ChatState::Suspended)),
            (Status::Restricted, false, Some(ChatState::Suspended)),
            (Status::Left, false, Some(ChatState::Removed)),
            (Status::Kicked, false, Some(ChatState::Removed)),
            (Status::Unknown, true, None),
        ] {
            assert_eq!(ChatState::of_bot(&bot(status, can_restrict)), expected, "{status:?} {can_restrict}");
        }
    }
}
