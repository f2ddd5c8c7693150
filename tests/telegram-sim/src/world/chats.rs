//! Chats and what somebody is in them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::control::ChatKind;
use crate::rights::{AdminRights, Permissions};

/// What somebody is in a chat. `until_date` in Unix seconds, 0 = for ever.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    Creator { is_anonymous: bool },
    Administrator { rights: AdminRights, promoted_by: i64 },
    Member,
    Restricted { is_member: bool, permissions: Permissions, until_date: i64 },
    Left,
    Kicked { until_date: i64 },
}

impl Status {
    /// What this status has become by `now` (Unix seconds): bans and restrictions end by themselves, silently.
    pub fn at(self, now: i64) -> Self {
        match self {
            Self::Kicked { until_date } if ended(until_date, now) => Self::Left,
            Self::Restricted { is_member, until_date, .. } if ended(until_date, now) => {
                if is_member {
                    Self::Member
                } else {
                    Self::Left
                }
            }
            other => other,
        }
    }

    pub fn is_present(&self) -> bool {
        match self {
            Self::Left | Self::Kicked { .. } => false,
            Self::Restricted { is_member, .. } => *is_member,
            _ => true,
        }
    }

    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Creator { .. } | Self::Administrator { .. })
    }

    pub fn is_anonymous(&self) -> bool {
        match self {
            Self::Creator { is_anonymous } => *is_anonymous,
            Self::Administrator { rights, .. } => rights.is_anonymous,
            _ => false,
        }
    }

    /// The rights of an administrator; the owner has all of them.
    pub fn rights(&self) -> AdminRights {
        match self {
            Self::Creator { .. } => AdminRights::all(),
            Self::Administrator { rights, .. } => *rights,
            _ => AdminRights::default(),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Creator { .. } => "creator",
            Self::Administrator { .. } => "administrator",
            Self::Member => "member",
            Self::Restricted { .. } => "restricted",
            Self::Left => "left",
            Self::Kicked { .. } => "kicked",
        }
    }

    pub fn until_date(&self) -> Option<i64> {
        match self {
            Self::Restricted { until_date, .. } | Self::Kicked { until_date } => Some(*until_date),
            _ => None,
        }
    }

    /// The Bot API's `ChatMember`; `bot` = the id of the bot that asks.
    pub fn json(&self, user: Value, bot: i64) -> Value {
        let mut json = json!({"status": self.name(), "user": user});
        match self {
            Self::Creator { is_anonymous } => json["is_anonymous"] = json!(is_anonymous),
            Self::Administrator { rights, promoted_by } => {
                json["can_be_edited"] = json!(*promoted_by == bot);
                merge(&mut json, json!(rights));
            }
            Self::Restricted { is_member, permissions, .. } => {
                json["is_member"] = json!(is_member);
                merge(&mut json, json!(permissions));
            }
            Self::Member | Self::Left | Self::Kicked { .. } => {}
        }
        if let Some(until_date) = self.until_date() {
            json["until_date"] = json!(until_date);
        }
        json
    }
}

fn ended(until_date: i64, now: i64) -> bool {
    until_date != 0 && until_date <= now
}

/// Copies the fields of the object `from` into the object `into`.
pub fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

/// The Bot API's `Community`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Community {
    /// At most 52 bits.
    pub id: i64,
    pub name: String,
}

/// Whether a chat can still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    Active,
    Deleted,
    /// Upgraded to the supergroup with this id.
    MigratedTo(i64),
}

#[derive(Debug, Clone, Serialize)]
pub struct Chat {
    pub id: i64,
    pub kind: ChatKind,
    pub title: String,
    pub username: Option<String>,
    pub owner: i64,
    pub life: Life,
    pub forum: bool,
    /// `message_thread_id` → closed?
    pub topics: BTreeMap<i64, bool>,
    pub members: BTreeMap<i64, Status>,
    pub join_requests: Vec<i64>,
    /// The bot answers those who ask to be let in, before the admins see them.
    pub guarded: bool,
    pub community: Option<Community>,
    /// Somebody threw the bot out of a basic group, where the status only says that it is not there.
    pub bot_was_removed: bool,
    /// The server is older than Bot API 10.2 here.
    pub ignores_ephemeral: bool,
}

impl Chat {
    /// What `user` is at `now` (Unix seconds). Who was never there has left.
    pub fn status(&self, user: i64, now: i64) -> Status {
        self.members.get(&user).map_or(Status::Left, |status| status.at(now))
    }

    /// The word of the error messages: `group`, `supergroup` or `channel`.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            ChatKind::Supergroup => "supergroup",
            ChatKind::Group => "group",
            ChatKind::Channel => "channel",
        }
    }

    /// The Bot API's `Chat`.
    pub fn json(&self) -> Value {
        let mut json = json!({"id": self.id, "type": self.kind_name(), "title": self.title});
        if let Some(username) = &self.username {
            json["username"] = json!(username);
        }
        if self.forum {
            json["is_forum"] = json!(true);
        }
        json
    }
}
