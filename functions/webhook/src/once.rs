//! An update is answered once, however often and however fast Telegram brings it.
//!
//! 1. The update is claimed by one conditional write. Whoever finds it claimed comes again soon; whoever finds it done has nothing to do.
//! 2. Its work is done. Every piece of work bears being done again: a function may die in the middle, and then the claim runs out.
//! 3. The update is marked done, before anybody is told: Telegram may be slow to say that it has taken an answer, and a function that dies
//!    while it waits for that has told all the same.
//! 4. The answer is given. Where that fails, or the work does, the claim is released, so that the next try is not held.
//!
//! What remains: a function that dies between 3 and its first message leaves the update unanswered, or a menu with buttons that are stale. A
//! message is sent again where Telegram took it and then answered by an error, or where a later piece of the same answer failed.

use crate::bot::Reply;
use crate::{NotNow, Webhook};
use aws::store::Claim;

/// When an update that another invocation has is to come again, in seconds. Most are done by then; until then the updates behind it wait.
const BUSY: i64 = 2;

impl Webhook {
    /// Does `work` and gives its answer, unless this was done before. Two writes; one where the answer is an edit. `None`: an update without an
    /// id, which cannot be told from others.
    pub async fn once(&self, update_id: Option<i64>, work: impl Future<Output = Result<Option<Reply>, NotNow>>) -> Result<(), NotNow> {
        let Some(update_id) = update_id else { return self.give(work.await?).await };
        match self.gateway.claim_update(update_id).await? {
            Claim::Mine => {}
            Claim::Done => return Ok(()),
            Claim::Taken => return Err(NotNow::Wait(BUSY)),
        }
        let told = async {
            let reply = work.await?;
            // An edit that is made twice is made once, and the menu's revision tells a press that comes again.
            if !reply.as_ref().is_some_and(Reply::is_edit) {
                self.gateway.update_done(update_id).await?;
            }
            self.give(reply).await
        };
        let told = told.await;
        // One that failed is released where that is noted.
        if let Err(NotNow::Wait(_)) = told
            && let Err(error) = self.gateway.release_update(update_id).await
        {
            tracing::warn!(error = format!("{error:#}"), "an update that has to wait is held until its lease runs out");
        }
        told
    }

    async fn give(&self, reply: Option<Reply>) -> Result<(), NotNow> {
        match reply {
            Some(reply) => self.show(reply).await,
            None => Ok(()),
        }
    }
}
