//! What we did to a person in a chat, and what of it may be taken back.
//!
//! Only a ban of ours is ever lifted, and only where no admin of the chat has decided anything since: what a local admin did is his.

use super::term::covers;
use super::{Kind, Origin, Outcome, Reason, Term};
use crate::ban::{BanEvent, Occurred};
use crate::ids::{ChatId, UserId};
use crate::member::{Action, Mute};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A ban or a lift that is done so many seconds after the decision is late: more than a queue delays one and a large sync lasts.
const LATE: i64 = 3600;

/// An entry: the outcome of one sync in one chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub sync_id: Uuid,
    pub ban_event_id: Uuid,
    pub kind: Kind,
    pub origin: Origin,
    pub user_id: UserId,
    pub chat_id: ChatId,
    pub source_chat_id: ChatId,
    /// Of the event that was carried over.
    pub occurred: Occurred,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// When it ended so, Unix seconds; of what a call did, when the call was begun.
    pub at: i64,
    /// And milliseconds within that second: whoever acts on a person writes it down before the next one acts.
    #[serde(default)]
    pub millis: u16,
    /// End of a ban that we set or left standing, or may have set before another one was found, Unix seconds; `None`: for ever, or there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// End of the ban that stood there before ours and was none of ours, Unix seconds: a ban for ever would have been left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<i64>,
    /// The person was in the chat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_member: bool,
    /// The call was meant, and may have come to something, though nobody has heard so: its time ran out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
    /// What restricted the person there until our ban: of the chat's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<Mute>,
    /// Length of the ban, as the chat would have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

impl Entry {
    /// What a program had us do in the chat's own name, or the taking back of that.
    pub fn is_chats_own(&self) -> bool {
        self.source_chat_id == self.chat_id
    }

    /// It was done long after the decision, such as a ban of January for somebody who joins today.
    pub fn is_late(&self) -> bool {
        self.outcome == Outcome::Applied && self.occurred.at().is_some_and(|decided| self.at - decided > LATE)
    }

    /// A ban stood there after it, or may have.
    fn has_banned(&self) -> bool {
        self.kind == Kind::Ban && (matches!(self.outcome, Outcome::Applied | Outcome::Already) || self.begun)
    }

    /// A ban of ours stood there after it, or may have.
    pub fn leaves_a_ban(&self) -> bool {
        self.kind == Kind::Ban && (self.outcome == Outcome::Applied || self.begun) || self.has_shortened()
    }

    /// A lift that left the ban of another source standing, which ends sooner than the one that was lifted.
    fn has_shortened(&self) -> bool {
        self.outcome == Outcome::Skipped(Reason::StillBanned) && self.until.is_some()
    }

    /// End here of the ban of which `until` is the end in its source.
    fn end_here(&self, until: Until) -> Until {
        match (self.term, self.outcome) {
            (Some(Term::Permanent), _) => None,
            (Some(Term::Until(_)), _) | (None, Outcome::Already) => until,
            (Some(Term::For(seconds)), Outcome::Already) => Some(self.at + seconds),
            _ => self.until,
        }
    }

    /// What has ended later, has more.
    pub fn moment(&self) -> (i64, u16) {
        (self.at, self.millis)
    }
}

/// The newest of what people (not we) decided on a person, by chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions(BTreeMap<ChatId, Decision>);

/// What people decided on a person in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub occurred: Occurred,
    /// Unix seconds.
    pub at: i64,
    /// It bans; `until`: until then, Unix seconds, `None` for ever.
    pub bans: Option<Until>,
    /// The newest decision there, this one or one before, that lifted a ban.
    pub lifted: Option<Occurred>,
}

/// The end of a ban, Unix seconds; `None`: for ever.
pub type Until = Option<i64>;

