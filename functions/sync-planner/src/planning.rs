//! A sync is begun, and continued where it has more chats than a part.
//!
//! Chunks are sent before their part begins. When this function dies in between, its event comes again and makes a new plan; chunks of the
//! one that was given up find another plan's id in the store and end there. So a part that has begun has all its chunks.

use crate::Planner;
use anyhow::Context as _;
use aws::queue::Message;
use aws::store::sync::{Part, Summary};
use aws::store::users::Listed;
use aws::time;
use domain::event::{self, Ban, Envelope, SyncRequested};
use domain::ids::{ChatId, UserId};
use domain::sync::deadline::{Deadline, LOOK_EVERY};
use domain::sync::{Chunk, ChunkMessage, Flow, Kind, Origin, Plan, Request, SyncStatus, Totals, Whom, further_sync_id};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Seconds that a chunk waits at least, so that its part has begun when it comes.
pub const HEAD_START: i64 = 1;

/// Chats that are told of a source at a time.
const AT_A_TIME: usize = 16;

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
        let (plan, next) = self.page(&sync, &request.whom, None, &flow(&sync, held, self.settle)).await?;
        // Whoever has asked finds a sync of no chats; for others there is none.
        if plan.is_empty() && origin.is_news() {
            return Ok(());
        }
        let plan_id = Uuid::new_v4();
        let chunks = self.send(&sync, &plan, plan_id, 0, next.is_some()).await?;
        let summary = summary(&sync, &request.whom, &plan, plan_id, chunks, next)?;
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
            last = parts(number, true, begun.next.is_some());
        } else {
            let cursor = match number {
                1 => summary.next.clone(),
                later => self.syncs.part(sync_id, later - 1).await?.context("the part before this one is not stored")?.next,
            };
            let (whom, cursor) = summary.whom.as_ref().zip(cursor).context("nothing comes after the part before this one")?;
            let ban = ban_of(&summary);
            let sync = Sync { sync_id, kind: summary.kind, origin: summary.origin, by: None, ban: &ban };
            let held = self.is_held(&sync).await?;
            let flow = flow(&sync, held, HEAD_START);
            let (plan, next) = self.page(&sync, whom, Some(cursor), &flow).await?;
            last = parts(number, !plan.is_empty(), next.is_some());
            if !plan.is_empty() {
                let plan_id = Uuid::new_v4();
                let chunks = self.send(&sync, &plan, plan_id, number, true).await?;
                let part = Part { plan: plan_id, chunks, done_chunks: BTreeSet::new(), next, replans: 0 };
                if !self.syncs.begin_part(sync_id, number, &part).await? {
                    // Somebody else has planned it meanwhile, perhaps otherwise: our chunks are of a plan that was given up.
                    return Box::pin(self.go_on(sync_id, number)).await;
                }
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
    pub async fn is_held(&self, sync: &Sync<'_>) -> anyhow::Result<bool> {
        if sync.origin != Origin::Ban {
            return Ok(false);
        }
        let ban = sync.ban;
        let bans = self.bans.count_in_chat(ban.chat_id, ban.event_timestamp - 3600, &ban.occurred, self.most_bans + 1).await?;
        Ok(bans > self.most_bans)
    }

    /// Sends a plan's chunks and puts off what is later; how many chunks.
    async fn send(&self, sync: &Sync<'_>, plan: &Plan, plan_id: Uuid, part: u32, bulk: bool) -> anyhow::Result<u32> {
        self.put_off_later(sync, plan, part).await?;
        self.introduce(sync.ban.chat_id, &plan.introduced).await?;
        let chunks = plan.chunks(self.calls_per_second);
        let count = u32::try_from(chunks.len()).context("more chunks than a part has")?;
        let messages = chunks.into_iter().map(|chunk| {
            let delay = chunk.delay.max(HEAD_START);
            Message::new(&message(sync, plan_id, part, bulk, chunk), delay)
        });
        let mut messages = messages.collect::<anyhow::Result<Vec<_>>>()?;
        if part == 0 && count > 0 {
            // Along with the chunks: no further call.
            messages.push(Message::new(&Deadline::new(sync.sync_id), LOOK_EVERY)?);
        }
        self.queue.send_all(messages).await?;
        Ok(count)
    }

    /// Chats whose delay is longer than a queue can hold have syncs of their own.
    pub async fn put_off_later(&self, sync: &Sync<'_>, plan: &Plan, part: u32) -> anyhow::Result<()> {
        for (&delay, chats) in &plan.later {
            self.put_off(sync, part, delay, Whom::Chats(chats.clone())).await?;
        }
        Ok(())
    }

    /// The source is a known one in these chats from now on. A chat whose list is full goes on as its settings say.
    async fn introduce(&self, source: ChatId, chats: &[ChatId]) -> anyhow::Result<()> {
        let known = chats.iter().map(|&chat| self.users.enlist(chat, Listed::KnownSource(source)));
        stream::iter(known).buffer_unordered(AT_A_TIME).try_for_each(async |_| Ok(())).await
    }

    /// A sync of its own for chats whose delay is longer than a queue can hold.
    async fn put_off(&self, sync: &Sync<'_>, part: u32, delay: i64, whom: Whom) -> anyhow::Result<()> {
        let (event_id, origin) = (sync.ban.ban_event_id, Origin::Delayed);
        let later = further_sync_id(event_id, origin, &format!("{part}:{delay}"));
        let request = Request { sync_id: later, ban_event_id: event_id, kind: Kind::Ban, origin, whom, by: None, waits: true };
        self.syncs.request(&request).await?;
        let due = (sync.ban.event_timestamp + delay).max(time::now());
        let payload = SyncRequested { sync_id: later, ban_event_id: event_id };
        let envelope = Envelope::new(event::SYNC_REQUESTED, &later.to_string(), due, payload);
        self.scheduler.at(later, due.max(time::now() + HEAD_START), &json!({ "detail": envelope })).await
    }
}

/// `settle`: seconds that a decision waits at least. What somebody has asked for need not prove itself.
pub fn flow(sync: &Sync<'_>, held: bool, settle: i64) -> Flow {
    let settle = if sync.origin.is_news() { settle } else { HEAD_START };
    let ban = sync.ban;
    let lasts = ban.until.map(|until| until - ban.event_timestamp);
    Flow { user: ban.user_id, source: ban.chat_id, until: ban.until, lasts, origin: sync.origin, held, settle }
}

/// The summary of a sync that begins with `plan`. `next`: where its second part begins.
fn summary(sync: &Sync<'_>, whom: &Whom, plan: &Plan, plan_id: Uuid, chunks: u32, next: Option<String>) -> anyhow::Result<Summary> {
    let Sync { sync_id, kind, origin, ban, .. } = *sync;
    let started_at_ms = time::now_ms();
    Ok(Summary {
        sync_id,
        ban_event_id: ban.ban_event_id,
        kind,
        origin,
        plan: plan_id,
        user_id: ban.user_id,
        user_name: ban.user_name.clone(),
        source_chat_id: ban.chat_id,
        source_chat_title: ban.chat_title.clone(),
        source_public: ban.chat_public,
        reason: ban.reason.clone(),
        initiator_user_id: ban.initiator_user_id,
        initiator_bot: ban.initiator_bot.clone(),
        occurred: ban.occurred.clone(),
        until: ban.until,
        event_timestamp: ban.event_timestamp,
        total_chats: u32::try_from(plan.chats()).context("more chats than a part has")?,
        chunks,
        done_chunks: BTreeSet::new(),
        whom: next.is_some().then(|| whom.clone()),
        parts: parts(0, true, next.is_some()),
        next,
        replans: 0,
        done_parts: BTreeSet::new(),
        undo: None,
        status: if plan.is_empty() { SyncStatus::Completed } else { SyncStatus::Running },
        totals: Totals::default(),
        started_at_ms,
        day: Summary::day_of(started_at_ms),
        completed_at_ms: plan.is_empty().then_some(started_at_ms),
        expires_at: Summary::expiry(),
        version: Summary::VERSION,
    })
}

/// How many parts a sync has, once that is known. `number`: of the part that was planned last, from 0; `has_chats`: one that has none is not
/// begun; `goes_on`: another one follows.
fn parts(number: u32, has_chats: bool, goes_on: bool) -> Option<u32> {
    match (has_chats, goes_on) {
        (false, _) => Some(number),
        (true, false) => Some(number + 1),
        (true, true) => None,
    }
}

pub fn message(sync: &Sync<'_>, plan: Uuid, part: u32, bulk: bool, chunk: Chunk) -> ChunkMessage {
    ChunkMessage {
        sync_id: sync.sync_id,
        ban_event_id: sync.ban.ban_event_id,
        plan,
        part,
        chunk: chunk.number,
        kind: sync.kind,
        origin: sync.origin,
        user_id: sync.ban.user_id,
        source_chat_id: sync.ban.chat_id,
        occurred: sync.ban.occurred.clone(),
        bulk,
        round: 0,
        put_off: 0,
        targets: chunk.targets,
    }
}

/// The decision as it stands in a sync's summary.
pub fn ban_of(summary: &Summary) -> Ban {
    Ban {
        ban_event_id: summary.ban_event_id,
        user_id: summary.user_id,
        chat_id: summary.source_chat_id,
        ban_type: String::new(),
        reason: None,
        initiator_user_id: None,
        initiator_bot: None,
        event_type: if summary.origin == Origin::Unban { domain::member::Action::Unban } else { domain::member::Action::Ban },
        until: summary.until,
        event_timestamp: summary.event_timestamp,
        occurred: summary.occurred.clone(),
        chat_title: None,
        chat_public: false,
        user_name: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SOURCE, decided};
    use domain::ids::ChatId;
    use domain::member::Action;
    use domain::sync::{CHUNK_TARGETS, Follower};
    use std::collections::BTreeMap;

    fn sync(ban: &Ban, origin: Origin) -> Sync<'_> {
        Sync { sync_id: Uuid::from_u128(1), kind: Kind::Ban, origin, by: None, ban }
    }

    /// A plan of bans in so many chats.
    fn plan(sync: &Sync<'_>, chats: usize) -> Plan {
        let follower = |n| Follower { chat_id: ChatId(-100 - n), admin: UserId(9), mode: domain::subscription::Mode::Auto };
        Plan::ban(&(0..chats as i64).map(follower).collect::<Vec<_>>(), &BTreeMap::new(), &flow(sync, false, 5))
    }

    #[test]
    fn what_telegram_tells_waits_until_it_has_settled_and_what_somebody_asks_for_does_not() {
        let ban = Ban { until: Some(900), ..decided(7, Action::Ban, 100) };
        for (origin, expected) in [
            (Origin::Ban, 5),
            (Origin::Unban, 5),
            (Origin::Confirmed, HEAD_START),
            (Origin::Delayed, HEAD_START),
            (Origin::Triggered, HEAD_START),
            (Origin::Retried, HEAD_START),
            (Origin::Joined, HEAD_START),
            (Origin::Released, HEAD_START),
            (Origin::LetThrough, HEAD_START),
            (Origin::UndoneHere, HEAD_START),
            (Origin::UndoneEverywhere, HEAD_START),
        ] {
            let flow = flow(&sync(&ban, origin), true, 5);
            assert_eq!((flow.settle, flow.origin), (expected, origin));
            assert_eq!((flow.user, flow.source, flow.until, flow.held), (UserId(5), SOURCE, Some(900), true));
        }
    }

    #[test]
    fn how_many_parts_there_are_is_known_when_none_follows_and_an_empty_one_does_not_count() {
        for (number, has_chats, goes_on, expected) in [
            (0, true, false, Some(1)),
            (0, true, true, None),
            (1, true, true, None),
            (1, true, false, Some(2)),
            (1, false, false, Some(1)),
            (7, false, false, Some(7)),
        ] {
            assert_eq!(parts(number, has_chats, goes_on), expected, "{number} {has_chats} {goes_on}");
        }
    }

    #[test]
    fn a_sync_begins_running_and_one_of_no_chats_completed() {
        let ban = decided(7, Action::Ban, 100);
        let sync = sync(&ban, Origin::Triggered);
        for (chats, next, status, parts, whom) in [
            (3, None, SyncStatus::Running, Some(1), None),
            (3, Some("-7"), SyncStatus::Running, None, Some(Whom::Followers)),
            (0, None, SyncStatus::Completed, Some(1), None),
        ] {
            let summary = summary(&sync, &Whom::Followers, &plan(&sync, chats), Uuid::nil(), 1, next.map(str::to_owned)).unwrap();
            assert_eq!((summary.status, summary.parts, &summary.whom), (status, parts, &whom), "{chats} chats, then {next:?}");
            assert_eq!((summary.total_chats as usize, summary.next.as_deref()), (chats, next));
            assert_eq!(summary.completed_at_ms.is_some(), status == SyncStatus::Completed);
        }
    }

    #[test]
    fn every_chat_of_a_plan_travels_in_exactly_one_chunk_of_its_part() {
        let ban = decided(7, Action::Ban, 100);
        let sync = sync(&ban, Origin::Ban);
        let plan = plan(&sync, 2 * CHUNK_TARGETS + 1);
        let messages: Vec<_> = plan.chunks(30).into_iter().map(|chunk| message(&sync, Uuid::from_u128(3), 2, true, chunk)).collect();
        assert_eq!(messages.iter().map(|message| message.chunk).collect::<Vec<_>>(), [0, 1, 2]);
        let targets: Vec<_> = messages.iter().flat_map(|message| &message.targets).collect();
        assert_eq!(targets, plan.all().collect::<Vec<_>>());
        for message in &messages {
            assert_eq!((message.plan, message.part, message.bulk, message.round), (Uuid::from_u128(3), 2, true, 0));
            assert_eq!((message.sync_id, message.ban_event_id), (sync.sync_id, ban.ban_event_id));
            assert_eq!((message.user_id, message.source_chat_id, &message.occurred), (ban.user_id, SOURCE, &ban.occurred));
        }
    }

    #[test]
    fn the_decision_of_a_further_part_is_that_of_the_first() {
        for (origin, event_type) in [(Origin::Ban, Action::Ban), (Origin::Unban, Action::Unban), (Origin::Delayed, Action::Ban)] {
            let ban = Ban { until: Some(900), ..decided(7, event_type, 100) };
            let sync = sync(&ban, origin);
            let summary = summary(&sync, &Whom::Followers, &plan(&sync, 1), Uuid::nil(), 1, None).unwrap();
            let further = ban_of(&summary);
            // Names and the reason stand in the summary already.
            let same = Ban { ban_type: String::new(), reason: None, chat_title: None, ..ban.clone() };
            assert_eq!(further, same, "{origin:?}");
        }
    }
}
