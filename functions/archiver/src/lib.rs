//! DynamoDB Streams → S3: ban events that expire are archived.
//!
//! A function of its own: Lambda takes one mapping of a stream to a function (CreateEventSourceMapping answers 409 to a second), and what
//! expires waits for minutes to fill an object, where the relay's new bans wait for nothing.

mod objects;

use aws::archive::{Archive, Object};
use aws::batch::{BatchAnswer, StreamBatch};
use aws::lambda::{self, Context};
use aws::{env, metrics};
use std::sync::Arc;

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(|aws| async move { Ok(Archive::new(&aws, env::required("ARCHIVE_BUCKET")?)) }, archive)
}

/// Writes the expired items of a batch to the archive. Where an object could not be written, its records come again.
async fn archive(archive: Arc<Archive>, batch: StreamBatch, _context: Context) -> anyhow::Result<BatchAnswer> {
    let mut answer = BatchAnswer::default();
    let expired = batch.records.iter().filter_map(|record| Some((record.dynamodb.sequence_number.as_str(), objects::expired(record)?)));
    let (first_records, objects): (Vec<_>, Vec<Object>) = objects::of(expired)?.into_iter().unzip();
    let mut archived = 0;
    for ((first, object), put) in first_records.into_iter().zip(&objects).zip(archive.put_all(&objects).await) {
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
    Ok(answer)
}
