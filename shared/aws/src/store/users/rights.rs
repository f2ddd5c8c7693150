//! The bot's rights in its chats, looked at once a day: where they are to be looked at, and what was found.
//!
//! A chat where the bot is has a `check_key`, written and removed together with its state. One that is gone and then told what to ignore
//! has one as well; its state tells them apart.

use super::chats::in_state;
use super::{Users, chat_key};
use crate::store::{n, s, value};
use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ban::Occurred;
use domain::chat::{Cause, ChatState, check_shard};
use domain::ids::ChatId;
use serde::Deserialize;

/// A chat whose check is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct KnownRights {
    pub chat_id: ChatId,
    /// As it was known a moment ago.
    pub state: ChatState,
}

impl Users {
    /// The next chats of a shard (see [`check_shard`]) in the order of their ids, `limit` at most; `after`: with greater ids than this.
    pub async fn to_check(&self, shard: u8, after: Option<ChatId>, limit: usize) -> anyhow::Result<Vec<KnownRights>> {
        let ChatId(after) = after.unwrap_or(ChatId(i64::MIN));
        let query = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
            .index_name("by_check")
            .key_condition_expression("check_key = :shard AND chat_id > :after")
            .expression_attribute_values(":shard", s(key_of(shard)))
            .expression_attribute_values(":after", n(after))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query.send().await.context("reading which chats are to be checked")?;
        Ok(serde_dynamo::from_items(answer.items.unwrap_or_default())?)
    }

    /// Telegram was asked at `at` (Unix seconds) what the bot may do in a chat, and it is not what was known. `false`: in between that was
    /// learnt otherwise, or something newer.
    pub async fn observe_membership(&self, chat: ChatId, state: ChatState, at: i64) -> anyhow::Result<bool> {
        // An update of the same second is newer, and wins.
        let occurred = Occurred::new(at, 0);
        let update = in_state(chat, None, state, Cause::Membership)?
            .set("occurred", s(occurred.as_str()))
            .apply(self.update(chat_key(chat)))
            .condition_expression(
                "(#state = :active OR #state = :suspended) AND #state <> :state \
                 AND (attribute_not_exists(#occurred) OR #occurred < :occurred)",
            )
            .expression_attribute_values(":active", value(ChatState::Active)?)
            .expression_attribute_values(":suspended", value(ChatState::Suspended)?);
        self.unless_known(update).await
    }
}

/// What puts a chat into the index of those to be checked.
pub(super) fn check_key(chat: ChatId) -> AttributeValue {
    s(key_of(check_shard(chat)))
}

fn key_of(shard: u8) -> String {
    format!("R#{shard}")
}
