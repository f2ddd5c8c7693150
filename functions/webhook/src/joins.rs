//! Somebody comes into a chat, or asks to be let in: he may be waited for.

use crate::Webhook;
use domain::sync::{Kind, Origin, Request, Whom, further_sync_id};
use telegram::update::Joined;

impl Webhook {
    /// One read. Where a ban is pending, a sync of its own carries it out.
    pub async fn joined(&self, joined: &Joined) -> anyhow::Result<()> {
        let Joined { chat_id, user_id, asks, at } = *joined;
        let Some(pending) = self.syncs.pending(chat_id, user_id).await? else { return Ok(()) };
        let origin = Origin::Joined;
        let request = Request {
            sync_id: further_sync_id(pending.ban_event_id, origin, &format!("{chat_id} at {at}")),
            ban_event_id: pending.ban_event_id,
            kind: Kind::Ban,
            origin,
            whom: Whom::Chats(vec![chat_id]),
            by: None,
            waits: false,
        };
        self.syncs.request(&request).await?;
        let user = user_id.0;
        tracing::info!(correlation_id = %pending.ban_event_id, chat_id = chat_id.0, user_id = user, "somebody came whose ban was pending");
        // The ban keeps him out anyway; without it his request would stay on the admins' list.
        if asks && let Err(failure) = self.telegram.decline(chat_id, user_id).await {
            tracing::warn!(%failure, "a request to join could not be declined");
        }
        Ok(())
    }
}
