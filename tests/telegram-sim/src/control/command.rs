//! The wire form of the control API: `POST /control/<do>` with the other fields as a JSON object.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::faults::{Fault, Limits};
use super::log::CallFilter;
use super::types::*;
use crate::rights::{AdminRights, Permissions};

/// Everything that can be asked of the world between two calls of the bot. `by` names the administrator who acts;
/// without it the owner does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    CreateUser(NewUser),
    /// Somebody opens the bot's Mini App. Answers with its launch data (`initData`).
    OpenWebApp {
        user: i64,
        /// When Telegram signs it, Unix seconds; left out, now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<i64>,
        /// Token of another bot, whose Mini App it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// `null` leaves a name as it is, an empty string removes it.
    RenameUser {
        user: i64,
        first_name: Option<String>,
        last_name: Option<String>,
        username: Option<String>,
    },
    DeleteAccount {
        user: i64,
    },
    CreateChat(NewChat),
    CreateTopic {
        chat: i64,
    },
    /// As a server does that is older than Bot API 10.2: it sends ephemeral messages to everybody.
    IgnoreEphemeral {
        chat: i64,
    },
    CloseTopic {
        chat: i64,
        thread: i64,
    },
    Say {
        chat: i64,
        user: i64,
        text: String,
        #[serde(default)]
        options: SayOptions,
    },
    SayPrivate {
        user: i64,
        text: String,
        #[serde(default)]
        options: SayOptions,
    },
    /// `chat` is the user's own id in private.
    EditMessage {
        chat: i64,
        user: i64,
        message_id: i64,
        text: String,
    },
    ShareUsers {
        user: i64,
        request_id: i64,
        users: Vec<i64>,
    },
    StartBot {
        user: i64,
        payload: Option<String>,
    },
    BlockBot {
        user: i64,
    },
    UnblockBot {
        user: i64,
    },
    Ban {
        chat: i64,
        admin: i64,
        user: i64,
        until: Option<i64>,
    },
    Kick {
        chat: i64,
        admin: i64,
        user: i64,
    },
    Unban {
        chat: i64,
        admin: i64,
        user: i64,
    },
    Restrict {
        chat: i64,
        admin: i64,
        user: i64,
        permissions: Permissions,
        until: Option<i64>,
    },
    Unrestrict {
        chat: i64,
        admin: i64,
        user: i64,
    },
    Join {
        chat: i64,
        user: i64,
    },
    Add {
        chat: i64,
        admin: i64,
        user: i64,
    },
    RequestToJoin {
        chat: i64,
        user: i64,
    },
    /// Makes the bot the chat's guard, or a guard no longer.
    SetGuard {
        chat: i64,
        guarded: bool,
    },
    /// Adds the chat to a community (`name`), or removes it from its one.
    SetCommunity {
        chat: i64,
        community: i64,
        name: Option<String>,
    },
    /// As `Join`, out of the community that the chat is in.
    JoinFromCommunity {
        chat: i64,
        user: i64,
    },
    Leave {
        chat: i64,
        user: i64,
    },
    Promote {
        chat: i64,
        user: i64,
        rights: AdminRights,
        by: Option<i64>,
    },
    Demote {
        chat: i64,
        user: i64,
        by: Option<i64>,
    },
    /// Makes the bot what `role` says; `absent` removes (kicks) it.
    SetBotRole {
        chat: i64,
        role: BotRole,
        by: Option<i64>,
    },
    Migrate {
        chat: i64,
        #[serde(default)]
        bot: Option<BotRole>,
    },
    DeleteChat {
        chat: i64,
    },
    Press {
        user: i64,
        chat: i64,
        message_id: i64,
        data: String,
        /// Send the data although no such button is there (a client that was tampered with).
        #[serde(default)]
        forged: bool,
        /// How long to wait for the bot's answer, milliseconds; 10 000 when absent.
        timeout_ms: Option<u64>,
    },
    Sees {
        user: i64,
    },
    Member {
        chat: i64,
        user: i64,
    },
    Calls(CallFilter),
    CallCounts,
    SetLimits(Limits),
    AddFault(Fault),
    RemoveFault {
        id: u64,
    },
    ClearFaults,
    Faults,
    Deliveries,
    /// Of these chats only, with update ids greater than `after`.
    DeliveriesIn {
        chats: Vec<i64>,
        after: u32,
    },
    Pending,
    Redeliver {
        update_id: u32,
    },
    /// Sends `body` to the webhook as it is; `secret` in place of the true one (`Some("")`: no header).
    DeliverRaw {
        body: String,
        secret: Option<String>,
    },
    SetWebhookDelivery {
        paused: bool,
    },
    Commands,
    Schema,
    /// The bodies of the first `limit` updates.
    Updates {
        limit: usize,
    },
    Reset,
    World,
}

/// What came of a delivery made by hand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivered {
    /// HTTP status of the webhook; `None` when it could not be reached.
    pub status: Option<u16>,
}

/// The refusal of a command, for a human to read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    pub error: String,
}

impl Command {
    /// The path segment and the body of this command.
    pub(super) fn split(&self) -> Result<(String, Value), serde_json::Error> {
        let mut body = serde_json::to_value(self)?;
        let name = body.as_object_mut().and_then(|fields| fields.remove("do"));
        let name = name.and_then(|n| n.as_str().map(str::to_owned)).unwrap_or_default();
        Ok((name, body))
    }

    /// The command of a path segment and a JSON body.
    pub(crate) fn join(name: &str, body: Value) -> Result<Self, serde_json::Error> {
        let mut body = if body.is_null() { Value::Object(Default::default()) } else { body };
        if let Some(fields) = body.as_object_mut() {
            fields.insert("do".to_owned(), Value::from(name));
        }
        serde_json::from_value(body)
    }
}
