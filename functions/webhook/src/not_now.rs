//! Updates that cannot be answered now: Telegram brings them again where that can help.

use crate::Webhook;
use domain::ids::ChatId;
use telegram::client::Failure;
use telegram::reaction::Reaction;

/// Why an update is not answered now.
pub enum NotNow {
    /// Something of ours failed.
    Failed(anyhow::Error),
    /// It may be brought again after this many seconds: nobody may call Telegram before, or write in this chat, or another invocation has the
    /// update.
    Wait(i64),
    /// Never: it would fail again however often it came. Said to whoever waits for an answer, and logged.
    Never(anyhow::Error),
}

impl From<anyhow::Error> for NotNow {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl NotNow {
    /// In so many milliseconds.
    pub fn of_ms(ms: i64) -> Self {
        Self::Wait((ms + 999) / 1000)
    }
}

impl Webhook {
    /// `Err` while a flood wait is on.
    pub async fn may_call(&self) -> Result<(), NotNow> {
        match self.gateway.blocked_for_ms().await? {
            0 => Ok(()),
            ms => Err(NotNow::of_ms(ms)),
        }
    }

    /// `Err` while no message may be sent to any chat. A chat's own wait is in its window.
    pub async fn may_write(&self) -> Result<(), NotNow> {
        match self.gateway.all_messages_blocked_for_ms().await? {
            0 => Ok(()),
            ms => Err(NotNow::of_ms(ms)),
        }
    }

    /// Why the update is to come again after this failure of a call that is no message: see [`Webhook::message_not_now`].
    pub async fn not_now(&self, failure: Failure) -> NotNow {
        match failure.reaction() {
            Reaction::RetryAfter(seconds) => waited_for(seconds, self.gateway.block_calls(seconds).await),
            reaction if reaction.ends_by_itself() => NotNow::Failed(failure.into()),
            _ => NotNow::Never(failure.into()),
        }
    }

    /// Why the update is to come again after this failure of a message to `chat`, or of a change of one there.
    pub async fn message_not_now(&self, chat: ChatId, failure: Failure) -> NotNow {
        match failure.reaction() {
            Reaction::RetryAfter(seconds) => waited_for(seconds, self.gateway.block_messages(chat, seconds).await.map(drop)),
            reaction if reaction.ends_by_itself() => NotNow::Failed(failure.into()),
            _ => NotNow::Never(failure.into()),
        }
    }

    /// After a failure to tell somebody something in `chat`: the update comes again only where that can help. What was asked for is done.
    pub async fn again_or_given_up(&self, chat: ChatId, failure: Failure, what: &'static str) -> Result<(), NotNow> {
        match failure.reaction() {
            // Tried again it would be there twice, and as often as Telegram is late.
            Reaction::Retry if failure == Failure::Late => {
                tracing::warn!(%failure, what, "it is taken for told");
                Ok(())
            }
            reaction if reaction.ends_by_itself() => Err(self.message_not_now(chat, failure).await),
            Reaction::Fine => Ok(()),
            _ => {
                tracing::warn!(%failure, what, "somebody could not be told");
                Ok(())
            }
        }
    }
}

/// After a flood wait of so many seconds; `told`: whether the others know of it.
fn waited_for(seconds: u32, told: anyhow::Result<()>) -> NotNow {
    match told {
        Ok(()) => NotNow::Wait(seconds.into()),
        Err(error) => NotNow::Failed(error),
    }
}
