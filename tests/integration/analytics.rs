//! What is counted: each thing once, however often it is told of, and the same when it is counted anew.

use crate::caller::Caller;
use crate::operator;
use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::facts::Parcel;
use aws::queue::{Message, Queue};
use aws::store::analytics::{Facts, shards};
use domain::analytics::fact::shard_of;
use domain::analytics::{Fact, What, Work};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason, SyncStatus};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Instant;
use telegram_sim::control::Seen;
use uuid::Uuid;

const DAY: i64 = 24 * 3600;

/// Facts of a generated year, unless `BANSYNC_BENCH_FACTS` chooses another number.
const FACTS: usize = 20_000;

/// What happens to be in a message: as many changes as a stream's batch has.
const IN_A_MESSAGE: usize = 100;

/// Write units a fact, of batches of 100.
const MOST_WRITES: f64 = 0.2;

impl Play {
    pub async fn analyst(&self) -> Result<Caller<'_>> {
        self.caller(&["analytics:read"]).await
    }

    /// Has the function store what is in its queue; how many facts these were.
    pub async fn collect(&self) -> Result<u64> {
        let mut facts = 0;
        loop {
            let done = self.collector(json!({})).await?;
            facts += done["facts"].as_u64().context("facts")?;
            if done["more"] == false {
                return Ok(facts);
            }
        }
    }

    async fn collector(&self, payload: Value) -> Result<Value> {
        let answer = self.stack.invoke(&self.stack.functions["analytics-collector"], &payload.to_string()).await?;
        ensure!(!answer.failed, "{answer:?}");
        Ok(answer.payload)
    }

    /// Figures of a chat, once they are so; others' facts are none of a test's business.
    async fn counted(&self, caller: &Caller<'_>, path: &str, expected: &[(&str, Value)]) -> Result<Value> {
        let mut last = Value::Null;
        let counted = async || {
            self.collect().await.ok();
            last = caller.there(path).await.unwrap_or_default();
            Ok(expected.iter().all(|(pointer, value)| last.pointer(pointer) == Some(value)).then(|| last.clone()))
        };
        let counted = self.telegram.wait_until("figures", PATIENCE, counted).await;
        counted.with_context(|| format!("{path}: {last} is not {expected:?}"))
    }

    fn facts(&self, aws: &Aws) -> Facts {
        Facts::new(aws, self.stack.tables["analytics"].clone())
    }
}

#[tokio::test]
async fn what_happens_is_counted_where_it_does_and_the_same_when_it_is_counted_anew() -> Result<()> {
    let play = Play::begin().await?;
    let analyst = play.analyst().await?;
    let Pair { boris, alice, mallory, source, target, .. } = play.pair(Mode::Auto).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    let card = play.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    play.press(boris, &card, "Undo").await?;
    play.quiet(&[source, target, mallory]).await?;
    let here = format!("analytics/overview?period=week&chat_id={target}");
    let there = format!("analytics/overview?period=week&chat_id={source}");
    let (of_target, of_source) = (
        [
            ("/figures/new_subscriptions", json!(1)),
            ("/figures/total_subscriptions", json!(1)),
            ("/figures/synced_bans/applied", json!(1)),
            ("/figures/undone", json!(1)),
            ("/figures/total_bans", json!(0)),
            ("/figures/active_chats", json!(1)),
        ],
        [
            ("/figures/total_bans", json!(1)),
            ("/figures/unique_banned_users", json!(1)),
            ("/figures/successful_syncs", json!(2)),
            ("/figures/success_rate", json!(1.0)),
            ("/figures/synced_bans/applied", json!(0)),
        ],
    );
    let before = [play.counted(&analyst, &here, &of_target).await?, play.counted(&analyst, &there, &of_source).await?];
    let took = &before[1]["figures"];
    ensure!(took["p50_sync_ms"].as_i64() <= took["p95_sync_ms"].as_i64() && took["mean_sync_ms"].as_i64() > Some(0), "{took}");
    let sources = analyst.there(&format!("analytics/top/sources?period=week&chat_id={target}")).await?;
    assert_eq!(sources["items"], json!([{"chat_id": source, "bans_carried": 1, "undone": 1, "lifted": 0, "appealed": 0}]));
    let users = analyst.there(&format!("analytics/top/users?period=week&chat_id={source}")).await?;
    assert_eq!(users["items"], json!([{"user_id": mallory, "ban_count": 1, "sync_count": 2}]));

    // All of it is lost, and made anew of what it was counted of.
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    play.forget_facts(&[source, target]).await?;
    assert_eq!(play.counted_facts(&aws, &[source, target]).await?, 0);
    let said = operator::succeeds(&["analytics", "rebuild"])?;
    ensure!(said.contains("facts in all"), "{said}");
    for (path, before) in [(here, &before[0]), (there, &before[1])] {
        assert_eq!(&analyst.there(&path).await?["figures"], &before["figures"], "{path}");
    }
    Ok(())
}

