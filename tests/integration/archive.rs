//! What becomes of events whose time has run out: they leave the store, and are in the archive.

use crate::made_up::{chat, past, told, unique, user, with};
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ban::BanEvent;
use domain::event::date;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

const DAY: i64 = 24 * 3600;

/// A line of the archive: the day of its object, and the event.
type Line = (String, BanEvent);

#[tokio::test]
async fn what_expires_is_read_back_from_the_archive_as_it_was_though_s3_fails_for_a_while() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        println!("skipped: elsewhere an item expires days later, and calls do not fail when a test wants them to");
        return Ok(());
    }
    let registrar = play.registrar().await?;
    let (user, chat, start) = (user(), chat(), past(1_600_000_000, 4));
    let run = unique();
    let event = |n: i64| {
        let fields = json!({"event_id": format!("{run} {n}"), "reason": format!("Причина\n{n}"), "metadata": {"n": n.to_string()}});
        with(told(user, chat, "ban", start + n * DAY / 12), fields)
    };
    // The last one is deleted by somebody instead.
    let (status, body) = registrar.register_all(&(0..41).map(event).collect::<Vec<_>>()).await?.parts();
    assert_eq!((status, &body["created"]), (200, &json!(41)), "{body}");
    let mut events = Vec::new();
    for result in body["results"].as_array().context("results")? {
        let id = serde_json::from_value(result["event_id"].clone())?;
        events.push(play.bans.get(id).await?.context("it is stored")?);
    }
    let deleted = events.pop().context("the last one")?;

    // More than the SDK's own tries, so that records come again.
    let fault = json!({"service": "s3", "operation": "PutObject", "function": play.stack.functions["relay"], "status": 503,
        "code": "SlowDown", "times": 10});
    play.stack.fail(fault).await?;
    let table = &play.stack.tables["bans"];
    play.stack.aws("dynamodb", "delete_item", json!({"TableName": table, "Key": {"event_id": {"S": deleted.event_id}}}))?;
    let expire = |event: &BanEvent| {
        json!({"Update": {"TableName": table, "Key": {"event_id": {"S": event.event_id}}, "UpdateExpression": "SET expires_at = :past",
            "ExpressionAttributeValues": {":past": {"N": (aws::time::now() - 60).to_string()}}}})
    };
    let updates: Vec<_> = events.iter().map(expire).collect();
    play.stack.aws("dynamodb", "transact_write_items", json!({ "TransactItems": updates }))?;

    let (wanted, days): (BTreeSet<_>, BTreeSet<_>) = events.iter().map(|event| (event.event_id, date(event.event_timestamp))).unzip();
    let mut lines = Vec::new();
    for _ in 0..PATIENCE.as_secs() {
        lines = archive_of(&play, &days, user)?;
        if lines.iter().map(|(_, event)| event.event_id).collect::<BTreeSet<_>>().is_superset(&wanted) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    play.stack.heal().await?;
    assert!(lines.len() >= events.len(), "{} of {} events are in the archive", lines.len(), events.len());
    for (day, line) in &lines {
        let event = events.iter().find(|event| event.event_id == line.event_id);
        assert_eq!(event, Some(line), "it is as it was, and what somebody deleted is not here");
        assert_eq!(*day, date(line.event_timestamp));
    }
    println!("{} events in {} lines of the archive", events.len(), lines.len());
    for event in &events {
        assert!(play.bans.get(event.event_id).await?.is_none());
    }
    Ok(())
}

/// What the archive has of a person on these days.
fn archive_of(play: &Play, days: &BTreeSet<String>, user: i64) -> Result<Vec<Line>> {
    let bucket = &play.stack.buckets["archive"];
    let listed = play.stack.aws("s3", "list_objects_v2", json!({"Bucket": bucket, "Prefix": "bans/"}))?;
    let mut lines = Vec::new();
    for object in listed["Contents"].as_array().into_iter().flatten() {
        let key = object["Key"].as_str().context("an object has a key")?;
        let (day, name) = key.strip_prefix("bans/date=").and_then(|rest| rest.split_once('/')).with_context(|| key.to_owned())?;
        anyhow::ensure!(name.ends_with(".jsonl.gz"), "{key}");
        if !days.contains(day) {
            continue;
        }
        let content = play.stack.aws("s3", "get_object", json!({"Bucket": bucket, "Key": key}))?;
        let mut text = String::new();
        GzDecoder::new(&*STANDARD.decode(content["Body"].as_str().context("an object has content")?)?).read_to_string(&mut text)?;
        for line in text.lines() {
            let line: Value = serde_json::from_str(line)?;
            if line["user_id"] == user {
                lines.push((day.to_owned(), serde_json::from_value(line)?));
            }
        }
    }
    Ok(lines)
}
