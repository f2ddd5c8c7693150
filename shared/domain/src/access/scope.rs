//! Scopes: what a caller may do, written `<concern>:read` or `<concern>:write`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    Subscriptions,
    /// People, chats and their admins.
    Users,
    /// Ban events.
    Bans,
    /// Calls of the Bot API.
    Telegram,
    Sync,
    Notifications,
    Analytics,
    /// Who changed what by the API.
    Audit,
}

impl Concern {
    pub const ALL: [Self; 8] =
        [Self::Subscriptions, Self::Users, Self::Bans, Self::Telegram, Self::Sync, Self::Notifications, Self::Analytics, Self::Audit];

    pub fn name(self) -> &'static str {
        match self {
            Self::Subscriptions => "subscriptions",
            Self::Users => "users",
            Self::Bans => "bans",
            Self::Telegram => "telegram",
            Self::Sync => "sync",
            Self::Notifications => "notifications",
            Self::Analytics => "analytics",
            Self::Audit => "audit",
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no concern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the concerns are {}", Concern::ALL.map(Concern::name).join(", "))]
pub struct NotAConcern;

impl FromStr for Concern {
    type Err = NotAConcern;

    fn from_str(text: &str) -> Result<Self, NotAConcern> {
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or(NotAConcern)
    }
}

/// What may be done with a concern. Writing does not include reading: a program that only reports bans need not see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    Read,
    Write,
}

impl Right {
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// One right in one concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    pub concern: Concern,
    pub right: Right,
}

impl Scope {
    /// Every scope there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Concern::ALL.into_iter().flat_map(|concern| Right::ALL.map(|right| Self { concern, right }))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.concern, self.right.name())
    }
}

/// The text is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is written <concern>:read or <concern>:write; the concerns are {}", Concern::ALL.map(Concern::name).join(", "))]
pub struct NotAScope;

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        let (concern, right) = text.split_once(':').ok_or(NotAScope)?;
        let concern = concern.parse().map_err(|_| NotAScope)?;
        let right = Right::ALL.into_iter().find(|known| known.name() == right).ok_or(NotAScope)?;
        Ok(Self { concern, right })
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of scopes. Written with a space between them, as OAuth 2.0 does (RFC 6749, section 3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Those of `wanted` that are not among these.
    pub fn missing(&self, wanted: &Self) -> Self {
        Self(&wanted.0 - &self.0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            scope.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        text.split_ascii_whitespace().map(str::parse).collect()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap()
    }

    #[test]
    fn every_scope_reads_back_as_it_was_written() {
        for scope in Scope::all() {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
    }

    #[test]
    fn nothing_else_is_a_scope() {
        for text in ["", "users", "users:", ":read", "users:delete", "people:read", "users:read ", "Users:read", "users:read:all", "*"] {
            assert_eq!(text.parse::<Scope>(), Err(NotAScope), "{text:?}");
        }
        assert_eq!("users:read nobody:write".parse::<Scopes>(), Err(NotAScope));
    }

    #[test]
    fn a_set_is_written_once_each_with_single_spaces() {
        assert_eq!(scopes(" bans:write  users:read users:read ").to_string(), "users:read bans:write");
        assert_eq!(scopes("").to_string(), "");
        assert!(scopes(" ").is_empty());
    }

    #[test]
    fn writing_does_not_include_reading() {
        let writing = scopes("bans:write");
        assert!(!writing.contains(Scope { concern: Concern::Bans, right: Right::Read }));
        assert_eq!(writing.missing(&scopes("bans:read bans:write sync:read")), scopes("bans:read sync:read"));
    }
}
