//! People, chats and their admins: profiles, settings, rights.

use crate::health::Ready;
use aws::store::users::Users;
use aws::{Aws, env};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    users: Arc<Users>,
}

impl State {
    pub fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        Ok(Self { users: Arc::new(Users::new(aws, env::required("USERS_TABLE")?)) })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.users.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
}
