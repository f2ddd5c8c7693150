//! Calls side by side, one try each, and what their answers call for.

use domain::ids::ChatId;
use domain::limiter::{FAILURES, Grant, Health};
use domain::member::Mute;
use domain::sync::ledger::Entry;
use domain::sync::{Order, Outcome, Reason, Target};
use futures_util::{StreamExt, stream};
use std::cell::Cell;
use telegram::client::Failure;
use telegram::reaction::Reaction;

/// Calls that are under way at a time. Telegram answers in about 60 ms: a chunk takes two or three such rounds.
const CONCURRENCY: usize = 12;

/// Failed calls a target may have (a flood wait is no failed call).
pub const MAX_TRIES: u8 = 3;

/// The same where trying again seldom helps.
const FEW_TRIES: u8 = 2;

/// First pause after a failed call in seconds; each further one is four times as long. A part of it, by chance, is left out.
const FIRST_PAUSE: i64 = 4;

/// How a target ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub target: Target,
    pub outcome: Outcome,
    /// The chat has this id now.
    pub migrated_to: Option<ChatId>,
    /// End of the ban that was set, Unix seconds.
    pub until: Option<i64>,
    /// End of the ban that stood before and was none of ours, Unix seconds.
    pub prior: Option<i64>,
    pub was_member: bool,
    pub mute: Option<Mute>,
    /// When the call was begun that did it, Unix milliseconds; `None`: it is done now.
    pub at_ms: Option<i64>,
}

/// The effect of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// End of the ban that was set, Unix seconds.
    pub until: Option<i64>,
    /// When the call was begun, Unix milliseconds.
    pub at_ms: i64,
    /// The chat has this id now.
    pub migrated_to: Option<ChatId>,
}

impl Ended {
    pub fn new(target: Target, outcome: Outcome) -> Self {
        Self::by(target, &Order::default(), outcome)
    }

    /// As ordered.
    pub fn by(target: Target, order: &Order, outcome: Outcome) -> Self {
        let Order { until, prior, was_member, mute, at_ms } = *order;
        Self { target, outcome, migrated_to: None, until, prior, was_member, mute, at_ms }
    }

    /// Ended by a look. Where the look itself failed, an earlier try that meant `intended` may have come to something.
    pub fn looked(target: Target, outcome: Outcome, intended: Option<&Order>) -> Self {
        match intended.filter(|_| outcome == Outcome::Failed(Reason::TelegramError)) {
            Some(order) => Self::by(target, order, Outcome::Failed(Reason::TimedOut)),
            None => Self::new(target, outcome),
        }
    }

    /// Done before, as the ledger has it.
    pub fn again(target: Target, entry: &Entry) -> Self {
        let Entry { until, prior, was_member, mute, at, millis, .. } = *entry;
        let at_ms = Some(at * 1000 + i64::from(millis));
        Self { until, prior, was_member, mute, at_ms, ..Self::new(target, entry.outcome) }
    }

    /// Done as ordered. What a local admin does while the call is under way is later than this.
    pub fn done(target: Target, order: &Order, done: Done) -> Self {
        let Done { until, at_ms, migrated_to } = done;
        Self { until, at_ms: Some(at_ms), migrated_to, ..Self::by(target, order, Outcome::Applied) }
    }
}

/// Why a target has to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Telegram told this many seconds.
    Flood(u32),
    /// The call failed and may succeed later.
    Failed,
    /// Telegram refuses the bot as a whole.
    Refused,
    /// The call was not made.
    NotBegun,
}

impl Wait {
    /// Telegram's `retry_after`, where this call was answered with one.
    pub fn flood(&self) -> Option<u32> {
        match self {
            Self::Flood(seconds) => Some(*seconds),
            _ => None,
        }
    }
}

/// What one call led to. `T`: what is known then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T> {
    Ended(Outcome),
    Again(Wait),
    Known(T),
}

/// The targets after a round of calls. `D`: what was known of each before.
pub struct Round<D, T> {
    pub ended: Vec<(Target, D, Outcome)>,
    pub again: Vec<(Target, D, Wait)>,
    pub known: Vec<(Target, D, T)>,
    pub health: Health,
}

impl<D, T> Round<D, T> {
    /// Did Telegram tell to wait?
    pub fn is_flooded(&self) -> bool {
        self.again.iter().any(|(_, _, wait)| wait.flood().is_some())
    }
}

