//! Which part of the API a Lambda answers.

use crate::health::Ready;
use crate::{access, bans, error, health, subscriptions, sync, telegram_calls, users};
use aws::Aws;
use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use domain::access::Concern;
use utoipa_axum::router::OpenApiRouter;

/// The largest body that is read, in bytes: 500 events of a bulk with room to spare. API Gateway itself takes ten times as much.
const LARGEST_BODY: usize = 1024 * 1024;

/// All routes of `concern`, with clients for what they need.
pub async fn router(concern: Concern, aws: &Aws) -> anyhow::Result<Router> {
    Ok(match concern {
        Concern::Subscriptions => complete(concern, subscriptions::routes(), subscriptions::State::from_env(aws).await?),
        Concern::Users => complete(concern, users::routes(), users::State::from_env(aws).await?),
        Concern::Bans => complete(concern, bans::routes(), bans::State::from_env(aws).await?),
        Concern::Telegram => complete(concern, telegram_calls::routes(), telegram_calls::State::from_env(aws).await?),
        Concern::Sync => complete(concern, sync::routes(), sync::State::from_env(aws).await?),
        Concern::Notifications | Concern::Analytics => anyhow::bail!("the concern {concern} has no API yet"),
    })
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
