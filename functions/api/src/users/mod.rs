//! People, chats and their admins: profiles, settings, rights.
//!
//! # Layout
//! - [`profiles`]: register, find, change, deactivate people;
//! - [`batch`]: change many at once;
//! - [`settings`]: what a person chose;
//! - [`chats`]: register chats; what a chat chose; [`chat_list`]: all of them;
//! - [`ignored`]: whom and what a chat keeps out of its bans;
//! - [`admins`]: who may do what where;
//! - [`data`]: all that is held on a person, and its erasure.

mod admins;
mod batch;
mod chat_list;
mod chat_settings;
mod chats;
mod data;
mod held;
mod ignored;
mod profiles;
pub mod settings;

use crate::error::ApiError;
use crate::health::Ready;
use crate::roles::Roles;
use aws::store::held::Held;
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::Syncs;
use aws::store::users::Users;
use aws::{Aws, env};
use domain::lang::Lang;
use domain::settings::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    users: Arc<Users>,
    roles: Roles,
    subscriptions: Arc<Subscriptions>,
    held: Arc<Held>,
    syncs: Arc<Syncs>,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let users = Arc::new(Users::new(aws, env::required("USERS_TABLE")?));
        Ok(Self {
            roles: Roles::from_env(aws, users.clone()).await?,
            users,
            subscriptions: Arc::new(Subscriptions::new(aws, env::required("SUBSCRIPTIONS_TABLE")?)),
            syncs: Arc::new(Syncs::new(aws, env::required("SYNC_TABLE")?)),
            held: Arc::new(Held::new(aws, env::required("BANS_TABLE")?, env::required("NOTIFICATIONS_TABLE")?)),
        })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.users.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(profiles::create_user, profiles::find_user))
        .routes(routes!(profiles::get_user, profiles::update_user, profiles::deactivate_user))
        .routes(routes!(batch::update_users))
        .routes(routes!(settings::get_user_settings, settings::update_user_settings))
        .routes(routes!(data::get_user_data, data::erase_user_data))
        .routes(routes!(chats::create_chat, chat_list::list_chats))
        .routes(routes!(chats::get_chat))
        .routes(routes!(chats::get_chat_settings, chats::update_chat_settings))
        .routes(routes!(ignored::get_ignored))
        .routes(routes!(ignored::ignore_user, ignored::stop_ignoring_user))
        .routes(routes!(ignored::ignore_source, ignored::stop_ignoring_source))
        .routes(routes!(admins::list_chat_admins))
        .routes(routes!(admins::verify_admin))
}

/// A language that the bot speaks.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LangBody {
    Ru,
    En,
}

impl From<Lang> for LangBody {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Ru => Self::Ru,
            Lang::En => Self::En,
        }
    }
}

impl From<LangBody> for Lang {
    fn from(lang: LangBody) -> Self {
        match lang {
            LangBody::Ru => Self::Ru,
            LangBody::En => Self::En,
        }
    }
}

/// 422 with all that is wrong.
pub fn invalid(problems: &[Problem]) -> ApiError {
    let list: Vec<_> = problems.iter().map(|problem| json!({ "field": problem.field, "message": problem.message })).collect();
    ApiError::refused("invalid", "some fields are not as they must be").with_details(json!({ "problems": list }))
}

pub fn unknown_user() -> ApiError {
    ApiError::not_found("nothing is known of this person")
}
