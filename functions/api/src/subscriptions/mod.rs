//! Subscriptions: who follows whom from which chat.
//!
//! # Layout
//! - [`one`]: begin, read, change, end;
//! - [`many`]: lists, checks, counts;
//! - [`body`]: what they look like.

pub mod body;
mod many;
mod one;

use crate::error::ApiError;
use crate::health::Ready;
use crate::ids::{GroupId, PersonId};
use crate::roles::Roles;
use aws::store::subscriptions::{Followed, SubscriptionItem, Subscriptions};
use aws::store::users::Users;
use aws::{Aws, env};
use domain::subscription::{CannotFollow, MAX_PER_ADMIN, Mode, Source, Subscription};
use serde_json::json;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    subscriptions: Arc<Subscriptions>,
    roles: Roles,
}

impl State {
    pub async fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let users = Arc::new(Users::new(aws, env::required("USERS_TABLE")?));
        Ok(Self {
            subscriptions: Arc::new(Subscriptions::new(aws, env::required("SUBSCRIPTIONS_TABLE")?)),
            roles: Roles::from_env(aws, users).await?,
        })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.subscriptions.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(one::create_subscription))
        .routes(routes!(one::get_subscription, one::update_subscription, one::delete_subscription))
        .routes(routes!(many::list_subscriptions_of_admin))
        .routes(routes!(many::list_subscribers_of_user))
        .routes(routes!(many::check_subscription))
        .routes(routes!(many::subscription_stats))
}

impl State {
    async fn follow(&self, subscription: &Subscription, mode: Mode) -> Result<SubscriptionItem, ApiError> {
        self.check(subscription).await?;
        match self.subscriptions.follow_by_program(subscription, mode).await? {
            Followed::New => self.stored(subscription).await,
            Followed::Already => {
                let error = ApiError::conflict("already_exists", "this admin follows this person from this chat already");
                Err(error.with_details(json!({ "subscription_id": subscription.id() })))
            }
            Followed::LimitReached => {
                let error = ApiError::conflict("limit_reached", format!("an admin has at most {MAX_PER_ADMIN} subscriptions"));
                Err(error.with_details(json!({ "limit": MAX_PER_ADMIN })))
            }
        }
    }

    /// The admin who follows may ban in the chat; the person who is followed is none of its administrators.
    async fn check(&self, subscription: &Subscription) -> Result<(), ApiError> {
        subscription.check(self.roles.bot()).map_err(cannot_follow)?;
        let (chat, Source::User(tracked)) = (subscription.admin_chat_id, subscription.source);
        self.may_ban(subscription).await?;
        match self.roles.of(chat, tracked).await? {
            Some(_) => Err(cannot_follow(CannotFollow::ChatAdmin)),
            None => Ok(()),
        }
    }

    /// May the admin ban in the chat, by Telegram's word of the last five minutes? A subscription bans in his name.
    async fn may_ban(&self, subscription: &Subscription) -> Result<(), ApiError> {
        match self.roles.of(subscription.admin_chat_id, subscription.admin_user_id).await? {
            None => Err(ApiError::refused("not_an_admin", "admin_user_id is no administrator of this chat")),
            Some(role) if !role.can_ban => Err(ApiError::refused("cannot_ban", "admin_user_id may not ban in this chat")),
            Some(_) => Ok(()),
        }
    }

    async fn by_id(&self, id: Uuid) -> Result<SubscriptionItem, ApiError> {
        self.subscriptions.by_id(id).await?.ok_or_else(|| ApiError::not_found("there is no such subscription"))
    }

    /// As it is after a write.
    async fn stored(&self, subscription: &Subscription) -> Result<SubscriptionItem, ApiError> {
        let item = self.subscriptions.get(subscription).await?;
        item.ok_or_else(|| ApiError::not_found("the subscription is gone"))
    }
}

fn subscription(PersonId(admin): PersonId, GroupId(chat): GroupId, PersonId(tracked): PersonId) -> Subscription {
    Subscription { admin_user_id: admin, admin_chat_id: chat, source: Source::User(tracked) }
}

fn cannot_follow(why: CannotFollow) -> ApiError {
    let code = match why {
        CannotFollow::Yourself => "self_subscription",
        CannotFollow::Bot => "bot",
        CannotFollow::NotAPerson => "reserved_id",
        CannotFollow::ChatAdmin => "chat_admin",
    };
    ApiError::refused(code, why.to_string())
}
