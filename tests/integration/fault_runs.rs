//! Whole syncs while something breaks: whatever it was, every chat has exactly one result, and nothing is left over.

use crate::play::{PATIENCE, Play};
use crate::stack::{CallCount, skipped};
use anyhow::{Context, Result};
use aws::time::now_ms;
use serde_json::json;
use std::time::{Duration, Instant};
use telegram_sim::control::{CallFilter, Fault, FaultAction};

/// The functions that a ban passes.
const PATH: [&str; 6] = ["webhook", "relay", "sync-planner", "sync-worker", "notification-planner", "notification-sender"];

/// One call fails as often: all three tries of the SDK, and the next invocation's first.
const FAILURES: u32 = 4;

#[tokio::test]
async fn each_call_of_aws_may_fail() -> Result<()> {
    let play = Play::alone().await?;
    let _lag = play.stack.lag_indexes(7).await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    play.forget_dead_letters().await?;
    let good = play.scene(2).await?;
    let event = play.ban(good.source, good.alice, good.mallory).await?;
    play.all_applied(&good, &event).await?;
    play.told_once(&good, PATIENCE).await?;
    // Processes are warm: what is counted now is what a sync needs.
    let good = play.scene(2).await?;
    play.stack.forget_calls().await?;
    let event = play.ban(good.source, good.alice, good.mallory).await?;
    play.all_applied(&good, &event).await?;
    play.told_once(&good, PATIENCE).await?;
    let mut calls = Vec::new();
    for function in PATH {
        // Secrets are read when a process begins. The webhook has other updates to write down at times; a ban needs none of that.
        let needed = |call: &CallCount| call.service != "ssm" && (function, call.operation.as_str()) != ("webhook", "UpdateItem");
        let its = play.stack.calls_of(function).await?.into_iter().filter(needed).collect::<Vec<CallCount>>();
        let names: Vec<_> = its.iter().map(|call| format!("{} {} ×{}", call.service, call.operation, call.count)).collect();
        println!("{function}: {}", names.join(", "));
        assert!(!its.is_empty(), "{function} calls something");
        calls.push((function, its));
    }

    let runs = calls.iter().map(|(_, calls)| calls.len()).max().unwrap_or_default();
    let _queues = (play.stack.hurry("sync", 5).await?, play.stack.hurry("notification", 5).await?);
    for run in 0..runs {
        // In each run one call of every function fails: they do not meet, since each function fails on its own.
        let began = Instant::now();
        let scene = play.scene(2).await?;
        let rule = |(function, calls): &(&str, Vec<CallCount>)| {
            let call = calls.get(run)?;
            let (function, service, operation) = (&play.stack.functions[*function], &call.service, &call.operation);
            Some(json!({"function": function, "service": service, "operation": operation, "status": 500, "times": FAILURES}))
        };
        let faults = play.stack.fail(calls.iter().filter_map(rule).collect()).await?;
        play.telegram.ban(scene.source, scene.alice, scene.mallory, None).await?;
        play.telegram.wait_until_accepted(PATIENCE).await?;
        let event = play.last_event(scene.source, scene.mallory).await?;
        play.all_applied_within(&scene, &event, 2 * PATIENCE).await?;
        play.told_once(&scene, 2 * PATIENCE).await?;
        let rules = faults.rules().await?;
        faults.heal().await?;
        for rule in &rules {
            println!("run {run}, {} s: {rule:?}", began.elapsed().as_secs());
            // What can be done without is not tried again: a profile that is written with the next message.
            assert!(rule.fired > 0, "{rule:?}");
        }
    }
    play.no_dead_letters().await
}

#[tokio::test]
async fn a_sync_that_begins_while_telegram_is_down_is_carried_out_when_it_is_back_and_meanwhile_it_is_left_alone() -> Result<()> {
    const DOWN: Duration = Duration::from_secs(120);
    let play = Play::alone().await?;
    let _lag = play.stack.lag_indexes(7).await?;
    play.forget_dead_letters().await?;
    let scene = play.scene(12).await?;
    let down = play.fault(Fault::new(FaultAction::Close)).await?;
    let (began, since_ms) = (Instant::now(), now_ms());
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    tokio::time::sleep(DOWN / 2).await;
    let limiter = play.limiter().await?;
    assert!(limiter["failures"]["N"].as_str().is_some_and(|failures| failures.parse::<u32>().unwrap() >= 5), "open: {limiter}");
    tokio::time::sleep(DOWN.saturating_sub(began.elapsed())).await;
    down.end().await?;
    let calls = play.telegram.calls(CallFilter { since_ms: Some(since_ms), ..CallFilter::default() }).await?;
    let calls: Vec<_> = calls.iter().filter(|call| call.fault.is_some()).map(|call| (call.at_ms - since_ms) / 1000).collect();
    println!("calls while Telegram was down, by second: {calls:?}");
    // The first round opens the breaker; then it is one call a minute.
    let first = calls.first().copied().context("it was tried")?;
    assert!(calls.len() <= 20, "{calls:?}");
    assert!(calls.iter().filter(|second| **second > first + 10).count() <= 3, "{calls:?}");

    play.all_applied_within(&scene, &event, 3 * PATIENCE).await?;
    println!("done {} s after Telegram came back", (began.elapsed() - DOWN).as_secs());
    play.told_once(&scene, 2 * PATIENCE).await?;
    assert_eq!(play.limiter().await?["failures"]["N"], "0", "closed");
    play.no_dead_letters().await
}

#[tokio::test]
async fn where_every_fifth_call_is_told_to_wait_all_is_done_and_no_try_is_used_up() -> Result<()> {
    let play = Play::alone().await?;
    let _lag = play.stack.lag_indexes(7).await?;
    play.forget_dead_letters().await?;
    let scene = play.large_scene(30).await?;
    let floods = play.fault(Fault::too_many_requests(1).probability(0.2, 7)).await?;
    let (began, since_ms) = (Instant::now(), now_ms());
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let done = play.all_applied_within(&scene, &event, 3 * PATIENCE).await;
    floods.end().await?;
    let calls = play.telegram.calls(CallFilter { since_ms: Some(since_ms), ..CallFilter::default() }).await?;
    let refused = calls.iter().filter(|call| call.error_code == Some(429)).count();
    println!("30 chats, {} calls, {refused} of them answered 429: {} s", calls.len(), began.elapsed().as_secs());
    done?;
    assert_eq!(play.most_tries(&scene, &event).await?, 0);
    play.told_once(&scene, 2 * PATIENCE).await?;
    play.no_dead_letters().await
}

impl Play {
    /// What the workers share of Telegram's state.
    async fn limiter(&self) -> Result<serde_json::Value> {
        let parameters = json!({"TableName": self.stack.tables["gateway"], "Key": {"pk": {"S": "LIMITER"}}});
        Ok(self.stack.aws("dynamodb", "GetItem", parameters).await?["Item"].take())
    }
}
