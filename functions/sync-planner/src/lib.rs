//! A decision on somebody → who is to act where → chunks on the sync queue, and the sync's summary.
//!
//! # Layout
//! - here: what happened, and the sync that it calls for
//! - [`planning`]: a sync is begun and continued, a part at a time
//! - [`outage`]: an event for which the store has no answer comes again for a day
//! - [`pages`]: which chats a part is about
//! - [`stuck`]: a part that does not move is planned again

mod outage;
mod pages;
mod planning;
mod stuck;

use anyhow::Context as _;
use aws::env;
use aws::lambda::{self, Context};
use aws::queue::Queue;
use aws::schedule::{Places, Scheduler};
use aws::store::bans::Bans;
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::{Summary, Syncs};
use aws::store::users::Users;
use domain::event::{self, Ban, Envelope, SyncPart, SyncRequested};
use domain::sync::{Kind, Origin, Request, SyncStatus, Whom, further_sync_id, sync_id};
use outage::Incoming;
use serde_json::value::RawValue;
use std::sync::Arc;
use uuid::Uuid;

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
        |aws| async move {
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

async fn plan(planner: Arc<Planner>, event: Incoming, _context: Context) -> anyhow::Result<()> {
    match planner.handle(&event.detail).await {
        Err(error) if aws::outage::is_one(&error) => planner.come_again(event, error).await,
        done => done,
    }
}

impl Planner {
    async fn handle(&self, envelope: &Envelope<Box<RawValue>>) -> anyhow::Result<()> {
        let (event_type, payload) = (envelope.event_type.as_str(), envelope.payload.get());
        match event_type {
            event::BAN_DETECTED => self.banned(serde_json::from_str(payload)?).await,
            event::BAN_LIFTED => self.lifted(serde_json::from_str(payload)?).await,
            event::SYNC_REQUESTED => self.requested(serde_json::from_str(payload)?).await,
            event::SYNC_CONTINUED => {
                let SyncPart { sync_id, part } = serde_json::from_str(payload)?;
                self.go_on(sync_id, part).await
            }
            event::SYNC_STUCK => self.stuck(serde_json::from_str(payload)?).await,
            _ => {
                tracing::warn!(event_type, "an event that calls for no sync; the rule should leave it out");
                Ok(())
            }
        }
    }

    async fn banned(&self, ban: Ban) -> anyhow::Result<()> {
        let request = request(&ban, Kind::Ban, Origin::Ban, Whom::Followers);
        self.begin(&request, &ban).await
    }

    /// Takes back what was carried over from this chat, where that is wanted.
    async fn lifted(&self, unban: Ban) -> anyhow::Result<()> {
        let syncs = self.syncs.of_user(unban.user_id).await?;
        let Some(Lift { sweeps, request }) = Lift::of(&syncs, &unban) else { return Ok(()) };
        for (sync_id, sweep) in sweeps {
            self.syncs.undo(sync_id, &sweep).await?;
        }
        self.begin(&request, &unban).await
    }

    async fn requested(&self, requested: SyncRequested) -> anyhow::Result<()> {
        let request = self.syncs.requested(requested.sync_id).await?.context("the request of this event is not stored")?;
        let event = self.bans.get(request.ban_event_id).await?.context("the ban event of this request is not stored")?;
        self.begin(&request, &Ban::from(&event)).await
    }
}

/// How an unban takes back what was carried over.
#[derive(Debug, PartialEq, Eq)]
struct Lift {
    /// By the syncs that are under way, and may yet ban: begins once that has ended, and takes back what it has done meanwhile.
    sweeps: Vec<(Uuid, Request)>,
    request: Request,
}

impl Lift {
    /// `syncs`: of the person. `None`: no earlier ban of this source was carried over.
    fn of(syncs: &[Summary], unban: &Ban) -> Option<Self> {
        let is_earlier = |sync: &&Summary| sync.kind == Kind::Ban && sync.source_chat_id == unban.chat_id && sync.occurred < unban.occurred;
        let earlier: Vec<_> = syncs.iter().filter(is_earlier).collect();
        if earlier.is_empty() {
            return None;
        }
        let whom = Whom::BannedBy(earlier.iter().map(|sync| sync.sync_id).collect());
        let request = request(unban, Kind::Lift, Origin::Unban, whom);
        let sweep = |sync: &&Summary| {
            let sync_id = further_sync_id(unban.ban_event_id, Origin::Unban, &format!("sweep {}", sync.sync_id));
            (sync.sync_id, Request { sync_id, whom: Whom::BannedBy(vec![sync.sync_id]), waits: true, ..request.clone() })
        };
        let sweeps = earlier.iter().copied().filter(|sync| sync.status == SyncStatus::Running).map(|sync| sweep(&sync)).collect();
        Some(Self { sweeps, request })
    }
}

fn request(ban: &Ban, kind: Kind, origin: Origin, whom: Whom) -> Request {
    let (sync_id, ban_event_id) = (sync_id(ban.ban_event_id), ban.ban_event_id);
    Request { sync_id, ban_event_id, kind, origin, whom, by: None, waits: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ban::Occurred;
    use domain::ids::{ChatId, UserId};
    use domain::member::Action;

    pub const SOURCE: ChatId = ChatId(-1);

    /// A decision of [`SOURCE`] on person 5, at a second.
    pub fn decided(event: u128, event_type: Action, at: i64) -> Ban {
        Ban {
            ban_event_id: Uuid::from_u128(event),
            user_id: UserId(5),
            chat_id: SOURCE,
            ban_type: "permanent".to_owned(),
            reason: Some("spam".to_owned()),
            initiator_user_id: None,
            initiator_bot: None,
            event_type,
            until: None,
            event_timestamp: at,
            occurred: Occurred::new(at, 0),
            chat_title: Some("Source".to_owned()),
            chat_public: false,
            user_name: None,
        }
    }

    /// A sync of a ban by a chat, at a second.
    fn sync(id: u128, source: ChatId, at: i64) -> Summary {
        let summary = serde_json::json!({
            "sync_id": Uuid::from_u128(id),
            "ban_event_id": Uuid::from_u128(id + 100),
            "plan": Uuid::nil(),
            "user_id": 5,
            "source_chat_id": source,
            "occurred": Occurred::new(at, 0),
            "event_timestamp": at,
            "total_chats": 1,
            "chunks": 1,
            "status": "completed",
            "started_at_ms": at * 1000,
            "expires_at": at,
            "version": Summary::VERSION,
        });
        serde_json::from_value(summary).unwrap()
    }

    /// Ids of the syncs that an unban at second 200 takes back, and of those that are swept up after.
    fn lifted(syncs: &[Summary]) -> Option<(Vec<u128>, Vec<u128>)> {
        let unban = decided(7, Action::Unban, 200);
        let Lift { sweeps, request } = Lift::of(syncs, &unban)?;
        assert_eq!((request.sync_id, request.ban_event_id), (sync_id(unban.ban_event_id), unban.ban_event_id));
        assert_eq!((request.kind, request.origin, request.waits), (Kind::Lift, Origin::Unban, false));
        for (sync, sweep) in &sweeps {
            assert_ne!(sweep.sync_id, request.sync_id);
            let whom = Whom::BannedBy(vec![*sync]);
            assert_eq!(*sweep, Request { sync_id: sweep.sync_id, whom, waits: true, ..request.clone() });
        }
        let Whom::BannedBy(banned) = request.whom else { panic!("{:?}", request.whom) };
        let ids = |ids: Vec<Uuid>| ids.iter().map(Uuid::as_u128).collect();
        Some((ids(banned), ids(sweeps.into_iter().map(|(sync, _)| sync).collect())))
    }

    #[test]
    fn an_unban_takes_back_every_earlier_ban_of_its_source() {
        let earlier = [sync(3, SOURCE, 199), sync(2, SOURCE, 100)];
        assert_eq!(lifted(&earlier), Some((vec![3, 2], vec![])));
        let others = [sync(4, SOURCE, 201), sync(5, ChatId(-2), 100), Summary { kind: Kind::Lift, ..sync(6, SOURCE, 150) }];
        assert_eq!(lifted(&others), None, "a later ban, another chat's, and an unban");
        assert_eq!(
            lifted(&[others, [sync(2, SOURCE, 100), sync(1, SOURCE, 50), sync(4, SOURCE, 300)]].concat()),
            Some((vec![2, 1], vec![]))
        );
    }

    #[test]
    fn a_sync_that_may_yet_ban_is_swept_up_after() {
        let running = Summary { status: SyncStatus::Running, ..sync(3, SOURCE, 150) };
        assert_eq!(lifted(&[running, sync(2, SOURCE, 100)]), Some((vec![3, 2], vec![3])));
    }
}
