//! What was counted, as charts: bans over time, what syncs came to, where bans came from.

use crate::text;
use chart::{Chart, Colour, Kind, Series as Drawn, Theme};
use domain::analytics::Interval;
use domain::analytics::sums::{Series, Tally};
use domain::lang::Lang;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Sources that are shown.
pub const SOURCES: usize = 5;

/// How charts are to be.
#[derive(Clone, Debug)]
pub struct Look {
    pub lang: Lang,
    pub theme: Theme,
    /// Whose clock the labels are by.
    pub zone: TimeZone,
    /// How long a point lasts.
    pub interval: Interval,
}

/// Bans that were decided, and those that syncs brought.
pub fn bans(series: &Series, look: &Look) -> Chart {
    let lang = look.lang;
    let decided = drawn(text!(lang, "chart-decided"), Colour::Blue, series, |tally| tally.decisions.bans);
    let synced = drawn(text!(lang, "chart-synced"), Colour::Green, series, |tally| tally.synced_bans.applied);
    over_time(text!(lang, "chart-bans"), vec![decided, synced], series, look)
}

/// What bans that were synced came to in chats.
pub fn results(series: &Series, look: &Look) -> Chart {
    let lang = look.lang;
    let all = vec![
        drawn(text!(lang, "chart-applied"), Colour::Green, series, |tally| tally.synced_bans.applied),
        drawn(text!(lang, "chart-already"), Colour::Grey, series, |tally| tally.synced_bans.already),
        drawn(text!(lang, "chart-skipped"), Colour::Orange, series, |tally| tally.synced_bans.skipped),
        drawn(text!(lang, "chart-failed"), Colour::Red, series, |tally| tally.synced_bans.failed),
    ];
    over_time(text!(lang, "chart-results"), all, series, look)
}

/// Sources by the bans that came from them, the most first.
pub fn sources(first: Vec<(String, i64)>, look: &Look) -> Chart {
    let rows = first.into_iter().filter(|(_, bans)| *bans > 0).map(|(label, bans)| (label, count(bans))).collect();
    Chart {
        title: text!(look.lang, "chart-sources"),
        labels: Vec::new(),
        kind: Kind::Ranking(rows),
        theme: look.theme,
        empty: text!(look.lang, "chart-empty"),
    }
}

fn over_time(title: String, series: Vec<Drawn>, of: &Series, look: &Look) -> Chart {
    let labels = of.points().map(|(at, _)| label(at, look)).collect();
    Chart { title, labels, kind: Kind::Bars(series), theme: look.theme, empty: text!(look.lang, "chart-empty") }
}

fn drawn(name: String, colour: Colour, series: &Series, of: impl Fn(&Tally) -> i64) -> Drawn {
    Drawn { name, colour, values: series.points().map(|(_, tally)| count(of(tally))).collect() }
}

/// What is taken back before it is told of is not there.
fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}

/// When a point begins, as short as it can be told from the others.
fn label(at: i64, look: &Look) -> String {
    let Ok(moment) = Timestamp::from_second(at) else { return String::new() };
    let form = match (look.interval, look.lang) {
        (Interval::Hour, _) => "%H:%M",
        (Interval::Day | Interval::Week, Lang::En) => "%-d %b",
        (Interval::Day | Interval::Week, Lang::Ru) => "%d.%m",
        (Interval::Month, Lang::En) => "%b %Y",
        (Interval::Month, Lang::Ru) => "%m.%Y",
    };
    moment.to_zoned(look.zone.clone()).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::analytics::{Fact, Span};
    use domain::ids::{ChatId, UserId};
    use domain::member::Action;
    use uuid::Uuid;

    /// 24 November 2025, 00:00 in UTC.
    const START: i64 = 1_763_942_400;

    fn look(lang: Lang, interval: Interval, zone: &str) -> Look {
        Look { lang, theme: Theme::Light, zone: TimeZone::get(zone).unwrap(), interval }
    }

    #[test]
    fn points_are_labelled_by_the_readers_clock_and_language() {
        for (interval, lang, zone, expected) in [
            (Interval::Hour, Lang::En, "Asia/Kathmandu", "05:45"),
            (Interval::Day, Lang::En, "UTC", "24 Nov"),
            (Interval::Day, Lang::Ru, "UTC", "24.11"),
            (Interval::Week, Lang::En, "America/New_York", "23 Nov"),
            (Interval::Month, Lang::En, "UTC", "Nov 2025"),
            (Interval::Month, Lang::Ru, "UTC", "11.2025"),
        ] {
            assert_eq!(label(START, &look(lang, interval, zone)), expected);
        }
    }

    #[test]
    fn what_is_counted_is_drawn_where_it_was() {
        let (look, span) = (look(Lang::En, Interval::Day, "UTC"), Span { from: START, to: START + 3 * 86_400 });
        let mut series = Series::new(look.interval.buckets(span, &look.zone).unwrap());
        series.add(&Fact::decision(Uuid::nil(), START + 90_000, Action::Ban, ChatId(-1), UserId(1)));
        let chart = bans(&series, &look);
        let Kind::Bars(drawn) = &chart.kind else { panic!("{chart:?}") };
        assert_eq!((&drawn[0].values[..], &drawn[1].values[..], chart.labels.len()), (&[0, 1, 0][..], &[0, 0, 0][..], 3));
        let Kind::Ranking(rows) = sources(vec![("A".to_owned(), 3), ("B".to_owned(), 0)], &look).kind else { panic!("a ranking") };
        assert_eq!(rows, [("A".to_owned(), 3)]);
        assert!(chart::stack(&[bans(&series, &look), results(&series, &look)]).starts_with("<svg"));
    }
}
