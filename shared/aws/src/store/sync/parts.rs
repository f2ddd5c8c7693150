//! Asking for syncs, and the parts that a large one is planned in.

use super::{Summary, Syncs, pk, summary_key};
use crate::store::{Attributes, key, n, s, value};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::sync::{Origin, Request, SyncStatus, Totals};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A part of a large sync, from the second on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub plan: Uuid,
    pub chunks: u32,
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    pub done_chunks: BTreeSet<u32>,
    /// Where the next part begins; `None` where this is the last.
    #[serde(default)]
    pub next: Option<String>,
    /// How often it was planned again.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub replans: u32,
}

/// A request as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestItem {
    pub request: Request,
    /// Unix seconds.
    pub requested_at: i64,
}

/// That the next part of a sync is to be planned, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextItem {
    pub sync_id: Uuid,
    pub next_part: u32,
    /// Unix seconds.
    pub at: i64,
}

/// That a part of several is done, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotalsItem {
    pub sync_id: Uuid,
    pub part: u32,
    pub part_totals: Totals,
    /// Unix seconds.
    pub at: i64,
}

impl Syncs {
    /// Asks for a sync; `false` when it was asked for before.
    pub async fn request(&self, request: &Request) -> anyhow::Result<bool> {
        let item = RequestItem { request: request.clone(), requested_at: time::now() };
        self.put_new(request_key(request.sync_id), serde_dynamo::to_item(item)?).await.context("asking for a sync")
    }

    pub async fn requested(&self, sync_id: Uuid) -> anyhow::Result<Option<Request>> {
        let item: Option<RequestItem> = self.read(request_key(sync_id)).await.context("reading what is asked for")?;
        Ok(item.map(|item| item.request))
    }

    /// Asks for the taking back of a sync everywhere: it begins at once where the sync has ended, else when it does. `false`: there is no
    /// such sync.
    pub async fn undo(&self, sync_id: Uuid, undo: &Request) -> anyhow::Result<bool> {
        self.request(undo).await?;
        // An unban is carried to some chats only: it does not take the place of what takes the sync back in all.
        let is_free = "(attribute_not_exists(#undo) OR attribute_type(#undo, :null))";
        let (condition, null) = match undo.origin {
            Origin::Unban => (format!("attribute_exists(pk) AND {is_free}"), Some(s("NULL"))),
            _ => ("attribute_exists(pk)".to_owned(), None),
        };
        let update = self
            .update(summary_key(sync_id))
            .update_expression("SET #undo = :undo")
            .expression_attribute_names("#undo", "undo")
            .condition_expression(condition)
            .expression_attribute_values(":undo", value(undo.sync_id)?);
        let update = match null {
            Some(null) => update.expression_attribute_values(":null", null),
            None => update,
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("taking a sync back"),
        }
    }

    /// A part from the second on.
    pub async fn part(&self, sync_id: Uuid, part: u32) -> anyhow::Result<Option<Part>> {
        self.read(part_key(sync_id, part)).await.context("reading a part of a sync")
    }

    /// Begins a part; `false` when it has begun before.
    pub async fn begin_part(&self, sync_id: Uuid, number: u32, part: &Part) -> anyhow::Result<bool> {
        self.put_new(part_key(sync_id, number), serde_dynamo::to_item(part)?).await.context("beginning a part of a sync")
    }

    /// Adds up a part whose chunks are all done, and closes the sync where nothing else is to come. `only`: it has no other part; `next`: one
    /// follows.
    pub async fn finish_part(&self, sync_id: Uuid, part: u32, only: bool, next: bool) -> anyhow::Result<bool> {
        let results = self.part_results(sync_id, part).await?;
        let totals = Totals::of(results.iter().map(|result| &result.outcome));
        if !only {
            return self.part_done(sync_id, part, totals, next).await;
        }
        Ok(self.close(sync_id, totals).await? || self.close_again(sync_id, totals).await?)
    }

