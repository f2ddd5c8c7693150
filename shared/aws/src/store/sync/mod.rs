//! Table `sync`: a summary a sync, what became of it in each chat, what is asked, what waits.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | begin a sync once; a sync | PutItem, if it is not there; GetItem `SYNC#<sync id>`, `SUMMARY` |
//! | a further part of a large sync, once | PutItem, if it is not there; GetItem `SYNC#<sync id>`, `PART#<part>` |
//! | ask for the next part | PutItem `SYNC#<sync id>`, `NEXT#<part>` |
//! | ask for a sync | PutItem, if it is not there; GetItem `SYNC#<sync id>`, `REQUEST` |
//! | what a chunk set out to ban, and its results | UpdateItem, GetItem `SYNC#<sync id>`, `CHUNK#<part>#<number>` |
//! | a sync's results | Query `SYNC#<sync id>`, `CHUNK#…` |
//! | count a chunk as done | UpdateItem on the summary, or on its part |
//! | a part's totals | PutItem, Query `SYNC#<sync id>`, `TOTALS#<part>` |
//! | tell that a part is stuck; plan it again | PutItem `SYNC#<sync id>`, `STUCK`; Query its chunks, UpdateItem |
//! | count a part as done; close | UpdateItem on the summary |
//! | the ledger of a chat, by time | BatchWriteItem, Query `CHAT#<chat>`, `L#<occurred>#<sync id>` |
//! | what was done there long after the decision, by the time when it was done | BatchWriteItem, Query `CHAT#<chat>`, `D#<at>#<sync id>` |
//! | what was done to a person in some chats, or by a sync | BatchGetItem on the same keys, of that person's syncs |
//! | for which sources somebody is to be banned when he comes | PutItem, Query, DeleteItem `CHAT#<chat>`, `P#<user>#<source>` |
//! | that a ban was taken back everywhere | PutItem, GetItem `EVENT#<ban event id>`, `UNDONE` |
//! | all that is known of a chunk before it is worked on | BatchGetItem: the summary, the part, the chunk, `UNDONE` |
//! | who is waited for in a group that became a supergroup | Query `CHAT#<chat>`, `P#…`; PutItem, if it is not there; DeleteItem |
//! | a question to a chat's admins, and its answer | UpdateItem, GetItem `QUESTION#<id>`, `QUESTION` |
//! | the open questions of a chat | PutItem, Query `CHAT#<chat>`, `Q#<question id>`, then BatchGetItem |
//! | an appeal, once; its decision, once | PutItem, if it is not there; UpdateItem, GetItem `APPEAL#<id>`, `APPEAL` |
//! | note an appeal under its person; a page of theirs; erase them | PutItem; Query `USER#<user>`, `A#<appeal>`, then BatchGetItem; DeleteItem |
//! | note a sync under its person; all of his, newest first | PutItem; Query `USER#<user>`, `S#<occurred>#<sync id>`, then BatchGetItem |
//! | a page of a person's syncs, newest first | Query `by_user`: `user_id`, then BatchGetItem |
//! | the syncs of a day, newest first | Query `by_day`: `day`, then BatchGetItem |
//!
//! # How many
//! A chat's outcome is written twice: packed, with those of its chunk (2 to 3 write units for 25), under the sync; and by itself, one write
//! unit, under the chat; what is done more than an hour late costs a second one. So no key takes a sync's targets one by one: writes under a sync are those of its chunks, at Telegram's pace less
//! than 5 units a second, and never more than a few hundred; writes under a chat are that chat's bans. A sync of 100 000 chats has 50
//! parts with at most 80 numbers in their sets: the largest item is a chunk's, below 8 KB. The indexes hold a sync's key only, written once
//! a sync: a bot's syncs of a day stay far below the 1000 writes a second of their partition, since it can carry out 30 a second.

mod appeals;
mod asked;
mod chat_log;
mod chunks;
mod ledger;
mod lists;
mod moved;
mod parts;
mod pending;
mod stuck;
mod undo;
mod undone;

pub use appeals::Appeal;
pub use asked::{Answered, Asked};
pub use chat_log::{Act, Acts, Listed};
pub use chunks::{ChunkState, Progress, Results};
pub use ledger::{LogEntry, SyncLog};
pub use lists::of_one_hand;
pub use parts::{NextItem, Part, RequestItem, TotalsItem};
pub use pending::Pending;
pub use stuck::{MOST_RETRIES, Planned, StuckItem};
pub use undo::newest_carried;

