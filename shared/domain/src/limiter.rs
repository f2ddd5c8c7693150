//! When the next calls to Telegram may start: one pace, one flood wait and one breaker for all workers.
//!
//! The pace is a generic cell rate algorithm: `busy_until_ms` is the moment until which calls already promised will have been paced out.
//! The breaker: failures in a row open it; then nobody calls for a while; then one call is let through, and its answer closes it or keeps
//! it open.

use crate::ids::ChatId;
use serde::{Deserialize, Serialize};

/// Calls that Telegram takes from one bot in a second, about (Bot FAQ: "no more than 30 messages per second"), where an operator does not
/// know better: of a Bot API server of his own, or of broadcasts that he pays for.
pub const CALLS_PER_SECOND: usize = 30;

/// How far ahead calls may be promised: a second's worth may start at once.
const WINDOW_MS: i64 = 1000;

/// The same for calls that can wait: however many of them there are, two fifths of the pace are left to others.
const BULK_WINDOW_MS: i64 = 600;

/// Messages have this part of the pace. A second's worth of that at most may start at once: so no second has more of them than the whole pace.
const PART_OF_MESSAGES: usize = 2;

/// Fewer calls than this are not begun with, unless fewer are wanted: a rest travels on at a price.
const LEAST: usize = 6;

/// Failures in a row that open the breaker.
pub const FAILURES: u32 = 5;

/// How long the breaker stays open, in milliseconds.
pub const OPEN_MS: i64 = 60_000;

/// How long the one call after that has for its answer, in milliseconds; who has not told by then is taken for dead, and another is let
/// through.
const PROBE_MS: i64 = 15_000;

/// 429s of several private chats within this time, in milliseconds, come from the limit of the whole bot.
const TOGETHER_MS: i64 = 10_000;

/// The furthest that calls are appointed for, in milliseconds: no message of a queue can be hidden for longer than 15 minutes (SQS API Reference,
/// "SendMessage"), and some of that is spent on the way.
const FURTHEST_MS: i64 = 14 * 60_000;

/// Whose calls they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Somebody waits for them.
    Normal,
    /// Of something so large that it leaves room to others.
    Bulk,
    /// Messages that somebody waits for.
    Messages,
    /// Messages that can wait: they leave room to others.
    News,
}

impl Lane {
    fn window_ms(self) -> i64 {
        match self {
            Self::Normal | Self::Messages => WINDOW_MS,
            Self::Bulk | Self::News => BULK_WINDOW_MS,
        }
    }

    pub fn is_of_messages(self) -> bool {
        matches!(self, Self::Messages | Self::News)
    }
}

/// So many calls a second, as somebody finds them.
struct Pace {
    calls_per_second: usize,
    /// How long until those promised before are paced out, in milliseconds.
    ahead_ms: i64,
    /// How far ahead more may be promised; one call at least.
    window_ms: i64,
}

impl Pace {
    fn new(calls_per_second: usize, until_ms: i64, lane: Lane, now_ms: i64) -> Self {
        let window_ms = lane.window_ms().max(cost(1, calls_per_second));
        Self { calls_per_second, ahead_ms: (until_ms - now_ms).max(0), window_ms }
    }

    /// Calls that fit where none are promised.
    fn most(&self) -> usize {
        fitting(self.window_ms, self.calls_per_second).max(1)
    }

    /// Calls that fit.
    fn room(&self) -> usize {
        fitting(self.window_ms - self.ahead_ms, self.calls_per_second)
    }

    /// How long until so many fit, in milliseconds.
    fn wait_ms(&self, calls: usize) -> i64 {
        cost(calls, self.calls_per_second) - (self.window_ms - self.ahead_ms)
    }

    /// How long until these calls, too, are paced out.
    fn after_ms(&self, calls: usize) -> i64 {
        self.ahead_ms + cost(calls, self.calls_per_second)
    }
}

/// Calls within so many milliseconds.
fn fitting(ms: i64, calls_per_second: usize) -> usize {
    usize::try_from(ms * calls_per_second as i64 / 1000).unwrap_or(0)
}

