//! Taking bans of ours back in a chunk's targets.

use crate::calls::{Done, Ended, MAX_TRIES, Round, Step, Wait, round as round_of};
use crate::{Work, Worker};
use aws::time::{now, now_ms};
use domain::ids::{ChatId, UserId};
use domain::limiter::Grant;
use domain::member::{Mute, Status};
use domain::sync::ledger::{Decisions, Entry, Lifting, ends_of_ours, lifting, muted_before};
use domain::sync::{ChunkMessage, Order, Outcome, Reason, Target, ends_too_soon};
use std::collections::BTreeMap;
use telegram::client::Failure;
use telegram::reaction::Reaction;

/// Ids of supergroups and channels are below this (Bot API, "Chat": `-100` and then the id). In basic groups bans have no end.
const BASIC_GROUPS_ABOVE: i64 = -1_000_000_000_000;

/// The ledger's word on a target where a ban is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Judged {
    lifting: Lifting,
    /// Ends that the ban that we set may have, Unix seconds; `None`: they cannot be known.
    ours: Option<Vec<Option<i64>>>,
    /// The restriction that our ban replaced.
    mute: Option<Mute>,
}

/// Result of a look at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// A ban stands there: the one to take back, unless it ends otherwise.
    Banned(Option<i64>),
    /// The chat has another id by now: the call tells the rest.
    Moved,
    Gone,
}

