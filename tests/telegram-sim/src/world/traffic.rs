//! Every call of the bot: whether it is let through, what goes wrong on purpose, and the log.

use std::collections::{BTreeMap, VecDeque};

use super::api_error::ApiError;
use crate::control::{Call, CallCounts, CallFilter, Fault, FaultAction, FaultReport, Limits};

/// The methods that the limit of messages by the second is about.
const SENDING: [&str; 3] = ["sendMessage", "sendDocument", "sendPhoto"];

/// The methods that share the limit of messages to a group by the minute ("Limits for message editing and sending are shared", tdlib/td#3034).
const WRITING: [&str; 5] = ["sendMessage", "sendDocument", "sendPhoto", "editMessageText", "editMessageReplyMarkup"];

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Proceed,
    Refuse(ApiError),
    /// The fault with this id meets the call.
    Fault {
        id: u64,
        action: FaultAction,
        after_effect: bool,
    },
}

/// A time in which calls are refused, Unix milliseconds.
#[derive(Debug, Clone, Copy)]
struct FloodWait {
    since_ms: i64,
    until_ms: i64,
}

#[derive(Debug, Default)]
pub struct Traffic {
    pub limits: Limits,
    faults: Vec<FaultReport>,
    last_fault_id: u64,
    flood: Option<FloodWait>,
    chat_floods: BTreeMap<i64, FloodWait>,
    /// Of groups with too many messages: nothing but [`WRITING`] to the group is refused.
    message_floods: BTreeMap<i64, FloodWait>,
    recent_calls: VecDeque<i64>,
    recent_messages: VecDeque<i64>,
    /// Messages and edits of the last minute, by chat.
    recent_of_chats: BTreeMap<i64, VecDeque<i64>>,
    /// When what was sent to a chat will have been paced out by the second.
    paced_out_ms: BTreeMap<i64, i64>,
    log: Vec<Call>,
    counts: CallCounts,
}

impl Traffic {
    /// Decides about a call before anything else is done with it.
    pub fn admit(&mut self, now_ms: i64, method: &str, chat: Option<i64>, user: Option<i64>) -> Verdict {
        if let Some(refused) = self.flood_wait(now_ms, method, chat).or_else(|| self.over_limit(now_ms, method, chat)) {
            return Verdict::Refuse(refused);
        }
        for report in &mut self.faults {
            if !meets(&report.fault, method, chat, user) {
                continue;
            }
            report.matched += 1;
            if !fires(report) {
                continue;
            }
            report.fired += 1;
            let FaultReport { id, fault, .. } = report.clone();
            if let FaultAction::TooManyRequests { retry_after, same_chat_only } = fault.action {
                let until_ms = now_ms + i64::try_from(retry_after).unwrap_or(0) * 1000;
                self.begin_flood(FloodWait { since_ms: now_ms, until_ms }, chat.filter(|_| same_chat_only));
            }
            return Verdict::Fault { id, action: fault.action, after_effect: fault.after_effect };
        }
        Verdict::Proceed
    }

    fn begin_flood(&mut self, wait: FloodWait, chat: Option<i64>) {
        match chat {
            Some(chat) => drop(self.chat_floods.insert(chat, wait)),
            None => self.flood = Some(wait),
        }
    }

    fn flood_wait(&mut self, now_ms: i64, method: &str, chat: Option<i64>) -> Option<ApiError> {
        let of_chat = chat.and_then(|chat| self.chat_floods.get(&chat).copied());
        let of_messages = chat.filter(|_| WRITING.contains(&method)).and_then(|chat| self.message_floods.get(&chat).copied());
        let running = [self.flood, of_chat, of_messages].into_iter().flatten().filter(|w| now_ms < w.until_ms);
        let wait = running.max_by_key(|w| w.until_ms)?;
        let grace_ms = i64::try_from(self.limits.flood_grace_ms).unwrap_or(i64::MAX);
        if now_ms - wait.since_ms >= grace_ms {
            self.counts.calls_during_flood_wait += 1;
        }
        Some(ApiError::too_many_requests(seconds_until(now_ms, wait.until_ms)))
    }

