//! Taking a ban of ours back: in one chat by its admins, everywhere by the admins of the chat that banned.

use crate::Webhook;
use aws::store::sync::newest_carried;
use domain::ids::{ChatId, UserId};
use domain::sync::ledger::last_applied;
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
    /// was carried over from there is taken back everywhere. A ban that a program set in the chat's own name is taken back in the chat and
    /// wherever it was carried to. `None`: there is nothing to take back.
    pub async fn undo(&self, chat: ChatId, user: Option<UserId>, by: UserId) -> anyhow::Result<Option<Undone>> {
        let entries = match user {
            Some(user) => self.entries(chat, user).await?,
            None => self.newest_entries(chat, aws::time::now() + 60, LAST).await?,
        };
        if let Some(last) = last_applied(&entries).filter(|last| last.leaves_a_ban()) {
            self.undo_here(last.ban_event_id, last.sync_id, chat, by).await?;
            let everywhere = last.is_chats_own() && self.syncs.summary(last.sync_id).await?.is_some();
            if everywhere {
                self.syncs.undo_everywhere(last.ban_event_id, last.user_id, Some(by)).await?;
            } else if last.is_chats_own() {
                // Its sync may be about to begin: it finds that the ban is taken back.
                self.syncs.undo_event(last.ban_event_id, Some(by)).await?;
            }
            return Ok(Some(Undone { user: last.user_id, everywhere }));
        }
        let Some(user) = user else { return Ok(None) };
        Ok(self.undo_everywhere(chat, user, by).await?.then_some(Undone { user, everywhere: true }))
    }

    /// `sync_id`: of the sync that has banned.
    pub async fn undo_here(&self, event_id: Uuid, sync_id: Uuid, chat: ChatId, by: UserId) -> anyhow::Result<()> {
        self.syncs.undo_here(event_id, sync_id, chat, Some(by)).await.map(drop)
    }

    /// Takes back what was carried over from `source`, wherever it was; `false`: nothing was.
    async fn undo_everywhere(&self, source: ChatId, user: UserId, by: UserId) -> anyhow::Result<bool> {
        let ids = self.ids_of(source).await?;
        let Some(event_id) = newest_carried(&self.syncs.of_user(user).await?, &ids) else { return Ok(false) };
        self.syncs.undo_everywhere(event_id, user, Some(by)).await?;
        Ok(true)
    }
}
