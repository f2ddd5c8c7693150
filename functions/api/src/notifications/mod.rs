//! Messages to people: sending them, their log, how they are worded, and how each wants to be told.
//!
//! # Layout
//! - [`send`]: one; [`batch`]: many
//! - [`logs`]: what became of them
//! - [`templates`]: how they are worded
//! - [`preferences`]: what somebody wants to be told of, when, and by which ways
//! - [`webhooks`]: where somebody has them posted to

mod batch;
mod logs;
mod preferences;
mod send;
mod templates;
mod webhooks;

use crate::error::ApiError;
use crate::health::Ready;
use aws::store::digests::Digests;
use aws::store::endpoints::Endpoints;
use aws::store::notifications::Notifications;
use aws::store::templates::TemplateStore;
use aws::store::users::Users;
use aws::tell::Teller;
use aws::{Aws, env};
use domain::ids::UserId;
use endpoint::address::Also;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    users: Arc<Users>,
    teller: Arc<Teller>,
    notifications: Arc<Notifications>,
    digests: Digests,
    templates: Arc<TemplateStore>,
    endpoints: Arc<Endpoints>,
    /// What endpoints may be besides what anybody can reach.
    also: Also,
}

impl State {
    pub fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let table = env::required("NOTIFICATIONS_TABLE")?;
        Ok(Self {
            users: Arc::new(Users::new(aws, env::required("USERS_TABLE")?)),
            teller: Arc::new(Teller::new(aws, &table, env::required("NOTIFICATION_QUEUE_URL")?)),
            notifications: Arc::new(Notifications::new(aws, table.clone())),
            digests: Digests::new(aws, table.clone()),
            templates: Arc::new(TemplateStore::new(aws, table.clone())),
            endpoints: Arc::new(Endpoints::new(aws, table)),
            also: if env::parsed("ENDPOINTS_ON_LOOPBACK")? { Also::Loopback } else { Also::Nothing },
        })
    }

    /// 404 where nothing is known of a person, or they are erased.
    async fn must_be_known(&self, user: UserId) -> Result<(), ApiError> {
        let profile = self.users.profile(user).await?;
        profile.filter(|profile| profile.erased_at.is_none()).map(drop).ok_or_else(crate::users::unknown_user)
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.notifications.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(send::send_notification))
        .routes(routes!(batch::send_notifications))
        .routes(routes!(logs::list_notifications))
        .routes(routes!(templates::list_templates))
        .routes(routes!(templates::get_template, templates::word_template))
        .routes(routes!(preferences::get_preferences, preferences::update_preferences))
        .routes(routes!(webhooks::get_webhook, webhooks::register_webhook, webhooks::delete_webhook))
}
