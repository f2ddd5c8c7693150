//! Texts of notifications that an operator can word anew.

use crate::settings::Topic;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest text of a template, in bytes: what it makes is to have room in a message.
pub const LONGEST_SOURCE: usize = 4096;

/// The longest value of a placeholder that a caller gives, in characters.
pub const LONGEST_VALUE: usize = 1000;

/// One text, in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateId {
    /// Somebody was banned in a source.
    BanDetected,
    /// It was carried over.
    SyncSuccess,
    /// It could not be.
    SyncFailed,
    /// The recipient follows somebody new.
    SubscriptionCreated,
    /// The recipient follows as many as they may.
    LimitReached,
    /// Whatever an operator has to say.
    System,
}

impl TemplateId {
    pub const ALL: [Self; 6] =
        [Self::BanDetected, Self::SyncSuccess, Self::SyncFailed, Self::SubscriptionCreated, Self::LimitReached, Self::System];

    pub fn name(self) -> &'static str {
        match self {
            Self::BanDetected => "ban_detected",
            Self::SyncSuccess => "sync_success",
            Self::SyncFailed => "sync_failed",
            Self::SubscriptionCreated => "subscription_created",
            Self::LimitReached => "limit_reached",
            Self::System => "system",
        }
    }

    /// What a text may name, each of which has a value wherever the text is used.
    pub fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::BanDetected => &["username", "user_id", "chat_name", "reason", "timestamp"],
            Self::SyncSuccess => &["username", "user_id", "chat_name"],
            Self::SyncFailed => &["username", "user_id", "chat_name", "error"],
            Self::SubscriptionCreated => &["username", "user_id", "chat_name"],
            Self::LimitReached => &["count"],
            Self::System => &["text"],
        }
    }

    /// The subject by which a recipient chooses when such a message comes.
    pub fn topic(self) -> Topic {
        match self {
            Self::BanDetected => Topic::UserBanned,
            Self::SyncSuccess => Topic::BanSynced,
            Self::SyncFailed => Topic::SyncError,
            Self::SubscriptionCreated => Topic::SubscriptionCreated,
            Self::LimitReached => Topic::LimitReached,
            Self::System => Topic::System,
        }
    }
}

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such template; there are {}", TemplateId::ALL.map(TemplateId::name).join(", "))]
pub struct NoTemplate;

impl FromStr for TemplateId {
    type Err = NoTemplate;

    fn from_str(text: &str) -> Result<Self, NoTemplate> {
        Self::ALL.into_iter().find(|id| id.name() == text).ok_or(NoTemplate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_named_as_it_is_written_in_json() {
        for id in TemplateId::ALL {
            assert_eq!(serde_json::to_value(id).unwrap(), id.name());
            assert_eq!(id.name().parse(), Ok(id));
        }
        assert_eq!("ban_detected ".parse::<TemplateId>(), Err(NoTemplate));
    }
}
