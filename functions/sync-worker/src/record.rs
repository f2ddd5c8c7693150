//! What became of a chunk is written: results, the ledger, questions, who is waited for; what is left travels on; the sync is closed.

use crate::calls::{self, Ended, Wait};
use crate::{Work, Worker};
use aws::queue::Message;
use aws::store::sync::{LogEntry, Pending, Summary};
use aws::{metrics, time};
use domain::ban::derive;
use domain::chat::ChatState;
use domain::ids::ChatId;
use domain::question::{About, MOST_IN_AN_HOUR, Question, id_of};
use domain::sync::ledger::Entry;
use domain::sync::{ChunkMessage, Kind, Origin, Outcome, Reason, Target, TargetResult, Task, Totals};
use uuid::Uuid;

impl Worker {
    /// Writes what ended, sends on what did not, counts the chunk where nothing is left.
    pub async fn write(&self, chunk: &ChunkMessage, work: Work) -> anyhow::Result<()> {
        let Work { ended, again, wait_ms } = work;
        // First: the others are to know it before they call.
        if let Some(retry_after) = again.iter().filter_map(|(_, wait)| wait.flood()).max() {
            self.gateway.block_calls(retry_after).await?;
        }
        let mut results = Vec::with_capacity(ended.len());
        let first = if ended.iter().any(|end| asks_about_one(chunk, end)) { self.first_of_hand(chunk).await? } else { None };
        for end in &ended {
            self.note(end).await?;
            let question = match end.outcome.is_question() {
                true => Some(self.ask(chunk, end, first.as_ref().filter(|_| asks_about_one(chunk, end))).await?),
                false => None,
            };
            let (chat_id, admins) = (end.target.chat_id, end.target.admins.clone());
            results.push(TargetResult { chat_id, admins, outcome: end.outcome, question });
            self.pend(chunk, end).await?;
        }
        self.syncs.enter(&ended.iter().map(|end| entry(chunk, end)).collect::<Vec<_>>()).await?;
        self.syncs.write_results(chunk, &results).await?;
        self.log(chunk, &results, again.len());
        // Until an operator has acted every try is in vain: the message ends in the DLQ, from where it can be brought back.
        anyhow::ensure!(!again.iter().any(|(_, wait)| *wait == Wait::Refused), "Telegram refuses the bot's token or account");
        if again.is_empty() {
            return self.done(chunk).await;
        }
        // The results are written: what is left travels on by itself, and this message is finished.
        let (rest, delay) = rest(chunk, again, wait_ms);
        self.queue.send(Message::new(&rest, delay)?).await
    }

    /// Writes what the answers say about the chat itself: migrated, rights lost, gone.
    async fn note(&self, end: &Ended) -> anyhow::Result<()> {
        if let Some(to) = end.migrated_to {
            self.users.migrated(end.target.chat_id, to, None).await?;
        }
        match lost(end) {
            Some((chat, state)) => self.users.lost(chat, state).await,
            None => Ok(()),
        }
    }

    /// Asks the chat's admins; the question's id.
    async fn ask(&self, chunk: &ChunkMessage, end: &Ended, first: Option<&Summary>) -> anyhow::Result<Uuid> {
        // However many bans there are, one question is open at a time.
        for number in 0..MOST_IN_AN_HOUR {
            let question = question(chunk, end, time::now(), number, first);
            if self.syncs.ask(&question, chunk.ban_event_id).await? {
                return Ok(question.question_id);
            }
        }
        Ok(question(chunk, end, time::now(), MOST_IN_AN_HOUR - 1, first).question_id)
    }

    /// The first decision, where the same hand decided in several chats within seconds: all of it is one question.
    async fn first_of_hand(&self, chunk: &ChunkMessage) -> anyhow::Result<Option<Summary>> {
        Ok(self.syncs.decided_along(chunk.user_id, chunk.sync_id, &chunk.occurred).await?.into_iter().next())
    }

    /// Keeps a pending ban for a target that Telegram could not resolve; removes it once it is dealt with.
    async fn pend(&self, chunk: &ChunkMessage, end: &Ended) -> anyhow::Result<()> {
        let of_this = Pending {
            chat_id: end.migrated_to.unwrap_or(end.target.chat_id),
            user_id: chunk.user_id,
            source_chat_id: chunk.source_chat_id,
            ban_event_id: chunk.ban_event_id,
            occurred: chunk.occurred.clone(),
        };
        match pending(chunk, &end.outcome) {
            Some(true) => self.syncs.keep_pending(&of_this).await,
            Some(false) => self.syncs.end_pending(&of_this).await,
            None => Ok(()),
        }
    }

