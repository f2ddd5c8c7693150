//! How fast, how many calls, how much memory. Figures are printed; what is asserted holds on a slow machine, too.

use crate::counting_telegram::CountingTelegram;
use crate::play::{PATIENCE, Play};
use crate::stack::{CallCount, skipped};
use anyhow::{Context, Result};
use domain::ids::{ChatId, UserId};
use domain::settings::UserChange;
use domain::sync::{CHUNK_TARGETS, PART_CHATS, SyncStatus, Totals};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use telegram_sim::control::{CallFilter, Limits};

/// The functions that a ban passes.
const PATH: [&str; 6] = ["webhook", "relay", "sync-planner", "sync-worker", "notification-planner", "notification-sender"];

/// Chats of the large sync unless `BANSYNC_BENCH_CHATS` chooses another number: two whole parts and some of a third. 100 000 take about six
/// minutes on two cores.
const CHATS: usize = 2 * PART_CHATS + 100;

/// The most memory that a process of the path may have used, in KB: half of what its function is given.
const MOST_KB: u64 = 64 * 1024;

/// The largest item that DynamoDB takes, in bytes.
const LARGEST_ITEM: usize = 400 * 1024;

#[tokio::test]
async fn a_ban_reaches_a_hundred_chats_each_once_and_by_few_calls() -> Result<()> {
    const N: u32 = 100;
    let play = Play::alone().await?;
    let scene = play.large_scene(N as usize).await?;
    let counts = play.stack.is_instrumented().await;
    // Processes that are there are asked by nobody yet: a first sync wakes them.
    let warm = play.large_scene(1).await?;
    let event = play.ban(warm.source, warm.alice, warm.mallory).await?;
    play.all_applied(&warm, &event).await?;
    play.told_once(&warm, PATIENCE).await?;
    if counts {
        play.stack.forget_calls().await?;
    }
    let refused_before = play.telegram.call_counts().await?.too_many_requests;
    play.telegram.set_limits(Limits { latency_ms: 60, ..Limits::default() }).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let applied = play.all_applied(&scene, &event).await;
    play.telegram.set_limits(Limits::default()).await?;
    applied?;
    let (summary, _) = play.sync_of(&event).await?;
    let took = summary.completed_at_ms.unwrap_or_default() - summary.started_at_ms;
    let settle = play.stack.settle_seconds;
    // It is to stay under ten seconds with a settle time of five: no test can tell on a machine that has other things to do.
    println!(
        "bench: {N} chats at 60 ms a call and 30 calls a second: {took} ms from sync.started to sync.completed, {settle} s the settle time"
    );
    assert_eq!(summary.chunks, N.div_ceil(CHUNK_TARGETS as u32));
    assert_eq!(play.telegram.call_counts().await?.too_many_requests, refused_before);
    for method in ["getChatMember", "banChatMember"] {
        let calls = play.telegram.calls(CallFilter::method(method).user(scene.mallory)).await?;
        println!("bench: telegram             {method:24} {:6} {:8.2} a target", calls.len(), calls.len() as f64 / f64::from(N));
        assert_eq!(calls.len() as u32, N, "{method}");
    }
    play.telegram.wait_until_sees(scene.boris, "synced", PATIENCE).await?;
    // The card has parts: every chat stands on one.
    let told_of = async || {
        let card = play.notices(scene.boris).await.map(|parts| parts.join("\n")).unwrap_or_default();
        Ok((0..N).all(|n| card.contains(&format!("Chat {n}"))).then_some(()))
    };
    play.telegram.wait_until("every chat to be told of", PATIENCE, told_of).await?;
    if counts {
        let calls = play.table_of_calls(N as usize, summary.chunks as usize).await?;
        let of = |function: &str, operation: &str| count(&calls[function], operation);
        let rounds = of("sync-worker", "BatchWriteItem");
        // A chunk whose calls are not all granted at once goes on as a rest, which is a round of its own: six calls at least.
        assert!(rounds <= 5 * summary.chunks, "{rounds} rounds of {} chunks", summary.chunks);
        // The pace, the person taken and let go, the intent and the results a round; that it is done a chunk; the end; and chunks that meet
        // at the pace.
        let updates = of("sync-worker", "UpdateItem");
        assert!(updates <= 5 * rounds + summary.chunks + 1 + rounds, "{updates} updates in {rounds} rounds");
        assert_eq!(of("sync-worker", "PutItem"), 0);
        let messages = of("sync-worker", "SendMessage") + of("sync-planner", "SendMessageBatch");
        assert!(messages <= 5 * summary.chunks, "{messages}: no message a chat");
    }
    Ok(())
}

