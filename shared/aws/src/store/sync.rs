//! Table `sync`: a summary a sync, a result a target, what a chunk set out to ban.
//!
//! | access | by |
//! |---|---|
//! | begin a sync once | PutItem `SYNC#<sync id>`, `SUMMARY`, if it is not there |
//! | write results | BatchWriteItem `SYNC#<sync id>`, `T#<chat>` |
//! | a sync's results | Query `SYNC#<sync id>`, `T#…` |
//! | what a chunk set out to ban | UpdateItem, GetItem `SYNC#<sync id>`, `CHUNK#<number>` |
//! | count a chunk as done; close | UpdateItem on the summary |

use super::{Attributes, DAY, Table, VERSION, key, n, s, value};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnValue, WriteRequest};
use domain::ban::Occurred;
use domain::ids::{ChatId, UserId};
use domain::sync::{SyncStatus, TargetResult, Totals};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How long syncs are kept, in seconds.
const RETENTION: i64 = 366 * DAY;

/// The syncs.
pub struct Syncs {
    table: Table,
}

/// A sync as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub sync_id: Uuid,
    pub ban_event_id: Uuid,
    /// Tells chunks of this plan from those of one that was given up.
    pub plan: Uuid,
    pub user_id: UserId,
    #[serde(default)]
    pub user_name: Option<String>,
    pub source_chat_id: ChatId,
    #[serde(default)]
    pub source_chat_title: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    pub occurred: Occurred,
    /// When the source's ban happened, Unix seconds.
    pub event_timestamp: i64,
    pub total_chats: u32,
    pub chunks: u32,
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    pub done_chunks: BTreeSet<u32>,
    pub status: SyncStatus,
    #[serde(default)]
    pub totals: Totals,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    #[serde(default)]
    pub completed_at_ms: Option<i64>,
    pub expires_at: i64,
    pub version: u32,
}

impl Summary {
    /// When a sync begun now may be forgotten, Unix seconds.
    pub fn expiry() -> i64 {
        time::now() + RETENTION
    }

    /// Schema version of summaries written now.
    pub const VERSION: u32 = VERSION;
}

impl Syncs {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Begins a sync; `false` when it has begun before.
    pub async fn begin(&self, summary: &Summary) -> anyhow::Result<bool> {
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(serde_dynamo::to_item(summary)?))
            .item("pk", s(pk(summary.sync_id)))
            .item("sk", s("SUMMARY"))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("beginning a sync"),
        }
    }

    pub async fn summary(&self, sync_id: Uuid) -> anyhow::Result<Option<Summary>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(summary_key(sync_id))).consistent_read(true);
        let item = get.send().await.context("reading a sync")?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?)
    }

    /// Writes results; one that is there is replaced, so that a chat has exactly one.
    pub async fn write_results(&self, sync_id: Uuid, results: &[TargetResult]) -> anyhow::Result<()> {
        let request = |result: &TargetResult| {
            let mut item: Attributes = serde_dynamo::to_item(result)?;
            item.extend(key(pk(sync_id), format!("T#{}", result.chat_id)));
            item.insert("expires_at".to_owned(), n(Summary::expiry()));
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let requests = results.iter().map(request).collect::<anyhow::Result<Vec<_>>>()?;
        self.table.write_all(requests).await.context("writing results")
    }

    /// All results of a sync so far.
    pub async fn results(&self, sync_id: Uuid) -> anyhow::Result<Vec<TargetResult>> {
        let query = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :t)")
            .expression_attribute_values(":pk", s(pk(sync_id)))
            .expression_attribute_values(":t", s("T#"));
        let mut pages = query.into_paginator().items().send();
        let mut results = Vec::new();
        while let Some(item) = pages.next().await {
            results.push(serde_dynamo::from_item(item.context("reading results")?)?);
        }
        Ok(results)
    }

    /// Records which chats a chunk is about to ban in, so that after a crash a ban found there is known for ours.
    pub async fn intend(&self, sync_id: Uuid, chunk: u32, chats: &[ChatId]) -> anyhow::Result<()> {
        self.table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(chunk_key(sync_id, chunk)))
            .update_expression("ADD intended :chats SET expires_at = :expires")
            .expression_attribute_values(":chats", AttributeValue::Ns(chats.iter().map(ChatId::to_string).collect()))
            .expression_attribute_values(":expires", n(Summary::expiry()))
            .send()
            .await
            .context("recording a chunk's intent")?;
        Ok(())
    }

    /// The chats that an earlier try of the chunk was about to ban in.
    pub async fn intended(&self, sync_id: Uuid, chunk: u32) -> anyhow::Result<BTreeSet<ChatId>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(chunk_key(sync_id, chunk))).consistent_read(true);
        let item = get.send().await.context("reading a chunk's intent")?.item.unwrap_or_default();
        let numbers = item.get("intended").and_then(|set| set.as_ns().ok());
        Ok(numbers.into_iter().flatten().filter_map(|number| number.parse().ok().map(ChatId)).collect())
    }

    /// Counts a chunk as done, once. The summary as it is then, or `None` when the plan was given up.
    pub async fn chunk_done(&self, sync_id: Uuid, plan: Uuid, chunk: u32) -> anyhow::Result<Option<Summary>> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(summary_key(sync_id)))
            .update_expression("ADD done_chunks :chunk")
            .condition_expression("#plan = :plan")
            .expression_attribute_names("#plan", "plan")
            .expression_attribute_values(":chunk", AttributeValue::Ns(vec![chunk.to_string()]))
            .expression_attribute_values(":plan", value(plan)?)
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => Ok(answer.attributes.map(serde_dynamo::from_item).transpose()?),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(None),
            Err(error) => Err(error).context("counting a chunk"),
        }
    }

    /// Closes a sync with its totals; `false` when it is closed already.
    pub async fn close(&self, sync_id: Uuid, totals: Totals) -> anyhow::Result<bool> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(summary_key(sync_id)))
            .update_expression("SET #status = :status, totals = :totals, completed_at_ms = :now")
            .condition_expression("#status = :running")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", value(totals.status())?)
            .expression_attribute_values(":totals", value(totals)?)
            .expression_attribute_values(":running", value(SyncStatus::Running)?)
            .expression_attribute_values(":now", n(time::now_ms()));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("closing a sync"),
        }
    }
}

fn pk(sync_id: Uuid) -> String {
    format!("SYNC#{sync_id}")
}

fn summary_key(sync_id: Uuid) -> Attributes {
    key(pk(sync_id), "SUMMARY")
}

fn chunk_key(sync_id: Uuid, chunk: u32) -> Attributes {
    key(pk(sync_id), format!("CHUNK#{chunk}"))
}
