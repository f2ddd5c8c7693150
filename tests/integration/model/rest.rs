//! The end of a round: nothing is under way any more, and every chat is as the reference says.

use super::SETTLE;
use super::at_rest::{at_rest, given_up};
use super::failure::Late;
use super::pace::Turn;
use super::patience::patiently;
use super::reference::{CHATS, Expected, PEOPLE, Record, Told};
use super::world::{ROUNDS, SYNCS, World};
use anyhow::{Result, bail};
use domain::ids::{ChatId, UserId};
use domain::sync::ledger::Entry;
use domain::sync::{self, Outcome, SyncStatus};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a round may take until its syncs have ended.
pub const LONGEST_ROUND: Duration = Duration::from_secs(300);

/// How long nothing of a history may be seen under way and something be wrong, until all others stop for it: what is on its way to the
/// planner is not seen.
const LONGEST_WRONG: Duration = Duration::from_secs(60);

/// A moment, Unix seconds: all that happened before it in any history has come to the planner.
static PLANNED: AtomicI64 = AtomicI64::new(0);
/// How often the ledger had to tell what was done first.
pub static WITNESSES: AtomicUsize = AtomicUsize::new(0);

impl World<'_> {
    /// Ends a round: waits until nothing is under way, and compares.
    ///
    /// # Errors
    /// [`Late`] where a sync does not begin or end; any other where all is at rest and wrong.
    pub(super) async fn rest(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let Some(began) = self.began.take() else { return Ok(()) };
        let mut told = std::mem::take(&mut self.news);
        told.extend(self.told().await?);
        let mut expected = self.reference.carry(&told);
        let asked = std::mem::take(&mut self.asked).into_iter().chain(self.begun_by_coming().await?);
        expected.syncs.extend(asked.map(|sync| (sync, 0)));
        ROUNDS.fetch_add(1, Ordering::Relaxed);
        SYNCS.fetch_add(expected.syncs.len(), Ordering::Relaxed);
        if !expected.syncs.is_empty() {
            tokio::time::sleep(SETTLE.saturating_sub(began.elapsed())).await;
        }
        if let Some(meddling) = self.meddling.take() {
            let more = self.meddle(meddling).await?;
            expected.add(self.reference.carry(&more));
            told.extend(more);
        }
        let (accepted, mut wrong_since, mut looked_twice) = (Instant::now(), None, !expected.lifts);
        loop {
            if let Some(what) = self.under_way(&mut expected, accepted).await? {
                self.late = self.late.max(began.elapsed().saturating_sub(SETTLE));
                if began.elapsed() > LONGEST_ROUND {
                    return Err(Late(format!("the end of {what}; told were {told:?}")).into());
                }
                wrong_since = None;
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            }
            let Some(wrong) = self.wrong(&told).await? else {
                if looked_twice {
                    self.reference.rests();
                    return Ok(());
                }
                // What sweeps up after a sync begins when that has ended.
                looked_twice = true;
                tokio::time::sleep(Duration::from_millis(2500)).await;
                continue;
            };
            if wrong_since.get_or_insert_with(Instant::now).elapsed() < LONGEST_WRONG {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            self.story.push(format!("  wrong for {LONGEST_WRONG:?}, all others stop: {wrong}"));
            let still = turn.alone(async || {
                at_rest(self.play).await?;
                self.wrong(&told).await
            });
            if let Some(wrong) = still.await? {
                if given_up(self.play).await? {
                    return Err(Late(format!("what was given up; {wrong}")).into());
                }
                bail!("{wrong}\n    told were {told:#?}");
            }
            wrong_since = None;
        }
    }

    /// What of this round goes on, as far as it is seen.
    async fn under_way(&self, expected: &mut Expected, accepted: Instant) -> Result<Option<String>> {
        if let Some(missing) = self.not_closed(&mut expected.syncs).await? {
            return Ok(Some(missing));
        }
        // Time enough for what begins no sync.
        let is_planned = |at| PLANNED.load(Ordering::Relaxed) > at + 3 || accepted.elapsed() > Duration::from_secs(15);
        let is_quiet = expected.quiet.is_none_or(is_planned);
        Ok((!is_quiet || self.is_running().await?).then(|| "a sync that nobody waits for".to_owned()))
    }

    /// Leaves out of `open` what is closed; the first that is not.
    async fn not_closed(&self, open: &mut Vec<(Uuid, i64)>) -> Result<Option<String>> {
        while let Some(&(sync, at)) = open.last() {
            match patiently(async || self.play.syncs.summary(sync).await).await? {
                Some(summary) if summary.status != SyncStatus::Running => PLANNED.fetch_max(at, Ordering::Relaxed),
                other => return Ok(Some(format!("sync {sync}: {:?}", other.map(|summary| summary.status)))),
            };
            open.pop();
        }
        Ok(None)
    }

    async fn is_running(&self) -> Result<bool> {
        for &person in &self.people {
            let syncs = patiently(async || self.play.syncs.of_user(UserId(person)).await).await?;
            if syncs.iter().any(|sync| sync.status == SyncStatus::Running) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first chat that is not as it must be, whatever witnesses tell; where all are, the reference knows now how they are.
    async fn wrong(&mut self, told: &[Told]) -> Result<Option<String>> {
        self.reference.work_out(aws::time::now());
        match self.differs().await? {
            Some(_) if self.witnesses(told).await? => self.differs().await,
            differs => Ok(differs),
        }
    }

    /// As [`World::wrong`], without witnesses.
    async fn differs(&mut self) -> Result<Option<String>> {
        let mut seen = Vec::new();
        for chat in 0..CHATS {
            for person in 0..PEOPLE {
                seen.push((chat, person, self.banned(chat, person).await?));
            }
        }
        // Bans run out meanwhile.
        let now = aws::time::now();
        for &(chat, person, banned) in &seen {
            if !self.reference.allows(chat, person, banned, now) {
                let (states, chats) = (self.reference.states(chat, person), &self.reference.chats[chat]);
                let entries = self.entries(chat, person).await?;
                let (id, user) = (self.chats[chat], self.people[person]);
                return Ok(Some(format!(
                    "person {person} ({user}) in chat {chat} ({id}) is {banned:?} at {now}, must be one of {states:#?}\n    chat: {chats:?}\n    ledger: {entries:#?}\n    chats: {:?}",
                    self.chats
                )));
            }
        }
        for (chat, person, banned) in seen {
            self.reference.ended(chat, person, banned, now);
        }
        Ok(None)
    }

    async fn entries(&self, chat: usize, person: usize) -> Result<Vec<Entry>> {
        patiently(async || self.play.syncs.entries(ChatId(self.chats[chat]), UserId(self.people[person])).await).await
    }

    /// Where a decision was carried out before the bot knew of the one after it, the ledger is a witness. `false`: there is no such case.
    async fn witnesses(&mut self, told: &[Told]) -> Result<bool> {
        let mut found = false;
        for chat in 0..CHATS {
            for person in 0..PEOPLE {
                let banned = self.banned(chat, person).await?;
                if self.reference.allows(chat, person, banned, aws::time::now()) {
                    continue;
                }
                let entries = self.entries(chat, person).await?;
                let of = |entry: &Entry| told.iter().find(|told| told.event_id == entry.ban_event_id);
                let is_early = |entry: &&Entry| {
                    let overtaken = |event: &Told| {
                        let newer = |other: &&Told| {
                            other.person == person && [event.chat, chat].contains(&other.chat) && other.occurred > event.occurred
                        };
                        told.iter().filter(newer).any(|newer| entry.at <= newer.accepted_ms / 1000)
                    };
                    entry.outcome == Outcome::Applied && of(entry).is_some_and(overtaken)
                };
                if !entries.iter().any(|entry| is_early(&entry)) {
                    continue;
                }
                let round = self.reference.round;
                let done = entries.iter().filter_map(|entry| {
                    let source = of(entry)?.chat;
                    let set = match entry.outcome {
                        Outcome::Applied => true,
                        Outcome::Already => false,
                        _ => return None,
                    };
                    let lift = entry.kind == sync::Kind::Lift;
                    Some(Record {
                        source,
                        event: entry.ban_event_id,
                        occurred: entry.occurred.clone(),
                        round,
                        lift,
                        set,
                        wanted: None,
                        ban_type: None,
                        prior: entry.prior,
                    })
                });
                let done = done.collect();
                self.reference.witnessed(chat, person, banned, done);
                self.story.push(format!("  a witness tells of person {person} in chat {chat}: {banned:?}"));
                WITNESSES.fetch_add(1, Ordering::Relaxed);
                found = true;
            }
        }
        Ok(found)
    }
}
