//! How fast, how many calls, how much memory. Figures are printed; what is asserted holds on a slow machine, too.

use crate::counting_telegram::CountingTelegram;
use crate::play::{PATIENCE, Play};
use crate::stack::CallCount;
use anyhow::{Context, Result};
use domain::ids::{ChatId, UserId};
use domain::settings::UserChange;
use domain::subscription::{Source, Subscription};
use domain::sync::{CHUNK_TARGETS, PART_CHATS, SyncStatus, Totals, sync_id};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use telegram_sim::control::{CallFilter, Limits};

/// The functions that a ban passes.
const PATH: [&str; 6] = ["webhook", "relay", "sync-planner", "sync-worker", "notification-planner", "notification-sender"];

/// Chats of the large sync, five parts, unless `BANSYNC_BENCH_CHATS` chooses another number: 100 000 take about six minutes on two cores.
const CHATS: usize = 10_000;

/// The most memory that a process of the path may have used, in KB: half of what its function is given.
const MOST_KB: u64 = 64 * 1024;

/// The largest item that DynamoDB takes, in bytes.
const LARGEST_ITEM: usize = 400 * 1024;

#[tokio::test]
async fn a_ban_reaches_a_hundred_chats_each_once_in_seconds_and_by_few_calls() -> Result<()> {
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
    println!(
        "{N} chats at 60 ms a call and 30 calls a second: {took} ms from sync.started to sync.completed, 5000 of them the settle time"
    );
    // It is to stay under ten seconds, which the figure tells; another test may be at work beside.
    assert!(took < 20_000, "{took} ms");
    assert_eq!(summary.chunks, N.div_ceil(CHUNK_TARGETS as u32));
    assert_eq!(play.telegram.call_counts().await?.too_many_requests, refused_before);
    for method in ["getChatMember", "banChatMember"] {
        let calls = play.telegram.calls(CallFilter::method(method).user(scene.mallory)).await?;
        println!("telegram             {method:24} {:6} {:8.2} a target", calls.len(), calls.len() as f64 / f64::from(N));
        assert_eq!(calls.len() as u32, N, "{method}");
    }
    let message = play.telegram.wait_until_sees(scene.boris, "synced", PATIENCE).await?;
    assert!(message.text.contains("and 70 more chats"), "{}", message.text);
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
async fn a_ban_reaches_a_hundred_thousand_chats_each_once_in_bounded_memory() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        println!("skipped: what is counted here only the local AWS counts");
        return Ok(());
    }
    let chats = std::env::var("BANSYNC_BENCH_CHATS").map_or(Ok(CHATS), |chats| chats.parse())?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let source = play.chat("Source", alice, &[mallory]).await?;
    play.users.choose(UserId(boris), &UserChange { notifications_enabled: Some(false), ..UserChange::default() }).await?;
    let began = Instant::now();
    let all = play.seed(chats, boris, mallory).await?;
    println!("{chats} subscriptions written in {} s", began.elapsed().as_secs());

    let telegram = CountingTelegram::begin()?;
    let planner = play.reconfigure("sync-planner", &[("TELEGRAM_CALLS_PER_SECOND", "100000"), ("SETTLE_SECONDS", "1")])?;
    let worker = play.reconfigure("sync-worker", &[("TELEGRAM_CALLS_PER_SECOND", "100000"), ("TELEGRAM_API_URL", &telegram.url)])?;
    play.stack.forget_calls().await?;
    let event = play.ban(source, alice, mallory).await?;
    let id = sync_id(event.event_id);
    let mut memory = BTreeMap::new();
    let began = Instant::now();
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
        anyhow::ensure!(began.elapsed() < Duration::from_secs(600), "the sync did not close: {:?}", play.syncs.summary(id).await?);
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let took = summary.completed_at_ms.unwrap_or_default() - summary.started_at_ms;
    drop((planner, worker));
    let parts = chats.div_ceil(PART_CHATS);
    println!("{chats} chats in {parts} parts: {took} ms, {} targets a second", chats as i64 * 1000 / took.max(1));
    let chunks = parts * PART_CHATS.div_ceil(CHUNK_TARGETS);
    play.table_of_calls(chats, chunks).await?;
    println!("peak memory in KB: {memory:?}");

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
    println!("the largest of {} items of the sync: about {} bytes", stored.items, stored.largest);
    assert!(stored.largest < LARGEST_ITEM / 8, "{}", stored.largest);
    for chat in all.iter().step_by(chats / 50) {
        assert_eq!(play.syncs.entries(ChatId(*chat), UserId(mallory)).await?.len(), 1);
    }
    assert!(memory.values().all(|kb| *kb > 0 && *kb < MOST_KB), "{memory:?}");
    Ok(())
}

