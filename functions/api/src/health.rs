//! Is this part of the API alive, and ready to work? Anybody may ask: nothing is told but that.

use crate::error::ApiError;
use axum::routing::get;
use axum::{Json, Router};
use domain::access::Concern;
use serde::Serialize;
use utoipa::ToSchema;

/// How the concern is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or there is an error instead.
    #[schema(example = "ok")]
    status: &'static str,
    #[schema(example = "subscriptions")]
    concern: &'static str,
}

/// What a concern's routes need, and whether it is there.
pub trait Ready: Clone + Send + Sync + 'static {
    /// One cheap read of the store.
    fn ready(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// `/health`, `/health/live`, `/health/ready`, and the same under the concern's name, by which they are told apart behind one host.
///
/// Live is who can answer at all.
pub fn routes(concern: Concern, state: impl Ready) -> Router {
    let health = move || Json(Health { status: "ok", concern: concern.name() });
    let live = get(move || async move { health() });
    let ready = get(move || async move {
        state.ready().await?;
        Ok::<_, ApiError>(health())
    });
    let routes = Router::new().route("/health", ready.clone()).route("/health/live", live).route("/health/ready", ready);
    routes.clone().nest(&format!("/{concern}"), routes)
}
