//! Moments as messages write them: Telegram shows them in the reader's own zone and words (Bot API 9.5, "date_time" entities). Inside stands UTC,
//! for apps that do not.

use crate::text::Html;
use domain::lang::Lang;
use jiff::{Timestamp, tz::TimeZone};

const MONTHS: [[&str; 12]; 2] = [
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ["янв.", "февр.", "марта", "апр.", "мая", "июня", "июля", "авг.", "сент.", "окт.", "нояб.", "дек."],
];

/// Date and time of `at`, Unix seconds.
pub fn moment(at: i64, lang: Lang) -> Html {
    in_tag(at, "Dt", |moment| format!("{}, {} UTC", day(moment, lang), moment.strftime("%H:%M")))
}

/// The date of `at`, Unix seconds.
pub fn date(at: i64, lang: Lang) -> Html {
    in_tag(at, "D", |moment| day(moment, lang))
}

fn in_tag(at: i64, format: &str, text: impl Fn(&jiff::Zoned) -> String) -> Html {
    let Ok(moment) = Timestamp::from_second(at) else { return Html(String::new()) };
    let text = text(&moment.to_zoned(TimeZone::UTC));
    // Telegram takes moments of 32 bits.
    Html(match i32::try_from(at) {
        Ok(unix @ 1..) => format!("<tg-time unix=\"{unix}\" format=\"{format}\">{text}</tg-time>"),
        _ => text,
    })
}

fn day(moment: &jiff::Zoned, lang: Lang) -> String {
    let months = MONTHS[usize::from(lang == Lang::Ru)];
    let month = months.get(usize::from(moment.month().unsigned_abs()).saturating_sub(1)).copied().unwrap_or_default();
    format!("{} {month} {}", moment.day(), moment.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_readers_own_and_utc_inside() {
        let at = 1_736_937_000;
        assert_eq!(moment(at, Lang::En).0, "<tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>");
        assert_eq!(moment(at, Lang::Ru).0, "<tg-time unix=\"1736937000\" format=\"Dt\">15 янв. 2025, 10:30 UTC</tg-time>");
        assert_eq!(date(at, Lang::En).0, "<tg-time unix=\"1736937000\" format=\"D\">15 Jan 2025</tg-time>");
    }

    #[test]
    fn what_telegram_does_not_take_for_a_moment_stands_as_a_text() {
        assert_eq!(moment(0, Lang::En).0, "1 Jan 1970, 00:00 UTC");
        assert_eq!(date(i64::from(i32::MAX) + 1, Lang::En).0, "19 Jan 2038");
        assert_eq!(moment(i64::MAX, Lang::En).0, "");
    }
}
