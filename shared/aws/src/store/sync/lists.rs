//! Syncs of a person, and of a day.
//!
//! What a person's syncs have done decides what is taken back: it must not be missed because an index lags. So each sync stands under its
//! person by an item of its own, one write unit a sync; pages for readers come from the indexes.

use super::{Summary, Syncs, summary_key};
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{Attributes, VERSION, key, n, s};
use anyhow::Context;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::ban::Occurred;
use domain::ids::UserId;
use domain::sync::together::{Decided, WITHIN, together};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The most syncs about a person that are looked at for what the same hand decided: each answer and each undo within these seconds is one, too.
const MOST_AT_ONCE: i32 = 100;

/// That a sync is about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfPerson {
    /// Not `sync_id`: by that the relay knows a sync.
    pub of_sync: Uuid,
    pub occurred: Occurred,
}

/// What the indexes hold of a sync.
#[derive(Debug, Deserialize)]
struct IndexItem {
    pk: String,
    sk: String,
}

impl IndexItem {
    fn key(self) -> Attributes {
        key(self.pk, self.sk)
    }
}

/// The syncs of decisions that belong together with that of `sync_id`, the first decision first; see [`together`]. `recent`: from
/// [`Syncs::recent`].
pub fn of_one_hand(recent: &[Summary], sync_id: Uuid) -> Vec<Summary> {
    let decided = |sync: &Summary| Decided {
        sync_id: sync.sync_id,
        kind: sync.kind,
        by: sync.initiator_user_id,
        source: sync.source_chat_id,
        occurred: sync.occurred.clone(),
    };
    let all: Vec<_> = recent.iter().map(decided).collect();
    let ids = together(sync_id, &all);
    ids.iter().filter_map(|id| recent.iter().find(|sync| sync.sync_id == *id)).cloned().collect()
}

impl Syncs {
    /// All syncs about a person that are kept, newest first: as many as chats have banned him, and what was asked for besides.
    pub async fn of_user(&self, user: UserId) -> anyhow::Result<Vec<Summary>> {
        let keys = self.names_of(user).await?.into_iter().map(|of| summary_key(of.of_sync));
        let items = self.table.get_newest(keys.collect()).await.context("reading syncs")?;
        let mut summaries: Vec<Summary> = serde_dynamo::from_items(items)?;
        summaries.sort_by_key(|summary| Reverse(summary.started_at_ms));
        Ok(summaries)
    }

    /// The syncs about a person, in no order. One that has not begun, because its planner died, may be among them.
    pub(super) async fn names_of(&self, user: UserId) -> anyhow::Result<Vec<OfPerson>> {
        let mut items = self.of_person(user).into_paginator().items().send();
        let mut of_person = Vec::new();
        while let Some(item) = items.next().await {
            of_person.push(serde_dynamo::from_item(item.context("listing a person's syncs")?)?);
        }
        Ok(of_person)
    }

