//! Table `auth`: the API keys.
//!
//! | access | by |
//! |---|---|
//! | the key of an id | GetItem `KEY`, `<key id>`; consistent, so that a key that was revoked is refused at once |
//! | make a key | PutItem on the same key, if it is not there (operators, tests) |
//! | note that a key is used | UpdateItem on the same key, at most once a minute |
//! | revoke a key | UpdateItem on the same key, if it is there (operators) |
//! | list the keys | Query `KEY` (operators) |
//!
//! All keys are in one partition, so that listing them is a query: operators make them by hand, so they are tens, and a partition answers
//! three thousand reads of them a second. Only a record of a key is here, never the key.

use super::{Attributes, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::access::{ApiKeyRecord, KeyId};

/// The partition of all keys.
const PARTITION: &str = "KEY";

/// How old the moment of the last use may be, in seconds: a busy key costs a write a minute, not one a request.
const LAST_USED_AGE: i64 = 60;

/// The API keys.
pub struct Keys {
    table: Table,
}

impl Keys {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Opens the connection to the store by one read, while a function starts. See [`super::gateway::Gateway::connect`].
    pub async fn connect(&self) {
        if let Err(error) = self.table.reachable(key("HEALTH", "HEALTH")).await {
            tracing::warn!(error = format!("{error:#}"), "the store does not answer; the first event tries again");
        }
    }

    pub async fn get(&self, id: &KeyId) -> anyhow::Result<Option<ApiKeyRecord>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key_of(id))).consistent_read(true);
        let item = get.send().await.context("looking up an API key")?.item;
        item.map(serde_dynamo::from_item).transpose().context("reading an API key")
    }

    /// Stores a new key; `false` when its id is taken.
    pub async fn create(&self, record: &ApiKeyRecord) -> anyhow::Result<bool> {
        let mut item: Attributes = serde_dynamo::to_item(record)?;
        item.extend(key_of(&record.key_id));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("storing an API key"),
        }
    }

    /// Notes that the key is used, unless that was noted within the last minute.
    pub async fn touch(&self, record: &ApiKeyRecord) -> anyhow::Result<()> {
        let now = time::now();
        if record.last_used_at.is_some_and(|last| last > now - LAST_USED_AGE) {
            return Ok(());
        }
        let update = self
            .update(&record.key_id)
            .update_expression("SET last_used_at = :now")
            .condition_expression("attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at <= :before)")
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":before", n(now - LAST_USED_AGE));
        // Where the condition does not hold, somebody else has noted it.
        held(update).await.map(drop).context("noting the use of an API key")
    }

    /// Refuses the key from now on; `false` when there is none. Once revoked, it stays as it is.
    pub async fn revoke(&self, id: &KeyId) -> anyhow::Result<bool> {
        let update = self
            .update(id)
            .update_expression("SET revoked_at = if_not_exists(revoked_at, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", n(time::now()));
        held(update).await.context("revoking an API key")
    }

    /// All keys, by their ids.
    pub async fn list(&self) -> anyhow::Result<Vec<ApiKeyRecord>> {
        let query = self.table.client.query().table_name(&self.table.name).key_condition_expression("pk = :keys");
        let mut pages = query.expression_attribute_values(":keys", s(PARTITION)).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(serde_dynamo::from_item(item.context("listing API keys")?).context("reading an API key")?);
        }
        Ok(found)
    }

    fn update(&self, id: &KeyId) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(key_of(id)))
    }
}

/// Writes; `false` when the condition does not hold.
async fn held(update: UpdateItemFluentBuilder) -> anyhow::Result<bool> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn key_of(id: &KeyId) -> Attributes {
    key(PARTITION, id.as_str())
}
