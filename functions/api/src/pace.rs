//! The pace of calls to Telegram that all callers share.

use crate::error::ApiError;
use crate::refusal::refusal;
use aws::Aws;
use aws::store::gateway::Gateway;
use domain::ids::ChatId;
use domain::limiter::Lane;
use std::sync::Arc;
use telegram::client::Failure;
use telegram::reaction::Reaction;

/// Keeps the pace for one function.
#[derive(Clone)]
pub struct Pace {
    gateway: Arc<Gateway>,
}

impl Pace {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let gateway = Gateway::from_env(aws)?;
        gateway.connect().await;
        Ok(Self { gateway: Arc::new(gateway) })
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.gateway.blocked_for_ms().await.map(|_| ())
    }

    /// Lets one call that changes something begin, in the pace of all.
    pub async fn reserve(&self) -> Result<(), ApiError> {
        self.reserve_in(1, Lane::Normal).await.map(drop)
    }

    async fn reserve_in(&self, calls: usize, lane: Lane) -> Result<usize, ApiError> {
        let reserved = self.gateway.reserve_unreported(calls, lane).await?;
        reserved.map_err(|wait_ms| ApiError::too_many((wait_ms + 999) / 1000))
    }

    /// Lets a look begin on which a change of the store depends, unless nobody may call. It takes no place: many programs' changes come at once.
    pub async fn may_look(&self) -> Result<(), ApiError> {
        match self.gateway.blocked_for_ms().await? {
            0 => Ok(()),
            wait_ms => Err(ApiError::too_many((wait_ms + 999) / 1000)),
        }
    }

    /// Lets one call that only looks begin, in the pace of all: it leaves room to what changes something.
    pub async fn reserve_look(&self) -> Result<(), ApiError> {
        self.reserve_in(1, Lane::Bulk).await.map(drop)
    }

    /// Lets so many looks begin, or some of them; how many.
    pub async fn reserve_looks(&self, looks: usize) -> Result<usize, ApiError> {
        self.reserve_in(looks, Lane::Bulk).await
    }

    /// Lets one message to a chat begin, in the pace of all and of the chat.
    pub async fn reserve_message(&self, chat: ChatId) -> Result<(), ApiError> {
        match self.gateway.messages_blocked_for_ms(chat).await? {
            0 => self.reserve_in(1, Lane::Messages).await.map(drop),
            wait_ms => Err(ApiError::too_many((wait_ms + 999) / 1000)),
        }
    }

    /// The error of a message to `chat` that failed; a flood wait is told to whoever has to wait for it.
    pub async fn message_refused(&self, chat: ChatId, failure: Failure) -> ApiError {
        if let Reaction::RetryAfter(seconds) = failure.reaction()
            && let Err(error) = self.gateway.block_messages(chat, seconds).await
        {
            return error.into();
        }
        refusal(&failure)
    }

    /// The error of a failed call that is no message; a flood wait is told to everybody.
    pub async fn refused(&self, failure: Failure) -> ApiError {
        if let Reaction::RetryAfter(seconds) = failure.reaction()
            && let Err(error) = self.gateway.block_calls(seconds).await
        {
            return error.into();
        }
        refusal(&failure)
    }
}
