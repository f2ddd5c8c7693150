//! Taking bans of ours back in a chunk's targets.

use crate::calls::{Ended, Round, Step, round};
use crate::{Work, Worker};
use aws::time::now;
use domain::ids::ChatId;
use domain::limiter::Grant;
use domain::member::Status;
use domain::sync::ledger::{Decisions, Lifting, lifting};
use domain::sync::{ChunkMessage, Order, Outcome, Reason, Target};
use futures_util::{StreamExt, TryStreamExt, stream};
use telegram::reaction::Reaction;

/// Ledgers that are read at a time.
const READS: usize = 12;

impl Worker {
    /// Only where the ledger says that the ban is ours and nobody has decided otherwise since.
    pub async fn lift(&self, chunk: &ChunkMessage, decisions: &Decisions, targets: Vec<Target>, grant: Grant) -> anyhow::Result<Work> {
        let judged: Vec<(Target, Lifting)> =
            stream::iter(targets.into_iter().map(|target| self.judge(chunk, decisions, target))).buffered(READS).try_collect().await?;
        let (mut ended, mut to_lift) = (Vec::new(), Vec::new());
        for (target, lifting) in judged {
            match lifting {
                Lifting::Leave(reason) => ended.push(Ended::new(target, Outcome::Skipped(reason))),
                Lifting::Unban | Lifting::PutBack(_) => to_lift.push((target, lifting)),
            }
        }
        let earlier = if to_lift.is_empty() { Default::default() } else { self.syncs.intended(chunk).await? };
        let looked: Round<Lifting, ()> = round(to_lift, grant, async |target, _| {
            match self.telegram.member(target.chat_id, chunk.user_id).await {
                Ok(member) if member.status == Status::Kicked => Ok(Step::Known(())),
                // An earlier try lifted it and died before it could write so.
                Ok(_) if earlier.contains_key(&target.chat_id) => Ok(Step::Ended(Outcome::Applied)),
                Ok(_) => Ok(Step::Ended(Outcome::Skipped(Reason::NotBanned))),
                Err(failure) if matches!(failure.reaction(), Reaction::Migrated(_)) => Ok(Step::Known(())),
                Err(failure) => Err(failure),
            }
        })
        .await;
        self.report(looked.health, grant).await?;
        ended.extend(looked.ended.into_iter().map(|(target, _, outcome)| Ended::new(target, outcome)));
        let mut again: Vec<_> = looked.again.into_iter().map(|(target, _, wait)| (target, wait)).collect();
        let orders: Vec<_> = looked.known.into_iter().map(|(target, lifting, ())| (target, lifting)).collect();
        if orders.is_empty() {
            return Ok(Work { ended, again, ..Work::default() });
        }
        let intended = orders.iter().map(|(target, lifting)| (target.chat_id, Order { until: put_back(lifting), ..Order::default() }));
        self.syncs.intend(chunk, intended).await?;
        let lifted: Round<Lifting, ()> = round(orders, grant, async |target, lifting| {
            let act = async |chat: ChatId| match lifting {
                Lifting::PutBack(until) if *until > now() => self.telegram.ban(chat, chunk.user_id, Some(*until)).await,
                _ => self.telegram.unban(chat, chunk.user_id).await,
            };
            let failure = match act(target.chat_id).await {
                Ok(()) => return Ok(Step::Ended(Outcome::Applied)),
                Err(failure) => failure,
            };
            match failure.reaction() {
                Reaction::Migrated(to) => act(to).await.map(|()| Step::Ended(Outcome::Applied)),
                Reaction::Fine => Ok(Step::Ended(Outcome::Applied)),
                _ => Err(failure),
            }
        })
        .await;
        self.report(lifted.health, grant).await?;
        ended.extend(lifted.ended.into_iter().map(|(target, lifting, outcome)| {
            let until = put_back(&lifting);
            Ended { until, ..Ended::new(target, outcome) }
        }));
        again.extend(lifted.again.into_iter().map(|(target, _, wait)| (target, wait)));
        Ok(Work { ended, again, ..Work::default() })
    }

    async fn judge(&self, chunk: &ChunkMessage, decisions: &Decisions, target: Target) -> anyhow::Result<(Target, Lifting)> {
        let mut entries = self.syncs.entries(target.chat_id, chunk.user_id).await?;
        if let Some(group) = target.formerly {
            entries.extend(self.syncs.entries(group, chunk.user_id).await?);
        }
        // What this sync itself wrote, where it comes a second time, is not what it is judged by.
        let entries: Vec<_> = entries.into_iter().filter(|entry| entry.sync_id != chunk.sync_id).collect();
        let lifting = lifting(&entries, decisions, target.chat_id, chunk.source_chat_id, chunk.origin, now());
        Ok((target, lifting))
    }
}

/// End of the ban that is put back, Unix seconds.
fn put_back(lifting: &Lifting) -> Option<i64> {
    if let Lifting::PutBack(until) = lifting { Some(*until) } else { None }
}
