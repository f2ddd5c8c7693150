//! Ban events: registering, history, search.

use crate::health::Ready;
use aws::store::bans::Bans;
use aws::{Aws, env};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    bans: Arc<Bans>,
}

impl State {
    pub fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        Ok(Self { bans: Arc::new(Bans::new(aws, env::required("BANS_TABLE")?)) })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.bans.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
}
