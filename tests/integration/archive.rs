//! What becomes of events whose time has run out: they leave the store, and are in the archive.

use crate::made_up::{chat, past, told, unique, user, with};
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::ban::BanEvent;
use domain::event::date;
use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

const DAY: i64 = 24 * 3600;

/// Whoever decided what is archived here.
const DECIDER: i64 = 6_999_000_111_222;

/// A line of the archive: the day of its object, and the event.
pub type Line = (String, BanEvent);

#[tokio::test]
async fn what_expires_is_read_back_from_the_archive_without_a_name_or_reason_though_s3_fails_for_a_while() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("elsewhere an item expires days later, and calls do not fail when a test wants them to");
    }
    let registrar = play.registrar().await?;
    let (user, chat, start) = (user(), chat(), past(1_600_000_000, 4));
    let run = unique();
    let event = |n: i64| {
        let fields = json!({"event_id": format!("{run} {n}"), "reason": format!("Причина\n{n}"), "metadata": {"said": "Причина"},
            "initiator_user_id": DECIDER});
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

    // More than the SDK's own tries, so that records come again. What is put is packed, and names nobody: no other test expires anything.
    let fault = json!({"service": "s3", "operation": "PutObject", "function": play.stack.functions["archiver"], "status": 503,
        "code": "SlowDown", "times": 10});
    let slow_down = play.stack.fail(fault).await?;
    let table = &play.stack.tables["bans"];
    play.stack.aws("dynamodb", "DeleteItem", json!({"TableName": table, "Key": {"event_id": {"S": deleted.event_id}}})).await?;
    let expire = |event: &BanEvent| {
        json!({"Update": {"TableName": table, "Key": {"event_id": {"S": event.event_id}}, "UpdateExpression": "SET expires_at = :past",
            "ExpressionAttributeValues": {":past": {"N": (aws::time::now() - 60).to_string()}}}})
    };
    let updates: Vec<_> = events.iter().map(expire).collect();
    play.stack.aws("dynamodb", "TransactWriteItems", json!({ "TransactItems": updates })).await?;

    let (wanted, days): (BTreeSet<_>, BTreeSet<_>) = events.iter().map(|event| (event.event_id, date(event.event_timestamp))).unzip();
    let mut lines = Vec::new();
    for _ in 0..PATIENCE.as_secs() * 5 {
        lines = archive_of(&play, &days, user).await?;
        if lines.iter().map(|(_, event)| event.event_id).collect::<BTreeSet<_>>().is_superset(&wanted) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(slow_down.rules().await?[0].fired, 10);
    assert!(lines.len() >= events.len(), "{} of {} events are in the archive", lines.len(), events.len());
    for (day, line) in &lines {
        let event = events.iter().find(|event| event.event_id == line.event_id);
        assert_eq!(event.map(facts).as_ref(), Some(line), "the facts are as they were, and what somebody deleted is not here");
        assert_eq!(*day, date(line.event_timestamp));
    }
    println!("{} events in {} lines of the archive", events.len(), lines.len());
    for event in &events {
        assert!(play.bans.get(event.event_id).await?.is_none());
    }
    Ok(())
}

/// What of an event is archived.
fn facts(event: &BanEvent) -> BanEvent {
    BanEvent { reason: None, initiator_user_id: None, chat_title: None, user_name: None, metadata: Default::default(), ..event.clone() }
}

/// What the archive has of a person on these days.
pub async fn archive_of(play: &Play, days: &BTreeSet<String>, user: i64) -> Result<Vec<Line>> {
    let bucket = &play.stack.buckets["archive"];
    let mut lines = Vec::new();
    for day in days {
        let listed = play.stack.rest("s3", Method::GET, &format!("/{bucket}?list-type=2&prefix=bans/date={day}/"), None).await?;
        let listed = String::from_utf8(listed)?;
        // The list is XML, of which only the keys are of interest.
        for key in listed.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
            anyhow::ensure!(key.starts_with(&format!("bans/date={day}/")) && key.ends_with(".jsonl.gz"), "{key}");
            let content = play.stack.rest("s3", Method::GET, &format!("/{bucket}/{key}"), None).await?;
            lines.extend(lines_of(day, &content, user)?);
        }
    }
    Ok(lines)
}

/// What an object of a day has of a person.
fn lines_of(day: &str, content: &[u8], user: i64) -> Result<Vec<Line>> {
    let mut text = String::new();
    GzDecoder::new(content).read_to_string(&mut text)?;
    let mut lines = Vec::new();
    for line in text.lines() {
        anyhow::ensure!(!line.contains("Причина") && !line.contains(&DECIDER.to_string()), "a reason or a decider is archived: {line}");
        let line: Value = serde_json::from_str(line)?;
        if line["user_id"] == user {
            lines.push((day.to_owned(), serde_json::from_value(line)?));
        }
    }
    Ok(lines)
}
