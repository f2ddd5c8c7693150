//! Taking back what a sync did.

use super::body::RequestedBody;
use super::{State, unknown_sync};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Path};
use crate::ids::GroupId;
use axum::extract;
use axum::http::StatusCode;
use domain::sync::Kind;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Chats in which a ban is undone.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// In this chat; left out, wherever the ban was synced to.
    #[schema(inline)]
    chat_id: Option<GroupId>,
}

/// Take back what a sync did, in one chat or everywhere.
///
/// Only what the bot did is undone, and only where no admin of the chat has decided since. Everywhere means the ban event as a whole,
/// all syncs of it: what is still to come of the ban, a delay, a question, somebody who is waited for, ends with it. Asked for again it is
/// the same, unless it has failed.
#[utoipa::path(
    post,
    path = "/api/v1/syncs/{sync_id}/undo",
    params(("sync_id" = Uuid, Path)),
    responses(
        (status = 202, description = "It is asked for; the id is that of the sync that takes back.", body = RequestedBody),
        (status = 404, description = "There is no such sync, or its ban event is in the archive.", body = ErrorBody),
        (status = 409, description = "`not_a_ban`: the sync itself takes something back.", body = ErrorBody),
    )
)]
pub async fn undo_sync(
    extract::State(state): extract::State<State>,
    Path(id): Path<Uuid>,
    Json(undo): Json<Undo>,
) -> Result<(StatusCode, axum::Json<RequestedBody>), ApiError> {
    let (event_id, kind) = match state.syncs.summary(id).await? {
        Some(sync) => (sync.ban_event_id, sync.kind),
        // It has not begun, and will find that it is taken back.
        None => state.syncs.requested(id).await?.map(|request| (request.ban_event_id, request.kind)).ok_or_else(unknown_sync)?,
    };
    if kind != Kind::Ban {
        return Err(ApiError::conflict("not_a_ban", "this sync takes a ban back itself"));
    }
    let archived = || ApiError::not_found("the ban event of this sync is in the archive");
    let event = state.bans.get(event_id).await?.ok_or_else(archived)?;
    let sync_id = match undo.chat_id {
        Some(GroupId(chat)) => state.syncs.undo_here(event_id, id, chat, None).await?,
        None => state.syncs.undo_everywhere(event_id, event.user_id, None).await?,
    };
    tracing::info!(correlation_id = %event_id, %sync_id, of = %id, "taking back asked for");
    Ok((StatusCode::ACCEPTED, axum::Json(RequestedBody::new(sync_id))))
}
