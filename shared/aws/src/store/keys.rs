//! Table `auth`: the API keys.
//!
//! | access | by |
//! |---|---|
//! | the key of an id | GetItem `KEY#<shard>`, `<key id>`; consistent, so that a key that was revoked is refused at once |
//! | make a key | PutItem on the same key, if it is not there (operators, tests) |
//! | note that a key is used | UpdateItem on the same key, at most once a minute |
//! | count a key's tokens of a minute | UpdateItem `TOKENS#<key id>`, `<end of the minute>`, while they are not too many |
//! | revoke a key | UpdateItem on the same key, if it is there (operators) |
//! | list the keys | Query `KEY#<shard>`, shard after shard (operators) |
//!
//! Keys are spread over [`KEY_SHARDS`] partitions, so that many who ask, with keys that are there or made up, do not meet in one. Listing
//! them is a query a shard. A key of before that is in the one partition `KEY`, where it is looked up after its own. Only a record of a key
//! is here, never the key.

use super::{Attributes, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::access::{ApiKeyRecord, KEY_SHARDS, KeyId, TOKENS_A_MINUTE};

/// The partition of all keys that were made before keys were spread.
const FORMER_PARTITION: &str = "KEY";

/// How old the moment of the last use may be, in seconds: a busy key costs a write a minute, not one a request.
const LAST_USED_AGE: i64 = 60;

/// How long the count of a minute's tokens is kept after it, in seconds.
const COUNTS_KEPT: i64 = 3600;

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
        for key in keys_of(id) {
            let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true);
            if let Some(item) = get.send().await.context("looking up an API key")?.item {
                return Ok(Some(serde_dynamo::from_item(item).context("reading an API key")?));
            }
        }
        Ok(None)
    }

    /// Stores a new key; `false` when its id is taken.
    pub async fn create(&self, record: &ApiKeyRecord) -> anyhow::Result<bool> {
        let mut item: Attributes = serde_dynamo::to_item(record)?;
        item.extend(key(partition(record.key_id.shard()), record.key_id.as_str()));
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
        // Where the condition does not hold, somebody else has noted it.
        let noted = self.update(&record.key_id, |update| {
            update
                .update_expression("SET last_used_at = :now")
                .condition_expression("attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at <= :before)")
                .expression_attribute_values(":now", n(now))
                .expression_attribute_values(":before", n(now - LAST_USED_AGE))
        });
        noted.await.map(drop).context("noting the use of an API key")
    }

    /// Counts a token that the key is to be given within this minute. `Err`: it has had [`TOKENS_A_MINUTE`]; seconds until the next minute.
    pub async fn count_token(&self, id: &KeyId) -> anyhow::Result<Result<(), i64>> {
        let now = time::now();
        let end = (now / 60 + 1) * 60;
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key(format!("TOKENS#{id}"), end.to_string())))
            .update_expression("SET expires_at = :expires, version = :version ADD tokens :one")
            .condition_expression("attribute_not_exists(tokens) OR tokens < :most")
            .expression_attribute_values(":expires", n(end + COUNTS_KEPT))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":most", n(TOKENS_A_MINUTE));
        match update.send().await {
            Ok(_) => Ok(Ok(())),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(Err(end - now)),
            Err(error) => Err(error).context("counting a key's tokens"),
        }
    }

    /// Refuses the key from now on; `false` when there is none. Once revoked, it stays as it is.
    pub async fn revoke(&self, id: &KeyId) -> anyhow::Result<bool> {
        let revoked = self.update(id, |update| {
            update
                .update_expression("SET revoked_at = if_not_exists(revoked_at, :now)")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":now", n(time::now()))
        });
        revoked.await.context("revoking an API key")
    }

    /// All keys, by their ids.
    pub async fn list(&self) -> anyhow::Result<Vec<ApiKeyRecord>> {
        let mut found: Vec<ApiKeyRecord> = Vec::new();
        for partition in (0..KEY_SHARDS).map(partition).chain([FORMER_PARTITION.to_owned()]) {
            let query = self.table.client.query().table_name(&self.table.name).key_condition_expression("pk = :keys");
            let mut pages = query.expression_attribute_values(":keys", s(partition)).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                found.push(serde_dynamo::from_item(item.context("listing API keys")?).context("reading an API key")?);
            }
        }
        found.sort_by(|one, other| one.key_id.cmp(&other.key_id));
        Ok(found)
    }

    /// Writes a key's item, wherever it is; `false` when the condition, which asks that the item is there, does not hold.
    async fn update(&self, id: &KeyId, of: impl Fn(UpdateItemFluentBuilder) -> UpdateItemFluentBuilder) -> anyhow::Result<bool> {
        for key in keys_of(id) {
            match of(self.table.client.update_item().table_name(&self.table.name).set_key(Some(key))).send().await {
                Ok(_) => return Ok(true),
                Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}

fn partition(shard: u8) -> String {
    format!("KEY#{shard:02}")
}

/// Where the key is, and where it is if it was made before keys were spread.
fn keys_of(id: &KeyId) -> [Attributes; 2] {
    [key(partition(id.shard()), id.as_str()), key(FORMER_PARTITION, id.as_str())]
}
