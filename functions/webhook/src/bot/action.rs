//! What a command, a button or an answer asks for. Stored with a message's buttons, so that a button is no more than a number.

use super::charts::View;
use super::data::Place;
pub use super::option::{ChatOption, ChatTopic, MyOption, MyTopic};
use super::stats::Tally;
use domain::ids::{ChatId, UserId};
use domain::member;
use domain::subscription::Mode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something to show or to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Start,
    Help,
    /// A part of it.
    HelpOn(HelpTopic),
    /// The answer to a command that there is not.
    UnknownCommand {
        /// Without the slash.
        typed: String,
    },
    Privacy,
    /// A link to the web page.
    Web,
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
        /// `None`: the first file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<FilePart>,
    },
    MySettings,
    PickMine(MyTopic),
    SetMine(MyOption),
    MyData,
    MyDataFile,
    /// A further file of it.
    MyDataPart(Place),
    AskErase,
    Erase,
    /// Where the asker himself was banned by a sync, and why.
    WhyMe,
    /// The chats after so many that were looked at, newest ban first.
    WhyMeFurther {
        looked: usize,
        /// Counted from the chats of this sync on; `None`: from the newest one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Uuid>,
    },
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
    /// Whose bans come here, and whose are blocked.
    Sources,
    /// Carry no bans of a source over to here.
    Block {
        source: ChatId,
    },
    Unblock {
        source: ChatId,
    },
    /// The source is a known one: its first ban is not asked about.
    LetIn {
        source: ChatId,
    },
    /// It is no known one any more.
    Forget {
        source: ChatId,
    },
    /// What other admins follow from here: for the owner.
    Others {
        after: Vec<String>,
    },
    /// Ends what another admin follows from here: for the owner.
    EndOf {
        admin: UserId,
        user: UserId,
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
        /// `None`: the first file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<FilePart>,
    },
    Why {
        user: UserId,
    },
    Stats,
    /// The same over a longer time, with a picture.
    Charts(View),
    /// Counts on.
    StatsFurther {
        tally: Tally,
    },
    Verify,
    /// Whether the chat is told of what fails, and how it would be.
    Operators,
    /// Whom is it about? Then the same as the command with his id.
    AskWhom(Purpose),
}

/// A further file of a long list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// From 2.
    pub number: u32,
    /// Where it begins in the list.
    pub from: String,
}

/// A part of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HelpTopic {
    Following,
    Deciding,
    Looking,
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

impl Purpose {
    /// What is done with the people who are named; with the first only, where it is done with one.
    pub fn with(self, users: Vec<UserId>) -> Option<InChat> {
        let &first = users.first()?;
        Some(match self {
            Self::Follow => InChat::Preview { users },
            _ => self.with_one(first),
        })
    }