impl Decisions {
    /// `events`: of one person, in any order.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a BanEvent>) -> Self {
        let mut newest = Self::default();
        for event in events {
            newest.add(event);
        }
        newest
    }

    pub fn add(&mut self, event: &BanEvent) {
        let bans = match event.event_type {
            Action::Ban => Some(event.until),
            Action::Unban => None,
            Action::Kick | Action::Restrict | Action::Unrestrict => return,
        };
        let occurred = event.occurred.clone();
        let lifted = bans.is_none().then(|| occurred.clone());
        let decision = Decision { occurred, at: event.event_timestamp, bans, lifted };
        match self.0.get_mut(&event.chat_id) {
            Some(known) => {
                let lifted = known.lifted.take().max(decision.lifted.clone());
                if known.occurred < decision.occurred {
                    *known = decision;
                }
                known.lifted = lifted;
            }
            None => {
                self.0.insert(event.chat_id, decision);
            }
        }
    }

    pub fn in_chat(&self, chat: ChatId) -> Option<&Decision> {
        self.0.get(&chat)
    }

    /// Was something else decided in `chat` after `occurred`?
    pub fn newer(&self, chat: ChatId, occurred: &Occurred) -> bool {
        self.in_chat(chat).is_some_and(|decision| decision.occurred > *occurred)
    }

    /// End of the ban that was carried over by `entry`, if it still stands in its source at `now`. A source that has lifted it and banned anew
    /// bans by another one: that may never have come here, and where it is still to come, it brings a ban of its own.
    fn held_until(&self, entry: &Entry, now: i64) -> Option<Until> {
        let newest = self.in_chat(entry.source_chat_id).filter(|newest| newest.lifted.as_ref().is_none_or(|at| *at < entry.occurred));
        let is_on = |until: &Until| until.is_none_or(|until| until > now);
        newest.and_then(|newest| newest.bans).filter(is_on).map(|until| entry.end_here(until)).filter(is_on)
    }
}

/// What is to be done where a ban may be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifting {
    Unban,
    /// An older ban, which was not ours, stands until then: it is put back.
    PutBack(i64),
    /// The ban of another source stands until then, sooner than ours ends: it is left.
    Shorten(i64),
    Leave(Reason),
}

/// May the ban in a chat be taken back? `entries`: of this person in this chat, in any order. `decisions`: all that people decided on him.
/// `source`: whose decision it was that is taken back.
pub fn lifting(entries: &[Entry], decisions: &Decisions, chat: ChatId, source: ChatId, origin: Origin, now: i64) -> Lifting {
    let Some(last) = last_applied(entries) else {
        return Lifting::Leave(Reason::NotOurs);
    };
    if !last.leaves_a_ban() {
        return Lifting::Leave(Reason::NotBanned);
    }
    // A program's ban in the chat's own name is a decision of the chat as well: the chat's admins alone take it back.
    let is_last = |decision: &&Decision| origin == Origin::UndoneHere && last.is_chats_own() && decision.occurred == last.occurred;
    // Telegram's dates are whole seconds: what happened in the same one may have come after ours.
    if decisions.in_chat(chat).filter(|decision| !is_last(decision)).is_some_and(|decision| decision.at >= last.at) {
        return Lifting::Leave(Reason::LocalDecision);
    }
    let banned = || entries.iter().filter(|entry| entry.has_banned());
    let others = standing(entries, decisions, chat)
        .filter(|entry| entry.source_chat_id != source && entry.source_chat_id != chat && !undone_everywhere(entries, entry));
    let mut newest: BTreeMap<ChatId, &Entry> = BTreeMap::new();
    for entry in others.filter(|_| origin != Origin::UndoneHere) {
        let known = newest.entry(entry.source_chat_id).or_insert(entry);
        if (&known.occurred, known.moment()) < (&entry.occurred, entry.moment()) {
            *known = entry;
        }
    }
    let held = newest.into_values().filter_map(|entry| decisions.held_until(entry, now));
    let held = held.reduce(longer);
    let longest = ends_of_ours(entries).into_iter().reduce(longer).unwrap_or(last.until);
    if held.is_some_and(|held| covers(held, longest)) {
        return Lifting::Leave(Reason::StillBanned);
    }
    let prior = standing(entries, decisions, chat).filter_map(|entry| entry.prior);
    // What another sync had set and not yet written down then, looked like a ban of the chat's own. What was put back is one.
    let prior = prior.filter(|prior| banned().all(|entry| entry.until != Some(*prior)));
    match (prior.max().filter(|&until| until > now), held.flatten()) {
        (Some(prior), Some(held)) if held > prior => Lifting::Shorten(held),
        (Some(prior), _) => Lifting::PutBack(prior),
        (None, Some(held)) => Lifting::Shorten(held),
        (None, None) => Lifting::Unban,
    }
}