/// One call a target: the first alone, the others side by side. When Telegram tells to wait, refuses the bot, or fails again and again, no
/// further call is begun; a wait that is already on is thus met by one call, not by a dozen.
pub async fn round<D, T>(
    targets: Vec<(Target, D)>,
    grant: Grant,
    call: impl AsyncFn(&Target, &D) -> Result<Step<T>, Failure>,
) -> Round<D, T> {
    let stopped = Cell::new(false);
    let health = Cell::new(Health::default());
    let step = async |(mut target, data): (Target, D)| {
        if stopped.get() {
            return (target, data, Step::Again(Wait::NotBegun));
        }
        let answer = call(&target, &data).await;
        let mut seen = health.get();
        seen.add(answer.as_ref().is_err_and(Failure::is_no_answer));
        health.set(seen);
        let step = answer.unwrap_or_else(|failure| after(&failure, &mut target, grant));
        if matches!(step, Step::Again(Wait::Flood(_) | Wait::Refused)) || seen.failed >= FAILURES {
            stopped.set(true);
        }
        (target, data, step)
    };
    let mut targets = targets.into_iter();
    let mut steps = Vec::with_capacity(targets.len());
    if let Some(first) = targets.next() {
        steps.push(step(first).await);
        steps.extend(stream::iter(targets.map(&step)).buffered(CONCURRENCY).collect::<Vec<_>>().await);
    }
    let mut round = Round { ended: Vec::new(), again: Vec::new(), known: Vec::new(), health: health.get() };
    for (target, data, step) in steps {
        match step {
            Step::Ended(outcome) => round.ended.push((target, data, outcome)),
            Step::Again(wait) => round.again.push((target, data, wait)),
            Step::Known(known) => round.known.push((target, data, known)),
        }
    }
    round
}

/// What a failed call means for its target.
fn after<T>(failure: &Failure, target: &mut Target, grant: Grant) -> Step<T> {
    let tries = match failure.reaction() {
        Reaction::RetryAfter(seconds) => return Step::Again(Wait::Flood(seconds.max(1))),
        Reaction::Skip(Reason::NoRights) | Reaction::SuspendChat => return Step::Ended(Outcome::Failed(Reason::NoRights)),
        Reaction::Skip(reason) => return Step::Ended(Outcome::Skipped(reason)),
        Reaction::ChatGone => return Step::Ended(Outcome::Failed(Reason::ChatGone)),
        Reaction::RetryFew => FEW_TRIES,
        Reaction::Retry | Reaction::Migrated(_) => MAX_TRIES,
        Reaction::StopEverything => return Step::Again(Wait::Refused),
        // Such answers to a ban make no sense: the target fails, loudly.
        Reaction::OurBug | Reaction::Fine | Reaction::NoPrivateMessages | Reaction::SendPrivately | Reaction::Mend(_) => {
            tracing::error!(%failure, chat_id = %target.chat_id, "Telegram refused a call for good");
            return Step::Ended(Outcome::Failed(Reason::TelegramError));
        }
    };
    // That Telegram as a whole is down says nothing about this target.
    if grant.probe && failure.is_no_answer() {
        return Step::Again(Wait::Failed);
    }
    target.tries += 1;
    if target.tries >= tries {
        tracing::warn!(%failure, chat_id = %target.chat_id, "a target failed in all its tries");
        return Step::Ended(Outcome::Failed(Reason::TelegramError));
    }
    Step::Again(Wait::Failed)
}

