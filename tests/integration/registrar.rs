//! A program that registers ban events and looks at them, and ids that no other test has.

use crate::caller::Answer;
use crate::play::Play;
use anyhow::{Context, Result, ensure};
use domain::search::Search;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};

/// Numbers given out so far.
static GIVEN: AtomicI64 = AtomicI64::new(0);

/// A number that no other test has, nor another run of this one.
pub fn unique() -> i64 {
    aws::time::now() % 10_000_000 * 10_000 + GIVEN.fetch_add(1, Ordering::Relaxed)
}

/// Where `days` of this run begin, of 100 such spans from `first` on, Unix seconds: searched by period, it is to find nobody else's events.
pub fn past(first: i64, days: i64) -> i64 {
    first + aws::time::now() % 100 * days * 24 * 3600
}

pub fn user() -> i64 {
    6_000_000_000_000 + unique()
}

pub fn chat() -> i64 {
    -2_000_000_000_000 - unique()
}

/// As it is told.
pub fn told(user: i64, chat: i64, event_type: &str, at: i64) -> Value {
    json!({"user_id": user, "chat_id": chat, "event_type": event_type, "event_timestamp": at})
}

/// With other fields, or more.
pub fn with(mut event: Value, fields: Value) -> Value {
    let (Some(event_fields), Value::Object(fields)) = (event.as_object_mut(), fields) else { return event };
    event_fields.extend(fields);
    event
}

pub struct Registrar<'a> {
    play: &'a Play,
    token: String,
}

impl<'a> Registrar<'a> {
    pub async fn new(play: &'a Play) -> Result<Self> {
        Ok(Self { play, token: play.token(&["bans:read", "bans:write"]).await? })
    }

    /// Registers one event: the status and the body of the answer.
    pub async fn register(&self, event: &Value) -> Result<(u16, Value)> {
        let Answer { status, body, .. } = self.play.api("POST", "/api/v1/events/ban", Some(&self.token), Some(event)).await?;
        Ok((status, body))
    }

    pub async fn bulk(&self, events: &[Value]) -> Result<(u16, Value)> {
        let body = json!({ "events": events });
        let Answer { status, body, .. } = self.play.api("POST", "/api/v1/events/bulk", Some(&self.token), Some(&body)).await?;
        Ok((status, body))
    }

    pub async fn get(&self, path: &str) -> Result<(u16, Value)> {
        let Answer { status, body, .. } = self.play.api("GET", &format!("/api/v1/events/{path}"), Some(&self.token), None).await?;
        Ok((status, body))
    }

    /// All pages of a list. `path`: with its query, behind `/api/v1/events/`.
    pub async fn list(&self, path: &str, limit: usize) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let cursor_part = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let (status, body) = self.get(&format!("{path}{joint}limit={limit}{cursor_part}")).await?;
            ensure!(status == 200, "{path}: {status} {body}");
            let page = body["items"].as_array().context("a page has items")?;
            ensure!(page.len() <= limit, "{} items where {limit} were wanted", page.len());
            items.extend(page.iter().cloned());
            cursor = body["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(items);
            }
        }
    }
}

/// A search as the path of a request.
pub fn path(search: &Search) -> String {
    let mut parts = Vec::new();
    let mut add = |name: &str, value: Option<String>| parts.extend(value.map(|value| format!("{name}={value}")));
    add("user_id", search.user_id.map(|user| user.to_string()));
    add("chat_id", search.chat_id.map(|chat| chat.to_string()));
    add("from", search.from.map(|from| from.to_string()));
    add("to", search.to.map(|to| to.to_string()));
    add("event_type", search.event_type.map(|event_type| event_type.name().to_owned()));
    add("reason", search.reason.clone());
    format!("search?{}", parts.join("&"))
}

/// The ids of a list.
pub fn ids(events: &[Value]) -> Vec<String> {
    events.iter().filter_map(|event| event["event_id"].as_str().map(str::to_owned)).collect()
}
