//! How a chat's admins want bans carried over.

use super::{FreeMap, Problem, ShareBans, UTC, chosen_map, chosen_zone};
use crate::lang::Lang;
use crate::sync::LONGEST_BAN;
use serde::{Deserialize, Serialize};

/// The longest pause before a ban is carried over, in seconds: a week.
pub const LONGEST_DELAY: i64 = 604_800;

/// The longest ban that may be called a kick, in seconds: an hour.
pub const LONGEST_KICK: i64 = 3600;

/// Longest ban that is a kick where nobody chose, in seconds. Guard bots put people out by bans of 30 to 60 seconds, which Telegram ends by itself.
const KICK: i64 = 60;

/// The longest name for a chat, in characters; Telegram's own are shorter.
pub const LONGEST_TITLE: usize = 255;

/// Which ban a chat takes over from the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncBanType {
    /// Until the source's ban ends.
    #[default]
    Same,
    Permanent,
    /// For [`ChatSettings::ban_duration_seconds`] from the moment it is applied.
    Temporary,
}

/// What a chat does with the first ban from a source whose bans it has never had: anybody can make a group and ban there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewSources {
    /// Ask the admins. Their yes makes the source a known one.
    #[default]
    Ask,
    /// Ban, as from any source.
    Ban,
    /// Only tell the admins.
    Tell,
}

/// How bans are carried into a chat. The defaults hold for a chat whose admins never chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatSettings {
    /// What messages call the chat; `None`: as Telegram does.
    pub chat_title: Option<String>,
    pub sync_ban_type: SyncBanType,
    /// For [`SyncBanType::Temporary`], which needs it.
    pub ban_duration_seconds: Option<i64>,
    /// Pause between the source's ban and the one here; at least the settle time is kept anyway.
    pub sync_delay_seconds: i64,
    pub auto_sync_enabled: bool,
    /// Ask the admins before a ban is carried over.
    pub require_confirmation: bool,
    pub new_sources: NewSources,
    /// Lift a ban that was carried over when the source lifts its own.
    pub sync_unban: bool,
    /// Leave bots alone, whoever bans them elsewhere.
    pub spare_bots: bool,
    /// A ban of the source that lasts at most so many seconds is a kick, and not carried over; 0: none is.
    pub kick_seconds: i64,
    /// How much admins of other chats, and whoever was banned, see of this chat's bans. Followers of a person hear of a ban anyway.
    pub share_bans: ShareBans,
    /// Of what is written in the chat; `None`: of whoever is answered.
    pub language: Option<Lang>,
    /// A name of the IANA time zone database.
    pub timezone: String,
    pub settings: FreeMap,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            chat_title: None,
            sync_ban_type: SyncBanType::Same,
            ban_duration_seconds: None,
            sync_delay_seconds: 0,
            auto_sync_enabled: true,
            require_confirmation: false,
            new_sources: NewSources::Ask,
            sync_unban: false,
            spare_bots: false,
            kick_seconds: KICK,
            share_bans: ShareBans::Events,
            language: None,
            timezone: UTC.to_owned(),
            settings: FreeMap::default(),
        }
    }
}

/// What is to be another way; `None` stays as it is. Inner `None`: not chosen any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatChange {
    pub chat_title: Option<Option<String>>,
    pub sync_ban_type: Option<SyncBanType>,
    pub ban_duration_seconds: Option<Option<i64>>,
    pub sync_delay_seconds: Option<i64>,
    pub auto_sync_enabled: Option<bool>,
    pub require_confirmation: Option<bool>,
    pub new_sources: Option<NewSources>,
    pub sync_unban: Option<bool>,
    pub spare_bots: Option<bool>,
    pub kick_seconds: Option<i64>,
    pub share_bans: Option<ShareBans>,
    pub language: Option<Option<Lang>>,
    pub timezone: Option<String>,
    /// Replaces the whole map.
    pub settings: Option<FreeMap>,
}

