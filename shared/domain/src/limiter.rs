//! When the next calls to Telegram may start: one pace and one flood wait for all workers.
//!
//! A generic cell rate algorithm: `busy_until_ms` is the moment until which calls already promised will have been paced out.

use serde::{Deserialize, Serialize};

/// Calls that Telegram takes from one bot in a second, about (Bot FAQ: "no more than 30 messages per second").
pub const CALLS_PER_SECOND: usize = 30;

/// How far ahead calls may be promised: a second's worth may start at once.
const WINDOW_MS: i64 = 1000;

/// The limiter's state; the default is an idle one. Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limiter {
    pub busy_until_ms: i64,
    /// No call before this: the latest `retry_after` that Telegram gave to any worker.
    pub blocked_until_ms: i64,
}

impl Limiter {
    /// The state after `calls` (at most [`CALLS_PER_SECOND`]) are promised at `now_ms`, or how many milliseconds to wait before asking
    /// again.
    pub fn reserve(self, calls: usize, now_ms: i64) -> Result<Self, i64> {
        if self.blocked_until_ms > now_ms {
            return Err(self.blocked_until_ms - now_ms);
        }
        let cost = (calls.min(CALLS_PER_SECOND) as i64 * 1000).div_euclid(CALLS_PER_SECOND as i64);
        let busy_until_ms = self.busy_until_ms.max(now_ms) + cost;
        match busy_until_ms - now_ms - WINDOW_MS {
            wait if wait > 0 => Err(wait),
            _ => Ok(Self { busy_until_ms, ..self }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_promised_during_a_flood_wait() {
        let limiter = Limiter { blocked_until_ms: 9_000, ..Limiter::default() };
        assert_eq!(limiter.reserve(1, 2_000), Err(7_000));
        assert!(limiter.reserve(1, 9_000).is_ok());
    }

    proptest! {
        #[test]
        fn no_more_than_two_windows_of_calls_start_in_any_second(asks in prop::collection::vec((1usize..=30, 0i64..400), 1..200)) {
            let (mut limiter, mut now, mut granted) = (Limiter::default(), 1_000_000, Vec::new());
            for (calls, pause) in asks {
                now += pause;
                if let Ok(next) = limiter.reserve(calls, now) {
                    limiter = next;
                    granted.push((now, calls));
                }
            }
            for &(start, _) in &granted {
                let in_second: usize = granted.iter().filter(|(at, _)| (start..start + 1000).contains(at)).map(|(_, calls)| calls).sum();
                prop_assert!(in_second <= 2 * CALLS_PER_SECOND + 1, "{in_second} calls within a second");
            }
            let calls: usize = granted.iter().map(|(_, calls)| calls).sum();
            let seconds = (now - 1_000_000) as f64 / 1000.0;
            prop_assert!(calls as f64 <= (seconds + 1.0) * CALLS_PER_SECOND as f64 + granted.len() as f64);
        }

        #[test]
        fn whoever_waits_as_told_gets_his_turn(calls in 1usize..=30, busy in 0i64..100_000, blocked in 0i64..100_000) {
            let limiter = Limiter { busy_until_ms: busy, blocked_until_ms: blocked };
            let mut now = 50_000;
            for _ in 0..3 {
                match limiter.reserve(calls, now) {
                    Ok(_) => return Ok(()),
                    Err(wait) => now += wait,
                }
            }
            prop_assert!(false, "still waiting at {now}");
        }
    }
}