impl Worker {
    /// Only where the ledger says that the ban is ours and nobody has decided otherwise since.
    pub async fn lift(&self, round: &crate::Round<'_>, targets: Vec<Target>, grant: Grant) -> anyhow::Result<Work> {
        let chunk = round.chunk;
        let (mut ended, mut to_lift) = (Vec::new(), Vec::new());
        for (target, judged) in self.judge(chunk, round.decisions, targets).await? {
            match judged.lifting {
                // An earlier try may have done it.
                _ if round.intended.contains_key(&target.chat_id) => to_lift.push((target, judged)),
                Lifting::Leave(reason) => ended.push(Ended::new(target, Outcome::Skipped(reason))),
                Lifting::Unban | Lifting::PutBack(_) | Lifting::Shorten(_) => to_lift.push((target, judged)),
            }
        }
        let looked: Round<Judged, Look> =
            round_of(to_lift, grant, async |target, _| match self.telegram.member(target.chat_id, chunk.user_id).await {
                Ok(member) if member.status == Status::Kicked => Ok(Step::Known(Look::Banned(member.until))),
                Ok(_) => Ok(Step::Known(Look::Gone)),
                Err(failure) if matches!(failure.reaction(), Reaction::Migrated(_)) => Ok(Step::Known(Look::Moved)),
                Err(failure) => Err(failure),
            })
            .await;
        self.report(looked.health, grant).await?;
        ended.extend(looked.ended.into_iter().map(|(target, _, outcome)| {
            let intended = round.intended.get(&target.chat_id);
            Ended::looked(target, outcome, intended)
        }));
        let mut again: Vec<_> = looked.again.into_iter().map(|(target, _, wait)| (target, wait)).collect();
        let is_plain = |(target, judged, look): &(Target, Judged, Look)| match look {
            Look::Moved => true,
            Look::Banned(until) => !round.intended.contains_key(&target.chat_id) && may_lift(judged, *until, round.off).is_ok(),
            Look::Gone => false,
        };
        let (mut stand, odd): (Vec<_>, Vec<_>) = looked.known.into_iter().partition(is_plain);
        // Read after the look: the same message may be worked on twice at once.
        let (results, earlier) = if odd.is_empty() { Default::default() } else { self.syncs.targets_of(chunk).await? };
        let chats: Vec<_> = odd.iter().map(|(target, ..)| target.chat_id).collect();
        let own = if chats.is_empty() { BTreeMap::new() } else { self.syncs.own_entries(chunk, chats).await? };
        for (mut target, judged, look) in odd.into_iter().filter(|(target, ..)| !results.contains_key(&target.chat_id)) {
            let intended = earlier.get(&target.chat_id).or_else(|| round.intended.get(&target.chat_id));
            let own = own.get(&target.chat_id).filter(|entry| entry.outcome == Outcome::Applied || entry.leaves_a_ban());
            ended.push(match (own, intended, look) {
                // Another chunk of this sync, or this one before, has done it.
                (Some(entry), _, Look::Gone) => Ended::again(target, entry),
                (Some(entry), _, Look::Banned(until)) if entry.until.is_some() && entry.until == until => Ended::again(target, entry),
                (_, Some(order), Look::Banned(until)) if has_replaced(order, until) => match rest(judged.lifting) == until {
                    // What is behind it has changed since: its own ban is taken back, too.
                    false if round.off.is_none() && !matches!(judged.lifting, Lifting::Leave(_)) => {
                        stand.push((target, judged, look));
                        continue;
                    }
                    _ => Ended::by(target, order, outcome(judged.lifting, order.until)),
                },
                (_, _, Look::Banned(until)) => match may_lift(&judged, until, round.off) {
                    Err(reason) => Ended::new(target, Outcome::Skipped(reason)),
                    Ok(()) => {
                        stand.push((target, judged, look));
                        continue;
                    }
                },
                // An earlier try lifted it and died, or failed, before the rest was done.
                (_, Some(order), _) => match self.mute_again(target.chat_id, chunk, judged.mute).await {
                    Err(failure) if target.tries + 1 < MAX_TRIES => {
                        tracing::warn!(%failure, chat_id = %target.chat_id, "a restriction is tried to be set again later");
                        target.tries += 1;
                        again.push((target, Wait::Failed));
                        continue;
                    }
                    Err(_) => Ended::by(target, order, Outcome::Failed(Reason::TelegramError)),
                    Ok(()) => Ended::by(target, order, Outcome::Applied),
                },
                (_, None, _) => Ended::new(target, Outcome::Skipped(round.off.unwrap_or(Reason::NotBanned))),
            });
        }
        let orders: Vec<_> = stand.into_iter().map(|(target, judged, _)| (target, judged)).collect();
        if orders.is_empty() {
            return Ok(Work { ended, again, ..Work::default() });
        }
        let meant = Some(now_ms());
        let intended =
            orders.iter().map(|(target, judged)| (target.chat_id, Order { until: rest(judged.lifting), at_ms: meant, ..Order::default() }));
        self.syncs.intend(chunk, intended).await?;
        let lifted: Round<Judged, Done> = round_of(orders, grant, async |target, judged| {
            // An older ban that is about to end is not put back: Telegram would make it one for ever.
            let until = rest(judged.lifting).filter(|&until| !ends_too_soon(until, now()));
            let done = Done { until, at_ms: now_ms(), migrated_to: None };
            let failure = match self.unban_or_replace(target.chat_id, chunk, until, judged.mute).await {
                Ok(()) => return Ok(Step::Known(done)),
                Err(failure) => failure,
            };
            match failure.reaction() {
                Reaction::Migrated(to) => {
                    self.unban_or_replace(to, chunk, until, judged.mute).await?;
                    Ok(Step::Known(Done { migrated_to: Some(to), ..done }))
                }
                Reaction::Fine => Ok(Step::Known(done)),
                _ => Err(failure),
            }
        })
        .await;
        self.report(lifted.health, grant).await?;
        ended.extend(lifted.ended.into_iter().map(|(target, _, outcome)| Ended::new(target, outcome)));
        ended.extend(lifted.known.into_iter().map(|(target, judged, done)| {
            let outcome = outcome(judged.lifting, done.until);
            Ended { outcome, ..Ended::done(target, &Order::default(), done) }
        }));
        again.extend(lifted.again.into_iter().map(|(target, _, wait)| (target, wait)));
        Ok(Work { ended, again, ..Work::default() })
    }

    /// `until`: end of the ban that stays.
    async fn unban_or_replace(&self, chat: ChatId, chunk: &ChunkMessage, until: Option<i64>, mute: Option<Mute>) -> Result<(), Failure> {
        if until.is_some() {
            return self.telegram.ban(chat, chunk.user_id, until).await;
        }
        self.telegram.unban(chat, chunk.user_id).await?;
        self.mute_again(chat, chunk, mute).await
    }

    /// A restriction that our ban replaced is the chat's own: it comes back with the ban's end. Where it might with another try, but does not,
    /// the admins are told that the lift has failed.
    async fn mute_again(&self, chat: ChatId, chunk: &ChunkMessage, mute: Option<Mute>) -> Result<(), Failure> {
        // Telegram makes restrictions that end soon endless as well (Bot API `restrictChatMember`).
        match mute.filter(|mute| mute.until.is_none_or(|until| !ends_too_soon(until, now()))) {
            Some(mute) => match self.telegram.restrict(chat, chunk.user_id, &mute).await {
                Err(failure) if matches!(failure.reaction(), Reaction::Skip(_) | Reaction::OurBug) => {
                    tracing::warn!(%failure, chat_id = %chat, "a restriction that a ban had replaced cannot be set again");
                    Ok(())
                }
                answer => answer,
            },
            None => Ok(()),
        }
    }

