//! Updates on their way to the bot: queues, attempts, pauses. The rules of Telegram's Bot API server.

mod parcel;
mod report;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use serde_json::value::RawValue;

pub use parcel::{Outcome, Post, Queue, Webhook};

use crate::config::Config;
use crate::control::DeliveryState;

/// An update nobody accepted for this long is dropped.
const EXPIRY_MS: i64 = 24 * 3600 * 1000;
/// The longest pause a webhook can ask for with `Retry-After`, seconds.
const LONGEST_RETRY_AFTER: u64 = 3600;
/// Pauses stop doubling at a random point between one and two minutes.
const PAUSE_CAP_MS: i64 = 60_000;
/// A webhook that answers 410 for this long is removed.
const GONE_MS: i64 = 23 * 3600 * 1000;
/// The kinds sent when `allowed_updates` was never given or is empty leave these out.
const NOT_BY_DEFAULT: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

#[derive(Debug)]
struct Update {
    kind: &'static str,
    queue: Queue,
    body: String,
    state: DeliveryState,
    created_ms: i64,
    accepted_ms: Option<i64>,
    due_ms: i64,
    under_way: bool,
    attempts: u32,
    last_status: Option<u16>,
    last_error: Option<String>,
}

#[derive(Debug)]
pub struct Outbox {
    pub webhook: Option<Webhook>,
    /// The kinds asked for; `None` = Telegram's default.
    pub allowed: Option<BTreeSet<String>>,
    /// No attempts are begun while this is set.
    pub paused: bool,
    retry_base_ms: i64,
    next_update_id: u32,
    updates: BTreeMap<u32, Update>,
    of_chats: BTreeMap<i64, BTreeSet<u32>>,
    pending: BTreeSet<u32>,
    queues: BTreeMap<Queue, VecDeque<u32>>,
    under_way: u32,
    last_error: Option<(i64, String)>,
    gone_since_ms: Option<i64>,
}

impl Outbox {
    pub fn new(config: &Config, now_ms: i64) -> Self {
        Self {
            webhook: None,
            allowed: None,
            paused: false,
            retry_base_ms: i64::try_from(config.retry_base.as_millis()).unwrap_or(i64::MAX),
            next_update_id: first_update_id(now_ms),
            updates: BTreeMap::new(),
            of_chats: BTreeMap::new(),
            pending: BTreeSet::new(),
            queues: BTreeMap::new(),
            under_way: 0,
            last_error: None,
            gone_since_ms: None,
        }
    }

    /// Takes an update, unless its kind is not wanted.
    pub fn push(&mut self, now_ms: i64, kind: &'static str, queue: Queue, content: &Value) {
        let wanted = match &self.allowed {
            Some(kinds) => kinds.contains(kind),
            None => !NOT_BY_DEFAULT.contains(&kind),
        };
        if !wanted {
            return;
        }
        let id = self.next_update_id;
        self.next_update_id += 1;
        // By hand, so that the id comes first as in Telegram's own bodies.
        let body = format!("{{\"update_id\":{id},\"{kind}\":{content}}}");
        let update = Update {
            kind,
            queue,
            body,
            state: DeliveryState::Pending,
            created_ms: now_ms,
            accepted_ms: None,
            due_ms: now_ms,
            under_way: false,
            attempts: 0,
            last_status: None,
            last_error: None,
        };
        self.updates.insert(id, update);
        self.of_chats.entry(content["chat"]["id"].as_i64().unwrap_or_default()).or_default().insert(id);
        self.pending.insert(id);
        self.queues.entry(queue).or_default().push_back(id);
    }

    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The attempts to begin now: the first update of each queue, as many at once as the webhook takes.
    pub fn due(&mut self, now_ms: i64) -> Vec<Post> {
        self.drop_expired(now_ms);
        let Some(webhook) = self.webhook.clone().filter(|_| !self.paused) else {
            return Vec::new();
        };
        let mut posts = Vec::new();
        for id in self.queues.values().filter_map(|queue| queue.front()) {
            if self.under_way >= webhook.max_connections {
                break;
            }
            let Some(update) = self.updates.get_mut(id) else {
                continue;
            };
            if update.under_way || update.due_ms > now_ms {
                continue;
            }
            update.under_way = true;
            update.attempts += 1;
            self.under_way += 1;
            posts.push(Post { update_id: *id, webhook: webhook.clone(), body: update.body.clone() });
        }
        posts
    }

    /// When [`due`](Self::due) may have something next, Unix milliseconds.
    pub fn next_due(&self) -> Option<i64> {
        if self.paused {
            return None;
        }
        self.webhook.as_ref().filter(|w| self.under_way < w.max_connections)?;
        let heads = self.queues.values().filter_map(|queue| self.updates.get(queue.front()?));
        heads.filter(|update| !update.under_way).map(|update| update.due_ms).min()
    }

