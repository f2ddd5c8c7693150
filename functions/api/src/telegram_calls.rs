//! Calls of the Bot API in the bot's name, for other programs of the operator.

use crate::health::Ready;
use aws::store::gateway::Gateway;
use aws::{Aws, env, secrets};
use std::sync::Arc;
use telegram::client::Client;
use utoipa_axum::router::OpenApiRouter;

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
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.gateway.blocked_for_ms().await.map(|_| ())
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
}
