//! Taking a ban of ours back: in one chat by its admins, everywhere by the admins of the chat that banned.

use crate::Webhook;
use aws::store::page::{PageError, Wanted};
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

    /// The newest decision of `source` on `user` that was carried over. A sync that is under way stops, and is swept up after when it has
    /// ended.
    async fn undo_everywhere(&self, source: ChatId, user: UserId, by: UserId) -> anyhow::Result<bool> {
        let syncs = self.syncs.of_user(user).await?;
        let mut bans = syncs.iter().filter(|sync| sync.kind == Kind::Ban && sync.source_chat_id == source).collect::<Vec<_>>();
        let Some(event_id) = bans.iter().max_by(|a, b| a.occurred.cmp(&b.occurred)).map(|sync| sync.ban_event_id) else { return Ok(false) };
        bans.retain(|sync| sync.ban_event_id == event_id);
        let origin = Origin::UndoneEverywhere;
        let request = |what: &str, waits: bool| Request {
            sync_id: further_sync_id(event_id, origin, what),
            ban_event_id: event_id,
            kind: Kind::Lift,
            origin,
            whom: Whom::BannedBy(bans.iter().map(|sync| sync.sync_id).collect()),
            by: Some(by),
            waits,
        };
        for sync in bans.iter().filter(|sync| sync.status == SyncStatus::Running) {
            self.syncs.undo(sync.sync_id, &request("sweep", true)).await?;
        }
        self.syncs.request(&request("all", false)).await?;
        Ok(true)
    }
}