    async fn judge(&self, chunk: &ChunkMessage, decisions: &Decisions, targets: Vec<Target>) -> anyhow::Result<Vec<(Target, Judged)>> {
        let chats = targets.iter().flat_map(|target| [Some(target.chat_id), target.formerly]).flatten();
        let entries = self.syncs.entries_in(chats, chunk.user_id).await?;
        let judge = |target: Target| {
            let of = [Some(target.chat_id), target.formerly].into_iter().flatten().filter_map(|chat| entries.get(&chat)).flatten();
            // A sync that comes a second time is not judged by its own entries.
            let entries: Vec<Entry> = of.filter(|entry| entry.sync_id != chunk.sync_id).cloned().collect();
            let has_ends = target.chat_id.0 < BASIC_GROUPS_ABOVE;
            let lifting = match lifting(&entries, decisions, target.chat_id, chunk.source_chat_id, chunk.origin, now()) {
                Lifting::Shorten(_) if !has_ends => Lifting::Leave(Reason::StillBanned),
                lifting => lifting,
            };
            let ours = (has_ends && target.formerly.is_none()).then(|| ends_of_ours(&entries));
            let mute = muted_before(&entries, decisions, target.chat_id);
            (target, Judged { lifting, ours, mute })
        };
        Ok(targets.into_iter().map(judge).collect())
    }

    /// Our entries about a person in a target, also of when it was a group.
    pub async fn entries(&self, target: &Target, user: UserId) -> anyhow::Result<Vec<Entry>> {
        let chats = [Some(target.chat_id), target.formerly].into_iter().flatten();
        Ok(self.syncs.entries_in(chats, user).await?.into_values().flatten().collect())
    }
}

/// May the ban that stands be taken back? Who finds another end than the one that was set, finds a ban that somebody has changed since, though
/// no update has told of it.
fn may_lift(judged: &Judged, present: Option<i64>, off: Option<Reason>) -> Result<(), Reason> {
    if let Some(reason) = off {
        return Err(reason);
    }
    if let Lifting::Leave(reason) = judged.lifting {
        return Err(reason);
    }
    if judged.ours.as_ref().is_some_and(|ours| !ours.contains(&present)) { Err(Reason::LocalDecision) } else { Ok(()) }
}

/// Is the ban that stands the one that an earlier try put in the place of ours?
fn has_replaced(intended: &Order, present: Option<i64>) -> bool {
    intended.until.is_some() && intended.until == present
}

/// End of the ban that is to stand when ours is taken back, Unix seconds.
fn rest(lifting: Lifting) -> Option<i64> {
    match lifting {
        Lifting::PutBack(until) | Lifting::Shorten(until) => Some(until),
        Lifting::Unban | Lifting::Leave(_) => None,
    }
}

/// A target's outcome where a ban was taken back. `until`: end of the ban that stands there now.
fn outcome(lifting: Lifting, until: Option<i64>) -> Outcome {
    match lifting {
        Lifting::Shorten(_) | Lifting::Leave(Reason::StillBanned) if until.is_some() => Outcome::Skipped(Reason::StillBanned),
        _ => Outcome::Applied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_that_somebody_has_changed_since_is_left_to_them() {
        let judged = |ours: Option<Option<i64>>| Judged { lifting: Lifting::Unban, ours: ours.map(|ours| vec![ours]), mute: None };
        for (ours, present, expected) in [
            (Some(None), None, Ok(())),
            (Some(Some(900)), Some(900), Ok(())),
            (Some(None), Some(900), Err(Reason::LocalDecision)),
            (Some(Some(900)), None, Err(Reason::LocalDecision)),
            (None, Some(900), Ok(())),
        ] {
            assert_eq!(may_lift(&judged(ours), present, None), expected, "{ours:?} {present:?}");
        }
        assert_eq!(may_lift(&judged(Some(None)), None, Some(Reason::Lifted)), Err(Reason::Lifted));
        let left = Judged { lifting: Lifting::Leave(Reason::NotOurs), ..judged(None) };
        assert_eq!(may_lift(&left, None, None), Err(Reason::NotOurs));
    }
}
