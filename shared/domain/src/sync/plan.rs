//! From followers to targets, from targets to chunks.

use super::{CHUNK_TARGETS, Chunk, Origin, Outcome, Reason, Target, Task, Term};
use crate::chat::{Chat, ChatState};
use crate::ids::{ChatId, UserId};
use crate::settings::{ChatSettings, NewSources, SyncBanType};
use crate::subscription::Mode;
use std::collections::BTreeMap;

/// Chats that are planned at a time. A part's chunks are on the queue together: 80 of them, a minute or two of Telegram's pace. The next
/// part is planned when they are done, so that a sync of any size never has more on the queue, nor a planner more in memory.
pub const PART_CHATS: usize = 2000;

/// The longest delay an SQS message can have, in seconds.
pub const MAX_QUEUE_DELAY: i64 = 900;

/// Length of a temporary ban in a chat that chose temporary bans and no length, in seconds. Settings are checked so that this does not
/// happen any more; older ones have not been.
const UNCHOSEN_DURATION: i64 = 24 * 3600;

/// Somebody who follows the person from a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    pub chat_id: ChatId,
    pub admin: UserId,
    pub mode: Mode,
}

/// What is carried over.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub user: UserId,
    /// The chat of the decision, which is left out.
    pub source: ChatId,
    /// End of the source's ban.
    pub until: Option<i64>,
    /// Seconds that the source's ban lasts from its start.
    pub lasts: Option<i64>,
    pub origin: Origin,
    /// The source bans more than anybody should without being asked.
    pub held: bool,
    /// Seconds that every decision waits at least.
    pub settle: i64,
}

/// A part of a sync's plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// By delay in seconds.
    pub targets: BTreeMap<i64, Vec<Target>>,
    /// Chats whose own delay is longer than a queue can hold, by delay in seconds. They are among the targets too, to be told of it.
    pub later: BTreeMap<i64, Vec<ChatId>>,
    /// Chats where the source's bans begin without a question: it is a known one from now on.
    pub introduced: Vec<ChatId>,
}

impl Plan {
    /// Who is banned where, how and when.
    ///
    /// `followers`: in any order, one admin once a chat. `chats`: what is known of those chats; one that is not known is taken as active
    /// with default settings.
    pub fn ban(followers: &[Follower], chats: &BTreeMap<ChatId, Chat>, flow: &Flow) -> Self {
        let mut plan = Self::default();
        let former_source = chats.get(&flow.source).and_then(|source| source.migrated_from);
        for (chat_id, (admins, mode)) in by_chat(followers, chats, flow.source) {
            let chat = chats.get(&chat_id);
            let settings = chat.map(|chat| chat.settings.clone()).unwrap_or_default();
            // Nobody is told of every kick elsewhere.
            if flow.origin.is_news() && is_kick(&settings, flow) {
                continue;
            }
            let is_known =
                chat.is_some_and(|chat| [Some(flow.source), former_source].into_iter().flatten().any(|source| chat.knows(source)));
            let wait = if flow.origin == Origin::Ban { settings.sync_delay_seconds } else { 0 };
            let (task, delay) = match end(chat, &settings, mode, flow, &Seen { former_source, is_known }) {
                Some(outcome) => (Task::End(outcome), flow.settle),
                None if wait > MAX_QUEUE_DELAY => {
                    plan.later.entry(wait).or_default().push(chat_id);
                    (Task::End(Outcome::Skipped(Reason::Delayed)), flow.settle)
                }
                None => (Task::Ban(term(&settings, flow.until)), wait.max(flow.settle)),
            };
            // Whoever answers a question makes the source a known one by that.
            if !is_known && !flow.origin.is_decided_there() && matches!(task, Task::Ban(_)) {
                plan.introduced.push(chat_id);
            }
            plan.targets.entry(delay.min(MAX_QUEUE_DELAY)).or_default().push(Target {
                chat_id,
                admins,
                task,
                formerly: chat.and_then(|chat| chat.migrated_from),
                spare_bots: settings.spare_bots,
                tries: 0,
                order: None,
                intended: None,
            });
        }
        plan
    }

