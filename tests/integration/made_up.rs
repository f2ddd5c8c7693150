//! Ban events that a test makes up, and ids that no other test has.

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

/// A search as the path of a request, behind `/api/v1/`.
pub fn path(search: &Search) -> String {
    let mut parts = Vec::new();
    let mut add = |name: &str, value: Option<String>| parts.extend(value.map(|value| format!("{name}={value}")));
    add("user_id", search.user_id.map(|user| user.to_string()));
    add("chat_id", search.chat_id.map(|chat| chat.to_string()));
    add("from", search.from.map(|from| from.to_string()));
    add("to", search.to.map(|to| to.to_string()));
    add("event_type", search.event_type.map(|event_type| event_type.name().to_owned()));
    add("reason", search.reason.clone());
    format!("events/search?{}", parts.join("&"))
}

/// The ids of a list.
pub fn ids(events: &[Value]) -> Vec<String> {
    events.iter().filter_map(|event| event["event_id"].as_str().map(str::to_owned)).collect()
}
