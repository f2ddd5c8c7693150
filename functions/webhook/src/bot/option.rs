//! Options of a chat or a person, chosen by buttons.

use domain::lang::Lang;
use domain::settings::{Channel, ChatChange, ChatSettings, NewSources, QuietHours, ShareBans, SyncBanType, Topic, UserChange, When};
use domain::subscription::Mode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A setting of a chat with more than two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatTopic {
    Mode,
    BanType,
    Delay,
    NewSources,
    ShareBans,
    Language,
}

/// A choice of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatOption {
    /// Mode for a ban elsewhere: of a person who is followed in any mode, at most this.
    Mode(Mode),
    /// Seconds, of a temporary one.
    BanType(SyncBanType, Option<i64>),
    /// Seconds.
    Delay(i64),
    /// Only of menus from before there was [`ChatOption::Mode`].
    AutoSync(bool),
    /// As [`ChatOption::AutoSync`].
    Confirmation(bool),
    SyncUnban(bool),
    SpareBots(bool),
    Kicks(bool),
    NewSources(NewSources),
    ShareBans(ShareBans),
    Language(Option<Lang>),
}

/// A setting of a person with more than two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MyTopic {
    Language,
    QuietHours,
    Zone,
    Messages,
    DigestHours,
}

/// A choice of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MyOption {
    Notifications(bool),
    Language(Option<Lang>),
    QuietHours(Option<QuietHours>),
    Zone(String),
    Topic(Topic, When),
    DigestHours(u8),
    UrgentInQuietHours(bool),
    /// Ways by which he is told.
    Channels(BTreeSet<Channel>),
}

impl From<ChatOption> for ChatChange {
    fn from(option: ChatOption) -> Self {
        let none = Self::default();
        match option {
            ChatOption::Mode(Mode::Auto) => Self { auto_sync_enabled: Some(true), require_confirmation: Some(false), ..none },
            ChatOption::Mode(Mode::Confirm) => Self { auto_sync_enabled: Some(true), require_confirmation: Some(true), ..none },
            ChatOption::Mode(Mode::Notify) => Self { auto_sync_enabled: Some(false), ..none },
            ChatOption::BanType(ban_type, None) => Self { sync_ban_type: Some(ban_type), ..none },
            ChatOption::BanType(ban_type, seconds) => Self { sync_ban_type: Some(ban_type), ban_duration_seconds: Some(seconds), ..none },
            ChatOption::Delay(seconds) => Self { sync_delay_seconds: Some(seconds), ..none },
            ChatOption::AutoSync(on) => Self { auto_sync_enabled: Some(on), ..none },
            ChatOption::Confirmation(on) => Self { require_confirmation: Some(on), ..none },
            ChatOption::SyncUnban(on) => Self { sync_unban: Some(on), ..none },
            ChatOption::SpareBots(on) => Self { spare_bots: Some(on), ..none },
            ChatOption::Kicks(on) => Self { kick_seconds: Some(if on { ChatSettings::default().kick_seconds } else { 0 }), ..none },
            ChatOption::NewSources(chosen) => Self { new_sources: Some(chosen), ..none },
            ChatOption::ShareBans(step) => Self { share_bans: Some(step), ..none },
            ChatOption::Language(lang) => Self { language: Some(lang), ..none },
        }
    }
}

impl From<MyOption> for UserChange {
    fn from(option: MyOption) -> Self {
        let none = Self::default();
        match option {
            MyOption::Notifications(on) => Self { notifications_enabled: Some(on), ..none },
            MyOption::Language(lang) => Self { language: Some(lang), ..none },
            MyOption::QuietHours(hours) => Self { quiet_hours: Some(hours), ..none },
            MyOption::Zone(zone) => Self { timezone: Some(zone), ..none },
            MyOption::Topic(topic, when) => Self { topics: [(topic, when)].into(), ..none },
            MyOption::DigestHours(hours) => Self { digest_hours: Some(hours), ..none },
            MyOption::UrgentInQuietHours(on) => Self { urgent_in_quiet_hours: Some(on), ..none },
            MyOption::Channels(channels) => Self { channels: Some(channels), ..none },
        }
    }
}
