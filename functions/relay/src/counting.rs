//! What is counted of a batch, on its way to whoever counts: one message a batch, however many changes it has.

use aws::facts::Parcel;
use aws::queue::{Message, Queue};
use domain::analytics::Fact;

pub struct Counting {
    queue: Queue,
    dead_letters: Queue,
}

impl Counting {
    pub fn new(queue: Queue, dead_letters: Queue) -> Self {
        Self { queue, dead_letters }
    }

    /// Sends facts on. Where the queue does not take them, they are dead letters: bans must not wait for what is counted.
    ///
    /// # Errors
    /// Neither queue took them.
    pub async fn count(&self, facts: &[Fact]) -> anyhow::Result<()> {
        let parcel = Parcel::of(facts);
        let Err(error) = self.queue.send(Message::new(&parcel, 0)?).await else { return Ok(()) };
        self.dead_letters.send(Message::new(&parcel, 0)?).await?;
        tracing::error!(error = format!("{error:#}"), facts = facts.len(), "what is to be counted is in the dead letter queue");
        Ok(())
    }
}
