//! Looking at targets and banning in them: calls side by side, one try each, and what their answers call for.

use domain::ids::{ChatId, UserId};
use domain::member::Status;
use domain::sync::{Outcome, Reason, Target};
use futures_util::{StreamExt, stream};
use std::sync::atomic::{AtomicBool, Ordering};
use telegram::client::{Client, Failure};
use telegram::reaction::Reaction;

/// Calls that are under way at a time. Telegram answers in about 60 ms: a chunk takes two or three such rounds.
const CONCURRENCY: usize = 12;

/// Failed calls a target may have (a flood wait is no failed call).
const MAX_TRIES: u8 = 3;

/// The same where trying again seldom helps.
const FEW_TRIES: u8 = 2;

/// First pause after a failed call in seconds; each further one is four times as long.
const FIRST_PAUSE: i64 = 4;

/// How a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    pub outcome: Outcome,
    /// The chat has this id now.
    pub migrated_to: Option<ChatId>,
}

impl From<Outcome> for Applied {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, migrated_to: None }
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
    /// The call was not made, because of what another one was answered.
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

/// The targets after a round of calls.
#[derive(Debug, Default)]
pub struct Round {
    pub ended: Vec<(Target, Applied)>,
    pub again: Vec<(Target, Wait)>,
    /// With the `until_date` to send.
    pub to_ban: Vec<(Target, Option<i64>)>,
}

/// What one call led to.
enum Step {
    Ended(Applied),
    Again(Wait),
    ToBan(Option<i64>),
}

/// Who is banned already, who is an admin, who is to be banned.
pub async fn look(telegram: &Client, user: UserId, targets: Vec<Target>, now: i64) -> Round {
    let targets = targets.into_iter().map(|target| (target, None)).collect();
    round(targets, async |target, _| {
        let until = match target.term.until_date(now) {
            Ok(until) => until,
            Err(reason) => return Ok(Step::Ended(Outcome::Skipped(reason).into())),
        };
        match telegram.member(target.chat_id, user).await {
            Ok(member) if member.is_admin() => Ok(Step::Ended(Outcome::Skipped(Reason::IsAdmin).into())),
            // A longer ban is never shortened.
            Ok(member) if member.status == Status::Kicked && covers(member.until, until) => Ok(Step::Ended(Outcome::Already.into())),
            Ok(_) => Ok(Step::ToBan(until)),
            // Whoever Telegram does not find there can be banned all the same.
            Err(failure) if failure.reaction() == Reaction::Skip(Reason::UnknownUser) => Ok(Step::ToBan(until)),
            // In the supergroup that it became, the ban itself tells the rest.
            Err(failure) if matches!(failure.reaction(), Reaction::Migrated(_)) => Ok(Step::ToBan(until)),
            Err(failure) => Err(failure),
        }
    })
    .await
}

/// Bans in every target.
pub async fn ban(telegram: &Client, user: UserId, targets: Vec<(Target, Option<i64>)>) -> Round {
    round(targets, async |target, until| {
        let failure = match telegram.ban(target.chat_id, user, until).await {
            Ok(()) => return Ok(Step::Ended(Outcome::Applied.into())),
            Err(failure) => failure,
        };
        match failure.reaction() {
            Reaction::Migrated(to) => {
                telegram.ban(to, user, until).await?;
                Ok(Step::Ended(Applied { outcome: Outcome::Applied, migrated_to: Some(to) }))
            }
            // It took effect, but its result is of an unknown shape.
            Reaction::Fine => Ok(Step::Ended(Outcome::Applied.into())),
            _ => Err(failure),
        }
    })
    .await
}

/// One call a target: the first alone, the others side by side. When Telegram tells to wait, or refuses the bot, no further call is
/// begun; a wait that is already on is thus met by one call, not by a dozen.
async fn round(targets: Vec<(Target, Option<i64>)>, call: impl AsyncFn(&Target, Option<i64>) -> Result<Step, Failure>) -> Round {
    let stopped = AtomicBool::new(false);
    let step = async |(mut target, until): (Target, Option<i64>)| {
        if stopped.load(Ordering::Relaxed) {
            return (target, Step::Again(Wait::NotBegun));
        }
        let step = call(&target, until).await.unwrap_or_else(|failure| after(&failure, &mut target));
        if matches!(step, Step::Again(Wait::Flood(_) | Wait::Refused)) {
            stopped.store(true, Ordering::Relaxed);
        }
        (target, step)
    };
    let mut targets = targets.into_iter();
    let mut steps = Vec::with_capacity(targets.len());
    if let Some(first) = targets.next() {
        steps.push(step(first).await);
        steps.extend(stream::iter(targets.map(&step)).buffered(CONCURRENCY).collect::<Vec<_>>().await);
    }
    let mut round = Round::default();
    for (target, step) in steps {
        match step {
            Step::Ended(applied) => round.ended.push((target, applied)),
            Step::Again(wait) => round.again.push((target, wait)),
            Step::ToBan(until) => round.to_ban.push((target, until)),
        }
    }
    round
}

