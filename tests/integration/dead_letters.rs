//! What was given up: somebody is told, an operator reads it and has it tried again.

use crate::made_up;
use crate::operator;
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use domain::ban::Occurred;
use domain::lang::Lang;
use domain::settings::ChatChange;
use domain::sync::{SyncStatus, sync_id};
use serde_json::{Value, json};
use std::time::Duration;
use telegram_sim::control::Fault;
use uuid::Uuid;

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

    /// Puts a ban event into its table as DynamoDB's JSON, with other attributes than it has; its id.
    async fn put_ban(&self, user: i64, others: &Value) -> Result<String> {
        let (event_id, at) = (Uuid::new_v4().to_string(), aws::time::now());
        let item = json!({
            "event_id": {"S": event_id}, "user_id": {"N": user.to_string()}, "chat_id": {"N": made_up::chat().to_string()},
            "event_type": {"S": "ban"}, "event_timestamp": {"N": at.to_string()}, "occurred": {"S": Occurred::new(at, 0)},
            "tracked": {"BOOL": false}, "version": {"N": "1"}, "expires_at": {"N": (at + 1_000_000).to_string()},
        });
        let parameters = json!({"TableName": self.stack.tables["bans"], "Item": made_up::with(item, others.clone())});
        self.stack.aws("dynamodb", "PutItem", parameters).await?;
        Ok(event_id)
    }

    /// Waits for the one letter in the DLQ of events; what `cargo xtask dlq show` says of it.
    async fn given_up_event(&self) -> Result<String> {
        for _ in 0..PATIENCE.as_secs() * 5 {
            if self.stack.waiting("events_dlq").await? > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.dlq_command(&["show", "events"])
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
async fn a_change_that_cannot_be_read_holds_nothing_up_and_becomes_its_event_when_it_is_mended() -> Result<()> {
    let play = Play::alone().await?;
    play.forget_dead_letters().await?;
    let mut heard = play.listen("given-up", "ban.registered").await?;
    let user = made_up::user();
    play.put_ban(user, &json!({})).await?;
    let bad = play.put_ban(user, &json!({"tracked": {"S": "Mallory"}})).await?;
    let last = play.put_ban(user, &json!({})).await?;
    heard.hear(|ban| ban["ban_event_id"] == last, &[]).await?;
    assert_eq!(heard.hear(|ban| ban["user_id"] == user, &[user]).await?.len(), 2);
    let shown = play.given_up_event().await?;
    assert!(shown.contains("events_dlq: 1 message") && shown.contains("for relay: GivenUp: a ban event"), "{shown}");
    assert!(!shown.contains("Mallory"), "no names: {shown}");
    assert!(play.dlq_command(&["show", "events", "--full"])?.contains(&bad));

    // As it is, it comes back.
    play.dlq_command(&["redrive", "events"])?;
    assert!(play.given_up_event().await?.contains("events_dlq: 1 message"));
    let mend = json!({"TableName": play.stack.tables["bans"], "Key": {"event_id": {"S": bad}}, "UpdateExpression": "SET tracked = :no",
        "ExpressionAttributeValues": {":no": {"BOOL": false}}});
    play.stack.aws("dynamodb", "UpdateItem", mend).await?;
    let tried = play.dlq_command(&["redrive", "events"])?;
    assert!(tried.contains("1 tried again, 0 failed"), "{tried}");
    heard.hear(|ban| ban["ban_event_id"] == bad, &[user]).await?;
    play.no_dead_letters().await
}

#[tokio::test]
async fn a_change_whose_event_the_bus_never_takes_is_given_up_alone() -> Result<()> {
    let play = Play::alone().await?;
    play.forget_dead_letters().await?;
    let mut heard = play.listen("refused", "ban.registered").await?;
    let user = made_up::user();
    // As JSON each of these characters is six: more than the bus takes, and than a letter can hold.
    let large = play.put_ban(user, &json!({"reason": {"S": "\u{1}".repeat(300_000)}})).await?;
    let last = play.put_ban(user, &json!({})).await?;
    heard.hear(|ban| ban["ban_event_id"] == last, &[user]).await?;
    let shown = play.given_up_event().await?;
    assert!(shown.contains("events_dlq: 1 message") && shown.contains("the event is too large for the bus"), "{shown}");
    assert!(play.dlq_command(&["show", "events", "--full"])?.contains(&large));
    play.stack.purge("events_dlq").await
}

#[tokio::test]
async fn a_change_that_cannot_be_given_up_is_brought_again() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    play.forget_dead_letters().await?;
    let mut heard = play.listen("not-given-up", "ban.registered").await?;
    let user = made_up::user();
    let relay = &play.stack.functions["relay"];
    // More than the SDK's own three tries.
    let refused = play.stack.fail(json!({"service": "sqs", "function": relay, "operation": "SendMessage", "times": 4})).await?;
    play.put_ban(user, &json!({"event_timestamp": {"S": "never"}})).await?;
    let last = play.put_ban(user, &json!({})).await?;
    heard.hear(|ban| ban["ban_event_id"] == last, &[user]).await?;
    assert_eq!(refused.rules().await?[0].fired, 4);
    assert!(play.given_up_event().await?.contains("events_dlq: 1 message"));
    play.stack.purge("events_dlq").await
}

#[tokio::test]
async fn somebody_is_told_when_something_is_given_up() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let operators = play.chat("Operators", boris, &[]).await?;
    play.choose(operators, ChatChange { language: Some(Some(Lang::En)), ..ChatChange::default() }).await?;
    let planner = play.reconfigure("notification-planner", &[("OPERATORS_CHAT", &operators.to_string())])?;
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
    let told = play.telegram.wait_until_sees(boris, "Chunks of a sync were given up", PATIENCE).await?;
    assert_eq!(told.chat_id, operators);
    ensure!(told.text.starts_with("🚨 Alarm:") && told.text.contains("`cargo xtask dlq show sync` tells which"), "{}", told.text);
    drop(planner);
    Ok(())
}
