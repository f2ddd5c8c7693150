//! Which part of the API a Lambda answers.

use crate::changes::{self, Changes};
use crate::health::Ready;
use crate::{access, analytics, audit, bans, error, health, notifications, subscriptions, sync, telegram_calls, users};
use aws::Aws;
use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use domain::access::Concern;
use utoipa_axum::router::OpenApiRouter;

/// The largest body that is read, in bytes: 500 events of a bulk with room to spare. API Gateway itself takes ten times as much.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// All routes of `concern`, with clients for what they need.
pub async fn router(concern: Concern, aws: &Aws) -> anyhow::Result<Router> {
    Ok(match concern {
        Concern::Subscriptions => complete(concern, changing(subscriptions::routes(), aws)?, subscriptions::State::from_env(aws).await?),
        Concern::Users => complete(concern, changing(users::routes(), aws)?, users::State::from_env(aws).await?),
        Concern::Bans => complete(concern, changing(bans::routes(), aws)?, bans::State::from_env(aws).await?),
        Concern::Telegram => complete(concern, changing(telegram_calls::routes(), aws)?, telegram_calls::State::from_env(aws).await?),
        Concern::Sync => complete(concern, changing(sync::routes(), aws)?, sync::State::from_env(aws).await?),
        Concern::Audit => complete(concern, audit::routes(), audit::State::from_env(aws)?),
        Concern::Notifications => complete(concern, changing(notifications::routes(), aws)?, notifications::State::from_env(aws)?),
        Concern::Analytics => complete(concern, analytics::routes(), analytics::State::from_env(aws)?),
    })
}

/// Whatever is changed by these routes is noted.
fn changing<S: Clone + Send + Sync + 'static>(routes: OpenApiRouter<S>, aws: &Aws) -> anyhow::Result<OpenApiRouter<S>> {
    let changes = Changes::from_env(aws, routes.get_openapi())?;
    Ok(routes.layer(middleware::from_fn_with_state(changes, changes::keep)))
}

/// Every route asks for a scope, except those of health; every error has its body.
fn complete<S: Ready>(concern: Concern, routes: OpenApiRouter<S>, state: S) -> Router {
    Router::from(routes)
        .with_state(state.clone())
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        .layer(middleware::from_fn_with_state(concern, access::require_scope))
        .merge(health::routes(concern, state))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(error::complete))
}
