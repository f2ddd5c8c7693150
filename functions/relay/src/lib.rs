//! DynamoDB Streams → EventBridge: an event exists if and only if its write does.

mod events;

use aws::batch::{BatchAnswer, StreamBatch};
use aws::bus::Bus;
use aws::env;
use aws::lambda::{self, Context};
use std::sync::Arc;

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(|aws| async move { Ok(Bus::new(&aws, env::required("BUS")?)) }, relay)
}

/// Puts the events of all records in order. The first record that is not done is where the stream goes on.
async fn relay(bus: Arc<Bus>, batch: StreamBatch, _context: Context) -> anyhow::Result<BatchAnswer> {
    let mut answer = BatchAnswer::default();
    let mut events = Vec::new();
    // For every event the record that it is of.
    let mut sequence = Vec::new();
    for record in batch.records {
        match events::of(record.dynamodb.old_image, record.dynamodb.new_image) {
            Ok(of_record) => {
                sequence.extend(of_record.iter().map(|_| record.dynamodb.sequence_number.clone()));
                events.extend(of_record);
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), sequence_number = record.dynamodb.sequence_number, "a record cannot be read");
                answer.fail(record.dynamodb.sequence_number);
                break;
            }
        }
    }
    let put = bus.put(&events).await;
    if let Some(refused) = sequence.into_iter().nth(put) {
        // Before the one that could not be read, if there is one: the stream goes on at the first of both.
        answer.fail(refused);
    }
    Ok(answer)
}
