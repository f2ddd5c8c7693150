//! Where somebody has their messages posted to.

use super::State;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Path};
use crate::ids::PersonId;
use aws::store::endpoints::{Endpoint, ROTATION, Status};
use aws::tell::Told;
use aws::time;
use axum::extract;
use axum::http::StatusCode;
use domain::notification::Content;
use endpoint::{secret, url};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An endpoint to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// https, at an address that anybody can reach.
    #[schema(max_length = 512, example = "https://example.org/bansync")]
    url: String,
    /// Sign by a new secret; for a day the old one signs as well.
    #[serde(default)]
    rotate: bool,
}

/// Is anything posted there?
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    Active,
    /// It took nothing; registering it again turns it on.
    Off,
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookBody {
    user_id: i64,
    url: String,
    #[schema(inline)]
    status: WebhookStatus,
    /// Why it is off.
    error_message: Option<String>,
    /// By which messages are signed, as Standard Webhooks has it; told once, when it is made.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
    /// Until when the secret before it signs as well, Unix seconds.
    old_secret_until: Option<i64>,
}

impl WebhookBody {
    fn new(of: PersonId, endpoint: Endpoint, shows_secret: bool) -> Self {
        Self {
            user_id: of.into(),
            url: endpoint.url,
            status: match endpoint.status {
                Status::Active => WebhookStatus::Active,
                Status::Off => WebhookStatus::Off,
            },
            error_message: endpoint.error_message,
            secret: shows_secret.then_some(endpoint.secret),
            old_secret_until: endpoint.old_until.filter(|until| *until > time::now()),
        }
    }
}

/// Where somebody's messages are posted to.
///
/// The secret is not told again.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/webhooks/{user_id}",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 200, description = "The endpoint.", body = WebhookBody),
        (status = 404, description = "None is registered.", body = ErrorBody),
    )
)]
pub async fn get_webhook(
    extract::State(state): extract::State<State>,
    Path(user): Path<PersonId>,
) -> Result<axum::Json<WebhookBody>, ApiError> {
    let endpoint = state.endpoints.get(user.0).await?.ok_or_else(none)?;
    Ok(axum::Json(WebhookBody::new(user, endpoint, false)))
}

/// Have somebody's messages posted to an endpoint, or turn it on again.
///
/// The person is told of it. Messages are posted where they have `webhook` among their channels, signed as Standard Webhooks asks (`webhook-id`, `webhook-timestamp`,
/// `webhook-signature`). An endpoint that takes a message at none of three tries, within 5 seconds each, is turned off, and its owner is told.
#[utoipa::path(
    put,
    path = "/api/v1/notifications/webhooks/{user_id}",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 200, description = "The endpoint; with its secret, where that is new.", body = WebhookBody),
        (status = 404, description = "Nothing is known of the person.", body = ErrorBody),
        (status = 409, description = "`changed_meanwhile`: another was registered at the same time.", body = ErrorBody),
        (status = 422, description = "`bad_url`: it is not https, or in a private network.", body = ErrorBody),
    )
)]
pub async fn register_webhook(
    extract::State(state): extract::State<State>,
    Path(user): Path<PersonId>,
    Json(new): Json<NewWebhook>,
) -> Result<axum::Json<WebhookBody>, ApiError> {
    let url = url::read(&new.url, state.also).map_err(|why| ApiError::refused("bad_url", format!("the URL cannot be used: {why}")))?;
    state.must_be_known(user.0).await?;
    let before = state.endpoints.get(user.0).await?;
    let (now, is_new) = (time::now(), before.is_none() || new.rotate);
    let mut endpoint = Endpoint {
        url: new.url,
        secret: String::new(),
        old_secret: None,
        old_until: None,
        status: Status::Active,
        error_message: None,
        created_at: before.as_ref().map_or(now, |before| before.created_at),
        registered: before.as_ref().map_or(1, |before| before.registered + 1),
    };
    let old = before.as_ref().map(|before| before.secret.clone());
    match old {
        Some(old) if new.rotate => (endpoint.old_secret, endpoint.old_until) = (Some(old), Some(now + ROTATION)),
        Some(kept) => {
            endpoint.secret = kept;
            endpoint.old_secret = before.as_ref().and_then(|before| before.old_secret.clone());
            endpoint.old_until = before.as_ref().and_then(|before| before.old_until);
        }
        None => {}
    }
    if is_new {
        endpoint.secret = secret::random().map_err(|error| ApiError::unavailable(error.to_string()))?;
    }
    // Told first: nobody's messages go where they were not told of, and nobody else learns by what they are signed.
    if new.rotate || before.as_ref().is_none_or(|before| before.url != endpoint.url) {
        let content = Content::WebhookOn { host: url::authority(&url) };
        let what = format!("endpoint {} of {} since {}: {}", endpoint.registered, user.0, endpoint.created_at, endpoint.url);
        state.teller.tell(&state.users, &what, vec![Told::once(user.0, &what, content, None)]).await?;
    }
    if !state.endpoints.put(user.0, before.as_ref(), &endpoint).await? {
        return Err(ApiError::conflict("changed_meanwhile", "another endpoint was registered at the same time"));
    }
    // Who was erased meanwhile keeps none.
    if let Err(unknown) = state.must_be_known(user.0).await {
        state.endpoints.delete(user.0).await?;
        return Err(unknown);
    }
    Ok(axum::Json(WebhookBody::new(user, endpoint, is_new)))
}

/// Have nothing posted any more.
///
/// What is on its way is logged as failed.
#[utoipa::path(
    delete,
    path = "/api/v1/notifications/webhooks/{user_id}",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "None is registered.", body = ErrorBody),
    )
)]
pub async fn delete_webhook(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
) -> Result<StatusCode, ApiError> {
    if state.endpoints.delete(user).await? { Ok(StatusCode::NO_CONTENT) } else { Err(none()) }
}

fn none() -> ApiError {
    ApiError::not_found("no endpoint is registered")
}
