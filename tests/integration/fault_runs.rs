//! Whole syncs while something breaks: whatever it was, every chat has exactly one result, and nothing is left over.

use crate::play::{PATIENCE, Play};
use crate::scene::Scene;
use crate::stack::{CallCount, Faults, skipped};
use anyhow::{Context, Result};
use aws::time::now_ms;
use serde_json::json;
use std::time::{Duration, Instant};
use telegram_sim::control::{CallFilter, Fault, FaultAction};

/// The functions that a ban passes.
const PATH: [&str; 6] = ["webhook", "relay", "sync-planner", "sync-worker", "notification-planner", "notification-sender"];

/// One call fails as often: all three tries of the SDK, and the next invocation's first.
const FAILURES: u32 = 4;

/// A function is killed while it makes a call of AWS.
struct Moment {
    function: &'static str,
    operation: &'static str,
    /// Counted from 1.
    nth: u32,
    /// The call was carried out, and nobody has heard its answer.
    after: bool,
}

const fn before(function: &'static str, operation: &'static str) -> Moment {
    Moment { function, operation, nth: 1, after: false }
}

const fn after(function: &'static str, operation: &'static str) -> Moment {
    Moment { function, operation, nth: 1, after: true }
}

impl Play {
    /// Kills each function once at its moment; of moments with the same call the second comes after the first.
    async fn kill_at(&self, rules: &Faults<'_>, moments: &[Moment]) -> Result<()> {
        let began = Instant::now();
        let mut killed = vec![false; moments.len()];
        while killed.contains(&false) {
            let rules = rules.rules().await?;
            for (n, (rule, moment)) in rules.iter().zip(moments).enumerate() {
                if rule.fired > 0 && !killed[n] {
                    killed[n] = true;
                    let processes = self.stack.kill(moment.function).await?;
                    println!("{} ms: {} of {} killed at {}", began.elapsed().as_millis(), processes, moment.function, moment.operation);
                    assert!(processes >= 1, "{} was at work", moment.function);
                }
            }
            let missing = || killed.iter().zip(moments).find(|(killed, _)| !**killed).map(|(_, moment)| moment);
            if began.elapsed() > 3 * PATIENCE {
                let missing = missing().context("some moment has not come")?;
                anyhow::bail!("{} never came to {} no. {}", missing.function, missing.operation, missing.nth);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// A sync of 12 chats during which functions die at `moments`.
    async fn survives(&self, moments: &[Moment]) -> Result<Scene> {
        self.forget_dead_letters().await?;
        let scene = self.scene(12).await?;
        // Longer than what a killed sender's message is taken for, after five receives.
        let _queues = (self.stack.hurry("sync", 5).await?, self.stack.hurry("notification", 20).await?);
        let rules = moments.iter().map(|moment| {
            let (function, hang) = (&self.stack.functions[moment.function], 3000);
            json!({"function": function, "operation": moment.operation, "every": moment.nth, "times": 1, "hang": hang, "after_effect": moment.after})
        });
        let rules = self.stack.fail(rules.collect()).await?;
        self.telegram.ban(scene.source, scene.alice, scene.mallory, None).await?;
        self.kill_at(&rules, moments).await?;
        rules.heal().await?;
        self.telegram.wait_until_accepted(PATIENCE).await?;
        let event = self.last_event(scene.source, scene.mallory).await?;
        self.all_applied_within(&scene, &event, 2 * PATIENCE).await?;
        self.told_once(&scene, 3 * PATIENCE).await?;
        self.no_dead_letters().await?;
        Ok(scene)
    }
}

#[tokio::test]
async fn webhook_relay_and_planner_may_die_at_any_moment() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("the functions' processes are not on this machine");
    }
    let moments = [
        before("webhook", "Query"),
        before("webhook", "PutItem"),
        after("webhook", "PutItem"),
        before("relay", "PutEvents"),
        after("relay", "PutEvents"),
        // Chunks are on the queue, and their sync has not begun.
        after("sync-planner", "SendMessageBatch"),
        after("sync-planner", "PutItem"),
    ];
    play.survives(&moments).await?;
    let moments = [before("sync-planner", "Query"), before("sync-planner", "PutItem")];
    play.survives(&moments).await?;
    Ok(())
}

#[tokio::test]
async fn a_worker_may_die_at_any_moment() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("the functions' processes are not on this machine");
    }
    // Of a chunk's writes: the pace, the intent, the ledger, the results, that it is done, the end. Four deaths are what the queue allows.
    let moments = [
        after("sync-worker", "UpdateItem"),
        before("sync-worker", "BatchWriteItem"),
        after("sync-worker", "BatchWriteItem"),
        Moment { function: "sync-worker", operation: "UpdateItem", nth: 7, after: false },
    ];
    let scene = play.survives(&moments).await?;
    let bans = play.telegram.calls(CallFilter::method("banChatMember").user(scene.mallory).ok(true)).await?;
    assert_eq!(bans.len(), 12, "a killed worker's bans are found, not set again");
    // That a chunk is done was written, and the sync was not closed.
    let moments = [3, 3, 4].map(|nth| Moment { function: "sync-worker", operation: "UpdateItem", nth, after: true });
    play.survives(&moments).await?;
    Ok(())
}

#[tokio::test]
async fn those_who_tell_the_admins_may_die_at_any_moment() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("the functions' processes are not on this machine");
    }
    let moments = [
        before("notification-planner", "BatchGetItem"),
        after("notification-planner", "SendMessageBatch"),
        before("notification-sender", "GetItem"),
        after("notification-sender", "UpdateItem"),
        // The third of the next one's: it has taken the message, and not sent it. Another sender may have it after its lease.
        Moment { function: "notification-sender", operation: "UpdateItem", nth: 3, after: true },
    ];
    play.survives(&moments).await?;
    Ok(())
}

#[tokio::test]
async fn each_call_of_aws_may_fail() -> Result<()> {
    let play = Play::alone().await?;
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
