//! Whom and what a chat keeps out of the bans that are carried into it.

use super::State;
use super::chats::unknown_chat;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Path;
use crate::ids::{GroupId, PersonId};
use aws::store::users::Listed;
use axum::extract;
use axum::http::StatusCode;
use domain::chat::{Chat, Ignores, MOST_IGNORED};
use domain::ids::ChatId;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// What a chat keeps out; at most 500 people, and as many sources.
#[derive(Debug, Serialize, ToSchema)]
pub struct IgnoredBody {
    /// People who are not banned here by a sync.
    #[schema(value_type = Vec<i64>, example = json!([987654321]))]
    users: Vec<PersonId>,
    /// Chats whose bans are not synced to this chat.
    #[schema(value_type = Vec<i64>, example = json!([-1001234567890_i64]))]
    sources: Vec<GroupId>,
}

impl From<Ignores> for IgnoredBody {
    fn from(Ignores { users, sources }: Ignores) -> Self {
        Self { users: users.into_iter().map(PersonId).collect(), sources: sources.into_iter().map(GroupId).collect() }
    }
}

/// Whom and what a chat keeps out.
///
/// People who are banned there by no sync, and chats whose bans are not synced to it.
#[utoipa::path(
    get,
    path = "/api/v1/chats/{chat_id}/ignored",
    params(("chat_id" = inline(GroupId), Path)),
    responses(
        (status = 200, description = "All of it, by ids.", body = IgnoredBody),
        (status = 404, description = "`chat_unknown`: it is not known.", body = ErrorBody),
    )
)]
pub async fn get_ignored(
    extract::State(state): extract::State<State>,
    Path(GroupId(chat)): Path<GroupId>,
) -> Result<axum::Json<IgnoredBody>, ApiError> {
    let chat: Chat = state.users.chat(chat).await?.ok_or_else(unknown_chat)?.into();
    Ok(axum::Json(chat.ignores.into()))
}

/// Keep a person out: no sync bans them in this chat any more.
///
/// A ban that stands already stays; `POST /api/v1/syncs/{sync_id}/undo` undoes it.
#[utoipa::path(
    put,
    path = "/api/v1/chats/{chat_id}/ignored/users/{user_id}",
    params(("chat_id" = inline(GroupId), Path), ("user_id" = inline(PersonId), Path)),
    responses(
        (status = 204, description = "He is kept out, now or before."),
        (status = 404, description = "`chat_unknown`: the chat is not known.", body = ErrorBody),
        (status = 409, description = "`list_full`: 500 people are kept out.", body = ErrorBody),
    )
)]
pub async fn ignore_user(
    extract::State(state): extract::State<State>,
    Path(path): Path<(GroupId, PersonId)>,
) -> Result<StatusCode, ApiError> {
    let (GroupId(chat), PersonId(user)) = path;
    state.ignore(chat, Listed::IgnoredUser(user)).await
}

/// Keep a person out no longer.
///
/// The next ban elsewhere is synced again; earlier ones are not.
#[utoipa::path(
    delete,
    path = "/api/v1/chats/{chat_id}/ignored/users/{user_id}",
    params(("chat_id" = inline(GroupId), Path), ("user_id" = inline(PersonId), Path)),
    responses(
        (status = 204, description = "He is not kept out any more."),
        (status = 404, description = "He was not kept out.", body = ErrorBody),
    )
)]
pub async fn stop_ignoring_user(
    extract::State(state): extract::State<State>,
    Path(path): Path<(GroupId, PersonId)>,
) -> Result<StatusCode, ApiError> {
    let (GroupId(chat), PersonId(user)) = path;
    state.ignore_no_longer(chat, Listed::IgnoredUser(user)).await
}

/// Block a source: none of its bans is synced to this chat any more.
///
/// Bans of it that stand already stay.
#[utoipa::path(
    put,
    path = "/api/v1/chats/{chat_id}/ignored/sources/{source_chat_id}",
    params(("chat_id" = inline(GroupId), Path), ("source_chat_id" = inline(GroupId), Path)),
    responses(
        (status = 204, description = "It is kept out, now or before."),
        (status = 404, description = "`chat_unknown`: the chat is not known.", body = ErrorBody),
        (status = 409, description = "`list_full`: 500 sources are kept out.", body = ErrorBody),
    )
)]
pub async fn ignore_source(
    extract::State(state): extract::State<State>,
    Path(path): Path<(GroupId, GroupId)>,
) -> Result<StatusCode, ApiError> {
    let (GroupId(chat), GroupId(source)) = path;
    state.ignore(chat, Listed::IgnoredSource(source)).await
}

/// Keep a source out no longer.
///
/// Its next ban is synced again; earlier ones are not.
#[utoipa::path(
    delete,
    path = "/api/v1/chats/{chat_id}/ignored/sources/{source_chat_id}",
    params(("chat_id" = inline(GroupId), Path), ("source_chat_id" = inline(GroupId), Path)),
    responses(
        (status = 204, description = "It is not kept out any more."),
        (status = 404, description = "It was not kept out.", body = ErrorBody),
    )
)]
pub async fn stop_ignoring_source(
    extract::State(state): extract::State<State>,
    Path(path): Path<(GroupId, GroupId)>,
) -> Result<StatusCode, ApiError> {
    let (GroupId(chat), GroupId(source)) = path;
    state.ignore_no_longer(chat, Listed::IgnoredSource(source)).await
}

impl State {
    async fn ignore(&self, chat: ChatId, what: Listed) -> Result<StatusCode, ApiError> {
        // The store would take note of a chat that nobody knows.
        self.users.chat(chat).await?.ok_or_else(unknown_chat)?;
        match self.users.enlist(chat, what).await? {
            true => Ok(StatusCode::NO_CONTENT),
            false => {
                let error = ApiError::conflict("list_full", format!("a chat keeps at most {MOST_IGNORED} of a kind out"));
                Err(error.with_details(json!({ "limit": MOST_IGNORED })))
            }
        }
    }

    async fn ignore_no_longer(&self, chat: ChatId, what: Listed) -> Result<StatusCode, ApiError> {
        match self.users.delist(chat, what).await? {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(ApiError::not_found("this chat does not keep it out")),
        }
    }
}
