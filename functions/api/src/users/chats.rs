//! Chats: register one; what it chose.

use super::chat_settings::{ChatSettingsBody, ChatSettingsChange};
use super::{State, invalid};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Path};
use crate::ids::GroupId;
use aws::store::users::{ChatItem, Chosen};
use axum::extract;
use axum::http::StatusCode;
use domain::chat::ChatState;
use domain::settings::{ChatChange, ChatSettings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A chat to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChat {
    #[schema(inline)]
    chat_id: GroupId,
    settings: Option<ChatSettingsChange>,
}

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatBody {
    #[schema(inline)]
    chat_id: GroupId,
    /// As Telegram tells it; `null` where it has not yet.
    title: Option<String>,
    #[schema(inline)]
    state: StateBody,
    /// The supergroup that it became.
    #[schema(inline)]
    migrated_to: Option<GroupId>,
    /// When the state changed last, Unix seconds.
    updated_at: i64,
    settings: ChatSettingsBody,
}

/// Can the bot ban there (`active`), is it there without that right (`suspended`), is it not there (`removed`), or is the chat another
/// one now (`migrated`)?
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StateBody {
    Active,
    Suspended,
    Removed,
    Migrated,
}

impl From<ChatItem> for ChatBody {
    fn from(item: ChatItem) -> Self {
        Self {
            chat_id: GroupId(item.chat_id),
            title: item.title.clone(),
            state: match item.state {
                ChatState::Active => StateBody::Active,
                ChatState::Suspended => StateBody::Suspended,
                ChatState::Removed => StateBody::Removed,
                ChatState::Migrated => StateBody::Migrated,
            },
            migrated_to: item.migrated_to.map(GroupId),
            updated_at: item.updated_at,
            settings: item.into(),
        }
    }
}

pub fn unknown_chat() -> ApiError {
    ApiError::not_found("this chat is not known").with_code("chat_unknown")
}

/// Register a chat that the bot is in.
///
/// Adding the bot to a chat registers it already; this is for chats that have it from before.
#[utoipa::path(
    post,
    path = "/api/v1/chats",
    responses(
        (status = 201, description = "It is known now.", body = ChatBody),
        (status = 404, description = "`chat_unknown`: the bot is in no such chat.", body = ErrorBody),
        (status = 409, description = "`already_exists`: it is known; `chat_migrated`: it has another id now.", body = ErrorBody),
        (status = 422, description = "`invalid`: some settings are not as they must be; or the bot may not look there.", body = ErrorBody),
    )
)]
pub async fn create_chat(
    extract::State(state): extract::State<State>,
    Json(new): Json<NewChat>,
) -> Result<(StatusCode, axum::Json<ChatBody>), ApiError> {
    let GroupId(chat) = new.chat_id;
    let change = ChatChange::from(new.settings.unwrap_or_default());
    let settings = ChatSettings::default().changed(&change).map_err(|problems| invalid(&problems))?;
    let known = || ApiError::conflict("already_exists", "this chat is known already");
    if state.users.chat(chat).await?.is_some() {
        return Err(known());
    }
    let item = ChatItem::new(chat, state.roles.of_bot(chat).await?, settings);
    match state.users.add_chat(&item).await? {
        true => Ok((StatusCode::CREATED, axum::Json(item.into()))),
        false => Err(known()),
    }
}

/// What is known of a chat.
///
/// Its title and the bot's place there by Telegram's last word, and what its admins chose.
#[utoipa::path(
    get,
    path = "/api/v1/chats/{chat_id}",
    params(("chat_id" = inline(GroupId), Path)),
    responses(
        (status = 200, description = "It.", body = ChatBody),
        (status = 404, description = "`chat_unknown`: it is not known.", body = ErrorBody),
    )
)]
pub async fn get_chat(
    extract::State(state): extract::State<State>,
    Path(GroupId(chat)): Path<GroupId>,
) -> Result<axum::Json<ChatBody>, ApiError> {
    Ok(axum::Json(state.users.chat(chat).await?.ok_or_else(unknown_chat)?.into()))
}

/// How bans are synced to a chat.
///
/// What the chat's admins chose by `/settings` or by this API, and what holds where they did not.
#[utoipa::path(
    get,
    path = "/api/v1/chats/{chat_id}/settings",
    params(("chat_id" = inline(GroupId), Path)),
    responses(
        (status = 200, description = "Its settings.", body = ChatSettingsBody),
        (status = 404, description = "`chat_unknown`: it is not known.", body = ErrorBody),
    )
)]
pub async fn get_chat_settings(
    extract::State(state): extract::State<State>,
    Path(GroupId(chat)): Path<GroupId>,
) -> Result<axum::Json<ChatSettingsBody>, ApiError> {
    Ok(axum::Json(state.users.chat(chat).await?.ok_or_else(unknown_chat)?.into()))
}

/// Choose for a chat.
///
/// What is left out stays. Choices that meet are all kept. A ban that is being synced already keeps to the settings of before.
#[utoipa::path(
    put,
    path = "/api/v1/chats/{chat_id}/settings",
    params(("chat_id" = inline(GroupId), Path)),
    responses(
        (status = 200, description = "Its settings now.", body = ChatSettingsBody),
        (status = 404, description = "`chat_unknown`: it is not known.", body = ErrorBody),
        (status = 422, description = "`invalid`: some fields are not as they must be.", body = ErrorBody),
    )
)]
pub async fn update_chat_settings(
    extract::State(state): extract::State<State>,
    Path(GroupId(chat)): Path<GroupId>,
    Json(change): Json<ChatSettingsChange>,
) -> Result<axum::Json<ChatSettingsBody>, ApiError> {
    match state.users.choose_for_chat(chat, &change.into()).await? {
        Chosen::Done(item) => Ok(axum::Json(item.into())),
        Chosen::Unknown => Err(unknown_chat()),
        Chosen::Refused(problems) => Err(invalid(&problems)),
    }
}
