//! Table `bans`: ban events.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | store an event once | PutItem on `event_id`, if it is not there; answers what was there |
//! | an event | GetItem on `event_id` |
//! | what was decided on this person since, in any chat? | Query `by_user`: `user_id`, `occurred` after |
//! | how many tracked bans has a chat in an hour? | Query `by_chat`: `chat_id`, `occurred` within it, counted |
//! | a person's events, newest first | Query `by_user`: `user_id`, `occurred` within a period |
//! | a chat's events, newest first | Query `by_chat`: `chat_id`, `occurred` within a period |
//! | what a person decided, newest first | Query `by_decider`: `decided_by`, then `occurred` |
//! | everybody's events of a period, newest first | Query `by_day`, once a shard: `day` (`2026-11-24#07`), `moment` within the period |
//! | events that are all of what is given (user, chat, period, type, part of the reason) | the narrowest of the three; the rest is filtered |
//!
//! The indexes are written asynchronously, within a second as a rule; a ban is carried over only after the settle time.
//!
//! # What it costs
//! Events of half a kilobyte, in DynamoDB's request units. To store one: 5 write units (the table and four indexes). A page of 50 of a
//! person or a chat: one Query, 4 read units. A page of 50 of everybody's: a Query a shard, 8 to 16 read units. What is filtered out is
//! paid for as well: a page reads at most [`history`]'s `READS`, and is short, or empty, with a cursor, when it has not found enough by
//! then.
//!
//! # How many
//! A partition of an index takes 1000 writes a second, and newest-first keys of one day all go to its end, so that DynamoDB cannot split
//! it. The day is therefore sharded by `event_id`, 16 ways: 16 000 events a second, where 10 000 are asked for. One person or one chat
//! has 1000 a second. The table itself is keyed by `event_id` and spreads by itself. More shards would make every page of a period
//! dearer: a Query costs half a read unit even where it finds nothing.

mod history;

pub use history::read_down_to;

use super::{Attributes, DAY, Table, VERSION, count_to, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, Select};
use domain::ban::{BanEvent, Occurred, derive};
use domain::event::date;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::sync::ledger::Decisions;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long an event is kept after it happened, in seconds. Then DynamoDB removes it, and the relay writes it to the archive.
const RETENTION: i64 = 366 * DAY;

/// How long an event is kept at least, in seconds: history that is loaded late can be looked at before it goes to the archive. It would
/// not go there at all if its time had run out more than five years ago: DynamoDB leaves such items where they are.
const AT_LEAST: i64 = 7 * DAY;

/// Ways that the index of days is split: see the module's docs.
const SHARDS: u8 = 16;

/// Events that are stored at a time when many are. One thread has not much use for more.
const AT_A_TIME: usize = 32;

/// The filter that lets bans through which were carried over.
const TRACKED_BAN: &str = "event_type = :ban AND tracked = :true";

/// The ban events.
pub struct Bans {
    table: Table,
}

/// An event as stored. Of its attributes the archive gets those of [`ARCHIVED`].
#[derive(Serialize, Deserialize)]
pub struct BanItem {
    #[serde(flatten)]
    pub event: BanEvent,
    /// Partition of `by_day`. Absent where an item is older than the index.
    #[serde(default)]
    day: String,
    /// Order in `by_day`: unique, unlike `occurred`, so that a page can begin after it.
    #[serde(default)]
    moment: String,
    /// Partition of `by_decider`. Absent where the decider is nobody's id: all anonymous admins would share a partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decided_by: Option<UserId>,
    version: u32,
    expires_at: i64,
}

/// Attributes that an expired event has in the archive: ids and facts, by which bans can be counted. Names, titles, reasons, whatever was said
/// besides, and who decided it end with the item.
pub const ARCHIVED: [&str; 8] = ["event_id", "user_id", "chat_id", "event_type", "until", "event_timestamp", "occurred", "tracked"];

/// Is there where the person that it was done to was erased: then the archive does not have their id either.
pub const ERASED: &str = "erased";

