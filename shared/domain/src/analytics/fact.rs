//! One thing that happened, as it is counted.
//!
//! Facts are a set: each has an id that is made of what it tells of, so whoever has one twice has it once. What turns out otherwise, such as a
//! sync that comes right after it had failed, is a fact of its own beside one that takes back the first. No fact is ever changed, and sums do not
//! depend on the order in which facts come.

use crate::ids::{ChatId, UserId};
use crate::member::Action;
use crate::sync::ledger::Entry;
use crate::sync::{Kind, Origin, Outcome, SyncStatus};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Shards by chat: a partition takes 1000 write units a second, and whoever asks for one chat's figures reads one shard.
pub const SHARDS: u8 = 8;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// Tells it from every other one of its shard and day.
    pub id: u64,
    /// When, Unix seconds.
    pub at: i64,
    pub what: What,
    /// It did not stay so: it is taken away from the sums.
    pub taken_back: bool,
    /// Where: the chat that decided, from which somebody is followed, or in which a sync did something.
    pub chat: ChatId,
    /// The chat whose decision was synced, where that is another one.
    pub source: Option<ChatId>,
    /// Whom it is about, where somebody asks for that: of decisions, and of how syncs ended. Of all else it is nobody.
    pub user: UserId,
    /// How long a sync took, in milliseconds.
    pub millis: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Somebody decided on a member of the chat.
    Decided(Action),
    /// An admin follows a person from the chat.
    Followed,
    /// They do no longer.
    Unfollowed,
    /// A sync of a decision of the chat has ended.
    Synced(SyncStatus),
    /// What a sync came to in the chat.
    Result(Work, Outcome),
    /// Whoever was banned in the chat asked for it to be lifted.
    Appealed,
}

/// What a sync was to do in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    Ban,
    /// Lift it, since the source did.
    Lift,
    /// Lift it, since an admin wants it undone.
    Undo,
}

impl Work {
    fn of(entry: &Entry) -> Self {
        match (entry.kind, entry.origin) {
            (Kind::Ban, _) => Self::Ban,
            (Kind::Lift, Origin::UndoneHere | Origin::UndoneEverywhere) => Self::Undo,
            (Kind::Lift, _) => Self::Lift,
        }
    }
}

impl Fact {
    /// `what_of`: what tells it from all others.
    fn new(what_of: &[&str], at: i64, what: What, chat: ChatId, user: UserId) -> Self {
        Self { id: id(what_of), at, what, taken_back: false, chat, source: None, user, millis: 0 }
    }

    /// A decision. `event_id`: of its ban event.
    pub fn decision(event_id: Uuid, at: i64, action: Action, chat: ChatId, user: UserId) -> Self {
        Self::new(&["decision", &event_id.to_string()], at, What::Decided(action), chat, user)
    }

    /// A subscription has begun, or ended.
    pub fn subscription(turn_id: Uuid, at: i64, begins: bool, chat: ChatId) -> Self {
        let what = if begins { What::Followed } else { What::Unfollowed };
        Self::new(&["turn", &turn_id.to_string()], at, what, chat, UserId::FORGOTTEN)
    }

    /// A sync has ended, of those that began then (Unix milliseconds both).
    pub fn sync(sync_id: Uuid, status: SyncStatus, started_at_ms: i64, ended_at_ms: i64, source: ChatId, user: UserId) -> Self {
        let millis = u32::try_from((ended_at_ms - started_at_ms).max(0)).unwrap_or(u32::MAX);
        let what_of = ["sync", &sync_id.to_string(), status.name(), &ended_at_ms.to_string()];
        Self { millis, ..Self::new(&what_of, started_at_ms / 1000, What::Synced(status), source, user) }
    }

    /// What a sync came to in a chat; `None`: a program's decision in the chat's own name, which is counted as that.
    pub fn result(entry: &Entry) -> Option<Self> {
        if entry.is_chats_own() && entry.origin.is_news() {
            return None;
        }
        let Entry { sync_id, chat_id, at, millis, outcome, .. } = entry;
        let reason = outcome.reason().map_or("", |reason| reason.name());
        let what_of = ["result", &sync_id.to_string(), &chat_id.to_string(), &format!("{at}.{millis}"), outcome.status(), reason];
        let what = What::Result(Work::of(entry), *outcome);
        Some(Self { source: Some(entry.source_chat_id), ..Self::new(&what_of, *at, what, *chat_id, UserId::FORGOTTEN) })
    }

    /// An appeal against a ban that was synced from `source`.
    pub fn appeal(appeal_id: Uuid, at: i64, chat: ChatId, source: Option<ChatId>) -> Self {
        Self { source, ..Self::new(&["appeal", &appeal_id.to_string()], at, What::Appealed, chat, UserId::FORGOTTEN) }
    }

