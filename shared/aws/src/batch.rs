//! Batches from queues and streams. Every record is parsed and answered on its own: one that fails does not fail the others.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use serde_dynamo::Item;

/// A batch of SQS messages.
#[derive(Debug, Deserialize)]
pub struct QueueBatch {
    #[serde(rename = "Records")]
    pub records: Vec<QueueRecord>,
}

/// An SQS message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueRecord {
    pub message_id: String,
    pub body: String,
    #[serde(default)]
    attributes: QueueAttributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    #[serde(default)]
    approximate_receive_count: String,
}

impl QueueRecord {
    /// How often the message was received, this time included (SQS API, `ReceiveMessage`, `ApproximateReceiveCount`).
    pub fn receives(&self) -> u32 {
        self.attributes.approximate_receive_count.parse().unwrap_or(1)
    }
}

/// A batch of records of a DynamoDB stream.
#[derive(Debug, Deserialize)]
pub struct StreamBatch {
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// A batch of records of a DynamoDB stream that are read one by one: so one that cannot be read does not fail the others.
#[derive(Debug, Deserialize)]
pub struct UnreadBatch {
    #[serde(rename = "Records")]
    pub records: Vec<UnreadRecord>,
}

/// A record as Lambda delivers it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct UnreadRecord(Box<RawValue>);

impl UnreadRecord {
    pub fn read(&self) -> anyhow::Result<StreamRecord> {
        Ok(serde_json::from_str(self.0.get())?)
    }

    /// The record's place in its shard.
    pub fn sequence_number(&self) -> anyhow::Result<String> {
        #[derive(Deserialize)]
        struct Placed {
            dynamodb: Place,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Place {
            sequence_number: String,
        }
        Ok(serde_json::from_str::<Placed>(self.0.get())?.dynamodb.sequence_number)
    }

    /// Which item has changed, without its content.
    pub fn without_images(&self) -> anyhow::Result<Self> {
        let mut record: serde_json::Value = serde_json::from_str(self.0.get())?;
        if let Some(change) = record["dynamodb"].as_object_mut() {
            change.retain(|name, _| !matches!(name.as_str(), "NewImage" | "OldImage"));
        }
        Ok(Self(serde_json::value::to_raw_value(&record)?))
    }
}

/// A change of an item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamRecord {
    pub dynamodb: Change,
    #[serde(default)]
    user_identity: Option<Identity>,
}

/// Who changed an item, where it was not somebody who called the store.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    #[serde(default)]
    principal_id: String,
}

impl StreamRecord {
    /// Did the store itself remove the item, because its time had run out? (DynamoDB Developer Guide, "DynamoDB Streams and Time to Live")
    pub fn is_by_service(&self) -> bool {
        self.user_identity.as_ref().is_some_and(|identity| identity.principal_id == "dynamodb.amazonaws.com")
    }
}

/// An item before and after a change.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    /// The record's place in its shard.
    pub sequence_number: String,
    /// Absent when the item was removed.
    #[serde(default)]
    pub new_image: Option<Item>,
    /// Absent when the item was inserted.
    #[serde(default)]
    pub old_image: Option<Item>,
}

/// The item as one of the store's types.
pub fn read<T: DeserializeOwned>(item: Item) -> anyhow::Result<T> {
    Ok(serde_dynamo::from_item(item)?)
}

/// An event from the bus.
#[derive(Debug, Deserialize)]
pub struct BusEvent<T> {
    pub detail: T,
}

/// Messages of an SNS topic (Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications").
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TopicEvent {
    pub records: Vec<TopicRecord>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TopicRecord {
    pub sns: TopicMessage,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TopicMessage {
    pub message_id: String,
    pub message: String,
}

/// Which records of a batch are to be brought again. Of a queue: these; of a stream: this one and all after it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchAnswer {
    #[serde(rename = "batchItemFailures")]
    failures: Vec<ItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct ItemFailure {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

impl BatchAnswer {
    /// `id`: message id or sequence number.
    pub fn fail(&mut self, id: String) {
        self.failures.push(ItemFailure { id });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_record_is_read_as_lambda_delivers_it() {
        let json = r#"{"Records":[{"eventID":"1","eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"a"}},"SequenceNumber":"111",
            "NewImage":{"pk":{"S":"a"},"n":{"N":"-1001"},"flag":{"BOOL":true},"none":{"NULL":true},"list":{"L":[{"N":"1"}]}},
            "StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"arn"}]}"#;
        let batch: StreamBatch = serde_json::from_str(json).unwrap();
        let change = &batch.records[0].dynamodb;
        assert_eq!(change.sequence_number, "111");
        #[derive(Debug, PartialEq, Deserialize)]
        struct Row {
            n: i64,
            flag: bool,
            none: Option<i64>,
            list: Vec<i64>,
        }
        let row: Row = serde_dynamo::from_item(change.new_image.clone().unwrap()).unwrap();
        assert_eq!(row, Row { n: -1001, flag: true, none: None, list: vec![1] });
        assert!(change.old_image.is_none());
    }

    #[test]
    fn a_message_tells_how_often_it_was_received() {
        let receives = |json: &str| serde_json::from_str::<QueueRecord>(json).unwrap().receives();
        assert_eq!(receives(r#"{"messageId": "1", "body": "", "attributes": {"ApproximateReceiveCount": "5", "SentTimestamp": "1"}}"#), 5);
        assert_eq!(receives(r#"{"messageId": "1", "body": ""}"#), 1);
    }

    #[test]
    fn a_record_that_cannot_be_read_has_a_place_all_the_same() {
        let json = r#"{"Records":[{"dynamodb":{"SequenceNumber":"1","NewImage":{"a":{"X":1}},"OldImage":{},"Keys":{"pk":{"S":"a"}}}}]}"#;
        let batch: UnreadBatch = serde_json::from_str(json).unwrap();
        let record = &batch.records[0];
        assert!(record.read().is_err());
        assert_eq!(record.sequence_number().unwrap(), "1");
        let without = serde_json::to_value(record.without_images().unwrap()).unwrap();
        assert_eq!(without, serde_json::json!({"dynamodb": {"SequenceNumber": "1", "Keys": {"pk": {"S": "a"}}}}));
    }

    #[test]
    fn an_answer_names_what_failed_in_lambdas_words() {
        let mut answer = BatchAnswer::default();
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"batchItemFailures":[]}"#);
        answer.fail("7".to_owned());
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"batchItemFailures":[{"itemIdentifier":"7"}]}"#);
    }
}
