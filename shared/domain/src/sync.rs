//! A sync: one ban on its way into the chats that follow it.
//!
//! Followers of one chat are merged into one [`Target`]; targets travel in [`Chunk`]s; every chat ends with exactly one [`Outcome`];
//! the outcomes close the [`Totals`].

use crate::ban::{Occurred, derive};
use crate::chat::{Chat, ChatState};
use crate::ids::{ChatId, UserId};
use crate::settings::SyncBanType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Targets in one queue message: 25 rows are one BatchWriteItem, and the message stays far under SQS's 64 KB billing unit.
pub const CHUNK_TARGETS: usize = 25;

/// The longest delay an SQS message can have, in seconds.
pub const MAX_QUEUE_DELAY: i64 = 900;

/// Telegram takes a ban that ends sooner than this for one that never ends (Bot API `banChatMember`), in seconds.
pub const SHORTEST_BAN: i64 = 30;

/// Telegram takes a ban that ends later than this for one that never ends, in seconds.
pub const LONGEST_BAN: i64 = 366 * 24 * 3600;

/// Length of a temporary ban in a chat that chose temporary bans and no length, in seconds. Settings are checked so that this does not
/// happen any more; older ones have not been.
const UNCHOSEN_DURATION: i64 = 24 * 3600;

/// How long a ban is to last in a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    Permanent,
    /// Until this moment, Unix seconds.
    Until(i64),
    /// This many seconds from the moment it is applied.
    For(i64),
}

impl Term {
    /// The `until_date` to send at `now` (`None`: for ever), or why nothing is to be sent.
    pub fn until_date(self, now: i64) -> Result<Option<i64>, Reason> {
        let until = match self {
            Self::Permanent => return Ok(None),
            Self::Until(until) => until,
            Self::For(seconds) => now + seconds.max(SHORTEST_BAN + 1),
        };
        match until - now {
            left if left < SHORTEST_BAN => Err(Reason::EndsTooSoon),
            left if left > LONGEST_BAN => Ok(None),
            _ => Ok(Some(until)),
        }
    }
}

/// A chat to ban in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub chat_id: ChatId,
    /// Who follows the source from this chat, and is told.
    pub admins: Vec<UserId>,
    pub term: Term,
    /// Calls that failed so far; a 429 does not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u8,
}

fn is_zero(tries: &u8) -> bool {
    *tries == 0
}

/// What became of the ban in one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status", content = "reason")]
pub enum Outcome {
    /// Banned by this sync.
    Applied,
    /// Was banned there before, at least as long.
    Already,
    Skipped(Reason),
    Failed(Reason),
}

/// Why a chat was skipped or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The chat's admins switched automatic bans off; they are told of the ban.
    AutoSyncOff,
    /// The ban in the source was lifted or replaced before it was carried over.
    Lifted,
    /// Less of the ban is left than Telegram can express.
    EndsTooSoon,
    /// The person is an administrator or the owner there.
    IsAdmin,
    /// Telegram knows no such person, or has deleted the account.
    UnknownUser,
    /// This kind of chat has no such bans.
    NotSupported,
    /// The bot may not ban there.
    NoRights,
    /// The bot is not in the chat, or the chat is gone.
    ChatGone,
    /// Telegram did not do it in the tries it has.
    TelegramError,
}

/// One chat's result, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetResult {
    pub chat_id: ChatId,
    pub admins: Vec<UserId>,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A sync's plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// By delay in seconds.
    pub targets: BTreeMap<i64, Vec<Target>>,
    /// Chats whose result is known without asking Telegram.
    pub known: Vec<TargetResult>,
}

impl Plan {
    /// Who is banned where, how and when.
    ///
    /// `followers`: chat and admin, in any order, one admin once a chat. `chats`: what is known of those chats; one that is not known is
    /// taken as active with default settings. `source`: the chat of the ban, which is left out. `until`: end of the source's ban.
    /// `settle`: seconds every ban waits at least.
    pub fn new(followers: &[(ChatId, UserId)], chats: &BTreeMap<ChatId, Chat>, source: ChatId, until: Option<i64>, settle: i64) -> Self {
        let mut by_chat: BTreeMap<ChatId, Vec<UserId>> = BTreeMap::new();
        for &(chat, admin) in followers {
            by_chat.entry(moved(chats, chat)).or_default().push(admin);
        }
        by_chat.remove(&moved(chats, source));

        let mut plan = Self::default();
        for (chat_id, mut admins) in by_chat {
            admins.sort_unstable();
            admins.dedup();
            let chat = chats.get(&chat_id);
            let known = match chat.map(|chat| chat.state) {
                Some(ChatState::Removed | ChatState::Migrated) => Some(Outcome::Failed(Reason::ChatGone)),
                _ if chat.is_some_and(|chat| !chat.settings.auto_sync_enabled) => Some(Outcome::Skipped(Reason::AutoSyncOff)),
                Some(ChatState::Suspended) => Some(Outcome::Failed(Reason::NoRights)),
                Some(ChatState::Active) | None => None,
            };
            if let Some(outcome) = known {
                plan.known.push(TargetResult { chat_id, admins, outcome });
                continue;
            }
            let settings = chat.map(|chat| chat.settings.clone()).unwrap_or_default();
            let term = match (settings.sync_ban_type, until) {
                (SyncBanType::Permanent, _) | (SyncBanType::Same, None) => Term::Permanent,
                (SyncBanType::Same, Some(until)) => Term::Until(until),
                (SyncBanType::Temporary, _) => Term::For(settings.ban_duration_seconds.unwrap_or(UNCHOSEN_DURATION)),
            };
            let delay = settings.sync_delay_seconds.clamp(settle, MAX_QUEUE_DELAY);
            plan.targets.entry(delay).or_default().push(Target { chat_id, admins, term, tries: 0 });
        }
        plan
    }