fn longer(one: Until, other: Until) -> Until {
    if covers(one, other) { one } else { other }
}

/// Has an admin of its source taken this ban, or a later one, back everywhere, whatever came of that here? The source's own may still stand.
fn undone_everywhere(entries: &[Entry], ban: &Entry) -> bool {
    let is_of_source = |entry: &&Entry| entry.origin == Origin::UndoneEverywhere && entry.source_chat_id == ban.source_chat_id;
    entries.iter().filter(is_of_source).any(|entry| entry.occurred >= ban.occurred)
}

/// The bans since the last lift of ours. What an admin of the chat decided after one, has ended what was before it, too.
fn standing<'a>(entries: &'a [Entry], decisions: &Decisions, chat: ChatId) -> impl Iterator<Item = &'a Entry> {
    let decided = decisions.in_chat(chat).map(|decision| (decision.at, u16::MAX));
    let lifts = entries.iter().filter(|entry| entry.kind == Kind::Lift && entry.outcome == Outcome::Applied).map(Entry::moment);
    let since = lifts.chain(decided).max();
    entries.iter().filter(move |entry| entry.has_banned() && Some(entry.moment()) > since)
}

/// The restriction of the chat's own that our ban has put an end to. Arguments as those of [`lifting`].
pub fn muted_before(entries: &[Entry], decisions: &Decisions, chat: ChatId) -> Option<Mute> {
    standing(entries, decisions, chat).filter(|entry| entry.outcome == Outcome::Applied).find_map(|entry| entry.mute)
}

/// The end that a ban of this source is to have in the place of a longer one of its own, for which it is to end at `wanted`; `None`: that one
/// stays, since it is not ours or not this source's, or the chat's own stands behind it. Arguments as those of [`lifting`].
pub fn shortened(entries: &[Entry], decisions: &Decisions, chat: ChatId, source: ChatId, wanted: i64, now: i64) -> Option<i64> {
    last_applied(entries).filter(|last| last.source_chat_id == source || last.has_shortened())?;
    match lifting(entries, decisions, chat, source, Origin::Unban, now) {
        Lifting::Unban => Some(wanted),
        Lifting::Shorten(held) => Some(held.max(wanted)),
        Lifting::PutBack(_) | Lifting::Leave(_) => None,
    }
}

/// Is the ban that stands in a chat ours? Arguments as those of [`lifting`].
pub fn is_ours(entries: &[Entry], decisions: &Decisions, chat: ChatId) -> bool {
    last_applied(entries).is_some_and(|last| last.leaves_a_ban() && decisions.in_chat(chat).is_none_or(|decision| decision.at < last.at))
}

/// The last entry that did something, or perhaps did: whoever takes it back finds what stands there.
pub fn last_applied(entries: &[Entry]) -> Option<&Entry> {
    let applied = entries.iter().filter(|entry| entry.outcome == Outcome::Applied || entry.leaves_a_ban());
    // In entries without milliseconds a lift came after its ban.
    applied.max_by_key(|entry| (entry.moment(), entry.kind == Kind::Lift))
}