    /// That this did not stay so. It stands where the fact does, so that no period has one without the other.
    pub fn take_back(self) -> Self {
        Self { id: id(&["taken back", &self.id.to_string()]), taken_back: true, ..self }
    }

    /// Without the person's id.
    pub fn forget_whom(self) -> Self {
        Self { user: UserId::FORGOTTEN, ..self }
    }

    /// What it adds to a count.
    pub fn weight(&self) -> i64 {
        if self.taken_back { -1 } else { 1 }
    }

    pub fn shard(&self) -> u8 {
        shard_of(self.chat)
    }
}

/// The shard of a chat's facts. Never to be changed: they would be looked for elsewhere.
pub fn shard_of(chat: ChatId) -> u8 {
    // Fibonacci hashing: ids of chats have their order in the last bits, which the first ones of the product depend on.
    ((chat.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61) as u8
}

fn id(what_of: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in what_of {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hash.finalize();
    hash.iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ban::Occurred;
    use crate::sync::Reason;

    fn entry(kind: Kind, origin: Origin, outcome: Outcome) -> Entry {
        Entry {
            sync_id: Uuid::from_u128(1),
            ban_event_id: Uuid::from_u128(2),
            kind,
            origin,
            user_id: UserId(5),
            chat_id: ChatId(-7),
            source_chat_id: ChatId(-8),
            occurred: Occurred::new(100, 1),
            outcome,
            at: 104,
            millis: 3,
            until: None,
            prior: None,
            was_member: false,
            begun: false,
            mute: None,
            term: None,
        }
    }

    #[test]
    fn the_same_thing_is_the_same_fact_and_what_came_of_it_later_is_another() {
        let failed = entry(Kind::Ban, Origin::Ban, Outcome::Failed(Reason::NoRights));
        let fact = |entry: &Entry| Fact::result(entry).unwrap();
        assert_eq!(fact(&failed), fact(&failed));
        let later = Entry { outcome: Outcome::Applied, at: 200, ..failed.clone() };
        let ids = [fact(&failed).id, fact(&later).id, fact(&failed).take_back().id, fact(&later).take_back().id];
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        assert_eq!((fact(&failed).take_back().at, fact(&failed).take_back().weight()), (104, -1));
    }

    #[test]
    fn what_a_sync_was_to_do_is_told_by_what_began_it() {
        for (kind, origin, work) in [
            (Kind::Ban, Origin::Ban, Work::Ban),
            (Kind::Ban, Origin::Confirmed, Work::Ban),
            (Kind::Lift, Origin::Unban, Work::Lift),
            (Kind::Lift, Origin::UndoneHere, Work::Undo),
            (Kind::Lift, Origin::UndoneEverywhere, Work::Undo),
        ] {
            let fact = Fact::result(&entry(kind, origin, Outcome::Applied)).unwrap();
            assert_eq!((fact.what, fact.source), (What::Result(work, Outcome::Applied), Some(ChatId(-8))));
        }
    }

    #[test]
    fn a_programs_ban_in_the_chats_own_name_is_no_result() {
        let own = Entry { source_chat_id: ChatId(-7), ..entry(Kind::Ban, Origin::Ban, Outcome::Applied) };
        assert_eq!(Fact::result(&own), None);
        assert!(Fact::result(&Entry { kind: Kind::Lift, origin: Origin::UndoneHere, ..own }).is_some());
    }

    #[test]
    fn chats_are_spread_over_all_shards() {
        for of in [|n: i64| ChatId(-1_001_000_000_000 - n), |n: i64| ChatId(-1_001_000_000_000 - n * 1000), |n: i64| ChatId(-n)] {
            let mut counts = [0; SHARDS as usize];
            (0..1600).for_each(|n| counts[usize::from(shard_of(of(n)))] += 1);
            assert!(counts.iter().all(|count| (120..280).contains(count)), "{counts:?}");
        }
        assert_eq!([shard_of(ChatId(-1_001_234_567_890)), shard_of(ChatId(-42))], [5, 0], "as they are stored");
    }

    #[test]
    fn a_sync_counts_when_it_began() {
        let fact = Fact::sync(Uuid::nil(), SyncStatus::Partial, 5_500, 9_250, ChatId(-1), UserId(1));
        assert_eq!((fact.at, fact.millis), (5, 3_750));
        let forever = Fact::sync(Uuid::nil(), SyncStatus::Partial, 0, i64::MAX, ChatId(-1), UserId(1));
        assert_eq!((forever.millis, Fact::sync(Uuid::nil(), SyncStatus::Failed, 9, 1, ChatId(-1), UserId(1)).millis), (u32::MAX, 0));
    }
}
