//! What a dead letter is, and the line that tells of it: ids, never names or texts of people.

use std::collections::BTreeMap;

use domain::notification::Notification;
use domain::sync::ChunkMessage;
use serde_json::Value;

use super::queue::QueueName;

/// The longest error that is printed, in characters.
const LONGEST_ERROR: usize = 300;

/// Fields of an event's payload that are printed: ids of ours and of Telegram's.
const IDS: [&str; 9] = [
    "ban_event_id",
    "sync_id",
    "subscription_id",
    "user_id",
    "admin_user_id",
    "chat_id",
    "source_chat_id",
    "migrated_to",
    "initiator_user_id",
];

/// The functions of the stack: physical names by ours.
pub type Functions = BTreeMap<String, String>;

#[derive(Debug)]
pub enum Letter {
    /// Of the sync queue.
    Chunk(ChunkMessage),
    /// Of the notification queue.
    Notification(Box<Notification>),
    /// An event of the bus that its rule could not hand over (EventBridge User Guide, "Using dead-letter queues to process undelivered
    /// events").
    BusEvent { event: Value, target: String, rule: String, error: String },
    /// An asynchronous call that failed (Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations").
    Invocation { function: String, event: Value, error: String },
    /// Records of a table's stream that a function did not take (Lambda Developer Guide, "Retain discarded batches for a DynamoDB event
    /// source"). The records themselves are not in it.
    Batch { function: String, batch: StreamBatch, error: String },
    /// One record of a table's stream that relay gave up.
    Record { function: String, record: Value, error: String },
    /// Facts that could not be sent on to be counted, or not be stored.
    Facts { bytes: usize },
    /// None of these, or of another version.
    Other { bytes: usize },
}

/// Where the records of a batch are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamBatch {
    pub stream_arn: String,
    pub shard_id: String,
    pub start_sequence_number: String,
    pub end_sequence_number: String,
    /// RFC 3339.
    pub approximate_arrival_of_first_record: Option<String>,
}

impl Letter {
    /// `attributes`: those of the message.
    pub fn read(queue: QueueName, body: &str, attributes: &BTreeMap<String, String>) -> Self {
        let other = Self::Other { bytes: body.len() };
        match queue {
            QueueName::Sync => serde_json::from_str(body).map_or(other, Self::Chunk),
            QueueName::Notification => serde_json::from_str(body).map_or(other, Self::Notification),
            QueueName::Events => serde_json::from_str(body).ok().and_then(|body| of_events(body, attributes)).unwrap_or(other),
        }
    }

    pub fn describe(&self, functions: &Functions) -> String {
        let name = |arn: &str| function_name(functions, arn).unwrap_or_else(|| arn.to_owned());
        match self {
            Self::Chunk(chunk) => {
                let ChunkMessage { sync_id, ban_event_id, chunk, user_id, targets, .. } = chunk;
                format!("chunk {chunk} of sync {sync_id}: {} targets, user_id {user_id}, ban_event_id {ban_event_id}", targets.len())
            }
            Self::Notification(notification) => {
                let about = id(&notification.correlation_id.as_str().into()).map(|id| format!(", correlation_id {id}")).unwrap_or_default();
                format!("{} to {}{about}", notification.content.type_name(), notification.recipient)
            }
            Self::BusEvent { event, target, rule, error } => {
                let rule = rule.rsplit('/').next().unwrap_or_default();
                format!("event {} for {} by rule {rule}: {error}", event_line(event), name(target))
            }
            Self::Invocation { function, event, error } => format!("call of {} with {}: {error}", name(function), event_line(event)),
            Self::Batch { function, batch, error } => {
                let StreamBatch { stream_arn, shard_id, start_sequence_number: first, end_sequence_number: last, .. } = batch;
                let stream = stream_name(stream_arn);
                format!("records {first} to {last} of shard {shard_id} of {stream} for {}: {error}", name(function))
            }
            Self::Record { function, record, error } => {
                let (place, stream) = (text(&record["dynamodb"]["SequenceNumber"]), stream_name(text(&record["eventSourceARN"])));
                format!("record {place} of {stream} for {}: {error}", name(function))
            }
            Self::Facts { bytes } => format!("{bytes} bytes of facts that are not counted"),
            Self::Other { bytes } => format!("{bytes} bytes that nothing here knows"),
        }
    }
}

