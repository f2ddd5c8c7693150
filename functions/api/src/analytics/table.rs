//! Answers as JSON, or as CSV for who asks for that.

use super::body::OverviewBody;
use super::operations::{CostBody, QueuesBody, SlowSyncsBody};
use super::points::{BanFiguresBody, SubscriptionFiguresBody, SyncFiguresBody, TimelineBody};
use super::rankings::{TopChatsBody, TopSourcesBody, TopUsersBody};
use crate::error::ApiError;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use csv::Writer;
use serde::Serialize;
use serde_json::{Map, Value};

/// RFC 4180, section 3: there is a line of names.
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// A body that can be written as rows.
pub trait Table: Serialize {
    /// Writes them, and before them their names.
    fn write(&self, csv: &mut Writer<Vec<u8>>) -> anyhow::Result<()>;
}

/// The body as the caller wants it by `Accept`: JSON, unless CSV is named and JSON is not.
pub fn answer(headers: &HeaderMap, body: impl Table) -> Result<Response, ApiError> {
    if !wants_csv(headers) {
        return Ok(axum::Json(body).into_response());
    }
    Ok(([(header::CONTENT_TYPE, CSV)], csv(&body)?).into_response())
}

fn wants_csv(headers: &HeaderMap) -> bool {
    let accepts = |wanted: &str| {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut types = values.flat_map(|value| value.split(',')).map(|range| range.split(';').next().unwrap_or_default().trim());
        types.any(|range| range.eq_ignore_ascii_case(wanted))
    };
    accepts("text/csv") && !accepts("application/json")
}

fn csv(body: &impl Table) -> anyhow::Result<Vec<u8>> {
    let mut csv = Writer::from_writer(Vec::new());
    body.write(&mut csv)?;
    csv.into_inner().map_err(|error| anyhow::anyhow!("CSV cannot be written: {error}"))
}

/// A row a figure: its name, its value, and that of the period before.
impl Table for OverviewBody {
    fn write(&self, csv: &mut Writer<Vec<u8>>) -> anyhow::Result<()> {
        let previous = flat(serde_json::to_value(self.previous)?);
        csv.write_record(["figure", "value", "previous"])?;
        for (name, value) in flat(serde_json::to_value(self.figures)?) {
            let text = |value: Option<&Value>| value.filter(|value| !value.is_null()).map(Value::to_string).unwrap_or_default();
            csv.write_record([name.as_str(), &text(Some(&value)), &text(previous.get(&name))])?;
        }
        Ok(())
    }
}

/// What is in an object of an object has both their names.
fn flat(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else { return Map::new() };
    let each = |(name, value): (String, Value)| match value {
        Value::Object(inner) => inner.into_iter().map(|(part, value)| (format!("{name}_{part}"), value)).collect::<Vec<_>>(),
        value => vec![(name, value)],
    };
    fields.into_iter().flat_map(each).collect()
}

macro_rules! tables {
    ($($body:ty: $rows:ident [$($name:literal),+]),+ $(,)?) => {$(
        impl Table for $body {
            fn write(&self, csv: &mut Writer<Vec<u8>>) -> anyhow::Result<()> {
                if self.$rows.is_empty() {
                    csv.write_record([$($name),+])?;
                }
                self.$rows.iter().try_for_each(|row| csv.serialize(row)).map_err(Into::into)
            }
        }
    )+};
}

tables! {
    BanFiguresBody: points ["at", "bans", "kicks", "restrictions", "unbans", "unrestrictions"],
    SyncFiguresBody: points ["at", "successful_syncs", "partial_syncs", "failed_syncs", "applied", "already", "skipped", "failed"],
    SubscriptionFiguresBody: points ["at", "new_subscriptions", "deleted_subscriptions", "total_subscriptions"],
    TimelineBody: points [
        "at", "bans", "kicks", "unbans", "successful_syncs", "partial_syncs", "failed_syncs", "applied", "already", "skipped", "failed",
        "new_subscriptions", "deleted_subscriptions", "appeals"
    ],
    TopUsersBody: items ["user_id", "ban_count", "sync_count"],
    TopChatsBody: items ["chat_id", "ban_count", "sync_received_count"],
    TopSourcesBody: items ["chat_id", "bans_carried", "undone", "lifted", "appealed"],
    SlowSyncsBody: items ["at", "millis", "status", "chat_id", "user_id"],
    QueuesBody: queues ["name", "is_dlq", "waiting", "in_flight", "delayed"],
    CostBody: lines ["what", "count", "usd"],
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn csv_is_for_who_names_it_and_does_not_name_json() {
        let wants = |accept: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            wants_csv(&headers)
        };
        assert!(wants(Some("text/csv")) && wants(Some("TEXT/CSV; q=0.9, */*;q=0.1")));
        for json in [None, Some("*/*"), Some("application/json"), Some("text/csv;q=0.1, application/json"), Some("text/csvx")] {
            assert!(!wants(json), "{json:?}");
        }
    }

    #[test]
    fn a_row_has_the_order_of_its_fields() {
        #[derive(Serialize)]
        struct Row {
            user: i64,
            count: Option<u32>,
        }
        #[derive(Serialize)]
        struct Rows {
            items: Vec<Row>,
        }
        tables! { Rows: items ["user", "count"] }
        let rows = Rows { items: vec![Row { user: 5, count: None }, Row { user: -6, count: Some(1) }] };
        assert_eq!(String::from_utf8(csv(&rows).unwrap()).unwrap(), "user,count\n5,\n-6,1\n");
        assert_eq!(csv(&Rows { items: Vec::new() }).unwrap(), b"user,count\n", "without rows there are names all the same");
    }

    #[test]
    fn what_is_inside_has_both_names() {
        let names: Vec<_> = flat(json!({"a": 1, "b": {"c": 2, "d": null}})).into_iter().collect();
        assert_eq!(names, [("a".to_owned(), json!(1)), ("b_c".to_owned(), json!(2)), ("b_d".to_owned(), Value::Null)]);
        assert_eq!(flat(Value::Null), Map::new());
    }
}