    /// Where a ban of ours is taken back. `banned`: the chats where we may have banned, and who was told so.
    pub fn lift(banned: &[(ChatId, Vec<UserId>)], chats: &BTreeMap<ChatId, Chat>, flow: &Flow) -> Self {
        let mut plan = Self::default();
        for (banned_as, admins) in banned {
            let chat_id = moved(chats, *banned_as);
            let chat = chats.get(&chat_id);
            // An unban is carried to chats that ask for it. Who undoes, has asked.
            if flow.origin == Origin::Unban && !chat.is_some_and(|chat| chat.settings.sync_unban) {
                continue;
            }
            let task = match chat.map(|chat| chat.state) {
                Some(ChatState::Removed | ChatState::Migrated) => Task::End(Outcome::Failed(Reason::ChatGone)),
                Some(ChatState::Suspended) => Task::End(Outcome::Failed(Reason::NoRights)),
                Some(ChatState::Active) | None => Task::Lift,
            };
            let formerly = Some(*banned_as).filter(|&chat| chat != chat_id).or_else(|| chat?.migrated_from);
            let targets = plan.targets.entry(flow.settle).or_default();
            // A group may have been banned in under both of its ids.
            if let Some(same) = targets.iter_mut().find(|target| target.chat_id == chat_id) {
                same.formerly = same.formerly.or(formerly);
                continue;
            }
            targets.push(Target {
                chat_id,
                admins: admins.clone(),
                task,
                formerly,
                spare_bots: false,
                tries: 0,
                order: None,
                intended: None,
            });
        }
        plan
    }

    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Chats that it is about.
    pub fn chats(&self) -> usize {
        self.targets.values().map(Vec::len).sum()
    }

    /// All targets, those that wait longest last.
    pub fn all(&self) -> impl Iterator<Item = &Target> {
        self.targets.values().flatten()
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

/// The admins of each chat and the strongest of their modes.
fn by_chat(followers: &[Follower], chats: &BTreeMap<ChatId, Chat>, source: ChatId) -> BTreeMap<ChatId, (Vec<UserId>, Mode)> {
    let mut by_chat: BTreeMap<ChatId, (Vec<UserId>, Mode)> = BTreeMap::new();
    for follower in followers {
        let (admins, mode) = by_chat.entry(moved(chats, follower.chat_id)).or_insert((Vec::new(), Mode::Notify));
        admins.push(follower.admin);
        *mode = (*mode).stronger(follower.mode);
    }
    by_chat.remove(&moved(chats, source));
    for (admins, _) in by_chat.values_mut() {
        admins.sort_unstable();
        admins.dedup();
    }
    by_chat
}

/// What a chat has seen of the source.
struct Seen {
    /// The group that the source was.
    former_source: Option<ChatId>,
    /// The chat knows it.
    is_known: bool,
}

/// The outcome in a chat that is known before anybody asks Telegram.
fn end(chat: Option<&Chat>, settings: &ChatSettings, mode: Mode, flow: &Flow, seen: &Seen) -> Option<Outcome> {
    let ignores = |chat: &Chat| [Some(flow.source), seen.former_source].into_iter().flatten().any(|source| chat.ignores(flow.user, source));
    match chat.map(|chat| chat.state) {
        Some(ChatState::Removed | ChatState::Migrated) => return Some(Outcome::Failed(Reason::ChatGone)),
        // What the chat's admins have chosen comes first: they are not told of rights that nobody needs.
        _ if chat.is_some_and(ignores) => return Some(Outcome::Skipped(Reason::Ignored)),
        _ if flow.origin.is_decided_there() => {}
        _ if is_kick(settings, flow) => return Some(Outcome::Skipped(Reason::Kick)),
        _ if !settings.auto_sync_enabled => return Some(Outcome::Skipped(Reason::AutoSyncOff)),
        _ if mode == Mode::Notify => return Some(Outcome::Skipped(Reason::NotifyOnly)),
        _ if !seen.is_known && settings.new_sources == NewSources::Tell => return Some(Outcome::Skipped(Reason::NotifyOnly)),
        _ => {}
    }
    match chat.map(|chat| chat.state) {
        Some(ChatState::Suspended) => Some(Outcome::Failed(Reason::NoRights)),
        _ if flow.origin.is_decided_there() => None,
        _ if flow.held => Some(Outcome::Skipped(Reason::Held)),
        _ if mode == Mode::Confirm || settings.require_confirmation || flow.origin == Origin::Added => {
            Some(Outcome::Skipped(Reason::Asked))
        }
        _ if !seen.is_known && settings.new_sources == NewSources::Ask => Some(Outcome::Skipped(Reason::NewSource)),
        _ => None,
    }
}

/// Is the source's ban one that puts somebody out for a moment?
fn is_kick(settings: &ChatSettings, flow: &Flow) -> bool {
    flow.lasts.is_some_and(|seconds| seconds <= settings.kick_seconds)
}

fn term(settings: &ChatSettings, until: Option<i64>) -> Term {
    match (settings.sync_ban_type, until) {
        (SyncBanType::Permanent, _) | (SyncBanType::Same, None) => Term::Permanent,
        (SyncBanType::Same, Some(until)) => Term::Until(until),
        (SyncBanType::Temporary, _) => Term::For(settings.ban_duration_seconds.unwrap_or(UNCHOSEN_DURATION)),
    }
}

/// Follows a migrated group to the supergroup that it became.
fn moved(chats: &BTreeMap<ChatId, Chat>, chat: ChatId) -> ChatId {
    chats.get(&chat).and_then(|chat| chat.migrated_to).unwrap_or(chat)
}

#[cfg(test)]
mod tests;