use super::{Attributes, DAY, Table, VERSION, key, n};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use domain::ban::Occurred;
use domain::event::date;
use domain::ids::{ChatId, UserId};
use domain::sync::{Kind, Origin, SyncStatus, Totals, Whom};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How long syncs are kept, in seconds.
const RETENTION: i64 = 366 * DAY;

/// The syncs.
pub struct Syncs {
    table: Table,
}

/// A sync as a whole, and its first part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub sync_id: Uuid,
    pub ban_event_id: Uuid,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub origin: Origin,
    /// Tells chunks of this plan from those of one that was given up.
    pub plan: Uuid,
    pub user_id: UserId,
    #[serde(default)]
    pub user_name: Option<String>,
    pub source_chat_id: ChatId,
    #[serde(default)]
    pub source_chat_title: Option<String>,
    /// The source had a username when its decision was made.
    #[serde(default)]
    pub source_public: bool,
    #[serde(default)]
    pub reason: Option<String>,
    /// Who decided; shown where the source's chat shares it.
    #[serde(default)]
    pub initiator_user_id: Option<UserId>,
    /// What they are called where they are a bot.
    #[serde(default)]
    pub initiator_bot: Option<String>,
    pub occurred: Occurred,
    /// End of the source's ban, Unix seconds.
    #[serde(default)]
    pub until: Option<i64>,
    /// When the source's decision was made, Unix seconds.
    pub event_timestamp: i64,
    /// Until it is closed: of the first part.
    pub total_chats: u32,
    /// Of the first part.
    pub chunks: u32,
    /// Of the first part.
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    pub done_chunks: BTreeSet<u32>,
    /// How often the first part was planned again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replans: u32,
    /// Whom the parts that follow are about.
    #[serde(default)]
    pub whom: Option<Whom>,
    /// Where the second part begins; `None` where there is only one.
    #[serde(default)]
    pub next: Option<String>,
    /// How many parts there are; `None` until all are planned.
    #[serde(default = "one_part")]
    pub parts: Option<u32>,
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    pub done_parts: BTreeSet<u32>,
    /// The sync that takes this one back everywhere.
    #[serde(default)]
    pub undo: Option<Uuid>,
    pub status: SyncStatus,
    #[serde(default)]
    pub totals: Totals,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// Of its start; partition of `by_day`.
    #[serde(default)]
    pub day: String,
    #[serde(default)]
    pub completed_at_ms: Option<i64>,
    pub expires_at: i64,
    pub version: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Summaries of before there were parts.
fn one_part() -> Option<u32> {
    Some(1)
}

impl Summary {
    /// When a sync begun now may be forgotten, Unix seconds.
    pub fn expiry() -> i64 {
        time::now() + RETENTION
    }

    /// The day of a start, Unix milliseconds.
    pub fn day_of(started_at_ms: i64) -> String {
        date(started_at_ms / 1000)
    }

    /// Is it so large that it leaves room to others?
    pub fn is_bulk(&self) -> bool {
        self.next.is_some()
    }

    /// Schema version of summaries written now.
    pub const VERSION: u32 = VERSION;
}

impl Syncs {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    /// Begins a sync; `false` when it has begun before.
    pub async fn begin(&self, summary: &Summary) -> anyhow::Result<bool> {
        self.name(summary.user_id, summary.sync_id, &summary.occurred, summary.expires_at).await?;
        self.put_new(summary_key(summary.sync_id), serde_dynamo::to_item(summary)?).await.context("beginning a sync")
    }

    pub async fn summary(&self, sync_id: Uuid) -> anyhow::Result<Option<Summary>> {
        self.read(summary_key(sync_id)).await.context("reading a sync")
    }

    /// Puts an item under a key, unless there is one; `false` when there is.
    async fn put_new(&self, key: Attributes, mut item: Attributes) -> anyhow::Result<bool> {
        item.extend(key);
        item.entry("expires_at".to_owned()).or_insert_with(|| n(Summary::expiry()));
        item.entry("version".to_owned()).or_insert_with(|| n(i64::from(VERSION)));
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn read<T: DeserializeOwned>(&self, key: Attributes) -> anyhow::Result<Option<T>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true);
        Ok(get.send().await?.item.map(serde_dynamo::from_item).transpose()?)
    }

    fn update(&self, key: Attributes) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(key))
    }

    fn query(&self) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.table.client.query().table_name(&self.table.name)
    }
}

fn pk(sync_id: Uuid) -> String {
    format!("SYNC#{sync_id}")
}

fn summary_key(sync_id: Uuid) -> Attributes {
    key(pk(sync_id), "SUMMARY")
}
