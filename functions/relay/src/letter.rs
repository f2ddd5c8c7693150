//! A record that is given up, as it goes to the dead letter queue.
//!
//! Its form is that in which Lambda gives up an asynchronous call (Lambda Developer Guide, "Capturing records of Lambda asynchronous
//! invocations"): whoever reads the queue knows it already.

use aws::batch::UnreadRecord;
use aws::queue::{LARGEST, Message};
use aws::time;
use domain::event::timestamp;
use serde::Serialize;
use serde_json::json;

/// The letter of a record. `function`: the ARN of this one.
///
/// An item and the one before it may be larger than a message: then only its key is in the letter.
pub fn of(record: &UnreadRecord, why: &str, function: &str) -> anyhow::Result<Message> {
    let whole = message(record, why, function)?;
    if whole.bytes() <= LARGEST { Ok(whole) } else { message(&record.without_images()?, why, function) }
}

fn message(record: &UnreadRecord, why: &str, function: &str) -> anyhow::Result<Message> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Letter<'a> {
        version: &'static str,
        timestamp: String,
        request_context: serde_json::Value,
        request_payload: Payload<'a>,
        response_payload: serde_json::Value,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Payload<'a> {
        records: [&'a UnreadRecord; 1],
    }
    let letter = Letter {
        version: "1.0",
        timestamp: timestamp(time::now()),
        request_context: json!({"functionArn": function, "condition": "GivenUp"}),
        request_payload: Payload { records: [record] },
        response_payload: json!({ "errorMessage": why }),
    };
    Message::new(&letter, 0)
}
