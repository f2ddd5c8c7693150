//! One ban that very many admins are told of: each once, in Telegram's pace, and bans go on meanwhile. What a message costs is counted.

use crate::counting_telegram::CountingTelegram;
use crate::play::{PATIENCE, Play};
use crate::stack::{CallCount, skipped};
use anyhow::{Context, Result, ensure};
use domain::settings::{Topic, UserChange, When};
use domain::subscription::Mode;
use domain::sync::{Origin, Totals};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use telegram_sim::control::{CallFilter, NewUser};

/// Admins who are told unless `BANSYNC_BENCH_ADMINS` chooses another number. Ten thousand take some twenty minutes: news are sent at a third of Telegram's pace.
const ADMINS: usize = 300;

/// Messages that come one by one.
const CARDS: usize = 5;

/// Bans that one digest tells of.
const LINES: usize = 30;

/// Dollars for a million, of AWS's price lists for us-east-1 (DynamoDB on demand: write and read request units; SQS: standard requests; Lambda:
/// requests, and GB-seconds on arm64).
const WRITE: f64 = 0.625;
const READ: f64 = 0.125;
const QUEUE: f64 = 0.40;
const INVOCATION: f64 = 0.20;
const GB_SECOND: f64 = 13.3334;

/// What a message holds a function of 128 MB up, in seconds: a call of Telegram from Virginia, and those of the store.
const SECONDS_A_MESSAGE: f64 = 0.15;

/// The most that a million messages may cost, in dollars.
const MOST: f64 = 5.0;

/// Requests by their kind.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    writes: f64,
    reads: f64,
    queue: f64,
}

impl Cost {
    /// `keys`: how many are read by one call of several.
    fn of(calls: &[CallCount], keys: f64) -> Self {
        let mut cost = Self::default();
        for call in calls {
            // What the SDK sent again is paid for, too. Items are smaller than 1 KB.
            let count = f64::from(call.count);
            match call.operation.as_str() {
                "UpdateItem" | "PutItem" | "DeleteItem" => cost.writes += count,
                "BatchGetItem" => cost.reads += keys * count,
                "GetItem" | "Query" => cost.reads += count,
                // And Lambda's own, which receive and delete what was sent.
                "SendMessage" | "SendMessageBatch" => cost.queue += 3.0 * count,
                _ => {}
            }
        }
        cost
    }

    /// Dollars for a million of `messages`.
    fn a_million(self, messages: usize) -> f64 {
        (self.writes * WRITE + self.reads * READ + self.queue * QUEUE) / messages as f64
    }
}

impl Play {
    /// Requests of these functions since they were last forgotten.
    async fn cost_of(&self, functions: &[&str], keys: f64) -> Result<Cost> {
        let mut all = Vec::new();
        for function in functions {
            all.extend(self.stack.calls_of(function).await?);
        }
        Ok(Cost::of(&all, keys))
    }

    /// Has the bot know of chats that want no question about the first ban of a source.
    async fn known_and_trusting(&self, chats: &[i64]) -> Result<()> {
        let client = reqwest::Client::new();
        let put = |chat: &i64| {
            json!({"PutRequest": {"Item": {
                "pk": {"S": format!("CHAT#{chat}")},
                "sk": {"S": "CHAT"},
                "chat_id": {"N": chat.to_string()},
                "state": {"S": "active"},
                "settings": {"M": {"new_sources": {"S": "ban"}}},
                "cause": {"S": "membership"},
                "updated_at": {"N": "1"},
                "version": {"N": "1"},
            }}})
        };
        for chats in chats.chunks(25) {
            let items: Vec<_> = chats.iter().map(put).collect();
            let requests = json!({ &self.stack.tables["users"]: items });
            let answer = self.stack.dynamodb(&client, "BatchWriteItem", &json!({"RequestItems": requests})).await?;
            ensure!(answer["UnprocessedItems"].as_object().is_none_or(serde_json::Map::is_empty), "{answer}");
        }
        Ok(())
    }

