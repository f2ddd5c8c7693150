//! What a test can put in the bot's way.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The limits of the server and how quick it is. By default those of Telegram (Bot FAQ, "My bot is hitting limits"), and no delay; whoever
/// sets them names what differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Calls of any kind a second. Telegram names no such limit. The 429 for one too many begins no flood wait: calls on their way
    /// beside it are no offence.
    pub calls_per_second: Option<u32>,
    /// Messages a second to all chats ("no more than 30 messages per second"). The 429 is as that of calls.
    pub messages_per_second: Option<u32>,
    /// Messages a second to one chat ("avoid sending more than one message per second") in the long run.
    pub messages_per_chat_per_second: Option<u32>,
    /// So many messages to one chat may come at once ("we may allow short bursts that go over this limit"): Telegram does not say how many.
    pub burst_per_chat: u32,
    /// Messages and edits a minute in one group (Telegram: 20, Bot FAQ, "My bot is hitting limits"). The 429 for one too many holds messages
    /// to this group, and nothing else.
    pub messages_per_group_per_minute: Option<u32>,
    /// Every call takes this long at least, in milliseconds.
    pub latency_ms: u64,
    /// Calls this soon after a 429 was given (milliseconds) are refused but not counted as
    /// `calls_during_flood_wait`: they were on their way already.
    pub flood_grace_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_per_second: None,
            messages_per_second: Some(30),
            messages_per_chat_per_second: Some(1),
            burst_per_chat: 8,
            messages_per_group_per_minute: Some(20),
            latency_ms: 0,
            flood_grace_ms: 0,
        }
    }
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
        Self::new(FaultAction::TooManyRequests { retry_after, same_chat_only: false })
    }

    /// An error answer; `description` with its prefix, e.g. `Bad Request: chat not found`.
    pub fn error(code: u16, description: &str) -> Self {
        Self::new(FaultAction::Error { code, description: description.to_owned(), parameters: None })
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
