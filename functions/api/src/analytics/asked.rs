//! Of which period figures are asked, by whose clock, and of which chat.

use crate::bounded::Text;
use crate::error::ApiError;
use crate::ids::GroupId;
use aws::time;
use domain::analytics::period::Buckets;
use domain::analytics::{Interval, KEPT_DAYS, PEOPLE_DAYS, Period, PeriodError, Span};
use domain::ids::ChatId;
use domain::settings::time_zone;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

const DAY: i64 = 24 * 3600;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// Days by the clock of `tz`, the last of which is today: 1, 7, 30 (where it is left out) or 365. `custom`: from `from` to `to`.
    #[param(inline)]
    period: Option<PeriodName>,
    /// The first day of a custom period.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-01")]
    from: Option<Day>,
    /// Its last day. At most 366 days.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-24")]
    to: Option<Day>,
    /// Whose days: a name of the IANA time zone database.
    #[param(value_type = Option<String>, min_length = 1, max_length = 64, default = "UTC", example = "Europe/Moscow")]
    tz: Option<Text<1, 64>>,
    /// Of this chat alone: what was decided there, what was synced to it, syncs of its decisions, and who follows from it.
    #[param(inline)]
    chat_id: Option<GroupId>,
}

/// A date, as ISO 8601 writes it: `2026-11-24`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Day(Date);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse().map(Self).map_err(|_| "must be a date, such as 2026-11-24")
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeriodName {
    Day,
    Week,
    #[default]
    Month,
    Year,
    Custom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntervalName {
    Hour,
    Day,
    Week,
    Month,
}

impl From<IntervalName> for Interval {
    fn from(name: IntervalName) -> Self {
        match name {
            IntervalName::Hour => Self::Hour,
            IntervalName::Day => Self::Day,
            IntervalName::Week => Self::Week,
            IntervalName::Month => Self::Month,
        }
    }
}

impl From<Interval> for IntervalName {
    fn from(interval: Interval) -> Self {
        match interval {
            Interval::Hour => Self::Hour,
            Interval::Day => Self::Day,
            Interval::Week => Self::Week,
            Interval::Month => Self::Month,
        }
    }
}

/// A request for figures, read.
#[derive(Clone, Debug)]
pub struct Asked {
    pub period: PeriodName,
    pub zone: TimeZone,
    /// The zone's name.
    pub tz: String,
    pub chat: Option<ChatId>,
    pub span: Span,
    /// The period before, where figures of it are kept.
    pub before: Option<Span>,
    /// Since when it is known whom they are about, Unix seconds.
    pub people_since: i64,
}

/// The same with the parts of its period.
pub struct InParts {
    pub asked: Asked,
    pub interval: IntervalName,
    pub buckets: Buckets,
}

impl std::ops::Deref for InParts {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.asked
    }
}

impl PeriodQuery {
    pub fn read(&self) -> Result<Asked, ApiError> {
        self.read_at(time::now())
    }

    fn read_at(&self, now: i64) -> Result<Asked, ApiError> {
        let tz = self.tz.as_ref().map_or("UTC", |Text(name)| name.as_str());
        let unknown = || {
            let error = ApiError::refused("unknown_zone", "tz is a name of the IANA time zone database, such as Europe/Moscow");
            error.with_details(json!({ "parameter": "tz" }))
        };
        let tz = time_zone(tz).ok_or_else(unknown)?;
        let zone = TimeZone::get(&tz).map_err(|_| unknown())?;
        let name = self.period.unwrap_or_default();
        let period = match (name, self.from, self.to) {
            (PeriodName::Custom, Some(Day(from)), Some(Day(to))) => Period::Custom { from, to },
            (PeriodName::Custom, ..) => {
                return Err(ApiError::refused("incomplete_period", "a custom period has its first day in from and its last one in to"));
            }
            (_, None, None) => match name {
                PeriodName::Day => Period::Day,
                PeriodName::Week => Period::Week,
                PeriodName::Month | PeriodName::Custom => Period::Month,
                PeriodName::Year => Period::Year,
            },
            _ => return Err(ApiError::refused("incomplete_period", "from and to are for period=custom")),
        };
        let (span, before) = (period.span(now, &zone)?, period.before(now, &zone)?);
        let before = Some(before).filter(|before| before.from >= now - KEPT_DAYS * DAY);
        let people_since = now - PEOPLE_DAYS * DAY;
        Ok(Asked { period: name, zone, tz, chat: self.chat_id.map(|GroupId(chat)| chat), span, before, people_since })
    }
}

impl Asked {
    /// The span of the period, and the one before it.
    pub fn in_parts(self, interval: Option<IntervalName>) -> Result<InParts, ApiError> {
        let interval = interval.map_or_else(|| Interval::usual(&self.span), Interval::from);
        let buckets = interval.buckets(self.span, &self.zone)?;
        Ok(InParts { asked: self, interval: interval.into(), buckets })
    }
}

impl From<PeriodError> for ApiError {
    fn from(error: PeriodError) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 November 2026, 22:00 in UTC.
    const NOW: i64 = 1_795_557_600;

    fn asked(query: &str) -> Result<Asked, ApiError> {
        let uri = format!("/?{query}").parse().unwrap();
        axum::extract::Query::<PeriodQuery>::try_from_uri(&uri).unwrap().0.read_at(NOW)
    }

    #[test]
    fn days_are_those_of_the_zone_that_is_named() {
        let moscow = asked("period=day&tz=europe/moscow").unwrap();
        assert_eq!((moscow.tz.as_str(), moscow.span.from), ("Europe/Moscow", NOW - 3600), "there it is the 25th since an hour");
        assert_eq!(moscow.span.to - moscow.span.from, 86_400);
        assert_eq!(moscow.before, Some(Span { from: moscow.span.from - 86_400, to: moscow.span.from }));
        let utc = asked("").unwrap();
        assert_eq!((utc.period, utc.tz.as_str(), (utc.span.to - utc.span.from) / 86_400), (PeriodName::Month, "UTC", 30));
    }

    #[test]
    fn of_a_period_before_which_nothing_is_kept_there_is_nothing_to_compare() {
        assert!(asked("period=year").unwrap().before.is_some());
        assert!(asked("period=custom&from=2024-11-30&to=2024-12-01").unwrap().before.is_some());
        assert!(asked("period=custom&from=2024-11-24&to=2024-12-01").unwrap().before.is_none());
    }

    #[test]
    fn what_is_not_complete_or_not_known_is_refused() {
        for (query, code) in [
            ("tz=Europe/Atlantis", "unknown_zone"),
            ("period=custom&from=2026-01-01", "incomplete_period"),
            ("period=week&from=2026-01-01", "incomplete_period"),
            ("period=custom&from=2026-02-01&to=2026-01-01", "empty_period"),
            ("period=custom&from=2025-01-01&to=2026-02-01", "period_too_long"),
        ] {
            let error = format!("{:?}", asked(query).unwrap_err());
            assert!(error.contains(&format!("{code:?}")), "{query}: {error}");
        }
        let error = asked("period=year").unwrap().in_parts(Some(IntervalName::Hour)).err();
        assert!(format!("{error:?}").contains("too_many_points"), "{error:?}");
    }
}
