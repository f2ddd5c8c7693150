//! A dead letter queue, and taking out of it without losing anything: what is taken is only hidden, and comes back by itself.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::aws::Aws;

/// Messages in one call (an SQS limit).
pub const BATCH: usize = 10;

/// How long a message is hidden at least, in seconds.
const HIDDEN: u64 = 30;

/// The longest that a message can be hidden, in seconds (an SQS limit).
const LONGEST_HIDDEN: u64 = 43_200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum QueueName {
    /// Chunks of syncs
    #[value(alias = "sync_dlq")]
    Sync,
    /// Messages to admins
    #[value(alias = "notification_dlq")]
    Notification,
    /// Events of the bus, calls of functions and records of streams
    #[value(alias = "events_dlq")]
    Events,
}

impl QueueName {
    pub const ALL: [Self; 3] = [Self::Sync, Self::Notification, Self::Events];

    /// Its key in `Stack::queues`.
    pub fn dead(self) -> &'static str {
        match self {
            Self::Sync => "sync_dlq",
            Self::Notification => "notification_dlq",
            Self::Events => "events_dlq",
        }
    }

    /// How long it may take to try one of its messages again, in seconds: a queue takes ten at once, a function works.
    pub fn seconds_to_redrive(self) -> u64 {
        match self {
            Self::Sync | Self::Notification => 1,
            Self::Events => 40,
        }
    }
}

/// A message as it was received.
#[derive(Debug, Default)]
pub struct Message {
    pub id: String,
    pub body: String,
    /// Its attributes that are text, by name.
    pub attributes: BTreeMap<String, String>,
    /// This time included.
    pub receives: String,
    /// Milliseconds since 1970.
    pub sent_at: Option<i64>,
    /// By which it is deleted: that of the last time it was received.
    pub receipt: String,
}

impl Message {
    fn read(message: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let attribute = |(name, value): (&String, &Value)| Some((name.clone(), value["StringValue"].as_str()?.to_owned()));
        Ok(Self {
            id: message["MessageId"].as_str().context("a message has an id")?.to_owned(),
            body: text(&message["Body"]),
            attributes: message["MessageAttributes"].as_object().into_iter().flatten().filter_map(attribute).collect(),
            receives: text(&message["Attributes"]["ApproximateReceiveCount"]),
            sent_at: message["Attributes"]["SentTimestamp"].as_str().and_then(|at| at.parse().ok()),
            receipt: text(&message["ReceiptHandle"]),
        })
    }

    /// When it came, to a second.
    pub fn sent(&self) -> String {
        let at = self.sent_at.and_then(|at| jiff::Timestamp::from_second(at / 1000).ok());
        at.map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string())
    }
}

pub struct DeadLetters {
    aws: Aws,
    url: String,
}

impl DeadLetters {
    pub fn new(aws: Aws, url: String) -> Self {
        Self { aws, url }
    }

    /// All its messages, which nobody else receives for a while: `seconds` for each, and some. Whoever is done sooner puts them back.
    pub fn take(&self, seconds: u64) -> Result<Vec<Message>> {
        let count = json!({"QueueUrl": self.url, "AttributeNames": ["ApproximateNumberOfMessages"]});
        let count = self.aws.call("sqs", "get_queue_attributes", &count)?;
        let waiting = count["Attributes"]["ApproximateNumberOfMessages"].as_str().and_then(|count| count.parse::<u64>().ok());
        let hidden = (HIDDEN + seconds * waiting.unwrap_or_default()).min(LONGEST_HIDDEN);
        // With a wait every server of the queue is asked: an answer without messages means that there are none.
        let receive = json!({"QueueUrl": self.url, "MaxNumberOfMessages": BATCH, "VisibilityTimeout": hidden, "WaitTimeSeconds": 1,
            "AttributeNames": ["SentTimestamp", "ApproximateReceiveCount"], "MessageAttributeNames": ["All"]});
        let mut messages: Vec<Message> = Vec::new();
        loop {
            let answer = self.aws.call("sqs", "receive_message", &receive)?;
            let known = messages.len();
            for received in answer["Messages"].as_array().into_iter().flatten() {
                let received = Message::read(received)?;
                // A queue may deliver twice; the newest receipt is the good one.
                match messages.iter_mut().find(|message| message.id == received.id) {
                    Some(message) => *message = received,
                    None => messages.push(received),
                }
            }
            if messages.len() == known {
                messages.sort_by(|a, b| (a.sent_at, &a.id).cmp(&(b.sent_at, &b.id)));
                return Ok(messages);
            }
        }
    }

