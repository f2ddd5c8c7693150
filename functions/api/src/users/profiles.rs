//! One person: register, find, change, deactivate.

use super::{State, invalid, unknown_user};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Path, Query, given};
use crate::ids::PersonId;
use aws::store::users::{Created, Profile};
use axum::extract;
use axum::http::StatusCode;
use domain::profile::{ProfileChange, is_username};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// Somebody to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    #[schema(inline)]
    user_id: PersonId,
    #[schema(min_length = 1, max_length = 255, example = "Boris")]
    first_name: String,
    #[schema(min_length = 1, max_length = 255)]
    last_name: Option<String>,
    /// Without the `@`. Whoever had it has it no longer.
    #[schema(pattern = "^[A-Za-z0-9_]{4,32}$", example = "boris")]
    username: Option<String>,
    /// An IETF language tag, as Telegram gives it.
    #[schema(pattern = "^[A-Za-z0-9_-]{2,35}$", example = "ru")]
    language_code: Option<String>,
    is_bot: Option<bool>,
}

/// What is to be another way; what is left out stays. Telegram's next update of the person's names wins over what is told here.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_]{4,32}$")]
    username: Option<Option<String>>,
    #[schema(min_length = 1, max_length = 255)]
    first_name: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    last_name: Option<Option<String>>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{2,35}$")]
    language_code: Option<Option<String>>,
    is_bot: Option<bool>,
    /// `false`: he is not told of anything.
    is_active: Option<bool>,
}

impl From<UserChange> for ProfileChange {
    fn from(change: UserChange) -> Self {
        Self {
            username: change.username,
            first_name: change.first_name,
            last_name: change.last_name,
            language_code: change.language_code,
            is_bot: change.is_bot,
            is_active: change.is_active,
        }
    }
}

/// What is known of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserBody {
    #[schema(inline)]
    user_id: PersonId,
    /// Without the `@`; `null` where he has none, or another one has it now.
    username: Option<String>,
    first_name: String,
    last_name: Option<String>,
    language_code: Option<String>,
    is_bot: bool,
    is_active: bool,
    /// May the bot write to him in private? `null` where he never started it.
    can_write: Option<bool>,
    /// Unix seconds, as those that follow.
    created_at: Option<i64>,
    updated_at: Option<i64>,
    /// When he wrote last, to five minutes; `null` where he was never seen.
    last_seen: Option<i64>,
}

impl From<Profile> for UserBody {
    fn from(profile: Profile) -> Self {
        // Of an older version: both names in one.
        let first_name = if profile.first_name.is_empty() { profile.name() } else { profile.first_name };
        Self {
            user_id: PersonId(profile.user_id),
            username: profile.username,
            first_name,
            last_name: profile.last_name,
            language_code: profile.language_code,
            is_bot: profile.is_bot,
            is_active: profile.is_active,
            can_write: profile.can_write,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
            last_seen: profile.last_seen,
        }
    }
}

/// Register a person.
///
/// Writing where the bot is registers a person already; this is for people whom it has not seen.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    responses(
        (status = 201, description = "He is known now.", body = UserBody),
        (status = 409, description = "`already_exists`: he is known; `erased`: he asked to be forgotten, and only he himself can begin anew.", body = ErrorBody),
        (status = 422, description = "`invalid`: some fields are not as they must be; `reserved_id`: this id stands for no single person.", body = ErrorBody),
    )
)]
pub async fn create_user(
    extract::State(state): extract::State<State>,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, axum::Json<UserBody>), ApiError> {
    let PersonId(user) = new.user_id;
    if user.is_reserved() {
        return Err(ApiError::refused("reserved_id", "this id stands for no single person"));
    }
    let profile = ProfileChange {
        first_name: Some(new.first_name),
        last_name: Some(new.last_name),
        username: Some(new.username),
        language_code: Some(new.language_code),
        is_bot: new.is_bot,
        is_active: None,
    };
    match profile.problems() {
        problems if !problems.is_empty() => Err(invalid(&problems)),
        _ => match state.users.create(user, &profile).await? {
            Created::New(profile) => Ok((StatusCode::CREATED, axum::Json(UserBody::from(*profile)))),
            Created::Exists => Err(ApiError::conflict("already_exists", "this person is known already")),
            Created::Erased => Err(ApiError::conflict("erased", "this person asked to be forgotten")),
        },
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FindQuery {
    /// Without the `@`; its case does not matter.
    #[param(pattern = "^[A-Za-z0-9_]{4,32}$", example = "boris")]
    username: String,
}

/// The person who has a username, as far as is known.
///
/// The bot knows it from the person's last message where it is; the username may have gone to somebody else since.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    params(FindQuery),
    responses(
        (status = 200, description = "He.", body = UserBody),
        (status = 404, description = "Nobody who is known has it.", body = ErrorBody),
    )
)]
pub async fn find_user(
    extract::State(state): extract::State<State>,
    Query(query): Query<FindQuery>,
) -> Result<axum::Json<UserBody>, ApiError> {
    if !is_username(&query.username) {
        let error = ApiError::invalid("a username has 4 to 32 letters, digits or underscores");
        return Err(error.with_details(json!({ "parameter": "username" })));
    }
    let profile = state.users.by_username(&query.username).await?;
    Ok(axum::Json(profile.ok_or_else(|| ApiError::not_found("nobody who is known has this username"))?.into()))
}

/// What is known of a person.
///
/// Names as the bot saw them last, or as they were told by this API.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user_id}",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 200, description = "He.", body = UserBody),
        (status = 404, description = "Nothing is known, or it was erased.", body = ErrorBody),
    )
)]
pub async fn get_user(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
) -> Result<axum::Json<UserBody>, ApiError> {
    Ok(axum::Json(state.users.profile(user).await?.ok_or_else(unknown_user)?.into()))
}

/// Change what is known of a person.
///
/// What is left out stays, `null` takes a value away. Names come from Telegram again with the person's next message.
#[utoipa::path(
    put,
    path = "/api/v1/users/{user_id}",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 200, description = "As he is now.", body = UserBody),
        (status = 404, description = "Nothing is known, or it was erased.", body = ErrorBody),
        (status = 422, description = "`invalid`: some fields are not as they must be.", body = ErrorBody),
    )
)]
pub async fn update_user(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
    Json(change): Json<UserChange>,
) -> Result<axum::Json<UserBody>, ApiError> {
    let change = ProfileChange::from(change);
    match change.problems() {
        problems if !problems.is_empty() => Err(invalid(&problems)),
        _ => Ok(axum::Json(state.users.change(user, &change).await?.ok_or_else(unknown_user)?.into())),
    }
}

/// Deactivate a person.
///
/// The bot tells them nothing until they are made active again. Nothing is erased: that is `DELETE /api/v1/users/{user_id}/data`.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user_id}",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 204, description = "He is not active."),
        (status = 404, description = "Nothing is known, or it was erased.", body = ErrorBody),
    )
)]
pub async fn deactivate_user(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
) -> Result<StatusCode, ApiError> {
    let change = ProfileChange { is_active: Some(false), ..ProfileChange::default() };
    state.users.change(user, &change).await?.ok_or_else(unknown_user)?;
    Ok(StatusCode::NO_CONTENT)
}