impl ChatSettings {
    /// The settings after `change`, or all that is wrong with it.
    pub fn changed(&self, change: &ChatChange) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let settings = Self {
            chat_title: change.chat_title.clone().unwrap_or_else(|| self.chat_title.clone()),
            sync_ban_type: change.sync_ban_type.unwrap_or(self.sync_ban_type),
            ban_duration_seconds: change.ban_duration_seconds.unwrap_or(self.ban_duration_seconds),
            sync_delay_seconds: change.sync_delay_seconds.unwrap_or(self.sync_delay_seconds),
            auto_sync_enabled: change.auto_sync_enabled.unwrap_or(self.auto_sync_enabled),
            require_confirmation: change.require_confirmation.unwrap_or(self.require_confirmation),
            new_sources: change.new_sources.unwrap_or(self.new_sources),
            sync_unban: change.sync_unban.unwrap_or(self.sync_unban),
            spare_bots: change.spare_bots.unwrap_or(self.spare_bots),
            kick_seconds: change.kick_seconds.unwrap_or(self.kick_seconds),
            share_bans: change.share_bans.unwrap_or(self.share_bans),
            language: change.language.unwrap_or(self.language),
            timezone: change.timezone.as_ref().map_or_else(|| self.timezone.clone(), |name| chosen_zone(name, &mut problems)),
            settings: change.settings.as_ref().map_or_else(|| self.settings.clone(), |map| chosen_map(map, &mut problems)),
        };
        settings.check(&mut problems);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        if self.chat_title.as_ref().is_some_and(|title| !(1..=LONGEST_TITLE).contains(&title.chars().count())) {
            problems.push(Problem::new("chat_title", format!("1 to {LONGEST_TITLE} characters")));
        }
        match self.ban_duration_seconds {
            // Telegram takes longer bans for such that never end.
            Some(seconds) if !(1..=LONGEST_BAN).contains(&seconds) => {
                problems.push(Problem::new("ban_duration_seconds", format!("1 to {LONGEST_BAN} seconds")));
            }
            None if self.sync_ban_type == SyncBanType::Temporary => {
                problems.push(Problem::new("ban_duration_seconds", "needed where sync_ban_type is temporary"));
            }
            _ => {}
        }
        if !(0..=LONGEST_DELAY).contains(&self.sync_delay_seconds) {
            problems.push(Problem::new("sync_delay_seconds", format!("0 to {LONGEST_DELAY} seconds")));
        }
        if !(0..=LONGEST_KICK).contains(&self.kick_seconds) {
            problems.push(Problem::new("kick_seconds", format!("0 to {LONGEST_KICK} seconds")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(change: ChatChange) -> Vec<&'static str> {
        let problems = ChatSettings::default().changed(&change).err().unwrap_or_default();
        problems.iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn what_a_chat_may_choose() {
        let change = ChatChange::default;
        let title = |length: usize| ChatChange { chat_title: Some(Some("Ж".repeat(length))), ..change() };
        let delay = |seconds| ChatChange { sync_delay_seconds: Some(seconds), ..change() };
        let lasts = |sync_ban_type, seconds: Option<i64>| ChatChange {
            sync_ban_type: Some(sync_ban_type),
            ban_duration_seconds: seconds.map(Some),
            ..change()
        };
        for (change, expected) in [
            (change(), &[] as &[_]),
            (title(255), &[]),
            (title(256), &["chat_title"]),
            (title(0), &["chat_title"]),
            (delay(0), &[]),
            (delay(604_800), &[]),
            (delay(604_801), &["sync_delay_seconds"]),
            (delay(-1), &["sync_delay_seconds"]),
            (lasts(SyncBanType::Temporary, Some(1)), &[]),
            (lasts(SyncBanType::Temporary, Some(366 * 86_400)), &[]),
            (lasts(SyncBanType::Temporary, Some(366 * 86_400 + 1)), &["ban_duration_seconds"]),
            (lasts(SyncBanType::Temporary, Some(0)), &["ban_duration_seconds"]),
            (lasts(SyncBanType::Temporary, None), &["ban_duration_seconds"]),
            (lasts(SyncBanType::Permanent, None), &[]),
            (lasts(SyncBanType::Same, Some(-5)), &["ban_duration_seconds"]),
            (ChatChange { timezone: Some("Mars/Olympus".to_owned()), ..delay(-1) }, &["timezone", "sync_delay_seconds"]),
        ] {
            assert_eq!(fields(change.clone()), expected, "{change:?}");
        }
    }

    #[test]
    fn a_temporary_ban_needs_a_length_from_now_or_from_before() {
        let temporary = ChatChange { sync_ban_type: Some(SyncBanType::Temporary), ..ChatChange::default() };
        let before = ChatSettings { ban_duration_seconds: Some(3600), ..ChatSettings::default() };
        let after = before.changed(&temporary).unwrap();
        assert_eq!((after.sync_ban_type, after.ban_duration_seconds), (SyncBanType::Temporary, Some(3600)));
        assert!(after.changed(&ChatChange { ban_duration_seconds: Some(None), ..ChatChange::default() }).is_err());
    }

    #[test]
    fn settings_of_before_read_with_the_new_ones_at_their_defaults() {
        let old = r#"{"sync_ban_type":"permanent","ban_duration_seconds":86400,"sync_delay_seconds":6,"auto_sync_enabled":false}"#;
        let read: ChatSettings = serde_json::from_str(old).unwrap();
        let expected = ChatSettings {
            sync_ban_type: SyncBanType::Permanent,
            ban_duration_seconds: Some(86_400),
            sync_delay_seconds: 6,
            auto_sync_enabled: false,
            ..ChatSettings::default()
        };
        assert_eq!(read, expected);
    }

    proptest! {
        #[test]
        fn what_was_accepted_is_within_its_limits_and_reads_back(
            delay in prop::option::of(-10i64..700_000), lasts in prop::option::of(prop::option::of(-10i64..40_000_000)), temporary: bool,
        ) {
            let change = ChatChange {
                sync_delay_seconds: delay,
                ban_duration_seconds: lasts,
                sync_ban_type: temporary.then_some(SyncBanType::Temporary),
                ..ChatChange::default()
            };
            if let Ok(settings) = ChatSettings::default().changed(&change) {
                prop_assert!((0..=LONGEST_DELAY).contains(&settings.sync_delay_seconds));
                prop_assert!(settings.ban_duration_seconds.is_none_or(|seconds| (1..=LONGEST_BAN).contains(&seconds)));
                prop_assert!(settings.sync_ban_type != SyncBanType::Temporary || settings.ban_duration_seconds.is_some());
                let json = serde_json::to_string(&settings).unwrap();
                prop_assert_eq!(serde_json::from_str::<ChatSettings>(&json).unwrap(), settings);
            }
        }
    }
}