    pub fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.known.is_empty()
    }

    /// The targets in numbered chunks of at most [`CHUNK_TARGETS`]. Chunks of one delay follow each other at the pace of
    /// `calls_per_second`, so that they do not all ask the limiter at once.
    pub fn chunks(&self, calls_per_second: usize) -> Vec<Chunk> {
        let grouped = self.targets.iter().flat_map(|(&delay, targets)| {
            targets.chunks(CHUNK_TARGETS).enumerate().map(move |(n, targets)| {
                let pace = (n * CHUNK_TARGETS / calls_per_second) as i64;
                ((delay + pace).min(MAX_QUEUE_DELAY), targets)
            })
        });
        (0..).zip(grouped).map(|(number, (delay, targets))| Chunk { number, delay, targets: targets.to_vec() }).collect()
    }
}

/// Follows a migrated group to the supergroup that it became.
fn moved(chats: &BTreeMap<ChatId, Chat>, chat: ChatId) -> ChatId {
    chats.get(&chat).and_then(|chat| chat.migrated_to).unwrap_or(chat)
}

/// Targets that travel together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub number: u32,
    /// Seconds until it may start.
    pub delay: i64,
    pub targets: Vec<Target>,
}

/// A chunk as it travels on the queue. A part of it that has to be tried again travels on under the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkMessage {
    pub sync_id: Uuid,
    /// The correlation id.
    pub ban_event_id: Uuid,
    /// Of the plan that made it; a chunk of a plan that was given up is dropped.
    pub plan: Uuid,
    pub chunk: u32,
    pub user_id: UserId,
    pub source_chat_id: ChatId,
    pub occurred: Occurred,
    pub targets: Vec<Target>,
}

/// The id of the sync of a ban event: the same however often the event is delivered.
pub fn sync_id(event_id: Uuid) -> Uuid {
    derive(&["sync", &event_id.to_string()])
}

/// Where a sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncStatus {
    Running,
    /// Nothing failed.
    Completed,
    /// Some chats failed, some did not.
    Partial,
    /// Every chat failed.
    Failed,
}

/// How many chats ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    pub applied: u32,
    pub already: u32,
    pub skipped: u32,
    pub failed: u32,
}

