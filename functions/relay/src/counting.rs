//! What is counted of a batch, on its way to whoever counts: one message a batch, however many changes it has.

use aws::facts::Parcel;
use aws::queue::{Message, Queue};
use domain::analytics::Fact;
use std::sync::atomic::{AtomicU32, Ordering};

/// Batches in a row that the stream brings again, before what is counted of one is a dead letter: a moment's failure mends itself.
const PATIENCE: u32 = 3;

pub struct Counting {
    queue: Queue,
    dead_letters: Queue,
    /// Batches in a row that could not be sent on by this process.
    failures: AtomicU32,
}

impl Counting {
    pub fn new(queue: Queue, dead_letters: Queue) -> Self {
        Self { queue, dead_letters, failures: AtomicU32::new(0) }
    }

    /// Sends facts on. Where the queue goes on taking none, they are dead letters: bans must not wait for what is counted.
    ///
    /// # Errors
    /// The queue did not take them, and the batch is to come again; or neither queue did.
    pub async fn count(&self, facts: &[Fact]) -> anyhow::Result<()> {
        let parcel = Parcel::of(facts);
        let Err(error) = self.queue.send(Message::new(&parcel, 0)?).await else {
            self.failures.store(0, Ordering::Relaxed);
            return Ok(());
        };
        if self.failures.fetch_add(1, Ordering::Relaxed) < PATIENCE {
            return Err(error);
        }
        self.dead_letters.send(Message::new(&parcel, 0)?).await?;
        tracing::error!(error = format!("{error:#}"), facts = facts.len(), "what is to be counted is in the dead letter queue");
        Ok(())
    }
}
