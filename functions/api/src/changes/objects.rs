//! Objects of a change: ids from the path, the request and the answer. Nothing else of them is kept, so that no name and no text is.

use aws::store::audit::Id;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The names that the API has for ids.
const NAMES: [&str; 14] = [
    "user_id",
    "chat_id",
    "chat_ids",
    "source_chat_id",
    "admin_user_id",
    "admin_chat_id",
    "tracked_user_id",
    "initiator_user_id",
    "subscription_id",
    "event_id",
    "ban_event_id",
    "sync_id",
    "message_id",
    "notification_id",
];

/// How a row of a bulk ends that changed something.
const DONE: [&str; 4] = ["created", "updated", "queued", "held"];

/// Ids of one name at most: an item of DynamoDB has 400 KB. No request that is carried out has more.
const MOST: usize = 2000;

type Objects = BTreeMap<String, BTreeSet<Id>>;

/// `parameters`: the variables of the path. `request`: JSON of whatever is in it, of which nothing but ids is read: all of it could be more than a function has
/// memory for.
pub fn of<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>, request: &[u8], answer: &Value) -> Objects {
    let mut objects = Objects::new();
    for (name, text) in parameters {
        let id = text.parse().map(Id::Telegram).ok().or_else(|| text.parse().map(Id::Ours).ok());
        add(&mut objects, name, id);
    }
    let request: BTreeMap<String, &RawValue> = serde_json::from_slice(request).unwrap_or_default();
    for (name, value) in request.into_iter().filter(|(name, _)| NAMES.contains(&name.as_str())) {
        let values = serde_json::from_str(value.get()).unwrap_or_else(|_| vec![value]);
        values.into_iter().for_each(|value| add(&mut objects, &name, written(value)));
    }
    if let Some(answer) = answer.as_object() {
        add_all(&mut objects, answer);
    }
    // A bulk's rows are told by its answer: not all of them are done.
    for row in answer["results"].as_array().into_iter().flatten().filter_map(Value::as_object) {
        if row.get("status").and_then(Value::as_str).is_some_and(|status| DONE.contains(&status)) {
            add_all(&mut objects, row);
        }
    }
    objects
}

fn add_all(objects: &mut Objects, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match value {
            Value::Array(values) => values.iter().for_each(|value| add(objects, name, id(value))),
            value => add(objects, name, id(value)),
        }
    }
}

fn add(objects: &mut Objects, name: &str, id: Option<Id>) {
    let Some(id) = id.filter(|_| NAMES.contains(&name)) else { return };
    let ids = objects.entry(name.to_owned()).or_default();
    if ids.len() < MOST {
        ids.insert(id);
    }
}

/// As [`id`], of JSON that may be anything.
fn written(value: &RawValue) -> Option<Id> {
    let text = value.get();
    let may_be_one = text.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
    may_be_one.then(|| serde_json::from_str(text).ok()).flatten().as_ref().and_then(id)
}

/// A caller's own id of an event may be any text: only a UUID is taken.
fn id(value: &Value) -> Option<Id> {
    match value {
        Value::Number(number) => number.as_i64().map(Id::Telegram),
        Value::String(text) => Uuid::try_parse(text).ok().map(Id::Ours),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn noted(parameters: &[(&str, &str)], request: &Value, answer: &Value) -> Value {
        serde_json::to_value(of(parameters.iter().copied(), request.to_string().as_bytes(), answer)).unwrap()
    }

    #[test]
    fn ids_are_taken_from_the_path_the_request_and_the_answer() {
        let id = "1b671a64-40d5-491e-99b0-da01ff1f3341";
        let request = json!({ "admin_user_id": 5, "mode": "auto", "chat_ids": [-1, -2] });
        let of = noted(&[("chat_id", "-7"), ("subscription_id", id)], &request, &json!({ "sync_id": id, "user_id": 9 }));
        let expected = json!({ "admin_user_id": [5], "chat_id": [-7], "chat_ids": [-2, -1], "subscription_id": [id], "sync_id": [id], "user_id": [9] });
        assert_eq!(of, expected);
    }

    #[test]
    fn no_name_and_no_text_is_taken() {
        let request = json!({ "user_id": 5, "first_name": "Boris", "event_id": "Boris was here", "text": "hello", "reason": "5",
            "chat_id": { "user_id": 7 }, "chat_ids": [[1], null, true, 5.5] });
        let answer = json!({ "username": "boris", "settings": { "user_id": 6 } });
        assert_eq!(noted(&[("user_id", "Boris"), ("name", "7")], &request, &answer), json!({ "user_id": [5] }));
    }

    #[test]
    fn of_a_bulk_the_rows_that_are_done_are_taken() {
        let (one, other) = ("1b671a64-40d5-491e-99b0-da01ff1f3341", "2b671a64-40d5-491e-99b0-da01ff1f3341");
        let request = json!({ "events": [{ "user_id": 5 }, { "user_id": 6 }] });
        let answer = json!({ "results": [{ "status": "created", "event_id": one }, { "status": "duplicate", "event_id": other }] });
        assert_eq!(noted(&[], &request, &answer), json!({ "event_id": [one] }));
        let answer = json!({ "results": [{ "status": "not_found", "user_id": 5 }, { "status": "updated", "user_id": 6 }] });
        assert_eq!(noted(&[], &Value::Null, &answer), json!({ "user_id": [6] }));
    }
}
