//! One subscription: begin, read, change, end.

use super::body::{NewSubscription, SubscriptionBody, SubscriptionChange};
use super::{State, subscription};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Path};
use axum::extract;
use axum::http::StatusCode;
use domain::subscription::Mode;
use uuid::Uuid;

/// Follow somebody.
///
/// What had ended begins again. The admin must be able to ban in the chat, by Telegram's word of the last five minutes: a subscription bans
/// in the admin's name. Nobody follows themselves, the bot, an administrator of the same chat, or an id that stands for no single person;
/// an admin has at most 100 subscriptions, over all chats.
#[utoipa::path(
    post,
    path = "/api/v1/subscriptions",
    responses(
        (status = 201, description = "The admin follows.", body = SubscriptionBody),
        (status = 404, description = "`chat_unknown`: the bot is in no such chat.", body = ErrorBody),
        (status = 409, description = "`already_exists`: the admin follows already; `chat_migrated`: the group became a supergroup; `limit_reached`: 100 are there.", body = ErrorBody),
        (status = 422, description = "This person cannot be followed: `self_subscription`, `bot`, `reserved_id`, `chat_admin`; or the admin is `not_an_admin` of the chat, or has no right to ban there: `cannot_ban`; or the bot may not look there.", body = ErrorBody),
    )
)]
pub async fn create_subscription(
    extract::State(state): extract::State<State>,
    Json(new): Json<NewSubscription>,
) -> Result<(StatusCode, axum::Json<SubscriptionBody>), ApiError> {
    let subscription = subscription(new.admin_user_id, new.admin_chat_id, new.tracked_user_id);
    let item = state.follow(&subscription, new.mode.into()).await?;
    Ok((StatusCode::CREATED, axum::Json(item.into())))
}

/// A subscription.
///
/// By the id that following answered; it is the same for the same admin, chat and person.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/{subscription_id}",
    params(("subscription_id" = Uuid, Path)),
    responses(
        (status = 200, description = "It, active or not.", body = SubscriptionBody),
        (status = 404, description = "There is none.", body = ErrorBody),
    )
)]
pub async fn get_subscription(
    extract::State(state): extract::State<State>,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<SubscriptionBody>, ApiError> {
    Ok(axum::Json(state.by_id(id).await?.into()))
}

/// Change a subscription's mode, end it, or begin it again.
///
/// Ending it needs no right of the admin; anything else needs the right to ban in the chat.
#[utoipa::path(
    patch,
    path = "/api/v1/subscriptions/{subscription_id}",
    params(("subscription_id" = Uuid, Path)),
    responses(
        (status = 200, description = "As it is now.", body = SubscriptionBody),
        (status = 404, description = "There is none.", body = ErrorBody),
        (status = 409, description = "`limit_reached`: no place to begin it again; `inactive`: its mode is chosen when it begins.", body = ErrorBody),
        (status = 422, description = "This person can no longer be followed; or the admin is `not_an_admin` of the chat any more, or has no right to ban there: `cannot_ban`.", body = ErrorBody),
    )
)]
pub async fn update_subscription(
    extract::State(state): extract::State<State>,
    Path(id): Path<Uuid>,
    Json(change): Json<SubscriptionChange>,
) -> Result<axum::Json<SubscriptionBody>, ApiError> {
    let item = state.by_id(id).await?;
    let mode = change.mode.map_or(item.mode, Mode::from);
    let item = match (item.is_active, change.is_active.unwrap_or(item.is_active)) {
        (true, false) => {
            state.subscriptions.unfollow(&item.subscription).await?;
            state.stored(&item.subscription).await?
        }
        (false, true) => state.follow(&item.subscription, mode).await?,
        (true, true) if mode != item.mode => {
            state.may_ban(&item.subscription).await?;
            let changed = state.subscriptions.set_mode(&item.subscription, mode).await?;
            changed.ok_or_else(|| ApiError::conflict("inactive", "the subscription has ended"))?
        }
        (false, false) if mode != item.mode => return Err(ApiError::conflict("inactive", "the subscription has ended")),
        _ => item,
    };
    Ok(axum::Json(item.into()))
}

/// End a subscription. It stays as history.
///
/// Bans that were synced by it stay; `POST /api/v1/syncs/{sync_id}/undo` undoes them.
#[utoipa::path(
    delete,
    path = "/api/v1/subscriptions/{subscription_id}",
    params(("subscription_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It has ended."),
        (status = 404, description = "There is none, or it had ended before.", body = ErrorBody),
    )
)]
pub async fn delete_subscription(extract::State(state): extract::State<State>, Path(id): Path<Uuid>) -> Result<StatusCode, ApiError> {
    let item = state.by_id(id).await?;
    match state.subscriptions.unfollow(&item.subscription).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("this subscription had ended before")),
    }
}
