//! The bot's rights in its chats, looked at once a day: where they are to be looked at, and what was found.
//!
//! A chat where the bot is has a `check_key`, written and removed together with its state. One that is gone and then told what to ignore
//! has one as well; its state tells them apart.

use super::ChatItem;
use super::chats::in_state;
use super::{Users, chat_key};
use crate::store::page::{Cursor, Page, PageError, Wanted};
use crate::store::{n, s, value};
use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ban::Occurred;
use domain::chat::{CHECK_SHARDS, Cause, ChatState, check_shard};
use domain::ids::ChatId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A chat whose check is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct KnownRights {
    pub chat_id: ChatId,
    /// As it was known a moment ago.
    pub state: ChatState,
}

/// Where a page of the list of chats begins.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place {
    shard: u8,
    after: Option<ChatId>,
}

/// Names the list of chats in its cursors.
const CHATS: &str = "chats";

impl Users {
    /// A page of the chats where the bot is, by shard and id: each once, in the same order every time.
    ///
    /// It costs half a read unit a chat and half a read unit for each shard that is looked into: a page of 50 is 25 to 37 read units. No
    /// index is kept for it: that of the daily checks has the ids.
    pub async fn page_of_chats(&self, wanted: &Wanted) -> Result<Page<ChatItem>, PageError> {
        let mut place = match &wanted.cursor {
            Some(cursor) => Cursor::read(CHATS, cursor)?,
            None => Place { shard: 0, after: None },
        };
        let mut ids = Vec::new();
        while place.shard < CHECK_SHARDS && ids.len() < wanted.limit {
            let left = wanted.limit - ids.len();
            let found = self.to_check(place.shard, place.after, left).await?;
            place = match found.last() {
                Some(last) if found.len() == left => Place { after: Some(last.chat_id), ..place },
                _ => Place { shard: place.shard + 1, after: None },
            };
            ids.extend(found.into_iter().filter(|known| known.state.is_present()).map(|known| known.chat_id));
        }
        let items = self.table.get_all(ids.iter().copied().map(chat_key).collect()).await.context("reading chats")?;
        let items: Vec<ChatItem> = serde_dynamo::from_items(items).context("reading chats")?;
        let mut known: BTreeMap<ChatId, ChatItem> = items.into_iter().map(|item| (item.chat_id, item)).collect();
        let items = ids.into_iter().filter_map(|id| known.remove(&id)).collect();
        let next = (place.shard < CHECK_SHARDS).then(|| Cursor::write(CHATS, place)).transpose()?;
        Ok(Page { items, next })
    }

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
