//! What went between the bot and the server: calls and updates. `*_ms` are Unix milliseconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
        Self { method: Some(method.to_owned()), ..Self::default() }
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

impl Delivery {
    /// The chat that the update is about; 0: none.
    pub fn chat(&self) -> i64 {
        self.body[&self.kind]["chat"]["id"].as_i64().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Pending,
    Accepted,
    /// Not accepted for 24 h, or dropped by `drop_pending_updates`.
    Dropped,
}