    /// A part of several is done, with these totals; `next`: there is one after it. The sync is closed where this was the last to be done.
    pub async fn part_done(&self, sync_id: Uuid, part: u32, totals: Totals, next: bool) -> anyhow::Result<bool> {
        let item = TotalsItem { sync_id, part, part_totals: totals, at: time::now() };
        self.put_new(totals_key(sync_id, part), serde_dynamo::to_item(item)?).await.context("keeping a part's totals")?;
        if next {
            let item = NextItem { sync_id, next_part: part + 1, at: time::now() };
            let key = key(pk(sync_id), format!("NEXT#{:05}", part + 1));
            self.put_new(key, serde_dynamo::to_item(item)?).await.context("asking for the next part")?;
        }
        let update = self
            .update(summary_key(sync_id))
            .update_expression("ADD done_parts :part")
            .expression_attribute_values(":part", AttributeValue::Ns(vec![part.to_string()]))
            .return_values(ReturnValue::AllNew);
        let summary = update.send().await.context("counting a part")?.attributes;
        self.close_if_done(summary).await
    }

    /// There are so many parts, and no more. The sync is closed where all of them are done.
    pub async fn set_parts(&self, sync_id: Uuid, parts: u32) -> anyhow::Result<bool> {
        let update = self
            .update(summary_key(sync_id))
            .update_expression("SET parts = :parts")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":parts", n(i64::from(parts)))
            .return_values(ReturnValue::AllNew);
        let summary = update.send().await.context("counting the parts")?.attributes;
        self.close_if_done(summary).await
    }

    async fn close_if_done(&self, summary: Option<Attributes>) -> anyhow::Result<bool> {
        let summary: Summary = serde_dynamo::from_item(summary.context("an update answers its item")?)?;
        if summary.status != SyncStatus::Running || summary.parts.is_none_or(|parts| summary.done_parts.len() < parts as usize) {
            return Ok(false);
        }
        let query = self
            .query()
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(pk(summary.sync_id)))
            .expression_attribute_values(":sk", s("TOTALS#"));
        let mut items = query.into_paginator().items().send();
        let mut totals = Totals::default();
        while let Some(item) = items.next().await {
            totals = totals + serde_dynamo::from_item::<_, TotalsItem>(item.context("reading the parts' totals")?)?.part_totals;
        }
        self.close(summary.sync_id, totals).await
    }

    /// Closes a sync with its totals; `false` when it is closed already.
    pub async fn close(&self, sync_id: Uuid, totals: Totals) -> anyhow::Result<bool> {
        self.close_if(sync_id, totals, "#status = :running").await
    }

    /// Totals of a closed sync after a chunk came back from the dead-letter queue. `false`: they are the same.
    async fn close_again(&self, sync_id: Uuid, totals: Totals) -> anyhow::Result<bool> {
        self.close_if(sync_id, totals, "#status <> :running AND totals <> :totals").await
    }

    async fn close_if(&self, sync_id: Uuid, totals: Totals, condition: &str) -> anyhow::Result<bool> {
        let update = self
            .update(summary_key(sync_id))
            .update_expression("SET #status = :status, totals = :totals, total_chats = :chats, completed_at_ms = :now")
            .condition_expression(condition)
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", value(totals.status())?)
            .expression_attribute_values(":totals", value(totals)?)
            .expression_attribute_values(":chats", n(i64::from(totals.chats())))
            .expression_attribute_values(":running", value(SyncStatus::Running)?)
            .expression_attribute_values(":now", n(time::now_ms()));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("closing a sync"),
        }
    }
}

fn request_key(sync_id: Uuid) -> Attributes {
    key(pk(sync_id), "REQUEST")
}

pub(super) fn part_key(sync_id: Uuid, part: u32) -> Attributes {
    key(pk(sync_id), format!("PART#{part:05}"))
}

fn totals_key(sync_id: Uuid, part: u32) -> Attributes {
    key(pk(sync_id), format!("TOTALS#{part:05}"))
}
