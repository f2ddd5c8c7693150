//! Table `subscriptions`: who follows which source from which chat, and a counter an admin.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | follow, stop following | transaction on `ADMIN#<admin>`: `SUB#<chat>#<source>` and `COUNT` |
//! | an admin's subscriptions in a chat | Query `ADMIN#<admin>`, `SUB#<chat>#…` |
//! | does anybody follow a source? who? | Query `by_source`: `source_key` |
//! | who follows from a chat? | Query `by_chat`: `chat_key` |
//!
//! Index keys are on active subscriptions only, so that the indexes hold no others; those that ended with their chat stay in `by_chat`,
//! so that their admins can be told.

use super::{Attributes, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::{Context, bail};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Select, TransactWriteItem, Update};
use domain::ids::{ChatId, UserId};
use domain::subscription::{MAX_PER_ADMIN, Source, Subscription};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Tries of a transaction that met another one.
const CONFLICT_ROUNDS: usize = 5;

/// The subscriptions.
pub struct Subscriptions {
    table: Table,
}

/// A subscription as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubscriptionItem {
    pub subscription_id: Uuid,
    #[serde(flatten)]
    pub subscription: Subscription,
    pub is_active: bool,
    /// Unix seconds.
    pub updated_at: i64,
}

/// What came of wanting to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    New,
    Already,
    LimitReached,
}

impl Subscriptions {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    /// Follows, anew or again. Uniqueness and the limit hold whoever else does the same at the same time.
    pub async fn follow(&self, subscription: &Subscription) -> anyhow::Result<Followed> {
        let writes = [self.activate(subscription)?, self.count(subscription.admin_user_id, 1)?];
        Ok(match self.transact(writes.into()).await? {
            None => Followed::New,
            Some(0) => Followed::Already,
            Some(_) => Followed::LimitReached,
        })
    }

    /// Stops following; `false` when it was not followed. The item stays, as history.
    pub async fn unfollow(&self, subscription: &Subscription) -> anyhow::Result<bool> {
        self.end(subscription, "REMOVE source_key, chat_key, follower_key").await
    }

    /// Ends a subscription because its chat is gone; `false` when it had ended before.
    pub async fn end_with_chat(&self, subscription: &Subscription) -> anyhow::Result<bool> {
        self.end(subscription, "REMOVE source_key").await
    }

    async fn end(&self, subscription: &Subscription, remove: &str) -> anyhow::Result<bool> {
        let writes = [self.deactivate(subscription, remove)?, self.count(subscription.admin_user_id, -1)?];
        Ok(self.transact(writes.into()).await?.is_none())
    }

    /// Carries a subscription over to another chat of the same admin: the supergroup that its group became.
    pub async fn migrate(&self, subscription: &Subscription, to: ChatId) -> anyhow::Result<()> {
        let moved = Subscription { admin_chat_id: to, ..subscription.clone() };
        let writes = [self.deactivate(subscription, "REMOVE source_key, chat_key, follower_key")?, self.activate(&moved)?];
        match self.transact(writes.into()).await? {
            // It was carried over before.
            None | Some(0) => Ok(()),
            // The admin follows from the new chat already.
            Some(_) => self.unfollow(subscription).await.map(|_| ()),
        }
    }

