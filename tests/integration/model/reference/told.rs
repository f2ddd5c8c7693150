//! Choices of chats, decisions that were told, and what is to come of them.

use super::{CHATS, PEOPLE};
use domain::ban::Occurred;
use domain::settings::SyncBanType;
use domain::subscription::Mode;
use uuid::Uuid;

/// A ban of so many seconds is a kick, unless a chat chose otherwise.
const KICK: i64 = 60;

/// Choices of a chat's people, and their roles.
#[derive(Clone, Debug)]
pub struct Chat {
    pub auto_sync: bool,
    pub confirmation: bool,
    pub ban_type: SyncBanType,
    pub sync_unban: bool,
    pub bot_may_ban: bool,
    pub admins: [bool; PEOPLE],
    pub follows: [Option<Mode>; PEOPLE],
    pub ignored_people: [bool; PEOPLE],
    pub ignored_sources: [bool; CHATS],
    /// They have left, and Telegram does not know them there.
    pub away: [bool; PEOPLE],
}

impl Default for Chat {
    fn default() -> Self {
        let (ban_type, bot_may_ban) = (SyncBanType::Same, true);
        let (admins, follows, ignored_people, ignored_sources, away) = Default::default();
        Self {
            auto_sync: true,
            confirmation: false,
            ban_type,
            sync_unban: false,
            bot_may_ban,
            admins,
            follows,
            ignored_people,
            ignored_sources,
            away,
        }
    }
}

/// A decision of one person on another in a chat, as Telegram told it to the bot.
#[derive(Clone, Debug)]
pub struct Told {
    pub event_id: Uuid,
    pub chat: usize,
    pub person: usize,
    pub occurred: Occurred,
    /// Unix seconds.
    pub at: i64,
    /// End of the ban; `None`: the ban was lifted.
    pub bans: Option<i64>,
    /// The moment when the bot had it, Unix milliseconds.
    pub accepted_ms: i64,
}

impl Told {
    /// So short a ban is a kick, and carried nowhere.
    pub fn is_kick(&self) -> bool {
        self.bans.is_some_and(|until| until - self.at <= KICK)
    }
}

/// Consequences of what was told.
#[derive(Debug, Default)]
pub struct Expected {
    /// Syncs that begin, and when what they are about was, Unix seconds; 0 where it was told by no event.
    pub syncs: Vec<(Uuid, i64)>,
    /// Moment of the last event that is looked at and begins none.
    pub quiet: Option<i64>,
    pub lifts: bool,
}

impl Expected {
    pub fn add(&mut self, more: Self) {
        self.syncs.extend(more.syncs);
        self.quiet = self.quiet.max(more.quiet);
        self.lifts |= more.lifts;
    }
}

/// Something that goes into other chats, or comes to somebody in one.
#[derive(Clone, Debug)]
pub enum What {
    Told(Told),
    /// An admin of the source takes this event back wherever it was carried.
    UndoneEverywhere(Told),
    UndoneHere {
        chat: usize,
        person: usize,
    },
    Comes {
        chat: usize,
        person: usize,
    },
}

#[derive(Clone, Debug)]
pub struct Item {
    pub round: u32,
    /// Unix seconds.
    pub at: i64,
    pub what: What,
}
