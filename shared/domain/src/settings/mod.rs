//! What people and chats chose, and what they may choose.
//!
//! A change names only what is to be another way. It is checked as a whole, against what was chosen before: the answer is all that is
//! wrong with it, or the settings as they are then.

mod chat;
mod free;
mod preferences;
mod quiet;
mod share;
mod user;
mod zones;

pub use chat::{ChatChange, ChatSettings, LONGEST_DELAY, LONGEST_TITLE, NewSources, SyncBanType};
pub use free::{FreeMap, LARGEST as LARGEST_MAP};
pub use preferences::{Channel, DIGEST_HOURS, Delivery, Preferences, Priority, Topic, When};
pub use quiet::{QuietHours, clock, minute_of_day};
pub use share::ShareBans;
pub use user::{UserChange, UserSettings};

use jiff::tz::TimeZone;

/// The time zone where none was chosen.
pub const UTC: &str = "UTC";

/// Something that is wrong with what somebody chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub field: &'static str,
    /// What it must be.
    pub message: String,
}

impl Problem {
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// A time zone's name as the IANA database writes it today; its case does not matter, and old names are taken. `None`: there is no such zone.
pub fn time_zone(name: &str) -> Option<String> {
    TimeZone::get(name).ok()?.iana_name().map(zones::current).map(str::to_owned)
}

/// The chosen zone, or what is wrong with it.
fn chosen_zone(name: &str, problems: &mut Vec<Problem>) -> String {
    time_zone(name).unwrap_or_else(|| {
        problems.push(Problem::new("timezone", "a name of the IANA time zone database, such as Europe/Moscow"));
        UTC.to_owned()
    })
}

/// The chosen map, or what is wrong with it.
fn chosen_map(map: &FreeMap, problems: &mut Vec<Problem>) -> FreeMap {
    if !map.fits() {
        problems.push(Problem::new("settings", format!("at most {LARGEST_MAP} bytes as JSON")));
    }
    map.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_is_one_of_the_iana_database_in_any_case() {
        for (name, expected) in [
            ("UTC", Some("UTC")),
            ("Europe/Moscow", Some("Europe/Moscow")),
            ("europe/moscow", Some("Europe/Moscow")),
            ("America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
            // Renamed.
            ("Europe/Kiev", Some("Europe/Kyiv")),
            ("asia/calcutta", Some("Asia/Kolkata")),
            ("US/Eastern", Some("America/New_York")),
            // The same clock as in Berlin, and another place.
            ("Europe/Oslo", Some("Europe/Oslo")),
            ("Mars/Olympus", None),
            ("", None),
            ("+03:00", None),
            ("MSK", None),
            ("../../etc/passwd", None),
        ] {
            assert_eq!(time_zone(name).as_deref(), expected, "{name}");
        }
    }
}
