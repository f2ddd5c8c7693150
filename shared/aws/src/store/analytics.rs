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
//! After a year a day is written once more, without the ids of people. One that is not, because nothing is counted any more, goes by itself.
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
use domain::analytics::pack::{Packed, day_of, pack, unpack};
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

/// Facts of an item at most: 17 bytes each, and an item takes 400 KB.
const MOST: usize = 15_000;

/// Items that are closed at a time.
const CLOSED_AT_A_TIME: i32 = 1000;

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
    /// There is more.
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
    fn facts(&self) -> anyhow::Result<Vec<Fact>> {
        unpack(self.day, &self.packed.facts, Some(&self.packed.ids)).with_context(|| format!("pack {}", self.sk))
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
        let mut pages = self.query(raw(shard), from, to).projection_expression("sk, facts, ids").into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let stored = Stored::of(item.context("reading facts")?)?;
            added.entry(stored.day).or_default().extend(stored.facts()?.into_iter().map(|fact| (fact.id, fact)));
        }
        // Doubles can only be on days that have raw facts.
        let doubtful = added.first_key_value().map_or(to + 1, |(day, _)| *day);
        for (from, to, projection) in [(from, doubtful - 1, "sk, facts"), (doubtful, to, "sk, facts, ids")] {
            if from > to {
                continue;
            }
            let mut pages = self.query(closed(shard), from, to).projection_expression(projection).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let stored = Stored::of(item.context("reading facts")?)?;
                if let Some(raw) = added.get_mut(&stored.day) {
                    stored.ids().for_each(|id| {
                        raw.remove(&id);
                    });
                }
                let facts = unpack(stored.day, &stored.packed.facts, None).with_context(|| format!("pack {}", stored.sk))?;
                facts.iter().for_each(&mut one);
            }
        }
        added.values().flat_map(HashMap::values).for_each(one);
        Ok(())
    }

    /// Puts what was added of the days before `today` into one item a day, without doubles; as much as is done at a time.
    pub async fn close(&self, shard: u8, today: i64) -> anyhow::Result<Closed> {
        let query = self.query(raw(shard), 0, today - 1).projection_expression("sk, facts, ids").consistent_read(true);
        let answer = query.limit(CLOSED_AT_A_TIME).send().await.context("reading what was added")?;
        let mut done = Closed { more: answer.last_evaluated_key.is_some(), ..Closed::default() };
        let mut days: BTreeMap<i64, Vec<Stored>> = BTreeMap::new();
        for item in answer.items.unwrap_or_default() {
            let stored = Stored::of(item)?;
            days.entry(stored.day).or_default().push(stored);
        }
        for (day, added) in days {
            done.facts += self.close_day(shard, day, &added, People::on(day, today)).await?;
            done.items += added.len();
        }
        Ok(done)
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
            let item = item(closed(shard), stored.sk.clone(), stored.day, &stored.facts()?, People::Forgotten)?;
            let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
            put.send().await.context("forgetting whom a day was about")?;
            written += 1;
        }
        Ok(written)
    }

    async fn close_day(&self, shard: u8, day: i64, added: &[Stored], people: People) -> anyhow::Result<usize> {
        let query = self.query(closed(shard), day, day).projection_expression("sk, facts, ids").consistent_read(true);
        let (mut known, mut number) = (HashSet::new(), 0);
        let mut pages = query.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            known.extend(Stored::of(item.context("reading a closed day")?)?.ids());
            number += 1;
        }
        let mut facts = Vec::new();
        for stored in added {
            facts.extend(stored.facts()?.into_iter().filter(|fact| known.insert(fact.id)));
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
        People::Forgotten => (pack(&facts.iter().map(|fact| fact.forget_whom()).collect::<Vec<_>>()), KEPT_DAYS + 1),
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
