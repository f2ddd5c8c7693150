//! A sync is begun, and continued where it has more chats than a part.
//!
//! Chunks are sent before their part begins. When this function dies in between, its event comes again and makes a new plan; chunks of the
//! one that was given up find another plan's id in the store and end there. So a part that has begun has all its chunks.

use crate::Planner;
use anyhow::Context as _;
use aws::queue::Message;
use aws::store::sync::{Part, Summary};
use aws::time;
use domain::event::{self, Ban, Envelope, SyncRequested};
use domain::ids::UserId;
use domain::question::{About, Question, id_of_held};
use domain::sync::{ChunkMessage, Flow, Kind, Origin, Outcome, Plan, Reason, Request, SyncStatus, Task, Totals, Whom, further_sync_id};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Seconds that a chunk waits at least, so that its part has begun when it comes.
const HEAD_START: i64 = 1;

/// A sync as its parts need it.
pub struct Sync<'a> {
    pub sync_id: Uuid,
    pub kind: Kind,
    pub origin: Origin,
    pub by: Option<UserId>,
    pub ban: &'a Ban,
}

impl Planner {
    /// Begins a sync, once.
    pub async fn begin(&self, request: &Request, ban: &Ban) -> anyhow::Result<()> {
        let Request { sync_id, kind, origin, by, .. } = *request;
        if self.syncs.summary(sync_id).await?.is_some() {
            return Ok(());
        }
        let sync = Sync { sync_id, kind, origin, by, ban };
        let held = self.is_held(&sync).await?;
        let (plan, next) = self.page(&sync, &request.whom, None, &self.flow(&sync, held)).await?;
        // Whoever has asked finds a sync of no chats; for others there is none.
        if plan.is_empty() && origin.is_news() {
            return Ok(());
        }
        let plan_id = Uuid::new_v4();
        let chunks = self.send(&sync, &plan, plan_id, 0, next.is_some()).await?;
        if held && plan.all().any(|target| target.task == Task::End(Outcome::Skipped(Reason::Held))) {
            self.ask_source(ban).await?;
        }
        let started_at_ms = time::now_ms();
        let summary = Summary {
            sync_id,
            ban_event_id: ban.ban_event_id,
            kind,
            origin,
            plan: plan_id,
            user_id: ban.user_id,
            user_name: ban.user_name.clone(),
            source_chat_id: ban.chat_id,
            source_chat_title: ban.chat_title.clone(),
            reason: ban.reason.clone(),
            occurred: ban.occurred.clone(),
            until: ban.until,
            event_timestamp: ban.event_timestamp,
            total_chats: u32::try_from(plan.chats()).context("more chats than a part has")?,
            chunks,
            done_chunks: BTreeSet::new(),
            whom: next.is_some().then(|| request.whom.clone()),
            parts: next.is_none().then_some(1),
            next,
            done_parts: BTreeSet::new(),
            undo: None,
            status: if plan.is_empty() { SyncStatus::Completed } else { SyncStatus::Running },
            totals: Totals::default(),
            started_at_ms,
            day: Summary::day_of(started_at_ms),
            completed_at_ms: plan.is_empty().then_some(started_at_ms),
            expires_at: Summary::expiry(),
            version: Summary::VERSION,
        };
        self.syncs.begin(&summary).await?;
        tracing::info!(correlation_id = %ban.ban_event_id, %sync_id, ?origin, chats = summary.total_chats, chunks, held, more = summary.next.is_some(), "sync planned");
        Ok(())
    }

    /// Plans a further part, once.
    pub async fn go_on(&self, sync_id: Uuid, number: u32) -> anyhow::Result<()> {
        let summary = self.syncs.summary(sync_id).await?.context("the sync of this part is not stored")?;
        if summary.status != SyncStatus::Running {
            return Ok(());
        }
        let last;
        if let Some(begun) = self.syncs.part(sync_id, number).await? {
            last = begun.next.is_none().then_some(number + 1);
        } else {
            let cursor = match number {
                1 => summary.next.clone(),
                later => self.syncs.part(sync_id, later - 1).await?.context("the part before this one is not stored")?.next,
            };
            let (whom, cursor) = summary.whom.as_ref().zip(cursor).context("nothing comes after the part before this one")?;
            let ban = ban_of(&summary);
            let sync = Sync { sync_id, kind: summary.kind, origin: summary.origin, by: None, ban: &ban };
            let held = self.is_held(&sync).await?;
            let flow = Flow { settle: HEAD_START, ..self.flow(&sync, held) };
            let (plan, next) = self.page(&sync, whom, Some(cursor), &flow).await?;
            if plan.is_empty() {
                last = Some(number);
            } else {
                let plan_id = Uuid::new_v4();
                let chunks = self.send(&sync, &plan, plan_id, number, true).await?;
                let is_last = next.is_none();
                let part = Part { plan: plan_id, chunks, done_chunks: BTreeSet::new(), next };
                self.syncs.begin_part(sync_id, number, &part).await?;
                last = is_last.then_some(number + 1);
                tracing::info!(correlation_id = %ban.ban_event_id, %sync_id, part = number, chats = plan.chats(), chunks, "part of a sync planned");
            }
        }
        if let Some(parts) = last
            && self.syncs.set_parts(sync_id, parts).await?
        {
            tracing::info!(correlation_id = %summary.ban_event_id, %sync_id, "sync closed");
        }
        Ok(())
    }