fn of_events(mut body: Value, attributes: &BTreeMap<String, String>) -> Option<Letter> {
    if body["counted"].is_array() {
        return Some(Letter::Facts { bytes: body.to_string().len() });
    }
    let function = body["requestContext"]["functionArn"].as_str().map(str::to_owned);
    let condition = body["requestContext"]["condition"].as_str().unwrap_or_default();
    if let Some(function) = function {
        let payload = &body["responsePayload"];
        let parts =
            [condition, text(&body["responseContext"]["functionError"]), text(&payload["errorType"]), text(&payload["errorMessage"])];
        let error = error(&parts);
        let batch = serde_json::from_value(body["DDBStreamBatchInfo"].take()).ok();
        return match (batch, body["requestPayload"].take()) {
            (Some(batch), _) => Some(Letter::Batch { function, batch, error }),
            (None, Value::Null) => None,
            (None, mut event) if event["Records"][0]["dynamodb"].is_object() => {
                Some(Letter::Record { function, record: event["Records"][0].take(), error })
            }
            (None, event) => Some(Letter::Invocation { function, event, error }),
        };
    }
    let attribute = |name: &str| attributes.get(name).map(String::as_str).unwrap_or_default();
    let is_event = body["detail-type"].is_string() && body["detail"].is_object();
    is_event.then(|| Letter::BusEvent {
        target: attribute("TARGET_ARN").to_owned(),
        rule: attribute("RULE_ARN").to_owned(),
        error: error(&[attribute("ERROR_CODE"), attribute("ERROR_MESSAGE")]),
        event: body,
    })
}

/// Our name of the function that an ARN is of; the ARN may name a version, too. `None`: it is none of the stack's.
pub fn function_name(functions: &Functions, arn: &str) -> Option<String> {
    let physical = arn.split_once(":function:")?.1.split(':').next()?;
    functions.iter().find(|(_, of)| *of == physical).map(|(name, _)| name.clone())
}

/// The table of a stream, and which of its streams it is.
fn stream_name(arn: &str) -> &str {
    arn.split_once(":table/").map_or(arn, |(_, stream)| stream)
}

/// An event's type and the ids in it.
fn event_line(event: &Value) -> String {
    let payload = &event["detail"]["payload"];
    let ids = IDS.iter().filter_map(|name| Some(format!("{name} {}", id(&payload[*name])?)));
    let ids: Vec<String> = ids.collect();
    let event_type = event["detail-type"].as_str().unwrap_or("something that is no event");
    if ids.is_empty() { event_type.to_owned() } else { format!("{event_type} ({})", ids.join(", ")) }
}

/// A value that cannot be more than an id: a number, or a UUID's characters.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => text.chars().all(|c| c.is_ascii_hexdigit() || c == '-').then(|| text.clone()),
        _ => None,
    }
}

fn error(parts: &[&str]) -> String {
    let mut words: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    words.dedup();
    let text = without_quoted(&words.join(": ")).replace(['\n', '\r'], " ");
    if text.is_empty() { "no error is named".to_owned() } else { text.chars().take(LONGEST_ERROR).collect() }
}

