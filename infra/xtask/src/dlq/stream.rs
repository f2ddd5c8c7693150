//! Records of a table's stream, read again and in the shape in which Lambda hands them over.

use anyhow::{Context, Result, bail, ensure};
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::filter;
use super::letter::StreamBatch;
use crate::aws::Aws;

/// How many answers in a row may be without records: a shard that is still written to has no end.
const EMPTY_ANSWERS: usize = 50;

/// The records of a batch that the function reads, at least one. Between them are others, which are not for it.
pub fn records(aws: &Aws, function: &str, batch: &StreamBatch) -> Result<Vec<Value>> {
    let mappings = json!({"FunctionName": function, "EventSourceArn": batch.stream_arn});
    let mappings = aws.call("lambda", "list_event_source_mappings", &mappings)?;
    let mappings = mappings["EventSourceMappings"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(!mappings.is_empty(), "the function reads this stream no more");

    let mut wanted = Vec::new();
    for record in read(aws, batch).with_context(|| why(batch, Timestamp::now()))? {
        let record = as_lambda(&record, &batch.stream_arn)?;
        if filter::is_wanted(mappings, &record)? {
            wanted.push(record);
        }
    }
    ensure!(!wanted.is_empty(), "none of the records is for the function, as its filters are now");
    Ok(wanted)
}

/// A record that was given up, with its item as that is now: mended, or without what was erased since.
pub fn as_now(aws: &Aws, mut record: Value) -> Result<Value> {
    let table = record["eventSourceARN"].as_str().and_then(|arn| arn.split_once(":table/")?.1.split('/').next());
    let get = json!({"TableName": table.context("a record names its stream")?, "Key": record["dynamodb"]["Keys"], "ConsistentRead": true});
    let item = aws.call("dynamodb", "get_item", &get)?["Item"].take();
    ensure!(item.is_object(), "its item is gone: only `drop` is left for this message");
    ensure!(!has_bytes(&item), "its item holds bytes, which cannot be carried over");
    record["dynamodb"]["NewImage"] = item;
    Ok(record)
}

/// All records of a batch, as boto3 answers them.
fn read(aws: &Aws, batch: &StreamBatch) -> Result<Vec<Value>> {
    let start = json!({"StreamArn": batch.stream_arn, "ShardId": batch.shard_id, "ShardIteratorType": "AT_SEQUENCE_NUMBER",
        "SequenceNumber": batch.start_sequence_number});
    let mut next = aws.call("dynamodbstreams", "get_shard_iterator", &start)?["ShardIterator"].take();
    let (mut records, mut empty) = (Vec::new(), 0);
    while next.is_string() && empty < EMPTY_ANSWERS {
        let mut page = aws.call("dynamodbstreams", "get_records", &json!({ "ShardIterator": next }))?;
        next = page["NextShardIterator"].take();
        let Value::Array(page) = page["Records"].take() else { bail!("an answer without a list of records") };
        empty = if page.is_empty() { empty + 1 } else { 0 };
        for record in page {
            let place = record["dynamodb"]["SequenceNumber"].as_str().context("a record has a sequence number")?;
            let (place, end) = (number(place), number(&batch.end_sequence_number));
            if place <= end {
                records.push(record.clone());
            }
            if place >= end {
                return Ok(records);
            }
        }
    }
    bail!("the stream ends before record {}", batch.end_sequence_number)
}

/// Why records cannot be read, so far as their age tells.
fn why(batch: &StreamBatch, now: Timestamp) -> String {
    let arrived = batch.approximate_arrival_of_first_record.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    match arrived {
        Some(at) if at + 24.hours() < now => {
            format!("the records of {at} are gone: a stream keeps them for 24 hours. Only `drop` is left for this message")
        }
        _ => "the records cannot be read; if AWS says TrimmedDataAccessException, they are gone".to_owned(),
    }
}

/// Decimal numbers of any length, in their order.
fn number(text: &str) -> (usize, &str) {
    let digits = text.trim_start_matches('0');
    (digits.len(), digits)
}

/// Lambda's names and types where they are not those of the API of streams.
fn as_lambda(record: &Value, stream_arn: &str) -> Result<Value> {
    let mut record = record.as_object().context("a record is an object")?.clone();
    let mut change = record.get("dynamodb").and_then(Value::as_object).context("a record tells of a change")?.clone();
    if let Some(created) = change.get_mut("ApproximateCreationDateTime") {
        // Python prints a date and a time with a space between them.
        let at: Timestamp = created.as_str().context("a date is text")?.replacen(' ', "T", 1).parse().context("no date and time")?;
        *created = at.as_second().into();
    }
    for image in ["Keys", "NewImage", "OldImage"] {
        // Python prints bytes in a way that does not lead back.
        ensure!(!change.get(image).is_some_and(has_bytes), "its records hold bytes, which cannot be carried over");
    }
    // Lambda leaves out what is not there.
    change.retain(|_, value| !value.is_null());
    if let Some(identity) = record.get("userIdentity").and_then(Value::as_object) {
        // The local AWS names these fields otherwise than AWS, and boto3 leaves them out.
        let field = |name: &str| identity.get(name).cloned().context("it is not told who removed a record: only time, or a person");
        let identity = json!({"type": field("Type")?, "principalId": field("PrincipalId")?});
        record.insert("userIdentity".to_owned(), identity);
    }
    record.insert("dynamodb".to_owned(), change.into());
    record.insert("eventSourceARN".to_owned(), stream_arn.into());
    Ok(record.into())
}

/// Whether an image has an attribute of bytes, at any depth.
fn has_bytes(image: &Value) -> bool {
    let attribute = |value: &Value| {
        let typed = |(kind, value): (&String, &Value)| match kind.as_str() {
            "B" | "BS" => true,
            "M" => has_bytes(value),
            "L" => value.as_array().into_iter().flatten().any(|value| has_bytes(&Map::from_iter([(String::new(), value.clone())]).into())),
            _ => false,
        };
        value.as_object().is_some_and(|attribute| attribute.iter().any(typed))
    };
    image.as_object().is_some_and(|image| image.values().any(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-01T09:00:00.000";

    fn record(change: Value) -> Value {
        json!({"eventID": "1", "eventName": "REMOVE", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
            "dynamodb": change, "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}})
    }

    #[test]
    fn a_record_of_the_api_becomes_one_as_lambda_hands_it_over() {
        let given = json!({"ApproximateCreationDateTime": "2026-01-01 11:00:00+01:00", "Keys": {"pk": {"S": "a"}},
            "OldImage": {"pk": {"S": "a"}}, "SequenceNumber": "800", "SizeBytes": 6, "StreamViewType": "NEW_AND_OLD_IMAGES"});
        let handed = as_lambda(&record(given), STREAM).unwrap();
        assert_eq!(handed["dynamodb"]["ApproximateCreationDateTime"], json!(1_767_261_600));
        assert_eq!(handed["userIdentity"], json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"}));
        assert_eq!((&handed["eventSourceARN"], &handed["eventName"]), (&json!(STREAM), &json!("REMOVE")));
        assert_eq!((&handed["dynamodb"]["SequenceNumber"], &handed["dynamodb"]["SizeBytes"]), (&json!("800"), &json!(6)));
    }

    #[test]
    fn bytes_are_not_carried_over_wrongly() {
        let of = |image: Value| as_lambda(&record(json!({"SequenceNumber": "1", "NewImage": image})), STREAM);
        for image in [json!({"a": {"B": "b'x'"}}), json!({"a": {"M": {"b": {"BS": ["b'x'"]}}}}), json!({"a": {"L": [{"B": "b'x'"}]}})] {
            assert!(of(image.clone()).is_err(), "{image}");
        }
        assert!(of(json!({"B": {"S": "x"}, "m": {"M": {"B": {"N": "1"}}}, "l": {"L": [{"S": "x"}]}})).is_ok());
    }

    #[test]
    fn where_nobody_tells_who_removed_a_record_it_is_not_guessed() {
        let mut record = record(json!({"SequenceNumber": "1"}));
        record["userIdentity"] = json!({});
        assert!(as_lambda(&record, STREAM).is_err());
    }

    #[test]
    fn sequence_numbers_are_compared_as_numbers() {
        assert!(number("99") < number("100"));
        assert!(number("0099") == number("99"));
        assert!(number("800000000003126276363") > number("800000000003126276362"));
    }

    #[test]
    fn records_older_than_a_day_are_told_to_be_gone() {
        let batch = |at: Option<&str>| StreamBatch {
            stream_arn: STREAM.to_owned(),
            shard_id: "shard".to_owned(),
            start_sequence_number: "1".to_owned(),
            end_sequence_number: "2".to_owned(),
            approximate_arrival_of_first_record: at.map(str::to_owned),
        };
        let now: Timestamp = "2026-01-03T10:00:00Z".parse().unwrap();
        assert!(why(&batch(Some("2026-01-02T09:00:00Z")), now).contains("are gone: a stream keeps them for 24 hours"));
        assert!(why(&batch(Some("2026-01-02T11:00:00Z")), now).contains("cannot be read"));
        assert!(why(&batch(None), now).contains("cannot be read"));
    }
}