/// Milliseconds of pace that calls take up.
fn cost(calls: usize, calls_per_second: usize) -> i64 {
    (calls * 1000).div_ceil(calls_per_second.max(1)) as i64
}

/// Messages of so many calls a second.
fn messages_per_second(calls_per_second: usize) -> usize {
    (calls_per_second / PART_OF_MESSAGES).max(1)
}

/// The limiter's state; the default is an idle one. Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limiter {
    pub busy_until_ms: i64,
    /// The same of messages, which have a pace of their own as well.
    pub messages_until_ms: i64,
    /// No call before this: the latest `retry_after` that Telegram gave to any worker.
    pub blocked_until_ms: i64,
    /// No message before this, whatever else is called: see [`PrivateFlood`].
    pub messages_blocked_until_ms: i64,
    /// In a row, up to now.
    pub failures: u32,
    /// While the breaker is open: no call before this, then one.
    pub open_until_ms: i64,
    /// Calls that found no room have been told to come again one after another, up to this.
    pub appointed_until_ms: i64,
}

/// When calls that found no room are to come again: in turn, so that few of them come before there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointments {
    /// When the next one is to come.
    at_ms: i64,
    step_ms: i64,
}

impl Appointments {
    /// In how many milliseconds the next one is to come.
    pub fn next_in(&mut self, now_ms: i64) -> i64 {
        let at = self.at_ms;
        self.at_ms += self.step_ms;
        (at - now_ms).max(0)
    }
}

/// Calls that may be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// 1 or more, perhaps fewer than were asked for.
    pub calls: usize,
    /// The calls before have failed: how these go is to be told either way.
    pub on_trial: bool,
    /// The one call by which an open breaker is tried: its failure says nothing about its target.
    pub probe: bool,
}

impl Limiter {
    /// How long Telegram has asked for no calls, in milliseconds. Shorter than [`Limiter::blocked_for`] where calls are held back because they failed.
    pub fn flooded_for(self, now_ms: i64) -> i64 {
        (self.blocked_until_ms - now_ms).max(0)
    }

    /// How long nobody may call, in milliseconds; 0 when calls may be made.
    pub fn blocked_for(self, now_ms: i64) -> i64 {
        let open = if self.is_open() { self.open_until_ms } else { 0 };
        (self.blocked_until_ms.max(open) - now_ms).max(0)
    }

    /// [`Limiter::blocked_for`] for messages, which may have to wait when other calls need not.
    pub fn messages_blocked_for(self, now_ms: i64) -> i64 {
        self.blocked_for(now_ms).max(self.messages_blocked_until_ms - now_ms)
    }

    pub fn is_open(self) -> bool {
        self.failures >= FAILURES
    }

    /// What may be called at `now_ms`, at the pace of `calls_per_second`, and the state after that is promised; or how many milliseconds to wait before asking again.
    pub fn reserve(self, calls: usize, lane: Lane, calls_per_second: usize, now_ms: i64) -> Result<(Self, Grant), i64> {
        let blocked_for = if lane.is_of_messages() { self.messages_blocked_for(now_ms) } else { self.blocked_for(now_ms) };
        if blocked_for > 0 {
            return Err(blocked_for);
        }
        let ahead = (self.busy_until_ms - now_ms).max(0);
        if self.is_open() {
            let state = Self { busy_until_ms: now_ms + ahead + cost(1, calls_per_second), open_until_ms: now_ms + PROBE_MS, ..self };
            return Ok((state, Grant { calls: 1, on_trial: true, probe: true }));
        }
        let all = Pace::new(calls_per_second, self.busy_until_ms, lane, now_ms);
        let messages =
            lane.is_of_messages().then(|| Pace::new(messages_per_second(calls_per_second), self.messages_until_ms, lane, now_ms));
        let paces = || std::iter::once(&all).chain(&messages);
        // However slow a pace, some fit.
        let least = match lane {
            Lane::Messages => 1,
            _ => paces().fold(calls.clamp(1, LEAST), |least, pace| least.min(pace.most())),
        };
        let free = paces().map(Pace::room).min().unwrap_or(0);
        if free < least {
            return Err(paces().map(|pace| pace.wait_ms(least)).max().unwrap_or(1).max(1));
        }
        let calls = calls.clamp(1, free);
        let mut state = Self { busy_until_ms: now_ms + all.after_ms(calls), ..self };
        if let Some(messages) = messages {
            state.messages_until_ms = now_ms + messages.after_ms(calls);
        }
        Ok((state, Grant { calls, on_trial: self.failures > 0, probe: false }))
    }
}

