//! A generated year: what the API answers of it is what a plain recount comes to, and what it costs.

use super::DAY;
use crate::play::Play;
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::facts::Parcel;
use aws::queue::{Message, Queue};
use aws::store::analytics::shards;
use domain::analytics::fact::shard_of;
use domain::analytics::{Fact, What, Work};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::sync::{Outcome, Reason, SyncStatus};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// Facts of a generated year, unless `BANSYNC_BENCH_FACTS` chooses another number.
const FACTS: usize = 8_000;

/// What happens to be in a message: as many changes as a stream's batch has.
const IN_A_MESSAGE: usize = 100;

/// Write units a fact, of batches of 100.
const MOST_WRITES: f64 = 0.2;

#[tokio::test]
async fn a_fact_of_a_batch_of_a_hundred_costs_a_fifth_of_a_write_unit_at_most() -> Result<()> {
    let play = Play::alone().await?;
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    let queue = Queue::new(&aws, play.stack.queues["analytics"].clone());
    let day = aws::time::now() / DAY - 200;
    play.collect().await?;
    play.close_days().await?;
    // Items of this day that another test has left stay as they are.
    let before = play.facts_stored(shards(), (day, day)).await?;
    let facts: Vec<_> = year(10 * IN_A_MESSAGE, 5, 0).into_iter().map(|fact| Fact { at: day * DAY + fact.at / 400, ..fact }).collect();
    for facts in facts.chunks(IN_A_MESSAGE) {
        queue.send(Message::new(&Parcel::of(facts), 0)?).await?;
        play.collect().await?;
    }
    let units = |items: &[(String, usize)]| items.iter().map(|(_, bytes)| bytes.div_ceil(1024)).sum::<usize>() as f64;
    let of = |kind: &str, items: &[(String, usize)]| items.iter().filter(|(pk, _)| pk.starts_with(kind)).cloned().collect::<Vec<_>>();
    let raw = units(&of("RAW", &play.facts_stored(shards(), (day, day)).await?));
    play.close_days().await?;
    let closed = play.facts_stored(shards(), (day, day)).await?;
    ensure!(raw > 0.0 && of("RAW", &closed).is_empty() && closed.len() <= before.len() + shards().len(), "{closed:?}");
    // What is deleted costs as much as what is written (DynamoDB Developer Guide, "DynamoDB write consumption for on-demand").
    let cost = (2.0 * raw + units(&closed) - units(&before)) / facts.len() as f64;
    println!("bench: a fact: {cost:.3} write units, {:.3} of them to close its day", cost - raw / facts.len() as f64);
    ensure!(cost <= MOST_WRITES, "{cost} write units a fact");
    Ok(())
}

impl Play {
    /// The partition of each item of facts of some days (both included), and its bytes, as DynamoDB counts them: names and values.
    async fn facts_stored(&self, only: std::ops::Range<u8>, days: (i64, i64)) -> Result<Vec<(String, usize)>> {
        let (client, mut stored) = (reqwest::Client::new(), Vec::new());
        for (shard, kind) in only.flat_map(|shard| [(shard, "RAW"), (shard, "DAY")]) {
            let pk = format!("{kind}#{shard:02}");
            let mut query = json!({"TableName": self.stack.tables["analytics"], "KeyConditionExpression": "pk = :pk AND sk BETWEEN :from AND :to",
                "ExpressionAttributeValues": {":pk": {"S": pk}, ":from": {"S": format!("{:06}#", days.0)}, ":to": {"S": format!("{:06}$", days.1)}}});
            loop {
                let answer = self.stack.dynamodb(&client, "Query", &query).await?;
                stored.extend(answer["Items"].as_array().into_iter().flatten().map(|item| (pk.clone(), size(item))));
                match &answer["LastEvaluatedKey"] {
                    Value::Null => break,
                    last => query["ExclusiveStartKey"] = last.clone(),
                }
            }
        }
        Ok(stored)
    }
}

fn size(item: &Value) -> usize {
    let value = |value: &Value| match value.as_object().and_then(|of| of.iter().next()) {
        Some((kind, Value::String(text))) if kind == "B" => text.len() / 4 * 3,
        Some((_, Value::String(text))) => text.len(),
        _ => 1,
    };
    item.as_object().into_iter().flatten().map(|(name, of)| name.len() + value(of)).sum()
}

/// What the API is to answer, recounted fact by fact.
#[derive(Debug, Default)]
struct Recount {
    bans: i64,
    users: BTreeMap<i64, i64>,
    syncs: [i64; 3],
    durations: BTreeMap<u32, i64>,
    applied: i64,
    reasons: BTreeMap<(&'static str, &'static str), i64>,
    undone: i64,
    followed: i64,
}

impl Recount {
    /// The duration at a place by nearest rank.
    fn rank(&self, percent: usize) -> Option<u32> {
        let all: Vec<u32> = self.durations.iter().flat_map(|(millis, count)| vec![*millis; *count as usize]).collect();
        all.get((all.len() * percent).div_ceil(100).max(1) - 1).copied()
    }
}

