//! The values the control API takes and gives. Ids are Telegram's (`i64`); `*_ms` are Unix milliseconds,
//! `until_date` Unix seconds with 0 = for ever.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rights::AdminRights;

/// Somebody with a Telegram account. `started` = has already opened the bot's private chat (no update is sent for it).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewUser {
    pub first_name: String,
    pub last_name: Option<String>,
    pub username: Option<String>,
    pub language_code: Option<String>,
    pub is_bot: bool,
    pub started: bool,
}

impl NewUser {
    /// A human with this first name and nothing else.
    pub fn named(first_name: &str) -> Self {
        Self {
            first_name: first_name.to_owned(),
            ..Self::default()
        }
    }
}

/// The kinds of chats with members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    #[default]
    Supergroup,
    /// A basic group: no bans, no restrictions; may be upgraded (see [`Control::migrate`](super::Control::migrate)).
    Group,
    Channel,
}

/// What the bot is in a chat. In JSON `"absent"`, `"member"` or `{"administrator": {"can_restrict_members": true, …}}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotRole {
    #[default]
    Absent,
    Member,
    Administrator(AdminRights),
}

/// A chat to create. `admins` get [`AdminRights::moderator`]; owner and admins need not be listed as members.
/// When the bot is in it, the bot receives `my_chat_member` from the owner, as if just added.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewChat {
    pub title: String,
    pub kind: ChatKind,
    /// A public name, without `@`.
    pub username: Option<String>,
    pub owner: i64,
    pub admins: Vec<i64>,
    pub members: Vec<i64>,
    pub bot: BotRole,
    pub forum: bool,
}

impl NewChat {
    /// A supergroup with nobody in it but the owner.
    pub fn supergroup(title: &str, owner: i64) -> Self {
        Self {
            title: title.to_owned(),
            owner,
            ..Self::default()
        }
    }

    /// A basic group with nobody in it but the owner.
    pub fn group(title: &str, owner: i64) -> Self {
        Self {
            kind: ChatKind::Group,
            ..Self::supergroup(title, owner)
        }
    }

    #[must_use]
    pub fn admins(mut self, admins: &[i64]) -> Self {
        self.admins = admins.to_vec();
        self
    }

    #[must_use]
    pub fn members(mut self, members: &[i64]) -> Self {
        self.members = members.to_vec();
        self
    }

    #[must_use]
    pub fn bot(mut self, role: BotRole) -> Self {
        self.bot = role;
        self
    }
}

/// What a message is besides its text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SayOptions {
    /// `message_id` of the answered message of the same chat.
    pub reply_to: Option<i64>,
    /// Words of the text that are links to users without a username (`text_mention`).
    pub text_mentions: Vec<TextMention>,
    /// Where the message was forwarded from.
    pub forward: Option<Forward>,
    pub thread_id: Option<i64>,
    /// Written in the name of this channel (from = 136817688, `sender_chat` = the channel).
    pub as_channel: Option<i64>,
    /// Further `MessageEntity` objects, passed on as they are.
    pub entities: Vec<Value>,
}

/// The first occurrence of `text` in the message is a link to `user`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TextMention {
    pub text: String,
    pub user: i64,
}

/// The `forward_origin` of a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forward {
    User(i64),
    /// The author hides behind his name: no id is sent.
    HiddenUser(String),
    Chat(i64),
}

/// An inline button as a user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    pub text: String,
    #[serde(default)]
    pub callback_data: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
}

/// A message as a user sees it, oldest first. `from` is the visible author (the bot's id, 1087968824 for an
/// anonymous admin, …).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    pub at_ms: i64,
    pub edited_at_ms: Option<i64>,
    pub message_id: i64,
    /// The id of the user himself in the private chat with the bot.
    pub chat_id: i64,
    /// The title of the chat; for the private chat the bot's name.
    pub chat_title: String,
    pub private: bool,
    pub from: i64,
    pub from_name: String,
    /// Without markup.
    pub text: String,
    /// As the bot sent it (equal to `text` without a parse mode).
    pub html: String,
    pub buttons: Vec<Vec<Button>>,
    /// The whole `reply_markup` (for keyboards that are no inline buttons).
    pub reply_markup: Option<Value>,
    pub reply_to: Option<i64>,
    pub thread_id: Option<i64>,
    pub deleted: bool,
}

impl Seen {
    /// The `callback_data` of the first button whose label contains `label`.
    pub fn data_of(&self, label: &str) -> Option<&str> {
        let button = self
            .buttons
            .iter()
            .flatten()
            .find(|b| b.text.contains(label))?;
        button.callback_data.as_deref()
    }
}

/// What the bot answered to a pressed button. `answered` is false when it did not within the time given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressed {
    pub query_id: String,
    pub answered: bool,
    pub text: Option<String>,
    pub show_alert: bool,
}

/// What somebody is in a chat, as `getChatMember` would say it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberState {
    /// `creator`, `administrator`, `member`, `restricted`, `left` or `kicked`.
    pub status: String,
    /// 0 = for ever; `None` where the status has no end.
    pub until_date: Option<i64>,
    pub is_member: bool,
}

/// One call of the Bot API, in the order of their arrival.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    pub at_ms: i64,
    pub method: String,
    pub chat_id: Option<i64>,
    pub user_id: Option<i64>,
    /// The parameters, without the webhook secret.
    pub params: Value,
    /// Whether the bot was told that it worked.
    pub ok: bool,
    /// Whether the call was carried out, whatever the bot was told.
    pub done: bool,
    pub error_code: Option<u16>,
    pub description: Option<String>,
    /// The injected fault that answered.
    pub fault: Option<u64>,
    /// Came as the answer to a webhook delivery instead of as a request.
    pub in_webhook_answer: bool,
}

