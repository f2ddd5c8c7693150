//! The hours in which somebody is not disturbed.

use super::preferences::zone;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// From one minute of the day until before another one; over midnight where `to` is the smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// Minutes since midnight, as `to`: 0 to 1439.
    pub from: u16,
    pub to: u16,
}

impl QuietHours {
    /// Two minutes of the day that differ. Hours that begin when they end would be all of the day, or nothing of it.
    pub fn is_valid(self) -> bool {
        self.from < DAY && self.to < DAY && self.from != self.to
    }

    /// Is it quiet at `now` (Unix seconds) in the zone of this name? A zone that is not known any more counts as UTC.
    pub fn contain(self, now: i64, timezone: &str) -> bool {
        let Ok(now) = Timestamp::from_second(now) else { return false };
        let local = now.to_zoned(zone(timezone));
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        match self.from <= self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }
}

/// The minute of the day that a clock shows: `22:30`, with leading zeros. `None`: no clock shows this.
pub fn minute_of_day(clock: &str) -> Option<u16> {
    let (hours, minutes) = clock.split_once(':')?;
    let number = |digits: &str, below: u16| match digits.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0')).filter(|n| *n < below),
        _ => None,
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// A minute of the day as a clock shows it.
pub fn clock(minute_of_day: u16) -> String {
    format!("{:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: &str) -> i64 {
        at.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn it_is_quiet_from_the_first_minute_until_before_the_last_by_the_clock_of_the_zone() {
        for (from, to, timezone, at, expected) in [
            ("13:00", "15:00", "UTC", "2026-01-10T12:59:59Z", false),
            ("13:00", "15:00", "UTC", "2026-01-10T13:00:00Z", true),
            ("13:00", "15:00", "UTC", "2026-01-10T14:59:59Z", true),
            ("13:00", "15:00", "UTC", "2026-01-10T15:00:00Z", false),
            // Over midnight.
            ("22:00", "07:00", "UTC", "2026-01-10T21:59:59Z", false),
            ("22:00", "07:00", "UTC", "2026-01-10T22:00:00Z", true),
            ("22:00", "07:00", "UTC", "2026-01-10T00:00:00Z", true),
            ("22:00", "07:00", "UTC", "2026-01-10T06:59:59Z", true),
            ("22:00", "07:00", "UTC", "2026-01-10T07:00:00Z", false),
            // Until midnight.
            ("22:00", "00:00", "UTC", "2026-01-10T23:59:59Z", true),
            ("22:00", "00:00", "UTC", "2026-01-11T00:00:00Z", false),
            // Berlin is ahead of UTC by an hour in winter and by two in summer.
            ("22:00", "07:00", "Europe/Berlin", "2026-01-10T20:30:00Z", false),
            ("22:00", "07:00", "Europe/Berlin", "2026-07-10T20:30:00Z", true),
            ("22:00", "07:00", "Europe/Berlin", "2026-01-10T05:30:00Z", true),
            ("22:00", "07:00", "Europe/Berlin", "2026-07-10T05:30:00Z", false),
            // In this night its clocks go from 2 to 3.
            ("02:00", "03:00", "Europe/Berlin", "2026-03-29T00:59:59Z", false),
            ("02:00", "03:00", "Europe/Berlin", "2026-03-29T01:00:00Z", false),
            // In this night the clocks of Kyiv go from 4 to 3: the same half hour comes twice.
            ("22:00", "07:00", "Europe/Kyiv", "2026-10-25T04:30:00Z", true),
            ("22:00", "07:00", "Europe/Kyiv", "2026-10-25T04:59:59Z", true),
            ("22:00", "07:00", "Europe/Kyiv", "2026-10-25T05:00:00Z", false),
            ("22:00", "07:00", "Europe/Kyiv", "2026-10-24T04:00:00Z", false),
            ("03:00", "03:45", "Europe/Kyiv", "2026-10-25T00:30:00Z", true),
            ("03:00", "03:45", "Europe/Kyiv", "2026-10-25T01:30:00Z", true),
            ("22:00", "07:00", "Europe/Kiev", "2026-10-25T04:30:00Z", true),
            // A quarter of an hour off.
            ("22:00", "07:00", "Asia/Kathmandu", "2026-01-10T16:14:59Z", false),
            ("22:00", "07:00", "Asia/Kathmandu", "2026-01-10T16:15:00Z", true),
            ("22:00", "07:00", "Mars/Olympus", "2026-01-10T22:00:00Z", true),
        ] {
            let hours = QuietHours { from: minute_of_day(from).unwrap(), to: minute_of_day(to).unwrap() };
            assert_eq!(hours.contain(second(at), timezone), expected, "{from}-{to} {timezone} at {at}");
        }
    }

    #[test]
    fn hours_are_two_minutes_of_the_day_that_differ() {
        for (from, to, expected) in [(0, 1439, true), (1439, 0, true), (0, 0, false), (600, 600, false), (0, 1440, false), (1440, 0, false)]
        {
            assert_eq!(QuietHours { from, to }.is_valid(), expected, "{from}-{to}");
        }
    }

    #[test]
    fn every_minute_of_the_day_is_read_as_it_is_written() {
        for minute in 0..DAY {
            assert_eq!(minute_of_day(&clock(minute)), Some(minute));
        }
        assert_eq!([clock(0), clock(65), clock(1439)], ["00:00", "01:05", "23:59"]);
        for wrong in ["", ":", "24:00", "12:60", "7:00", "07:0", "07:000", "+7:00", "07-00", "07:00:00", " 07:00", "٠٧:٠٠"] {
            assert_eq!(minute_of_day(wrong), None, "{wrong}");
        }
    }
}
