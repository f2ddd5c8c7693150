//! Table `analytics`: facts, packed.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | add facts | BatchWriteItem `RAW#<shard>`, `<day>#<name>` |
//! | facts of a span of days | Query `RAW#<shard>` and `DAY#<shard>`, `<day>#…` |
//! | close days | Query `RAW#<shard>`; Query `DAY#<shard>`, `<day>#`; PutItem `<day>#<number>`, if it is not there; BatchWriteItem |
//! | forget whom the days of a year ago were about | Query `DAY#<shard>`, `<day>#…`; PutItem |
//!
//! # Each once
//! Facts are a set. What is added twice is there twice, and read once: a fact's shard and day follow from what it tells of, so that doubles stand side
//! by side. Nothing is ever added up in the store, no write has a condition that could be met by half, and a batch may be cut anywhere and come again. Once a day,
//! what was added is closed: what a day has is put into one item without doubles, and what it was made of is deleted. A fact is in one
//! of both at any moment; whoever reads what is raw first misses none.
//!
//! After a year a day is written once more, without people, and without the ids of facts, from which people could be found. It takes nothing more then. One
//! that is not, because nothing is counted any more, goes by itself.
//!
//! # What it costs
//! In DynamoDB's request units. To add: one write unit a shard, for a batch of 100 facts of one day at most 8; as much again when it is closed. To read:
//! 17 bytes a fact, less than packed by what compresses: a year of a million facts some 2000 read units, one chat's an eighth.
//! Reading leaves ids out where no doubles can be; DynamoDB counts them all the same.
//!
//! # How many
//! 10 000 facts a second in batches of 100 are 100 write units a second in each shard, of the thousand that a partition takes.

use super::{Attributes, DAY, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use domain::analytics::fact::SHARDS;
use domain::analytics::pack::{Packed, Unknown, day_of, pack, unpack};
use domain::analytics::{Fact, KEPT_DAYS, PEOPLE_DAYS};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Read, Write};

/// Nights in which a day's people are forgotten, should one of them fail; then the day goes as a whole.
const NIGHTS: i64 = 7;

/// How long facts are kept at least, in seconds: those of long before, which somebody loads.
const AT_LEAST: i64 = 8 * DAY;

/// Facts of an item at most: 27 bytes each where nothing is alike, and an item takes 400 KB.
const MOST: usize = 10_000;

/// Items that are closed at a time.
const CLOSED_AT_A_TIME: i32 = 1000;

/// Days that may be closed while somebody reads them: what was put a moment ago has to be read there.
const CLOSING_DAYS: i64 = 3;

/// The facts.
#[derive(Clone)]
pub struct Facts {
    table: Table,
}

/// What closing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    pub facts: usize,
    /// Items that these were made of.
    pub items: usize,
    /// Days that could not be closed; they are logged.
    pub failed: usize,
    /// There was no time for the rest.
    pub more: bool,
}

/// Whether a day's facts have whom they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum People {
    Known,
    Forgotten,
}

impl People {
    /// `today`: days since 1970, UTC.
    fn on(day: i64, today: i64) -> Self {
        if day < today - PEOPLE_DAYS { Self::Forgotten } else { Self::Known }
    }
}

impl Closed {
    fn fail(&mut self, shard: u8, error: &anyhow::Error) {
        tracing::error!(error = format!("{error:#}"), shard, "a day could not be closed");
        self.failed += 1;
    }
}

/// A pack as stored.
struct Stored {
    day: i64,
    sk: String,
    packed: Packed,
    people: People,
}

impl Stored {
    fn of(mut item: Attributes) -> anyhow::Result<Self> {
        let mut bytes = |name: &str| match item.remove(name) {
            Some(AttributeValue::B(bytes)) => Some(bytes.into_inner()),
            _ => None,
        };
        let (facts, ids) = (bytes("facts").context("a pack has no facts")?, bytes("ids").unwrap_or_default());
        let sk = item.remove("sk").and_then(|sk| sk.as_s().ok().cloned()).context("a pack has no key")?;
        let day = sk.split('#').next().and_then(|day| day.parse().ok()).context("a pack has no day")?;
        let mut packed = Vec::new();
        DeflateDecoder::new(&*facts).read_to_end(&mut packed).context("a pack cannot be unpacked")?;
        let people = if item.contains_key(FORGOTTEN) { People::Forgotten } else { People::Known };
        Ok(Self { day, sk, packed: Packed { facts: packed, ids }, people })
    }

    /// With their ids.
    fn facts(&self, unknown: Unknown) -> anyhow::Result<Vec<Fact>> {
        unpack(self.day, &self.packed.facts, Some(&self.packed.ids), unknown).with_context(|| format!("pack {}", self.sk))
    }