fn recount<'a>(facts: impl Iterator<Item = &'a Fact>, from: i64, to: i64, chat: Option<ChatId>) -> Recount {
    let mut sums = Recount::default();
    for fact in facts.filter(|fact| (from..to).contains(&fact.at) && chat.is_none_or(|chat| fact.chat == chat)) {
        // What was taken back is there twice, and comes to nothing.
        let one = if fact.taken_back { -1 } else { 1 };
        match fact.what {
            What::Decided(Action::Ban) => {
                sums.bans += one;
                *sums.users.entry(fact.user.0).or_default() += one;
            }
            What::Synced(status) => {
                sums.syncs[status as usize - 1] += one;
                *sums.durations.entry(fact.millis).or_default() += one;
            }
            What::Result(Work::Ban, Outcome::Applied) => sums.applied += one,
            What::Result(Work::Ban, outcome) => {
                *sums.reasons.entry((outcome.status(), outcome.reason().map_or("", Reason::name))).or_default() += one;
            }
            What::Result(Work::Undo, Outcome::Applied) => sums.undone += one,
            What::Followed => sums.followed += one,
            _ => {}
        }
    }
    sums.users.retain(|_, count| *count > 0);
    sums.reasons.retain(|_, count| *count > 0);
    sums
}

/// Facts of a year, in the order of time: few people are banned often, and few chats do much.
fn year(count: usize, seed: u64, from: i64) -> Vec<Fact> {
    let mut state = seed;
    let mut random = move |below: u64| {
        // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ mixed >> 31) % below
    };
    let base = -1_008_000_000_000 - (seed % 1_000_000) as i64 * 1000;
    let one = |n: usize| {
        let at = from + (n as i64 * 365 * DAY) / count as i64;
        let few = |random: &mut dyn FnMut(u64) -> u64, of: u64| {
            let most = random(of) + 1;
            random(most)
        };
        let (chat, source) = (ChatId(base - few(&mut random, 900) as i64), ChatId(base - few(&mut random, 900) as i64));
        let user = UserId(4_400_000_000_000_000 + few(&mut random, 1 + count as u64 / 4) as i64);
        let what = match random(20) {
            0..8 => What::Decided(Action::Ban),
            8 => What::Decided(Action::Unban),
            9..11 => What::Synced([SyncStatus::Completed, SyncStatus::Partial, SyncStatus::Failed][random(3) as usize]),
            11..16 => What::Result(Work::Ban, Outcome::Applied),
            16 => What::Result(Work::Ban, Outcome::Skipped(Reason::Asked)),
            17 => What::Result(Work::Ban, Outcome::Failed(Reason::NoRights)),
            18 => What::Result(Work::Undo, Outcome::Applied),
            _ => What::Followed,
        };
        let source = matches!(what, What::Result(..)).then_some(source);
        Fact { id: random(u64::MAX), at, what, taken_back: false, chat, source, user, millis: 500 + random(60_000) as u32 }
    };
    // One in twenty did not stay so.
    let with_end = |fact: Fact| [Some(fact), fact.id.is_multiple_of(20).then(|| fact.take_back())];
    (0..count).map(one).flat_map(with_end).flatten().collect()
}

