//! Ban events: registering, history, search.
//!
//! # Layout
//! - [`register`]: one event, or many at a time;
//! - [`look`]: one event, a person's, a chat's, search;
//! - [`body`]: what they look like.

mod body;
mod look;
mod register;

#[cfg(test)]
pub use body::NewBanEvent;

use crate::bot;
use crate::health::Ready;
use crate::tracking::Tracking;
use aws::store::bans::Bans;
use aws::{Aws, env};
use std::sync::Arc;
use telegram::client::Client;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    bans: Arc<Bans>,
    tracking: Tracking,
    /// Tells which id is the bot's own.
    telegram: Client,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let bans = Arc::new(Bans::new(aws, env::required("BANS_TABLE")?));
        Ok(Self { tracking: Tracking::from_env(aws, bans.clone())?, bans, telegram: bot::client(aws).await? })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.bans.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(register::register_ban_event))
        .routes(routes!(register::register_ban_events))
        .routes(routes!(look::get_ban_event))
        .routes(routes!(look::list_ban_events_of_user))
        .routes(routes!(look::list_ban_events_of_chat))
        .routes(routes!(look::search_ban_events))
}
