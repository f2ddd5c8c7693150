//! A decision on somebody → who is to act where → chunks on the sync queue, and the sync's summary.
//!
//! # Layout
//! - here: what happened, and the sync that it calls for
//! - [`planning`]: a sync is begun and continued, a part at a time
//! - [`pages`]: which chats a part is about

mod pages;
mod planning;

use anyhow::Context as _;
use aws::batch::BusEvent;
use aws::lambda::{self, Context};
use aws::queue::Queue;
use aws::schedule::{Places, Scheduler};
use aws::store::bans::Bans;
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::{Summary, Syncs};
use aws::store::users::Users;
use aws::{Aws, env};
use domain::event::{self, Ban, Envelope, SyncPart, SyncRequested};
use domain::sync::{Kind, Origin, Request, SyncStatus, Whom, further_sync_id, sync_id};
use serde_json::value::RawValue;
use std::sync::Arc;

struct Planner {
    bans: Bans,
    subscriptions: Subscriptions,
    users: Users,
    syncs: Syncs,
    queue: Queue,
    scheduler: Scheduler,
    /// Seconds a decision must stand before it is carried over.
    settle: i64,
    /// The pace of calls to Telegram.
    calls_per_second: usize,
    /// Bans of one chat within an hour that are carried over without being asked.
    most_bans: u32,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        || async {
            let aws = Aws::from_env().await;
            let places = Places {
                group: env::required("SCHEDULE_GROUP")?,
                function: env::required("SCHEDULE_FUNCTION_ARN")?,
                role: env::required("SCHEDULE_ROLE_ARN")?,
                dead_letters: env::required("SCHEDULE_DLQ_ARN")?,
            };
            Ok(Planner {
                bans: Bans::new(&aws, env::required("BANS_TABLE")?),
                subscriptions: Subscriptions::new(&aws, env::required("SUBSCRIPTIONS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                syncs: Syncs::new(&aws, env::required("SYNC_TABLE")?),
                queue: Queue::new(&aws, env::required("SYNC_QUEUE_URL")?),
                scheduler: Scheduler::new(&aws, places),
                settle: env::parsed("SETTLE_SECONDS")?,
                calls_per_second: env::parsed("TELEGRAM_CALLS_PER_SECOND")?,
                most_bans: env::parsed("MAX_BANS_PER_HOUR")?,
            })
        },
        plan,
    )
}

async fn plan(planner: Arc<Planner>, event: BusEvent<Envelope<Box<RawValue>>>, _context: Context) -> anyhow::Result<()> {
    let (event_type, payload) = (event.detail.event_type.as_str(), event.detail.payload.get());
    match event_type {
        event::BAN_DETECTED => planner.banned(serde_json::from_str(payload)?).await,
        event::BAN_LIFTED => planner.lifted(serde_json::from_str(payload)?).await,
        event::SYNC_REQUESTED => planner.requested(serde_json::from_str(payload)?).await,
        event::SYNC_CONTINUED => {
            let SyncPart { sync_id, part } = serde_json::from_str(payload)?;
            planner.go_on(sync_id, part).await
        }
        _ => {
            tracing::warn!(event_type, "an event that calls for no sync; the rule should leave it out");
            Ok(())
        }
    }
}

impl Planner {
    async fn banned(&self, ban: Ban) -> anyhow::Result<()> {
        let request = request(&ban, Kind::Ban, Origin::Ban, Whom::Followers);
        self.begin(&request, &ban).await
    }

    /// What was carried over from this chat is taken back, where it is wanted. A sync that is still under way may yet ban: once it has
    /// ended, it is swept up after.
    async fn lifted(&self, unban: Ban) -> anyhow::Result<()> {
        let syncs = self.syncs.of_user(unban.user_id).await?;
        let is_earlier = |sync: &&Summary| sync.kind == Kind::Ban && sync.source_chat_id == unban.chat_id && sync.occurred < unban.occurred;
        let earlier: Vec<_> = syncs.iter().filter(is_earlier).collect();
        if earlier.is_empty() {
            return Ok(());
        }
        let whom = Whom::BannedBy(earlier.iter().map(|sync| sync.sync_id).collect());
        for sync in earlier.iter().filter(|sync| sync.status == SyncStatus::Running) {
            let sweep_id = further_sync_id(unban.ban_event_id, Origin::Unban, "sweep");
            let sweep = Request { sync_id: sweep_id, waits: true, ..request(&unban, Kind::Lift, Origin::Unban, whom.clone()) };
            self.syncs.undo(sync.sync_id, &sweep).await?;
        }
        self.begin(&request(&unban, Kind::Lift, Origin::Unban, whom), &unban).await
    }

    async fn requested(&self, requested: SyncRequested) -> anyhow::Result<()> {
        let request = self.syncs.requested(requested.sync_id).await?.context("the request of this event is not stored")?;
        let event = self.bans.get(request.ban_event_id).await?.context("the ban event of this request is not stored")?;
        self.begin(&request, &Ban::from(&event)).await
    }
}

fn request(ban: &Ban, kind: Kind, origin: Origin, whom: Whom) -> Request {
    let (sync_id, ban_event_id) = (sync_id(ban.ban_event_id), ban.ban_event_id);
    Request { sync_id, ban_event_id, kind, origin, whom, by: None, waits: false }
}
