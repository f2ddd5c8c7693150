//! Calls of the Bot API in the bot's name, for other programs of the operator. They keep the pace that all callers share.
//!
//! What is banned here is the chat's own decision, made by a program: see [`record`].

mod look;
mod moderate;
mod record;
mod send;

use crate::bot;
use crate::health::Ready;
use crate::pace::Pace;
use crate::tracking::Tracking;
use aws::store::bans::Bans;
use aws::store::sync::Syncs;
use aws::{Aws, env};
use std::sync::Arc;
use telegram::client::Client;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    telegram: Client,
    pace: Pace,
    bans: Arc<Bans>,
    tracking: Tracking,
    syncs: Arc<Syncs>,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let bans = Arc::new(Bans::new(aws, env::required("BANS_TABLE")?));
        Ok(Self {
            telegram: bot::client(aws).await?,
            pace: Pace::from_env(aws).await?,
            tracking: Tracking::from_env(aws, bans.clone())?,
            bans,
            syncs: Arc::new(Syncs::new(aws, env::required("SYNC_TABLE")?)),
        })
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
