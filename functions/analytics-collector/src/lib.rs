//! Facts → the table of analytics.
//!
//! The clock wakes it: every few minutes it takes from a queue what has happened since, and folds it into a few items. A queue of which Lambda itself
//! takes messages would keep two of an account's ten executions, and be asked 650 000 times a month where nothing happens (Lambda Developer Guide, "Using Lambda with Amazon SQS").
//! Once a day it closes the days before. An operator's command has it read items of the tables again.
//!
//! It may die anywhere: what was not deleted comes again, and facts that are there twice count once.

use anyhow::{Context as _, bail};
use aws::batch::Item;
use aws::facts::{self, Parcel};
use aws::lambda::{self, Context};
use aws::queue::{Queue, Received};
use aws::store::analytics::{Facts, shards};
use aws::{env, metrics, time};
use domain::analytics::Fact;
use domain::analytics::pack::day_of;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Nothing is begun with less of the function's time left, in milliseconds: [`TAKING_MS`], and storing.
const TIME_FOR_ONE_MS: i64 = 45_000;

/// How long messages are hidden, in seconds: longer than it takes to take them, and to store what is in them.
const HIDDEN: i32 = 120;

/// How long messages are taken before what is in them is stored, in milliseconds.
const TAKING_MS: i64 = 20_000;

/// Calls for messages at a time, once there are some.
const RECEIVES_AT_A_TIME: usize = 8;

/// Messages that a call brings where there is a backlog.
const A_FULL_ROUND: usize = 10;

/// Facts that are stored at a time: with what they come in, some megabytes.
const AT_A_TIME: usize = 20_000;

struct Collector {
    facts: Facts,
    queue: Queue,
}

/// An event that wakes the function: EventBridge's own, of a rule without an input, or a task.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wake {
    task: Task,
    /// Of a table, in DynamoDB's own JSON.
    items: Vec<Item>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Task {
    /// Store what is in the queue.
    #[default]
    Collect,
    /// Close the days before today.
    Close,
    /// Store what these items tell of.
    Load,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Done {
    /// Facts that were stored, those that were there among them.
    facts: usize,
    /// Messages, or items, that they came from.
    of: usize,
    /// Items that cannot be read.
    unread: usize,
    /// There was no time for the rest: the next run goes on.
    more: bool,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            let facts = Facts::new(&aws, env::required("ANALYTICS_TABLE")?);
            Ok(Collector { facts, queue: Queue::new(&aws, env::required("ANALYTICS_QUEUE_URL")?) })
        },
        wake,
    )
}

async fn wake(collector: Arc<Collector>, wake: Wake, context: Context) -> anyhow::Result<Done> {
    let until_ms = context.deadline as i64 - TIME_FOR_ONE_MS;
    let done = match wake.task {
        Task::Collect => collector.collect(until_ms).await?,
        Task::Close => collector.close(until_ms).await?,
        Task::Load => collector.load(&wake.items).await?,
    };
    if done.of > 0 {
        tracing::info!(task = ?wake.task, facts = done.facts, of = done.of, more = done.more, "facts were stored");
    }
    Ok(done)
}

impl Collector {
    async fn collect(&self, until_ms: i64) -> anyhow::Result<Done> {
        let mut done = Done::default();
        loop {
            let (messages, facts, dry) = self.take(time::now_ms() + TAKING_MS).await?;
            done.facts += facts.len();
            done.of += messages.len();
            if !facts.is_empty() {
                metrics::count("facts_stored_total", None, u32::try_from(facts.len()).unwrap_or(u32::MAX));
            }
            self.facts.add(facts).await?;
            self.queue.delete_all(&messages).await?;
            done.more = !dry;
            if dry || time::now_ms() > until_ms {
                return Ok(done);
            }
        }
    }

    /// Takes messages, and the facts in them, until there are enough, or the time is up (Unix milliseconds), or a round brings less than half of what it could, as it does where no
    /// backlog is left: then it is `true`. What trickles in meanwhile is for the next run, in fewer items.
    ///
    /// One that cannot be read is left, and goes to the dead letter queue in the end.
    async fn take(&self, until_ms: i64) -> anyhow::Result<(Vec<Received>, Vec<Fact>, bool)> {
        let (mut messages, mut facts, mut at_a_time) = (Vec::new(), Vec::new(), 1);
        while facts.len() < AT_A_TIME && time::now_ms() < until_ms {
            let received = try_join_all((0..at_a_time).map(|_| self.queue.receive(HIDDEN))).await?;
            let received: Vec<_> = received.into_iter().flatten().collect();
            let dry = received.is_empty() || at_a_time > 1 && received.len() < at_a_time * A_FULL_ROUND / 2;
            for message in received {
                match parcel(&message.body) {
                    Ok(of_message) => {
                        facts.extend(of_message);
                        messages.push(message);
                    }
                    Err(error) => tracing::error!(error = format!("{error:#}"), "facts cannot be read"),
                }
            }
            if dry {
                return Ok((messages, facts, true));
            }
            at_a_time = RECEIVES_AT_A_TIME;
        }
        Ok((messages, facts, false))
    }

    async fn close(&self, until_ms: i64) -> anyhow::Result<Done> {
        let (today, mut done, mut failed) = (day_of(time::now()), Done::default(), 0);
        for shard in shards() {
            if let Err(error) = self.facts.forget_people(shard, today).await {
                tracing::error!(error = format!("{error:#}"), shard, "people of a year ago could not be forgotten");
                failed += 1;
            }
            match self.facts.close(shard, today, until_ms).await {
                Ok(closed) => {
                    done.facts += closed.facts;
                    done.of += closed.items;
                    done.more |= closed.more;
                    failed += closed.failed;
                }
                // A shard that cannot be read keeps no other open.
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), shard, "days could not be closed");
                    failed += 1;
                }
            }
        }
        if failed > 0 {
            bail!("{failed} days or shards could not be closed, or have people of a year ago");
        }
        Ok(done)
    }

    async fn load(&self, items: &[Item]) -> anyhow::Result<Done> {
        let (mut all, mut unread) = (Vec::new(), 0);
        for item in items {
            match facts::of(None, item) {
                Ok(facts) => all.extend(facts),
                // Such as an archived item that nobody could read.
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "an item cannot be counted");
                    unread += 1;
                }
            }
        }
        let done = Done { facts: all.len(), of: items.len(), unread, more: false };
        self.facts.add(all).await?;
        Ok(done)
    }
}

fn parcel(body: &str) -> anyhow::Result<Vec<Fact>> {
    serde_json::from_str::<Parcel>(body).context("a message is no parcel of facts")?.facts()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_woken_without_a_task_collects() {
        let task = |json: &str| serde_json::from_str::<Wake>(json).unwrap().task;
        assert_eq!(task(r#"{"version": "0", "detail-type": "Scheduled Event", "detail": {}}"#), Task::Collect);
        assert_eq!(task(r#"{"task": "close"}"#), Task::Close);
        let load: Wake = serde_json::from_str(r#"{"task": "load", "items": [{"pk": {"S": "x"}}]}"#).unwrap();
        assert_eq!((load.task, load.items.len()), (Task::Load, 1));
        assert!(serde_json::from_str::<Wake>(r#"{"task": "clsoe"}"#).is_err());
    }

    #[test]
    fn what_is_no_parcel_is_an_error() {
        assert!(parcel("{}").is_err());
        assert_eq!(parcel(r#"{"counted": []}"#).unwrap(), []);
    }
}
