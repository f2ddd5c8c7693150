//! Commands and answers in a group that have done their work go from it.

use crate::{Sender, Sent, seconds};
use anyhow::bail;
use domain::limiter::Health;
use domain::tidy::Tidy;
use telegram::client::Failure;
use telegram::message::Posted;
use telegram::reaction::Reaction;

impl Sender {
    /// Deletes messages, in the pace of messages. What is gone, too old or not the bot's to delete stays as it is. A group's flood wait is its own: others go on.
    pub(crate) async fn tidy(&self, tidy: &Tidy, health: &mut Health) -> anyhow::Result<Sent> {
        match self.gateway.messages_blocked_for_ms(tidy.chat_id).await? {
            0 => {}
            ms => return Ok(Sent::Later(seconds(ms))),
        }
        for message_id in tidy.message_ids.iter().filter_map(|&id| i32::try_from(id).ok()) {
            let called = self.telegram.delete(tidy.chat_id, Posted::Public(message_id)).await;
            health.add(called.as_ref().is_err_and(Failure::is_no_answer));
            let Err(failure) = called else { continue };
            match failure.reaction() {
                Reaction::RetryAfter(seconds) => {
                    self.gateway.block_messages(tidy.chat_id, seconds).await?;
                    return Ok(Sent::Later(i64::from(seconds)));
                }
                Reaction::Retry | Reaction::StopEverything => bail!("Telegram did not delete a message: {failure}"),
                _ => tracing::debug!(%failure, "a message stays in its group"),
            }
        }
        Ok(Sent::Ended)
    }
}
