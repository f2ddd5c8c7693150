//! The waits of a group go over to the supergroup that it became.

use super::Syncs;
use super::ledger::chat_pk;
use crate::store::{Attributes, n, s};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use domain::ids::ChatId;
use futures_util::{TryStreamExt, stream};

/// Items that are moved at a time. Each is two writes: a thousand take some seconds of the minute that an invocation has, and what is moved
/// needs no second time.
const AT_A_TIME: usize = 16;

impl Syncs {
    /// Moves every pending ban of a chat to another one, unless the same is there already; how many were there to move.
    pub async fn move_pending(&self, from: ChatId, to: ChatId) -> anyhow::Result<usize> {
        let query = self
            .query()
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(chat_pk(from)))
            .expression_attribute_values(":sk", s("P#"));
        let mut pages = query.into_paginator().send();
        let mut moved = 0;
        while let Some(page) = pages.next().await {
            let items = page.context("reading who is waited for")?.items.unwrap_or_default();
            moved += items.len();
            stream::iter(items.into_iter().map(Ok::<_, anyhow::Error>))
                .try_for_each_concurrent(AT_A_TIME, |item| self.move_item(item, to))
                .await?;
        }
        Ok(moved)
    }

    /// The new item is written before the old one goes, so that whatever ends this in between loses nothing.
    async fn move_item(&self, item: Attributes, to: ChatId) -> anyhow::Result<()> {
        let old_key = ["pk", "sk"].into_iter().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect();
        let mut new = item;
        new.insert("pk".to_owned(), s(chat_pk(to)));
        new.insert("chat_id".to_owned(), n(to.0));
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(new));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => {}
            // What was written under the new id is newer.
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
            Err(error) => return Err(error).context("moving a pending ban"),
        }
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(old_key));
        delete.send().await.context("deleting a pending ban that was moved")?;
        Ok(())
    }
}
