//! Judges a chunk before any call: whether its part goes on, whether its decision still stands, and which targets are left to act in.

use crate::calls::Ended;
use aws::store::sync::{ChunkState, Summary};
use domain::ids::ChatId;
use domain::sync::ledger::Decisions;
use domain::sync::{ChunkMessage, Kind, Order, Origin, Outcome, Reason, Target, Task};
use std::collections::BTreeMap;

/// Knowledge of a chunk's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    Open,
    /// Another plan took the place of the chunk's.
    GivenUp,
    /// The chunk is counted already.
    ChunkDone,
}

/// `None` before the part has begun.
pub fn part_state(chunk: &ChunkMessage, state: &ChunkState) -> Option<PartState> {
    let (plan, done) = match chunk.part {
        0 => (state.summary.plan, &state.summary.done_chunks),
        _ => state.part.as_ref().map(|part| (part.plan, &part.done_chunks))?,
    };
    Some(match (plan == chunk.plan, done.contains(&chunk.chunk)) {
        (false, _) => PartState::GivenUp,
        (true, true) => PartState::ChunkDone,
        (true, false) => PartState::Open,
    })
}

/// Why what a chunk carries over is not done any more.
pub fn called_off(chunk: &ChunkMessage, decisions: &Decisions, undone: bool) -> Option<Reason> {
    let is_undo = matches!(chunk.origin, Origin::UndoneHere | Origin::UndoneEverywhere);
    if !is_undo && decisions.newer(chunk.source_chat_id, &chunk.occurred) {
        return Some(Reason::Lifted);
    }
    (undone && chunk.kind == Kind::Ban).then_some(Reason::Undone)
}

/// The targets whose outcome is known without a call, and those to act in. `off`: why nothing is to be done; where something was `intended`, it
/// may be done all the same.
pub fn divide(
    chunk: &ChunkMessage,
    decisions: &Decisions,
    off: Option<Reason>,
    intended: &BTreeMap<ChatId, Order>,
) -> (Vec<Ended>, Vec<Target>) {
    let (mut ended, mut targets) = (Vec::new(), Vec::new());
    for target in &chunk.targets {
        if let Some(reason) = off.filter(|_| !intended.contains_key(&target.chat_id)) {
            ended.push(Ended::new(target.clone(), Outcome::Skipped(reason)));
            continue;
        }
        match target.task {
            Task::End(outcome) => ended.push(Ended::new(target.clone(), outcome)),
            // A ban that a local admin has lifted since, or set himself, is his.
            Task::Ban(_) if !chunk.origin.overrides_local() && decisions.newer(target.chat_id, &chunk.occurred) => {
                ended.push(Ended::new(target.clone(), Outcome::Skipped(Reason::LocalDecision)));
            }
            Task::Ban(_) | Task::Lift => targets.push(target.clone()),
        }
    }
    (ended, targets)
}

