//! As much at once as the stack keeps up with: a machine that is too busy to answer in time would be judged by what it did not get to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many turns at once: few at first, and in the end enough to keep the stack busy.
const FIRST: usize = 8;
pub const MOST: usize = 60;
const FEWEST: usize = 4;

/// What ends so much later than on a quiet machine is late.
const LATE: Duration = Duration::from_secs(8);

/// Hands out turns. Each that ends in time makes room for one more, each that is late for one less.
pub struct Pace {
    turns: Semaphore,
    allowed: AtomicUsize,
}

impl Pace {
    pub fn new() -> Self {
        Self { turns: Semaphore::new(FIRST), allowed: AtomicUsize::new(FIRST) }
    }

    /// How many turns there may be at once by now.
    pub fn allowed(&self) -> usize {
        self.allowed.load(Ordering::Relaxed)
    }

    pub async fn turn(&self) -> SemaphorePermit<'_> {
        self.turns.acquire().await.expect("it is never closed")
    }

    /// Ends a turn that took so much longer than it had to.
    pub fn end(&self, turn: SemaphorePermit<'_>, late: Duration) {
        let is_late = late >= LATE;
        let change = |allowed| if is_late { (allowed > FEWEST).then(|| allowed - 1) } else { (allowed < MOST).then_some(allowed + 1) };
        match self.allowed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change) {
            Ok(_) if is_late => turn.forget(),
            Ok(_) => self.turns.add_permits(1),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_is_room_for_more_while_all_end_in_time_and_for_less_when_they_are_late() {
        let pace = Pace::new();
        for _ in 0..MOST {
            pace.end(pace.turn().await, Duration::ZERO);
        }
        assert_eq!((pace.allowed(), pace.turns.available_permits()), (MOST, MOST));
        for _ in 0..MOST {
            pace.end(pace.turn().await, LATE);
        }
        assert_eq!((pace.allowed(), pace.turns.available_permits()), (FEWEST, FEWEST));
    }
}