impl BanItem {
    /// `now`: Unix seconds.
    fn new(event: BanEvent, now: i64) -> Self {
        let shard = shard(event.event_id);
        Self {
            day: day_key(&date(event.event_timestamp), shard),
            moment: moment(&event.occurred, event.event_id),
            decided_by: event.initiator_user_id.filter(|decider| !decider.is_reserved()),
            version: VERSION,
            expires_at: event.event_timestamp.saturating_add(RETENTION).max(now + AT_LEAST),
            event,
        }
    }
}

fn day_key(date: &str, shard: u8) -> String {
    format!("{date}#{shard:02}")
}

/// The shard of an event: the same for the same id, and evenly spread, also where somebody gives ids that are not random.
fn shard(event_id: Uuid) -> u8 {
    derive(&["shard", &event_id.to_string()]).as_bytes()[15] % SHARDS
}

fn moment(occurred: &Occurred, event_id: Uuid) -> String {
    format!("{}#{event_id}", occurred.as_str())
}

impl Bans {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(Attributes::from([("event_id".to_owned(), s("HEALTH"))])).await
    }

    /// Stores what an update tells, under its id or, where another event of that second has that, under its own; `None` when it is there already.
    pub async fn insert(&self, event: BanEvent) -> anyhow::Result<Option<BanEvent>> {
        match self.register(&event).await? {
            None => Ok(Some(event)),
            Some(there) if event.is_told_again(&there) => Ok(None),
            Some(_) => {
                let event = event.beside_another();
                Ok(self.register(&event).await?.is_none().then_some(event))
            }
        }
    }

    /// Stores an event; answers the one that was there already under its id, which stays as it is.
    pub async fn register(&self, event: &BanEvent) -> anyhow::Result<Option<BanEvent>> {
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(serde_dynamo::to_item(BanItem::new(event.clone(), time::now()))?))
            .condition_expression("attribute_not_exists(event_id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let failure = match put {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        if let SdkError::ServiceError(error) = &failure
            && let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(there) = error.err()
        {
            let item: BanItem = serde_dynamo::from_item(there.item().context("the event that is there")?.clone())?;
            return Ok(Some(item.event));
        }
        Err(failure).context("storing a ban event")
    }

    /// Stores events, some at a time; the answers in their order, each as that of [`Bans::register`].
    pub async fn register_all(&self, events: &[BanEvent]) -> Vec<anyhow::Result<Option<BanEvent>>> {
        let puts: Vec<_> = events.iter().map(|event| self.register(event)).collect();
        stream::iter(puts).buffered(AT_A_TIME).collect().await
    }

    /// The event of this id, also when it was stored just now.
    pub async fn get(&self, event_id: Uuid) -> anyhow::Result<Option<BanEvent>> {
        let key = Attributes::from([("event_id".to_owned(), s(event_id))]);
        let answer = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true).send().await;
        let Some(item) = answer.context("reading a ban event")?.item else { return Ok(None) };
        Ok(Some(serde_dynamo::from_item::<_, BanItem>(item)?.event))
    }

    /// The newest that people decided on `user` in every chat, of what occurred after `after`; `None`: of all that is kept.
    pub async fn decisions(&self, user: UserId, after: Option<&Occurred>) -> anyhow::Result<Decisions> {
        self.decided(self.of_user(user, after)).await
    }

    /// As [`Bans::decisions`], of two chats alone: what others decided on somebody has no bound.
    pub async fn decisions_in(&self, chats: [ChatId; 2], user: UserId, after: &Occurred) -> anyhow::Result<Decisions> {
        let query = self
            .of_user(user, Some(after))
            .filter_expression("chat_id IN (:one, :other)")
            .expression_attribute_values(":one", n(chats[0].0))
            .expression_attribute_values(":other", n(chats[1].0));
        self.decided(query).await
    }

    fn of_user(&self, user: UserId, after: Option<&Occurred>) -> QueryFluentBuilder {
        self.table
            .client
            .query()
            .table_name(&self.table.name)
            .index_name("by_user")
            .key_condition_expression("user_id = :user AND occurred > :after")
            .expression_attribute_values(":user", n(user.0))
            .expression_attribute_values(":after", s(after.map_or("0", Occurred::as_str)))
    }

    async fn decided(&self, query: QueryFluentBuilder) -> anyhow::Result<Decisions> {
        let mut pages = query.into_paginator().send();
        let mut decisions = Decisions::default();
        while let Some(page) = pages.next().await {
            let page = page.context("looking for newer ban events")?;
            for item in serde_dynamo::from_items::<_, BanItem>(page.items().to_vec())? {
                decisions.add(&item.event);
            }
        }
        Ok(decisions)
    }

    /// Has this chat banned this person while somebody followed him? Then that was carried over.
    pub async fn was_carried(&self, chat: ChatId, user: UserId) -> anyhow::Result<bool> {
        let query = self
            .tracked_bans("by_user")
            .key_condition_expression("user_id = :user")
            .filter_expression(format!("{TRACKED_BAN} AND chat_id = :chat"))
            .expression_attribute_values(":user", n(user.0))
            .expression_attribute_values(":chat", n(chat.0));
        Ok(count_to(query, 1).await.context("looking for a ban that was carried over")? > 0)
    }

    /// How many tracked bans there were in a chat from `from` (Unix seconds) to the one that occurred at `to`; that one included. Nobody counts
    /// beyond `most`.
    pub async fn count_in_chat(&self, chat: ChatId, from: i64, to: &Occurred, most: u32) -> anyhow::Result<u32> {
        let query = self
            .tracked_bans("by_chat")
            .key_condition_expression("chat_id = :chat AND occurred BETWEEN :from AND :to")
            .filter_expression(TRACKED_BAN)
            .expression_attribute_values(":chat", n(chat.0))
            .expression_attribute_values(":from", s(Occurred::new(from, 0).as_str()))
            .expression_attribute_values(":to", s(to.as_str()));
        count_to(query, most).await.context("counting a chat's bans")
    }

    /// A query that counts; its filter is [`TRACKED_BAN`], or more.
    fn tracked_bans(&self, index: &str) -> QueryFluentBuilder {
        let query = self.table.client.query().table_name(&self.table.name).index_name(index).select(Select::Count);
        query.expression_attribute_values(":ban", s(Action::Ban.name())).expression_attribute_values(":true", AttributeValue::Bool(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::registration::NewBanEvent;
    use std::collections::BTreeMap;

    fn event(at: i64, id: &str) -> BanEvent {
        let new = NewBanEvent {
            event_id: Some(id.to_owned()),
            user_id: UserId(5),
            chat_id: ChatId(-100),
            event_type: Action::Ban,
            ban_duration: None,
            reason: None,
            initiator_user_id: None,
            event_timestamp: at,
            metadata: BTreeMap::from([("ticket".to_owned(), "42".to_owned())]),
        };
        new.event(at).unwrap()
    }

    #[test]
    fn ids_in_a_row_are_spread_evenly_over_the_shards() {
        let mut count = [0; SHARDS as usize];
        for n in 0..16_000_u128 {
            count[usize::from(shard(Uuid::from_u128(n << 64)))] += 1;
        }
        assert!(count.iter().all(|count| (850..1150).contains(count)), "{count:?}");
    }

    #[test]
    fn an_event_is_kept_for_a_year_and_what_comes_late_for_a_week() {
        let item = |at, now| BanItem::new(event(at, "a"), now).expires_at;
        let now = 1_764_000_000;
        assert_eq!(item(now, now), now + RETENTION);
        assert_eq!(item(now - RETENTION, now), now + AT_LEAST);
        assert_eq!(item(now - RETENTION + AT_LEAST + 1, now), now + AT_LEAST + 1);
    }

    #[test]
    fn an_item_of_before_the_days_were_indexed_is_read() {
        let event = event(1_764_000_000, "a");
        let mut item: Attributes = serde_dynamo::to_item(BanItem::new(event.clone(), 1_764_000_000)).unwrap();
        assert_eq!(item["day"].as_s().unwrap().rsplit_once('#').map(|(day, _)| day), Some("2025-11-24"));
        assert_eq!(item["moment"], s(format!("001764000000#0000000000000000#{}", event.event_id)));
        item.retain(|name, _| name != "day" && name != "moment");
        assert_eq!(serde_dynamo::from_item::<_, BanItem>(item).unwrap().event, event);
    }
}