#[tokio::test]
async fn a_year_is_what_a_plain_recount_comes_to_whatever_is_told_again() -> Result<()> {
    let play = Play::alone().await?;
    let count = std::env::var("BANSYNC_BENCH_FACTS").ok().map(|count| count.parse()).transpose()?.unwrap_or(FACTS);
    let (aws, analyst) = (Aws::patient_at(&play.stack.endpoint).await, play.analyst().await?);
    play.collect().await?;
    let seed = aws::time::now_ms() as u64;
    println!("seed {seed}");
    let today = aws::time::now() / DAY * DAY;
    let ours = year(count, seed, today - 364 * DAY);
    // What others have left.
    let facts = play.facts(&aws);
    let mut all = ours.clone();
    for shard in shards() {
        facts.each(shard, today / DAY - 366, today / DAY, |fact| all.push(*fact)).await?;
    }

    let queue = Queue::new(&aws, play.stack.queues["analytics"].clone());
    let send = async |facts: &[Fact]| {
        let messages = facts.chunks(IN_A_MESSAGE).map(|facts| Message::new(&Parcel::of(facts), 0)).collect::<Result<Vec<_>>>()?;
        queue.send_all(messages).await
    };
    let began = Instant::now();
    send(&ours).await?;
    play.collect().await?;
    println!("bench: {count} facts of a year stored in {} s", began.elapsed().as_secs());

    let exact = async |when: &str| -> Result<()> {
        let chats: HashMap<ChatId, usize> = ours.iter().fold(HashMap::new(), |mut counts, fact| {
            *counts.entry(fact.chat).or_default() += 1;
            counts
        });
        let busiest = *chats.iter().max_by_key(|(chat, facts)| (**facts, chat.0)).context("a chat")?.0;
        for (query, chat) in
            [("period=year&tz=UTC", None), ("period=year&tz=Asia/Kathmandu", Some(busiest)), ("period=month&tz=America/New_York", None)]
        {
            let chat_id = chat.map(|chat| format!("&chat_id={chat}")).unwrap_or_default();
            let asked = Instant::now();
            let overview = analyst.there(&format!("analytics/overview?{query}{chat_id}")).await?;
            let took = asked.elapsed();
            let days = (overview["period"]["from"].as_i64().context("from")? / DAY, today / DAY);
            let only = chat.map_or(shards(), |chat| shard_of(chat)..shard_of(chat) + 1);
            let bytes: usize = play.facts_stored(only, days).await?.iter().map(|(_, bytes)| bytes).sum();
            // Half a unit each 4 KB (DynamoDB Developer Guide, "DynamoDB read consumption for on-demand").
            println!("bench: {when}: {query}{chat_id}: {} ms, {:.0} read units", took.as_millis(), bytes as f64 / 4096.0 / 2.0);
            let sync = analyst.there(&format!("analytics/sync?{query}{chat_id}")).await?;
            let (from, to) = (overview["period"]["from"].as_i64().context("from")?, overview["period"]["to"].as_i64().context("to")?);
            let sums = recount(all.iter(), from, to, chat);
            let figures = &overview["figures"];
            let found = [
                &figures["total_bans"],
                &figures["unique_banned_users"],
                &figures["successful_syncs"],
                &figures["partial_syncs"],
                &figures["failed_syncs"],
                &figures["p50_sync_ms"],
                &figures["p95_sync_ms"],
                &figures["synced_bans"]["applied"],
                &figures["undone"],
                &figures["new_subscriptions"],
            ];
            let expected = [
                json!(sums.bans),
                json!(sums.users.len()),
                json!(sums.syncs[0]),
                json!(sums.syncs[1]),
                json!(sums.syncs[2]),
                json!(sums.rank(50)),
                json!(sums.rank(95)),
                json!(sums.applied),
                json!(sums.undone),
                json!(sums.followed),
            ];
            assert_eq!(found.map(Clone::clone), expected, "{when}: {query}{chat_id}");
            let reasons = sync["reasons"].as_array().context("reasons")?.iter().filter(|row| row["work"] == "ban");
            let reasons: BTreeMap<_, _> =
                reasons.map(|row| ((row["status"].as_str(), row["reason"].as_str()), row["count"].as_i64())).collect();
            let wanted = sums.reasons.iter().filter(|((status, _), _)| *status != "already");
            let wanted: BTreeMap<_, _> = wanted.map(|((status, reason), count)| ((Some(*status), Some(*reason)), Some(*count))).collect();
            assert_eq!(reasons, wanted, "{when}: {query}{chat_id}");
            let points = analyst.there(&format!("analytics/timeline?{query}{chat_id}")).await?;
            let bans: i64 = points["points"].as_array().context("points")?.iter().filter_map(|point| point["bans"].as_i64()).sum();
            assert_eq!(bans, sums.bans, "{when}: {query}{chat_id}: the points come to the sum");
            let top = analyst.there(&format!("analytics/top/users?{query}{chat_id}&limit=100")).await?;
            assert_eq!(top["items"], top_users(&all, from, to, chat), "{when}: {query}{chat_id}");
        }
        Ok(())
    };
    exact("as it came").await?;
    let again: Vec<_> = ours.iter().filter(|fact| fact.id % 3 == 0).copied().collect();
    send(&again).await?;
    play.collect().await?;
    exact("a third of it twice").await?;
    play.close_days().await?;
    exact("closed").await?;
    send(&again).await?;
    play.collect().await?;
    exact("closed, and a third of it once more").await?;
    play.close_days().await?;
    exact("closed again").await
}

fn top_users(facts: &[Fact], from: i64, to: i64, chat: Option<ChatId>) -> Value {
    let mut counts: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| (from..to).contains(&fact.at) && chat.is_none_or(|chat| fact.chat == chat)) {
        match fact.what {
            What::Decided(Action::Ban) => counts.entry(fact.user.0).or_default().0 += fact.weight(),
            What::Synced(_) => counts.entry(fact.user.0).or_default().1 += fact.weight(),
            _ => {}
        }
    }
    let mut rows: Vec<_> = counts.into_iter().filter(|(user, counts)| *user != 0 && *counts != (0, 0)).collect();
    rows.sort_by_key(|(user, (bans, syncs))| (-bans, -syncs, *user));
    rows.iter().take(100).map(|(user, (bans, syncs))| json!({"user_id": user, "ban_count": bans, "sync_count": syncs})).collect()
}
