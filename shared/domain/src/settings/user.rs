//! What a person chose.

use super::{Channel, DIGEST_HOURS, FreeMap, Preferences, Problem, QuietHours, Topic, UTC, When, chosen_map, chosen_zone};
use crate::lang::Lang;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A person's settings. The defaults hold for whoever never chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserSettings {
    pub notifications_enabled: bool,
    /// `None`: as Telegram's language; see [`Lang::of`].
    pub language: Option<Lang>,
    /// A name of the IANA time zone database.
    pub timezone: String,
    /// When messages wait, in his time zone; `None`: never.
    pub quiet_hours: Option<QuietHours>,
    pub preferences: Preferences,
    pub settings: FreeMap,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            notifications_enabled: true,
            language: None,
            timezone: UTC.to_owned(),
            quiet_hours: None,
            preferences: Preferences::default(),
            settings: FreeMap::default(),
        }
    }
}

/// What is to be another way; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    pub notifications_enabled: Option<bool>,
    /// Inner `None`: as Telegram's again.
    pub language: Option<Option<Lang>>,
    pub timezone: Option<String>,
    /// Inner `None`: no hours are quiet any more.
    pub quiet_hours: Option<Option<QuietHours>>,
    /// Of these topics; the others stay.
    pub topics: BTreeMap<Topic, When>,
    pub urgent_in_quiet_hours: Option<bool>,
    pub digest_hours: Option<u8>,
    /// Replaces all of them.
    pub channels: Option<BTreeSet<Channel>>,
    /// Replaces the whole map.
    pub settings: Option<FreeMap>,
}

impl UserSettings {
    /// The settings after `change`, or all that is wrong with it.
    pub fn changed(&self, change: &UserChange) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let settings = Self {
            notifications_enabled: change.notifications_enabled.unwrap_or(self.notifications_enabled),
            language: change.language.unwrap_or(self.language),
            timezone: change.timezone.as_ref().map_or_else(|| self.timezone.clone(), |name| chosen_zone(name, &mut problems)),
            quiet_hours: change.quiet_hours.unwrap_or(self.quiet_hours),
            preferences: self.preferences.changed(change),
            settings: change.settings.as_ref().map_or_else(|| self.settings.clone(), |map| chosen_map(map, &mut problems)),
        };
        if settings.quiet_hours.is_some_and(|hours| !hours.is_valid()) {
            problems.push(Problem::new("quiet_hours", "from and to: two different times of the day, as 22:00 and 07:00"));
        }
        if !DIGEST_HOURS.contains(&settings.preferences.digest_hours) {
            let (least, most) = (DIGEST_HOURS.start(), DIGEST_HOURS.end());
            problems.push(Problem::new("digest_hours", format!("whole hours, {least} to {most}")));
        }
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_the_rest_as_it_was() {
        let before = UserSettings { language: Some(Lang::En), timezone: "Asia/Tokyo".to_owned(), ..UserSettings::default() };
        let change = UserChange { notifications_enabled: Some(false), ..UserChange::default() };
        let after = before.changed(&change).unwrap();
        assert_eq!(after, UserSettings { notifications_enabled: false, ..before.clone() });
        assert_eq!(before.changed(&UserChange { language: Some(None), ..UserChange::default() }).unwrap().language, None);
        assert_eq!(before.changed(&UserChange::default()).unwrap(), before);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let map = FreeMap([("a".to_owned(), "x".repeat(5000).into())].into_iter().collect());
        let hours = QuietHours { from: 60, to: 60 };
        let change = UserChange {
            timezone: Some("Nowhere".to_owned()),
            quiet_hours: Some(Some(hours)),
            settings: Some(map),
            ..UserChange::default()
        };
        let fields: Vec<_> = UserSettings::default().changed(&change).unwrap_err().iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["timezone", "settings", "quiet_hours"]);
    }

    #[test]
    fn it_is_quiet_in_the_chosen_hours_of_the_chosen_zone_until_none_are_chosen_any_more() {
        let change = UserChange {
            timezone: Some("Asia/Tokyo".to_owned()),
            quiet_hours: Some(Some(QuietHours { from: 22 * 60, to: 7 * 60 })),
            ..UserChange::default()
        };
        let chosen = UserSettings::default().changed(&change).unwrap();
        // 1970-01-01T13:00Z is 22:00 in Tokyo.
        let evening = 13 * 3600;
        let is_quiet = |of: &UserSettings, now| of.quiet_hours.is_some_and(|hours| hours.contain(now, &of.timezone));
        assert!(is_quiet(&chosen, evening) && !is_quiet(&chosen, evening - 1));
        let loud = chosen.changed(&UserChange { quiet_hours: Some(None), ..UserChange::default() }).unwrap();
        assert!(!is_quiet(&loud, evening) && !is_quiet(&UserSettings::default(), evening));
        let json = serde_json::to_string(&chosen).unwrap();
        assert_eq!(serde_json::from_str::<UserSettings>(&json).unwrap(), chosen);
    }

    #[test]
    fn a_change_names_only_the_topics_that_are_to_be_another_way() {
        let topics = |topics: &[(Topic, When)]| UserChange { topics: topics.iter().copied().collect(), ..UserChange::default() };
        let first = UserSettings::default().changed(&topics(&[(Topic::System, When::Off)])).unwrap();
        let then = first.changed(&topics(&[(Topic::BanSynced, When::Digest)])).unwrap().preferences;
        assert_eq!(
            (then.when(Topic::System), then.when(Topic::BanSynced), then.when(Topic::SyncError)),
            (When::Off, When::Digest, When::Now)
        );
        for (hours, is_fine) in [(0, false), (1, true), (168, true), (169, false)] {
            let change = UserChange { digest_hours: Some(hours), ..UserChange::default() };
            assert_eq!(UserSettings::default().changed(&change).is_ok(), is_fine, "{hours}");
        }
    }

    #[test]
    fn settings_that_lack_fields_read_with_their_defaults() {
        assert_eq!(serde_json::from_str::<UserSettings>("{}").unwrap(), UserSettings::default());
    }
}