    /// Messages to each of these people that Telegram took.
    async fn messages_to(&self, admins: &[i64]) -> Result<BTreeMap<i64, usize>> {
        let mut told: BTreeMap<i64, usize> = admins.iter().map(|&admin| (admin, 0)).collect();
        for call in self.telegram.calls(CallFilter::method("sendMessage").ok(true)).await? {
            if let Some(count) = call.params["chat_id"].as_i64().and_then(|chat| told.get_mut(&chat)) {
                *count += 1;
            }
        }
        Ok(told)
    }
}

#[tokio::test]
async fn each_of_many_admins_is_told_of_one_ban_once_and_bans_go_on_meanwhile() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("what is counted here only the local AWS counts");
    }
    let count = std::env::var("BANSYNC_BENCH_ADMINS").map_or(Ok(ADMINS), |admins| admins.parse())?;
    let (alice, mallory) = (play.admin("Alice", "en").await?, play.person("Mallory").await?);
    let source = play.chat("Source", alice, &[mallory]).await?;
    let event = play.ban(source, alice, mallory).await?;
    let meanwhile = play.scene(1).await?;
    play.quiet(&[source, alice, mallory]).await?;
    let user = |n: usize| NewUser { language_code: Some("en".to_owned()), started: true, ..NewUser::named(&format!("Admin {n}")) };
    let made = stream::iter((0..count).map(|n| play.telegram.create_user(user(n)))).buffered(8);
    let admins: Vec<i64> = made.try_collect().await?;
    let chats: Vec<i64> = play.seed_each(&admins, mallory).await?.into_iter().collect();
    play.known_and_trusting(&chats).await?;
    let refused_before = play.telegram.call_counts().await?.too_many_requests;

    // The bans themselves are counted only: they are another test's.
    let telegram = CountingTelegram::begin()?;
    let planner = play.reconfigure("sync-planner", &[("TELEGRAM_CALLS_PER_SECOND", "100000"), ("SETTLE_SECONDS", "1")])?;
    let worker = play.reconfigure("sync-worker", &[("TELEGRAM_CALLS_PER_SECOND", "100000"), ("TELEGRAM_API_URL", &telegram.url)])?;
    play.stack.forget_calls().await?;
    // As news: what somebody has asked for would come before others.
    let id = play.carry_over_as(&event, Origin::Delayed).await?;
    let (summary, _) = play.results_within(id, 2 * PATIENCE).await?;
    assert_eq!(summary.totals, Totals { applied: count as u32, ..Totals::default() });
    drop((planner, worker));
    let began = Instant::now();

    let second = play.ban(meanwhile.source, meanwhile.alice, meanwhile.mallory).await?;
    play.all_applied(&meanwhile, &second).await?;
    let (second, _) = play.sync_of(&second).await?;
    let took = second.completed_at_ms.unwrap_or_default() - second.started_at_ms;
    let told_by_then = play.messages_to(&admins).await?.values().filter(|times| **times > 0).count();
    println!(
        "bench: a ban while {} of {count} admins are still to be told of another: {took} ms from sync.started to sync.completed",
        count - told_by_then
    );

    let mut last = (Instant::now(), 0);
    let told = loop {
        let told = play.messages_to(&admins).await?;
        let so_far = told.values().filter(|times| **times > 0).count();
        if so_far == count {
            break told;
        }
        // However many there are, they go on.
        if so_far > last.1 {
            last = (Instant::now(), so_far);
        }
        ensure!(last.0.elapsed() < PATIENCE, "{so_far} of {count} were told");
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    println!("bench: {count} admins told in {} s", began.elapsed().as_secs());
    play.quiet(&[source, mallory]).await?;
    assert_eq!(play.stack.waiting("notification").await?, 0);
    ensure!(told == play.messages_to(&admins).await?, "nobody is told again");
    ensure!(told.values().all(|times| *times == 1), "{:?}", told.iter().find(|(_, times)| **times != 1));
    assert_eq!(play.telegram.call_counts().await?.too_many_requests, refused_before);

    let cost = play.cost_of(&["notification-planner", "notification-sender"], 100.0).await?;
    // The log's index has a write a message. Messages come ten at a time; those that found no room came once more.
    let cost = Cost { writes: cost.writes + count as f64, queue: cost.queue + 0.3 * count as f64, ..cost };
    let lambda = (INVOCATION * 0.1 + GB_SECOND * 0.125 * SECONDS_A_MESSAGE) * 1.2;
    let dollars = cost.a_million(count) + lambda;
    let each = |of: f64| of / count as f64;
    println!(
        "bench: a card: {:.2} write units, {:.2} read units, {:.2} requests of the queue: {dollars:.2} $ a million with {lambda:.2} of Lambda",
        each(cost.writes),
        each(cost.reads),
        each(cost.queue)
    );
    ensure!(dollars <= MOST, "{dollars} $ a million");
    Ok(())
}

