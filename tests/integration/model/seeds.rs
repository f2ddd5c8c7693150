//! Which histories are played.

use aws::time::now_ms;
use std::ops::Range;

/// Those of all tests: a commit is judged by what it changes, and by what nobody has played before.
const HISTORIES: u64 = 100;

/// The same each time, so many of them.
const FIXED: u64 = 60;

/// The first of their seeds.
const FIRST_FIXED: u64 = 1_000_000;

/// What the environment asks for.
#[derive(Default)]
pub struct Asked {
    /// `BANSYNC_MODEL_SEED`: only this one.
    pub seed: Option<u64>,
    /// `BANSYNC_MODEL_HISTORIES`: so many.
    pub histories: Option<u64>,
}

/// Seeds of histories.
#[derive(Debug, PartialEq, Eq)]
pub struct Seeds {
    /// Played each time.
    pub fixed: Range<u64>,
    /// Of the day, of the moment where so many were asked for, or the one that was asked for.
    pub new: Range<u64>,
}

impl Seeds {
    /// `day`: the date (UTC) as in `2026-01-31`; `moment`: a number that no other run has.
    fn new(asked: &Asked, day: &str, moment: u64) -> Self {
        let some = |first: u64, many: u64| first..first + many;
        let all = asked.histories.unwrap_or(HISTORIES);
        let fixed = some(FIRST_FIXED, FIXED.min(all));
        let left = all - FIXED.min(all);
        match asked {
            Asked { seed: Some(seed), .. } => Self { fixed: 0..0, new: some(*seed, 1) },
            Asked { histories: Some(_), .. } => Self { fixed, new: some(moment, left) },
            Asked { histories: None, .. } => {
                let digits = day.bytes().filter(u8::is_ascii_digit);
                let number = digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
                Self { fixed, new: some(number * 1_000_000, left) }
            }
        }
    }

    /// By the clock of now.
    pub fn now(asked: &Asked) -> Self {
        let now = now_ms();
        Self::new(asked, &domain::event::date(now / 1000), now.unsigned_abs() * 1_000_000)
    }

    pub fn count(&self) -> usize {
        self.all().count()
    }

    pub fn all(&self) -> impl Iterator<Item = u64> {
        self.fixed.clone().chain(self.new.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_histories_are_the_same_each_time_and_forty_the_days() {
        let of = |day| Seeds::new(&Asked::default(), day, 7);
        let today = of("2026-01-31");
        assert_eq!(today, Seeds { fixed: 1_000_000..1_000_060, new: 20_260_131_000_000..20_260_131_000_040 });
        assert_eq!(of("2026-01-31"), today, "a day's runs agree");
        let tomorrow = of("2026-02-01");
        assert!(tomorrow.fixed == today.fixed && tomorrow.new.start >= today.new.end, "{tomorrow:?}");
        assert_eq!(today.count(), 100);
    }

    #[test]
    fn as_many_as_are_asked_for_are_the_fixed_ones_first_and_then_new_ones() {
        let of = |histories| Seeds::new(&Asked { histories: Some(histories), ..Asked::default() }, "2026-01-31", 7);
        assert_eq!(of(1000), Seeds { fixed: 1_000_000..1_000_060, new: 7..947 });
        assert_eq!(of(10), Seeds { fixed: 1_000_000..1_000_010, new: 7..7 });
    }

    #[test]
    fn one_that_failed_is_played_alone() {
        let asked = Asked { seed: Some(5), histories: Some(1000) };
        assert_eq!(Seeds::new(&asked, "2026-01-31", 7).all().collect::<Vec<_>>(), [5]);
    }
}
