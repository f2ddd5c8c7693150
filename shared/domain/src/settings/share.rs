//! How much of its bans a chat tells others.

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much of its bans a chat tells the admins of other chats, and those who were banned. What each step shows is in [`crate::sharing`].
///
/// Before there were steps this was a switch. Off reads as [`ShareBans::Nothing`]. On reads as [`ShareBans::Events`], though it showed reasons
/// and moderators too: it was on unless somebody switched it off, so nobody need ever have agreed to that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareBans {
    /// Nothing but what a ban that is carried over cannot do without: that a chat banned.
    Nothing,
    /// That it happened, and when.
    #[default]
    Events,
    /// With the chat's title, the reason and who decided it.
    Full,
}

impl ShareBans {
    /// All steps, the most private one first.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Events, Self::Full];

    /// As it is stored and as the REST API calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Events => "events",
            Self::Full => "full",
        }
    }
}

impl<'de> Deserialize<'de> for ShareBans {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Step;

        impl Visitor<'_> for Step {
            type Value = ShareBans;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("nothing, events or full")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<ShareBans, E> {
                Ok(if on { ShareBans::Events } else { ShareBans::Nothing })
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<ShareBans, E> {
                let step = ShareBans::ALL.into_iter().find(|step| step.name() == name);
                step.ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
            }
        }

        deserializer.deserialize_any(Step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ChatSettings;

    #[test]
    fn a_switch_of_before_reads_as_the_step_that_gives_no_more_away_than_anybody_agreed_to() {
        let read = |json: &str| serde_json::from_str::<ChatSettings>(json).ok().map(|settings| settings.share_bans);
        for (json, expected) in [
            (r#"{"share_bans":true}"#, Some(ShareBans::Events)),
            (r#"{"share_bans":false}"#, Some(ShareBans::Nothing)),
            (r#"{"share_bans":"nothing"}"#, Some(ShareBans::Nothing)),
            (r#"{"share_bans":"events"}"#, Some(ShareBans::Events)),
            (r#"{"share_bans":"full"}"#, Some(ShareBans::Full)),
            ("{}", Some(ShareBans::Events)),
            (r#"{"share_bans":"all"}"#, None),
            (r#"{"share_bans":1}"#, None),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }

    #[test]
    fn a_step_is_written_by_its_name() {
        for step in ShareBans::ALL {
            assert_eq!(serde_json::to_value(step).unwrap(), step.name());
        }
        assert!(ShareBans::ALL.is_sorted());
    }
}
