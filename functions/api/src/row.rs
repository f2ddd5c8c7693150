//! A row of a bulk: what it is to be, or what keeps it from being that. A row that cannot be read does not spoil the others.
//!
//! Rows are parsed one at a time, and only up to a length: a megabyte of JSON text can take a hundred megabytes as values, and a function has 128.

use crate::extract::Object;
use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// The longest row that is read, in bytes: the longest message of a notification, each character of it escaped, with room to spare.
const LONGEST: usize = 65_536;

/// The longest message about a row, and the longest name of a field, in characters.
const LONGEST_MESSAGE: usize = 200;

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
        let row = Box::<RawValue>::deserialize(deserializer)?;
        if row.get().len() > LONGEST {
            return Ok(Self(Err(Unreadable { field: None, message: format!("it has more than {LONGEST} bytes") })));
        }
        // Syntax is not all: nesting and numbers have their limits.
        let row: Value = match serde_json::from_str(row.get()) {
            Ok(row) => row,
            Err(error) => return Ok(Self(Err(Unreadable { field: None, message: error.to_string() }))),
        };
        let read: Result<Object<T>, _> = serde_path_to_error::deserialize(row);
        Ok(Self(read.map(|Object(row)| row).map_err(|error| unreadable(&error))))
    }
}

/// All rows of a bulk, or one more than `MOST` of them: whoever reads this refuses as many.
pub fn at_most<'de, D: Deserializer<'de>, T: DeserializeOwned, const MOST: usize>(deserializer: D) -> Result<Vec<Row<T>>, D::Error> {
    struct Rows<T, const MOST: usize>(PhantomData<T>);

    impl<'de, T: DeserializeOwned, const MOST: usize> Visitor<'de> for Rows<T, MOST> {
        type Value = Vec<Row<T>>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a sequence")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut rows = Vec::new();
            while rows.len() <= MOST
                && let Some(row) = sequence.next_element()?
            {
                rows.push(row);
            }
            while sequence.next_element::<IgnoredAny>()?.is_some() {}
            Ok(rows)
        }
    }

    deserializer.deserialize_seq(Rows::<T, MOST>(PhantomData))
}

fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Unreadable {
    // It may quote what stands there, which is as long as its writer likes.
    let message = cut(&error.inner().to_string());
    let field = match error.path().iter().next() {
        Some(serde_path_to_error::Segment::Map { key }) => Some(cut(key)),
        // Of a field that is missing there is no path, but serde names it.
        _ => message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()).map(str::to_owned),
    };
    Unreadable { field, message }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_MESSAGE).collect()
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
        for (field, value) in [("user_id", json!("\u{7f}".repeat(9999))), (&*"x".repeat(9999), json!(5))] {
            let rows: Vec<Row<NewBanEvent>> = serde_json::from_value(json!([with(field, value)])).unwrap();
            let why = rows[0].0.as_ref().unwrap_err();
            assert!(
                why.message.chars().count() <= LONGEST_MESSAGE && why.field.as_ref().is_none_or(|field| field.len() <= LONGEST_MESSAGE)
            );
        }
        let rows: Vec<Row<NewBanEvent>> = serde_json::from_value(json!([with("event_timestamp", json!(1_764_000_000_000_i64))])).unwrap();
        assert!(rows[0].0.as_ref().is_err_and(|why| why.message.contains("looks like milliseconds")), "{:?}", rows[0]);
        let long = json!({"user_id": 5, "chat_id": -1, "event_type": "ban", "event_timestamp": 1, "nonsense": vec![0; LONGEST / 2]});
        for row in [json!(null), json!(5), json!([]), json!("a"), long] {
            let rows: Vec<Row<NewBanEvent>> = serde_json::from_value(json!([row])).unwrap();
            assert!(rows[0].0.as_ref().is_err_and(|why| why.field.is_none() && !why.message.is_empty()), "{row}: {:?}", rows[0]);
        }
    }

    #[test]
    fn a_row_that_is_nested_too_deep_or_has_too_large_a_number_spoils_no_other() {
        for odd in [format!("{}{}", "[".repeat(200), "]".repeat(200)), "1e999".to_owned(), r#""\ud800""#.to_owned()] {
            let rows: Vec<Row<NewBanEvent>> = serde_json::from_str(&format!("[{odd}, 5]")).unwrap();
            assert!(rows.len() == 2 && rows[0].0.as_ref().is_err_and(|why| why.field.is_none()), "{odd}: {rows:?}");
        }
    }

    #[test]
    fn of_too_many_rows_one_too_many_is_kept_and_what_comes_after_it_is_not() {
        let read = |rows: &str| at_most::<_, NewBanEvent, 3>(&mut serde_json::Deserializer::from_str(rows)).map(|rows| rows.len());
        for (rows, expected) in [("[]", 0), ("[1,2,3]", 3), ("[1,2,3,4]", 4), ("[1,2,3,4,5,6,7]", 4)] {
            assert_eq!(read(rows).unwrap(), expected, "{rows}");
        }
        for wrong in ["{}", "1", "[1,2,3,4,5"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
