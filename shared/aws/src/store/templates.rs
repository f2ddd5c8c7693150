//! Templates in the table `notifications`: texts that an operator worded anew, and all that they were before.
//!
//! | access | by |
//! |---|---|
//! | how all are worded | Query `TEMPLATES` |
//! | how one is worded | GetItem `TEMPLATES`, `<template>` |
//! | how it was worded | Query `TEMPLATE#<template>`, newest first; GetItem `TEMPLATE#<template>`, `<version>` |
//! | word it anew | transaction: `TEMPLATES`, `<template>`, if it is as it was read; no `TEMPLATE#<template>`, `<version>` |

use super::{Attributes, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::lang::Lang;
use domain::template::TemplateId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a function goes on with the texts that it has read, in seconds.
const FRESH: i64 = 20;

/// How a template is worded. A language that has no text has the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    pub template: TemplateId,
    /// Counts the wordings, from 1; 0: nobody has worded it anew.
    pub wording: i64,
    #[serde(default)]
    pub texts: BTreeMap<Lang, String>,
    /// Unix seconds.
    pub changed_at: i64,
    /// Whose it is: `key:<key id>`.
    pub changed_by: String,
}

impl Wording {
    /// As it is in code.
    pub fn default_of(template: TemplateId) -> Self {
        Self { template, wording: 0, texts: BTreeMap::new(), changed_at: 0, changed_by: String::new() }
    }
}

/// The templates.
pub struct TemplateStore {
    table: Table,
}

impl TemplateStore {
    /// `table`: the name of `notifications`.
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Those that were worded anew.
    pub async fn all(&self) -> anyhow::Result<Vec<Wording>> {
        let query = self.table.client.query().table_name(&self.table.name).key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", s("TEMPLATES"));
        let answer = query.send().await.context("reading the templates")?;
        Ok(serde_dynamo::from_items(answer.items.unwrap_or_default())?)
    }

    /// How one is worded now, by the newest word.
    pub async fn one(&self, template: TemplateId) -> anyhow::Result<Wording> {
        let found = self.get(key("TEMPLATES", template.name())).await?;
        Ok(found.unwrap_or_else(|| Wording::default_of(template)))
    }

    /// How it was worded; `None`: there was no such wording.
    pub async fn before(&self, template: TemplateId, wording: i64) -> anyhow::Result<Option<Wording>> {
        match wording {
            0 => Ok(Some(Wording::default_of(template))),
            _ => self.get(key(format!("TEMPLATE#{template}"), version_key(wording))).await,
        }
    }

    /// All that it was, newest first, at most `limit`.
    pub async fn history(&self, template: TemplateId, limit: i32) -> anyhow::Result<Vec<Wording>> {
        let query = self.table.client.query().table_name(&self.table.name).key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", s(format!("TEMPLATE#{template}"))).scan_index_forward(false).limit(limit);
        let answer = query.send().await.context("reading how a template was worded")?;
        Ok(serde_dynamo::from_items(answer.items.unwrap_or_default())?)
    }

    async fn get(&self, key: Attributes) -> anyhow::Result<Option<Wording>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true);
        let item = get.send().await.context("reading a template")?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?)
    }

    /// Words a template anew after `before`. `None`: somebody else did meanwhile.
    pub async fn put(&self, before: &Wording, texts: BTreeMap<Lang, String>, by: &str) -> anyhow::Result<Option<Wording>> {
        let wording =
            Wording { template: before.template, wording: before.wording + 1, texts, changed_at: time::now(), changed_by: by.to_owned() };
        let mut item: Attributes = serde_dynamo::to_item(&wording)?;
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        let put = |at: Attributes| Put::builder().table_name(&self.table.name).set_item(Some(item.clone().into_iter().chain(at).collect()));
        let now = put(key("TEMPLATES", wording.template.name()))
            .condition_expression("attribute_not_exists(pk) OR wording = :before")
            .expression_attribute_values(":before", n(before.wording));
        let kept = put(key(format!("TEMPLATE#{}", wording.template), version_key(wording.wording)))
            .condition_expression("attribute_not_exists(pk)");
        let writes = [now, kept].into_iter().map(|put| Ok(TransactWriteItem::builder().put(put.build()?).build()));
        let writes = writes.collect::<anyhow::Result<Vec<_>>>()?;
        let Err(error) = self.table.client.transact_write_items().set_transact_items(Some(writes)).send().await else {
            return Ok(Some(wording));
        };
        let met = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let is_met = |code| matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"));
                canceled.cancellation_reasons().iter().any(|reason| is_met(reason.code()))
            }
            _ => false,
        };
        if met { Ok(None) } else { Err(error).context("wording a template anew") }
    }
}

/// Sorts as numbers do.
fn version_key(wording: i64) -> String {
    format!("V#{wording:010}")
}

/// Texts as a function tells them by: read again after a while.
pub struct Worded<T> {
    store: TemplateStore,
    make: fn(BTreeMap<(TemplateId, Lang), String>) -> T,
    read: Mutex<Option<(i64, Arc<T>)>>,
}

impl<T> Worded<T> {
    /// `table`: the name of `notifications`; `make`: of the texts that were chosen.
    pub fn new(aws: &Aws, table: String, make: fn(BTreeMap<(TemplateId, Lang), String>) -> T) -> Self {
        Self { store: TemplateStore::new(aws, table), make, read: Mutex::new(None) }
    }

    /// They are at most 20 seconds old.
    pub async fn now(&self) -> anyhow::Result<Arc<T>> {
        let now = time::now();
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, texts)) = known.filter(|(at, _)| now - at < FRESH) {
            return Ok(texts);
        }
        let chosen = self.store.all().await?.into_iter().flat_map(|wording| {
            let template = wording.template;
            wording.texts.into_iter().map(move |(lang, text)| ((template, lang), text))
        });
        let texts = Arc::new((self.make)(chosen.collect()));
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, texts.clone()));
        Ok(texts)
    }
}