    /// The newest syncs about a person that an update began, by decisions of `since` (Unix seconds) or later, `most` of all of the person's
    /// being looked at. Empty where there is but one sync. As they are after every write that was answered.
    pub async fn recent(&self, user: UserId, since: i64, most: i32) -> anyhow::Result<Vec<Summary>> {
        let query = self
            .query()
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(most)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(person_pk(user)))
            .expression_attribute_values(":from", s(format!("S#{}", Occurred::new(since, 0).as_str())))
            .expression_attribute_values(":to", s("S$"));
        let answer = query.send().await.context("listing a person's newest syncs")?;
        let of_person: Vec<OfPerson> = serde_dynamo::from_items(answer.items.unwrap_or_default())?;
        // Nearly always: nothing more is read.
        if of_person.len() < 2 {
            return Ok(Vec::new());
        }
        let mut summaries = self.each(of_person.into_iter().map(|of| of.of_sync)).await?;
        summaries.retain(|sync| sync.origin.is_news());
        Ok(summaries)
    }

    /// Decisions of the same hand on a person along with the decision of `sync_id`, that one among it, the first one first. Nothing where it stands
    /// alone.
    pub async fn decided_along(&self, user: UserId, sync_id: Uuid, occurred: &Occurred) -> anyhow::Result<Vec<Summary>> {
        let recent = self.recent(user, occurred.at().unwrap_or_default() - WITHIN, MOST_AT_ONCE).await?;
        Ok(of_one_hand(&recent, sync_id))
    }

    /// Those of these syncs that have begun, in no order.
    pub async fn each(&self, ids: impl Iterator<Item = Uuid>) -> anyhow::Result<Vec<Summary>> {
        let items = self.table.get_newest(ids.map(summary_key).collect()).await.context("reading syncs")?;
        Ok(serde_dynamo::from_items(items)?)
    }

    /// A page of the syncs about a person, the newest first, as they are after every write that was answered.
    pub async fn page_of_person(&self, user: UserId, wanted: &Wanted) -> Result<Page<Summary>, PageError> {
        let query = self.of_person(user).scan_index_forward(false);
        let page: Page<OfPerson> = self.table.page(query, &format!("syncs about {user}"), wanted).await?;
        let keys = page.items.into_iter().map(|of| summary_key(of.of_sync)).collect();
        let items = serde_dynamo::from_items(self.table.get_all(keys).await?).context("reading syncs")?;
        Ok(Page { items, next: page.next })
    }

    /// Is anything about this person?
    pub async fn is_about(&self, user: UserId) -> anyhow::Result<bool> {
        let answer = self.of_person(user).limit(1).send().await.context("looking for a person's syncs")?;
        Ok(answer.count > 0)
    }

    /// Notes a sync under its person, before it begins.
    pub(super) async fn name(&self, user: UserId, sync_id: Uuid, occurred: &Occurred, expires_at: i64) -> anyhow::Result<()> {
        let mut item: Attributes = serde_dynamo::to_item(OfPerson { of_sync: sync_id, occurred: occurred.clone() })?;
        item.extend(key(person_pk(user), format!("S#{}#{sync_id}", occurred.as_str())));
        item.insert("expires_at".to_owned(), n(expires_at));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).send().await.context("noting a person's sync")?;
        Ok(())
    }

    fn of_person(&self, user: UserId) -> QueryFluentBuilder {
        self.query()
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(person_pk(user)))
            .expression_attribute_values(":sk", s("S#"))
    }

    /// A page of them.
    pub async fn page_of_user(&self, user: UserId, from_ms: i64, to_ms: i64, wanted: &Wanted) -> Result<Page<Summary>, PageError> {
        let query = self
            .table
            .client
            .query()
            .index_name("by_user")
            .scan_index_forward(false)
            .key_condition_expression("user_id = :user AND started_at_ms BETWEEN :from AND :to")
            .expression_attribute_values(":user", n(user.0))
            .expression_attribute_values(":from", n(from_ms))
            .expression_attribute_values(":to", n(to_ms));
        let page: Page<IndexItem> = self.table.page(query, &format!("syncs of {user} {from_ms} {to_ms}"), wanted).await?;
        Ok(Page { items: self.summaries(page.items).await?, next: page.next })
    }

    /// A page of the syncs that began on a day, newest first. `day`: such as `2026-11-24`, UTC; within it, Unix milliseconds.
    pub async fn page_of_day(&self, day: &str, from_ms: i64, to_ms: i64, wanted: &Wanted) -> Result<Page<Summary>, PageError> {
        let query = self
            .table
            .client
            .query()
            .index_name("by_day")
            .scan_index_forward(false)
            .key_condition_expression("#day = :day AND started_at_ms BETWEEN :from AND :to")
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":day", s(day))
            .expression_attribute_values(":from", n(from_ms))
            .expression_attribute_values(":to", n(to_ms));
        let page: Page<IndexItem> = self.table.page(query, &format!("syncs of day {day} {from_ms} {to_ms}"), wanted).await?;
        Ok(Page { items: self.summaries(page.items).await?, next: page.next })
    }

    /// In the order of their keys.
    async fn summaries(&self, keys: Vec<IndexItem>) -> anyhow::Result<Vec<Summary>> {
        let order: BTreeMap<String, usize> = keys.iter().enumerate().map(|(place, item)| (item.pk.clone(), place)).collect();
        let items = self.table.get_all(keys.into_iter().map(IndexItem::key).collect()).await.context("reading syncs")?;
        let mut summaries: Vec<Summary> = serde_dynamo::from_items(items)?;
        summaries.sort_by_key(|summary| order.get(&super::pk(summary.sync_id)).copied());
        Ok(summaries)
    }
}

pub(super) fn person_pk(user: UserId) -> String {
    format!("USER#{user}")
}