impl Play {
    async fn counted_facts(&self, aws: &Aws, chats: &[i64]) -> Result<usize> {
        let (facts, mut found) = (self.facts(aws), 0);
        for shard in shards() {
            let today = aws::time::now() / DAY;
            facts.each(shard, today - 1, today + 1, |fact| found += usize::from(chats.contains(&fact.chat.0))).await?;
        }
        Ok(found)
    }

    /// Deletes what is stored of the last two days in the shards of these chats; others' facts come back with them.
    async fn forget_facts(&self, chats: &[i64]) -> Result<()> {
        let today = aws::time::now() / DAY;
        for shard in chats.iter().map(|chat| shard_of(ChatId(*chat))).collect::<BTreeSet<_>>() {
            for pk in [format!("RAW#{shard:02}"), format!("DAY#{shard:02}")] {
                let table = &self.stack.tables["analytics"];
                let query = json!({"TableName": table, "KeyConditionExpression": "pk = :pk AND sk > :from",
                    "ExpressionAttributeValues": {":pk": {"S": pk}, ":from": {"S": format!("{:06}#", today - 1)}},
                    "ProjectionExpression": "pk, sk"});
                let answer = self.stack.aws("dynamodb", "Query", query).await?;
                for key in answer["Items"].as_array().context("items")? {
                    self.stack.aws("dynamodb", "DeleteItem", json!({"TableName": table, "Key": key})).await?;
                }
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn whoever_may_not_read_figures_or_asks_for_none_is_told_so() -> Result<()> {
    let play = Play::begin().await?;
    let (analyst, other) = (play.analyst().await?, play.caller(&["bans:read"]).await?);
    assert_eq!(other.get("analytics/overview").await?.status, 403);
    for (query, status, code) in [
        ("overview?period=fortnight", 400, "invalid_request"),
        ("overview?tz=Europe/Atlantis", 422, "unknown_zone"),
        ("bans?period=custom&from=2026-01-01", 422, "incomplete_period"),
        ("sync?period=custom&from=2026-01-02&to=2026-01-01", 422, "empty_period"),
        ("timeline?period=year&interval=hour", 422, "too_many_points"),
        ("top/users?limit=101", 400, "invalid_request"),
        ("top/nobody", 404, "not_found"),
    ] {
        let (got, body) = analyst.get(&format!("analytics/{query}")).await?.parts();
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{query}: {body}");
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_cannot_be_read_holds_nothing_up() -> Result<()> {
    // Alone: it would be a dead letter in the end, and others count those.
    let play = Play::alone().await?;
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    let queue = Queue::new(&aws, play.stack.queues["analytics"].clone());
    let chat = ChatId(-1_009_000_000_000 - i64::from(Uuid::new_v4().as_fields().1));
    queue.send(Message::new(&json!({"counted": [{"day": 1, "facts": "?", "ids": "?"}]}), 0)?).await?;
    let fact = Fact::decision(Uuid::new_v4(), aws::time::now(), Action::Ban, chat, UserId(5));
    queue.send(Message::new(&Parcel::of(&[fact]), 0)?).await?;
    let path = format!("analytics/overview?period=week&chat_id={chat}");
    play.counted(&play.analyst().await?, &path, &[("/figures/total_bans", json!(1))]).await?;
    play.stack.purge("analytics").await
}

#[tokio::test]
async fn a_fact_of_a_batch_of_a_hundred_costs_a_fifth_of_a_write_unit_at_most() -> Result<()> {
    let play = Play::alone().await?;
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    let queue = Queue::new(&aws, play.stack.queues["analytics"].clone());
    let day = aws::time::now() / DAY - 200;
    play.collect().await?;
    while play.collector(json!({"task": "close"})).await?["more"] == true {}
    let before = play.facts_stored(shards(), (day, day)).await?.len();
    let facts: Vec<_> = year(10 * IN_A_MESSAGE, 5, 0).into_iter().map(|fact| Fact { at: day * DAY + fact.at / 400, ..fact }).collect();
    for facts in facts.chunks(IN_A_MESSAGE) {
        queue.send(Message::new(&Parcel::of(facts), 0)?).await?;
        assert_eq!(play.collect().await?, IN_A_MESSAGE as u64);
    }
    let units = |items: &[(String, usize)]| items.iter().map(|(_, bytes)| bytes.div_ceil(1024)).sum::<usize>() as f64;
    let of = |kind: &str, items: &[(String, usize)]| items.iter().filter(|(pk, _)| pk.starts_with(kind)).cloned().collect::<Vec<_>>();
    let raw = units(&of("RAW", &play.facts_stored(shards(), (day, day)).await?));
    while play.collector(json!({"task": "close"})).await?["more"] == true {}
    let closed = play.facts_stored(shards(), (day, day)).await?;
    ensure!(of("RAW", &closed).is_empty() && closed.len() <= before + shards().len(), "{closed:?}");
    // What is deleted costs as much as what is written (DynamoDB Developer Guide, "DynamoDB write consumption for on-demand").
    let cost = (2.0 * raw + units(&closed)) / facts.len() as f64;
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

#[tokio::test]
async fn what_the_queue_does_not_take_is_a_dead_letter_and_counted_once_it_is_tried_again() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("calls fail only here when a test wants them to");
    }
    let Pair { alice, mallory, source, .. } = play.pair(Mode::Auto).await?;
    play.quiet(&[source, mallory]).await?;
    // The SDK's own tries, and then the dead letter queue.
    let rule = json!({"service": "sqs", "operation": "SendMessage", "function": play.stack.functions["relay"], "contains": "counted",
        "status": 503, "code": "ServiceUnavailable", "times": 3});
    let refused = play.stack.fail(rule).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    play.quiet(&[source, mallory]).await?;
    assert_eq!(refused.rules().await?[0].fired, 3);
    refused.heal().await?;
    play.collect().await?;
    let shown = operator::succeeds(&["dlq", "show", "events"])?;
    ensure!(shown.contains("bytes of facts that are not counted"), "{shown}");
    let said = operator::succeeds(&["dlq", "redrive", "events"])?;
    ensure!(said.contains("sent to the analytics queue"), "{said}");
    let path = format!("analytics/overview?period=week&chat_id={source}");
    play.counted(&play.analyst().await?, &path, &[("/figures/total_bans", json!(1)), ("/figures/total_syncs", json!(1))]).await?;
    Ok(())
}

#[tokio::test]
async fn an_admin_has_a_picture_of_the_chats_figures_in_private_by_day_and_by_night() -> Result<()> {
    let play = Play::begin().await?;
    let Pair { boris, alice, mallory, source, target } = play.pair(Mode::Auto).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    play.quiet(&[source, target, mallory]).await?;
    play.collect().await?;
    let stats = play.asks(boris, "/stats", "the last 30 days").await?;
    let mut shown = play.picture(boris, &stats, "Week", "bans synced to here: 1").await?;
    assert!(shown.text.contains("7 days") && shown.text.contains("bans decided here: 0"), "{}", shown.text);
    for (label, words) in [("Dark", "7 days"), ("Day", "today"), ("Year", "365 days")] {
        shown = play.picture(boris, &shown, label, words).await?;
        assert_eq!(shown.document.as_ref().and_then(|photo| photo.pixels).map(|(width, _)| width), Some(1000));
    }
    ensure!(shown.button("Light").is_some(), "it stays dark: {:?}", shown.buttons);
    Ok(())
}

#[tokio::test]
async fn the_same_drawing_is_an_svg_of_the_api() -> Result<()> {
    let play = Play::begin().await?;
    let analyst = play.analyst().await?;
    for (query, titles) in [
        ("period=week", vec!["Bans", "Results of syncing", "Where bans came from"]),
        ("period=day&chart=sources&lang=ru&theme=dark&tz=Asia/Kolkata", vec!["Откуда пришли баны"]),
    ] {
        let (status, headers, svg) = analyst.text(&format!("analytics/chart.svg?{query}"), "image/svg+xml").await?;
        assert_eq!((status, headers.as_str()), (200, "image/svg+xml"), "{svg}");
        assert!(svg.starts_with("<svg") && titles.iter().all(|title| svg.contains(title)), "{svg}");
        for forbidden in ["style=", "<style", "<script", "href"] {
            assert!(!svg.contains(forbidden), "{forbidden}");
        }
    }
    let (status, kind, csv) = analyst.text("analytics/timeline?period=week", "text/csv").await?;
    assert_eq!((status, kind.as_str()), (200, "text/csv; charset=utf-8; header=present"));
    assert!(csv.starts_with("at,bans,kicks,unbans,") && csv.lines().count() == 8, "{csv}");
    let (_, _, csv) = analyst.text("analytics/overview", "text/csv").await?;
    assert!(csv.starts_with("figure,value,previous\n") && csv.contains("synced_bans_applied,"), "{csv}");
    Ok(())
}

impl Play {
    /// The picture that a button brings in private; its caption has these words.
    async fn picture(&self, user: i64, under: &Seen, label: &str, words: &str) -> Result<Seen> {
        let before = self.telegram.private_messages(user).await?.len();
        self.telegram.press_button(user, under, label).await?;
        let seen = async || {
            let messages = self.telegram.private_messages(user).await?;
            let photo = |seen: &Seen| seen.document.as_ref().is_some_and(|document| document.is_photo) && seen.text.contains(words);
            Ok(messages.into_iter().skip(before).find(photo))
        };
        Ok(self.telegram.wait_until("a picture", PATIENCE, seen).await?)
    }
}

#[tokio::test]
async fn after_a_year_it_is_counted_all_the_same_and_nobody_knows_of_whom() -> Result<()> {
    let play = Play::alone().await?;
    let (aws, chat) = (Aws::patient_at(&play.stack.endpoint).await, ChatId(-1_007_000_000_000 - aws::time::now() % 1_000_000));
    let (facts, today) = (play.facts(&aws), aws::time::now() / DAY);
    let fact = |days: i64, user: i64| Fact::decision(Uuid::new_v4(), (today - days) * DAY + 5, Action::Ban, chat, UserId(user));
    facts.add([fact(366, 1), fact(367, 2), fact(500, 3)]).await?;
    while play.collector(json!({"task": "close"})).await?["more"] == true {}
    // What was closed while it was younger.
    let young = fact(368, 4);
    facts.add([young]).await?;
    facts.close(young.shard(), today - 2).await?;
    let known = async || {
        let mut known = Vec::new();
        facts
            .each(shard_of(chat), today - 600, today, |fact| {
                if fact.chat == chat {
                    known.push((today - fact.at / DAY, fact.user.0));
                }
            })
            .await?;
        known.sort_unstable();
        anyhow::Ok(known)
    };
    assert_eq!(known().await?, [(366, 1), (367, 0), (368, 4), (500, 0)]);
    for _ in 0..2 {
        while play.collector(json!({"task": "close"})).await?["more"] == true {}
        assert_eq!(known().await?, [(366, 1), (367, 0), (368, 0), (500, 0)]);
    }
    let overview = play.analyst().await?.there(&format!("analytics/overview?period=year&chat_id={chat}")).await?;
    let previous = &overview["previous"];
    assert_eq!((&previous["total_bans"], &previous["unique_banned_users"]), (&json!(4), &Value::Null), "{overview}");
    Ok(())
}

/// What the API is to answer, recounted fact by fact.
#[derive(Debug, Default, PartialEq)]
struct Recount {
    bans: i64,
    users: HashSet<i64>,
    syncs: [i64; 3],
    millis: Vec<u32>,
    applied: i64,
    reasons: BTreeMap<(&'static str, &'static str), i64>,
    undone: i64,
    followed: i64,
}

fn recount<'a>(facts: impl Iterator<Item = &'a Fact>, from: i64, to: i64, chat: Option<ChatId>) -> Recount {
    let mut sums = Recount::default();
    for fact in facts.filter(|fact| (from..to).contains(&fact.at) && chat.is_none_or(|chat| fact.chat == chat)) {
        match fact.what {
            What::Decided(Action::Ban) => {
                sums.bans += 1;
                sums.users.insert(fact.user.0);
            }
            What::Synced(status) => {
                sums.syncs[status as usize - 1] += 1;
                sums.millis.push(fact.millis);
            }
            What::Result(Work::Ban, Outcome::Applied) => sums.applied += 1,
            What::Result(Work::Ban, outcome) => {
                *sums.reasons.entry((outcome.status(), outcome.reason().map_or("", Reason::name))).or_default() += 1;
            }
            What::Result(Work::Undo, Outcome::Applied) => sums.undone += 1,
            What::Followed => sums.followed += 1,
            _ => {}
        }
    }
    sums.millis.sort_unstable();
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
    (0..count).map(one).collect()
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
            let (figures, rank) =
                (&overview["figures"], |percent: usize| sums.millis.get((sums.millis.len() * percent).div_ceil(100).max(1) - 1));
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
                json!(rank(50)),
                json!(rank(95)),
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
    while play.collector(json!({"task": "close"})).await?["more"] == true {}
    exact("closed").await?;
    send(&again).await?;
    play.collect().await?;
    exact("closed, and a third of it once more").await?;
    while play.collector(json!({"task": "close"})).await?["more"] == true {}
    exact("closed again").await
}

fn top_users(facts: &[Fact], from: i64, to: i64, chat: Option<ChatId>) -> Value {
    let mut counts: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| (from..to).contains(&fact.at) && chat.is_none_or(|chat| fact.chat == chat)) {
        match fact.what {
            What::Decided(Action::Ban) => counts.entry(fact.user.0).or_default().0 += 1,
            What::Synced(_) => counts.entry(fact.user.0).or_default().1 += 1,
            _ => {}
        }
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(user, (bans, syncs))| (-bans, -syncs, *user));
    rows.iter().take(100).map(|(user, (bans, syncs))| json!({"user_id": user, "ban_count": bans, "sync_count": syncs})).collect()
}
