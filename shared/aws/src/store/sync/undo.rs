//! Taking a ban of ours back: in one chat, or wherever it was carried to.

use super::{Summary, Syncs};
use domain::ids::{ChatId, UserId};
use domain::sync::{Kind, Origin, Request, SyncStatus, Whom, further_sync_id};
use uuid::Uuid;

/// Tries of taking one ban back: each is asked for after one that has failed.
const MOST_TRIES: u32 = 50;

impl Syncs {
    /// Takes the ban that a sync set in `chat` back there; the id of the sync that does so. `sync_id`: of the sync that has banned; taking the
    /// same one back again is the same request, unless that has failed. `by`: the admin who asks; `None`: a program.
    pub async fn undo_here(&self, event_id: Uuid, sync_id: Uuid, chat: ChatId, by: Option<UserId>) -> anyhow::Result<Uuid> {
        let origin = Origin::UndoneHere;
        let request = Request {
            sync_id: self.open_try(event_id, origin, &format!("{chat} {sync_id}")).await?,
            ban_event_id: event_id,
            kind: Kind::Lift,
            origin,
            whom: Whom::Chats(vec![chat]),
            by,
            waits: false,
        };
        self.request(&request).await?;
        Ok(request.sync_id)
    }

    /// Takes a ban event of `user` back wherever it was carried to; the id of the sync that does so. It is kept that the ban is taken back: what
    /// is still to come of it finds that. A sync that is under way stops, and is swept up after when it has ended. `by`: as in
    /// [`Syncs::undo_here`].
    pub async fn undo_everywhere(&self, event_id: Uuid, user: UserId, by: Option<UserId>) -> anyhow::Result<Uuid> {
        self.undo_event(event_id, by).await?;
        // Listed after that: whatever begins later finds it.
        let syncs = self.of_user(user).await?;
        let all = self.open_try(event_id, Origin::UndoneEverywhere, "all").await?;
        let Everywhere { sweeps, request } = Everywhere::of(&syncs, event_id, all, by);
        for (sync_id, sweep) in sweeps {
            self.undo(sync_id, &sweep).await?;
        }
        self.request(&request).await?;
        Ok(all)
    }

    /// The id of the first try that has not ended, or has failed nowhere.
    async fn open_try(&self, event_id: Uuid, origin: Origin, what: &str) -> anyhow::Result<Uuid> {
        let mut id = further_sync_id(event_id, origin, what);
        for number in 1..MOST_TRIES {
            match self.summary(id).await? {
                Some(sync) if sync.status != SyncStatus::Running && sync.totals.failed > 0 => {
                    id = further_sync_id(event_id, origin, &format!("{what} again {number}"));
                }
                _ => break,
            }
        }
        Ok(id)
    }
}

/// The newest ban of this source that was carried over. `syncs`: of one person; `source`: the ids that the chat has and has had.
pub fn newest_carried(syncs: &[Summary], source: &[ChatId]) -> Option<Uuid> {
    let bans = syncs.iter().filter(|sync| sync.kind == Kind::Ban && source.contains(&sync.source_chat_id));
    Some(bans.max_by(|a, b| a.occurred.cmp(&b.occurred))?.ban_event_id)
}

/// How a ban that was carried over is taken back wherever it was.
#[derive(Debug, PartialEq, Eq)]
struct Everywhere {
    /// By the syncs that are under way, each of which stops: begins once that has ended, and takes back what it has done meanwhile.
    sweeps: Vec<(Uuid, Request)>,
    request: Request,
}