    /// Notes how an attempt ended: accepted, or to be tried again after a pause.
    pub fn finished(&mut self, id: u32, now_ms: i64, outcome: Outcome) {
        self.under_way = self.under_way.saturating_sub(1);
        let accepted = outcome.status.is_some_and(|s| (200..300).contains(&s));
        self.watch_for_gone(now_ms, outcome.status);
        if let Some(error) = outcome.error.clone().filter(|_| !accepted) {
            self.last_error = Some((now_ms / 1000, error));
        }
        let retry_base_ms = self.retry_base_ms;
        let Some(update) = self.updates.get_mut(&id) else {
            return;
        };
        update.under_way = false;
        update.last_status = outcome.status;
        update.last_error = outcome.error;
        if update.state != DeliveryState::Pending {
            return;
        }
        if accepted {
            update.accepted_ms = Some(now_ms);
            self.settle(id, DeliveryState::Accepted);
        } else {
            let asked = outcome.retry_after.map(|s| s.min(LONGEST_RETRY_AFTER) as i64 * 1000);
            update.due_ms = now_ms + asked.unwrap_or_else(|| pause_ms(update.attempts, retry_base_ms, id));
        }
    }

    fn watch_for_gone(&mut self, now_ms: i64, status: Option<u16>) {
        if status != Some(410) {
            self.gone_since_ms = None;
        } else if now_ms - *self.gone_since_ms.get_or_insert(now_ms) >= GONE_MS {
            self.webhook = None;
        }
    }

    /// `getUpdates`: forgets those before `offset` and lists up to `limit` of the rest. A negative offset counts
    /// from the end.
    pub fn poll(&mut self, now_ms: i64, offset: i64, limit: usize) -> Vec<Box<RawValue>> {
        self.drop_expired(now_ms);
        let from = if offset < 0 {
            let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let mut newest_first = self.pending.iter().rev().take(kept);
            newest_first.next_back().copied().unwrap_or_default()
        } else {
            u32::try_from(offset).unwrap_or(u32::MAX)
        };
        let confirmed: Vec<u32> = self.pending.range(..from).copied().collect();
        for id in confirmed {
            if let Some(update) = self.updates.get_mut(&id) {
                update.accepted_ms = Some(now_ms);
            }
            self.settle(id, DeliveryState::Accepted);
        }
        let ids: Vec<u32> = self.pending.iter().take(limit).copied().collect();
        let mut bodies = Vec::new();
        for id in ids {
            if let Some(update) = self.updates.get_mut(&id) {
                update.attempts += 1;
                bodies.extend(RawValue::from_string(update.body.clone()));
            }
        }
        bodies
    }

    /// Takes an update out of its queue for good.
    fn settle(&mut self, id: u32, state: DeliveryState) {
        let Some(update) = self.updates.get_mut(&id) else {
            return;
        };
        update.state = state;
        self.pending.remove(&id);
        let queue = update.queue;
        if let Some(waiting) = self.queues.get_mut(&queue) {
            waiting.retain(|other| *other != id);
            if waiting.is_empty() {
                self.queues.remove(&queue);
            }
        }
    }

    fn drop_expired(&mut self, now_ms: i64) {
        // Ids grow with time, so the first that is young enough ends the search.
        let updates = &self.updates;
        let old = |id: &&u32| updates.get(id).is_none_or(|u| now_ms - u.created_ms >= EXPIRY_MS);
        let expired: Vec<u32> = self.pending.iter().take_while(old).copied().collect();
        for id in expired {
            self.settle(id, DeliveryState::Dropped);
        }
    }

    /// `drop_pending_updates`.
    pub fn drop_pending(&mut self) {
        for id in std::mem::take(&mut self.pending) {
            self.settle(id, DeliveryState::Dropped);
        }
    }

    /// Forgets all updates and errors; the webhook and the counter stay.
    pub fn clear(&mut self) {
        self.updates.clear();
        self.of_chats.clear();
        self.pending.clear();
        self.queues.clear();
        self.paused = false;
        self.last_error = None;
        self.gone_since_ms = None;
    }
}

/// After the first attempt none, then `base`, twice that, … up to a random cap between one and two minutes.
fn pause_ms(attempts: u32, base: i64, id: u32) -> i64 {
    if attempts < 2 {
        return 0;
    }
    let doubled = base.saturating_mul(1_i64.checked_shl(attempts - 2).unwrap_or(i64::MAX));
    let cap = PAUSE_CAP_MS + i64::from(id.wrapping_mul(2_654_435_761) % 60_001);
    doubled.clamp(0, cap)
}

/// Where counting begins: a later start of the simulator begins with greater ids, so that a bot which remembers
/// update ids takes nothing new for a duplicate. Ten ids a second since 2025-06, within 31 bits for six years.
fn first_update_id(now_ms: i64) -> u32 {
    u32::try_from((now_ms / 100 - 17_500_000_000).rem_euclid(2_000_000_000)).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests;
