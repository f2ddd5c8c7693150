//! How a chat can end in a sync, and why.

use crate::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Result of the decision in one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status", content = "reason")]
pub enum Outcome {
    /// Done by this sync: banned, or the ban taken back.
    Applied,
    /// Was banned there before, at least as long.
    Already,
    Skipped(Reason),
    Failed(Reason),
}

impl Outcome {
    /// `applied`, `already`, `skipped`, `failed`.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Already => "already",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Skipped(reason) | Self::Failed(reason) => Some(*reason),
            Self::Applied | Self::Already => None,
        }
    }

    /// The chat's admins are asked, and this is the answer until they have answered.
    pub fn is_question(&self) -> bool {
        matches!(self, Self::Skipped(Reason::Asked | Reason::NewSource | Reason::Held | Reason::Flooded))
    }

    /// It was not done in its time, and may yet be.
    pub fn is_timed_out(&self) -> bool {
        matches!(self, Self::Failed(Reason::TimedOut))
    }

    /// The person is to be banned when he comes.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Skipped(Reason::UnknownUser))
    }
}

/// Why a chat was skipped or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The chat's admins are asked first.
    Asked,
    /// The chat has never had a ban from this source: its admins are asked first.
    NewSource,
    /// The source bans more than anybody should without being asked: the chat's admins are asked first.
    Held,
    /// So many of the chat's members were banned within the hour that its admins are asked first, whatever was let go on elsewhere.
    Flooded,
    /// The chat's own delay runs; then there is a sync of its own.
    Delayed,
    /// The chat's admins switched automatic bans off; they are told of the ban.
    AutoSyncOff,
    /// Who follows the person from this chat only wants to be told.
    NotifyOnly,
    /// The chat's admins keep this person, or the source, out of its bans.
    Ignored,
    /// The decision in the source was taken back or replaced before it was carried over.
    Lifted,
    /// The sync was taken back before this chat's turn.
    Undone,
    /// Less of the ban is left than Telegram can express.
    EndsTooSoon,
    /// The source's ban is so short that it is a kick to this chat.
    Kick,
    /// The person is an administrator or the owner there.
    IsAdmin,
    /// It is a bot, and the chat's admins ask that bots be left alone.
    IsBot,
    /// An admin of the chat has decided otherwise since.
    LocalDecision,
    /// The ban that stands there is none of ours.
    NotOurs,
    /// No ban stands there.
    NotBanned,
    /// Another source's ban stands, and the one here with it.
    StillBanned,
    /// Telegram knows no such person, or has deleted the account; in a basic group: he is not there now.
    UnknownUser,
    /// This kind of chat has no such bans.
    NotSupported,
    /// The bot may not ban there.
    NoRights,
    /// The bot is not in the chat, or the chat is gone.
    ChatGone,
    /// Telegram did not do it in the tries it has.
    TelegramError,
    /// It was not done in the time that it has.
    TimedOut,
}

impl Reason {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::NewSource => "new_source",
            Self::Held => "held",
            Self::Flooded => "flooded",
            Self::Delayed => "delayed",
            Self::AutoSyncOff => "auto_sync_off",
            Self::NotifyOnly => "notify_only",
            Self::Ignored => "ignored",
            Self::Lifted => "lifted",
            Self::Undone => "undone",
            Self::EndsTooSoon => "ends_too_soon",
            Self::Kick => "kick",
            Self::IsAdmin => "is_admin",
            Self::IsBot => "is_bot",
            Self::LocalDecision => "local_decision",
            Self::NotOurs => "not_ours",
            Self::NotBanned => "not_banned",
            Self::StillBanned => "still_banned",
            Self::UnknownUser => "unknown_user",
            Self::NotSupported => "not_supported",
            Self::NoRights => "no_rights",
            Self::ChatGone => "chat_gone",
            Self::TelegramError => "telegram_error",
            Self::TimedOut => "timed_out",
        }
    }
}

/// One chat's result, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetResult {
    pub chat_id: ChatId,
    /// The admins who are told.
    pub admins: Vec<UserId>,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The question that the chat's admins are asked: see [`crate::question`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Uuid>,
}

impl TargetResult {
    pub fn new(chat_id: ChatId, admins: Vec<UserId>, outcome: Outcome) -> Self {
        Self { chat_id, admins, outcome, question: None }
    }
}
