//! Chunks: what they set out to do, what became of it, and that they are done.

use super::parts::{Part, part_key};
use super::undone::{UNDONE, undone_key};
use super::{Summary, Syncs, pk, summary_key};
use crate::store::{Attributes, key, n, s, value};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::ids::ChatId;
use domain::sync::{ChunkMessage, Order, TargetResult};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A part once a chunk of it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// All of its chunks are done.
    pub part_done: bool,
    /// Another part follows.
    pub next: bool,
    /// It is the only one.
    pub only: bool,
}

/// State of a chunk before it is worked on.
#[derive(Clone, Debug)]
pub struct ChunkState {
    pub summary: Summary,
    /// From the second part on.
    pub part: Option<Part>,
    /// Chats of the chunk that have a result.
    pub results: BTreeMap<ChatId, TargetResult>,
    /// Orders of an earlier try of the chunk in chats that have no result.
    pub intended: BTreeMap<ChatId, Order>,
    /// The ban was taken back everywhere.
    pub undone: bool,
}

/// Results of a sync from some place on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    pub results: Vec<TargetResult>,
    /// Where the rest begins.
    pub next: Option<String>,
}

impl Syncs {
    /// Records what a chunk is about to do in which chats, so that after a crash what is found there is known for ours.
    pub async fn intend(&self, chunk: &ChunkMessage, orders: impl IntoIterator<Item = (ChatId, Order)>) -> anyhow::Result<()> {
        let orders = orders.into_iter().map(|(chat, order)| Ok((chat, value(order)?, None)));
        self.set_each(chunk_key(chunk), INTENDED, orders).await.context("recording a chunk's intent")
    }

    /// All that is known of a chunk, in one call; `None` before its sync has begun.
    pub async fn state_of(&self, chunk: &ChunkMessage) -> anyhow::Result<Option<ChunkState>> {
        let mut keys = vec![summary_key(chunk.sync_id), chunk_key(chunk), undone_key(chunk.ban_event_id)];
        if chunk.part > 0 {
            keys.push(part_key(chunk.sync_id, chunk.part));
        }
        let (mut summary, mut part, mut undone, mut targets) = (None, None, false, Attributes::new());
        for item in self.table.get_newest(keys).await.context("reading a chunk's state")? {
            match item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str) {
                Some("SUMMARY") => summary = Some(serde_dynamo::from_item(item)?),
                Some(UNDONE) => undone = true,
                Some(sk) if sk.starts_with("PART#") => part = Some(serde_dynamo::from_item(item)?),
                _ => targets = item,
            }
        }
        let Some(summary) = summary else { return Ok(None) };
        let (results, intended) = of_targets(targets)?;
        Ok(Some(ChunkState { summary, part, results, intended, undone }))
    }

    /// Which chats of a chunk have a result by now, and what was intended in the others.
    pub async fn targets_of(&self, chunk: &ChunkMessage) -> anyhow::Result<(BTreeMap<ChatId, TargetResult>, BTreeMap<ChatId, Order>)> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(chunk_key(chunk))).consistent_read(true);
        of_targets(get.send().await.context("reading a chunk's intent")?.item.unwrap_or_default())
    }

    /// Writes results under the sync; one that is there is replaced, so that a chat has exactly one.
    pub async fn write_results(&self, chunk: &ChunkMessage, results: &[TargetResult]) -> anyhow::Result<()> {
        if results.is_empty() {
            return Ok(());
        }
        self.write_results_of(chunk_key(chunk), results).await
    }

    pub(super) async fn write_results_of(&self, key: Attributes, results: &[TargetResult]) -> anyhow::Result<()> {
        // A chat that has a result is not acted in again: what was intended there would only make the item larger. Where its time has run out,
        // nobody knows yet what became of it.
        let is_known = |result: &TargetResult| (!result.outcome.is_timed_out()).then_some(INTENDED);
        let results = results.iter().map(|result| Ok((result.chat_id, value(result)?, is_known(result))));
        self.set_each(key, RESULT, results).await.context("writing results")
    }

    /// Sets an attribute a chat of a chunk's item: this prefix, and the chat's id. With each comes the prefix of one that goes.
    async fn set_each(
        &self,
        key: Attributes,
        prefix: &str,
        values: impl Iterator<Item = anyhow::Result<(ChatId, AttributeValue, Option<&'static str>)>>,
    ) -> anyhow::Result<()> {
        let mut update = self.update(key).expression_attribute_values(":expires", n(Summary::expiry()));
        let (mut set, mut remove) = ("SET expires_at = :expires".to_owned(), Vec::new());
        for (number, entry) in values.enumerate() {
            let (chat, value, replaces) = entry?;
            set += &format!(", #s{number} = :s{number}");
            update = update
                .expression_attribute_names(format!("#s{number}"), format!("{prefix}{chat}"))
                .expression_attribute_values(format!(":s{number}"), value);
            if let Some(replaced) = replaces {
                remove.push(format!("#r{number}"));
                update = update.expression_attribute_names(format!("#r{number}"), format!("{replaced}{chat}"));
            }
        }
        let expression = if remove.is_empty() { set } else { format!("{set} REMOVE {}", remove.join(", ")) };
        update.update_expression(expression).send().await?;
        Ok(())
    }

    /// All results of a sync so far. Of a large one: see [`Syncs::results_from`].
    pub async fn results(&self, sync_id: Uuid) -> anyhow::Result<Vec<TargetResult>> {
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let page = self.results_from(sync_id, next, CHUNKS_AT_A_TIME).await?;
            all.extend(page.results);
            next = page.next;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// The results of at most so many chunks of a sync. `after`: the `next` of the results before.
    pub async fn results_from(&self, sync_id: Uuid, after: Option<String>, chunks: i32) -> anyhow::Result<Results> {
        let start = after.map(|sk| key(pk(sync_id), sk));
        let query = self.chunks(sync_id, "CHUNK#").limit(chunks).set_exclusive_start_key(start);
        let answer = query.send().await.context("reading results")?;
        let mut results = Vec::new();
        for item in answer.items.unwrap_or_default() {
            results.extend(results_of(item)?);
        }
        let next = answer.last_evaluated_key.and_then(|mut key| key.remove("sk")).and_then(|sk| sk.as_s().ok().cloned());
        Ok(Results { results, next })
    }

    /// The results of a part: [`domain::sync::PART_CHATS`] at most.
    pub async fn part_results(&self, sync_id: Uuid, part: u32) -> anyhow::Result<Vec<TargetResult>> {
        let mut items = self.chunks(sync_id, &format!("CHUNK#{part:05}#")).into_paginator().items().send();
        let mut results = Vec::new();
        while let Some(item) = items.next().await {
            results.extend(results_of(item.context("reading a part's results")?)?);
        }
        Ok(results)
    }

    /// Counts a chunk as done, once; `None` when the plan was given up.
    pub async fn chunk_done(&self, chunk: &ChunkMessage) -> anyhow::Result<Option<Progress>> {
        if chunk.part == 0 {
            let Some(summary) = self.count::<Summary>(summary_key(chunk.sync_id), chunk).await? else { return Ok(None) };
            let part_done = summary.done_chunks.len() >= summary.chunks as usize;
            return Ok(Some(Progress { part_done, next: summary.next.is_some(), only: summary.next.is_none() }));
        }
        let Some(part) = self.count::<Part>(part_key(chunk.sync_id, chunk.part), chunk).await? else { return Ok(None) };
        Ok(Some(Progress { part_done: part.done_chunks.len() >= part.chunks as usize, next: part.next.is_some(), only: false }))
    }

    async fn count<T: DeserializeOwned>(&self, key: Attributes, chunk: &ChunkMessage) -> anyhow::Result<Option<T>> {
        let update = self
            .update(key)
            .update_expression("ADD done_chunks :chunk")
            .condition_expression("#plan = :plan")
            .expression_attribute_names("#plan", "plan")
            .expression_attribute_values(":chunk", AttributeValue::Ns(vec![chunk.chunk.to_string()]))
            .expression_attribute_values(":plan", value(chunk.plan)?)
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => Ok(answer.attributes.map(serde_dynamo::from_item).transpose()?),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(None),
            Err(error) => Err(error).context("counting a chunk"),
        }
    }

    pub(super) fn chunks(&self, sync_id: Uuid, prefix: &str) -> QueryFluentBuilder {
        self.query()
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(pk(sync_id)))
            .expression_attribute_values(":sk", s(prefix))
    }
}

