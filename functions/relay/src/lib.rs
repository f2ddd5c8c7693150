//! DynamoDB Streams → EventBridge: an event exists if and only if its write does. And → S3: what expires is archived.

mod archive;
mod events;

use aws::archive::{Archive, Object};
use aws::batch::{BatchAnswer, StreamBatch};
use aws::bus::Bus;
use aws::lambda::{self, Context};
use aws::{Aws, env, metrics};
use std::sync::Arc;

struct Relay {
    bus: Bus,
    archive: Archive,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        || async {
            let aws = Aws::from_env().await;
            Ok(Relay { bus: Bus::new(&aws, env::required("BUS")?), archive: Archive::new(&aws, env::required("ARCHIVE_BUCKET")?) })
        },
        relay,
    )
}

/// Archives what expired, and puts the events of all records in order. The first record that is not done is where the stream goes on.
async fn relay(relay: Arc<Relay>, batch: StreamBatch, _context: Context) -> anyhow::Result<BatchAnswer> {
    let mut answer = BatchAnswer::default();
    relay.archive(&batch, &mut answer).await?;
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
    let put = relay.bus.put(&events).await;
    if let Some(refused) = sequence.into_iter().nth(put) {
        // Before the one that could not be read, if there is one: the stream goes on at the first of both.
        answer.fail(refused);
    }
    Ok(answer)
}

impl Relay {
    /// Writes the expired items of a batch to the archive. Where an object could not be written, its records come again.
    async fn archive(&self, batch: &StreamBatch, answer: &mut BatchAnswer) -> anyhow::Result<()> {
        let expired = batch.records.iter().filter_map(|record| Some((record.dynamodb.sequence_number.as_str(), archive::expired(record)?)));
        let (first_records, objects): (Vec<_>, Vec<Object>) = archive::objects(expired)?.into_iter().unzip();
        let mut archived = 0;
        for ((first, object), put) in first_records.into_iter().zip(&objects).zip(self.archive.put_all(&objects).await) {
            match put {
                Ok(()) => archived += object.text.lines().count() as u32,
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        key = object.key,
                        "expired ban events could not be archived; they come again"
                    );
                    answer.fail(first.to_owned());
                }
            }
        }
        if archived > 0 {
            metrics::count("ban_events_archived_total", None, archived);
        }
        Ok(())
    }
}