    fn over_limit(&mut self, now_ms: i64, method: &str, chat: Option<i64>) -> Option<ApiError> {
        if let Some(wait) = full(&mut self.recent_calls, now_ms, 1000, self.limits.calls_per_second) {
            return Some(ApiError::too_many_requests(wait));
        }
        let sends = SENDING.contains(&method);
        if sends && let Some(wait) = full(&mut self.recent_messages, now_ms, 1000, self.limits.messages_per_second) {
            return Some(ApiError::too_many_requests(wait));
        }
        if let Some(chat) = chat.filter(|_| WRITING.contains(&method)) {
            let times = self.recent_of_chats.entry(chat).or_default();
            let per_minute = self.limits.messages_per_group_per_minute.filter(|_| chat < 0);
            if let Some(wait) = full(times, now_ms, 60_000, per_minute) {
                let until_ms = now_ms + i64::try_from(wait).unwrap_or(0) * 1000;
                self.message_floods.insert(chat, FloodWait { since_ms: now_ms, until_ms });
                return Some(ApiError::too_many_requests(wait));
            }
            if let Some(per_second) = self.limits.messages_per_chat_per_second.filter(|_| sends) {
                let interval_ms = 1000 / i64::from(per_second.max(1));
                let paced_out_ms = self.paced_out_ms.entry(chat).or_default();
                let next_ms = now_ms.max(*paced_out_ms) + interval_ms;
                let burst_ms = i64::from(self.limits.burst_per_chat.max(1)) * interval_ms;
                if next_ms - now_ms > burst_ms {
                    return Some(ApiError::too_many_requests(seconds_until(now_ms, next_ms - burst_ms)));
                }
                *paced_out_ms = next_ms;
            }
            times.push_back(now_ms);
        }
        if sends {
            self.recent_messages.push_back(now_ms);
        }
        self.recent_calls.push_back(now_ms);
        None
    }

    pub fn add_fault(&mut self, fault: Fault) -> u64 {
        self.last_fault_id += 1;
        self.faults.push(FaultReport { id: self.last_fault_id, matched: 0, fired: 0, fault });
        self.last_fault_id
    }

    pub fn remove_fault(&mut self, id: u64) {
        self.faults.retain(|report| report.id != id);
    }

    pub fn clear_faults(&mut self) {
        self.faults.clear();
        self.flood = None;
        self.chat_floods.clear();
        self.message_floods.clear();
    }

    pub fn faults(&self) -> &[FaultReport] {
        &self.faults
    }

    pub fn log(&mut self, call: Call) {
        self.counts.total += 1;
        self.counts.failed += u64::from(!call.ok);
        self.counts.too_many_requests += u64::from(call.error_code == Some(429));
        *self.counts.by_method.entry(call.method.clone()).or_default() += 1;
        self.log.push(call);
    }

    pub fn calls(&self, filter: &CallFilter) -> Vec<&Call> {
        let wanted = |call: &&Call| {
            filter.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(&call.method))
                && filter.chat_id.is_none_or(|id| call.chat_id == Some(id))
                && filter.user_id.is_none_or(|id| call.user_id == Some(id))
                && filter.ok.is_none_or(|ok| call.ok == ok)
                && filter.since_ms.is_none_or(|since| call.at_ms >= since)
        };
        self.log.iter().filter(wanted).collect()
    }

    pub fn counts(&self) -> &CallCounts {
        &self.counts
    }
}

fn meets(fault: &Fault, method: &str, chat: Option<i64>, user: Option<i64>) -> bool {
    fault.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
        && fault.chat_id.is_none_or(|id| chat == Some(id))
        && fault.user_id.is_none_or(|id| user == Some(id))
}

fn fires(report: &FaultReport) -> bool {
    let fault = &report.fault;
    fault.times.is_none_or(|times| report.fired < u64::from(times))
        && fault.every.is_none_or(|n| report.matched.is_multiple_of(u64::from(n.max(1))))
        && fault.probability.is_none_or(|p| chance(fault.seed, report.matched) < p)
}

/// A number in 0.0–1.0 that depends on nothing but its arguments (SplitMix64).
fn chance(seed: u64, n: u64) -> f64 {
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Forgets what is older than the window and says, in seconds, when there is room again if there is none.
fn full(times: &mut VecDeque<i64>, now_ms: i64, window_ms: i64, limit: Option<u32>) -> Option<u64> {
    while times.front().is_some_and(|at| now_ms - at >= window_ms) {
        times.pop_front();
    }
    count_over(times, now_ms, window_ms, limit)
}

fn count_over(times: &VecDeque<i64>, now_ms: i64, window_ms: i64, limit: Option<u32>) -> Option<u64> {
    let limit = usize::try_from(limit?).ok()?;
    let inside: Vec<i64> = times.iter().copied().filter(|at| now_ms - at < window_ms).collect();
    let oldest_in_the_way = inside.len().checked_sub(limit).and_then(|i| inside.get(i))?;
    Some(seconds_until(now_ms, oldest_in_the_way + window_ms))
}

/// Whole seconds, rounded up, at least one.
fn seconds_until(now_ms: i64, then_ms: i64) -> u64 {
    u64::try_from((then_ms - now_ms + 999) / 1000).unwrap_or(1).max(1)
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
