//! A part that does not move is planned again, for the chats that have no result: its chunks may be in the dead-letter queue, or lost with a
//! planner that died. What is left after [`MOST_REPLANS`] plans is given up, and its admins are told.

use crate::planning::{HEAD_START, Sync, ban_of, flow, message};
use crate::{Lift, Planner};
use anyhow::Context as _;
use aws::metrics;
use aws::queue::Message;
use aws::store::sync::{Planned, Summary};
use domain::event::SyncStuck;
use domain::sync::deadline::MOST_REPLANS;
use domain::sync::{Origin, Plan, SyncStatus, Target, Whom};
use uuid::Uuid;

impl Planner {
    pub async fn stuck(&self, stuck: SyncStuck) -> anyhow::Result<()> {
        let SyncStuck { sync_id, reached } = stuck;
        let summary = self.syncs.summary(sync_id).await?.context("the sync that is stuck is not stored")?;
        // It may have moved since it was looked at.
        if summary.status != SyncStatus::Running || self.syncs.reached(&summary).await? != reached {
            return Ok(());
        }
        metrics::count("syncs_stuck_total", None, 1);
        tracing::error!(correlation_id = %summary.ban_event_id, %sync_id, part = reached.part, "a sync does not move; it is planned again");
        let Some(planned) = self.syncs.planned(&summary, reached.part).await? else { return self.go_on(sync_id, reached.part).await };
        let rest = self.rest_of(&summary, reached.part).await?;
        if rest.is_empty() || planned.replans >= MOST_REPLANS {
            return self.finish(&summary, reached.part, &planned, &rest).await;
        }
        self.plan_again(&summary, reached.part, &planned, rest).await
    }

    /// The targets of a part that have no result.
    async fn rest_of(&self, summary: &Summary, part: u32) -> anyhow::Result<Vec<Target>> {
        let cursor = match part {
            0 => None,
            1 => summary.next.clone(),
            later => self.syncs.part(summary.sync_id, later - 1).await?.and_then(|before| before.next),
        };
        let Some(whom) = self.whom_of(summary).await? else { return Ok(Vec::new()) };
        let ban = ban_of(summary);
        let by = self.syncs.requested(summary.sync_id).await?.and_then(|request| request.by);
        let sync = Sync { sync_id: summary.sync_id, kind: summary.kind, origin: summary.origin, by, ban: &ban };
        let held = self.is_held(&sync).await?;
        let (plan, _) = self.page(&sync, &whom, cursor, &flow(&sync, held, HEAD_START)).await?;
        self.put_off_later(&sync, &plan, part).await?;
        let (results, intended) = self.syncs.targets_of_part(summary.sync_id, part).await?;
        let rest = plan.targets.into_values().flatten().filter(|target| !results.contains_key(&target.chat_id));
        Ok(rest.map(|target| Target { intended: intended.get(&target.chat_id).copied(), ..target }).collect())
    }

    /// The chats that a sync is about; `None`: there are none any more.
    async fn whom_of(&self, summary: &Summary) -> anyhow::Result<Option<Whom>> {
        if let Some(whom) = &summary.whom {
            return Ok(Some(whom.clone()));
        }
        if let Some(request) = self.syncs.requested(summary.sync_id).await? {
            return Ok(Some(request.whom));
        }
        Ok(match summary.origin {
            Origin::Unban => Lift::of(&self.syncs.of_user(summary.user_id).await?, &ban_of(summary)).map(|lift| lift.request.whom),
            _ => Some(Whom::Followers),
        })
    }

    /// The plan is stored before its chunks are sent, or one that is early would be taken for given up; when this dies in between, the part is
    /// stuck once more.
    async fn plan_again(&self, summary: &Summary, part: u32, planned: &Planned, rest: Vec<Target>) -> anyhow::Result<()> {
        let chats = rest.len();
        let plan = Plan { targets: [(HEAD_START, rest)].into(), ..Plan::default() };
        let chunks = plan.chunks(self.calls_per_second);
        let (plan_id, ban) = (Uuid::new_v4(), ban_of(summary));
        if !self.syncs.replan(summary.sync_id, part, planned, plan_id, chunks.len() as u32).await? {
            return Ok(());
        }
        let sync = Sync { sync_id: summary.sync_id, kind: summary.kind, origin: summary.origin, by: None, ban: &ban };
        let messages = chunks.into_iter().map(|mut chunk| {
            chunk.number += planned.first_number();
            let delay = chunk.delay;
            Message::new(&message(&sync, plan_id, part, summary.is_bulk(), chunk), delay)
        });
        self.queue.send_all(messages.collect::<anyhow::Result<_>>()?).await?;
        tracing::info!(correlation_id = %summary.ban_event_id, sync_id = %summary.sync_id, part, chats, "part of a sync planned again");
        Ok(())
    }

    /// Ends a part; what is left of it has failed.
    async fn finish(&self, summary: &Summary, part: u32, planned: &Planned, rest: &[Target]) -> anyhow::Result<()> {
        self.syncs.give_up(summary, part, planned, rest).await?;
        // Chunks that come after this find another plan.
        self.syncs.replan(summary.sync_id, part, planned, Uuid::new_v4(), 0).await?;
        let only = part == 0 && summary.next.is_none();
        self.syncs.finish_part(summary.sync_id, part, only, planned.next.is_some()).await?;
        tracing::error!(correlation_id = %summary.ban_event_id, sync_id = %summary.sync_id, part, chats = rest.len(), "the rest of a sync is given up");
        Ok(())
    }
}
