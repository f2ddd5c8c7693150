//! Calls of the Bot API in the bot's name, for other programs of the operator. They keep the pace that all callers share.
//!
//! What is banned here is the bot's own doing: it starts no sync.

mod look;
mod moderate;
mod send;

use crate::bot;
use crate::health::Ready;
use crate::pace::Pace;
use aws::Aws;
use telegram::client::Client;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    telegram: Client,
    pace: Pace,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        Ok(Self { telegram: bot::client(aws).await?, pace: Pace::from_env(aws).await? })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.pace.reachable().await
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