    /// Does the source ban more than anybody should without being asked? The same answer whenever it is asked of the same event.
    async fn is_held(&self, sync: &Sync<'_>) -> anyhow::Result<bool> {
        if sync.origin != Origin::Ban {
            return Ok(false);
        }
        let ban = sync.ban;
        let bans = self.bans.count_in_chat(ban.chat_id, ban.event_timestamp - 3600, &ban.occurred).await?;
        Ok(bans > self.most_bans)
    }

    fn flow(&self, sync: &Sync<'_>, held: bool) -> Flow {
        let settle = if sync.origin.is_news() { self.settle } else { HEAD_START };
        let ban = sync.ban;
        Flow { user: ban.user_id, source: ban.chat_id, until: ban.until, origin: sync.origin, held, settle }
    }

    /// Sends a plan's chunks and puts off what is later; how many chunks.
    async fn send(&self, sync: &Sync<'_>, plan: &Plan, plan_id: Uuid, part: u32, bulk: bool) -> anyhow::Result<u32> {
        for (&delay, chats) in &plan.later {
            self.put_off(sync, part, delay, Whom::Chats(chats.clone())).await?;
        }
        let chunks = plan.chunks(self.calls_per_second);
        let count = u32::try_from(chunks.len()).context("more chunks than a part has")?;
        let messages = chunks.into_iter().map(|chunk| {
            let message = ChunkMessage {
                sync_id: sync.sync_id,
                ban_event_id: sync.ban.ban_event_id,
                plan: plan_id,
                part,
                chunk: chunk.number,
                kind: sync.kind,
                origin: sync.origin,
                user_id: sync.ban.user_id,
                source_chat_id: sync.ban.chat_id,
                occurred: sync.ban.occurred.clone(),
                bulk,
                round: 0,
                targets: chunk.targets,
            };
            Message::new(&message, chunk.delay.max(HEAD_START))
        });
        self.queue.send_all(messages.collect::<anyhow::Result<_>>()?).await?;
        Ok(count)
    }

    /// A sync of its own for chats whose delay is longer than a queue can hold.
    async fn put_off(&self, sync: &Sync<'_>, part: u32, delay: i64, whom: Whom) -> anyhow::Result<()> {
        let (event_id, origin) = (sync.ban.ban_event_id, Origin::Delayed);
        let later = further_sync_id(event_id, origin, &format!("{part}:{delay}"));
        let request = Request { sync_id: later, ban_event_id: event_id, kind: Kind::Ban, origin, whom, by: None, waits: true };
        self.syncs.request(&request).await?;
        let due = sync.ban.event_timestamp.max(time::now() - delay) + delay;
        let payload = SyncRequested { sync_id: later, ban_event_id: event_id };
        let envelope = Envelope::new(event::SYNC_REQUESTED, &later.to_string(), due, payload);
        self.scheduler.at(later, due.max(time::now() + HEAD_START), &json!({ "detail": envelope })).await
    }

    /// The source's own admins are asked whether these bans are meant.
    async fn ask_source(&self, ban: &Ban) -> anyhow::Result<()> {
        let question = Question {
            question_id: id_of_held(ban.chat_id, ban.chat_id, ban.event_timestamp),
            about: About::Release,
            chat_id: ban.chat_id,
            user_id: ban.user_id,
            source_chat_id: ban.chat_id,
            asked_at: time::now(),
            choice: None,
            decided_by: None,
        };
        // Where it is answered already, the admins of the other chats still decide for themselves.
        self.syncs.ask(&question, ban.ban_event_id, ban.initiator_user_id).await.map(drop)
    }
}

/// The decision as it stands in a sync's summary.
fn ban_of(summary: &Summary) -> Ban {
    Ban {
        ban_event_id: summary.ban_event_id,
        user_id: summary.user_id,
        chat_id: summary.source_chat_id,
        ban_type: String::new(),
        reason: None,
        initiator_user_id: None,
        event_type: if summary.origin == Origin::Unban { domain::member::Action::Unban } else { domain::member::Action::Ban },
        until: summary.until,
        event_timestamp: summary.event_timestamp,
        occurred: summary.occurred.clone(),
        chat_title: None,
        user_name: None,
    }
}
