//! Taking a ban of ours back: in one chat by its admins, everywhere by the admins of the chat that banned.

use crate::Webhook;
use aws::store::page::{PageError, Wanted};
use aws::store::sync::Summary;
use domain::ids::{ChatId, UserId};
use domain::sync::ledger::last_applied;
use domain::sync::{Kind, Origin, Request, SyncStatus, Whom, further_sync_id};
use uuid::Uuid;

/// Entries of a chat's ledger among which the last ban of ours is looked for.
const LAST: usize = 25;

/// What is taken back.
pub struct Undone {
    pub user: UserId,
    pub everywhere: bool,
}

impl Webhook {
    /// Takes back the last ban of ours in `chat`: of `user`, or of anybody. Where there is none, and `chat` itself has banned `user`, what
    /// was carried over from there is taken back everywhere. `None`: there is nothing to take back.
    pub async fn undo(&self, chat: ChatId, user: Option<UserId>, by: UserId) -> anyhow::Result<Option<Undone>> {
        let entries = match user {
            Some(user) => self.syncs.entries(chat, user).await?,
            None => {
                let page = self.syncs.log_of_chat(chat, 0, aws::time::now() + 60, &Wanted { limit: LAST, cursor: None }).await;
                page.map_err(|error| match error {
                    PageError::Store(error) => error,
                    PageError::BadCursor => anyhow::anyhow!("a first page has no cursor"),
                })?
                .items
                .into_iter()
                .map(|log| log.entry)
                .collect()
            }
        };
        if let Some(last) = last_applied(&entries).filter(|last| last.kind == Kind::Ban) {
            self.undo_here(last.ban_event_id, last.sync_id, chat, by).await?;
            return Ok(Some(Undone { user: last.user_id, everywhere: false }));
        }
        let Some(user) = user else { return Ok(None) };
        Ok(self.undo_everywhere(chat, user, by).await?.then_some(Undone { user, everywhere: true }))
    }

    /// `sync_id`: of the sync that has banned; taking the same one back again is the same request.
    pub async fn undo_here(&self, event_id: Uuid, sync_id: Uuid, chat: ChatId, by: UserId) -> anyhow::Result<()> {
        let origin = Origin::UndoneHere;
        let request = Request {
            sync_id: further_sync_id(event_id, origin, &format!("{chat} {sync_id}")),
            ban_event_id: event_id,
            kind: Kind::Lift,
            origin,
            whom: Whom::Chats(vec![chat]),
            by: Some(by),
            waits: false,
        };
        self.syncs.request(&request).await.map(drop)
    }

    /// Takes back what was carried over from `source`, wherever it was; `false`: nothing was. A sync that is under way stops, and is swept up
    /// after when it has ended.
    async fn undo_everywhere(&self, source: ChatId, user: UserId, by: UserId) -> anyhow::Result<bool> {
        let Some(Everywhere { running, sweep, request }) = Everywhere::of(&self.syncs.of_user(user).await?, source, by) else {
            return Ok(false);
        };
        for sync_id in running {
            self.syncs.undo(sync_id, &sweep).await?;
        }
        self.syncs.request(&request).await?;
        Ok(true)
    }
}

/// How the newest ban of a source that was carried over is taken back wherever it was.
#[derive(Debug, PartialEq, Eq)]
struct Everywhere {
    /// The syncs that are under way: each stops.
    running: Vec<Uuid>,
    /// Begins once those have ended, and takes back what they have done meanwhile.
    sweep: Request,
    request: Request,
}

impl Everywhere {
    /// `syncs`: of one person. `None`: no ban of this source was carried over.
    fn of(syncs: &[Summary], source: ChatId, by: UserId) -> Option<Self> {
        let bans = || syncs.iter().filter(|sync| sync.kind == Kind::Ban && sync.source_chat_id == source);
        let event_id = bans().max_by(|a, b| a.occurred.cmp(&b.occurred))?.ban_event_id;
        let of_event = || bans().filter(|sync| sync.ban_event_id == event_id);
        let origin = Origin::UndoneEverywhere;
        let request = |what: &str, waits: bool| Request {
            sync_id: further_sync_id(event_id, origin, what),
            ban_event_id: event_id,
            kind: Kind::Lift,
            origin,
            whom: Whom::BannedBy(of_event().map(|sync| sync.sync_id).collect()),
            by: Some(by),
            waits,
        };
        let running = of_event().filter(|sync| sync.status == SyncStatus::Running).map(|sync| sync.sync_id).collect();
        Some(Self { running, sweep: request("sweep", true), request: request("all", false) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ban::Occurred;

    const SOURCE: ChatId = ChatId(-1);

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
        let Everywhere { running, sweep, request } = Everywhere::of(syncs, SOURCE, UserId(9))?;
        assert_eq!((sweep.waits, request.waits), (true, false));
        assert_ne!(sweep.sync_id, request.sync_id);
        assert_eq!(Request { sync_id: request.sync_id, waits: false, ..sweep }, request);
        assert_eq!((request.kind, request.origin, request.by), (Kind::Lift, Origin::UndoneEverywhere, Some(UserId(9))));
        let Whom::BannedBy(banned) = request.whom else { panic!("{:?}", request.whom) };
        let ids = |ids: Vec<Uuid>| ids.iter().map(Uuid::as_u128).collect();
        Some((request.ban_event_id.as_u128(), ids(banned), ids(running)))
    }

    #[test]
    fn the_newest_ban_of_the_source_is_taken_back_with_all_syncs_that_carried_it_over() {
        let syncs = [sync(4, 70, SOURCE, 200), sync(3, 70, SOURCE, 200), sync(2, 60, SOURCE, 100), sync(1, 80, ChatId(-2), 300)];
        assert_eq!(everywhere(&syncs), Some((70, vec![4, 3], vec![])));
    }

    #[test]
    fn syncs_of_it_that_are_under_way_are_stopped() {
        let running = |sync| Summary { status: SyncStatus::Running, ..sync };
        let syncs = [running(sync(3, 70, SOURCE, 200)), sync(2, 70, SOURCE, 200), running(sync(1, 60, SOURCE, 100))];
        assert_eq!(everywhere(&syncs), Some((70, vec![3, 2], vec![3])));
    }

    #[test]
    fn where_the_source_has_banned_nobody_nothing_is_taken_back() {
        let lift = Summary { kind: Kind::Lift, ..sync(2, 70, SOURCE, 200) };
        assert_eq!(everywhere(&[lift, sync(1, 80, ChatId(-2), 300)]), None);
        assert_eq!(everywhere(&[]), None);
    }
}
