//! A program asks for a sync of a ban, or what such a sync would do.

use super::State;
use super::body::RequestedBody;
use super::dry_run::DryRunBody;
use crate::bounded::Text;
use crate::changes::Unchanged;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Query};
use crate::ids::GroupId;
use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::ChatId;
use domain::member::Action;
use domain::sync::request::MOST_CHATS;
use domain::sync::{Kind, Origin, Request, Whom, further_sync_id};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A ban to sync.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSync {
    /// Of a ban: a ban event of another type is carried nowhere.
    ban_event_id: Uuid,
    /// The chats that it is about: of them, those from which the person is followed. Left out, all from which he is.
    #[schema(value_type = Option<BTreeSet<GroupId>>, min_items = 1, max_items = 2000, example = json!([-1001234567890_i64]))]
    chat_ids: Option<Vec<GroupId>>,
    /// Only tells what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Your own name for this request: asked for again under it, it is the same sync, as it was asked for first. Left out, every request
    /// is a sync of its own.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "ticket-4711")]
    idempotency_key: Option<Text<1, 64>>,
}

impl NewSync {
    /// The chats, each named once.
    fn chats(&self) -> Result<Option<Vec<ChatId>>, ApiError> {
        let Some(ids) = &self.chat_ids else { return Ok(None) };
        let chats: BTreeSet<ChatId> = ids.iter().map(|GroupId(chat)| *chat).collect();
        match ids.len() {
            0 => Err(ApiError::invalid("chat_ids has at least one chat")),
            many if many > MOST_CHATS => Err(ApiError::invalid(format!("chat_ids has at most {MOST_CHATS} chats"))),
            many if many > chats.len() => Err(ApiError::invalid("chat_ids names a chat twice")),
            _ => Ok(Some(chats.into_iter().collect())),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DryRunQuery {
    /// `next_cursor` of the page before, of a dry run with the same body; none for the first page.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// What is answered.
pub enum Triggered {
    Requested(RequestedBody),
    DryRun(DryRunBody),
}

impl IntoResponse for Triggered {
    fn into_response(self) -> Response {
        match self {
            Self::Requested(body) => (StatusCode::ACCEPTED, axum::Json(body)).into_response(),
            Self::DryRun(body) => (axum::Extension(Unchanged), axum::Json(body)).into_response(),
        }
    }
}

/// Carry a ban over to the chats from which the person is followed: once more, or to those that have begun to follow since.
///
/// What the chats chose holds: they ask their admins, or leave the ban alone, as ever; only their delays are not waited out. A dry run does
/// nothing and tells of 50 chats a page what would be done now.
#[utoipa::path(
    post,
    path = "/api/v1/sync/trigger",
    params(DryRunQuery),
    responses(
        (status = 200, description = "A page of what would be done, of a dry run.", body = DryRunBody),
        (status = 202, description = "It is asked for, now or before by the same `idempotency_key`.", body = RequestedBody),
        (status = 404, description = "There is no such ban event, or it is in the archive.", body = ErrorBody),
        (status = 422, description = "`not_a_ban`: the event is of another type; `bad_cursor`: it is not one of this dry run.", body = ErrorBody),
    )
)]
pub async fn trigger_sync(
    extract::State(state): extract::State<State>,
    Query(query): Query<DryRunQuery>,
    Json(new): Json<NewSync>,
) -> Result<Triggered, ApiError> {
    let chats = new.chats()?;
    let event = state.bans.get(new.ban_event_id).await?.ok_or_else(|| ApiError::not_found("there is no such ban event"))?;
    if event.event_type != Action::Ban {
        return Err(ApiError::refused("not_a_ban", "only a ban is synced"));
    }
    if new.dry_run {
        return Ok(Triggered::DryRun(state.dry_run(&event, chats.as_deref(), query.cursor.as_deref()).await?));
    }
    let (origin, ban_event_id) = (Origin::Triggered, event.event_id);
    let key = new.idempotency_key.map_or_else(|| Uuid::new_v4().to_string(), |Text(key)| key);
    let sync_id = further_sync_id(ban_event_id, origin, &key);
    let whom = chats.map_or(Whom::Followers, Whom::Chats);
    let is_new = state.syncs.request(&Request { sync_id, ban_event_id, kind: Kind::Ban, origin, whom, by: None, waits: false }).await?;
    tracing::info!(correlation_id = %ban_event_id, %sync_id, is_new, "sync asked for");
    Ok(Triggered::Requested(RequestedBody::new(sync_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_are_named_once_each_and_are_not_too_many() {
        let of = |chats: &[i64]| {
            let json = serde_json::json!({ "ban_event_id": Uuid::nil(), "chat_ids": chats });
            serde_json::from_value::<NewSync>(json).unwrap().chats().map(|chats| chats.unwrap_or_default().len()).ok()
        };
        let many = |count: i64| (1..=count).map(|n| -n).collect::<Vec<_>>();
        assert_eq!((of(&[-1, -2]), of(&many(2000))), (Some(2), Some(2000)));
        assert_eq!((of(&[]), of(&[-1, -1]), of(&many(2001))), (None, None, None));
    }
}
