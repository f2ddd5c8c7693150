//! Bans that wait for a person to come to a chat: each source's by itself.

use super::ledger::chat_pk;
use super::{Summary, Syncs};
use crate::store::{Attributes, VERSION, key, n, s};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use domain::ban::Occurred;
use domain::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A ban that could not be carried out, because Telegram did not know the person in that chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub chat_id: ChatId,
    pub user_id: UserId,
    pub source_chat_id: ChatId,
    pub ban_event_id: Uuid,
    pub occurred: Occurred,
}

impl Syncs {
    /// Keeps it for a year; a newer ban of a source takes the place of its older one.
    pub async fn keep_pending(&self, pending: &Pending) -> anyhow::Result<()> {
        let mut item: Attributes = serde_dynamo::to_item(pending)?;
        item.extend(pending_key(pending));
        item.insert("expires_at".to_owned(), n(Summary::expiry()));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        let newer = put
            .condition_expression("attribute_not_exists(pk) OR occurred <= :occurred")
            .expression_attribute_values(":occurred", s(pending.occurred.as_str()));
        match newer.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("keeping a pending ban"),
        }
    }

    /// For every source that waits for this person there.
    pub async fn pending(&self, chat: ChatId, user: UserId) -> anyhow::Result<Vec<Pending>> {
        let query = self
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(chat_pk(chat)))
            .expression_attribute_values(":sk", s(of_person(user)));
        let mut items = query.into_paginator().items().send();
        let mut pending = Vec::new();
        while let Some(item) = items.next().await {
            pending.push(serde_dynamo::from_item(item.context("looking for a pending ban")?)?);
        }
        Ok(pending)
    }

    /// It is dealt with. A newer ban of the same source stays pending.
    pub async fn end_pending(&self, pending: &Pending) -> anyhow::Result<()> {
        let delete = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .set_key(Some(pending_key(pending)))
            .condition_expression("attribute_not_exists(pk) OR occurred <= :occurred")
            .expression_attribute_values(":occurred", s(pending.occurred.as_str()));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("ending a pending ban"),
        }
    }

    /// Nobody waits for this person there any more.
    pub async fn end_all_pending(&self, chat: ChatId, user: UserId) -> anyhow::Result<()> {
        for pending in self.pending(chat, user).await? {
            self.end_pending(&pending).await?;
        }
        Ok(())
    }
}

fn of_person(user: UserId) -> String {
    format!("P#{user}#")
}

fn pending_key(pending: &Pending) -> Attributes {
    key(chat_pk(pending.chat_id), format!("{}{}", of_person(pending.user_id), pending.source_chat_id))
}