/// Does somebody take the sync back everywhere? An unban that sweeps up after it stands as that unban already.
pub fn is_undone(summary: &Summary) -> bool {
    summary.undo.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{BANNED_AT, SOURCE, chunk, target};
    use aws::store::sync::Part;
    use domain::ban::{BanEvent, Occurred};
    use domain::ids::UserId;
    use domain::member::Action;
    use domain::registration::NewBanEvent;
    use domain::sync::Term;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    /// Of a sync with this plan, whose first part has these chunks done.
    fn state(plan: Uuid, done_chunks: BTreeSet<u32>) -> ChunkState {
        let summary = serde_json::json!({
            "sync_id": Uuid::from_u128(1), "ban_event_id": Uuid::from_u128(2), "plan": plan, "user_id": 5, "source_chat_id": SOURCE,
            "occurred": Occurred::new(BANNED_AT, 7), "event_timestamp": BANNED_AT, "total_chats": 1, "chunks": 1, "status": "running",
            "started_at_ms": BANNED_AT * 1000, "expires_at": BANNED_AT, "version": Summary::VERSION,
        });
        let summary = Summary { done_chunks, ..serde_json::from_value(summary).unwrap() };
        ChunkState { summary, part: None, results: BTreeMap::new(), intended: BTreeMap::new(), undone: false }
    }

    /// An admin's decision in a chat, this many seconds after the source's ban.
    fn decided(chat_id: ChatId, event_type: Action, later: i64) -> Decisions {
        let new = NewBanEvent {
            event_id: Some("a".to_owned()),
            user_id: UserId(5),
            chat_id,
            event_type,
            ban_duration: None,
            reason: None,
            initiator_user_id: None,
            event_timestamp: BANNED_AT + later,
            metadata: Default::default(),
        };
        let event: BanEvent = new.event(BANNED_AT + later).unwrap();
        Decisions::of(&[event])
    }

    #[test]
    fn what_the_source_has_decided_since_calls_a_sync_off_unless_an_admin_takes_it_back() {
        let nothing = Decisions::default;
        let unban = |later| decided(SOURCE, Action::Unban, later);
        let (ban, lift) = (Kind::Ban, Kind::Lift);
        for (kind, origin, decisions, undone, expected) in [
            (ban, Origin::Ban, nothing(), false, None),
            (ban, Origin::Ban, unban(1), false, Some(Reason::Lifted)),
            (ban, Origin::Ban, unban(-1), false, None),
            (ban, Origin::Ban, decided(SOURCE, Action::Ban, 1), false, Some(Reason::Lifted)),
            (ban, Origin::Ban, decided(ChatId(-100), Action::Unban, 1), false, None),
            (ban, Origin::Confirmed, unban(1), false, Some(Reason::Lifted)),
            (ban, Origin::Ban, nothing(), true, Some(Reason::Undone)),
            (ban, Origin::Ban, unban(1), true, Some(Reason::Lifted)),
            (lift, Origin::Unban, decided(SOURCE, Action::Ban, 1), false, Some(Reason::Lifted)),
            (lift, Origin::Unban, nothing(), true, None),
            (lift, Origin::UndoneHere, decided(SOURCE, Action::Ban, 1), false, None),
            (lift, Origin::UndoneEverywhere, decided(SOURCE, Action::Ban, 1), true, None),
        ] {
            let chunk = ChunkMessage { kind, origin, ..chunk() };
            assert_eq!(called_off(&chunk, &decisions, undone), expected, "{kind:?} {origin:?} {decisions:?} {undone}");
        }
    }

    #[test]
    fn a_target_where_an_admin_has_decided_since_is_left_to_them() {
        let here = ChatId(-100);
        let asked = Outcome::Skipped(Reason::Asked);
        let (ends, acts, local) = (Some(asked), None, Some(Outcome::Skipped(Reason::LocalDecision)));
        for (origin, task, decisions, expected) in [
            (Origin::Ban, Task::Ban(Term::Permanent), Decisions::default(), acts),
            (Origin::Ban, Task::Ban(Term::Permanent), decided(here, Action::Unban, 1), local),
            (Origin::Ban, Task::Ban(Term::Permanent), decided(here, Action::Ban, 1), local),
            (Origin::Ban, Task::Ban(Term::Permanent), decided(here, Action::Unban, -1), acts),
            (Origin::Ban, Task::Ban(Term::Permanent), decided(ChatId(-200), Action::Unban, 1), acts),
            (Origin::Confirmed, Task::Ban(Term::Permanent), decided(here, Action::Unban, 1), acts),
            (Origin::Released, Task::Ban(Term::Permanent), decided(here, Action::Unban, 1), local),
            (Origin::LetThrough, Task::Ban(Term::Permanent), decided(here, Action::Unban, 1), local),
            // Of a lift the ledger tells what is the chat's own.
            (Origin::Unban, Task::Lift, decided(here, Action::Ban, 1), acts),
            (Origin::Ban, Task::End(asked), decided(here, Action::Unban, 1), ends),
        ] {
            let target = Target { task, ..target(here) };
            let chunk = ChunkMessage { origin, targets: vec![target.clone()], ..chunk() };
            let expected = match expected {
                Some(outcome) => (vec![Ended::new(target, outcome)], vec![]),
                None => (vec![], vec![target]),
            };
            assert_eq!(divide(&chunk, &decisions, None, &BTreeMap::new()), expected, "{origin:?} {task:?} {decisions:?}");
        }
    }

    #[test]
    fn where_nothing_is_to_be_done_any_more_it_is_still_seen_to_what_was_begun() {
        let (begun, not_begun) = (target(ChatId(-100)), target(ChatId(-200)));
        let chunk = ChunkMessage { targets: vec![begun.clone(), not_begun.clone()], ..chunk() };
        let intended = BTreeMap::from([(begun.chat_id, Order::default())]);
        let (ended, targets) = divide(&chunk, &Decisions::default(), Some(Reason::Lifted), &intended);
        assert_eq!((ended, targets), (vec![Ended::new(not_begun, Outcome::Skipped(Reason::Lifted))], vec![begun]));
    }

    #[test]
    fn a_chunk_of_a_plan_that_was_given_up_or_that_is_counted_is_not_worked_on() {
        let (its, another) = (chunk().plan, Uuid::from_u128(4));
        for (plan, done, expected) in [
            (its, false, PartState::Open),
            (its, true, PartState::ChunkDone),
            (another, false, PartState::GivenUp),
            (another, true, PartState::GivenUp),
        ] {
            let done: BTreeSet<u32> = done.then_some(0).into_iter().collect();
            let of = |plan, part, whole| ChunkState { part, ..state(plan, whole) };
            assert_eq!(part_state(&chunk(), &of(plan, None, done.clone())), Some(expected));
            let later = ChunkMessage { part: 1, ..chunk() };
            let part = Part { plan, chunks: 1, done_chunks: done, next: None, replans: 0 };
            assert_eq!(part_state(&later, &of(its, Some(part), BTreeSet::new())), Some(expected));
            assert_eq!(part_state(&later, &of(its, None, BTreeSet::new())), None, "the part has not begun");
        }
    }
}
