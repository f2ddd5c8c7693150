//! Delays: looks at syncs that may be stuck, chunks on their way to the dead-letter queue, and chunks that come back from
//! there.

use crate::calls::Ended;
use crate::judge::{PartState, called_off, is_undone, part_state};
use crate::{Round, Work, Worker};
use aws::metrics;
use aws::outage::is_one;
use aws::queue::Message;
use aws::store::sync::ChunkState;
use domain::ids::ChatId;
use domain::outage::pause;
use domain::sync::deadline::{Deadline, LOOK_EVERY, Look};
use domain::sync::{ChunkMessage, Kind, Origin, Outcome, Reason, Request, SyncStatus, Target, Whom};
use std::collections::BTreeSet;

/// Has a chunk come back from the dead-letter queue, whose sync has nothing else than this part? Then the sync itself comes right.
pub fn may_come_right(chunk: &ChunkMessage, state: &ChunkState) -> bool {
    let failed = |target: &Target| state.results.get(&target.chat_id).is_some_and(|result| result.outcome.is_timed_out());
    state.summary.next.is_none() && chunk.targets.iter().any(failed)
}

impl Worker {
    /// As [`Worker::look_at`]. A look outlives an outage of the store, which chunks may not: the next one is sent also where this one fails.
    pub async fn look_at_last(&self, deadline: Deadline) -> anyhow::Result<()> {
        let Err(error) = self.look_at(deadline.clone()).await else { return Ok(()) };
        tracing::error!(error = format!("{error:#}"), sync_id = %deadline.deadline_of, "it cannot be looked whether a sync goes on");
        self.queue.send(Message::new(&deadline, LOOK_EVERY)?).await
    }

    /// Looks whether a sync goes on; until it has ended, another look follows.
    async fn look_at(&self, deadline: Deadline) -> anyhow::Result<()> {
        let Some(summary) = self.syncs.summary(deadline.deadline_of).await? else { return Ok(()) };
        if summary.status != SyncStatus::Running {
            return Ok(());
        }
        let next = match deadline.look(self.syncs.reached(&summary).await?) {
            Look::Again(next) => next,
            Look::Stuck(reached, next) => {
                self.syncs.tell_stuck(summary.sync_id, reached).await?;
                next
            }
        };
        self.queue.send(Message::new(&next, LOOK_EVERY)?).await
    }

    /// The message is on its way to the dead-letter queue: what of it has no result has failed, its admins are told, and nothing waits for it.
    pub async fn bury(&self, chunk: &ChunkMessage) -> anyhow::Result<()> {
        let Some(state) = self.syncs.state_of(chunk).await? else { return Ok(()) };
        if part_state(chunk, &state) != Some(PartState::Open) {
            return Ok(());
        }
        let left = chunk.targets.iter().filter(|target| !state.results.contains_key(&target.chat_id));
        let meant = |target: &Target| state.intended.get(&target.chat_id).copied().or(target.intended).unwrap_or_default();
        let ended = left.map(|target| Ended::by(target.clone(), &meant(target), Outcome::Failed(Reason::TimedOut))).collect();
        self.write(chunk, Work { ended, ..Work::default() }).await
    }

    /// A chunk that failed though nobody can be told so, since the store is out of order, comes again, for a day.
    pub async fn come_again(&self, chunk: ChunkMessage, error: anyhow::Error) -> anyhow::Result<()> {
        let Some(pause) = pause(chunk.put_off).filter(|_| is_one(&error)) else { return Err(error) };
        tracing::error!(error = format!("{error:#}"), correlation_id = %chunk.ban_event_id, sync_id = %chunk.sync_id, pause, "a chunk is put off");
        metrics::count("chunks_put_off_total", None, 1);
        let again = ChunkMessage { put_off: chunk.put_off + 1, ..chunk };
        self.queue.send(Message::new(&again, pause)?).await
    }

    /// A chunk that is counted, or of a plan that was given up, has come: where its chats were told of as failed, it comes from the dead-letter
    /// queue, and they are tried again by a sync of their own. `true`: it was such a one.
    pub async fn comes_back(&self, chunk: &ChunkMessage, state: &ChunkState) -> anyhow::Result<bool> {
        let results = match part_state(chunk, state) {
            Some(PartState::ChunkDone) => state.results.clone(),
            Some(PartState::GivenUp) if state.summary.status != SyncStatus::Running => {
                self.syncs.targets_of_part(chunk.sync_id, chunk.part).await?.0
            }
            _ => return Ok(false),
        };
        let failed = |target: &&Target| results.get(&target.chat_id).is_some_and(|result| result.outcome.is_timed_out());
        let failed: Vec<Target> = chunk.targets.iter().filter(failed).cloned().collect();
        if failed.is_empty() {
            return Ok(false);
        }
        if state.summary.status == SyncStatus::Running {
            // Other parts go on: a further try is for when the sync has ended.
            self.queue.send(Message::new(chunk, LOOK_EVERY)?).await?;
            return Ok(true);
        }
        if let Some(sync_id) = self.syncs.next_retry(&state.summary).await? {
            let whom = Whom::FailedIn(chunk.sync_id);
            let (ban_event_id, kind) = (chunk.ban_event_id, chunk.kind);
            let retry = Request { sync_id, ban_event_id, kind, origin: Origin::Retried, whom, by: None, waits: false };
            self.syncs.request(&retry).await?;
        }
        self.see_to(chunk, state, failed).await?;
        Ok(true)
    }

    /// A ban or lift that was begun in these chats, before the chunk died, is taken for done where it is: or nobody would ever take it back.
    async fn see_to(&self, chunk: &ChunkMessage, state: &ChunkState, targets: Vec<Target>) -> anyhow::Result<()> {
        let intended = state.intended.clone();
        let begun: BTreeSet<ChatId> = intended.keys().copied().collect();
        let targets: Vec<_> = targets.into_iter().filter(|target| begun.contains(&target.chat_id)).collect();
        if targets.is_empty() {
            return Ok(());
        }
        let after = (chunk.kind == Kind::Ban).then_some(&chunk.occurred);
        let decisions = self.bans.decisions(chunk.user_id, after).await?;
        let off = called_off(chunk, &decisions, state.undone || is_undone(&state.summary)).unwrap_or(Reason::TimedOut);
        let round = Round { chunk, decisions: &decisions, off: Some(off), intended: &intended };
        self.with_person(&round, Work::default(), targets).await
    }
}
