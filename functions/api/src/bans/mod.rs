//! Ban events: registering, history, search.
//!
//! # Layout
//! - [`register`]: one event, or many at a time;
//! - [`look`]: one event, a person's, a chat's, search;
//! - [`row`]: an event among many, read by itself;
//! - [`body`]: what they look like.

mod body;
mod look;
mod register;
mod row;

use crate::bot;
use crate::health::Ready;
use aws::store::bans::Bans;
use aws::store::subscriptions::Subscriptions;
use aws::{Aws, env};
use std::sync::Arc;
use telegram::client::Client;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    bans: Arc<Bans>,
    /// Asked whether anybody follows a person.
    subscriptions: Arc<Subscriptions>,
    /// Tells which id is the bot's own.
    telegram: Client,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        Ok(Self {
            bans: Arc::new(Bans::new(aws, env::required("BANS_TABLE")?)),
            subscriptions: Arc::new(Subscriptions::new(aws, env::required("SUBSCRIPTIONS_TABLE")?)),
            telegram: bot::client(aws).await?,
        })
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
