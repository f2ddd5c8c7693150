//! The pace of calls to Telegram that all callers share.

use crate::error::ApiError;
use crate::refusal::refusal;
use aws::Aws;
use aws::store::gateway::Gateway;
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
        let reserved = self.gateway.reserve_calls(1, Lane::Normal).await?;
        reserved.map(drop).map_err(|wait_ms| ApiError::too_many((wait_ms + 999) / 1000))
    }

    /// Lets one call that only looks begin, unless there is a flood wait.
    pub async fn may_look(&self) -> Result<(), ApiError> {
        match self.gateway.blocked_for_ms().await? {
            0 => Ok(()),
            wait_ms => Err(ApiError::too_many((wait_ms + 999) / 1000)),
        }
    }

    /// The error of a failed call; a flood wait is told to everybody.
    pub async fn refused(&self, failure: Failure) -> ApiError {
        if let Reaction::RetryAfter(seconds) = failure.reaction()
            && let Err(error) = self.gateway.block_calls(seconds).await
        {
            return error.into();
        }
        refusal(&failure)
    }
}
