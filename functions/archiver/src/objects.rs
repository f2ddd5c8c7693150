//! Which objects of the archive the expired items of a batch make: gzip JSON lines, an object a day of what happened.
//!
//! An object's name is derived from its text. So a batch that is brought again writes the same objects once more, and nothing is ever
//! overwritten by something else. Only where it comes again with other borders are lines there twice; readers go by `event_id`.

use anyhow::Context;
use aws::archive::Object;
use aws::batch::{Item, StreamRecord, read};
use aws::store::bans::{ARCHIVED, ERASED};
use domain::ban::derive;
use domain::event::date;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The expired item of a record; `None` where the record tells of something else.
pub fn expired(record: &StreamRecord) -> Option<&Item> {
    let gone = record.dynamodb.old_image.as_ref().filter(|_| record.dynamodb.new_image.is_none() && record.is_by_service())?;
    gone.as_ref().contains_key("event_id").then_some(gone)
}

/// The objects of `items`, each with the record that its first line comes from. `items`: with their records' sequence numbers.
pub fn of<'a>(items: impl IntoIterator<Item = (&'a str, &'a Item)>) -> anyhow::Result<Vec<(&'a str, Object)>> {
    let mut days = BTreeMap::new();
    for (sequence_number, item) in items {
        let (day, line) = line(item)?;
        let (_, text) = days.entry(day).or_insert((sequence_number, String::new()));
        text.push_str(&line);
        text.push('\n');
    }
    let object = |(day, (first, text)): (String, (_, String))| {
        let name = derive(&["archive", &text]);
        (first, Object { key: format!("bans/date={day}/{name}.jsonl.gz"), text })
    };
    Ok(days.into_iter().map(object).collect())
}

/// The day on which it happened, and what is archived of the event, whichever version wrote it.
///
/// Nothing here may fail over what is in an item: the stream would stand still for a day, and then lose what is behind it.
fn line(item: &Item) -> anyhow::Result<(String, String)> {
    let mut event: Map<String, Value> = match read(item.clone()) {
        Ok(event) => event,
        // DynamoDB's own JSON, which can tell of everything.
        Err(_) => serde_json::from_value(serde_json::to_value(item)?).context("an item is an object")?,
    };
    let erased = event.contains_key(ERASED);
    event.retain(|name, _| ARCHIVED.contains(&name.as_str()) && !(erased && name == "user_id"));
    let at = event.get("event_timestamp").and_then(Value::as_i64).unwrap_or_default();
    Ok((date(at), serde_json::to_string(&event)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::batch::StreamBatch;
    use domain::ban::BanEvent;
    use serde_json::json;

    fn item(id: u8, at: i64) -> Value {
        json!({"event_id": {"S": format!("1b671a64-40d5-491e-99b0-da01ff1f33{id:02}")}, "user_id": {"N": "5"}, "chat_id": {"N": "-100"},
            "event_type": {"S": "ban"}, "reason": {"S": "spam\n\"x\""}, "event_timestamp": {"N": at.to_string()}, "tracked": {"BOOL": true},
            "occurred": {"S": "001763942400#0000000000000001"}, "metadata": {"M": {"ticket": {"S": "42"}}},
            "day": {"S": "d"}, "moment": {"S": "m"}, "version": {"N": "1"}, "expires_at": {"N": "9"}})
    }

    fn objects_of(items: &[Value]) -> Vec<(String, Object)> {
        let items: Vec<Item> = items.iter().map(|item| serde_json::from_value(item.clone()).unwrap()).collect();
        let numbers: Vec<String> = (0..items.len()).map(|n| n.to_string()).collect();
        let made = of(numbers.iter().map(String::as_str).zip(&items)).unwrap();
        made.into_iter().map(|(number, object)| (number.to_owned(), object)).collect()
    }

    #[test]
    fn items_of_a_day_are_one_object_of_a_line_each_and_read_back_as_they_were() {
        let made = objects_of(&[item(1, 1_763_942_400), item(2, 1_764_028_799), item(3, 1_763_942_399), item(4, 1_763_942_399)]);
        let about = made.iter().map(|(first, object)| (first.as_str(), object.key.split('/').nth(1), object.text.lines().count()));
        assert_eq!(about.collect::<Vec<_>>(), [("2", Some("date=2025-11-23"), 2), ("0", Some("date=2025-11-24"), 2)]);
        let line = made[1].1.text.lines().next().unwrap();
        let event: BanEvent = serde_json::from_str(line).unwrap();
        assert_eq!((event.user_id.0, event.chat_id.0, event.event_timestamp, event.tracked), (5, -100, 1_763_942_400, true));
        let names = serde_json::from_str::<Map<String, Value>>(line).unwrap();
        assert!(names.keys().all(|name| ARCHIVED.contains(&name.as_str())), "{line}");
    }

    #[test]
    fn no_name_title_or_reason_is_archived_and_of_an_erased_person_no_id() {
        let mut said = item(1, 5);
        for (name, text) in [("user_name", "Mallory"), ("chat_title", "Secret club"), ("reason", "insults")] {
            said[name] = json!({"S": text});
        }
        said["initiator_user_id"] = json!({"N": "777000111"});
        let text = objects_of(&[said.clone()])[0].1.text.clone();
        for gone in ["Mallory", "Secret club", "insults", "ticket", "777000111"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        said["erased"] = json!({"BOOL": true});
        let erased: Value = serde_json::from_str(&objects_of(&[said])[0].1.text).unwrap();
        assert_eq!((&erased["user_id"], &erased["chat_id"]), (&Value::Null, &json!(-100)));
    }

    #[test]
    fn the_same_items_make_the_same_object_and_others_another() {
        let key = |items: &[Value]| objects_of(items)[0].1.key.clone();
        assert_eq!(key(&[item(1, 5), item(2, 5)]), key(&[item(1, 5), item(2, 5)]));
        assert_ne!(key(&[item(1, 5), item(2, 5)]), key(&[item(1, 5)]));
    }

    #[test]
    fn an_item_that_nobody_can_read_is_archived_all_the_same() {
        let made = objects_of(&[json!({"event_id": {"S": "x"}, "bytes": {"B": "AAE="}}), json!({"event_id": {"S": "y"}})]);
        assert_eq!((made.len(), made[0].1.text.lines().count()), (1, 2));
        assert!(made[0].1.key.starts_with("bans/date=1970-01-01/") && made[0].1.text.contains(r#"{"S":"x"}"#), "{made:?}");
    }

    #[test]
    fn only_what_the_store_itself_removed_is_expired() {
        let record = |identity: Value, images: Value| {
            let mut record = json!({"dynamodb": images, "userIdentity": identity});
            record["dynamodb"]["SequenceNumber"] = "1".into();
            let batch: StreamBatch = serde_json::from_value(json!({"Records": [record]})).unwrap();
            expired(&batch.records[0]).is_some()
        };
        let (service, old) = (json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"}), json!({"OldImage": item(1, 5)}));
        assert!(record(service.clone(), old.clone()));
        assert!(!record(Value::Null, old.clone()));
        assert!(!record(json!({"type": "Service", "principalId": "other.amazonaws.com"}), old));
        assert!(!record(service.clone(), json!({"OldImage": item(1, 5), "NewImage": item(1, 5)})));
        assert!(!record(service, json!({"OldImage": {"pk": {"S": "USER#5"}}})));
    }
}