/// Which calls to list; `None` = any.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFilter {
    pub method: Option<String>,
    pub chat_id: Option<i64>,
    pub user_id: Option<i64>,
    pub ok: Option<bool>,
    pub since_ms: Option<i64>,
}

impl CallFilter {
    /// The calls of one method.
    pub fn method(method: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn chat(mut self, chat: i64) -> Self {
        self.chat_id = Some(chat);
        self
    }

    #[must_use]
    pub fn user(mut self, user: i64) -> Self {
        self.user_id = Some(user);
        self
    }

    #[must_use]
    pub fn ok(mut self, ok: bool) -> Self {
        self.ok = Some(ok);
        self
    }
}

/// How many calls there were since the start or the last reset.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CallCounts {
    pub total: u64,
    pub failed: u64,
    pub too_many_requests: u64,
    /// Calls that came although a `retry_after` given to the bot had not run out.
    pub calls_during_flood_wait: u64,
    pub by_method: BTreeMap<String, u64>,
}

/// The limits of the server and how quick it is. Everything is off by default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Calls a second in all (Telegram: about 30).
    pub calls_per_second: Option<u32>,
    /// Messages a second to one chat (Telegram: about 1).
    pub messages_per_chat_per_second: Option<u32>,
    /// Messages a minute to one group (Telegram: about 20).
    pub messages_per_group_per_minute: Option<u32>,
    /// Every call takes this long at least, in milliseconds.
    pub latency_ms: u64,
    /// Calls this soon after a 429 was given (milliseconds) are refused but not counted as
    /// `calls_during_flood_wait`: they were on their way already.
    pub flood_grace_ms: u64,
}

/// An injected fault: which calls it meets and what it does to them. Every condition given must hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub chat_id: Option<i64>,
    #[serde(default)]
    pub user_id: Option<i64>,
    /// Fires this many times, then never again.
    #[serde(default)]
    pub times: Option<u32>,
    /// Fires at every nth matching call: 3 = at the 3rd, 6th, …
    #[serde(default)]
    pub every: Option<u32>,
    /// Fires with this probability, 0.0–1.0, in an order fixed by `seed`.
    #[serde(default)]
    pub probability: Option<f64>,
    #[serde(default)]
    pub seed: u64,
    /// The call is carried out and its answer replaced; otherwise it is not carried out.
    #[serde(default)]
    pub after_effect: bool,
    pub action: FaultAction,
}

/// What the bot gets instead of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultAction {
    /// 429 with `retry_after` in seconds. Until then every call is refused the same way, or every call about the
    /// same chat only.
    TooManyRequests {
        retry_after: u64,
        #[serde(default)]
        same_chat_only: bool,
    },
    /// Any error answer in Telegram's form.
    Error {
        code: u16,
        description: String,
        #[serde(default)]
        parameters: Option<Value>,
    },
    /// No answer for this long, then the connection is closed.
    Hang { ms: u64 },
    /// The connection is closed at once.
    Close,
    /// A page of some proxy instead of JSON.
    Html { code: u16, body: String },
    /// The true answer, but this much later.
    Slow { ms: u64 },
}

impl Fault {
    /// A fault that meets every call; narrow it with the other methods.
    pub fn new(action: FaultAction) -> Self {
        Self {
            method: None,
            chat_id: None,
            user_id: None,
            times: None,
            every: None,
            probability: None,
            seed: 0,
            after_effect: false,
            action,
        }
    }

    /// 429 `Too Many Requests: retry after N` (seconds).
    pub fn too_many_requests(retry_after: u64) -> Self {
        Self::new(FaultAction::TooManyRequests {
            retry_after,
            same_chat_only: false,
        })
    }

    /// An error answer; `description` with its prefix, e.g. `Bad Request: chat not found`.
    pub fn error(code: u16, description: &str) -> Self {
        Self::new(FaultAction::Error {
            code,
            description: description.to_owned(),
            parameters: None,
        })
    }

    /// 500 `Internal Server Error`.
    pub fn internal_server_error() -> Self {
        Self::error(500, "Internal Server Error")
    }

    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    #[must_use]
    pub fn chat(mut self, chat: i64) -> Self {
        self.chat_id = Some(chat);
        self
    }

    #[must_use]
    pub fn user(mut self, user: i64) -> Self {
        self.user_id = Some(user);
        self
    }

    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    #[must_use]
    pub fn every(mut self, nth: u32) -> Self {
        self.every = Some(nth);
        self
    }

    #[must_use]
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.probability = Some(probability);
        self.seed = seed;
        self
    }

    /// Carry the call out, lose its answer.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }
}

/// A fault and how often it met and fired.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FaultReport {
    pub id: u64,
    pub matched: u64,
    pub fired: u64,
    pub fault: Fault,
}

/// An update on its way to the bot, or there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    pub update_id: u32,
    /// `message`, `chat_member`, …
    pub kind: String,
    /// The queue it waits in; updates of one queue never overtake each other.
    pub queue: String,
    pub state: DeliveryState,
    pub created_ms: i64,
    pub accepted_ms: Option<i64>,
    pub attempts: u32,
    /// HTTP status of the last attempt; `None` when there was none or no answer.
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
    pub body: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Pending,
    Accepted,
    /// Not accepted for 24 h, or dropped by `drop_pending_updates`.
    Dropped,
}
