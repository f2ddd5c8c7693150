//! What was given up: somebody is told, an operator reads it and has it tried again.

use crate::operator;
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::sync::{SyncStatus, sync_id};
use serde_json::{Value, json};
use std::time::Duration;
use telegram_sim::control::Fault;

/// How long ago the local AWS is told that messages were seen, in seconds: its alarms look at the last sixty.
const SEEN_AGO: i64 = 45;

impl Play {
    /// `cargo xtask dlq …`; what it prints.
    fn dlq_command(&self, arguments: &[&str]) -> Result<String> {
        operator::succeeds(&[&["dlq"][..], arguments].concat())
    }

    /// Waits until so many messages wait in the sync queue's DLQ; how many there are in the end.
    pub async fn given_up(&self, wanted: u32) -> Result<u32> {
        let mut waiting = 0;
        for _ in 0..PATIENCE.as_secs() * 5 {
            waiting = self.stack.waiting("sync_dlq").await?;
            if waiting == wanted {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(waiting)
    }

    /// The alarm of a queue. CloudFormation chose its name.
    async fn alarm(&self, queue: &str) -> Result<Value> {
        let of = json!([{"Name": "QueueName", "Value": self.stack.queues[queue].rsplit('/').next()}]);
        let alarms = self.stack.aws("cloudwatch", "DescribeAlarms", json!({})).await?;
        let alarms = alarms["MetricAlarms"].as_array().context("a list of alarms")?;
        alarms.iter().find(|alarm| alarm["Dimensions"] == of).cloned().with_context(|| format!("{queue} has no alarm"))
    }

    /// Has the local AWS know of messages in the sync queue's DLQ at a moment (Unix seconds): of its own accord it measures no queue.
    async fn seen(&self, messages: u32, at: i64) -> Result<()> {
        let alarm = self.alarm("sync_dlq").await?;
        let datum = json!({"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Timestamp": at, "Value": messages});
        self.stack.aws("cloudwatch", "PutMetricData", json!({"Namespace": alarm["Namespace"], "MetricData": [datum]})).await.map(drop)
    }
}

#[tokio::test]
async fn a_chunk_that_was_given_up_is_shown_and_tried_again() -> Result<()> {
    let play = Play::alone().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let source = play.chat("Source", alice, &[mallory]).await?;
    let chat = play.chat("Chat", boris, &[mallory]).await?;
    play.subscribe(chat, boris, mallory).await?;
    play.stack.purge("sync_dlq").await?;
    let soon = play.stack.hurry("sync", 1).await?;
    let refused = |method| play.fault(Fault::error(401, "Unauthorized").method(method).user(mallory));
    let (looks, bans) = (refused("getChatMember").await?, refused("banChatMember").await?);
    let event = play.ban(source, alice, mallory).await?;
    assert_eq!(play.given_up(1).await?, 1);
    for change in [looks, bans, soon] {
        change.end().await?;
    }
    let id = sync_id(event.event_id);
    let summary = play.syncs.summary(id).await?.context("the sync has begun")?;
    assert_eq!(summary.status, SyncStatus::Failed, "nothing waits for it");
    play.telegram.wait_until_sees(boris, "Failed to sync ban", PATIENCE).await?;

    let shown = play.dlq_command(&["show"])?;
    assert!(shown.contains(&format!("chunk 0 of sync {id}: 1 targets, user_id {mallory}")), "{shown}");
    assert!(!shown.contains("Mallory") && !shown.contains("Source"), "no names: {shown}");
    assert_eq!(play.stack.waiting("sync_dlq").await?, 1, "what is shown stays");

    let tried = play.dlq_command(&["redrive", "sync"])?;
    assert!(tried.contains("1 tried again, 0 failed"), "{tried}");
    assert_eq!(play.stack.waiting("sync_dlq").await?, 0);
    play.telegram.wait_until_banned(chat, mallory, PATIENCE).await?;
    play.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    let (summary, _) = play.sync_of(&event).await?;
    assert_eq!(summary.status, SyncStatus::Completed, "it has come right");
    assert!(play.dlq_command(&["show", "sync"])?.contains("sync_dlq: nothing"));
    Ok(())
}

#[tokio::test]
async fn somebody_is_told_when_something_is_given_up() -> Result<()> {
    let play = Play::begin().await?;
    for queue in ["sync_dlq", "notification_dlq", "events_dlq"] {
        let alarm = play.alarm(queue).await?;
        let topic = alarm["AlarmActions"][0].as_str().context("an alarm tells somebody")?;
        assert!(topic.contains(":sns:"), "{topic}");
        let what = (&alarm["Namespace"], &alarm["MetricName"], &alarm["TreatMissingData"]);
        assert_eq!(what, (&json!("AWS/SQS"), &json!("ApproximateNumberOfMessagesVisible"), &json!("notBreaching")));
    }
    if !play.stack.is_instrumented().await {
        return skipped("AWS lets nobody else write its own metrics");
    }
    play.seen(1, aws::time::now() - SEEN_AGO).await?;
    assert_eq!(play.alarm("sync_dlq").await?["StateValue"], "ALARM");
    // It ends when the message was seen longer ago than the alarm looks back.
    let mut state = Value::Null;
    for _ in 0..PATIENCE.as_secs() / 2 {
        play.seen(0, aws::time::now()).await?;
        state = play.alarm("sync_dlq").await?["StateValue"].take();
        if state == "OK" {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(state, "OK");
    Ok(())
}