    /// What is done with a person.
    pub fn with_one(self, user: UserId) -> InChat {
        match self {
            Self::Follow => InChat::Preview { users: vec![user] },
            Self::Unfollow => InChat::Unfollow { user },
            Self::Ignore => InChat::Ignore { user },
            Self::Unignore => InChat::Unignore { user },
            Self::Why => InChat::Why { user },
        }
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
            | Self::SetMode { .. }
            | Self::Undo { .. }
            | Self::Ignore { .. }
            | Self::Unignore { .. }
            | Self::Block { .. }
            | Self::Unblock { .. }
            | Self::LetIn { .. }
            | Self::Forget { .. }
            | Self::Settings
            | Self::Pick(_)
            | Self::Set(_)
            | Self::AskWhom(Purpose::Follow | Purpose::Ignore | Purpose::Unignore) => true,
            // Ending one's own takes nothing from anybody.
            Self::Unfollow { .. }
            | Self::List { .. }
            | Self::Followed { .. }
            | Self::Ignored
            | Self::Sources
            | Self::Others { .. }
            | Self::EndOf { .. }
            | Self::History { .. }
            | Self::HistoryFile { .. }
            | Self::Why { .. }
            | Self::Operators
            | Self::Stats
            | Self::StatsFurther { .. }
            | Self::Charts(_)
            | Self::Verify
            | Self::AskWhom(Purpose::Unfollow | Purpose::Why) => false,
        }
    }

    /// Not even an admin's place in the chat: one's own subscription can always be ended.
    pub fn needs_no_role(&self) -> bool {
        matches!(self, Self::Unfollow { .. } | Self::AskWhom(Purpose::Unfollow))
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
                | Self::Block { .. }
                | Self::Unblock { .. }
                | Self::Verify
                | Self::Operators
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::settings::{QuietHours, ShareBans, SyncBanType};

    const USER: UserId = UserId(5);

    #[test]
    fn deciding_needs_the_right_to_ban_and_only_what_all_may_read_is_answered_in_the_group() {
        let nothing = Vec::new;
        // (then, needs the right to ban, is answered in the group)
        for (then, decides, in_group) in [
            (InChat::Preview { users: vec![USER] }, true, true),
            (InChat::Follow { users: vec![USER], mode: Mode::Notify }, true, true),
            (InChat::Unfollow { user: USER }, false, true),
            (InChat::SetMode { user: USER, mode: Mode::Auto }, true, false),
            (InChat::Undo { user: None }, true, true),
            (InChat::Ignore { user: USER }, true, true),
            (InChat::Unignore { user: USER }, true, true),
            (InChat::Block { source: ChatId(-1) }, true, true),
            (InChat::Unblock { source: ChatId(-1) }, true, true),
            (InChat::LetIn { source: ChatId(-1) }, true, false),
            (InChat::Forget { source: ChatId(-1) }, true, false),
            (InChat::Sources, false, false),
            (InChat::Others { after: nothing() }, false, false),
            (InChat::EndOf { admin: UserId(1), user: USER }, false, false),
            (InChat::Settings, true, false),
            (InChat::Pick(ChatTopic::Delay), true, false),
            (InChat::Set(ChatOption::AutoSync(false)), true, false),
            (InChat::AskWhom(Purpose::Follow), true, false),
            (InChat::AskWhom(Purpose::Unfollow), false, false),
            (InChat::AskWhom(Purpose::Ignore), true, false),
            (InChat::AskWhom(Purpose::Unignore), true, false),
            (InChat::AskWhom(Purpose::Why), false, false),
            (InChat::List { after: nothing() }, false, false),
            (InChat::Followed { user: USER }, false, false),
            (InChat::Ignored, false, false),
            (InChat::History { filter: None, after: nothing() }, false, false),
            (InChat::HistoryFile { filter: None, part: None }, false, false),
            (InChat::Why { user: USER }, false, false),
            (InChat::Stats, false, false),
            (InChat::StatsFurther { tally: Tally::default() }, false, false),
            (InChat::Charts(View { period: super::super::charts::Shown::Week, dark: true }), false, false),
            (InChat::Verify, false, true),
        ] {
            assert_eq!((then.needs_right_to_ban(), then.is_for_the_group()), (decides, in_group), "{then:?}");
        }
    }

    #[test]
    fn several_people_can_be_followed_at_once_and_one_is_meant_otherwise() {
        let both = vec![USER, UserId(6)];
        for (purpose, expected) in [
            (Purpose::Follow, InChat::Preview { users: both.clone() }),
            (Purpose::Unfollow, InChat::Unfollow { user: USER }),
            (Purpose::Ignore, InChat::Ignore { user: USER }),
            (Purpose::Unignore, InChat::Unignore { user: USER }),
            (Purpose::Why, InChat::Why { user: USER }),
        ] {
            assert_eq!(purpose.with(both.clone()), Some(expected));
            assert_eq!(purpose.with(vec![USER]), Some(purpose.with_one(USER)));
            assert_eq!(purpose.with(Vec::new()), None, "{purpose:?} of nobody");
        }
    }

    #[test]
    fn a_stored_button_still_leads_where_it_did_after_a_deploy() {
        // Buttons are stored for 48 hours: what changes a form below must read the old one, too.
        for (stored, action) in [
            (r#""start""#, Action::Start),
            (r#""close""#, Action::Close),
            (r#"{"choose":{"then":"settings","page":1}}"#, Action::Choose { then: InChat::Settings, page: 1 }),
            (
                r#"{"in":{"chat":-5,"then":{"follow":{"users":[5],"mode":"confirm"}}}}"#,
                Action::In { chat: ChatId(-5), then: InChat::Follow { users: vec![USER], mode: Mode::Confirm } },
            ),
            (
                r#"{"in":{"chat":-5,"then":{"ask_whom":"unignore"}}}"#,
                Action::In { chat: ChatId(-5), then: InChat::AskWhom(Purpose::Unignore) },
            ),
            (
                r#"{"in":{"chat":-5,"then":{"set":{"ban_type":["temporary",3600]}}}}"#,
                Action::In { chat: ChatId(-5), then: InChat::Set(ChatOption::BanType(SyncBanType::Temporary, Some(3600))) },
            ),
            (
                r#"{"person":{"user":5,"filter":"ban","after":["x"]}}"#,
                Action::Person { user: USER, filter: Some(member::Action::Ban), after: vec!["x".to_owned()] },
            ),
            (
                r#"{"set_mine":{"quiet_hours":{"from":1320,"to":420}}}"#,
                Action::SetMine(MyOption::QuietHours(Some(QuietHours { from: 1320, to: 420 }))),
            ),
            (r#"{"help_on":"deciding"}"#, Action::HelpOn(HelpTopic::Deciding)),
            (
                r#"{"in":{"chat":-5,"then":{"set":{"mode":"confirm"}}}}"#,
                Action::In { chat: ChatId(-5), then: InChat::Set(ChatOption::Mode(Mode::Confirm)) },
            ),
            (
                r#"{"in":{"chat":-5,"then":{"set":{"auto_sync":true}}}}"#,
                Action::In { chat: ChatId(-5), then: InChat::Set(ChatOption::AutoSync(true)) },
            ),
            (r#"{"why_me_further":{"looked":8}}"#, Action::WhyMeFurther { looked: 8, from: None }),
            (
                r#"{"in":{"chat":-5,"then":{"history_file":{"filter":null}}}}"#,
                Action::In { chat: ChatId(-5), then: InChat::HistoryFile { filter: None, part: None } },
            ),
            (r#"{"person_file":{"user":5,"filter":null}}"#, Action::PersonFile { user: USER, filter: None, part: None }),
            (
                r#"{"my_data_part":{"part":2,"list":"ban_events","cursor":"x"}}"#,
                Action::MyDataPart(Place { part: 2, list: super::super::data::List::BanEvents, cursor: Some("x".to_owned()) }),
            ),
            (
                r#"{"in":{"chat":-5,"then":{"set":{"share_bans":"full"}}}}"#,
                Action::In { chat: ChatId(-5), then: InChat::Set(ChatOption::ShareBans(ShareBans::Full)) },
            ),
            (
                r#"{"ask_appeal":{"chat":-5,"sync_id":"00000000-0000-0000-0000-000000000007"}}"#,
                Action::AskAppeal { chat: ChatId(-5), sync_id: Uuid::from_u128(7) },
            ),
        ] {
            assert_eq!(serde_json::from_str::<Action>(stored).unwrap(), action);
            assert_eq!(serde_json::to_string(&action).unwrap(), stored);
        }
        let switch = r#"{"in":{"chat":-5,"then":{"set":{"share_bans":false}}}}"#;
        let off = Action::In { chat: ChatId(-5), then: InChat::Set(ChatOption::ShareBans(ShareBans::Nothing)) };
        assert_eq!(serde_json::from_str::<Action>(switch).unwrap(), off, "when it was a switch");
    }
}
