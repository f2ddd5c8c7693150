//! Users, and the ids that are nobody's account.

use serde::Serialize;
use serde_json::{Value, json};

use crate::control::NewUser;

/// The author of what anonymous administrators do (`@GroupAnonymousBot`).
pub const ANONYMOUS_ADMIN: i64 = 1_087_968_824;
/// The author of what channels write in groups (`@Channel_Bot`).
pub const CHANNEL_AUTHOR: i64 = 136_817_688;
/// Telegram's own account, which forwards posts of linked channels.
pub const TELEGRAM: i64 = 777_000;

/// A Telegram account and what it is to the bot.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    pub id: i64,
    pub is_bot: bool,
    pub first_name: String,
    pub last_name: Option<String>,
    pub username: Option<String>,
    pub language_code: Option<String>,
    /// Has written to the bot in private at least once.
    pub started: bool,
    pub blocked: bool,
    pub deleted: bool,
}

impl User {
    pub fn new(id: i64, new: NewUser) -> Self {
        Self {
            id,
            is_bot: new.is_bot,
            first_name: new.first_name,
            last_name: new.last_name,
            username: new.username,
            language_code: new.language_code,
            started: new.started,
            blocked: false,
            deleted: false,
        }
    }

    /// The accounts that exist without anybody having made them.
    pub fn special() -> [Self; 3] {
        let of = |id, first_name: &str, username: Option<&str>, is_bot| {
            let username = username.map(str::to_owned);
            Self::new(id, NewUser { username, is_bot, ..NewUser::named(first_name) })
        };
        [
            of(ANONYMOUS_ADMIN, "Group", Some("GroupAnonymousBot"), true),
            of(CHANNEL_AUTHOR, "Channel", Some("Channel_Bot"), true),
            of(TELEGRAM, "Telegram", None, false),
        ]
    }

    /// First and last name.
    pub fn name(&self) -> String {
        match &self.last_name {
            Some(last) => format!("{} {last}", self.first_name),
            None => self.first_name.clone(),
        }
    }

    /// The Bot API's `User`.
    pub fn json(&self) -> Value {
        let mut json = json!({"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name});
        for (key, value) in [("last_name", &self.last_name), ("username", &self.username), ("language_code", &self.language_code)] {
            if let Some(value) = value {
                json[key] = json!(value);
            }
        }
        json
    }

    /// The Bot API's `Chat` of the private chat with this user.
    pub fn chat_json(&self) -> Value {
        let mut json = json!({"id": self.id, "type": "private", "first_name": self.first_name});
        for (key, value) in [("last_name", &self.last_name), ("username", &self.username)] {
            if let Some(value) = value {
                json[key] = json!(value);
            }
        }
        json
    }
}