/// The ends that a ban of ours in a chat may have: that of the last act which is known to have come to something, and of those begun after it.
pub fn ends_of_ours(entries: &[Entry]) -> Vec<Until> {
    let known = entries.iter().filter(|entry| entry.outcome == Outcome::Applied || entry.has_shortened());
    let known = known.max_by_key(|entry| (entry.moment(), entry.kind == Kind::Lift));
    let is_later = |entry: &&Entry| known.is_none_or(|known| entry.moment() >= known.moment());
    let begun = entries.iter().filter(|entry| entry.begun && (entry.kind == Kind::Ban || entry.until.is_some())).filter(is_later);
    known.filter(|known| known.leaves_a_ban()).into_iter().chain(begun).map(|entry| entry.until).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(-9);
    const A: ChatId = ChatId(-1);
    const B: ChatId = ChatId(-2);
    const NOW: i64 = 10_000;

    fn entry(kind: Kind, source: ChatId, at: i64, outcome: Outcome) -> Entry {
        let id = Uuid::from_u128(at as u128);
        Entry {
            sync_id: id,
            ban_event_id: id,
            kind,
            origin: Origin::Ban,
            user_id: UserId(5),
            chat_id: CHAT,
            source_chat_id: source,
            occurred: Occurred::new(at, 0),
            outcome,
            at,
            millis: 0,
            until: None,
            prior: None,
            was_member: false,
            begun: false,
            mute: None,
            term: None,
        }
    }

    #[test]
    fn what_is_done_more_than_an_hour_after_the_decision_is_late() {
        let done = |after, outcome| Entry { at: 100 + after, ..entry(Kind::Ban, A, 100, outcome) };
        for (entry, expected) in [
            (done(0, Outcome::Applied), false),
            (done(LATE, Outcome::Applied), false),
            (done(LATE + 1, Outcome::Applied), true),
            (done(LATE + 1, Outcome::Already), false),
        ] {
            assert_eq!(entry.is_late(), expected, "{entry:?}");
        }
    }

    fn decided(of: &[(ChatId, i64, Option<Until>)]) -> Decisions {
        let decision = |&(chat, at, bans): &(ChatId, i64, Option<Until>)| {
            let occurred = Occurred::new(at, 0);
            (chat, Decision { lifted: bans.is_none().then(|| occurred.clone()), occurred, at, bans })
        };
        Decisions(of.iter().map(decision).collect())
    }

    fn after(entries: &[Entry], decisions: &[(ChatId, i64, Option<Until>)], origin: Origin) -> Lifting {
        lifting(entries, &decided(decisions), CHAT, A, origin, NOW)
    }

    #[test]
    fn a_ban_of_ours_is_taken_back_and_nobody_elses() {
        let ours = entry(Kind::Ban, A, 100, Outcome::Applied);
        assert_eq!(after(std::slice::from_ref(&ours), &[(A, 200, None)], Origin::Unban), Lifting::Unban);
        assert_eq!(after(&[], &[], Origin::Unban), Lifting::Leave(Reason::NotOurs));
        let already = entry(Kind::Ban, A, 100, Outcome::Already);
        assert_eq!(after(&[already], &[], Origin::Unban), Lifting::Leave(Reason::NotOurs));
        let lifted = entry(Kind::Lift, A, 150, Outcome::Applied);
        assert_eq!(after(&[lifted.clone(), ours.clone()], &[], Origin::Unban), Lifting::Leave(Reason::NotBanned));
        let again = entry(Kind::Ban, A, 170, Outcome::Applied);
        assert_eq!(after(&[again, lifted, ours], &[], Origin::Unban), Lifting::Unban);
    }

    #[test]
    fn a_ban_in_the_chats_own_name_is_taken_back_by_the_chat_and_by_no_source() {
        let own = Entry { chat_id: CHAT, source_chat_id: CHAT, ..entry(Kind::Ban, CHAT, 100, Outcome::Applied) };
        let decided_by_it = [(CHAT, 100, Some(None)), (A, 200, None)];
        assert_eq!(after(std::slice::from_ref(&own), &decided_by_it, Origin::UndoneHere), Lifting::Unban);
        for origin in [Origin::Unban, Origin::UndoneEverywhere] {
            assert_eq!(after(std::slice::from_ref(&own), &decided_by_it, origin), Lifting::Leave(Reason::LocalDecision), "{origin:?}");
        }
        let older = entry(Kind::Ban, A, 50, Outcome::Applied);
        assert_eq!(after(&[older, own.clone()], &decided_by_it, Origin::Unban), Lifting::Leave(Reason::LocalDecision));
        let later = [(CHAT, 101, Some(None))];
        assert_eq!(after(std::slice::from_ref(&own), &later, Origin::UndoneHere), Lifting::Leave(Reason::LocalDecision));
        assert!(!is_ours(&[own], &decided(&decided_by_it), CHAT), "another sync leaves it behind its own ban");
    }

    #[test]
    fn a_ban_that_was_begun_and_of_which_nobody_has_heard_may_be_taken_back() {
        let lost = |begun| Entry { begun, ..entry(Kind::Ban, A, 100, Outcome::Failed(Reason::TimedOut)) };
        assert_eq!(after(&[lost(true)], &[(A, 200, None)], Origin::Unban), Lifting::Unban);
        assert_eq!(after(&[lost(false)], &[(A, 200, None)], Origin::Unban), Lifting::Leave(Reason::NotOurs));
    }

    #[test]
    fn within_a_second_milliseconds_tell_which_came_last() {
        let prior = Some(NOW + 500);
        let ours = |millis| Entry { prior, millis, ..entry(Kind::Ban, A, 100, Outcome::Applied) };
        let lift = Entry { millis: 500, ..entry(Kind::Lift, B, 100, Outcome::Applied) };
        let entries = [lift.clone(), ours(501)];
        assert_eq!(after(&entries, &[(A, 200, None)], Origin::Unban), Lifting::PutBack(NOW + 500));
        assert!(is_ours(&entries, &decided(&[]), CHAT));
        let entries = [lift.clone(), ours(499)];
        assert_eq!(after(&entries, &[(A, 200, None)], Origin::Unban), Lifting::Leave(Reason::NotBanned));
        assert!(!is_ours(&entries, &decided(&[]), CHAT));
        let old = [Entry { millis: 0, ..lift }, ours(0)];
        assert_eq!(after(&old, &[(A, 200, None)], Origin::Unban), Lifting::Leave(Reason::NotBanned));
    }

    #[test]
    fn what_an_admin_of_the_chat_decided_since_stays() {
        let ours = [entry(Kind::Ban, A, 100, Outcome::Applied)];
        for origin in [Origin::Unban, Origin::UndoneHere, Origin::UndoneEverywhere] {
            for (bans, at) in [(Some(None), 150), (None, 150), (Some(Some(200)), 100)] {
                assert_eq!(after(&ours, &[(CHAT, at, bans)], origin), Lifting::Leave(Reason::LocalDecision), "{origin:?} {at}");
            }
            assert_eq!(after(&ours, &[(CHAT, 99, Some(Some(120)))], origin), Lifting::Unban, "what he decided before is over");
        }
    }

    #[test]
    fn who_is_banned_by_two_sources_stays_banned_while_one_still_bans() {
        let entries = [entry(Kind::Ban, A, 100, Outcome::Applied), entry(Kind::Ban, B, 120, Outcome::Already)];
        let other = |bans| after(&entries, &[(A, 200, None), (B, 120, bans)], Origin::Unban);
        assert_eq!(other(Some(None)), Lifting::Leave(Reason::StillBanned));
        assert_eq!(other(Some(Some(NOW + 1))), Lifting::Shorten(NOW + 1), "and no longer");
        assert_eq!(other(Some(Some(NOW))), Lifting::Unban, "that ban has ended by itself");
        assert_eq!(other(None), Lifting::Unban);
        assert_eq!(after(&entries, &[(B, 120, Some(None))], Origin::UndoneHere), Lifting::Unban, "the chat's own admin decides");
        let skipped = [entry(Kind::Ban, A, 100, Outcome::Applied), entry(Kind::Ban, B, 120, Outcome::Skipped(Reason::Ignored))];
        assert_eq!(after(&skipped, &[(B, 120, Some(None))], Origin::Unban), Lifting::Unban, "what is ignored here holds nothing");
    }

    #[test]
    fn the_ban_of_the_other_source_stays_as_long_as_it_would_have_lasted_in_this_chat() {
        let b = |term| Entry { term, ..entry(Kind::Ban, B, 120, Outcome::Already) };
        let lasts = |ours: Option<i64>, term, bans| {
            let ours = Entry { until: ours, ..entry(Kind::Ban, A, 100, Outcome::Applied) };
            after(&[ours, b(term)], &[(A, 200, None), (B, 120, Some(bans))], Origin::Unban)
        };
        let still = Lifting::Leave(Reason::StillBanned);
        for (ours, term, bans, expected) in [
            (None, Some(Term::Until(NOW + 50)), Some(NOW + 50), Lifting::Shorten(NOW + 50)),
            (None, Some(Term::Until(NOW + 50)), None, still),
            (None, Some(Term::Permanent), Some(NOW + 50), still),
            (None, Some(Term::For(NOW)), None, Lifting::Shorten(NOW + 120)),
            (None, Some(Term::For(10)), None, Lifting::Unban),
            (Some(NOW + 50), Some(Term::Until(NOW + 50)), Some(NOW + 50), still),
            (Some(NOW + 50), Some(Term::Until(NOW + 40)), Some(NOW + 40), Lifting::Shorten(NOW + 40)),
        ] {
            assert_eq!(lasts(ours, term, bans), expected, "{ours:?} {term:?} {bans:?}");
        }
        let newest = [entry(Kind::Ban, A, 100, Outcome::Applied), b(Some(Term::Permanent)), Entry { at: 130, ..b(Some(Term::Until(0))) }];
        let decisions = [(A, 200, None), (B, 130, Some(Some(NOW + 50)))];
        assert_eq!(after(&newest, &decisions, Origin::Unban), Lifting::Shorten(NOW + 50), "its newest ban is what counts");
    }

    #[test]
    fn a_call_that_came_to_nothing_does_not_hide_the_ban_before_it() {
        let ours = entry(Kind::Ban, A, 100, Outcome::Applied);
        let moved = Entry { until: Some(NOW + 50), begun: true, ..entry(Kind::Ban, A, 150, Outcome::Failed(Reason::TimedOut)) };
        let other = Entry { term: Some(Term::Until(NOW + 60)), ..entry(Kind::Ban, B, 120, Outcome::Already) };
        let lift = Entry { until: Some(NOW + 60), begun: true, ..entry(Kind::Lift, A, 210, Outcome::Failed(Reason::TimedOut)) };
        let entries = [ours, moved, other, lift];
        assert_eq!(ends_of_ours(&entries[..2]), [None, Some(NOW + 50)]);
        assert_eq!(ends_of_ours(&entries), [None, Some(NOW + 50), Some(NOW + 60)]);
        let decisions = [(A, 200, None), (B, 120, Some(Some(NOW + 60)))];
        assert_eq!(after(&entries[..3], &decisions, Origin::Unban), Lifting::Shorten(NOW + 60), "the endless one may stand");
        assert_eq!(after(&entries, &[(A, 200, None), (B, 300, None)], Origin::Unban), Lifting::Unban);
    }

    #[test]
    fn a_ban_that_ends_later_here_than_its_source_wants_holds_as_long_as_the_source_bans() {
        let both = Entry { until: Some(NOW + 50), term: Some(Term::Until(NOW + 20)), ..entry(Kind::Ban, B, 150, Outcome::Applied) };
        let a = entry(Kind::Ban, A, 120, Outcome::Already);
        assert_eq!(after(&[a, both], &[(A, 200, None), (B, 150, Some(Some(NOW + 20)))], Origin::Unban), Lifting::Shorten(NOW + 20));
    }

    #[test]
    fn what_was_left_of_another_source_is_ours_and_lifted_with_it() {
        let ours = Entry { prior: Some(NOW + 20), ..entry(Kind::Ban, A, 100, Outcome::Applied) };
        let left = Entry { until: Some(NOW + 50), ..entry(Kind::Lift, A, 210, Outcome::Skipped(Reason::StillBanned)) };
        let entries = [ours, entry(Kind::Ban, B, 120, Outcome::Already), left];
        let decisions = decided(&[(A, 200, None), (B, 300, None)]);
        assert!(is_ours(&entries, &decisions, CHAT));
        assert_eq!(lifting(&entries, &decisions, CHAT, B, Origin::Unban, NOW), Lifting::PutBack(NOW + 20));
        assert_eq!(lifting(&entries, &decisions, CHAT, B, Origin::Unban, NOW + 20), Lifting::Unban);
        assert_eq!(shortened(&entries[1..], &decisions, CHAT, B, NOW + 30, NOW), Some(NOW + 30), "and it follows its source's end");
    }

    #[test]
    fn a_local_decision_has_ended_what_other_sources_had_brought_before() {
        let entries = [entry(Kind::Ban, B, 100, Outcome::Applied), entry(Kind::Ban, A, 200, Outcome::Applied)];
        assert_eq!(after(&entries, &[(B, 90, Some(None)), (CHAT, 150, None)], Origin::Unban), Lifting::Unban);
        assert_eq!(after(&entries, &[(B, 90, Some(None)), (CHAT, 50, None)], Origin::Unban), Lifting::Leave(Reason::StillBanned));
    }

    #[test]
    fn a_ban_that_its_source_has_taken_back_everywhere_holds_nothing() {
        let (ours, other) = (entry(Kind::Ban, A, 100, Outcome::Applied), entry(Kind::Ban, B, 120, Outcome::Already));
        let undone = Entry {
            origin: Origin::UndoneEverywhere,
            ban_event_id: other.ban_event_id,
            ..entry(Kind::Lift, B, 150, Outcome::Skipped(Reason::StillBanned))
        };
        let decisions = [(A, 100, Some(None)), (B, 120, Some(None))];
        let entries = [ours, other, undone];
        assert_eq!(after(&entries[..2], &decisions, Origin::UndoneEverywhere), Lifting::Leave(Reason::StillBanned));
        assert_eq!(after(&entries, &decisions, Origin::UndoneEverywhere), Lifting::Unban);
        // An older one of the same source is taken back with it.
        let older = entry(Kind::Ban, B, 110, Outcome::Applied);
        let all = [older, entries[0].clone(), entries[1].clone(), entries[2].clone()];
        assert_eq!(after(&all, &[(A, 200, None), (B, 120, Some(None))], Origin::Unban), Lifting::Unban);
    }

    #[test]
    fn a_source_that_lifted_its_ban_and_bans_anew_holds_nothing_unless_that_was_carried_over() {
        let both = [entry(Kind::Ban, A, 100, Outcome::Applied), entry(Kind::Ban, B, 120, Outcome::Already)];
        let decided = |lifted: Option<i64>| {
            let of = |at, bans, lifted: Option<i64>| {
                let lifted = lifted.map(|at| Occurred::new(at, 0));
                Decision { occurred: Occurred::new(at, 0), at, bans, lifted }
            };
            Decisions(BTreeMap::from([(A, of(200, None, Some(200))), (B, of(190, Some(None), lifted))]))
        };
        let lifting = |entries: &[Entry], lifted| lifting(entries, &decided(lifted), CHAT, A, Origin::Unban, NOW);
        assert_eq!(lifting(&both, None), Lifting::Leave(Reason::StillBanned), "B has only moved its end");
        assert_eq!(lifting(&both, Some(180)), Lifting::Unban, "B has lifted the one, and the other never came here");
        let with = |outcome| both.iter().cloned().chain([entry(Kind::Ban, B, 190, outcome)]).collect::<Vec<_>>();
        assert_eq!(lifting(&with(Outcome::Skipped(Reason::Asked)), Some(180)), Lifting::Unban);
        assert_eq!(lifting(&with(Outcome::Already), Some(180)), Lifting::Leave(Reason::StillBanned));
    }

    #[test]
    fn the_second_source_lifts_what_the_first_one_set() {
        let entries = [entry(Kind::Ban, A, 100, Outcome::Applied), entry(Kind::Ban, B, 120, Outcome::Already)];
        let decisions = decided(&[(A, 200, None), (B, 300, None)]);
        assert_eq!(lifting(&entries, &decisions, CHAT, B, Origin::Unban, NOW), Lifting::Unban);
    }

    #[test]
    fn an_older_ban_of_the_chats_own_is_put_back_as_long_as_it_would_have_lasted() {
        let prior = |until| [Entry { prior: Some(until), ..entry(Kind::Ban, A, 100, Outcome::Applied) }];
        assert_eq!(after(&prior(NOW + 500), &[(CHAT, 50, Some(Some(NOW + 500)))], Origin::Unban), Lifting::PutBack(NOW + 500));
        assert_eq!(after(&prior(NOW), &[], Origin::Unban), Lifting::Unban);
    }

    #[test]
    fn a_ban_of_ours_that_another_sync_took_for_the_chats_own_is_not_put_back() {
        let second = Entry { prior: Some(NOW + 500), ..entry(Kind::Ban, A, 100, Outcome::Applied) };
        for outcome in [Outcome::Applied, Outcome::Already] {
            let first = Entry { until: Some(NOW + 500), ..entry(Kind::Ban, B, 99, outcome) };
            assert_eq!(after(&[first, second.clone()], &[(B, 150, None)], Origin::Unban), Lifting::Unban);
        }
    }

    #[test]
    fn an_older_ban_of_the_chats_own_is_put_back_each_time_one_of_ours_is_lifted() {
        let prior = Some(NOW + 500);
        let first = Entry { prior, ..entry(Kind::Ban, B, 100, Outcome::Applied) };
        let put_back = Entry { until: prior, ..entry(Kind::Lift, B, 150, Outcome::Applied) };
        let second = Entry { prior, ..entry(Kind::Ban, A, 200, Outcome::Applied) };
        assert_eq!(after(&[first, put_back, second], &[(B, 140, None)], Origin::Unban), Lifting::PutBack(NOW + 500));
    }

    #[test]
    fn an_older_ban_that_the_chat_has_lifted_itself_is_not_put_back() {
        let first = Entry { prior: Some(NOW + 500), ..entry(Kind::Ban, A, 100, Outcome::Applied) };
        let again = entry(Kind::Ban, A, 200, Outcome::Applied);
        assert_eq!(after(&[first, again], &[(CHAT, 150, None)], Origin::Unban), Lifting::Unban);
    }

    #[test]
    fn a_ban_is_shortened_only_by_the_source_that_has_set_it_and_not_below_anothers() {
        let entries = [entry(Kind::Ban, B, 100, Outcome::Applied)];
        // B bans no longer, but this chat does not carry over what is lifted: B's ban stays as long as it was.
        let decisions = decided(&[(B, 150, None), (A, 200, Some(Some(NOW + 500)))]);
        assert_eq!(shortened(&entries, &decisions, CHAT, A, NOW + 500, NOW), None);
        assert_eq!(shortened(&entries, &decisions, CHAT, B, NOW + 500, NOW), Some(NOW + 500));
        let with_a = [entry(Kind::Ban, B, 100, Outcome::Applied), entry(Kind::Ban, A, 200, Outcome::Already)];
        let to = |wanted| shortened(&with_a, &decisions, CHAT, B, wanted, NOW);
        assert_eq!((to(NOW + 400), to(NOW + 600)), (Some(NOW + 500), Some(NOW + 600)));
    }

    #[test]
    fn the_newest_decision_counts_in_whatever_order_they_are_told() {
        let event = |event_type, at, update| {
            let mut event = BanEvent {
                event_id: Uuid::nil(),
                user_id: UserId(5),
                chat_id: A,
                event_type,
                until: None,
                reason: None,
                initiator_user_id: None,
                initiator_bot: None,
                event_timestamp: at,
                occurred: Occurred::new(at, update),
                tracked: true,
                chat_title: None,
                chat_public: false,
                user_name: None,
                metadata: BTreeMap::new(),
            };
            event.event_id = crate::ban::event_id(A, UserId(5), event_type, Some(at), None);
            event
        };
        let events = [event(Action::Ban, 10, 1), event(Action::Unban, 10, 2), event(Action::Kick, 11, 3), event(Action::Ban, 9, 0)];
        let (there, back) = (Decisions::of(&events), Decisions::of(events.iter().rev()));
        assert_eq!(there, back);
        assert_eq!((there.in_chat(A).unwrap().bans, &there.in_chat(A).unwrap().lifted), (None, &Some(Occurred::new(10, 2))));
        assert!(there.newer(A, &Occurred::new(10, 1)) && !there.newer(A, &Occurred::new(10, 2)));
    }
}