impl Totals {
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut totals = Self::default();
        for outcome in outcomes {
            *match outcome {
                Outcome::Applied => &mut totals.applied,
                Outcome::Already => &mut totals.already,
                Outcome::Skipped(_) => &mut totals.skipped,
                Outcome::Failed(_) => &mut totals.failed,
            } += 1;
        }
        totals
    }

    pub fn chats(&self) -> u32 {
        self.applied + self.already + self.skipped + self.failed
    }

    /// How a sync with these totals ended.
    pub fn status(&self) -> SyncStatus {
        match self.failed {
            0 => SyncStatus::Completed,
            failed if failed == self.chats() => SyncStatus::Failed,
            _ => SyncStatus::Partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ChatSettings;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const SOURCE: ChatId = ChatId(-1);

    fn chat(id: i64, state: ChatState) -> (ChatId, Chat) {
        let chat_id = ChatId(id);
        (chat_id, Chat { chat_id, title: None, state, migrated_to: None, settings: ChatSettings::default() })
    }

    fn plan(followers: &[(i64, i64)], chats: impl IntoIterator<Item = (ChatId, Chat)>) -> Plan {
        let followers: Vec<_> = followers.iter().map(|&(chat, admin)| (ChatId(chat), UserId(admin))).collect();
        Plan::new(&followers, &chats.into_iter().collect(), SOURCE, None, 5)
    }

    #[test]
    fn followers_of_one_chat_are_one_target_and_the_source_is_left_out() {
        let plan = plan(&[(-2, 11), (-1, 10), (-2, 10), (-3, 10)], []);
        let targets = &plan.targets[&5];
        assert_eq!(targets.len(), 2);
        assert_eq!(targets[1].chat_id, ChatId(-2));
        assert_eq!(targets[1].admins, [UserId(10), UserId(11)]);
    }

    #[test]
    fn chats_where_nothing_can_be_done_have_their_result_at_once() {
        let mut off = chat(-4, ChatState::Active);
        off.1.settings.auto_sync_enabled = false;
        let plan = plan(&[(-2, 1), (-3, 1), (-4, 1)], [chat(-2, ChatState::Suspended), chat(-3, ChatState::Removed), off]);
        assert!(plan.targets.is_empty());
        let outcomes: Vec<_> = plan.known.iter().map(|result| (result.chat_id.0, result.outcome)).collect();
        assert_eq!(
            outcomes,
            [(-4, Outcome::Skipped(Reason::AutoSyncOff)), (-3, Outcome::Failed(Reason::ChatGone)), (-2, Outcome::Failed(Reason::NoRights))]
        );
    }

    #[test]
    fn a_group_that_became_a_supergroup_is_banned_in_once_and_there() {
        let mut old = chat(-2, ChatState::Migrated);
        old.1.migrated_to = Some(ChatId(-1002));
        let plan = plan(&[(-2, 1), (-1002, 2)], [old, chat(-1002, ChatState::Active)]);
        let [target] = &plan.targets[&5][..] else { panic!("{plan:?}") };
        assert_eq!((target.chat_id, target.admins.len()), (ChatId(-1002), 2));
    }

    #[test]
    fn settings_choose_the_term_and_the_delay() {
        let with = |sync_ban_type, until, delay| {
            let mut target = chat(-2, ChatState::Active);
            target.1.settings =
                ChatSettings { sync_ban_type, ban_duration_seconds: Some(3600), sync_delay_seconds: delay, ..ChatSettings::default() };
            let plan = Plan::new(&[(ChatId(-2), UserId(1))], &[target].into(), SOURCE, until, 5);
            let (&delay, targets) = plan.targets.first_key_value().unwrap();
            (targets[0].term, delay)
        };
        assert_eq!(with(SyncBanType::Same, None, 0), (Term::Permanent, 5));
        assert_eq!(with(SyncBanType::Same, Some(99), 60), (Term::Until(99), 60));
        assert_eq!(with(SyncBanType::Permanent, Some(99), 2), (Term::Permanent, 5));
        assert_eq!(with(SyncBanType::Temporary, None, 0), (Term::For(3600), 5));
    }

    #[test]
    fn the_end_of_a_ban_is_worked_out_again_when_it_is_sent() {
        assert_eq!(Term::Permanent.until_date(1000), Ok(None));
        assert_eq!(Term::Until(1029).until_date(1000), Err(Reason::EndsTooSoon));
        assert_eq!(Term::Until(1030).until_date(1000), Ok(Some(1030)));
        assert_eq!(Term::Until(1000 + LONGEST_BAN + 1).until_date(1000), Ok(None));
        assert_eq!(Term::For(60).until_date(1000), Ok(Some(1060)));
        assert_eq!(Term::For(1).until_date(1000), Ok(Some(1031)));
    }

    #[test]
    fn a_sync_fails_only_when_every_chat_failed() {
        let status = |outcomes: &[Outcome]| Totals::of(outcomes).status();
        let failed = Outcome::Failed(Reason::NoRights);
        assert_eq!(status(&[]), SyncStatus::Completed);
        assert_eq!(status(&[Outcome::Applied, Outcome::Skipped(Reason::IsAdmin)]), SyncStatus::Completed);
        assert_eq!(status(&[Outcome::Applied, failed]), SyncStatus::Partial);
        assert_eq!(status(&[failed, failed]), SyncStatus::Failed);
    }

    #[test]
    fn an_outcome_reads_back_from_json_as_it_was_written() {
        for outcome in [Outcome::Applied, Outcome::Already, Outcome::Skipped(Reason::Lifted), Outcome::Failed(Reason::NoRights)] {
            let result = TargetResult { chat_id: ChatId(-2), admins: vec![UserId(1)], outcome };
            let json = serde_json::to_string(&result).unwrap();
            assert_eq!(serde_json::from_str::<TargetResult>(&json).unwrap(), result, "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_followed_chat_is_planned_exactly_once(
            followers in prop::collection::vec((-200i64..-1, 1i64..20), 0..400),
            suspended in prop::collection::btree_set(-200i64..-1, 0..50),
        ) {
            let plan = plan(&followers, suspended.iter().map(|&id| chat(id, ChatState::Suspended)));
            let chunks = plan.chunks(30);
            let mut chats: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.targets).map(|target| target.chat_id)
                .chain(plan.known.iter().map(|result| result.chat_id)).collect();
            chats.sort();
            let expected: BTreeSet<_> = followers.iter().map(|&(chat, _)| ChatId(chat)).collect();
            prop_assert_eq!(chats, expected.into_iter().collect::<Vec<_>>());
            for (n, chunk) in chunks.iter().enumerate() {
                prop_assert_eq!(chunk.number as usize, n);
                prop_assert!(!chunk.targets.is_empty() && chunk.targets.len() <= CHUNK_TARGETS);
                prop_assert!((5..=MAX_QUEUE_DELAY).contains(&chunk.delay));
            }
        }
    }
}
