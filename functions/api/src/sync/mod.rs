//! Syncs: asking for one, how it goes, what it did, another try of what failed.
//!
//! # Layout
//! - [`trigger`]: carry a ban over again, or to more chats; [`dry_run`]: what that would do, with [`look`]s by Telegram;
//! - [`status`]: a sync as a whole;
//! - [`log`]: what was done in which chat;
//! - [`retry`]: the chats that failed; [`undo`]: taking back;
//! - [`questions`]: what admins are asked;
//! - [`body`]: what they share.

pub mod body;
mod dry_run;
mod log;
mod look;
mod questions;
mod retry;
mod status;
mod trigger;
mod undo;

use crate::bot;
use crate::error::ApiError;
use crate::health::Ready;
use crate::pace::Pace;
use aws::store::bans::Bans;
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::Syncs;
use aws::store::users::Users;
use aws::{Aws, env};
use std::sync::Arc;
use telegram::client::Client;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    bans: Arc<Bans>,
    subscriptions: Arc<Subscriptions>,
    users: Arc<Users>,
    syncs: Arc<Syncs>,
    telegram: Client,
    pace: Pace,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        Ok(Self {
            bans: Arc::new(Bans::new(aws, env::required("BANS_TABLE")?)),
            subscriptions: Arc::new(Subscriptions::new(aws, env::required("SUBSCRIPTIONS_TABLE")?)),
            users: Arc::new(Users::new(aws, env::required("USERS_TABLE")?)),
            syncs: Arc::new(Syncs::new(aws, env::required("SYNC_TABLE")?)),
            telegram: bot::client(aws).await?,
            pace: Pace::from_env(aws).await?,
        })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.syncs.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(trigger::trigger_sync))
        .routes(routes!(status::get_sync_status))
        .routes(routes!(log::list_sync_log))
        .routes(routes!(retry::retry_sync))
        .routes(routes!(undo::undo_sync))
        .routes(routes!(questions::list_open_questions))
}

fn unknown_sync() -> ApiError {
    ApiError::not_found("there is no such sync")
}