    /// What `admin` follows from `chat`.
    pub async fn of_admin(&self, admin: UserId, chat: ChatId) -> anyhow::Result<Vec<Subscription>> {
        let query = self
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .filter_expression("is_active = :true")
            .expression_attribute_values(":pk", s(format!("ADMIN#{admin}")))
            .expression_attribute_values(":sk", s(format!("SUB#{chat}#")))
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(serde_dynamo::from_item::<_, SubscriptionItem>(item.context("listing subscriptions")?)?.subscription);
        }
        Ok(found)
    }

    /// Does anybody follow `source`? One read of half a unit.
    pub async fn is_followed(&self, source: Source) -> anyhow::Result<bool> {
        let answer = self.by_source(source).select(Select::Count).limit(1).send().await.context("looking for followers")?;
        Ok(answer.count() > 0)
    }

    /// Everybody who follows `source`: the chat, and the admin who follows from it.
    pub async fn followers(&self, source: Source) -> anyhow::Result<Vec<(ChatId, UserId)>> {
        let mut pages = self.by_source(source).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item: SubscriptionItem = serde_dynamo::from_item(item.context("reading followers")?)?;
            found.push((item.subscription.admin_chat_id, item.subscription.admin_user_id));
        }
        Ok(found)
    }

    /// Everything that is followed from `chat`.
    pub async fn of_chat(&self, chat: ChatId) -> anyhow::Result<Vec<Subscription>> {
        let items = self.items_of_chat(chat).await?;
        Ok(items.into_iter().filter(|item| item.is_active).map(|item| item.subscription).collect())
    }

    /// Who follows anything from `chat`, or did until his subscriptions ended with the chat, not before `since` (Unix seconds).
    pub async fn admins_of_chat(&self, chat: ChatId, since: i64) -> anyhow::Result<BTreeSet<UserId>> {
        let items = self.items_of_chat(chat).await?;
        let told = items.into_iter().filter(|item| item.is_active || item.updated_at >= since);
        Ok(told.map(|item| item.subscription.admin_user_id).collect())
    }

    async fn items_of_chat(&self, chat: ChatId) -> anyhow::Result<Vec<SubscriptionItem>> {
        let query = self
            .query()
            .index_name("by_chat")
            .key_condition_expression("chat_key = :chat")
            .expression_attribute_values(":chat", s(chat.to_string()));
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(serde_dynamo::from_item(item.context("reading a chat's subscriptions")?)?);
        }
        Ok(found)
    }

    fn query(&self) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.table.client.query().table_name(&self.table.name)
    }

    fn by_source(&self, source: Source) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.query()
            .index_name("by_source")
            .key_condition_expression("source_key = :source")
            .expression_attribute_values(":source", s(source.to_string()))
    }

    fn activate(&self, subscription: &Subscription) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression(
                "SET subscription_id = :id, admin_user_id = :admin, admin_chat_id = :chat, #source = :source, is_active = :true, \
                 created_at = if_not_exists(created_at, :now), updated_at = :now, source_key = :source, chat_key = :chat_key, \
                 follower_key = :follower, version = :version",
            )
            .condition_expression("attribute_not_exists(pk) OR is_active = :false")
            .expression_attribute_names("#source", "source")
            .set_expression_attribute_values(Some(HashMap::from([
                (":id".to_owned(), s(subscription.id().to_string())),
                (":admin".to_owned(), n(subscription.admin_user_id.0)),
                (":chat".to_owned(), n(subscription.admin_chat_id.0)),
                (":source".to_owned(), s(subscription.source.to_string())),
                (":chat_key".to_owned(), s(subscription.admin_chat_id.to_string())),
                (":follower".to_owned(), s(format!("{}#{}", subscription.admin_chat_id, subscription.admin_user_id))),
                (":true".to_owned(), AttributeValue::Bool(true)),
                (":false".to_owned(), AttributeValue::Bool(false)),
                (":now".to_owned(), n(time::now())),
                (":version".to_owned(), n(i64::from(VERSION))),
            ])));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn deactivate(&self, subscription: &Subscription, remove: &str) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression(format!("SET is_active = :false, updated_at = :now {remove}"))
            .condition_expression("is_active = :true")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":now", n(time::now()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn count(&self, admin: UserId, change: i64) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key(format!("ADMIN#{admin}"), "COUNT")))
            .update_expression("ADD active :change SET version = :version")
            .condition_expression(if change > 0 { "attribute_not_exists(active) OR active < :limit" } else { "active > :limit" })
            .expression_attribute_values(":change", n(change))
            .expression_attribute_values(":limit", n(if change > 0 { i64::from(MAX_PER_ADMIN) } else { 0 }))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// `None`: written. Otherwise the index of the first write whose condition did not hold, and nothing is written.
    async fn transact(&self, writes: Vec<TransactWriteItem>) -> anyhow::Result<Option<usize>> {
        for _ in 0..CONFLICT_ROUNDS {
            let answer = self.table.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let failed = match answer {
                Ok(_) => return Ok(None),
                Err(SdkError::ServiceError(error)) => match error.err() {
                    TransactWriteItemsError::TransactionCanceledException(canceled) => canceled
                        .cancellation_reasons()
                        .iter()
                        .position(|reason| reason.code() == Some("ConditionalCheckFailed"))
                        .ok_or_else(|| canceled.to_string()),
                    _ => return Err(SdkError::ServiceError(error)).context("writing a subscription"),
                },
                Err(error) => return Err(error).context("writing a subscription"),
            };
            match failed {
                Ok(index) => return Ok(Some(index)),
                Err(reason) => tracing::debug!(reason, "a subscription's transaction met another one"),
            }
        }
        bail!("a subscription's transaction met others {CONFLICT_ROUNDS} times")
    }
}

fn key_of(subscription: &Subscription) -> Attributes {
    key(format!("ADMIN#{}", subscription.admin_user_id), format!("SUB#{}#{}", subscription.admin_chat_id, subscription.source))
}
