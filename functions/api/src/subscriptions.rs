//! Subscriptions: who follows whom from which chat.

use crate::health::Ready;
use aws::store::subscriptions::Subscriptions;
use aws::{Aws, env};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    subscriptions: Arc<Subscriptions>,
}

impl State {
    pub fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        Ok(Self { subscriptions: Arc::new(Subscriptions::new(aws, env::required("SUBSCRIPTIONS_TABLE")?)) })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.subscriptions.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
}
