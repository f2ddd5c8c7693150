//! Nothing waits for ever: a message on the queue of chunks looks again and again whether its sync goes on.

use super::ChunkMessage;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Seconds between two looks: as long as a queue can hold a message. A sync that has not moved between two of them is stuck.
pub const LOOK_EVERY: i64 = super::MAX_QUEUE_DELAY;

/// How often a part is planned again before its rest is given up.
pub const MOST_REPLANS: u32 = 2;

/// Numbers of chunks are apart by so many from one plan of a part to the next.
pub const NUMBERS_OF_A_PLAN: u32 = 10_000;

/// A message of the queue of chunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Task {
    Chunk(Box<ChunkMessage>),
    Deadline(Deadline),
}

/// A look at a sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    pub deadline_of: Uuid,
    /// How far it was at the look before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Reached>,
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The part that is under way.
    pub part: u32,
    /// Its chunks that are done.
    pub chunks: u32,
    /// How often it was planned again.
    pub replans: u32,
}

/// Consequence of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is looked again later.
    Again(Deadline),
    /// Somebody has to see to that part; then it is looked again.
    Stuck(Reached, Deadline),
}

impl Deadline {
    pub fn new(sync_id: Uuid) -> Self {
        Self { deadline_of: sync_id, seen: None }
    }

    pub fn look(&self, reached: Reached) -> Look {
        let next = |seen| Self { deadline_of: self.deadline_of, seen };
        if self.seen == Some(reached) { Look::Stuck(reached, next(None)) } else { Look::Again(next(Some(reached))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_is_stuck_that_has_not_moved_between_two_looks() {
        let reached = |chunks| Reached { part: 0, chunks, replans: 0 };
        let first = Deadline::new(Uuid::nil());
        let Look::Again(second) = first.look(reached(1)) else { panic!("the first look tells nothing") };
        assert_eq!(second.look(reached(2)), Look::Again(Deadline { seen: Some(reached(2)), ..first.clone() }));
        assert_eq!(second.look(reached(1)), Look::Stuck(reached(1), first));
    }

    #[test]
    fn the_queue_brings_chunks_and_looks() {
        let look = Deadline { seen: Some(Reached { part: 1, chunks: 2, replans: 0 }), ..Deadline::new(Uuid::nil()) };
        let read: Task = serde_json::from_str(&serde_json::to_string(&look).unwrap()).unwrap();
        assert_eq!(read, Task::Deadline(look));
        assert!(serde_json::from_str::<Task>("{}").is_err());
    }
}
