//! What a command, a button or an answer asks for. Stored with a message's buttons, so that a button is no more than a number.

use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member;
use domain::settings::{ChatChange, QuietHours, SyncBanType, UserChange};
use domain::subscription::Mode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something to show or to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Start,
    Help,
    Privacy,
    /// The message is done with.
    Close,
    /// Which chat is meant? `page` counts from 0.
    Choose {
        then: InChat,
        page: usize,
    },
    In {
        chat: ChatId,
        then: InChat,
    },
    /// What admins decided on a person in chats that the asker may look into.
    Person {
        user: UserId,
        filter: Option<member::Action>,
        after: Vec<String>,
    },
    PersonFile {
        user: UserId,
        filter: Option<member::Action>,
    },
    MySettings,
    PickMine(MyTopic),
    SetMine(MyOption),
    MyData,
    MyDataFile,
    AskErase,
    Erase,
    /// Where the asker himself was banned by a sync, and why.
    WhyMe,
    AskAppeal {
        chat: ChatId,
        sync_id: Uuid,
    },
}

/// Something about one chat, for its admins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InChat {
    /// Who that is, before anybody is followed.
    Preview {
        users: Vec<UserId>,
    },
    Follow {
        users: Vec<UserId>,
        mode: Mode,
    },
    Unfollow {
        user: UserId,
    },
    /// Whom the asker follows; the cursors of the pages before.
    List {
        after: Vec<String>,
    },
    /// One of those.
    Followed {
        user: UserId,
    },
    SetMode {
        user: UserId,
        mode: Mode,
    },
    Undo {
        user: Option<UserId>,
    },
    Ignore {
        user: UserId,
    },
    Unignore {
        user: UserId,
    },
    Ignored,
    Unblock {
        source: ChatId,
    },
    Settings,
    Pick(ChatTopic),
    Set(ChatOption),
    History {
        filter: Option<member::Action>,
        after: Vec<String>,
    },
    HistoryFile {
        filter: Option<member::Action>,
    },
    Why {
        user: UserId,
    },
    Stats,
    Verify,
    /// Whom is it about? Then the same as the command with his id.
    AskWhom(Purpose),
}

/// What a person that is asked for is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Follow,
    Unfollow,
    Ignore,
    Unignore,
    Why,
}

/// A setting of a chat with more than two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatTopic {
    BanType,
    Delay,
    Language,
}

/// A choice of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatOption {
    /// Seconds, of a temporary one.
    BanType(SyncBanType, Option<i64>),
    /// Seconds.
    Delay(i64),
    AutoSync(bool),
    Confirmation(bool),
    SyncUnban(bool),
    SpareBots(bool),
    ShareBans(bool),
    Language(Option<Lang>),
}

/// A setting of a person with more than two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MyTopic {
    Language,
    QuietHours,
    Zone,
}

/// A choice of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MyOption {
    Notifications(bool),
    Language(Option<Lang>),
    QuietHours(Option<QuietHours>),
    Zone(String),
}

impl Purpose {
    /// What is done with whoever is named.
    pub fn with(self, users: Vec<UserId>) -> Option<InChat> {
        let &first = users.first()?;
        Some(match self {
            Self::Follow => InChat::Preview { users },
            Self::Unfollow => InChat::Unfollow { user: first },
            Self::Ignore => InChat::Ignore { user: first },
            Self::Unignore => InChat::Unignore { user: first },
            Self::Why => InChat::Why { user: first },
        })
    }

    /// The command it belongs to.
    pub fn command(self) -> &'static str {
        match self {
            Self::Follow => "subscribe",
            Self::Unfollow => "unsubscribe",
            Self::Ignore => "ignore",
            Self::Unignore => "unignore",
            Self::Why => "why",
        }
    }
}

impl InChat {
    /// Only an admin who may ban decides what I ban; the others may look.
    pub fn needs_right_to_ban(&self) -> bool {
        match self {
            Self::Preview { .. }
            | Self::Follow { .. }
            | Self::Unfollow { .. }
            | Self::SetMode { .. }
            | Self::Undo { .. }
            | Self::Ignore { .. }
            | Self::Unignore { .. }
            | Self::Unblock { .. }
            | Self::Settings
            | Self::Pick(_)
            | Self::Set(_)
            | Self::AskWhom(Purpose::Follow | Purpose::Unfollow | Purpose::Ignore | Purpose::Unignore) => true,
            Self::List { .. }
            | Self::Followed { .. }
            | Self::Ignored
            | Self::History { .. }
            | Self::HistoryFile { .. }
            | Self::Why { .. }
            | Self::Stats
            | Self::Verify
            | Self::AskWhom(Purpose::Why) => false,
        }
    }

    /// Short, and about what everybody there can see: it may be answered in the group.
    pub fn is_for_the_group(&self) -> bool {
        matches!(
            self,
            Self::Preview { .. }
                | Self::Follow { .. }
                | Self::Unfollow { .. }
                | Self::Undo { .. }
                | Self::Ignore { .. }
                | Self::Unignore { .. }
                | Self::Verify
        )
    }
}

impl From<ChatOption> for ChatChange {
    fn from(option: ChatOption) -> Self {
        let none = Self::default();
        match option {
            ChatOption::BanType(ban_type, None) => Self { sync_ban_type: Some(ban_type), ..none },
            ChatOption::BanType(ban_type, seconds) => Self { sync_ban_type: Some(ban_type), ban_duration_seconds: Some(seconds), ..none },
            ChatOption::Delay(seconds) => Self { sync_delay_seconds: Some(seconds), ..none },
            ChatOption::AutoSync(on) => Self { auto_sync_enabled: Some(on), ..none },
            ChatOption::Confirmation(on) => Self { require_confirmation: Some(on), ..none },
            ChatOption::SyncUnban(on) => Self { sync_unban: Some(on), ..none },
            ChatOption::SpareBots(on) => Self { spare_bots: Some(on), ..none },
            ChatOption::ShareBans(on) => Self { share_bans: Some(on), ..none },
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
        }
    }
}
