//! Work that cannot be done while something else is out of order comes again, for a day.

/// Seconds until it comes again for the first time; each further time it is four times as long.
const FIRST_PAUSE: i64 = 15;

/// The longest pause, in seconds: SQS delays no message longer (SQS Developer Guide, "Delay queues").
const LONGEST_PAUSE: i64 = 900;

/// Times that it is put off: more than a day.
const MOST: u32 = 100;

/// Seconds until what was put off so many times comes again; `None`: it has been tried for long enough.
pub fn pause(put_off: u32) -> Option<i64> {
    (put_off < MOST).then(|| FIRST_PAUSE.saturating_mul(4_i64.saturating_pow(put_off)).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour_and_last_for_a_day() {
        assert_eq!([0, 1, 2, 3, 99, 100].map(pause), [Some(15), Some(60), Some(240), Some(900), Some(900), None]);
        assert!((0..MOST).filter_map(pause).sum::<i64>() > 24 * 3600);
    }
}
