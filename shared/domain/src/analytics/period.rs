//! Periods and their parts: days by the viewer's clock as Unix seconds.
//!
//! A day begins at the first moment of its date in the viewer's time zone. Where the clocks skip midnight that is the moment at which they go
//! on; where midnight comes twice it is the first one. A date that a zone skips as a whole is a day without length.

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use std::iter::successors;

/// Days of the longest custom period: a leap year.
pub const MOST_DAYS: i64 = 366;

/// Points of the longest timeline: a month by hours has 745 at most.
pub const MOST_POINTS: usize = 800;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A stretch of time, Unix seconds: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

impl Span {
    pub fn contains(&self, at: i64) -> bool {
        (self.from..self.to).contains(&at)
    }
}

/// Calendar days in the viewer's time zone. The last day is today, except in a custom period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Today.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 365 days.
    Year,
    /// From the first to the last of these days, both included; [`MOST_DAYS`] at most.
    Custom { from: Date, to: Date },
}

/// Why there are no figures of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("a period has at most {MOST_DAYS} days")]
    TooLong,
    #[error("from is after to")]
    Empty,
    #[error("a timeline has at most {MOST_POINTS} points: a longer interval gives fewer")]
    TooManyPoints,
}

impl PeriodError {
    /// One word, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "period_too_long",
            Self::Empty => "empty_period",
            Self::TooManyPoints => "too_many_points",
        }
    }
}

impl Period {
    /// The span of the period's days. It ends at the midnight that ends the last one, for most periods after `now` (Unix seconds). Moments that
    /// have no date in jiff (beyond the years -9999 to 9999) count as the nearest that has one.
    ///
    /// # Errors
    /// A custom period is [`PeriodError::TooLong`], or its first day is after its last one: [`PeriodError::Empty`].
    pub fn span(&self, now: i64, zone: &TimeZone) -> Result<Span, PeriodError> {
        let (first, last) = self.days(now, zone)?;
        let to = last.tomorrow().map_or(Timestamp::MAX.as_second(), |after| start_of_day(after, zone));
        Ok(Span { from: start_of_day(first, zone), to })
    }

    /// The span of as many calendar days right before the period.
    ///
    /// # Errors
    /// As those of [`Period::span`].
    pub fn before(&self, now: i64, zone: &TimeZone) -> Result<Span, PeriodError> {
        let (first, last) = self.days(now, zone)?;
        let before = first.saturating_sub(day_count(first, last).days());
        Ok(Span { from: start_of_day(before, zone), to: start_of_day(first, zone) })
    }

    /// The first and the last day.
    fn days(&self, now: i64, zone: &TimeZone) -> Result<(Date, Date), PeriodError> {
        let count: i64 = match *self {
            Self::Custom { from, to } if from > to => return Err(PeriodError::Empty),
            Self::Custom { from, to } if day_count(from, to) > MOST_DAYS => return Err(PeriodError::TooLong),
            Self::Custom { from, to } => return Ok((from, to)),
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Year => 365,
        };
        let today = date_of(now, zone);
        Ok((today.saturating_sub((count - 1).days()), today))
    }
}

/// How long a point of a timeline lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// From one full hour of the local clock to the next. Where the clocks go back by an hour, the repeated hour is a point of its own. Where
    /// they skip a full hour, a point begins at the moment at which they go on.
    Hour,
    Day,
    /// From Monday, as in ISO 8601.
    Week,
    Month,
}

impl Interval {
    /// The usual interval of a span's timeline, at most 62 points: hours up to 2 days, days up to 62, weeks up to 200 days, months beyond.
    pub fn usual(span: &Span) -> Self {
        // To the nearest day: days are an hour longer or shorter where the clocks change.
        match span.to.saturating_sub(span.from).saturating_add(DAY / 2) / DAY {
            ..=2 => Self::Hour,
            3..=62 => Self::Day,
            63..=200 => Self::Week,
            _ => Self::Month,
        }
    }

    /// The span in parts. The first one begins where the span does, the last one ends where it does.
    ///
    /// # Errors
    /// There would be more than [`MOST_POINTS`]: [`PeriodError::TooManyPoints`].
    pub fn buckets(self, span: Span, zone: &TimeZone) -> Result<Buckets, PeriodError> {
        let mut starts = Vec::new();
        if span.from < span.to {
            starts.push(span.from);
        }
        for start in self.starts_after(span.from, zone).take_while(|start| *start < span.to) {
            // A skipped date begins when the next one does.
            if starts.last().is_none_or(|last| start <= *last) {
                continue;
            }
            if starts.len() == MOST_POINTS {
                return Err(PeriodError::TooManyPoints);
            }
            starts.push(start);
        }
        Ok(Buckets { starts, to: span.to })
    }

