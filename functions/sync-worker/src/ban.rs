//! Banning in a chunk's targets: first `getChatMember` for each, then `banChatMember`.

use crate::calls::{Done, Ended, MAX_TRIES, Round, Step, Wait, round as round_of};
use crate::{Work, Worker};
use aws::time::{now, now_ms};
use domain::ids::ChatId;
use domain::limiter::Grant;
use domain::member::{Member, Status};
use domain::sync::ledger::{is_ours, shortened};
use domain::sync::term::covers;
use domain::sync::{ChunkMessage, Order, Outcome, Reason, Target, Task, Term};
use std::cell::RefCell;
use std::collections::BTreeMap;
use telegram::reaction::Reaction;

/// Result of a look at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Ban(Order),
    /// Banned until then already: where that is not what is wanted, whose ban it is decides.
    Banned {
        present: Option<i64>,
        wanted: Option<i64>,
    },
}

impl Look {
    /// Is what stands there what was to be done by this order? As it was done.
    fn done(&self, task: Task, order: &Order) -> Option<Order> {
        match (self, task) {
            (Self::Banned { present, .. }, Task::Ban(term)) if term.may_have_set(*present, order.until) => {
                Some(Order { until: *present, ..*order })
            }
            _ => None,
        }
    }
}

impl Worker {
    pub async fn ban(&self, round: &crate::Round<'_>, targets: Vec<Target>, grant: Grant) -> anyhow::Result<Work> {
        let chunk = round.chunk;
        let (mut ended, mut orders, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for target in targets {
            // A sync that was called off only looks: at what an earlier try may have done.
            match kept(&target, now()).filter(|_| round.off.is_none()) {
                Some(Ok(order)) => orders.push((target, order)),
                Some(Err(outcome)) => ended.push(Ended::new(target, outcome)),
                None => unknown.push(target),
            }
        }
        let looked = self.look(round, unknown, grant).await;
        self.report(looked.health, grant).await?;
        let flooded = looked.is_flooded();
        ended.extend(looked.ended.into_iter().map(|(target, (), outcome)| {
            let intended = round.intended.get(&target.chat_id);
            Ended::looked(target, outcome, intended)
        }));
        let mut again: Vec<_> = looked.again.into_iter().map(|(target, (), wait)| (target, wait)).collect();
        // Rare: most are banned in a chat once, and by us.
        let is_banned = |(_, (), look): &(_, _, Look)| matches!(look, Look::Banned { .. });
        // Read after the look: the same message may be worked on twice at once.
        let found: Vec<_> = looked.known.iter().filter(|known| is_banned(known)).map(|(target, ..)| target.chat_id).collect();
        let (results, earlier) = if found.is_empty() { Default::default() } else { self.syncs.targets_of(chunk).await? };
        let own = if found.is_empty() { BTreeMap::new() } else { self.syncs.own_entries(chunk, found).await? };
        for (target, (), look) in looked.known {
            if results.contains_key(&target.chat_id) {
                continue;
            }
            // An earlier try may have banned here, and died or got no answer before it could write so.
            let intended = earlier.get(&target.chat_id).or_else(|| round.intended.get(&target.chat_id)).copied();
            if let Some(order) = intended.and_then(|order| look.done(target.task, &order)) {
                ended.push(Ended::by(target, &order, Outcome::Applied));
                continue;
            }
            // Another chunk of this sync, of a plan before or of another part, has banned here.
            if let Some(entry) = own.get(&target.chat_id).filter(|entry| entry.outcome == Outcome::Applied) {
                ended.push(Ended::again(target, entry));
                continue;
            }
            if let Some(reason) = round.off {
                ended.push(Ended::new(target, Outcome::Skipped(reason)));
                continue;
            }
            match self.order(chunk, &target, look).await? {
                // The answer to the last try was lost, and it has not come to anything.
                Ok(_) if target.tries >= MAX_TRIES => ended.push(Ended::new(target, Outcome::Failed(Reason::TelegramError))),
                Ok(order) => orders.push((target, order)),
                // Another ban stands there now; what ours would have been tells the ledger whose it was before.
                Err(outcome) => ended.push(Ended::by(target, &intended.unwrap_or_default(), outcome)),
            }
        }
        // Nothing is begun while a wait is on; what was seen is kept, or where looks are often answered so no ban would ever be set.
        if flooded {
            again.extend(orders.into_iter().map(|(target, order)| (keep(target, order), Wait::NotBegun)));
            return Ok(Work { ended, again, ..Work::default() });
        }
        if orders.is_empty() {
            return Ok(Work { ended, again, ..Work::default() });
        }
        let meant = Some(now_ms());
        self.syncs.intend(chunk, orders.iter().map(|(target, order)| (target.chat_id, Order { at_ms: meant, ..*order }))).await?;
        let moved = RefCell::new(BTreeMap::new());
        let banned: Round<Order, Done> = round_of(orders, grant, async |target, order| {
            // Looks and the store have taken their time: an end that is too near by now would make the ban one for ever.
            let Task::Ban(term) = target.task else { return Ok(Step::Ended(Outcome::Failed(Reason::TelegramError))) };
            let until = match end(term, order) {
                Ok(until) => until,
                Err(reason) => return Ok(Step::Ended(Outcome::Skipped(reason))),
            };
            let done = Done { until, at_ms: now_ms(), migrated_to: None };
            let failure = match self.telegram.ban(target.chat_id, chunk.user_id, until).await {
                Ok(()) => return Ok(Step::Known(done)),
                Err(failure) => failure,
            };
            match failure.reaction() {
                Reaction::Migrated(to) => {
                    // The answer of the supergroup is news of the supergroup: who is waited for, which rights are missing.
                    moved.borrow_mut().insert(target.chat_id, to);
                    let Ok(until) = end(term, order) else { return Ok(Step::Ended(Outcome::Skipped(Reason::EndsTooSoon))) };
                    self.telegram.ban(to, chunk.user_id, until).await?;
                    Ok(Step::Known(Done { until, migrated_to: Some(to), ..done }))
                }
                // It took effect, but its result is of an unknown shape.
                Reaction::Fine => Ok(Step::Known(done)),
                _ => Err(failure),
            }
        })
        .await;
        self.report(banned.health, grant).await?;
        let moved = moved.into_inner();
        // A call without an answer may have taken effect, also the last, or be under way: one more look tells, when it is over.
        let is_unknown = |(target, _, outcome): &(Target, Order, Outcome)| {
            *outcome == Outcome::Failed(Reason::TelegramError) && target.tries >= MAX_TRIES
        };
        let (unknown, known): (Vec<_>, Vec<_>) = banned.ended.into_iter().partition(is_unknown);
        again.extend(unknown.into_iter().map(|(target, order, _)| {
            let (chat_id, formerly) = match moved.get(&target.chat_id) {
                Some(&to) => (to, Some(target.chat_id)),
                None => (target.chat_id, target.formerly),
            };
            (Target { chat_id, formerly, order: None, intended: Some(order), ..target }, Wait::Failed)
        }));
        ended.extend(
            known
                .into_iter()
                .map(|(target, _, outcome)| Ended { migrated_to: moved.get(&target.chat_id).copied(), ..Ended::new(target, outcome) }),
        );
        ended.extend(banned.known.into_iter().map(|(target, order, done)| Ended::done(target, &order, done)));
        again.extend(banned.again.into_iter().map(|(target, order, wait)| (retried(target, order, wait), wait)));
        Ok(Work { ended, again, ..Work::default() })
    }

    /// Who is banned already, who is an admin, who is to be banned.
    async fn look(&self, round: &crate::Round<'_>, targets: Vec<Target>, grant: Grant) -> Round<(), Look> {
        let (chunk, intended) = (round.chunk, round.intended);
        let targets = targets.into_iter().map(|target| (target, ())).collect();
        round_of(targets, grant, async |target, ()| {
            let Task::Ban(term) = target.task else { return Ok(Step::Ended(Outcome::Failed(Reason::TelegramError))) };
            // No call for what could not be done any more, unless an earlier try may have done it.
            let until = match term.until_date(now()) {
                Ok(until) => until,
                Err(_) if intended.contains_key(&target.chat_id) => None,
                Err(reason) => return Ok(Step::Ended(Outcome::Skipped(reason))),
            };
            let absent = Step::Known(Look::Ban(Order { until, ..Order::default() }));
            let looked = match target.spare_bots {
                true => self.telegram.chat_member(target.chat_id, chunk.user_id).await.map(|member| (member.member, member.person.is_bot)),
                false => self.telegram.member(target.chat_id, chunk.user_id).await.map(|member| (member, false)),
            };
            match looked {
                Ok((member, is_bot)) => Ok(seen(&member, is_bot, until)),
                // Whoever Telegram does not find there can be banned all the same; in the supergroup that a group became, the ban itself
                // tells the rest.
                Err(failure) if failure.reaction() == Reaction::Skip(Reason::UnknownUser) => Ok(absent),
                Err(failure) if matches!(failure.reaction(), Reaction::Migrated(_)) => Ok(absent),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    /// What is to be set, or how the target ends without.
    async fn order(&self, chunk: &ChunkMessage, target: &Target, look: Look) -> anyhow::Result<Result<Order, Outcome>> {
        let chat = target.chat_id;
        match look {
            Look::Ban(order) if order.was_member && self.floods(chunk, chat).await? => Ok(Err(Outcome::Skipped(Reason::Flooded))),
            Look::Ban(order) => Ok(Ok(order)),
            Look::Banned { present, wanted } if present == wanted => Ok(Err(Outcome::Already)),
            Look::Banned { present, wanted } => {
                let entries = self.entries(target, chunk.user_id).await?;
                let decisions = self.bans.decisions(chunk.user_id, None).await?;
                let shorter = wanted.and_then(|wanted| shortened(&entries, &decisions, chat, chunk.source_chat_id, wanted, now()));
                Ok(over(present, wanted, is_ours(&entries, &decisions, chat), shorter))
            }
        }
    }

    /// Have so many of the chat's members been banned within the hour that its admins are asked first?
    async fn floods(&self, chunk: &ChunkMessage, chat: ChatId) -> anyhow::Result<bool> {
        if !chunk.origin.is_guarded() {
            return Ok(false);
        }
        // What is let go on later still counts by the time when it was decided.
        let at = chunk.occurred.at().unwrap_or_default();
        Ok(self.syncs.members_banned(chat, at - 3600, at + 3600, self.most_bans).await? >= self.most_bans)
    }
}

/// With what a look has shown.
fn keep(target: Target, order: Order) -> Target {
    Target { order: Some(order), ..target }
}

/// What a look before a flood wait showed, as it is to be done now; `None`: nobody has looked.
fn kept(target: &Target, now: i64) -> Option<Result<Order, Outcome>> {
    let (Some(order), Task::Ban(term)) = (target.order, target.task) else { return None };
    // Time has gone by: an end that is past by now would make the ban one for ever.
    Some(end_at(term, &order, now).map(|until| Order { until, ..order }).map_err(Outcome::Skipped))
}

fn end(term: Term, order: &Order) -> Result<Option<i64>, Reason> {
    end_at(term, order, now())
}

/// The `until_date` of a call at `now`. A ban that takes the place of a longer one may end later than its term says: another source's is behind it.
fn end_at(term: Term, order: &Order, now: i64) -> Result<Option<i64>, Reason> {
    let until = term.until_date(now)?;
    Ok(until.map(|until| until.max(order.until.unwrap_or(until))))
}

/// A target whose ban is to be tried again.
fn retried(target: Target, order: Order, wait: Wait) -> Target {
    match wait {
        Wait::Flood(_) | Wait::NotBegun => keep(target, order),
        // Such a call may have taken effect.
        Wait::Failed | Wait::Refused => Target { order: None, ..target },
    }
}

/// What a member's place in the chat means for a ban that ends at `until`. `is_bot`: it is a bot, in a chat that spares them.
fn seen(member: &Member, is_bot: bool, until: Option<i64>) -> Step<Look> {
    if is_bot {
        return Step::Ended(Outcome::Skipped(Reason::IsBot));
    }
    match member.status {
        Status::Creator | Status::Administrator => Step::Ended(Outcome::Skipped(Reason::IsAdmin)),
        Status::Kicked => Step::Known(Look::Banned { present: member.until, wanted: until }),
        Status::Member | Status::Restricted | Status::Left | Status::Unknown => {
            let was_member = member.is_present() == Some(true);
            Step::Known(Look::Ban(Order { until, was_member, mute: member.mute(), ..Order::default() }))
        }
    }
}

/// Our ban in the place of the one that stands there, or that this one stays. `present`, `wanted`: their ends, `shorter`: the one that may take
/// the place of `present`, Unix seconds.
fn over(present: Option<i64>, wanted: Option<i64>, is_ours: bool, shorter: Option<i64>) -> Result<Order, Outcome> {
    if !covers(present, wanted) {
        return Ok(Order { until: wanted, prior: present.filter(|_| !is_ours), ..Order::default() });
    }
    match shorter.filter(|&shorter| !covers(Some(shorter), present)) {
        Some(shorter) => Ok(Order { until: Some(shorter), ..Order::default() }),
        None => Err(Outcome::Already),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::member::Mute;
    use domain::sync::Term;

    #[test]
    fn who_is_banned_is_told_by_their_place_in_the_chat() {
        let until = Some(10_000);
        let mute = Mute { permissions: 0, until: Some(500) };
        let order = |was_member| Step::Known(Look::Ban(Order { until, was_member, ..Order::default() }));
        let skipped = |reason| Step::Ended(Outcome::Skipped(reason));
        for (status, is_bot, expected) in [
            (Status::Member, false, order(true)),
            (Status::Restricted, false, Step::Known(Look::Ban(Order { mute: Some(mute), until, was_member: true, ..Order::default() }))),
            (Status::Left, false, order(false)),
            (Status::Unknown, false, order(false)),
            (Status::Kicked, false, Step::Known(Look::Banned { present: Some(500), wanted: until })),
            (Status::Administrator, false, skipped(Reason::IsAdmin)),
            (Status::Creator, false, skipped(Reason::IsAdmin)),
            (Status::Member, true, skipped(Reason::IsBot)),
            (Status::Kicked, true, skipped(Reason::IsBot)),
        ] {
            let member = Member { until: Some(500), ..Member::of(status) };
            assert_eq!(seen(&member, is_bot, until), expected, "{status:?} {is_bot}");
        }
    }

    #[test]
    fn a_ban_that_stands_is_lengthened_and_shortened_only_by_its_own_source() {
        let order = |until, prior| Ok(Order { until, prior, ..Order::default() });
        let stays = Err(Outcome::Already);
        for (present, wanted, is_ours, shorter, expected) in [
            // The end of the chat's own ban is kept, to be put back.
            (Some(100), Some(200), false, None, order(Some(200), Some(100))),
            (Some(100), None, false, None, order(None, Some(100))),
            (Some(100), Some(200), true, None, order(Some(200), None)),
            (Some(200), Some(100), false, None, stays),
            (Some(200), Some(100), true, None, stays),
            (Some(200), Some(100), true, Some(100), order(Some(100), None)),
            (None, Some(100), false, None, stays),
            (None, Some(100), true, Some(100), order(Some(100), None)),
            // Another source's ban is behind it.
            (None, Some(100), true, Some(150), order(Some(150), None)),
            (Some(150), Some(100), true, Some(150), stays),
        ] {
            assert_eq!(over(present, wanted, is_ours, shorter), expected, "{present:?} {wanted:?} {is_ours} {shorter:?}");
        }
    }

    #[test]
    fn what_a_look_showed_is_kept_unless_the_call_may_have_taken_effect() {
        let order = Order { until: Some(10_000), was_member: true, ..Order::default() };
        let earlier = Order::default();
        for (wait, expected) in [(Wait::Flood(3), Some(order)), (Wait::NotBegun, Some(order)), (Wait::Failed, None), (Wait::Refused, None)]
        {
            let target = Target { order: Some(earlier), ..crate::tests::target(ChatId(-100)) };
            assert_eq!(retried(target, order, wait).order, expected, "{wait:?}");
        }
    }

    #[test]
    fn what_was_seen_before_a_flood_wait_is_done_after_it_unless_the_ban_has_ended_meanwhile() {
        let target = |order| Target { task: Task::Ban(Term::Until(10_000)), order, ..crate::tests::target(ChatId(-100)) };
        let order = Order { until: Some(10_000), was_member: true, ..Order::default() };
        assert_eq!(kept(&target(None), 5_000), None);
        assert_eq!(kept(&target(Some(order)), 5_000), Some(Ok(order)));
        assert!(matches!(kept(&target(Some(order)), 10_001), Some(Err(Outcome::Skipped(_)))));
    }
}
