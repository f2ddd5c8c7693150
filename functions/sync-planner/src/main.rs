//! `ban.detected` → who is to ban where → chunks on the sync queue, and the sync's summary.

use anyhow::Context as _;
use aws::batch::BusEvent;
use aws::lambda::{self, Context};
use aws::queue::{Message, Queue};
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::{Summary, Syncs};
use aws::store::users::Users;
use aws::{Aws, env, time};
use domain::event::{Ban, Envelope};
use domain::limiter::CALLS_PER_SECOND;
use domain::subscription::Source;
use domain::sync::{ChunkMessage, Plan, SyncStatus, Totals, sync_id};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

struct Planner {
    subscriptions: Subscriptions,
    users: Users,
    syncs: Syncs,
    queue: Queue,
    /// Seconds a ban must stand before it is carried over.
    settle: i64,
}

fn main() -> Result<(), lambda::Error> {
    lambda::run(
        || async {
            let aws = Aws::from_env().await;
            Ok(Planner {
                subscriptions: Subscriptions::new(&aws, env::required("SUBSCRIPTIONS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                syncs: Syncs::new(&aws, env::required("SYNC_TABLE")?),
                queue: Queue::new(&aws, env::required("SYNC_QUEUE_URL")?),
                settle: env::parsed("SETTLE_SECONDS")?,
            })
        },
        plan,
    )
}

/// The chunks are sent before the sync begins. When this function dies in between, the event comes again and makes a new plan; chunks of
/// the one that was given up find another plan's id in the summary and end there. So a sync that has begun has all its chunks.
async fn plan(planner: Arc<Planner>, event: BusEvent<Envelope<Ban>>, _context: Context) -> anyhow::Result<()> {
    let ban = event.detail.payload;
    let sync_id = sync_id(ban.ban_event_id);
    if planner.syncs.summary(sync_id).await?.is_some() {
        return Ok(());
    }
    let followers = planner.subscriptions.followers(Source::User(ban.user_id)).await?;
    let chats: BTreeSet<_> = followers.iter().map(|(chat, _)| *chat).chain([ban.chat_id]).collect();
    let mut chats = planner.users.chats(chats).await?;
    // Settings and state of a supergroup stand under its own id.
    let moved: BTreeSet<_> = chats.values().filter_map(|chat| chat.migrated_to).collect();
    chats.extend(planner.users.chats(moved).await?);

    let plan = Plan::new(&followers, &chats, ban.chat_id, ban.until, planner.settle);
    if plan.is_empty() {
        return Ok(());
    }
    let chunks = plan.chunks(CALLS_PER_SECOND);
    let plan_id = Uuid::new_v4();
    let targets: usize = chunks.iter().map(|chunk| chunk.targets.len()).sum();
    let all_known = chunks.is_empty();
    let totals = Totals::of(plan.known.iter().map(|result| &result.outcome));
    let summary = Summary {
        sync_id,
        ban_event_id: ban.ban_event_id,
        plan: plan_id,
        user_id: ban.user_id,
        user_name: ban.user_name,
        source_chat_id: ban.chat_id,
        source_chat_title: ban.chat_title,
        reason: ban.reason,
        occurred: ban.occurred.clone(),
        event_timestamp: ban.event_timestamp,
        total_chats: u32::try_from(targets + plan.known.len()).context("more chats than a summary can count")?,
        chunks: u32::try_from(chunks.len()).context("more chunks than a summary can count")?,
        done_chunks: BTreeSet::new(),
        status: if all_known { totals.status() } else { SyncStatus::Running },
        totals: if all_known { totals } else { Totals::default() },
        started_at_ms: time::now_ms(),
        completed_at_ms: all_known.then(time::now_ms),
        expires_at: Summary::expiry(),
        version: Summary::VERSION,
    };
    let messages = chunks.into_iter().map(|chunk| {
        let message = ChunkMessage {
            sync_id,
            ban_event_id: ban.ban_event_id,
            plan: plan_id,
            chunk: chunk.number,
            user_id: ban.user_id,
            source_chat_id: ban.chat_id,
            occurred: ban.occurred.clone(),
            targets: chunk.targets,
        };
        Message::new(&message, chunk.delay)
    });
    planner.queue.send_all(messages.collect::<anyhow::Result<_>>()?).await?;
    planner.syncs.write_results(sync_id, &plan.known).await?;
    planner.syncs.begin(&summary).await?;
    tracing::info!(correlation_id = %ban.ban_event_id, %sync_id, chats = summary.total_chats, chunks = summary.chunks, "sync planned");
    Ok(())
}