impl Limiter {
    /// As [`Limiter::reserve`], for callers that do not report how their calls went. They take the place of no probe: an open breaker would stay open.
    pub fn reserve_unreported(self, calls: usize, lane: Lane, calls_per_second: usize, now_ms: i64) -> Result<(Self, Grant), i64> {
        match self.blocked_for(now_ms) {
            0 => Self { failures: 0, ..self }.reserve(calls, lane, calls_per_second, now_ms),
            wait => Err(wait),
        }
    }

    /// When `calls` with messages that found no room for `wait_ms` are to come again, and the state after that. However many have been told before, nobody is told to come
    /// later than a queue can hide a message.
    pub fn appoint(self, calls: usize, wait_ms: i64, calls_per_second: usize, now_ms: i64) -> (Self, Appointments) {
        // A queue hides messages for whole seconds: as many come at once as find room at once. That is less than the pace, so that they find it though they come a
        // little late.
        let step_ms = cost(1, fitting(BULK_WINDOW_MS, messages_per_second(calls_per_second)));
        let from = self.appointed_until_ms.max(now_ms + wait_ms);
        if from >= now_ms + FURTHEST_MS {
            return (self, Appointments { at_ms: now_ms + FURTHEST_MS, step_ms: 0 });
        }
        let appointed_until_ms = (from + calls as i64 * step_ms).min(now_ms + FURTHEST_MS);
        (Self { appointed_until_ms, ..self }, Appointments { at_ms: from, step_ms })
    }
}

/// The last 429 to a message in a private chat. Such a wait is the chat's own: anybody can make the bot write to them. When another private chat was refused
/// within [`TOGETHER_MS`], the bot as a whole writes too fast, and every message waits. Other calls go on: a wait is for "similar" requests, and Telegram does
/// not tell clients which those are (tdlib/td#715). A ban that has to wait gets a 429 of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct PrivateFlood {
    pub chat_id: ChatId,
    /// Unix milliseconds.
    pub at_ms: i64,
}

impl PrivateFlood {
    /// Is a 429 of this chat, so soon after that one, one of the whole bot?
    pub fn is_of_all(self, chat: ChatId, now_ms: i64) -> bool {
        self.chat_id != chat && now_ms - self.at_ms < TOGETHER_MS
    }
}

/// How calls went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Some were answered by Telegram, with whatever.
    pub answered: bool,
    /// How many were not, since the last that was.
    pub failed: u32,
}

