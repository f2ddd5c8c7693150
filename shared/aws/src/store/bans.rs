//! Table `bans`: ban events.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | store an event once | PutItem on `event_id`, if it is not there |
//! | is there anything newer on this person in this chat? | Query `by_user`: `user_id`, `occurred` after, filtered by chat |
//!
//! `by_user` is written asynchronously, within a second as a rule; a ban is carried over only after the settle time.

use super::{Attributes, DAY, Table, VERSION, n, s};
use crate::Aws;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use domain::ban::{BanEvent, Occurred, supersedes};
use domain::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};

/// How long an event is kept, in seconds.
const RETENTION: i64 = 366 * DAY;

/// The ban events.
pub struct Bans {
    table: Table,
}

/// An event as stored.
#[derive(Serialize, Deserialize)]
pub struct BanItem {
    #[serde(flatten)]
    pub event: BanEvent,
    version: u32,
    expires_at: i64,
}

impl Bans {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(Attributes::from([("event_id".to_owned(), s("HEALTH"))])).await
    }

    /// Stores an event; `false` when it is there already.
    pub async fn insert(&self, event: &BanEvent) -> anyhow::Result<bool> {
        let item = BanItem { event: event.clone(), version: VERSION, expires_at: event.event_timestamp + RETENTION };
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .condition_expression("attribute_not_exists(event_id)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("storing a ban event"),
        }
    }

    /// Did anything after `ban` change whether `user` is banned in `chat`?
    pub async fn superseded(&self, user: UserId, chat: ChatId, ban: &Occurred) -> anyhow::Result<bool> {
        let mut pages = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
            .index_name("by_user")
            .key_condition_expression("user_id = :user AND occurred > :ban")
            .filter_expression("chat_id = :chat")
            .expression_attribute_values(":user", n(user.0))
            .expression_attribute_values(":ban", s(ban.as_str()))
            .expression_attribute_values(":chat", n(chat.0))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.context("looking for newer ban events")?;
            let events: Vec<BanItem> = serde_dynamo::from_items(page.items().to_vec())?;
            if events.iter().any(|item| supersedes(&item.event, ban)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
