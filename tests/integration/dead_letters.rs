//! What was given up: somebody is told, an operator reads it and has it tried again.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use domain::sync::{SyncStatus, sync_id};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;
use telegram_sim::control::Fault;

/// How long ago the local AWS is told that messages were seen, in seconds: its alarms look at the last sixty.
const SEEN_AGO: i64 = 45;

impl Play {
    /// `cargo xtask dlq …`; what it prints.
    fn dlq_command(&self, arguments: &[&str]) -> Result<String> {
        let xtask = std::env::var_os("BANSYNC_XTASK").context("run the tests by `cargo xtask test`")?;
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let output = Command::new(xtask).arg("dlq").args(arguments).current_dir(root).output()?;
        ensure!(output.status.success(), "dlq {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Waits until so many messages wait in the sync queue's DLQ; how many there are in the end.
    async fn given_up(&self, wanted: u32) -> Result<u32> {
        let mut waiting = 0;
        for _ in 0..PATIENCE.as_secs() {
            waiting = self.stack.waiting("sync_dlq")?;
            if waiting == wanted {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(waiting)
    }

    /// The alarm of a queue. CloudFormation chose its name.
    fn alarm(&self, queue: &str) -> Result<Value> {
        let of = json!([{"Name": "QueueName", "Value": self.stack.queues[queue].rsplit('/').next()}]);
        let alarms = self.stack.aws("cloudwatch", "describe_alarms", json!({}))?;
        let alarms = alarms["MetricAlarms"].as_array().context("a list of alarms")?;
        alarms.iter().find(|alarm| alarm["Dimensions"] == of).cloned().with_context(|| format!("{queue} has no alarm"))
    }

    /// Has the local AWS know of messages in the sync queue's DLQ at a moment (Unix seconds): of its own accord it measures no queue.
    fn seen(&self, messages: u32, at: i64) -> Result<()> {
        let alarm = self.alarm("sync_dlq")?;
        let datum = json!({"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Timestamp": at, "Value": messages});
        self.stack.aws("cloudwatch", "put_metric_data", json!({"Namespace": alarm["Namespace"], "MetricData": [datum]}))?;
        Ok(())
    }
}

#[tokio::test]
async fn a_chunk_that_was_given_up_is_shown_and_tried_again() -> Result<()> {
    let play = Play::alone().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let source = play.chat("Source", alice, &[mallory]).await?;
    let chat = play.chat("Chat", boris, &[mallory]).await?;
    play.subscribe(chat, boris, mallory).await?;
    let visibility = play.stack.visibility_timeout("sync")?;
    play.stack.set_visibility_timeout("sync", 1)?;
    // Telegram refuses the token.
    for method in ["getChatMember", "banChatMember"] {
        play.telegram.add_fault(Fault::error(401, "Unauthorized").method(method).user(mallory)).await?;
    }
    let event = play.ban(source, alice, mallory).await?;
    let waiting = play.given_up(1).await;
    play.telegram.clear_faults().await?;
    play.stack.set_visibility_timeout("sync", visibility)?;
    assert_eq!(waiting?, 1);
    let id = sync_id(event.event_id);
    let summary = play.syncs.summary(id).await?.context("the sync has begun")?;
    assert_eq!(summary.status, SyncStatus::Running);

    let shown = play.dlq_command(&["show"])?;
    assert!(shown.contains(&format!("chunk 0 of sync {id}: 1 targets, user_id {mallory}")), "{shown}");
    assert!(!shown.contains("Mallory") && !shown.contains("Source"), "no names: {shown}");
    assert_eq!(play.stack.waiting("sync_dlq")?, 1, "what is shown stays");

    let tried = play.dlq_command(&["redrive", "sync"])?;
    assert!(tried.contains("1 tried again, 0 failed"), "{tried}");
    assert_eq!(play.stack.waiting("sync_dlq")?, 0);
    let (summary, _) = play.sync_of(&event).await?;
    assert_eq!(summary.status, SyncStatus::Completed);
    assert!(play.telegram.is_banned(chat, mallory).await?);
    play.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    assert!(play.dlq_command(&["show", "sync"])?.contains("sync_dlq: nothing"));
    Ok(())
}

#[tokio::test]
async fn somebody_is_told_when_something_is_given_up() -> Result<()> {
    // Alone: the local AWS does not tell the queues apart.
    let play = Play::alone().await?;
    for queue in ["sync_dlq", "notification_dlq", "events_dlq"] {
        let alarm = play.alarm(queue)?;
        let topic = alarm["AlarmActions"][0].as_str().context("an alarm tells somebody")?;
        assert!(topic.contains(":sns:"), "{topic}");
        let what = (&alarm["Namespace"], &alarm["MetricName"], &alarm["TreatMissingData"]);
        assert_eq!(what, (&json!("AWS/SQS"), &json!("ApproximateNumberOfMessagesVisible"), &json!("notBreaching")));
    }
    if !play.stack.is_instrumented().await {
        println!("skipped: AWS lets nobody else write its own metrics");
        return Ok(());
    }
    play.seen(1, aws::time::now() - SEEN_AGO)?;
    assert_eq!(play.alarm("sync_dlq")?["StateValue"], "ALARM");
    // It ends when the message was seen longer ago than the alarm looks back.
    let mut state = Value::Null;
    for _ in 0..PATIENCE.as_secs() / 2 {
        play.seen(0, aws::time::now())?;
        state = play.alarm("sync_dlq")?["StateValue"].take();
        if state == "OK" {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(state, "OK");
    Ok(())
}
