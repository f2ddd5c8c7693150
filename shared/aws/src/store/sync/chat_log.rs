//! Lists of what was done in a chat: each entry of its ledger once, near the time when it ended.

use super::Syncs;
use super::ledger::{LogEntry, chat_pk};
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{Attributes, key, n, s, value};
use anyhow::Context;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::ban::Occurred;
use domain::ids::ChatId;
use domain::sync::Kind;
use domain::sync::ledger::Entry;

/// A part of a chat's ledger. Together they hold each entry once, near the time when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// By the time of the decision.
    OnTime,
    /// Entries of what was done long after the decision, by the time when it was done: see [`Entry::is_late`].
    Late,
}

/// A ban that a sync has set in a chat, or lifted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub entry: Entry,
    /// Its place in its part of the ledger, Unix seconds.
    pub listed_at: i64,
}

/// Some acts in a chat, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acts {
    pub acts: Vec<Act>,
    /// Beginning of the rest: a sort key. It is for the bot alone.
    pub next: Option<String>,
}

impl Acts {
    /// How far was read, Unix seconds: every act that is newer was found. `None`: to the end.
    pub fn read_down_to(&self) -> Option<i64> {
        self.next.as_deref().map(moment_of)
    }
}

/// Marks an entry that stands among the late ones, too.
pub(super) const LATE: &str = "late";

/// Entries that one Query for acts reads: most of them may say that nothing was done.
const SIFTED: i32 = 200;

impl Syncs {
    /// A page of what we did in a chat, newest first; `from`, `to`: Unix seconds, both included, of the decisions that were carried over.
    pub async fn log_of_chat(&self, chat: ChatId, from: i64, to: i64, wanted: &Wanted) -> Result<Page<LogEntry>, PageError> {
        self.table.page(self.listed(chat, Listed::OnTime, from, to), &format!("log of chat {chat} {from} {to}"), wanted).await
    }

    /// A page of a part of what we did in a chat, newest first; `from`, `to`: Unix seconds, both included, of the time by which it is listed.
    pub async fn part_of_log(&self, chat: ChatId, part: Listed, from: i64, to: i64, wanted: &Wanted) -> Result<Page<LogEntry>, PageError> {
        let mut query = self.listed(chat, part, from, to);
        if part == Listed::OnTime {
            query = query.filter_expression("attribute_not_exists(#late)").expression_attribute_names("#late", LATE);
        }
        self.table.page(query, &format!("log of chat {chat} {part:?} {from} {to}"), wanted).await
    }

    /// Bans that syncs have set in a chat, and those that they have lifted, as far as one Query finds them. What a program had us do in the chat's
    /// own name is the chat's decision. `to`: Unix seconds, included; `kind`: only these; `after`: the `next` of those before.
    pub async fn acts_in(&self, chat: ChatId, part: Listed, to: i64, kind: Option<Kind>, after: Option<String>) -> anyhow::Result<Acts> {
        let mut filter = "#status = :applied AND source_chat_id <> :chat".to_owned();
        let mut query = self
            .listed(chat, part, 0, to)
            .limit(SIFTED)
            .set_exclusive_start_key(after.map(|sk| key(chat_pk(chat), sk)))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":applied", s("applied"))
            .expression_attribute_values(":chat", n(chat.0));
        if part == Listed::OnTime {
            filter.push_str(" AND attribute_not_exists(#late)");
            query = query.expression_attribute_names("#late", LATE);
        }
        if let Some(kind) = kind {
            filter.push_str(" AND #kind = :kind");
            query = query.expression_attribute_names("#kind", "kind").expression_attribute_values(":kind", value(kind)?);
        }
        let answer = query.filter_expression(filter).send().await.context("reading what was done in a chat")?;
        let act = |item: Attributes| {
            let listed_at = sort_key(&item).map(moment_of).unwrap_or_default();
            anyhow::Ok(Act { listed_at, entry: serde_dynamo::from_item::<_, LogEntry>(item)?.entry })
        };
        let acts = answer.items.unwrap_or_default().into_iter().map(act).collect::<anyhow::Result<_>>()?;
        let next = answer.last_evaluated_key.as_ref().and_then(sort_key).map(str::to_owned);
        Ok(Acts { acts, next })
    }

    /// A part of a chat's ledger, newest first.
    fn listed(&self, chat: ChatId, part: Listed, from: i64, to: i64) -> QueryFluentBuilder {
        let place = |at| s(format!("{}{}", prefix(part), Occurred::new(at, 0).as_str()));
        self.query()
            .scan_index_forward(false)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(chat_pk(chat)))
            .expression_attribute_values(":from", place(from))
            .expression_attribute_values(":to", place(to.saturating_add(1)))
    }
}

/// How the sort keys of a part begin.
pub(super) fn prefix(part: Listed) -> &'static str {
    match part {
        Listed::OnTime => "L#",
        Listed::Late => "D#",
    }
}

pub(super) fn sort_key(item: &Attributes) -> Option<&str> {
    item.get("sk")?.as_s().ok().map(String::as_str)
}

/// The time by which an entry is listed, Unix seconds: its sort key has it.
pub(super) fn moment_of(sort_key: &str) -> i64 {
    sort_key.get(2..14).and_then(|at| at.parse().ok()).unwrap_or_default()
}
