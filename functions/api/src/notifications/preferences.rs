//! What somebody wants to be told of, when, and by which ways: their settings, for programs that send messages.

use super::State;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Query};
use crate::ids::PersonId;
use crate::users::settings::{UserSettingsBody, UserSettingsChange};
use crate::users::{invalid, unknown_user};
use aws::store::users::Chosen;
use axum::extract;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfPerson {
    #[param(inline)]
    user_id: PersonId,
}

/// What somebody wants to be told.
///
/// The same as `GET /api/v1/users/{user_id}/settings`, for a key that may only do with messages.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/preferences",
    params(OfPerson),
    responses(
        (status = 200, description = "Their settings.", body = UserSettingsBody),
        (status = 404, description = "Nothing is known of them.", body = ErrorBody),
    )
)]
pub async fn get_preferences(
    extract::State(state): extract::State<State>,
    Query(OfPerson { user_id: PersonId(user) }): Query<OfPerson>,
) -> Result<axum::Json<UserSettingsBody>, ApiError> {
    Ok(axum::Json(state.users.profile(user).await?.ok_or_else(unknown_user)?.into()))
}

/// Choose what somebody is told.
///
/// What is left out stays. What they choose in the bot and what is chosen here are the same settings; the later word counts.
#[utoipa::path(
    put,
    path = "/api/v1/notifications/preferences",
    params(OfPerson),
    responses(
        (status = 200, description = "Their settings now.", body = UserSettingsBody),
        (status = 404, description = "Nothing is known of them.", body = ErrorBody),
        (status = 422, description = "`invalid`: some fields are not as they must be.", body = ErrorBody),
    )
)]
pub async fn update_preferences(
    extract::State(state): extract::State<State>,
    Query(OfPerson { user_id: PersonId(user) }): Query<OfPerson>,
    Json(change): Json<UserSettingsChange>,
) -> Result<axum::Json<UserSettingsBody>, ApiError> {
    match state.users.choose(user, &change.into()).await? {
        Chosen::Done(profile) => Ok(axum::Json(profile.into())),
        Chosen::Unknown => Err(unknown_user()),
        Chosen::Refused(problems) => Err(invalid(&problems)),
    }
}