/// Seconds until the targets may be tried again: as long as Telegram told, else longer with every try. `chance`: any byte; of each pause
/// at least half is kept, so that what failed together does not come again together.
pub fn delay(again: &[(Target, Wait)], chance: u8) -> i64 {
    let flood = again.iter().filter_map(|(_, wait)| wait.flood()).max().map_or(0, i64::from);
    let failed = again.iter().filter(|(_, wait)| *wait == Wait::Failed).map(|(target, _)| u32::from(target.tries.max(1))).max();
    let pause = failed.map_or(0, |tries| FIRST_PAUSE * 4_i64.pow(tries.saturating_sub(1)));
    flood.max(pause - pause / 2 * i64::from(chance) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telegram::client::Parameters;

    const GRANT: Grant = Grant { calls: 25, on_trial: false, probe: false };

    fn target(tries: u8) -> Target {
        Target { tries, ..crate::tests::target(ChatId(-100)) }
    }

    fn refused(code: u16, description: &str) -> Failure {
        Failure::Answer { code, description: description.to_owned(), parameters: Parameters::default() }
    }

    fn flood(seconds: u32) -> Failure {
        let parameters = Parameters { retry_after: Some(seconds), ..Parameters::default() };
        Failure::Answer { code: 429, description: String::new(), parameters }
    }

    fn no_answer() -> Failure {
        Failure::NoAnswer("time-out".to_owned())
    }

    #[test]
    fn a_target_is_tried_three_times_with_growing_pauses_and_then_fails() {
        for (chance, expected) in [(0, [4, 16]), (255, [2, 8])] {
            let mut target = target(0);
            let mut pauses = Vec::new();
            while let Step::<()>::Again(wait) = after(&no_answer(), &mut target, GRANT) {
                pauses.push(delay(&[(target.clone(), wait)], chance));
            }
            assert_eq!((&pauses[..], target.tries), (&expected[..], 3));
        }
    }

    #[test]
    fn a_probe_of_the_breaker_is_no_try() {
        let mut target = target(2);
        let probe = Grant { calls: 1, on_trial: true, probe: true };
        assert!(matches!(after::<()>(&no_answer(), &mut target, probe), Step::Again(Wait::Failed)));
        assert_eq!(target.tries, 2);
    }

    #[test]
    fn a_flood_wait_is_no_try_and_is_waited_out_in_full() {
        let mut target = target(2);
        let Step::<()>::Again(wait) = after(&flood(70), &mut target, GRANT) else { panic!() };
        assert_eq!((target.tries, delay(&[(target, wait)], 255)), (2, 70));
    }

    #[test]
    fn a_refusal_ends_its_target_or_has_it_tried_again_as_often_as_that_can_help() {
        let ended = |outcome| (Step::<()>::Ended(outcome), 0);
        let again = |wait, tries| (Step::<()>::Again(wait), tries);
        for (code, description, expected) in [
            (400, "Bad Request: user is an administrator of the chat", ended(Outcome::Skipped(Reason::IsAdmin))),
            (400, "Bad Request: USER_DEACTIVATED", ended(Outcome::Skipped(Reason::UnknownUser))),
            (400, "Bad Request: can't ban members in private chats", ended(Outcome::Skipped(Reason::NotSupported))),
            (400, "Bad Request: not enough rights to restrict/unrestrict chat member", ended(Outcome::Failed(Reason::NoRights))),
            (400, "Bad Request: need to be inviter of a user to kick it from a basic group", ended(Outcome::Failed(Reason::NoRights))),
            (403, "Forbidden: bot was kicked from the supergroup chat", ended(Outcome::Failed(Reason::ChatGone))),
            (403, "Forbidden: bot was blocked by the user", ended(Outcome::Failed(Reason::TelegramError))),
            (400, "Bad Request: invalid user_id specified", ended(Outcome::Failed(Reason::TelegramError))),
            (400, "Bad Request: PARTICIPANT_ID_INVALID", again(Wait::Failed, 1)),
            (502, "Bad Gateway", again(Wait::Failed, 1)),
            (401, "Unauthorized", again(Wait::Refused, 0)),
        ] {
            let mut target = target(0);
            let step = after(&refused(code, description), &mut target, GRANT);
            assert_eq!((step, target.tries), expected, "{description}");
        }
        let mut target = target(0);
        assert_eq!((after(&flood(0), &mut target, GRANT), target.tries), again(Wait::Flood(1), 0), "a wait of no length is one second");
    }

    #[test]
    fn what_seldom_helps_is_tried_twice() {
        let mut target = target(1);
        let step = after::<()>(&refused(400, "Bad Request: PARTICIPANT_ID_INVALID"), &mut target, GRANT);
        assert_eq!((step, target.tries), (Step::Ended(Outcome::Failed(Reason::TelegramError)), 2));
    }

    #[tokio::test]
    async fn a_flood_wait_is_met_by_the_first_call_alone() {
        for (failure, wait) in [(flood(9), Wait::Flood(9)), (refused(401, "Unauthorized"), Wait::Refused)] {
            let calls = Cell::new(0);
            let targets = (0..25).map(|_| (target(0), ())).collect();
            let round: Round<(), ()> = round(targets, GRANT, async |_, ()| {
                calls.set(calls.get() + 1);
                Err(failure.clone())
            })
            .await;
            assert_eq!((calls.get(), round.is_flooded()), (1, wait.flood().is_some()));
            let waits: Vec<_> = round.again.iter().map(|(target, (), wait)| (*wait, target.tries)).collect();
            assert_eq!(waits[0], (wait, 0));
            assert_eq!(waits[1..], [(Wait::NotBegun, 0); 24]);
        }
    }

    #[tokio::test]
    async fn after_five_failures_in_a_row_no_further_call_is_begun() {
        let calls = Cell::new(0);
        let targets = (0..25).map(|_| (target(0), ())).collect();
        let round = round(targets, GRANT, async |_, ()| {
            calls.set(calls.get() + 1);
            // The others that are under way end after the first failed.
            tokio::task::yield_now().await;
            Err::<Step<()>, _>(no_answer())
        })
        .await;
        assert!(calls.get() < 25 && round.health.failed >= FAILURES, "{} calls", calls.get());
        assert_eq!(round.again.len(), 25);
        let tried = round.again.iter().filter(|(target, (), _)| target.tries == 1).count();
        assert_eq!(tried, calls.get());
    }
}
