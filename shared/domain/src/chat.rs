//! A chat: whether the bot can act in it. How its admins want bans carried over is in [`crate::settings`].

use crate::ids::{ChatId, UserId};
use crate::member::{Member, Status};
use crate::settings::ChatSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most people, and the most sources, that a chat may ignore: its item is read with every ban.
pub const MOST_IGNORED: usize = 500;

/// The most sources that a chat knows. What comes from another one is asked about each time.
pub const MOST_KNOWN: usize = 500;

/// Parts into which chats are divided by their ids: in each hour of a day the bot looks at its rights in the chats of one.
pub const CHECK_SHARDS: u8 = 24;

/// The part that a chat belongs to, which is the hour (UTC) of its check. Stored with the chat: it must not change.
pub fn check_shard(chat: ChatId) -> u8 {
    // Fibonacci hashing: ids that rise by a fixed step are spread as evenly as any.
    let spread = chat.0.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    (spread % u64::from(CHECK_SHARDS)) as u8
}

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

    /// Is the bot in the chat, as far as is known? Then its rights there are looked at once a day.
    pub fn is_present(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }
}

/// Chats that belong together: whoever may ban in it bans in all of them at once (Bot API 10.2, `Community`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Community {
    /// At most 52 bits.
    pub id: i64,
    pub name: String,
}

/// What the sync and its messages need to know of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    pub chat_id: ChatId,
    pub title: Option<String>,
    pub state: ChatState,
    pub migrated_to: Option<ChatId>,
    /// The group that this supergroup was.
    pub migrated_from: Option<ChatId>,
    pub settings: ChatSettings,
    pub ignores: Ignores,
    /// Sources whose bans were carried into the chat, or were let in by its admins.
    pub known_sources: BTreeSet<ChatId>,
}

/// Whom and what a chat's admins keep out of the bans that are carried into it: stronger than any source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignores {
    /// Never banned here by us.
    pub users: BTreeSet<UserId>,
    /// Chats whose bans are never carried over to here.
    pub sources: BTreeSet<ChatId>,
}

impl Chat {
    /// Is a ban of this person by this source kept out?
    pub fn ignores(&self, user: UserId, source: ChatId) -> bool {
        self.ignores.users.contains(&user) || self.ignores.sources.contains(&source)
    }

    /// Has it had bans of this source?
    pub fn knows(&self, source: ChatId) -> bool {
        self.known_sources.contains(&source)
    }
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
        let bot = |status, can_restrict| Member { can_restrict, ..Member::of(status) };
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

    #[test]
    fn a_chats_check_has_the_same_hour_every_day_and_each_hour_has_its_share_of_chats() {
        assert_eq!([-1, -1_001_234_567_890, -1_002_100_000_001].map(|chat| check_shard(ChatId(chat))), [6, 16, 8]);
        for step in [1, 2, 24, 1000, 4096] {
            let mut chats = [0; CHECK_SHARDS as usize];
            for n in 0..24_000 {
                chats[usize::from(check_shard(ChatId(-1_001_000_000_000 - n * step)))] += 1;
            }
            assert!(chats.iter().all(|chats| (800..1200).contains(chats)), "ids in steps of {step}: {chats:?}");
        }
    }
}
