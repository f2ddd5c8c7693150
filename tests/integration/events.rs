//! The payloads in `events/` are what the functions take.

use crate::play::Play;
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;

#[tokio::test]
async fn every_payload_in_events_is_taken_by_its_function() -> Result<()> {
    let play = Play::begin().await?;
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
        let payload = fs::read_to_string(&path)?.replace("local-secret", &play.stack.webhook_secret);
        let answer = play.stack.aws("lambda", "invoke", json!({ "FunctionName": address, "Payload": payload }))?;
        assert!(answer["FunctionError"].is_null(), "{name}: {answer}");
        if function == "webhook" {
            assert!(answer["Payload"].as_str().is_some_and(|body| body.contains("\"statusCode\":200")), "{name}: {answer}");
        }
        taken += 1;
    }
    assert!(taken > 0, "there are payloads");
    Ok(())
}