    fn starts_after(self, at: i64, zone: &TimeZone) -> Box<dyn Iterator<Item = i64> + '_> {
        if self == Self::Hour {
            return Box::new(successors(next_hour(moment(at).as_second(), zone), |at| next_hour(*at, zone)));
        }
        let dates = successors(self.date_after(date_of(at, zone)), move |date| self.date_after(*date));
        Box::new(dates.map(|date| start_of_day(date, zone)))
    }

    /// The first date after this one on which a day, week or month begins. `None`: jiff knows no such date.
    fn date_after(self, date: Date) -> Option<Date> {
        match self {
            Self::Hour | Self::Day => date.tomorrow().ok(),
            Self::Week => date.nth_weekday(1, Weekday::Monday).ok(),
            Self::Month => date.last_of_month().tomorrow().ok(),
        }
    }
}

/// The parts of a span: each ends where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// Unix seconds, ascending. None for an empty span.
    pub starts: Vec<i64>,
    /// The end of the last part, Unix seconds.
    to: i64,
}

impl Buckets {
    /// The place of the part that a moment (Unix seconds) is in. `None`: it is outside the span.
    pub fn index(&self, at: i64) -> Option<usize> {
        if at >= self.to {
            return None;
        }
        self.starts.partition_point(|start| *start <= at).checked_sub(1)
    }
}

/// Days from the first to the last, both included.
fn day_count(first: Date, last: Date) -> i64 {
    first.duration_until(last).as_secs() / DAY + 1
}

fn moment(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn date_of(at: i64, zone: &TimeZone) -> Date {
    zone.to_datetime(moment(at)).date()
}

/// The first moment of a day. [`Date::to_zoned`] is not enough: it goes on from a skipped midnight by the length of the gap, which is too far
/// where the gap began before midnight.
fn start_of_day(date: Date, zone: &TimeZone) -> i64 {
    let midnight = zone.to_ambiguous_timestamp(date.into());
    let start = match midnight.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            let before_gap = after.to_timestamp(date.into()).ok();
            before_gap.and_then(|before| zone.following(before).next()).map(|change| change.timestamp())
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => midnight.compatible().ok(),
    };
    start.unwrap_or(if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX }).as_second()
}