#[tokio::test]
async fn a_line_of_a_digest_costs_less_than_a_card() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("what is counted here only the local AWS counts");
    }
    let planned = ["notification-planner", "notification-sender", "notification-digest"];
    let mut dollars = Vec::new();
    for when in [When::Now, When::Digest] {
        let pair = play.pair(Mode::Auto).await?;
        play.wants(pair.boris, UserChange { topics: [(Topic::BanSynced, when)].into(), ..UserChange::default() }).await?;
        play.quiet(&pair.ids()).await?;
        play.stack.forget_calls().await?;
        let program = play.messenger().await?;
        // Cards one by one: of several at once to one person those behind come more than once.
        let (batches, in_each) = if when == When::Now { (CARDS, 1) } else { (1, LINES) };
        let count = batches * in_each;
        for batch in 0..batches {
            let row = |n: usize| {
                let name = format!("Маллори {batch} {n}");
                let values = json!({ "username": name, "user_id": "7100000001", "chat_name": "Клуб любителей шахмат и шашек" });
                json!({ "user_id": pair.boris, "template_id": "sync_success", "values": values })
            };
            let rows: Vec<_> = (0..in_each).map(row).collect();
            let sent = program.post("notifications/batch", json!({ "notifications": rows })).await?;
            ensure!(sent.status == 200, "{}", sent.body);
            if when == When::Now {
                play.telegram.wait_until_sees(pair.boris, &format!("Маллори {batch} 0"), PATIENCE).await?;
                play.next_second().await;
            }
        }
        if when == When::Digest {
            play.moment_comes(pair.boris).await?;
            play.telegram.wait_until_sees(pair.boris, &format!("🗞 {count} messages waited for you"), PATIENCE).await?;
        }
        play.quiet(&pair.ids()).await?;
        let held = play.largest_item(pair.boris).await?;
        ensure!(held <= 1024, "an item of {held} bytes is more than one write unit");
        let keys = if when == When::Now { 1.0 } else { count as f64 };
        let mut cost = play.cost_of(&planned, keys).await?;
        // But for the entry of each request in the log of changes.
        let told = play.cost_of(&["api-notifications"], 1.0).await?;
        (cost.writes, cost.queue) = (cost.writes + told.writes - batches as f64, cost.queue + told.queue);
        let (messages, lambda) = match when {
            // The log's index, and the sender's time.
            When::Now => (count, INVOCATION * 0.1 + GB_SECOND * 0.125 * SECONDS_A_MESSAGE),
            _ => (1, (INVOCATION * 0.1 + GB_SECOND * 0.125 * SECONDS_A_MESSAGE) / count as f64),
        };
        cost.writes += messages as f64;
        let a_million = cost.a_million(count) + lambda;
        println!("bench: {when:?}: {:.2} write units a message, {a_million:.2} $ a million", cost.writes / count as f64);
        dollars.push(a_million);
    }
    ensure!(dollars[1] < dollars[0], "a line costs {} $ a million, a card {}", dollars[1], dollars[0]);
    Ok(())
}

impl Play {
    /// Bytes of the largest item of somebody's messages, as JSON, which is more than DynamoDB counts.
    async fn largest_item(&self, user: i64) -> Result<usize> {
        let query = json!({"TableName": self.stack.tables["notifications"], "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": format!("USER#{user}")}}});
        let answer = self.stack.aws("dynamodb", "Query", query).await?;
        let items = answer["Items"].as_array().context("items")?;
        let single = items.iter().filter(|item| item["tells"]["L"].as_array().is_none_or(Vec::is_empty));
        Ok(single.map(|item| item.to_string().len()).max().unwrap_or_default())
    }
}
