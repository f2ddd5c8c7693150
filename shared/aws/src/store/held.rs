//! What is held on a person by concerns whose lists are by other keys: to be shown to him, and to be erased.
//!
//! | access | table | by |
//! |---|---|---|
//! | events of what was done to him | bans | Query `by_user`: `user_id`, newest first |
//! | messages to him | notifications | Query `USER#<id>` |
//! | what they decided | bans | Query `by_decider`: `decided_by`, newest first |
//! | take their name and the reason out of an event, and have the archive leave out their id | bans | UpdateItem `event_id` |
//! | take them out of the syncs about him | sync | Query `by_user`; UpdateItem `SYNC#<sync id>`, `SUMMARY` |
//! | erase a message's log | notifications | BatchWriteItem |
//! | erase an appeal | sync | Query `USER#<id>`, `A#…`; DeleteItem, `APPEAL#<id>` too |
//! | erase what he followed | subscriptions | Query `ADMIN#<admin>`; transaction: no `SUB#<chat>#<source>`, no `ID#<id>`; DeleteItem `COUNT` |
//!
//! That a chat's admin banned somebody is the chat's record, and so are who follows them and whom a sync was to tell: there their id stays, and
//! their name and the reason go. What is older than a year is gone from the tables anyway. The archive has no names. It has the ids of those
//! whose events had expired before they were erased.

use super::bans::{BanItem, ERASED};
use super::page::{Page, PageError, Wanted};
use super::subscriptions::{SubscriptionItem, Subscriptions};
use super::{Attributes, Table, key, n, s};
use crate::Aws;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, DeleteRequest, TransactWriteItem, WriteRequest};
use domain::ban::BanEvent;
use domain::ids::UserId;
use serde::{Deserialize, Serialize};

/// What can be shown.
pub struct Held {
    bans: Table,
    notifications: Table,
}

/// A message to a person, as it is logged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct NotificationItem {
    #[serde(default)]
    pub notification_type: String,
    #[serde(default)]
    pub channel: String,
    #[serde(default)]
    pub status: String,
    /// Unix seconds.
    #[serde(default)]
    pub created_at: i64,
    #[serde(default)]
    pub sent_at: Option<i64>,
    #[serde(default)]
    pub failed_at: Option<i64>,
    /// Why it was not sent.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Of an endpoint, which stands among them.
    #[serde(default)]
    pub url: Option<String>,
}

impl Held {
    /// `bans`, `notifications`: names of the tables.
    pub fn new(aws: &Aws, bans: String, notifications: String) -> Self {
        Self { bans: Table::new(aws, bans), notifications: Table::new(aws, notifications) }
    }

    /// A page of what was done to `user` in any chat, newest first.
    pub async fn bans(&self, user: UserId, wanted: &Wanted) -> Result<Page<BanEvent>, PageError> {
        let query = bans_of(&self.bans, user).scan_index_forward(false);
        let page: Page<BanItem> = self.bans.page(query, &format!("held: bans of {user}"), wanted).await?;
        Ok(page.map(|item| item.event))
    }

    /// A page of what `user` decided in any chat, newest first.
    pub async fn decisions(&self, user: UserId, wanted: &Wanted) -> Result<Page<BanEvent>, PageError> {
        let query = self.bans.client.query().index_name("by_decider").key_condition_expression("decided_by = :user");
        let query = query.expression_attribute_values(":user", n(user.0)).scan_index_forward(false);
        let page: Page<BanItem> = self.bans.page(query, &format!("held: decisions of {user}"), wanted).await?;
        Ok(page.map(|item| item.event))
    }

    /// A page of the messages to `user`.
    pub async fn notifications(&self, user: UserId, wanted: &Wanted) -> Result<Page<NotificationItem>, PageError> {
        self.notifications.page(notifications_of(&self.notifications, user), &format!("held: notifications of {user}"), wanted).await
    }
}

/// What can be erased.
pub struct Erasure {
    bans: Table,
    notifications: Table,
    subscriptions: Table,
    sync: Table,
}

/// Names of the tables.
pub struct Tables {
    pub bans: String,
    pub notifications: String,
    pub subscriptions: String,
    pub sync: String,
}

/// Who is erased, and how much of it is to be done now.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub user: UserId,
    /// Unix seconds: what is newer stays.
    pub until: i64,
    /// Items at most.
    pub limit: usize,
}

impl Erasure {
    pub fn new(aws: &Aws, tables: Tables) -> Self {
        Self {
            bans: Table::new(aws, tables.bans),
            notifications: Table::new(aws, tables.notifications),
            subscriptions: Table::new(aws, tables.subscriptions),
            sync: Table::new(aws, tables.sync),
        }
    }

    /// Ends and erases what he follows; how many items.
    pub async fn subscriptions(&self, part: Part, subscriptions: &Subscriptions) -> anyhow::Result<usize> {
        let admin = format!("ADMIN#{}", part.user);
        let query = self.subscriptions.client.query().table_name(&self.subscriptions.name).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
        let query = query.expression_attribute_values(":pk", s(&admin)).expression_attribute_values(":sk", s("SUB#"));
        let mut items = query.into_paginator().items().send();
        let mut erased = 0;
        while let Some(item) = items.next().await {
            let item: SubscriptionItem = serde_dynamo::from_item(item.context("reading what a person follows")?)?;
            if item.is_active && item.updated_at > part.until {
                continue;
            }
            if erased == part.limit {
                return Ok(erased);
            }
            if item.is_active {
                subscriptions.unfollow(&item.subscription).await?;
            }
            self.erase_subscription(&item).await?;
            erased += 1;
        }
        let count = self.subscriptions.client.delete_item().table_name(&self.subscriptions.name).set_key(Some(key(admin, "COUNT")));
        let count = count.condition_expression("active = :none").expression_attribute_values(":none", n(0));
        match count.send().await {
            Ok(_) => Ok(erased),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(erased),
            Err(error) => Err(error).context("erasing a count of subscriptions"),
        }
    }