/// Chunks that are read by one call: a quarter of a megabyte.
const CHUNKS_AT_A_TIME: i32 = 80;

/// Attributes of a chunk's item that hold a result: this, and the chat's id.
const RESULT: &str = "r";

/// The same for what is intended.
const INTENDED: &str = "i";

/// Results of an item, and what was intended where none is known.
pub(super) fn of_targets(item: Attributes) -> anyhow::Result<(BTreeMap<ChatId, TargetResult>, BTreeMap<ChatId, Order>)> {
    let results: BTreeMap<ChatId, TargetResult> = by_chat(item.clone(), RESULT).collect::<anyhow::Result<_>>()?;
    let mut intended: BTreeMap<ChatId, Order> = by_chat(item, INTENDED).collect::<anyhow::Result<_>>()?;
    intended.retain(|chat, _| results.get(chat).is_none_or(|result| result.outcome.is_timed_out()));
    Ok((results, intended))
}

fn results_of(item: HashMap<String, AttributeValue>) -> anyhow::Result<Vec<TargetResult>> {
    by_chat(item, RESULT).map(|result| Ok(result?.1)).collect()
}

/// What an item holds of each chat under names that begin so, by chat.
fn by_chat<T: DeserializeOwned>(item: HashMap<String, AttributeValue>, prefix: &str) -> impl Iterator<Item = anyhow::Result<(ChatId, T)>> {
    let chat = |name: &str| name.strip_prefix(prefix)?.parse().ok().map(ChatId);
    let of_chats: BTreeMap<_, _> = item.into_iter().filter_map(|(name, value)| Some((chat(&name)?, value))).collect();
    of_chats.into_iter().map(|(chat, value)| Ok((chat, serde_dynamo::from_attribute_value(value)?)))
}

fn chunk_key(chunk: &ChunkMessage) -> Attributes {
    chunk_key_of(chunk.sync_id, chunk.part, chunk.chunk)
}

pub(super) fn chunk_key_of(sync_id: Uuid, part: u32, number: u32) -> Attributes {
    key(pk(sync_id), format!("CHUNK#{part:05}#{number:05}"))
}
