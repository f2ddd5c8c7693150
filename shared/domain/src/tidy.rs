//! Messages of the bot, and commands to it, that go from a group after a while.

use crate::ids::ChatId;
use serde::{Deserialize, Serialize};

/// Messages to delete; on its way to the sender, delayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tidy {
    pub chat_id: ChatId,
    pub message_ids: Vec<i64>,
}