impl Health {
    /// Adds the next call.
    pub fn add(&mut self, failed: bool) {
        if failed {
            self.failed += 1;
        } else {
            *self = Self { answered: true, failed: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn calls_that_find_no_room_are_told_to_come_one_after_another_and_not_later_than_a_queue_can_hide_them() {
        // Ten messages a second, of which six may be news at once.
        let (state, mut first) = Limiter::default().appoint(2, 200, 20, 1000);
        assert_eq!((first.next_in(1000), first.next_in(1000)), (200, 367));
        let (state, mut next) = state.appoint(1, 200, 20, 1000);
        assert_eq!(next.next_in(1000), 534);
        // An hour later nobody is before them.
        assert_eq!(state.appoint(1, 200, 20, 3_600_000).1.next_in(3_600_000), 200);
        let mut state = state;
        for _ in 0..10_000 {
            let (then, mut appointed) = state.appoint(10, 200, 20, 1000);
            state = then;
            assert!((0..10).all(|_| appointed.next_in(1000) <= FURTHEST_MS + 2000));
        }
        assert_eq!(state.appointed_until_ms, 1000 + FURTHEST_MS);
        // However slow the pace.
        assert_eq!(Limiter::default().appoint(1, 200, 1, 1000).1.next_in(1000), 200);
    }

    #[test]
    fn nothing_is_promised_during_a_flood_wait() {
        let limiter = Limiter { blocked_until_ms: 9_000, ..Limiter::default() };
        assert_eq!(limiter.reserve(1, Lane::Normal, CALLS_PER_SECOND, 2_000), Err(7_000));
        assert!(limiter.reserve(1, Lane::Normal, CALLS_PER_SECOND, 9_000).is_ok());
    }

    #[test]
    fn an_open_breaker_lets_one_call_through_after_its_time() {
        let open = Limiter { failures: FAILURES, open_until_ms: 70_000, ..Limiter::default() };
        assert_eq!(open.reserve(25, Lane::Normal, CALLS_PER_SECOND, 10_000), Err(60_000));
        let (probing, grant) = open.reserve(25, Lane::Normal, CALLS_PER_SECOND, 70_000).unwrap();
        assert_eq!(grant, Grant { calls: 1, on_trial: true, probe: true });
        assert_eq!(probing.reserve(25, Lane::Normal, CALLS_PER_SECOND, 70_001), Err(PROBE_MS - 1), "nobody else while it is under way");
        assert!(probing.reserve(25, Lane::Normal, CALLS_PER_SECOND, 70_000 + PROBE_MS).is_ok(), "its caller has died");
        assert_eq!(Limiter { failures: FAILURES - 1, ..open }.reserve(25, Lane::Normal, CALLS_PER_SECOND, 10_000).unwrap().1.calls, 25);
    }

    #[test]
    fn whoever_does_not_report_takes_no_probe_from_those_who_do() {
        let open = Limiter { failures: FAILURES, open_until_ms: 70_000, ..Limiter::default() };
        assert_eq!(open.reserve_unreported(1, Lane::Normal, CALLS_PER_SECOND, 10_000), Err(60_000), "nobody calls while it is open");
        let (after, grant) = open.reserve_unreported(3, Lane::Normal, CALLS_PER_SECOND, 70_000).unwrap();
        assert_eq!((grant.calls, grant.probe, after.open_until_ms), (3, false, 70_000));
        assert!(open.reserve(1, Lane::Normal, CALLS_PER_SECOND, 70_000).unwrap().1.probe);
    }

    #[test]
    fn a_flood_is_of_all_when_another_private_chat_was_refused_within_ten_seconds() {
        for (before, now_ms, expected) in [(5, 20_001, false), (6, 20_001, true), (6, 29_999, true), (6, 30_000, false)] {
            let before = PrivateFlood { chat_id: ChatId(before), at_ms: 20_000 };
            assert_eq!(before.is_of_all(ChatId(5), now_ms), expected, "{before:?} {now_ms}");
        }
    }

    #[test]
    fn a_flood_of_messages_holds_messages_and_no_other_call() {
        let limiter = Limiter { messages_blocked_until_ms: 9_000, ..Limiter::default() };
        assert_eq!((limiter.messages_blocked_for(2_000), limiter.messages_blocked_for(9_001), limiter.blocked_for(2_000)), (7_000, 0, 0));
        for lane in [Lane::Messages, Lane::News] {
            assert_eq!(limiter.reserve(1, lane, CALLS_PER_SECOND, 2_000), Err(7_000));
            assert!(limiter.reserve(1, lane, CALLS_PER_SECOND, 9_000).is_ok());
        }
        for lane in [Lane::Normal, Lane::Bulk] {
            assert!(limiter.reserve(25, lane, CALLS_PER_SECOND, 2_000).is_ok());
        }
    }

    #[test]
    fn failures_count_in_a_row_only() {
        let mut health = Health::default();
        for failed in [true, true, false, true] {
            health.add(failed);
        }
        assert_eq!(health, Health { answered: true, failed: 1 });
    }

    #[test]
    fn whoever_wants_little_is_served_while_a_large_one_takes_all_it_may() {
        let (mut limiter, mut now, mut bulk, mut small) = (Limiter::default(), 1_000_000, 0, 0);
        for step in 0..10_000 {
            now += 7;
            if let Ok((next, grant)) = limiter.reserve(25, Lane::Bulk, CALLS_PER_SECOND, now) {
                (limiter, bulk) = (next, bulk + grant.calls);
            }
            if step % 100 == 0 {
                let (next, grant) = limiter.reserve(3, Lane::Normal, CALLS_PER_SECOND, now).expect("a small one never waits");
                (limiter, small) = (next, small + grant.calls);
            }
        }
        let seconds = 70;
        assert_eq!(small, 300);
        assert!((seconds * 24..=seconds * 30).contains(&bulk), "{bulk}: the large one has all the rest");
    }

    #[test]
    fn a_message_that_somebody_waits_for_is_sent_while_news_take_all_they_may() {
        let (mut limiter, mut now, mut news) = (Limiter::default(), 1_000_000, 0);
        for step in 0..10_000 {
            now += 7;
            if let Ok((next, grant)) = limiter.reserve(10, Lane::News, CALLS_PER_SECOND, now) {
                (limiter, news) = (next, news + grant.calls);
            }
            if step % 100 == 0 {
                limiter = limiter.reserve(1, Lane::Messages, CALLS_PER_SECOND, now).expect("a question never waits").0;
            }
        }
        assert!((70 * 12..=70 * 15).contains(&news), "{news}: news have all the rest");
    }

    proptest! {
        #[test]
        fn no_more_than_two_windows_of_calls_start_in_any_second(asks in prop::collection::vec((1usize..=30, 0i64..400, any::<bool>()), 1..200)) {
            let (mut limiter, mut now, mut granted) = (Limiter::default(), 1_000_000, Vec::new());
            for (calls, pause, bulk) in asks {
                now += pause;
                let lane = if bulk { Lane::Bulk } else { Lane::Normal };
                if let Ok((next, grant)) = limiter.reserve(calls, lane, CALLS_PER_SECOND, now) {
                    prop_assert!((1..=calls).contains(&grant.calls));
                    limiter = next;
                    granted.push((now, grant.calls));
                }
            }
            for &(start, _) in &granted {
                let within: usize = granted.iter().filter(|(at, _)| (start..start + 1000).contains(at)).map(|(_, calls)| calls).sum();
                prop_assert!(within <= 2 * CALLS_PER_SECOND, "{within} calls within a second of {start}");
            }
        }

        #[test]
        fn no_more_messages_than_telegram_takes_start_in_any_second(asks in prop::collection::vec((1usize..=10, 0i64..300, any::<bool>()), 1..300)) {
            let (mut limiter, mut now, mut granted) = (Limiter::default(), 1_000_000, Vec::new());
            for (calls, pause, news) in asks {
                now += pause;
                let lane = if news { Lane::News } else { Lane::Messages };
                if let Ok((next, grant)) = limiter.reserve(calls, lane, CALLS_PER_SECOND, now) {
                    limiter = next;
                    granted.push((now, grant.calls));
                }
            }
            for &(start, _) in &granted {
                let within: usize = granted.iter().filter(|(at, _)| (start..start + 1000).contains(at)).map(|(_, calls)| calls).sum();
                prop_assert!(within <= CALLS_PER_SECOND, "{within} messages within a second of {start}");
            }
        }

        #[test]
        fn whoever_waits_as_long_as_told_is_served(calls in 1usize..=30, ahead in 0i64..2000, messages in 0i64..2000, lane in 0usize..4, pace in 1usize..=60) {
            let lane = [Lane::Normal, Lane::Bulk, Lane::Messages, Lane::News][lane];
            let limiter = Limiter { busy_until_ms: 10_000 + ahead, messages_until_ms: 10_000 + messages, ..Limiter::default() };
            if let Err(wait) = limiter.reserve(calls, lane, pace, 10_000) {
                prop_assert!(limiter.reserve(calls, lane, pace, 10_000 + wait).is_ok(), "{wait} ms were not enough");
            }
        }
    }
}