#[tokio::test]
async fn a_sync_of_three_chats_is_done_while_one_of_thousands_goes_on() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        println!("skipped: only the local AWS takes subscriptions that nobody made");
        return Ok(());
    }
    let (alice, mallory, nick) = (play.admin("Alice", "en").await?, play.person("Mallory").await?, play.person("Nick").await?);
    let source = play.chat("Source", alice, &[mallory, nick]).await?;
    for (chats, user) in [(PART_CHATS + 1, mallory), (3, nick)] {
        let boris = play.admin("Boris", "en").await?;
        play.users.choose(UserId(boris), &UserChange { notifications_enabled: Some(false), ..UserChange::default() }).await?;
        play.seed(chats, boris, user).await?;
    }
    let telegram = CountingTelegram::begin()?;
    // At the usual pace.
    let worker = play.reconfigure("sync-worker", &[("TELEGRAM_API_URL", &telegram.url)])?;
    let large = play.ban(source, alice, mallory).await?;
    let begun = async || Ok((!telegram.chats("banChatMember").is_empty()).then_some(()));
    play.telegram.wait_until("the large sync to have begun", PATIENCE, begun).await?;

    let (small, results) = play.sync_of(&play.ban(source, alice, nick).await?).await?;
    let banned = telegram.chats("banChatMember").len();
    let took = small.completed_at_ms.unwrap_or_default() - small.started_at_ms;
    println!("3 chats: {took} ms from sync.started to sync.completed, when {banned} of {} bans were done", PART_CHATS + 4);
    let still = play.syncs.summary(sync_id(large.event_id)).await?.context("the large sync is known")?;
    // What is left ends without a call.
    play.telegram.unban(source, alice, mallory).await?;
    let (ended, of_large) = play.sync_of(&large).await?;
    drop(worker);

    assert_eq!((small.status, small.totals), (SyncStatus::Completed, Totals { applied: 3, ..Totals::default() }));
    assert_eq!(results.len(), 3);
    assert_eq!(still.status, SyncStatus::Running);
    assert!(banned < PART_CHATS / 4, "the small one waited for {banned} others");
    assert_eq!(ended.totals.applied + ended.totals.skipped, PART_CHATS as u32 + 1, "{:?}", ended.totals);
    assert_eq!(of_large.len(), PART_CHATS + 1);
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

/// A function whose settings are not the deployed ones, until the end of this.
struct Reconfigured<'a> {
    play: &'a Play,
    function: &'static str,
    usual: Value,
}

impl Drop for Reconfigured<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.play.configure(self.function, &self.usual) {
            println!("the settings of {} stay changed: {error:#}", self.function);
        }
    }
}

impl Play {
    fn reconfigure(&self, function: &'static str, changes: &[(&str, &str)]) -> Result<Reconfigured<'_>> {
        let name = &self.stack.functions[function];
        let usual =
            self.stack.aws("lambda", "get_function_configuration", json!({"FunctionName": name}))?["Environment"]["Variables"].clone();
        let mut variables = usual.clone();
        for (name, value) in changes {
            variables[*name] = json!(value);
        }
        let reconfigured = Reconfigured { play: self, function, usual };
        self.configure(function, &variables)?;
        Ok(reconfigured)
    }

    fn configure(&self, function: &str, variables: &Value) -> Result<()> {
        let parameters = json!({"FunctionName": self.stack.functions[function], "Environment": {"Variables": variables}});
        self.stack.aws("lambda", "update_function_configuration", parameters).map(drop)
    }

    /// Prints which calls each function has made, for each target and each chunk.
    async fn table_of_calls(&self, targets: usize, chunks: usize) -> Result<BTreeMap<&'static str, Vec<CallCount>>> {
        let mut all = BTreeMap::new();
        for function in PATH {
            let calls = self.stack.calls_of(function).await?;
            for call in &calls {
                let each = |of: usize| f64::from(call.count) / of as f64;
                let (operation, number) = (&call.operation, call.count);
                println!("{function:20} {operation:24} {number:6} {:8.2} a target {:8.2} a chunk", each(targets), each(chunks));
            }
            all.insert(function, calls);
        }
        Ok(all)
    }

    /// Has Boris follow Mallory from so many chats that nothing is known of; the chats.
    ///
    /// Such items stand where the table's stream has no reader: the events of as many subscriptions are another matter.
    async fn seed(&self, chats: usize, boris: i64, mallory: i64) -> Result<BTreeSet<i64>> {
        let client = reqwest::Client::new();
        let source = Source::User(UserId(mallory));
        let first = -3_000_000_000_000 - crate::registrar::unique();
        let chats: Vec<i64> = (0..chats as i64).map(|n| first - n).collect();
        let put = |chat: i64| {
            let subscription = Subscription { admin_user_id: UserId(boris), admin_chat_id: ChatId(chat), source };
            json!({"PutRequest": {"Item": {
                "pk": {"S": format!("BENCH#{boris}")},
                "sk": {"S": format!("BENCH#{chat}")},
                "subscription_id": {"S": subscription.id().to_string()},
                "admin_user_id": {"N": boris.to_string()},
                "admin_chat_id": {"N": chat.to_string()},
                "source": {"S": source.to_string()},
                "mode": {"S": "auto"},
                "is_active": {"BOOL": true},
                "updated_at": {"N": "1"},
                "source_key": {"S": source.to_string()},
                "follower_key": {"S": format!("{chat}#{boris}")},
                "version": {"N": "1"},
            }}})
        };
        let writes = chats.chunks(25).map(async |chats| {
            let items: Vec<Value> = chats.iter().map(|chat| put(*chat)).collect();
            let mut requests = Map::new();
            requests.insert(self.stack.tables["subscriptions"].clone(), items.into());
            let answer = self.stack.dynamodb(&client, "BatchWriteItem", &json!({"RequestItems": requests})).await?;
            anyhow::ensure!(answer["UnprocessedItems"].as_object().is_none_or(Map::is_empty), "{answer}");
            anyhow::Ok(())
        });
        stream::iter(writes).buffer_unordered(4).try_collect::<Vec<()>>().await?;
        Ok(chats.into_iter().collect())
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