    /// Lets others receive them now. Where that fails, they come back when they were hidden long enough, which is told.
    pub fn put_back(&self, messages: &[&Message]) {
        let refused = self.all(messages, "change_message_visibility_batch", json!({"VisibilityTimeout": 0}));
        if let Some(why) = refused.values().next() {
            eprintln!("{} messages come back a little later: {why}", refused.len());
        }
    }

    /// Deletes them; which are still there, by id, and why.
    pub fn delete(&self, messages: &[&Message]) -> BTreeMap<String, String> {
        self.all(messages, "delete_message_batch", json!({}))
    }

    /// Calls a batch operation for all; which were refused, by id, and why.
    fn all(&self, messages: &[&Message], operation: &str, entry: Value) -> BTreeMap<String, String> {
        let mut refused = BTreeMap::new();
        for some in messages.chunks(BATCH) {
            let entries = some.iter().enumerate().map(|(n, message)| {
                let mut entry = entry.clone();
                entry["Id"] = n.to_string().into();
                entry["ReceiptHandle"] = message.receipt.as_str().into();
                entry
            });
            let answer = self.aws.call("sqs", operation, &json!({"QueueUrl": self.url, "Entries": entries.collect::<Vec<Value>>()}));
            let whys = answer.map(|answer| failures(&answer));
            for (n, message) in some.iter().enumerate() {
                let why = match &whys {
                    Ok(whys) => whys.get(&n).cloned(),
                    Err(error) => Some(format!("{error:#}")),
                };
                refused.extend(why.map(|why| (message.id.clone(), why)));
            }
        }
        refused
    }
}

/// The entries of a batch that were refused, by their number, and why: such an answer is a success all the same.
pub fn failures(answer: &Value) -> BTreeMap<usize, String> {
    let of = |entry: &Value| {
        let why = [&entry["Code"], &entry["Message"]].map(|part| part.as_str().unwrap_or_default()).join(" ");
        Some((entry["Id"].as_str()?.parse().ok()?, why.trim().to_owned()))
    };
    answer["Failed"].as_array().into_iter().flatten().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_sqs_hands_it_over() {
        let message = Message::read(&json!({
            "MessageId": "4d1f3d5e-2f53-4c52-9b1a-4f2f0f7a1c01", "ReceiptHandle": "AQEB", "Body": "{}",
            "Attributes": {"SentTimestamp": "1767261600123", "ApproximateReceiveCount": "6"},
            "MessageAttributes": {"ERROR_CODE": {"StringValue": "NO_PERMISSIONS", "DataType": "String"},
                "OTHER": {"BinaryValue": "b'x'", "DataType": "Binary"}},
        }));
        let message = message.unwrap();
        assert_eq!((message.sent().as_str(), message.receives.as_str()), ("2026-01-01T10:00:00Z", "6"));
        assert_eq!(message.attributes, BTreeMap::from([("ERROR_CODE".to_owned(), "NO_PERMISSIONS".to_owned())]));
        assert!(Message::read(&json!({"Body": "{}"})).is_err());
    }

    #[test]
    fn refused_entries_inside_a_success_are_read() {
        let answer = json!({"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": false}]});
        assert_eq!(failures(&answer), BTreeMap::from([(1, "InternalError".to_owned())]));
        assert!(failures(&json!({"Successful": [{"Id": "0"}]})).is_empty());
    }
}
