//! As much at once as the stack keeps up with: a machine that is too busy to answer in time would be judged by what it did not get to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{RwLock, RwLockReadGuard, Semaphore, SemaphorePermit};

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
    /// All who have a turn, or the one for whom they wait.
    stage: RwLock<()>,
}

/// Something may be done.
pub struct Turn<'a> {
    pace: &'a Pace,
    permit: SemaphorePermit<'a>,
    on_stage: Option<RwLockReadGuard<'a, ()>>,
}

impl Turn<'_> {
    /// What is answered while nobody else does anything: all other turns have ended, or wait here, too.
    pub async fn alone<T>(&mut self, answer: impl AsyncFnOnce() -> T) -> T {
        self.on_stage = None;
        let answered = {
            let _alone = self.pace.stage.write().await;
            answer().await
        };
        self.on_stage = Some(self.pace.stage.read().await);
        answered
    }
}

impl Pace {
    pub fn new() -> Self {
        Self { turns: Semaphore::new(FIRST), allowed: AtomicUsize::new(FIRST), stage: RwLock::const_new(()) }
    }

    /// How many turns there may be at once by now.
    pub fn allowed(&self) -> usize {
        self.allowed.load(Ordering::Relaxed)
    }

    pub async fn turn(&self) -> Turn<'_> {
        let permit = self.turns.acquire().await.expect("it is never closed");
        Turn { pace: self, permit, on_stage: Some(self.stage.read().await) }
    }

    /// Ends a turn that took so much longer than it had to.
    pub fn end(&self, turn: Turn<'_>, late: Duration) {
        let is_late = late >= LATE;
        let change = |allowed| if is_late { (allowed > FEWEST).then(|| allowed - 1) } else { (allowed < MOST).then_some(allowed + 1) };
        match self.allowed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change) {
            Ok(_) if is_late => turn.permit.forget(),
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

    #[tokio::test]
    async fn whoever_wants_to_be_alone_waits_for_all_others_and_nobody_begins_meanwhile() {
        let pace = Pace::new();
        let (mut one, other) = (pace.turn().await, pace.turn().await);
        let others_left = AtomicUsize::new(0);
        let alone = one.alone(async || {
            let begun = tokio::time::timeout(Duration::from_millis(10), pace.turn()).await;
            (others_left.load(Ordering::Relaxed), begun.is_ok())
        });
        let end = async {
            tokio::task::yield_now().await;
            others_left.fetch_add(1, Ordering::Relaxed);
            drop(other);
        };
        assert_eq!(tokio::join!(alone, end).0, (1, false));
        pace.end(one, Duration::ZERO);
        drop(pace.turn().await);
    }

    #[tokio::test]
    async fn several_are_alone_one_after_the_other() {
        let pace = Pace::new();
        let (mut one, mut other) = (pace.turn().await, pace.turn().await);
        assert_eq!(tokio::join!(one.alone(async || 1), other.alone(async || 2)), (1, 2));
    }
}
