//! What a person chose.

use super::{FreeMap, Problem, UTC, chosen_map, chosen_zone};
use crate::lang::Lang;
use serde::{Deserialize, Serialize};

/// A person's settings. The defaults hold for whoever never chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserSettings {
    pub notifications_enabled: bool,
    /// `None`: as Telegram's language; see [`Lang::of`].
    pub language: Option<Lang>,
    /// A name of the IANA time zone database.
    pub timezone: String,
    pub settings: FreeMap,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self { notifications_enabled: true, language: None, timezone: UTC.to_owned(), settings: FreeMap::default() }
    }
}

/// What is to be another way; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    pub notifications_enabled: Option<bool>,
    /// Inner `None`: as Telegram's again.
    pub language: Option<Option<Lang>>,
    pub timezone: Option<String>,
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
            settings: change.settings.as_ref().map_or_else(|| self.settings.clone(), |map| chosen_map(map, &mut problems)),
        };
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
        let change = UserChange { timezone: Some("Nowhere".to_owned()), settings: Some(map), ..UserChange::default() };
        let fields: Vec<_> = UserSettings::default().changed(&change).unwrap_err().iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["timezone", "settings"]);
    }

    #[test]
    fn settings_that_lack_fields_read_with_their_defaults() {
        assert_eq!(serde_json::from_str::<UserSettings>("{}").unwrap(), UserSettings::default());
    }
}
