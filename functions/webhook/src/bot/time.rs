//! Moments as messages write them.

use jiff::Timestamp;

/// `at`: Unix seconds. `2026-01-31 17:05 UTC`.
pub fn moment(at: i64) -> String {
    Timestamp::from_second(at).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// `at`: Unix seconds. `2026-01-31`.
pub fn date(at: i64) -> String {
    Timestamp::from_second(at).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}