    /// Counts the chunk; whoever completes the last part closes the sync.
    pub async fn done(&self, chunk: &ChunkMessage) -> anyhow::Result<()> {
        let Some(progress) = self.syncs.chunk_done(chunk).await? else { return Ok(()) };
        if !progress.part_done {
            return Ok(());
        }
        if self.syncs.finish_part(chunk.sync_id, chunk.part, progress.only, progress.next).await? {
            tracing::info!(correlation_id = %chunk.ban_event_id, sync_id = %chunk.sync_id, "sync closed");
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

/// The message that brings the targets to retry, and its delay in seconds.
fn rest(chunk: &ChunkMessage, again: Vec<(Target, Wait)>, wait_ms: i64) -> (ChunkMessage, i64) {
    let seed = derive(&[&chunk.sync_id.to_string(), &format!("{}/{}/{}", chunk.part, chunk.chunk, chunk.round)]);
    let delay = calls::delay(&again, seed.as_bytes()[0]).max(seconds(wait_ms));
    let targets = again.into_iter().map(|(target, _)| target).collect();
    (ChunkMessage { targets, round: chunk.round + 1, ..chunk.clone() }, delay)
}

/// What the bot has lost in a chat, by the answer to a call. What was known before is no news.
fn lost(end: &Ended) -> Option<(ChatId, ChatState)> {
    if matches!(end.target.task, Task::End(_)) {
        return None;
    }
    let state = match end.outcome {
        Outcome::Failed(Reason::NoRights) => ChatState::Suspended,
        Outcome::Failed(Reason::ChatGone) => ChatState::Removed,
        _ => return None,
    };
    Some((end.migrated_to.unwrap_or(end.target.chat_id), state))
}

fn about(end: &Ended) -> About {
    match end.outcome {
        Outcome::Skipped(Reason::NewSource) => About::NewSource,
        Outcome::Skipped(Reason::Held) => About::Held,
        Outcome::Skipped(Reason::Flooded) => About::Flooded,
        _ => About::Ban,
    }
}

/// Is the chat asked about this one decision, as it has just come?
fn asks_about_one(chunk: &ChunkMessage, end: &Ended) -> bool {
    end.outcome.is_question() && about(end) == About::Ban && chunk.origin.is_news()
}

/// The question to the chat's admins. `number`: of those about the same within an hour. `first`: from [`Worker::first_of_hand`].
fn question(chunk: &ChunkMessage, end: &Ended, now: i64, number: u32, first: Option<&Summary>) -> Question {
    let (about, chat_id, user_id, source_chat_id) = (about(end), end.target.chat_id, chunk.user_id, chunk.source_chat_id);
    // What is asked about later than the ban came is a question of its own: that of then may have run out.
    let decided = first.map_or(&chunk.occurred, |first| &first.occurred);
    let at = if chunk.origin.is_news() { decided.at().unwrap_or_default() } else { now };
    let question_id = id_of(about, first.map_or(source_chat_id, |first| first.source_chat_id), user_id, chat_id, at, number);
    Question { question_id, about, chat_id, user_id, source_chat_id, asked_at: now, choice: None, decided_by: None }
}

/// Is the person to be banned when they come (`true`), or no longer (`false`)? `None`: that stays as it is.
fn pending(chunk: &ChunkMessage, outcome: &Outcome) -> Option<bool> {
    if chunk.kind == Kind::Ban && outcome.is_pending() {
        return Some(true);
    }
    // Where it failed, the ban stays pending.
    (matches!(chunk.origin, Origin::Joined | Origin::Added) && !matches!(outcome, Outcome::Failed(_))).then_some(false)
}

fn entry(chunk: &ChunkMessage, end: &Ended) -> LogEntry {
    let at_ms = end.at_ms.unwrap_or_else(time::now_ms);
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
        at: at_ms / 1000,
        millis: (at_ms % 1000) as u16,
        until: end.until,
        prior: end.prior,
        was_member: end.was_member,
        begun: end.outcome.is_timed_out() && end.at_ms.is_some(),
        mute: end.mute,
        term: if let (Outcome::Applied | Outcome::Already, Task::Ban(term)) = (end.outcome, end.target.task) { Some(term) } else { None },
    };
    LogEntry { entry, tries: end.target.tries }
}

/// Whole seconds that are not too short.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{chunk, target};

    const CHAT: ChatId = ChatId(-100);

    #[test]
    fn targets_to_retry_travel_on_as_the_next_round_after_the_longest_of_their_waits() {
        let chunk = ChunkMessage { round: 2, ..chunk() };
        let tried = |tries| Target { tries, ..target(CHAT) };
        for (again, wait_ms, least, most) in [
            (vec![(tried(0), Wait::NotBegun)], 0, 0, 0),
            (vec![(tried(0), Wait::NotBegun)], 1, 1, 1),
            (vec![(tried(0), Wait::NotBegun)], 2500, 3, 3),
            (vec![(tried(0), Wait::Flood(40)), (tried(0), Wait::NotBegun)], 2500, 40, 40),
            (vec![(tried(1), Wait::Failed)], 0, 2, 4),
            (vec![(tried(2), Wait::Failed), (tried(1), Wait::Failed)], 0, 8, 16),
            (vec![(tried(1), Wait::Failed)], 60_000, 60, 60),
        ] {
            let targets: Vec<_> = again.iter().map(|(target, _)| target.clone()).collect();
            let (rest, delay) = rest(&chunk, again.clone(), wait_ms);
            assert!((least..=most).contains(&delay), "{delay} s after {again:?}, {wait_ms} ms");
            assert_eq!(rest, ChunkMessage { targets, round: 3, ..chunk.clone() });
        }
    }

    #[test]
    fn chunks_that_failed_together_do_not_come_again_together() {
        let again = || vec![(Target { tries: 2, ..target(CHAT) }, Wait::Failed)];
        let delays: std::collections::BTreeSet<_> = (0..25).map(|n| rest(&ChunkMessage { chunk: n, ..chunk() }, again(), 0).1).collect();
        assert!(delays.len() > 3, "{delays:?}");
        assert_eq!(rest(&chunk(), again(), 0).1, rest(&chunk(), again(), 0).1, "the same for a message that comes twice");
    }

    #[test]
    fn what_a_call_tells_of_the_bots_rights_is_news_of_the_chat_as_it_is_now() {
        let to_ban = target(CHAT);
        let known = |outcome| Target { task: Task::End(outcome), ..target(CHAT) };
        let (no_rights, gone) = (Outcome::Failed(Reason::NoRights), Outcome::Failed(Reason::ChatGone));
        for (target, outcome, migrated_to, expected) in [
            (to_ban.clone(), no_rights, None, Some((CHAT, ChatState::Suspended))),
            (to_ban.clone(), gone, None, Some((CHAT, ChatState::Removed))),
            (to_ban.clone(), no_rights, Some(ChatId(-200)), Some((ChatId(-200), ChatState::Suspended))),
            (to_ban.clone(), Outcome::Failed(Reason::TelegramError), None, None),
            (to_ban.clone(), Outcome::Skipped(Reason::IsAdmin), None, None),
            (to_ban, Outcome::Applied, Some(ChatId(-200)), None),
            (known(no_rights), no_rights, None, None),
            (known(gone), gone, None, None),
        ] {
            let end = Ended { migrated_to, ..Ended::new(target, outcome) };
            assert_eq!(lost(&end), expected, "{end:?}");
        }
    }

    #[test]
    fn a_question_says_why_it_is_asked() {
        for (reason, about) in [
            (Reason::Asked, About::Ban),
            (Reason::NewSource, About::NewSource),
            (Reason::Held, About::Held),
            (Reason::Flooded, About::Flooded),
        ] {
            let (chunk, question) = (chunk(), question(&chunk(), &Ended::new(target(CHAT), Outcome::Skipped(reason)), 1000, 0, None));
            assert_eq!((question.chat_id, question.user_id, question.source_chat_id), (CHAT, chunk.user_id, chunk.source_chat_id));
            assert_eq!(question.about, about, "{reason:?}");
        }
    }

    #[test]
    fn a_ban_is_pending_while_telegram_does_not_know_the_person_and_until_it_is_dealt_with() {
        let unknown = Outcome::Skipped(Reason::UnknownUser);
        for (kind, origin, outcome, expected) in [
            (Kind::Ban, Origin::Ban, unknown, Some(true)),
            (Kind::Ban, Origin::Joined, unknown, Some(true)),
            (Kind::Lift, Origin::Unban, unknown, None),
            (Kind::Ban, Origin::Ban, Outcome::Applied, None),
            (Kind::Ban, Origin::Joined, Outcome::Applied, Some(false)),
            (Kind::Ban, Origin::Joined, Outcome::Already, Some(false)),
            (Kind::Ban, Origin::Joined, Outcome::Skipped(Reason::Lifted), Some(false)),
            (Kind::Ban, Origin::Added, Outcome::Skipped(Reason::Asked), Some(false)),
            (Kind::Ban, Origin::Joined, Outcome::Failed(Reason::NoRights), None),
        ] {
            assert_eq!(pending(&ChunkMessage { kind, origin, ..chunk() }, &outcome), expected, "{kind:?} {origin:?} {outcome:?}");
        }
    }
}
