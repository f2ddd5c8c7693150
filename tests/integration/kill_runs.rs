//! Whole syncs while functions are killed: whatever it was, every chat has exactly one result, and nothing is left over.

use crate::play::{PATIENCE, Play};
use crate::scene::Scene;
use crate::stack::{Faults, skipped};
use anyhow::{Context, Result};
use serde_json::json;
use std::time::{Duration, Instant};
use telegram_sim::control::CallFilter;

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
    let _lag = play.stack.lag_indexes(7).await?;
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
    let _lag = play.stack.lag_indexes(7).await?;
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
    let _lag = play.stack.lag_indexes(7).await?;
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
