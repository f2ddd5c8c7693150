//! Table `audit`: what the REST API changed, and which key asked for it.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | note a change | PutItem `AUDIT#<day>`, `<Unix milliseconds>#<id>` |
//! | changes, newest first | Query `AUDIT#<day>`, day after day |
//!
//! A day is one partition: it takes 1000 writes a second, and API Gateway lets a tenth of that in. An entry costs one write unit; that of a
//! bulk of 500 events about twenty. A day without changes costs a page half a read unit.

use super::page::{Cursor, Page, PageError, Wanted};
use super::{Attributes, DAY, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use domain::event::date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How long an entry is kept, in days.
const KEPT: i64 = 366;

/// Days that are read for a page at most. A page that has not found enough by then is short, and has a cursor.
const DAYS: usize = 31;

/// Names the list in its cursors.
const LIST: &str = "audit";

/// The log of changes.
pub struct Audit {
    table: Table,
}

/// An id: one of Telegram's, or one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    Telegram(i64),
    Ours(Uuid),
}

/// A change, as stored. It holds ids only, no names and no texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub audit_id: Uuid,
    /// When it was done, Unix milliseconds.
    pub at_ms: i64,
    /// Whose it is: `key:<key id>`.
    pub subject: String,
    /// Method and path, such as `PUT /api/v1/users/{user_id}`.
    pub operation: String,
    /// HTTP status that was answered.
    pub answered: u16,
    pub correlation_id: String,
    /// Ids of what it is about, by the names that the API has for them.
    #[serde(default)]
    pub objects: BTreeMap<String, BTreeSet<Id>>,
}

/// Where a page begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    /// Days since 1970.
    day: i64,
    /// The sort key before which it begins.
    before: Option<String>,
}

impl Audit {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    /// Notes a change.
    pub async fn note(&self, entry: &AuditEntry) -> anyhow::Result<()> {
        let mut item: Attributes = serde_dynamo::to_item(entry)?;
        item.extend(key(day_pk(entry.at_ms / 1000 / DAY), format!("{:013}#{}", entry.at_ms, entry.audit_id)));
        item.insert("expires_at".to_owned(), n(entry.at_ms / 1000 + KEPT * DAY));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        // An entry stays as it was first written.
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        put.condition_expression("attribute_not_exists(pk)").send().await.context("noting a change")?;
        Ok(())
    }

    /// A page of the changes, newest first.
    pub async fn page(&self, wanted: &Wanted) -> Result<Page<AuditEntry>, PageError> {
        let today = time::now() / DAY;
        let mut place = match &wanted.cursor {
            Some(cursor) => Cursor::read(LIST, cursor)?,
            None => Place { day: today, before: None },
        };
        if place.day > today {
            return Err(PageError::BadCursor);
        }
        let mut items: Vec<AuditEntry> = Vec::new();
        for _ in 0..DAYS {
            if place.day < today - KEPT {
                return Ok(Page { items, next: None });
            }
            let left = wanted.limit - items.len();
            let (found, more) = self.of_day(&place, left).await?;
            place = match found.last() {
                Some(last) if more || found.len() == left => {
                    Place { before: Some(format!("{:013}#{}", last.at_ms, last.audit_id)), ..place }
                }
                _ => Place { day: place.day - 1, before: None },
            };
            items.extend(found);
            if items.len() == wanted.limit {
                break;
            }
        }
        Ok(Page { items, next: Some(Cursor::write(LIST, place)?) })
    }

    /// Changes of a day, and whether there may be more.
    async fn of_day(&self, place: &Place, limit: usize) -> Result<(Vec<AuditEntry>, bool), PageError> {
        let query = self
            .table
            .client
            .query()
            .scan_index_forward(false)
            .key_condition_expression("pk = :day AND sk < :before")
            .expression_attribute_values(":day", s(day_pk(place.day)))
            // Sort keys begin with a digit.
            .expression_attribute_values(":before", s(place.before.as_deref().unwrap_or("a")))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = self.table.query_of_page(query, place.before.is_some()).await?;
        let found = serde_dynamo::from_items(answer.items.unwrap_or_default()).context("reading the log of changes")?;
        Ok((found, answer.last_evaluated_key.is_some()))
    }
}

/// `day`: days since 1970.
fn day_pk(day: i64) -> String {
    format!("AUDIT#{}", date(day * DAY))
}