    /// Its number among those of a closed day.
    fn number(&self) -> anyhow::Result<u32> {
        self.sk.split('#').nth(1).and_then(|number| number.parse().ok()).with_context(|| format!("pack {} has no number", self.sk))
    }

    fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.packed.ids.as_chunks().0.iter().map(|id| u64::from_le_bytes(*id))
    }
}

impl Facts {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    /// Adds facts. Those that are there already are there once more, and count once.
    pub async fn add(&self, facts: impl IntoIterator<Item = Fact>) -> anyhow::Result<()> {
        let mut packs: BTreeMap<(u8, i64), HashMap<u64, Fact>> = BTreeMap::new();
        for fact in facts {
            packs.entry((fact.shard(), day_of(fact.at))).or_default().insert(fact.id, fact);
        }
        let mut requests = Vec::new();
        for ((shard, day), facts) in packs {
            let mut facts: Vec<_> = facts.into_values().collect();
            facts.sort_unstable_by_key(|fact| fact.id);
            for facts in facts.chunks(MOST) {
                // The same facts have the same name: a batch that comes again writes the same item.
                let name = format!("{day:06}#{:016x}{:x}", facts.iter().fold(0, |name, fact| name ^ fact.id), facts.len());
                let item = item(raw(shard), name, day, facts, People::Known)?;
                requests.push(WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build()?).build());
            }
        }
        self.table.write_all(requests).await.context("adding facts")
    }

    /// Reads the facts of some days (since 1970, UTC; both included) of a shard, each once, in no order.
    pub async fn each(&self, shard: u8, from: i64, to: i64, mut one: impl FnMut(&Fact)) -> anyhow::Result<()> {
        let mut added: BTreeMap<i64, HashMap<u64, Fact>> = BTreeMap::new();
        let query = self.query(raw(shard), from, to).projection_expression("sk, facts, ids").consistent_read(true);
        let mut pages = query.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let stored = Stored::of(item.context("reading facts")?)?;
            let facts = stored.facts(Unknown::LeaveOut)?;
            added.entry(stored.day).or_default().extend(facts.into_iter().map(|fact| (fact.id, fact)));
        }
        // Doubles can only be on days that have raw facts; and what is not raw any more must be found closed.
        let doubtful = added.first_key_value().map_or(to + 1, |(day, _)| *day);
        let fresh = (day_of(time::now()) - CLOSING_DAYS).min(doubtful);
        for (from, to, is_fresh) in [(from, to.min(fresh - 1), false), (from.max(fresh), to, true)] {
            if from > to {
                continue;
            }
            let projection = if is_fresh { "sk, facts, ids" } else { "sk, facts" };
            let query = self.query(closed(shard), from, to).projection_expression(projection).consistent_read(is_fresh);
            let mut pages = query.into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let stored = Stored::of(item.context("reading facts")?)?;
                if let Some(raw) = added.get_mut(&stored.day) {
                    stored.ids().for_each(|id| {
                        raw.remove(&id);
                    });
                }
                let facts = unpack(stored.day, &stored.packed.facts, None, Unknown::LeaveOut);
                facts.with_context(|| format!("pack {}", stored.sk))?.iter().for_each(&mut one);
            }
        }
        added.values().flat_map(HashMap::values).for_each(one);
        Ok(())
    }

    /// Puts what was added of the days before `today` into one item a day, without doubles, until the time is up (Unix milliseconds). A day that cannot
    /// be closed keeps no other open.
    pub async fn close(&self, shard: u8, today: i64, until_ms: i64) -> anyhow::Result<Closed> {
        let (mut done, mut after) = (Closed::default(), None);
        loop {
            let query = self.query(raw(shard), 0, today - 1).projection_expression("pk, sk, facts, ids").consistent_read(true);
            let query = query.limit(CLOSED_AT_A_TIME).set_exclusive_start_key(after);
            let answer = query.send().await.context("reading what was added")?;
            let mut days: BTreeMap<i64, Vec<Stored>> = BTreeMap::new();
            for item in answer.items.unwrap_or_default() {
                match Stored::of(item) {
                    Ok(stored) => days.entry(stored.day).or_default().push(stored),
                    Err(error) => done.fail(shard, &error),
                }
            }
            for (day, added) in days {
                match self.close_day(shard, day, &added, People::on(day, today)).await {
                    Ok(facts) => {
                        done.facts += facts;
                        done.items += added.len();
                    }
                    Err(error) => done.fail(shard, &error),
                }
            }
            after = answer.last_evaluated_key;
            if after.is_none() {
                return Ok(done);
            }
            if time::now_ms() > until_ms {
                return Ok(Closed { more: true, ..done });
            }
        }
    }

    /// Writes the days of a year ago without their people; how many items that were.
    pub async fn forget_people(&self, shard: u8, today: i64) -> anyhow::Result<usize> {
        let last = today - PEOPLE_DAYS - 1;
        let query = self.query(closed(shard), last - NIGHTS, last).projection_expression("sk, facts, ids, forgotten").consistent_read(true);
        let (mut pages, mut written) = (query.into_paginator().items().send(), 0);
        while let Some(stored) = pages.next().await {
            let stored = Stored::of(stored.context("reading a closed day")?)?;
            if stored.people == People::Forgotten {
                continue;
            }
            let item = item(closed(shard), stored.sk.clone(), stored.day, &stored.facts(Unknown::Refuse)?, People::Forgotten)?;
            let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
            put.send().await.context("forgetting whom a day was about")?;
            written += 1;
        }
        Ok(written)
    }

    async fn close_day(&self, shard: u8, day: i64, added: &[Stored], people: People) -> anyhow::Result<usize> {
        let query = self.query(closed(shard), day, day).projection_expression("sk, facts, ids, forgotten").consistent_read(true);
        let (mut known, mut number, mut is_forgotten) = (HashSet::new(), 0, false);
        let mut pages = query.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let stored = Stored::of(item.context("reading a closed day")?)?;
            known.extend(stored.ids());
            number = number.max(stored.number()? + 1);
            is_forgotten |= stored.people == People::Forgotten;
        }
        let mut facts = Vec::new();
        for stored in added {
            facts.extend(stored.facts(Unknown::Refuse)?.into_iter().filter(|fact| known.insert(fact.id)));
        }
        if is_forgotten {
            // Without ids nobody knows which of them are there.
            tracing::info!(
                day,
                facts = facts.len(),
                "what is told of a day of more than a year ago, once its people are forgotten, is not counted"
            );
            facts.clear();
        }
        for facts in facts.chunks(MOST) {
            let item = item(closed(shard), format!("{day:06}#{number:04}"), day, facts, people)?;
            let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
            // Another who closes the same day has read what this one has: it must not write over it.
            put.condition_expression("attribute_not_exists(pk)").send().await.context("closing a day")?;
            number += 1;
        }
        let gone = added.iter().map(|stored| {
            let delete = DeleteRequest::builder().set_key(Some(key(raw(shard), stored.sk.clone()))).build()?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        });
        self.table.write_all(gone.collect::<anyhow::Result<_>>()?).await.context("deleting what was closed")?;
        Ok(facts.len())
    }

    /// Packs of some days, both included.
    fn query(&self, pk: String, from: i64, to: i64) -> QueryFluentBuilder {
        self.table
            .client
            .query()
            .table_name(&self.table.name)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(pk))
            .expression_attribute_values(":from", s(format!("{:06}#", from.max(0))))
            // Behind every name.
            .expression_attribute_values(":to", s(format!("{:06}$", to.max(0))))
    }
}

