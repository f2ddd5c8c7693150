//! The tables. Every access is by key or index; nothing scans. Items carry a schema `version`, and `expires_at` (Unix seconds) where
//! they are to go by themselves.

pub mod analytics;
pub mod audit;
pub mod bans;
pub mod dialogue;
pub mod digests;
pub mod endpoints;
pub mod gateway;
pub mod held;
pub mod keys;
pub mod notifications;
pub mod page;
pub mod subscriptions;
pub mod sync;
pub mod templates;
pub mod users;

use crate::Aws;
use anyhow::{Context, bail};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, WriteRequest};
use std::collections::HashMap;

/// Schema version of items written now.
const VERSION: u32 = 1;

const DAY: i64 = 24 * 3600;

/// Is something that is done once ours to do?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    Mine,
    /// It was done before, or has failed for good.
    Done,
    /// Another has it.
    Taken,
}

type Attributes = HashMap<String, AttributeValue>;

/// A table and the client for it.
#[derive(Clone)]
struct Table {
    client: aws_sdk_dynamodb::Client,
    name: String,
}

/// Rounds of a batch whose rest is refused again and again.
const BATCH_ROUNDS: usize = 5;

impl Table {
    fn new(aws: &Aws, name: String) -> Self {
        Self { client: aws.dynamodb(), name }
    }

    /// Does the table answer? One read of an item that is not there; `key` is one of its kind of keys.
    async fn reachable(&self, key: Attributes) -> anyhow::Result<()> {
        self.client.get_item().table_name(&self.name).set_key(Some(key)).send().await.context("asking whether the store answers")?;
        Ok(())
    }

    /// The items of `keys` that exist, in any order; 100 a call, what is left unread is asked for again.
    async fn get_all(&self, keys: Vec<Attributes>) -> anyhow::Result<Vec<Attributes>> {
        self.get_each(keys, false).await
    }

    /// As [`Table::get_all`], with what was written just now, at twice the price (DynamoDB Developer Guide, "Read consistency").
    async fn get_newest(&self, keys: Vec<Attributes>) -> anyhow::Result<Vec<Attributes>> {
        self.get_each(keys, true).await
    }

    async fn get_each(&self, keys: Vec<Attributes>, consistent: bool) -> anyhow::Result<Vec<Attributes>> {
        let mut items = Vec::with_capacity(keys.len());
        for keys in keys.chunks(100) {
            let mut wanted = Some(KeysAndAttributes::builder().consistent_read(consistent).set_keys(Some(keys.to_vec())).build()?);
            for _ in 0..BATCH_ROUNDS {
                let Some(request) = wanted.take() else { break };
                let mut answer = self.client.batch_get_item().request_items(&self.name, request).send().await.context("BatchGetItem")?;
                items.extend(answer.responses.take().and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default());
                wanted = answer.unprocessed_keys.take().and_then(|mut tables| tables.remove(&self.name));
            }
            if wanted.is_some() {
                bail!("BatchGetItem left items of {} unread", self.name);
            }
        }
        Ok(items)
    }

    /// Writes all; 25 a call, what is refused is written again.
    async fn write_all(&self, requests: Vec<WriteRequest>) -> anyhow::Result<()> {
        for requests in requests.chunks(25) {
            let mut open = requests.to_vec();
            for _ in 0..BATCH_ROUNDS {
                if open.is_empty() {
                    break;
                }
                let mut answer = self.client.batch_write_item().request_items(&self.name, open).send().await.context("BatchWriteItem")?;
                open = answer.unprocessed_items.take().and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default();
            }
            if !open.is_empty() {
                bail!("BatchWriteItem left items of {} unwritten", self.name);
            }
        }
        Ok(())
    }
}

/// Items that are read at a time where they are counted.
const COUNTED: i32 = 200;

/// How many items a query finds that selects their count: `most` at most, and no page is read after that.
async fn count_to(query: QueryFluentBuilder, most: u32) -> anyhow::Result<u32> {
    let mut pages = query.limit(COUNTED).into_paginator().send();
    let mut count = 0;
    while count < most
        && let Some(page) = pages.next().await
    {
        count += u32::try_from(page?.count).unwrap_or(0);
    }
    Ok(count.min(most))
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A string or number as a serde type writes it.
fn value(of: impl serde::Serialize) -> anyhow::Result<AttributeValue> {
    Ok(serde_dynamo::to_attribute_value(of)?)
}

fn key(pk: impl Into<String>, sk: impl Into<String>) -> Attributes {
    HashMap::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}
