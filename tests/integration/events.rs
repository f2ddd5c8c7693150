//! The payloads in `events/` are what the functions take.

use crate::play::Play;
use anyhow::{Context, Result};
use serde_json::{Value, json};
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
    let mut taken = 0;
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
        let answer = play.stack.aws("lambda", "invoke", json!({ "FunctionName": address, "Payload": payload }))?;
        assert!(answer["FunctionError"].is_null(), "{name}: {answer}");
        if function == "webhook" {
            let response: Value = serde_json::from_str(answer["Payload"].as_str().unwrap_or_default())?;
            assert_eq!(response["statusCode"], 200, "{name}: {answer}");
        }
        taken += 1;
    }
    assert!(taken > 0, "there are payloads");
    Ok(())
}