#[tokio::test]
async fn a_ban_reaches_any_number_of_chats_each_once_in_bounded_memory() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("what is counted here only the local AWS counts");
    }
    let chats = std::env::var("BANSYNC_BENCH_CHATS").map_or(Ok(CHATS), |chats| chats.parse())?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let source = play.chat("Source", alice, &[mallory]).await?;
    play.users.choose(UserId(boris), &UserChange { notifications_enabled: Some(false), ..UserChange::default() }).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.quiet(&[source, alice, mallory]).await?;
    let began = Instant::now();
    let all = play.seed(chats, boris, mallory).await?;
    println!("bench: {chats} subscriptions written in {} s", began.elapsed().as_secs());

    let telegram = CountingTelegram::begin()?;
    let planner = play.reconfigure("sync-planner", &[("TELEGRAM_CALLS_PER_SECOND", "100000"), ("SETTLE_SECONDS", "1")])?;
    let worker = play.reconfigure("sync-worker", &[("TELEGRAM_CALLS_PER_SECOND", "100000"), ("TELEGRAM_API_URL", &telegram.url)])?;
    play.stack.forget_calls().await?;
    let id = play.carry_over(&event).await?;
    let mut memory = BTreeMap::new();
    let mut last = (Instant::now(), 0);
    let summary = loop {
        for function in ["sync-planner", "sync-worker", "relay", "notification-planner"] {
            for process in play.stack.processes(function).await? {
                let peak = memory.entry(function).or_insert(0);
                *peak = peak_kb(process.pid).max(*peak);
            }
        }
        if let Some(summary) = play.syncs.summary(id).await?
            && summary.status != SyncStatus::Running
        {
            break summary;
        }
        // However many there are, they go on.
        let bans = telegram.bans();
        if bans > last.1 {
            last = (Instant::now(), bans);
        }
        anyhow::ensure!(last.0.elapsed() < 2 * PATIENCE, "the sync did not close: {:?}", play.syncs.summary(id).await?);
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let took = summary.completed_at_ms.unwrap_or_default() - summary.started_at_ms;
    drop((planner, worker));
    let parts = chats.div_ceil(PART_CHATS);
    println!("bench: {chats} chats in {parts} parts: {took} ms, {} targets a second", chats as i64 * 1000 / took.max(1));
    let chunks = chats / PART_CHATS * PART_CHATS.div_ceil(CHUNK_TARGETS) + (chats % PART_CHATS).div_ceil(CHUNK_TARGETS);
    play.table_of_calls(chats, chunks).await?;
    println!("bench: peak memory in KB: {memory:?}");

    assert_eq!(summary.totals, Totals { applied: chats as u32, ..Totals::default() });
    assert_eq!((summary.total_chats as usize, summary.parts), (chats, Some(parts as u32)));
    for method in ["banChatMember", "getChatMember"] {
        let called = telegram.chats(method);
        assert_eq!(called.keys().copied().collect::<BTreeSet<_>>(), all, "{method}");
        assert!(called.values().all(|times| *times == 1), "{method}: in no chat twice");
    }
    let stored = play.stored(&format!("SYNC#{id}")).await?;
    assert_eq!((stored.results.len(), stored.chats.len()), (chats, chats), "a chat has one result");
    assert_eq!(stored.chats, all);
    println!("bench: the largest of {} items of the sync: about {} bytes", stored.items, stored.largest);
    assert!(stored.largest < LARGEST_ITEM / 8, "{}", stored.largest);
    for chat in all.iter().step_by(chats.div_ceil(50)) {
        assert_eq!(play.syncs.entries(ChatId(*chat), UserId(mallory)).await?.len(), 1);
    }
    assert!(memory.values().all(|kb| *kb > 0 && *kb < MOST_KB), "{memory:?}");
    Ok(())
}

fn count(calls: &[CallCount], operation: &str) -> u32 {
    calls.iter().filter(|call| call.operation == operation).map(|call| call.count).sum()
}

/// Peak resident memory of a process; 0 where it has ended.
fn peak_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}

/// What stands under a sync.
#[derive(Default)]
struct Stored {
    items: usize,
    /// Bytes of the largest item, as JSON.
    largest: usize,
    results: Vec<i64>,
    chats: BTreeSet<i64>,
}

impl Play {
    /// Prints which calls each function has made, for each target and each chunk.
    async fn table_of_calls(&self, targets: usize, chunks: usize) -> Result<BTreeMap<&'static str, Vec<CallCount>>> {
        let mut all = BTreeMap::new();
        for function in PATH {
            let calls = self.stack.calls_of(function).await?;
            for call in &calls {
                let each = |of: usize| f64::from(call.count) / of as f64;
                let (operation, number) = (&call.operation, call.count);
                println!("bench: {function:20} {operation:24} {number:6} {:8.2} a target {:8.2} a chunk", each(targets), each(chunks));
            }
            all.insert(function, calls);
        }
        Ok(all)
    }

    async fn stored(&self, pk: &str) -> Result<Stored> {
        let client = reqwest::Client::new();
        let mut stored = Stored::default();
        let mut query = json!({
            "TableName": self.stack.tables["sync"],
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
        });
        loop {
            let mut page = self.stack.dynamodb(&client, "Query", &query).await?;
            for item in page["Items"].as_array().context("a page has items")? {
                stored.items += 1;
                stored.largest = stored.largest.max(item.to_string().len());
                let names = item.as_object().into_iter().flatten().map(|(name, _)| name);
                let chats = names.filter_map(|name| name.strip_prefix('r')?.parse::<i64>().ok());
                stored.results.extend(chats);
            }
            if page["LastEvaluatedKey"].is_null() {
                break;
            }
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"].take();
        }
        stored.chats = stored.results.iter().copied().collect();
        Ok(stored)
    }
}
