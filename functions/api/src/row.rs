//! A row of a bulk: what it is to be, or what keeps it from being that. A row that cannot be read does not spoil the others.

use crate::extract::Object;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One row.
#[derive(Debug)]
pub struct Row<T>(pub Result<T, Unreadable>);

/// Why a row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The field that is not as described, or is missing; `None`: the row is no object.
    pub field: Option<String>,
    pub message: String,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Value::deserialize(deserializer)?;
        let read: Result<Object<T>, _> = serde_path_to_error::deserialize(row);
        Ok(Self(read.map(|Object(row)| row).map_err(|error| unreadable(&error))))
    }
}

fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Unreadable {
    let message = error.inner().to_string();
    let field = match error.path().iter().next() {
        Some(serde_path_to_error::Segment::Map { key }) => Some(key.clone()),
        // Of a field that is missing there is no path, but serde names it.
        _ => message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()).map(str::to_owned),
    };
    Unreadable { field, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bans::NewBanEvent;
    use serde_json::json;

    #[test]
    fn a_row_that_cannot_be_read_tells_which_field_and_spoils_no_other() {
        let good = json!({"user_id": 5, "chat_id": -1, "event_type": "ban", "event_timestamp": 1_764_000_000});
        let with = |field: &str, value: Value| {
            let mut row = good.clone();
            row[field] = value;
            row
        };
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove("chat_id");
        for (row, expected) in [
            (good.clone(), None),
            // An integer to JSON Schema.
            (with("user_id", json!(7_100_000_000.0)), None),
            (with("reason", Value::Null), None),
            (with("user_id", json!(0)), Some("user_id")),
            (with("user_id", json!("5")), Some("user_id")),
            (with("user_id", json!("\u{feff}5")), Some("user_id")),
            (with("user_id", json!(5.5)), Some("user_id")),
            (with("user_id", json!(7.1e300)), Some("user_id")),
            (with("event_type", json!("gban")), Some("event_type")),
            (with("event_timestamp", json!(1_764_000_000_000_i64)), Some("event_timestamp")),
            (with("ban_duration", json!(86_400_000)), Some("ban_duration")),
            (with("reason", json!("x".repeat(1001))), Some("reason")),
            (with("metadata", json!({"a": 1})), Some("metadata")),
            (with("\u{feff}user_id", json!(5)), Some("\u{feff}user_id")),
            (without, Some("chat_id")),
        ] {
            let rows: Vec<Row<NewBanEvent>> = serde_json::from_value(json!([row, good])).unwrap();
            let field = rows[0].0.as_ref().err().map(|why| why.field.as_deref().unwrap_or_default());
            assert_eq!(field, expected, "{row}: {:?}", rows[0]);
            assert!(rows[1].0.is_ok());
        }
        let rows: Vec<Row<NewBanEvent>> = serde_json::from_value(json!([with("event_timestamp", json!(1_764_000_000_000_i64))])).unwrap();
        assert!(rows[0].0.as_ref().is_err_and(|why| why.message.contains("looks like milliseconds")), "{:?}", rows[0]);
        for row in [json!(null), json!(5), json!([]), json!("a")] {
            let rows: Vec<Row<NewBanEvent>> = serde_json::from_value(json!([row])).unwrap();
            assert!(rows[0].0.as_ref().is_err_and(|why| why.field.is_none() && !why.message.is_empty()), "{row}: {:?}", rows[0]);
        }
    }
}