impl Everywhere {
    /// `syncs`: of one person. `all`: the id of what takes all back.
    fn of(syncs: &[Summary], event_id: Uuid, all: Uuid, by: Option<UserId>) -> Self {
        let of_event = || syncs.iter().filter(|sync| sync.kind == Kind::Ban && sync.ban_event_id == event_id);
        let origin = Origin::UndoneEverywhere;
        let request = |sync_id: Uuid, banned_by: Vec<Uuid>, waits: bool| {
            let whom = Whom::BannedBy(banned_by);
            Request { sync_id, ban_event_id: event_id, kind: Kind::Lift, origin, whom, by, waits }
        };
        let sweep = |sync: &Summary| {
            let id = further_sync_id(event_id, origin, &format!("sweep {}", sync.sync_id));
            (sync.sync_id, request(id, vec![sync.sync_id], true))
        };
        let sweeps = of_event().filter(|sync| sync.status == SyncStatus::Running).map(sweep).collect();
        Self { sweeps, request: request(all, of_event().map(|sync| sync.sync_id).collect(), false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ban::Occurred;

    const SOURCE: ChatId = ChatId(-1);

    /// The source before it changed.
    const FORMERLY: ChatId = ChatId(-10);

    /// A sync of the ban `event` of a source, at a second.
    fn sync(id: u128, event: u128, source: ChatId, at: i64) -> Summary {
        let summary = serde_json::json!({
            "sync_id": Uuid::from_u128(id),
            "ban_event_id": Uuid::from_u128(event),
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

    /// Ids of the event that is taken back, of the syncs that banned, and of those that are stopped.
    fn everywhere(syncs: &[Summary]) -> Option<(u128, Vec<u128>, Vec<u128>)> {
        let (event, all) = (newest_carried(syncs, &[SOURCE, FORMERLY])?, Uuid::from_u128(99));
        let Everywhere { sweeps, request } = Everywhere::of(syncs, event, all, Some(UserId(9)));
        assert_eq!((request.sync_id, request.ban_event_id, request.waits), (all, event, false));
        assert_eq!((request.kind, request.origin, request.by), (Kind::Lift, Origin::UndoneEverywhere, Some(UserId(9))));
        for (sync, sweep) in &sweeps {
            assert_eq!((sweep.waits, &sweep.whom), (true, &Whom::BannedBy(vec![*sync])));
            assert_eq!(Request { sync_id: all, waits: false, whom: request.whom.clone(), ..sweep.clone() }, request);
        }
        let ids: std::collections::BTreeSet<_> = sweeps.iter().map(|(_, sweep)| sweep.sync_id).chain([all]).collect();
        assert_eq!(ids.len(), sweeps.len() + 1, "each has an id of its own");
        let Whom::BannedBy(banned) = request.whom else { panic!("{:?}", request.whom) };
        let ids = |ids: Vec<Uuid>| ids.iter().map(Uuid::as_u128).collect();
        Some((request.ban_event_id.as_u128(), ids(banned), ids(sweeps.into_iter().map(|(sync, _)| sync).collect())))
    }

    #[test]
    fn the_newest_ban_of_the_source_is_taken_back_with_all_syncs_that_carried_it_over() {
        let syncs = [sync(4, 70, SOURCE, 200), sync(3, 70, SOURCE, 200), sync(2, 60, SOURCE, 100), sync(1, 80, ChatId(-2), 300)];
        assert_eq!(everywhere(&syncs), Some((70, vec![4, 3], vec![])));
    }

    #[test]
    fn what_the_source_banned_before_it_became_a_supergroup_is_taken_back_too() {
        assert_eq!(everywhere(&[sync(2, 60, FORMERLY, 100), sync(1, 80, ChatId(-2), 300)]), Some((60, vec![2], vec![])));
        assert_eq!(everywhere(&[sync(3, 70, SOURCE, 200), sync(2, 60, FORMERLY, 100)]), Some((70, vec![3], vec![])));
    }

    #[test]
    fn syncs_of_it_that_are_under_way_are_stopped() {
        let running = |sync| Summary { status: SyncStatus::Running, ..sync };
        let syncs = [
            running(sync(4, 70, SOURCE, 200)),
            running(sync(3, 70, SOURCE, 200)),
            sync(2, 70, SOURCE, 200),
            running(sync(1, 60, SOURCE, 100)),
        ];
        assert_eq!(everywhere(&syncs), Some((70, vec![4, 3, 2], vec![4, 3])));
    }

    #[test]
    fn where_the_source_has_banned_nobody_nothing_is_taken_back() {
        let lift = Summary { kind: Kind::Lift, ..sync(2, 70, SOURCE, 200) };
        assert_eq!(everywhere(&[lift, sync(1, 80, ChatId(-2), 300)]), None);
        assert_eq!(everywhere(&[]), None);
    }
}
