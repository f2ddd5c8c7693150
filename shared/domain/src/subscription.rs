//! Who follows which source from which chat.

use crate::ban::derive;
use crate::ids::{ChatId, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Subscriptions an admin may have at a time, over all chats.
pub const MAX_PER_ADMIN: u32 = 100;

/// Whose bans are followed. Written `user:<id>`; `chat:<id>` and `admin:<id>` are reserved for following a chat's or a moderator's
/// decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Bans of this person, wherever the bot sees them.
    User(UserId),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
        }
    }
}

/// The text is no source that can be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a source is written user:<id>")]
pub struct NotASource;

impl FromStr for Source {
    type Err = NotASource;

    fn from_str(text: &str) -> Result<Self, NotASource> {
        let id = text.strip_prefix("user:").ok_or(NotASource)?;
        id.parse().map(|id| Self::User(UserId(id))).map_err(|_| NotASource)
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One admin, in one chat, follows one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub admin_user_id: UserId,
    pub admin_chat_id: ChatId,
    pub source: Source,
}

impl Subscription {
    /// The same for the same admin, chat and source.
    pub fn id(&self) -> Uuid {
        derive(&["subscription", &self.admin_user_id.0.to_string(), &self.admin_chat_id.0.to_string(), &self.source.to_string()])
    }

    /// May this be followed at all? Limits and uniqueness are the store's to keep.
    pub fn check(&self, bot: UserId) -> Result<(), CannotFollow> {
        let Source::User(user) = self.source;
        if user == self.admin_user_id {
            Err(CannotFollow::Yourself)
        } else if user == bot {
            Err(CannotFollow::Bot)
        } else if user.is_reserved() || user.0 <= 0 {
            Err(CannotFollow::NotAPerson)
        } else {
            Ok(())
        }
    }
}

/// What is done in a chat when a source that is followed from it bans somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Ban here too.
    #[default]
    Auto,
    /// Ask the admins first.
    Confirm,
    /// Only tell the admins.
    Notify,
}

impl Mode {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Confirm, Self::Notify];

    /// Of what two admins of a chat want, that which does more.
    pub fn stronger(self, other: Self) -> Self {
        match (self, other) {
            (Self::Auto, _) | (_, Self::Auto) => Self::Auto,
            (Self::Confirm, _) | (_, Self::Confirm) => Self::Confirm,
            (Self::Notify, Self::Notify) => Self::Notify,
        }
    }

    /// Of what an admin and the chat want, that which does less.
    pub fn weaker(self, other: Self) -> Self {
        match (self, other) {
            (Self::Notify, _) | (_, Self::Notify) => Self::Notify,
            (Self::Confirm, _) | (_, Self::Confirm) => Self::Confirm,
            (Self::Auto, Self::Auto) => Self::Auto,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Confirm => "confirm",
            Self::Notify => "notify",
        }
    }
}

/// Why somebody cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotFollow {
    #[error("you cannot follow yourself")]
    Yourself,
    #[error("the bot itself cannot be followed")]
    Bot,
    #[error("this id stands for no single person")]
    NotAPerson,
    /// Told by Telegram, not by [`Subscription::check`]: a ban of an admin could not be carried into his own chat.
    #[error("this person is an administrator of the chat")]
    ChatAdmin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_back_as_it_was_written_and_nothing_else_reads() {
        let source = Source::User(UserId(42));
        assert_eq!(source.to_string().parse(), Ok(source));
        for text in ["42", "user:", "user:x", "chat:-100", "admin:1", ""] {
            assert_eq!(text.parse::<Source>(), Err(NotASource), "{text}");
        }
    }

    #[test]
    fn of_two_modes_the_stronger_and_the_weaker_are_told_apart() {
        for (at, mode) in Mode::ALL.into_iter().enumerate() {
            for &other in &Mode::ALL[at..] {
                assert_eq!((mode.stronger(other), other.stronger(mode)), (mode, mode));
                assert_eq!((mode.weaker(other), other.weaker(mode)), (other, other));
            }
        }
    }

    #[test]
    fn oneself_the_bot_and_the_reserved_ids_cannot_be_followed() {
        let follow = |user| {
            let subscription = Subscription { admin_user_id: UserId(1), admin_chat_id: ChatId(-1), source: Source::User(user) };
            subscription.check(UserId(99))
        };
        assert_eq!(follow(UserId(1)), Err(CannotFollow::Yourself));
        assert_eq!(follow(UserId(99)), Err(CannotFollow::Bot));
        assert_eq!(follow(UserId::ANONYMOUS_ADMIN), Err(CannotFollow::NotAPerson));
        assert_eq!(follow(UserId(-1001)), Err(CannotFollow::NotAPerson));
        assert_eq!(follow(UserId(2)), Ok(()));
    }
}