/// All shards.
pub fn shards() -> std::ops::Range<u8> {
    0..SHARDS
}

fn raw(shard: u8) -> String {
    format!("RAW#{shard:02}")
}

fn closed(shard: u8) -> String {
    format!("DAY#{shard:02}")
}

/// There is in items of days whose people are forgotten.
const FORGOTTEN: &str = "forgotten";

fn item(pk: String, sk: String, day: i64, facts: &[Fact], people: People) -> anyhow::Result<Attributes> {
    let (Packed { facts, ids }, kept) = match people {
        People::Known => (pack(facts), PEOPLE_DAYS + 1 + NIGHTS),
        // An id is made of what is told: whoever has it and the rest finds the person by trying all.
        People::Forgotten => {
            let nobodys: Vec<_> = facts.iter().map(|fact| fact.forget_whom()).collect();
            (Packed { ids: Vec::new(), ..pack(&nobodys) }, KEPT_DAYS + 1)
        }
    };
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&facts)?;
    let mut item = key(pk, sk);
    item.insert("facts".to_owned(), AttributeValue::B(Blob::new(packer.finish()?)));
    item.insert("ids".to_owned(), AttributeValue::B(Blob::new(ids)));
    item.insert("expires_at".to_owned(), n(((day + kept) * DAY).max(time::now() + AT_LEAST)));
    if people == People::Forgotten {
        item.insert(FORGOTTEN.to_owned(), AttributeValue::Bool(true));
    }
    item.insert("version".to_owned(), n(i64::from(VERSION)));
    Ok(item)
}