/// An error's text without what it quotes: a parser quotes what it read, which may be somebody's name.
fn without_quoted(text: &str) -> String {
    let (mut kept, mut quote, mut escaped) = (String::new(), None, false);
    for letter in text.chars() {
        match quote {
            None => {
                kept.push(letter);
                if letter == '"' || letter == '`' {
                    quote = Some(letter);
                }
            }
            Some(_) if escaped => escaped = false,
            Some('"') if letter == '\\' => escaped = true,
            Some(end) if letter == end => {
                kept.extend(['…', end]);
                quote = None;
            }
            Some(_) => {}
        }
    }
    kept
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PLANNER: &str = "arn:aws:lambda:us-east-1:123456789012:function:bansync-SyncPlannerFunction-1EXAMPLE";

    fn line(queue: QueueName, body: &str, attributes: &[(&str, &str)]) -> String {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let functions = [("sync-planner", "bansync-SyncPlannerFunction-1EXAMPLE"), ("relay", "bansync-RelayFunction-1EXAMPLE")];
        let functions = functions.map(|(name, of)| (name.to_owned(), of.to_owned())).into();
        Letter::read(queue, body, &attributes).describe(&functions)
    }

    /// The body of the message in one of `events/`.
    fn example(text: &str) -> String {
        let event: Value = serde_json::from_str(text).unwrap();
        event["Records"][0]["body"].as_str().unwrap().to_owned()
    }

    fn ban_detected() -> Value {
        serde_json::from_str(include_str!("../../../../events/sync-planner-ban-detected.json")).unwrap()
    }

    #[test]
    fn a_chunk_is_told_by_its_sync_its_number_and_its_targets() {
        let chunk = example(include_str!("../../../../events/sync-worker-chunk.json"));
        assert_eq!(
            line(QueueName::Sync, &chunk, &[]),
            "chunk 0 of sync 294ad5f7-5877-5534-ac53-9db2648f42cd: 3 targets, user_id 5100000099, \
             ban_event_id 139303ff-d700-5682-9acc-48f1b2a8f22e"
        );
        assert_eq!(line(QueueName::Sync, r#"{"sync_id": 5}"#, &[]), "14 bytes that nothing here knows");
    }

    #[test]
    fn facts_are_told_by_their_size() {
        let body = r#"{"counted":[{"day":1,"facts":"AQ==","ids":""}]}"#;
        assert_eq!(line(QueueName::Events, body, &[]), "47 bytes of facts that are not counted");
    }

    #[test]
    fn a_notification_is_told_by_its_type_and_its_recipient_without_names() {
        let report = example(include_str!("../../../../events/notification-sender-report.json"));
        let told = line(QueueName::Notification, &report, &[]);
        assert_eq!(told, "sync_report to 5100000002, correlation_id 139303ff-d700-5682-9acc-48f1b2a8f22e");
    }

    #[test]
    fn an_event_of_the_bus_is_told_with_its_rule_its_function_and_the_error() {
        let attributes = [
            ("RULE_ARN", "arn:aws:events:us-east-1:123456789012:rule/bansync-bus/bansync-BanDetectedRule-1EXAMPLE"),
            ("TARGET_ARN", PLANNER),
            ("ERROR_CODE", "NO_PERMISSIONS"),
            ("ERROR_MESSAGE", "User is not authorized to perform: lambda:InvokeFunction"),
            ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"),
        ];
        assert_eq!(
            line(QueueName::Events, &ban_detected().to_string(), &attributes),
            "event ban.detected (ban_event_id 139303ff-d700-5682-9acc-48f1b2a8f22e, user_id 5100000099, chat_id -1002100000001, \
             initiator_user_id 5100000001) for sync-planner by rule bansync-BanDetectedRule-1EXAMPLE: NO_PERMISSIONS: \
             User is not authorized to perform: lambda:InvokeFunction"
        );
    }

    #[test]
    fn a_failed_call_is_told_with_its_function_its_event_and_the_error() {
        let body = json!({
            "version": "1.0", "timestamp": "2026-01-01T10:03:00.000Z",
            "requestContext": {"requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e", "functionArn": format!("{PLANNER}:$LATEST"),
                "condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": ban_detected(),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorType": "Error", "errorMessage": "invalid type: string \"Mallet \\\"M\\\" Spamson\", expected i64\nat 1"},
        });
        let told = line(QueueName::Events, &body.to_string(), &[]);
        assert!(told.starts_with("call of sync-planner with ban.detected (ban_event_id 139303ff"), "{told}");
        assert!(told.ends_with(": RetriesExhausted: Unhandled: Error: invalid type: string \"…\", expected i64 at 1"), "{told}");
    }

    #[test]
    fn a_batch_of_a_stream_is_told_by_where_it_is() {
        let body = json!({
            "requestContext": {"requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81", "condition": "RetryAttemptsExhausted",
                "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:bansync-RelayFunction-1EXAMPLE", "approximateInvokeCount": 21},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0", "timestamp": "2026-01-01T10:13:49.717Z",
            "DDBStreamBatchInfo": {"shardId": "shardId-00000001573689847184-864758bb", "startSequenceNumber": "800000000003126276362",
                "endSequenceNumber": "800000000003126276363", "approximateArrivalOfFirstRecord": "2026-01-01T10:13:19Z",
                "approximateArrivalOfLastRecord": "2026-01-01T10:13:19Z", "batchSize": 2,
                "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/bansync-BansTable-1EXAMPLE/stream/2026-01-01T09:00:00.000"},
        });
        assert_eq!(
            line(QueueName::Events, &body.to_string(), &[]),
            "records 800000000003126276362 to 800000000003126276363 of shard shardId-00000001573689847184-864758bb of \
             bansync-BansTable-1EXAMPLE/stream/2026-01-01T09:00:00.000 for relay: RetryAttemptsExhausted: Unhandled"
        );
    }

    #[test]
    fn a_record_that_relay_gave_up_is_told_by_its_place() {
        let record = json!({"eventName": "INSERT", "dynamodb": {"SequenceNumber": "800", "Keys": {"pk": {"S": "NAME#mallet"}}},
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/bansync-UsersTable-1EXAMPLE/stream/2026-01-01T09:00:00.000"});
        let body = json!({
            "version": "1.0", "timestamp": "2026-01-01T10:03:00Z",
            "requestContext": {"functionArn": "arn:aws:lambda:us-east-1:123456789012:function:bansync-RelayFunction-1EXAMPLE", "condition": "GivenUp"},
            "requestPayload": {"Records": [record]},
            "responsePayload": {"errorMessage": "a chat: invalid type: string \"Mallet\", expected i64"},
        });
        assert_eq!(
            line(QueueName::Events, &body.to_string(), &[]),
            "record 800 of bansync-UsersTable-1EXAMPLE/stream/2026-01-01T09:00:00.000 for relay: \
             GivenUp: a chat: invalid type: string \"…\", expected i64"
        );
    }

    #[test]
    fn what_is_none_of_these_is_told_by_its_length_alone() {
        for body in ["no JSON", "{}", "[1]", r#"{"detail-type": "x"}"#, r#"{"requestContext": {"functionArn": "a"}}"#] {
            assert_eq!(line(QueueName::Events, body, &[]), format!("{} bytes that nothing here knows", body.len()));
        }
    }

    #[test]
    fn an_event_that_names_somebody_where_an_id_belongs_is_told_without_it() {
        let event = json!({"detail-type": "ban.detected", "detail": {"payload": {"user_id": "Mallet", "chat_id": 5}}});
        assert_eq!(event_line(&event), "ban.detected (chat_id 5)");
    }
}
