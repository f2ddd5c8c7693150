//! How long an update may be worked on, and how much of Telegram it may look at. What is beyond that goes on by a button: Lambda ends a function
//! that takes too long, and whatever it was about to say is never said.
//!
//! An update has one budget, whoever handles it: it goes with the task, not with each call.

use std::cell::Cell;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The part of an invocation that is left for the answer: of the 10 s of `Timeout` in template.yaml, 7 are for what is answered.
const ANSWER: Duration = Duration::from_secs(3);

/// The part before that in which nothing is looked at any more, and what was seen becomes an answer.
const MAKING: Duration = Duration::from_secs(1);

/// Looks at Telegram for one update: a preview of ten people, each in a chat that has moved.
const LOOKS: u32 = 24;

/// Looks that are under way at the same time: ten people take two rounds. Telegram takes about 30 calls a second of everybody.
pub const AT_A_TIME: usize = 5;

tokio::task_local! {
    static BUDGET: Budget;
}

/// What is left for an update.
pub struct Budget {
    ends: Instant,
    looks: Cell<u32>,
}

impl Budget {
    /// `deadline_ms`: when Lambda ends the invocation, Unix milliseconds.
    pub fn until(deadline_ms: u64) -> Self {
        let now = u64::try_from(aws::time::now_ms()).unwrap_or_default();
        Self::of(Duration::from_millis(deadline_ms.saturating_sub(now)).saturating_sub(ANSWER))
    }

    fn of(time: Duration) -> Self {
        Self { ends: Instant::now() + time, looks: Cell::new(LOOKS) }
    }

    /// Does `work` within this budget.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        BUDGET.scope(self, work).await
    }
}

/// When the work on this update ends.
fn ends() -> Instant {
    // Without a budget nothing ends.
    BUDGET.try_with(|budget| budget.ends).unwrap_or_else(|_| Instant::now() + Duration::from_secs(3600))
}

/// The work's result; `None`: it takes too long, and was left where it was.
pub async fn within<T>(work: impl Future<Output = T>) -> Option<T> {
    timeout_at(ends(), work).await.ok()
}

/// What a look at Telegram shows; `None`: there was no time for it, or there were too many.
pub async fn look<T>(call: impl Future<Output = T>) -> Option<T> {
    let taken = BUDGET.try_with(|budget| {
        let left = budget.looks.get();
        budget.looks.set(left.saturating_sub(1));
        left > 0
    });
    if is_spent() || !taken.unwrap_or(true) {
        return None;
    }
    timeout_at(last_look(), call).await.ok()
}

/// Is there no time to look at anything more?
pub fn is_spent() -> bool {
    Instant::now() >= last_look()
}

fn last_look() -> Instant {
    ends().checked_sub(MAKING).unwrap_or_else(Instant::now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn seven_of_an_invocations_ten_seconds_are_for_the_work() {
        let deadline = u64::try_from(aws::time::now_ms()).unwrap() + 10_000;
        let left = Budget::until(deadline).ends - Instant::now();
        assert!((6_800..=7_000).contains(&left.as_millis()), "{left:?}");
        let none = Budget::until(deadline - 8_000).ends.saturating_duration_since(Instant::now());
        assert_eq!(none, Duration::ZERO, "an invocation that is about to end");
    }

    #[test]
    fn what_takes_too_long_is_left_and_looks_end_before_the_work_does() {
        let second = Duration::from_secs(1);
        run(Budget::of(MAKING + second / 5).scope(async {
            let began = Instant::now();
            assert_eq!(look(async { 1 }).await, Some(1));
            assert_eq!(look(pending::<()>()).await, None);
            assert!(is_spent() && began.elapsed() < MAKING);
            assert_eq!(look(async { 2 }).await, None, "nothing more is looked at");
            assert_eq!(within(async { 3 }).await, Some(3), "what was seen becomes an answer");
            assert_eq!(within(pending::<()>()).await, None);
            assert!(began.elapsed() < 2 * second);
        }));
    }

    #[test]
    fn an_update_has_so_many_looks_and_no_more() {
        run(Budget::of(Duration::from_secs(60)).scope(async {
            for n in 0..LOOKS {
                assert_eq!(look(async {}).await, Some(()), "{n}");
            }
            assert_eq!(look(async {}).await, None);
            assert_eq!(within(async {}).await, Some(()));
        }));
    }
}
