//! Which part of the API a Lambda answers.

use crate::health::Ready;
use crate::{access, bans, error, health, subscriptions, telegram_calls, users};
use aws::Aws;
use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use std::fmt;
use std::str::FromStr;
use utoipa_axum::router::OpenApiRouter;

/// The largest body that is read, in bytes: 500 events of a bulk with room to spare. API Gateway itself takes ten times as much.
const LARGEST_BODY: usize = 1024 * 1024;

/// A concern of the API: its name is the first half of its scopes (`subscriptions:read`) and the prefix of its health routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    Subscriptions,
    Users,
    Bans,
    Telegram,
}

impl Concern {
    pub const ALL: [Self; 4] = [Self::Subscriptions, Self::Users, Self::Bans, Self::Telegram];

    pub fn name(self) -> &'static str {
        match self {
            Self::Subscriptions => "subscriptions",
            Self::Users => "users",
            Self::Bans => "bans",
            Self::Telegram => "telegram",
        }
    }

    /// All routes of the concern, with clients for what they need.
    pub async fn router(self, aws: &Aws) -> anyhow::Result<Router> {
        Ok(match self {
            Self::Subscriptions => self.complete(subscriptions::routes(), subscriptions::State::from_env(aws).await?),
            Self::Users => self.complete(users::routes(), users::State::from_env(aws).await?),
            Self::Bans => self.complete(bans::routes(), bans::State::from_env(aws)?),
            Self::Telegram => self.complete(telegram_calls::routes(), telegram_calls::State::from_env(aws).await?),
        })
    }

    /// Every route asks for a scope, except those of health; every error has its body.
    fn complete<S: Ready>(self, routes: OpenApiRouter<S>, state: S) -> Router {
        Router::from(routes)
            .with_state(state.clone())
            .fallback(error::no_route)
            .method_not_allowed_fallback(error::no_method)
            .layer(middleware::from_fn_with_state(self, access::require_scope))
            .merge(health::routes(self, state))
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .layer(middleware::from_fn(error::complete))
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no concern.
#[derive(Debug)]
pub struct NoConcern;

impl FromStr for Concern {
    type Err = NoConcern;

    fn from_str(text: &str) -> Result<Self, NoConcern> {
        Self::ALL.into_iter().find(|concern| concern.name() == text).ok_or(NoConcern)
    }
}