/// What a failed call means for its target.
fn after(failure: &Failure, target: &mut Target) -> Step {
    let tries = match failure.reaction() {
        Reaction::RetryAfter(seconds) => return Step::Again(Wait::Flood(seconds.max(1))),
        Reaction::Skip(Reason::NoRights) => return Step::Ended(Outcome::Failed(Reason::NoRights).into()),
        Reaction::Skip(reason) => return Step::Ended(Outcome::Skipped(reason).into()),
        Reaction::SuspendChat => return Step::Ended(Outcome::Failed(Reason::NoRights).into()),
        Reaction::ChatGone => return Step::Ended(Outcome::Failed(Reason::ChatGone).into()),
        Reaction::RetryFew => FEW_TRIES,
        Reaction::Retry | Reaction::Migrated(_) => MAX_TRIES,
        Reaction::StopEverything => return Step::Again(Wait::Refused),
        // Such answers to a ban make no sense: the target fails, loudly.
        Reaction::OurBug | Reaction::Fine | Reaction::NoPrivateMessages | Reaction::SendPrivately | Reaction::Mend(_) => {
            tracing::error!(%failure, chat_id = %target.chat_id, "Telegram refused a call for good");
            return Step::Ended(Outcome::Failed(Reason::TelegramError).into());
        }
    };
    target.tries += 1;
    if target.tries >= tries {
        tracing::warn!(%failure, chat_id = %target.chat_id, "a target failed in all its tries");
        return Step::Ended(Outcome::Failed(Reason::TelegramError).into());
    }
    Step::Again(Wait::Failed)
}

/// Seconds until the targets may be tried again: as long as Telegram told, else longer with every try.
pub fn delay(again: &[(Target, Wait)]) -> i64 {
    let flood = again.iter().filter_map(|(_, wait)| wait.flood()).max().map_or(0, i64::from);
    let failed = again.iter().filter(|(_, wait)| *wait == Wait::Failed).map(|(target, _)| u32::from(target.tries)).max();
    let pause = failed.map_or(0, |tries| FIRST_PAUSE * 4_i64.pow(tries.saturating_sub(1)));
    flood.max(pause)
}

/// Does a ban that ends at `present` last at least as long as one that ends at `wanted`?
fn covers(present: Option<i64>, wanted: Option<i64>) -> bool {
    match (present, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(present), Some(wanted)) => present >= wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::sync::Term;

    fn target(tries: u8) -> Target {
        Target { chat_id: ChatId(-100), admins: vec![], term: Term::Permanent, tries }
    }

    #[test]
    fn a_present_ban_is_enough_only_when_it_lasts_as_long() {
        assert!(covers(None, None) && covers(None, Some(5)) && covers(Some(5), Some(5)));
        assert!(!covers(Some(5), None) && !covers(Some(5), Some(6)));
    }

    #[test]
    fn a_target_is_tried_three_times_with_growing_pauses_and_then_fails() {
        let mut target = target(0);
        let failure = Failure::NoAnswer("time-out".to_owned());
        let mut pauses = Vec::new();
        while let Step::Again(wait) = after(&failure, &mut target) {
            pauses.push(delay(&[(target.clone(), wait)]));
        }
        assert_eq!((pauses, target.tries), (vec![4, 16], 3));
    }

    #[test]
    fn a_flood_wait_is_no_try_and_is_waited_out_in_full() {
        let mut target = target(2);
        let failure = Failure::Answer {
            code: 429,
            description: String::new(),
            parameters: telegram::client::Parameters { retry_after: Some(70), migrate_to_chat_id: None },
        };
        let Step::Again(wait) = after(&failure, &mut target) else { panic!() };
        assert_eq!((target.tries, delay(&[(target, wait)])), (2, 70));
    }
}