/// The first moment after `at` at which an hour of the local clock begins. `None`: jiff knows no such moment.
fn next_hour(mut at: i64, zone: &TimeZone) -> Option<i64> {
    loop {
        let now = Timestamp::from_second(at).ok()?;
        let offset = i64::from(zone.to_offset(now).seconds());
        let full = at + HOUR - (at + offset).rem_euclid(HOUR);
        let Some(change) = zone.following(now).next().filter(|change| change.timestamp().as_second() <= full) else {
            return Some(full);
        };
        at = change.timestamp().as_second();
        let (before, after) = (at - 1 + offset, at + i64::from(change.offset().seconds()));
        // Clocks that go back by half an hour can stay within their hour: it lasts longer.
        if after.rem_euclid(HOUR) == 0 || after.div_euclid(HOUR) != before.div_euclid(HOUR) {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// Clocks that change at midnight, by half an hour or by two, that are off by quarters of an hour, and that have skipped a day.
    const ZONES: [&str; 12] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Antarctica/Troll",
        "Pacific/Apia",
    ];
    const INTERVALS: [Interval; 4] = [Interval::Hour, Interval::Day, Interval::Week, Interval::Month];
    const PERIODS: [Period; 4] = [Period::Day, Period::Week, Period::Month, Period::Year];
    /// All that clocks have done since 2010 in these zones, they did at a quarter of an hour.
    const QUARTER: i64 = 900;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn second(at: &str) -> i64 {
        at.parse::<Timestamp>().unwrap().as_second()
    }

    fn utc(at: i64) -> String {
        moment(at).to_string()
    }

    fn custom(from: Date, to: Date) -> Period {
        Period::Custom { from, to }
    }

    #[test]
    fn a_period_is_whole_days_of_the_viewers_zone_and_the_last_one_is_today() {
        let now = "2026-03-30T10:00:00Z";
        for (period, timezone, now, from, to) in [
            (Period::Day, "UTC", now, "2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z"),
            (Period::Day, "UTC", "2026-03-30T00:00:00Z", "2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z"),
            (Period::Day, "UTC", "2026-03-29T23:59:59Z", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"),
            // The clocks of Berlin went from 2 to 3 on the day before.
            (Period::Week, "Europe/Berlin", now, "2026-03-23T23:00:00Z", "2026-03-30T22:00:00Z"),
            (Period::Month, "Europe/Berlin", now, "2026-02-28T23:00:00Z", "2026-03-30T22:00:00Z"),
            (Period::Year, "Europe/Berlin", now, "2025-03-30T22:00:00Z", "2026-03-30T22:00:00Z"),
            // Tomorrow, by the clock of the viewer.
            (Period::Day, "Asia/Kathmandu", "2026-03-30T18:15:00Z", "2026-03-30T18:15:00Z", "2026-03-31T18:15:00Z"),
            // Midnight is skipped: this day begins at 1, and has 23 hours.
            (Period::Day, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
            (Period::Day, "Africa/Cairo", "2024-04-26T12:00:00Z", "2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z"),
            // The hour before midnight comes twice.
            (Period::Day, "America/Sao_Paulo", "2018-02-17T12:00:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"),
            // Midnight comes twice.
            (Period::Day, "America/Havana", "2025-11-02T12:00:00Z", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"),
            // From 23:30 the clocks went to 0:30.
            (Period::Day, "America/Toronto", "1919-03-31T12:00:00Z", "1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z"),
            (custom(date(2026, 3, 28), date(2026, 3, 29)), "Europe/Berlin", now, "2026-03-27T23:00:00Z", "2026-03-29T22:00:00Z"),
        ] {
            let span = period.span(second(now), &zone(timezone)).unwrap();
            assert_eq!((utc(span.from).as_str(), utc(span.to).as_str()), (from, to), "{period:?} {timezone} {now}");
        }
    }

    #[test]
    fn as_many_calendar_days_come_before_a_period() {
        let now = second("2026-03-30T10:00:00Z");
        for (period, from, to) in [
            (Period::Day, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            (Period::Week, "2026-03-16T23:00:00Z", "2026-03-23T23:00:00Z"),
            (custom(date(2026, 3, 29), date(2026, 3, 31)), "2026-03-25T23:00:00Z", "2026-03-28T23:00:00Z"),
        ] {
            let span = period.before(now, &zone("Europe/Berlin")).unwrap();
            assert_eq!((utc(span.from).as_str(), utc(span.to).as_str()), (from, to), "{period:?}");
        }
    }

    #[test]
    fn a_custom_period_has_a_day_at_least_and_a_leap_year_at_most() {
        let (first, last) = (date(2024, 1, 1), date(2024, 12, 31));
        for (period, expected) in [
            (custom(first, last), Ok(366 * DAY)),
            (custom(first, first), Ok(DAY)),
            (custom(first, date(2025, 1, 1)), Err(PeriodError::TooLong)),
            (custom(Date::MIN, Date::MAX), Err(PeriodError::TooLong)),
            (custom(last, first), Err(PeriodError::Empty)),
            (custom(Date::MAX, Date::MIN), Err(PeriodError::Empty)),
        ] {
            assert_eq!(period.span(0, &TimeZone::UTC).map(|span| span.to - span.from), expected, "{period:?}");
            assert_eq!(period.before(0, &TimeZone::UTC).map(|span| span.to - span.from), expected, "{period:?}");
        }
        assert_eq!(PeriodError::TooLong.to_string(), "a period has at most 366 days");
    }

    #[test]
    fn the_usual_interval_gives_a_timeline_that_can_be_read() {
        for (seconds, expected) in [
            (0, Interval::Hour),
            (DAY, Interval::Hour),
            (2 * DAY + HOUR, Interval::Hour),
            (3 * DAY - HOUR, Interval::Day),
            (62 * DAY + HOUR, Interval::Day),
            (63 * DAY - HOUR, Interval::Week),
            (200 * DAY, Interval::Week),
            (201 * DAY, Interval::Month),
            (i64::MAX, Interval::Month),
        ] {
            assert_eq!(Interval::usual(&Span { from: 0, to: seconds }), expected, "{seconds}");
        }
        assert_eq!(Interval::usual(&Span { from: i64::MIN, to: i64::MAX }), Interval::Month);
        assert_eq!(Interval::usual(&Span { from: i64::MAX, to: i64::MIN }), Interval::Hour);
    }

    #[test]
    fn a_day_has_as_many_hours_as_its_clock_shows() {
        for (timezone, day, count, longest) in [
            ("UTC", date(2026, 3, 29), 24, HOUR),
            ("Europe/Berlin", date(2026, 3, 29), 23, HOUR),
            ("Europe/Berlin", date(2026, 10, 25), 25, HOUR),
            ("Asia/Kathmandu", date(2026, 3, 29), 24, HOUR),
            ("America/Sao_Paulo", date(2018, 11, 4), 23, HOUR),
            ("America/Havana", date(2025, 11, 2), 25, HOUR),
            // From 2 back to half past 1: the hour from 1 to 2 has half an hour more.
            ("Australia/Lord_Howe", date(2026, 4, 5), 24, HOUR * 3 / 2),
            // From 2 to half past 2: the hour from there has half an hour.
            ("Australia/Lord_Howe", date(2026, 10, 4), 24, HOUR),
        ] {
            let zone = zone(timezone);
            let span = custom(day, day).span(0, &zone).unwrap();
            let starts = Interval::Hour.buckets(span, &zone).unwrap().starts;
            let ends = starts.iter().skip(1).copied().chain([span.to]);
            let lengths: Vec<_> = starts.iter().zip(ends).map(|(start, end)| end - start).collect();
            assert_eq!((lengths.len(), lengths.iter().max()), (count, Some(&longest)), "{timezone} {day}");
        }
        let kathmandu = Interval::Hour.buckets(Span { from: 0, to: 2 * HOUR }, &zone("Asia/Kathmandu")).unwrap();
        // At +05:30 then.
        assert_eq!(kathmandu.starts, [0, HOUR / 2, HOUR * 3 / 2]);
    }

    #[test]
    fn weeks_begin_on_monday_months_on_the_first_and_the_first_point_where_the_span_does() {
        let berlin = zone("Europe/Berlin");
        let span = custom(date(2026, 3, 20), date(2026, 4, 7)).span(0, &berlin).unwrap();
        let starts = |interval: Interval| interval.buckets(span, &berlin).unwrap().starts.into_iter().map(utc).collect::<Vec<_>>();
        let weeks = ["2026-03-19T23:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z", "2026-04-05T22:00:00Z"];
        assert_eq!(starts(Interval::Week), weeks);
        assert_eq!(starts(Interval::Month), ["2026-03-19T23:00:00Z", "2026-03-31T22:00:00Z"]);
    }

    #[test]
    fn a_date_that_was_skipped_is_no_point_of_its_own() {
        // Samoa had no 30 December 2011.
        let apia = zone("Pacific/Apia");
        let days = |from, to| Interval::Day.buckets(custom(from, to).span(0, &apia).unwrap(), &apia).unwrap().starts;
        assert_eq!(
            days(date(2011, 12, 29), date(2011, 12, 31)).into_iter().map(utc).collect::<Vec<_>>(),
            ["2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"]
        );
        assert!(days(date(2011, 12, 30), date(2011, 12, 30)).is_empty());
    }

    #[test]
    fn a_timeline_has_no_more_points_than_somebody_can_look_at() {
        let hours = |count: i64| Interval::Hour.buckets(Span { from: 0, to: count * HOUR }, &TimeZone::UTC);
        assert_eq!(hours(800).unwrap().starts.len(), 800);
        assert_eq!(hours(801), Err(PeriodError::TooManyPoints));
        let year = Period::Year.span(second("2026-03-30T10:00:00Z"), &TimeZone::UTC).unwrap();
        let counts = INTERVALS.map(|interval| interval.buckets(year, &TimeZone::UTC).map(|buckets| buckets.starts.len()));
        assert_eq!(counts, [Err(PeriodError::TooManyPoints), Ok(365), Ok(53), Ok(13)]);
        let codes = [PeriodError::TooLong, PeriodError::Empty, PeriodError::TooManyPoints].map(PeriodError::code);
        assert_eq!(codes, ["period_too_long", "empty_period", "too_many_points"]);
    }

    /// Does a part begin here, as one sees who only looks at the clock now and a second ago?
    fn begins(interval: Interval, at: i64, zone: &TimeZone) -> bool {
        let clock = |at| zone.to_datetime(moment(at));
        let (before, now) = (clock(at - 1), clock(at));
        match interval {
            Interval::Hour => now.minute() == 0 || (before.date(), before.hour()) != (now.date(), now.hour()),
            Interval::Day => before.date() != now.date(),
            Interval::Week => before.date().iso_week_date().week() != now.date().iso_week_date().week(),
            Interval::Month => before.month() != now.month(),
        }
    }

    fn any_date() -> impl Strategy<Value = Date> {
        let date = (-9999..=9999_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| date(year, month, day));
        prop_oneof![8 => date, 1 => Just(Date::MIN), 1 => Just(Date::MAX)]
    }

    fn any_moment() -> impl Strategy<Value = i64> {
        let bounds = [i64::MIN, Timestamp::MIN.as_second(), 0, Timestamp::MAX.as_second(), i64::MAX];
        prop_oneof![any::<i64>(), prop::sample::select(bounds.to_vec()), -400_000_000_000..400_000_000_000_i64]
    }

    proptest! {
        #[test]
        fn parts_begin_where_the_clock_of_the_zone_says_so(
            timezone in prop::sample::select(ZONES.to_vec()),
            interval in prop::sample::select(INTERVALS.to_vec()),
            from in second("2010-01-01T00:00:00Z")..second("2030-01-01T00:00:00Z"),
            length in 1..20 * DAY,
        ) {
            let (zone, to) = (zone(timezone), from + length);
            let quarters = (from / QUARTER + 1..).map(|quarter| quarter * QUARTER).take_while(|at| *at < to);
            let expected: Vec<_> = std::iter::once(from).chain(quarters.filter(|at| begins(interval, *at, &zone))).collect();
            prop_assert_eq!(interval.buckets(Span { from, to }, &zone).unwrap().starts, expected);
        }

        #[test]
        fn every_moment_of_a_span_is_in_one_part_and_no_other_moment_is(
            timezone in prop::sample::select(ZONES.to_vec()),
            interval in prop::sample::select(INTERVALS.to_vec()),
            from in second("1900-01-01T00:00:00Z")..second("2100-01-01T00:00:00Z"),
            length in 1..30 * DAY,
            moments in prop::collection::vec(0..30 * DAY, 1..20),
        ) {
            let span = Span { from, to: from + length };
            let buckets = interval.buckets(span, &zone(timezone)).unwrap();
            prop_assert_eq!(buckets.starts[0], from);
            prop_assert!(buckets.starts.is_sorted_by(|one, next| one < next) && buckets.starts.iter().all(|start| span.contains(*start)));
            for at in moments.into_iter().map(|offset| from - DAY + offset).chain([from - 1, from, span.to - 1, span.to]) {
                match buckets.index(at) {
                    Some(n) => prop_assert!(buckets.starts[n] <= at && at < *buckets.starts.get(n + 1).unwrap_or(&span.to)),
                    None => prop_assert!(!span.contains(at)),
                }
            }
        }

        #[test]
        fn a_period_contains_now_and_has_its_days(
            timezone in prop::sample::select(ZONES[..11].to_vec()),
            now in second("2010-01-01T00:00:00Z")..second("2030-01-01T00:00:00Z"),
        ) {
            let zone = zone(timezone);
            for (period, days) in PERIODS.into_iter().zip([1, 7, 30, 365]) {
                let (span, before) = (period.span(now, &zone).unwrap(), period.before(now, &zone).unwrap());
                prop_assert!(span.contains(now));
                prop_assert_eq!(before.to, span.from);
                for span in [span, before] {
                    prop_assert_eq!(Interval::Day.buckets(span, &zone).unwrap().starts.len(), days);
                }
            }
        }

        #[test]
        fn no_moment_and_no_date_is_too_far_off(
            timezone in prop::sample::select(ZONES.to_vec()),
            now in any_moment(),
            other in any_moment(),
            from in any_date(),
            to in any_date(),
            days in 0..366_i64,
        ) {
            let zone = zone(timezone);
            let near = from.saturating_add(days.days());
            for period in PERIODS.into_iter().chain([custom(from, to), custom(from, near)]) {
                let (span, before) = (period.span(now, &zone), period.before(now, &zone));
                prop_assert_eq!(span.err(), before.err());
                if let (Ok(span), Ok(before)) = (span, before) {
                    prop_assert!(before.from <= before.to && before.to == span.from && span.from <= span.to);
                    prop_assert!(Interval::usual(&span).buckets(span, &zone).is_ok());
                }
            }
            for interval in INTERVALS {
                if let Ok(buckets) = interval.buckets(Span { from: now, to: other }, &zone) {
                    prop_assert_eq!(buckets.starts.first(), (now < other).then_some(&now));
                }
            }
        }
    }
}
