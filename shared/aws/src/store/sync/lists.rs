//! Syncs of a person, and of a day.

use super::{Summary, Syncs};
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{Attributes, key, n, s};
use anyhow::Context;
use domain::ids::UserId;
use serde::Deserialize;
use std::collections::BTreeMap;

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

impl Syncs {
    /// All syncs about a person that are kept, newest first: as many as chats have banned him, and what was asked for besides.
    pub async fn of_user(&self, user: UserId) -> anyhow::Result<Vec<Summary>> {
        let mut items = self.by_user(user).table_name(&self.table.name).into_paginator().items().send();
        let mut keys = Vec::new();
        while let Some(item) = items.next().await {
            keys.push(serde_dynamo::from_item::<_, IndexItem>(item.context("listing a person's syncs")?)?);
        }
        self.summaries(keys).await
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

    fn by_user(&self, user: UserId) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let query = self.table.client.query().index_name("by_user").scan_index_forward(false);
        query.key_condition_expression("user_id = :user").expression_attribute_values(":user", n(user.0))
    }
}
