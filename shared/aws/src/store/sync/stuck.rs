//! Parts that do not move: that is told of, and they are planned again.

use super::chunks::chunk_key_of;
use super::ledger::of_begun;
use super::parts::part_key;
use super::{Summary, Syncs, pk, summary_key};
use crate::store::{key, n, value};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use domain::ids::ChatId;
use domain::sync::deadline::{NUMBERS_OF_A_PLAN, Reached};
use domain::sync::{CHUNK_TARGETS, Order, Origin, Outcome, Reason, SyncStatus, Target, TargetResult, further_sync_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Further tries of what failed in a sync that may be asked for.
pub const MOST_RETRIES: u32 = 50;

/// That a part is stuck, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckItem {
    pub sync_id: Uuid,
    pub stuck: Reached,
    /// Unix seconds.
    pub at: i64,
}

/// A part as it is planned now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub plan: Uuid,
    /// How many chunks it has, and how many of them are done.
    pub chunks: u32,
    pub done: u32,
    pub replans: u32,
    /// Beginning of the next part.
    pub next: Option<String>,
}

impl Planned {
    /// The number of the first chunk of the next plan: no number is used twice.
    pub fn first_number(&self) -> u32 {
        (self.replans + 1) * NUMBERS_OF_A_PLAN
    }
}

impl Syncs {
    /// How far a sync is.
    pub async fn reached(&self, summary: &Summary) -> anyhow::Result<Reached> {
        let part = summary.done_parts.len() as u32;
        let planned = self.planned(summary, part).await?;
        let (chunks, replans) = planned.map(|planned| (planned.done, planned.replans)).unwrap_or_default();
        Ok(Reached { part, chunks, replans })
    }

    /// A part of a sync; `None` where it is not planned yet.
    pub async fn planned(&self, summary: &Summary, part: u32) -> anyhow::Result<Option<Planned>> {
        if part == 0 {
            let Summary { plan, chunks, ref done_chunks, replans, ref next, .. } = *summary;
            return Ok(Some(Planned { plan, chunks, done: done_chunks.len() as u32, replans, next: next.clone() }));
        }
        let part = self.part(summary.sync_id, part).await?;
        Ok(part.map(|part| Planned {
            plan: part.plan,
            chunks: part.chunks,
            done: part.done_chunks.len() as u32,
            replans: part.replans,
            next: part.next,
        }))
    }

    /// Tells that a part is stuck; each time anew.
    pub async fn tell_stuck(&self, sync_id: Uuid, reached: Reached) -> anyhow::Result<()> {
        let mut item: super::Attributes = serde_dynamo::to_item(StuckItem { sync_id, stuck: reached, at: time::now() })?;
        item.extend(key(pk(sync_id), "STUCK"));
        item.insert("expires_at".to_owned(), n(Summary::expiry()));
        item.insert("version".to_owned(), n(i64::from(Summary::VERSION)));
        self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).send().await.context("telling of a stuck sync")?;
        Ok(())
    }

    /// Gives a part another plan with so many chunks; `false` where it has another one by now.
    pub async fn replan(&self, sync_id: Uuid, part: u32, old: &Planned, plan: Uuid, chunks: u32) -> anyhow::Result<bool> {
        let key = if part == 0 { summary_key(sync_id) } else { part_key(sync_id, part) };
        let update = self
            .update(key)
            .update_expression("SET #plan = :new, chunks = :chunks, replans = :replans")
            .condition_expression("#plan = :old")
            .expression_attribute_names("#plan", "plan")
            .expression_attribute_values(":new", value(plan)?)
            .expression_attribute_values(":old", value(old.plan)?)
            // Those that are done stay done.
            .expression_attribute_values(":chunks", n(i64::from(old.done + chunks)))
            .expression_attribute_values(":replans", n(i64::from(old.replans + 1)));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("planning a part again"),
        }
    }

    /// Which chats of a part have a result, and what was intended in the others: [`domain::sync::PART_CHATS`] at most.
    pub async fn targets_of_part(
        &self,
        sync_id: Uuid,
        part: u32,
    ) -> anyhow::Result<(BTreeMap<ChatId, TargetResult>, BTreeMap<ChatId, Order>)> {
        let mut items = self.chunks(sync_id, &format!("CHUNK#{part:05}#")).into_paginator().items().send();
        let (mut results, mut intended) = (BTreeMap::new(), BTreeMap::new());
        while let Some(item) = items.next().await {
            let of_item = super::chunks::of_targets(item.context("reading a part's chunks")?)?;
            results.extend(of_item.0);
            intended.extend(of_item.1);
        }
        Ok((results, intended))
    }

    /// Writes results of chats that no chunk will be about any more, and into the ledger what may have been done in them all the same.
    pub async fn give_up(&self, summary: &Summary, part: u32, planned: &Planned, rest: &[Target]) -> anyhow::Result<()> {
        let begun: BTreeMap<_, _> = rest.iter().filter_map(|target| Some((target.chat_id, target.intended?))).collect();
        // A worker that died between the ledger and the results has left its own.
        let entered = self.entries_of(summary, begun.keys().copied()).await?;
        let begun = begun.into_iter().filter(|(chat, _)| !entered.contains_key(chat));
        self.enter(&begun.map(|(chat, order)| of_begun(summary, chat, order)).collect::<Vec<_>>()).await?;
        let failed = |target: &Target| TargetResult::new(target.chat_id, target.admins.clone(), Outcome::Failed(Reason::TimedOut));
        let results: Vec<_> = rest.iter().map(failed).collect();
        for (number, results) in (planned.first_number()..).zip(results.chunks(CHUNK_TARGETS)) {
            self.write_results_of(chunk_key_of(summary.sync_id, part, number), results).await?;
        }
        Ok(())
    }

    /// The id of the first further try of what failed in a sync that has not ended; `None`: there were too many.
    pub async fn next_retry(&self, sync: &Summary) -> anyhow::Result<Option<Uuid>> {
        for number in 1..=MOST_RETRIES {
            let id = further_sync_id(sync.ban_event_id, Origin::Retried, &format!("{}:{number}", sync.sync_id));
            if self.summary(id).await?.is_none_or(|retry| retry.status == SyncStatus::Running) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}
