//! Deaths at other moments than after a write: before a call, and several on end in one large sync.

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use telegram_sim::control::CallFilter;

/// A function dies at its first such call, before it is carried out.
const MOMENTS: [(&str, &str); 10] = [
    ("webhook", "Query"),
    ("webhook", "PutItem"),
    ("relay", "PutEvents"),
    ("sync-planner", "Query"),
    ("sync-planner", "PutItem"),
    ("sync-worker", "UpdateItem"),
    ("sync-worker", "BatchWriteItem"),
    ("notification-planner", "BatchGetItem"),
    ("notification-sender", "GetItem"),
    ("notification-sender", "UpdateItem"),
];

#[tokio::test]
async fn functions_may_die_before_their_calls_and_a_killed_workers_bans_are_found_and_not_set_again() -> Result<()> {
    let play = Play::alone().await?;
    let _lag = play.stack.lag_indexes(7).await?;
    if !play.stack.is_instrumented().await {
        return skipped("the functions' processes are not on this machine");
    }
    play.forget_dead_letters().await?;
    let scene = play.scene(12).await?;
    let _queues = (play.stack.hurry("sync", 5).await?, play.stack.hurry("notification", 5).await?);
    let rule = |(function, operation): (&str, &str)| json!({"function": play.stack.functions[function], "operation": operation, "times": 1, "kill": true});
    let mut rules: Vec<Value> = MOMENTS.into_iter().map(rule).collect();
    // All its bans are set, and entered nowhere but in the ledger.
    rules.push(json!({"function": play.stack.functions["sync-worker"], "operation": "BatchWriteItem", "times": 1, "kill": true,
        "after_effect": true}));
    let faults = play.stack.fail(rules.into()).await?;
    play.telegram.ban(scene.source, scene.alice, scene.mallory, None).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let event = play.last_event(scene.source, scene.mallory).await?;
    play.all_applied_within(&scene, &event, 2 * PATIENCE).await?;
    play.told_once(&scene, 3 * PATIENCE).await?;
    let rules = faults.rules().await?;
    faults.heal().await?;
    let missed: Vec<_> = rules.iter().filter(|rule| rule.fired == 0).collect();
    ensure!(missed.is_empty(), "no kill came at {missed:?}");
    let bans = play.telegram.calls(CallFilter::method("banChatMember").user(scene.mallory).ok(true)).await?;
    ensure!(bans.len() == 12, "a killed worker's bans are found, not set again: {}", bans.len());
    play.no_dead_letters().await
}