    /// What began again in between stays.
    async fn erase_subscription(&self, item: &SubscriptionItem) -> anyhow::Result<()> {
        let subscription = &item.subscription;
        let sk = format!("SUB#{}#{}", subscription.admin_chat_id, subscription.source);
        let delete = Delete::builder().table_name(&self.subscriptions.name);
        let its = delete
            .clone()
            .set_key(Some(key(format!("ADMIN#{}", subscription.admin_user_id), sk)))
            .condition_expression("is_active = :false")
            .expression_attribute_values(":false", AttributeValue::Bool(false));
        let id = delete.set_key(Some(key(format!("ID#{}", item.subscription_id), "ID")));
        let writes = [its.build()?, id.build()?].map(|delete| TransactWriteItem::builder().delete(delete).build());
        match self.subscriptions.client.transact_write_items().set_transact_items(Some(writes.into())).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let refused = match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                        canceled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"))
                    }
                    _ => false,
                };
                if refused { Ok(()) } else { Err(error).context("erasing a subscription") }
            }
        }
    }

    /// Erases the log of messages to him; how many.
    pub async fn notifications(&self, part: Part) -> anyhow::Result<usize> {
        let query = notifications_of(&self.notifications, part.user).table_name(&self.notifications.name);
        let query = query
            .filter_expression("attribute_not_exists(created_at) OR created_at <= :until")
            .expression_attribute_values(":until", n(part.until))
            .projection_expression("pk, sk");
        let mut items = query.into_paginator().items().send();
        let mut requests = Vec::new();
        while requests.len() < part.limit {
            let Some(key) = items.next().await else { break };
            let delete = DeleteRequest::builder().set_key(Some(key.context("reading the log of messages")?)).build()?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        // For what they wait; what waits is among the messages.
        let moments = self.notifications.client.query().table_name(&self.notifications.name).key_condition_expression("pk = :pk");
        let moments = moments.expression_attribute_values(":pk", s(format!("DIGEST#{}", part.user))).projection_expression("pk, sk");
        let mut moments = moments.into_paginator().items().send();
        while requests.len() < part.limit {
            let Some(key) = moments.next().await else { break };
            let delete = DeleteRequest::builder().set_key(Some(key.context("reading for what a person waits")?)).build()?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        let erased = requests.len();
        self.notifications.write_all(requests).await.context("erasing the log of messages")?;
        Ok(erased)
    }

    /// Takes his name and the reasons out of the syncs about him; how many.
    pub async fn syncs(&self, part: Part) -> anyhow::Result<usize> {
        let query = self.sync.client.query().table_name(&self.sync.name).index_name("by_user");
        let query = query
            .key_condition_expression("user_id = :user AND started_at_ms <= :until")
            .expression_attribute_values(":user", n(part.user.0))
            .expression_attribute_values(":until", n(part.until * 1000 + 999));
        let mut keys = query.into_paginator().items().send();
        let mut erased = 0;
        while erased < part.limit {
            let Some(key) = keys.next().await else { break };
            let mut key = key.context("listing the syncs about a person")?;
            key.retain(|name, _| name == "pk" || name == "sk");
            let update = self.sync.client.update_item().table_name(&self.sync.name).set_key(Some(key));
            let update = update
                .update_expression("REMOVE user_name, reason")
                .condition_expression("attribute_exists(user_name) OR attribute_exists(reason)");
            erased += usize::from(strip(update).await?);
        }
        Ok(erased)
    }

    /// Takes the person's name and the reasons out of the events of what was done to them, and marks those for the archive; how many.
    pub async fn bans(&self, part: Part) -> anyhow::Result<usize> {
        let query = bans_of(&self.bans, part.user).table_name(&self.bans.name);
        let query = query
            .filter_expression("event_timestamp <= :until AND attribute_not_exists(#erased)")
            .expression_attribute_names("#erased", ERASED)
            .expression_attribute_values(":until", n(part.until));
        let mut items = query.into_paginator().items().send();
        let mut erased = 0;
        while erased < part.limit {
            let Some(item) = items.next().await else { break };
            let BanItem { event, .. } = serde_dynamo::from_item(item.context("reading a person's ban events")?)?;
            let event = Attributes::from([("event_id".to_owned(), s(event.event_id.to_string()))]);
            let update = self.bans.client.update_item().table_name(&self.bans.name).set_key(Some(event));
            let update = update
                .update_expression("REMOVE user_name, reason, metadata SET #erased = :true")
                .condition_expression("attribute_exists(event_id)")
                .expression_attribute_names("#erased", ERASED)
                .expression_attribute_values(":true", AttributeValue::Bool(true));
            strip(update).await?;
            erased += 1;
        }
        Ok(erased)
    }
}

/// Changes an item of which the condition holds; `false`: it does not.
async fn strip(update: UpdateItemFluentBuilder) -> anyhow::Result<bool> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
        Err(error) => Err(error).context("taking a name out of an item"),
    }
}

fn bans_of(bans: &Table, user: UserId) -> QueryFluentBuilder {
    let query = bans.client.query().index_name("by_user").key_condition_expression("user_id = :user");
    query.expression_attribute_values(":user", n(user.0))
}

fn notifications_of(notifications: &Table, user: UserId) -> QueryFluentBuilder {
    let query = notifications.client.query().key_condition_expression("pk = :pk");
    query.expression_attribute_values(":pk", s(format!("USER#{user}")))
}
