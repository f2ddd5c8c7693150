//! Who is to be banned in a chat when he comes.

use super::ledger::chat_pk;
use super::{Summary, Syncs};
use crate::store::{Attributes, VERSION, key, n};
use anyhow::Context;
use domain::ban::Occurred;
use domain::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A ban that could not be carried out, because Telegram did not know the person in that chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub chat_id: ChatId,
    pub user_id: UserId,
    pub ban_event_id: Uuid,
    pub occurred: Occurred,
}

impl Syncs {
    /// Keeps it for a year; a newer ban takes the place of an older one.
    pub async fn keep_pending(&self, pending: &Pending) -> anyhow::Result<()> {
        let mut item: Attributes = serde_dynamo::to_item(pending)?;
        item.extend(pending_key(pending.chat_id, pending.user_id));
        item.insert("expires_at".to_owned(), n(Summary::expiry()));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).send().await.context("keeping a pending ban")?;
        Ok(())
    }

    pub async fn pending(&self, chat: ChatId, user: UserId) -> anyhow::Result<Option<Pending>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(pending_key(chat, user)));
        Ok(get.send().await.context("looking for a pending ban")?.item.map(serde_dynamo::from_item).transpose()?)
    }

    pub async fn end_pending(&self, chat: ChatId, user: UserId) -> anyhow::Result<()> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(pending_key(chat, user)));
        delete.send().await.context("ending a pending ban")?;
        Ok(())
    }
}

fn pending_key(chat: ChatId, user: UserId) -> Attributes {
    key(chat_pk(chat), format!("P#{user}"))
}
