//! The payloads in `events/` are what the functions take.

use crate::play::Play;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

#[tokio::test]
async fn every_payload_in_events_is_taken_by_its_function() -> Result<()> {
    let play = Play::begin().await?;
    // The sync that the payloads speak of.
    let summary = json!({"sync_id": "294ad5f7-5877-5534-ac53-9db2648f42cd", "ban_event_id": "139303ff-d700-5682-9acc-48f1b2a8f22e",
        "plan": "5f0c2a52-6f0e-4b57-9a55-3d0d3c1b8e10", "user_id": 5_100_000_099_i64, "source_chat_id": -1_002_100_000_001_i64,
        "occurred": "001767261600#0000000410000001", "event_timestamp": 1_767_261_600, "total_chats": 2, "chunks": 1,
        "status": "running", "started_at_ms": 1_767_261_605_000_i64, "day": "2026-01-01", "expires_at": 4_000_000_000_i64, "version": 1});
    play.syncs.begin(&serde_json::from_value(summary)?).await?;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
    let mut taken = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a payload has a name")?.to_owned();
        let (function, address) = play
            .stack
            .functions
            .iter()
            .filter(|(function, _)| name.starts_with(&format!("{function}-")))
            .max_by_key(|(function, _)| function.len())
            .with_context(|| format!("{name}.json begins with the name of its function"))?;
        let payload = fs::read_to_string(&path)?
            .replace("local-secret", &play.stack.webhook_secret)
            .replace("7000000001", &play.stack.bot_id.to_string());
        let answer = play.stack.invoke(address, &payload).await?;
        assert!(!answer.failed, "{name}: {answer:?}");
        match function.as_str() {
            "webhook" => assert_eq!(answer.payload["statusCode"], 200, "{name}: {answer:?}"),
            "authorizer" if name.ends_with("decide") => assert_eq!(answer.payload["isAuthorized"], false, "{name}: {answer:?}"),
            "authorizer" => assert_eq!(answer.payload["statusCode"], 401, "{name}: {answer:?}"),
            "relay" => {
                assert_eq!(answer.payload, json!({ "batchItemFailures": [] }), "{name}");
                // A record that is none is given up by itself.
                let (batch, _) = with_malformed(&payload)?;
                let answer = play.stack.invoke(address, &batch.to_string()).await?;
                assert_eq!(answer.payload, json!({ "batchItemFailures": [] }), "{name}");
                play.stack.purge("events_dlq").await?;
            }
            "sync-worker" | "notification-sender" => {
                assert_eq!(answer.payload, json!({ "batchItemFailures": [] }), "{name}");
                // With a record behind it that is none: that one alone is to come again.
                let (batch, id) = with_malformed(&payload)?;
                let answer = play.stack.invoke(address, &batch.to_string()).await?;
                assert_eq!(answer.payload, json!({ "batchItemFailures": [{ "itemIdentifier": id }] }), "{name}");
            }
            // Of what is no expired item there is nothing to archive.
            "archiver" => assert_eq!(answer.payload, json!({ "batchItemFailures": [] }), "{name}"),
            "analytics-collector" => assert_eq!(answer.payload["unread"], 0, "{name}: {answer:?}"),
            function if function.starts_with("api-") => assert_eq!(answer.payload["statusCode"], 200, "{name}: {answer:?}"),
            _ => assert_eq!(answer.payload, Value::Null, "{name}"),
        }
        taken.insert(function);
    }
    assert_eq!(taken, play.stack.functions.keys().collect(), "a payload for each function");
    Ok(())
}

/// A batch with one more record, which cannot be read, and that record's identifier.
fn with_malformed(payload: &str) -> Result<(Value, &'static str)> {
    let mut batch: Value = serde_json::from_str(payload)?;
    let records = batch["Records"].as_array_mut().context("a batch has records")?;
    let mut record = records.last().context("a batch has a record")?.clone();
    let id = "999999999999";
    if record["dynamodb"].is_null() {
        record["messageId"] = json!(id);
        record["body"] = json!("{\"sync_id\":5}");
    } else {
        record["eventName"] = json!("INSERT");
        record["dynamodb"]["SequenceNumber"] = json!(id);
        record["dynamodb"]["NewImage"] = json!({"event_id": {"S": "no id"}, "event_type": {"S": "ban"}});
        record["dynamodb"]["OldImage"].take();
    }
    records.push(record);
    Ok((batch, id))
}
