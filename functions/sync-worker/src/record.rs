//! What became of a chunk is written: results, the ledger, questions, who is waited for; what is left travels on; the sync is closed.

use crate::calls::{self, Ended, Wait};
use crate::{Work, Worker};
use aws::queue::Message;
use aws::store::sync::{LogEntry, Pending};
use aws::{metrics, time};
use domain::ban::derive;
use domain::chat::ChatState;
use domain::question::{About, Question, id_of_ban, id_of_held};
use domain::sync::ledger::Entry;
use domain::sync::{ChunkMessage, Kind, Origin, Outcome, Reason, TargetResult, Task, Totals};
use uuid::Uuid;

impl Worker {
    /// Writes what ended, sends on what did not, counts the chunk where nothing is left.
    pub async fn write(&self, chunk: &ChunkMessage, work: Work) -> anyhow::Result<()> {
        let Work { ended, again, wait_ms, .. } = work;
        let mut results = Vec::with_capacity(ended.len());
        for end in &ended {
            self.note(end).await?;
            let question = if end.outcome.is_question() { Some(self.ask(chunk, end).await?) } else { None };
            let (chat_id, admins) = (end.target.chat_id, end.target.admins.clone());
            results.push(TargetResult { chat_id, admins, outcome: end.outcome, question });
            self.pend(chunk, end).await?;
        }
        self.syncs.enter(&ended.iter().map(|end| entry(chunk, end)).collect::<Vec<_>>()).await?;
        self.syncs.write_results(chunk, &results).await?;
        self.log(chunk, &results, again.len());
        if let Some(retry_after) = again.iter().filter_map(|(_, wait)| wait.flood()).max() {
            self.gateway.block_calls(retry_after).await?;
        }
        // Until an operator has acted every try is in vain: the message ends in the DLQ, from where it can be brought back.
        anyhow::ensure!(!again.iter().any(|(_, wait)| *wait == Wait::Refused), "Telegram refuses the bot's token or account");
        if again.is_empty() {
            return self.done(chunk).await;
        }
        // The results are written: what is left travels on by itself, and this message is finished.
        let seed = derive(&[&chunk.sync_id.to_string(), &format!("{}/{}/{}", chunk.part, chunk.chunk, chunk.round)]);
        let delay = calls::delay(&again, seed.as_bytes()[0]).max(seconds(wait_ms));
        let targets = again.into_iter().map(|(target, _)| target).collect();
        let rest = ChunkMessage { targets, round: chunk.round + 1, ..chunk.clone() };
        self.queue.send(Message::new(&rest, delay)?).await
    }

    /// What a call told about the chat itself.
    async fn note(&self, end: &Ended) -> anyhow::Result<()> {
        if let Some(to) = end.migrated_to {
            self.users.migrated(end.target.chat_id, to, None).await?;
        }
        // What was known before is no news.
        if matches!(end.target.task, Task::End(_)) {
            return Ok(());
        }
        let chat = end.migrated_to.unwrap_or(end.target.chat_id);
        match end.outcome {
            Outcome::Failed(Reason::NoRights) => self.users.lost(chat, ChatState::Suspended).await,
            Outcome::Failed(Reason::ChatGone) => self.users.lost(chat, ChatState::Removed).await,
            _ => Ok(()),
        }
    }

    /// Asks the chat's admins; the question's id.
    async fn ask(&self, chunk: &ChunkMessage, end: &Ended) -> anyhow::Result<Uuid> {
        let chat_id = end.target.chat_id;
        let held = end.outcome == Outcome::Skipped(Reason::Held);
        let at = chunk.occurred.at().unwrap_or_default();
        let single = id_of_ban(chunk.sync_id, chat_id);
        let mut question = Question {
            question_id: if held { id_of_held(chunk.source_chat_id, chat_id, at) } else { single },
            about: if held { About::Held } else { About::Ban },
            chat_id,
            user_id: chunk.user_id,
            source_chat_id: chunk.source_chat_id,
            asked_at: time::now(),
            choice: None,
            decided_by: None,
        };
        // What comes after the answer has a question of its own.
        if !self.syncs.ask(&question, chunk.ban_event_id, None).await? && held {
            question.question_id = single;
            self.syncs.ask(&question, chunk.ban_event_id, None).await?;
        }
        Ok(question.question_id)
    }

    /// Who could not be banned now is banned when he comes; who was, waits no longer.
    async fn pend(&self, chunk: &ChunkMessage, end: &Ended) -> anyhow::Result<()> {
        let (chat_id, user_id) = (end.target.chat_id, chunk.user_id);
        if chunk.kind == Kind::Ban && end.outcome.is_pending() {
            let (ban_event_id, occurred) = (chunk.ban_event_id, chunk.occurred.clone());
            return self.syncs.keep_pending(&Pending { chat_id, user_id, ban_event_id, occurred }).await;
        }
        // Where it failed, he is waited for again.
        if chunk.origin == Origin::Joined && !matches!(end.outcome, Outcome::Failed(_)) {
            return self.syncs.end_pending(chat_id, user_id).await;
        }
        Ok(())
    }

    /// Counts the chunk; whoever completes the last part closes the sync.
    pub async fn done(&self, chunk: &ChunkMessage) -> anyhow::Result<()> {
        let Some(progress) = self.syncs.chunk_done(chunk).await? else { return Ok(()) };
        if !progress.part_done {
            return Ok(());
        }
        let results = self.syncs.part_results(chunk.sync_id, chunk.part).await?;
        let totals = Totals::of(results.iter().map(|result| &result.outcome));
        let closed = match progress.only {
            true => self.syncs.close(chunk.sync_id, totals).await?,
            false => self.syncs.part_done(chunk.sync_id, chunk.part, totals, progress.next).await?,
        };
        if closed {
            tracing::info!(correlation_id = %chunk.ban_event_id, sync_id = %chunk.sync_id, ?totals, "sync closed");
        }
        Ok(())
    }

    fn log(&self, chunk: &ChunkMessage, results: &[TargetResult], again: usize) {
        let totals = Totals::of(results.iter().map(|result| &result.outcome));
        for (status, count) in
            [("applied", totals.applied), ("already", totals.already), ("skipped", totals.skipped), ("failed", totals.failed)]
        {
            if count > 0 {
                metrics::count("sync_operations_total", Some(("status", status)), count);
            }
        }
        tracing::info!(correlation_id = %chunk.ban_event_id, sync_id = %chunk.sync_id, part = chunk.part, chunk = chunk.chunk, ?totals, again, "chunk worked on");
    }
}

fn entry(chunk: &ChunkMessage, end: &Ended) -> LogEntry {
    let now = time::now_ms();
    let entry = Entry {
        sync_id: chunk.sync_id,
        ban_event_id: chunk.ban_event_id,
        kind: chunk.kind,
        origin: chunk.origin,
        user_id: chunk.user_id,
        chat_id: end.migrated_to.unwrap_or(end.target.chat_id),
        source_chat_id: chunk.source_chat_id,
        occurred: chunk.occurred.clone(),
        outcome: end.outcome,
        at: now / 1000,
        millis: (now % 1000) as u16,
        until: end.until,
        prior: end.prior,
        was_member: end.was_member,
    };
    LogEntry { entry, tries: end.target.tries }
}

/// Whole seconds that are not too short.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1000
}
