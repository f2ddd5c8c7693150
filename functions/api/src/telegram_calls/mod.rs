//! Calls of the Bot API in the bot's name, for other programs of the operator. They keep the pace that all callers share.
//!
//! What is banned here is the bot's own doing: it starts no sync.

mod look;
mod moderate;
mod send;

use crate::error::ApiError;
use crate::health::Ready;
use crate::refusal::refusal;
use aws::store::gateway::Gateway;
use aws::{Aws, env, secrets};
use std::sync::Arc;
use telegram::client::{Client, Failure};
use telegram::reaction::Reaction;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    telegram: Client,
    gateway: Arc<Gateway>,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let [token] = secrets::load(aws, [env::required("BOT_TOKEN_PARAMETER")?]).await?;
        let gateway = Gateway::new(aws, env::required("GATEWAY_TABLE")?);
        gateway.connect().await;
        Ok(Self { telegram: Client::new(&env::required("TELEGRAM_API_URL")?, &token)?, gateway: Arc::new(gateway) })
    }

    /// Lets one call that changes something begin, in the pace of all.
    async fn reserve(&self) -> Result<(), ApiError> {
        self.gateway.reserve_calls(1).await?.map_err(|wait_ms| ApiError::too_many((wait_ms + 999) / 1000))
    }

    /// Lets one call that only looks begin, unless there is a flood wait.
    async fn may_look(&self) -> Result<(), ApiError> {
        match self.gateway.blocked_for_ms().await? {
            0 => Ok(()),
            wait_ms => Err(ApiError::too_many((wait_ms + 999) / 1000)),
        }
    }

    /// The error of a failed call; a flood wait is told to everybody.
    async fn refused(&self, failure: Failure) -> ApiError {
        if let Reaction::RetryAfter(seconds) = failure.reaction()
            && let Err(error) = self.gateway.block_calls(seconds).await
        {
            return error.into();
        }
        refusal(&failure)
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.gateway.blocked_for_ms().await.map(|_| ())
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(send::send_message))
        .routes(routes!(moderate::ban_user))
        .routes(routes!(moderate::unban_user))
        .routes(routes!(look::chat_member))
        .routes(routes!(look::chat_admins))
}
