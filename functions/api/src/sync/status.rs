//! A sync as a whole.

use super::body::{KindBody, OriginBody, SyncStatusBody};
use super::{State, unknown_sync};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Path;
use crate::ids::{GroupId, PersonId};
use aws::store::sync::Summary;
use axum::extract;
use domain::ban::BanEvent;
use domain::sync::{Request, Totals};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A sync.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncBody {
    sync_id: Uuid,
    /// The event that it syncs, or by which it undoes bans.
    ban_event_id: Uuid,
    #[schema(inline)]
    kind: KindBody,
    #[schema(inline)]
    origin: OriginBody,
    #[schema(inline)]
    user_id: PersonId,
    #[schema(inline)]
    source_chat_id: GroupId,
    #[schema(inline)]
    status: SyncStatusBody,
    /// Until the sync has ended, those of its first part.
    #[schema(minimum = 0)]
    total_chats: u32,
    /// Zeros until the sync has ended.
    totals: TotalsBody,
    /// Parts of 2000 chats at most; `null` until all are planned.
    #[schema(minimum = 0)]
    parts: Option<u32>,
    /// Somebody takes it back everywhere, or sweeps up after it.
    taken_back: bool,
    /// Unix seconds; `null` until it has begun.
    #[schema(example = 1764000000)]
    started_at: Option<i64>,
    /// Unix seconds; `null` until it has ended.
    #[schema(example = 1764000007)]
    completed_at: Option<i64>,
}

/// How many chats ended how.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsBody {
    #[schema(minimum = 0)]
    applied: u32,
    #[schema(minimum = 0)]
    already: u32,
    #[schema(minimum = 0)]
    skipped: u32,
    #[schema(minimum = 0)]
    failed: u32,
}

impl From<Totals> for TotalsBody {
    fn from(Totals { applied, already, skipped, failed }: Totals) -> Self {
        Self { applied, already, skipped, failed }
    }
}

impl From<Summary> for SyncBody {
    fn from(sync: Summary) -> Self {
        Self {
            sync_id: sync.sync_id,
            ban_event_id: sync.ban_event_id,
            kind: sync.kind.into(),
            origin: sync.origin.into(),
            user_id: PersonId(sync.user_id),
            source_chat_id: GroupId(sync.source_chat_id),
            status: sync.status.into(),
            total_chats: sync.total_chats,
            totals: sync.totals.into(),
            parts: sync.parts,
            taken_back: sync.undo.is_some(),
            started_at: Some(sync.started_at_ms / 1000),
            completed_at: sync.completed_at_ms.map(|ms| ms / 1000),
        }
    }
}

impl SyncBody {
    /// Of what has not begun.
    fn requested(request: &Request, event: &BanEvent) -> Self {
        Self {
            sync_id: request.sync_id,
            ban_event_id: request.ban_event_id,
            kind: request.kind.into(),
            origin: request.origin.into(),
            user_id: PersonId(event.user_id),
            source_chat_id: GroupId(event.chat_id),
            status: SyncStatusBody::Requested,
            total_chats: 0,
            totals: Totals::default().into(),
            parts: None,
            taken_back: false,
            started_at: None,
            completed_at: None,
        }
    }
}

/// How a sync goes.
///
/// The sync of a ban event that is synced by itself is found by `GET /api/v1/sync/logs`.
#[utoipa::path(
    get,
    path = "/api/v1/sync/status/{sync_id}",
    params(("sync_id" = Uuid, Path)),
    responses(
        (status = 200, description = "As it is now.", body = SyncBody),
        (status = 404, description = "There is none: it was never asked for, or it began more than a year ago.", body = ErrorBody),
    )
)]
pub async fn get_sync_status(extract::State(state): extract::State<State>, Path(id): Path<Uuid>) -> Result<axum::Json<SyncBody>, ApiError> {
    if let Some(sync) = state.syncs.summary(id).await? {
        return Ok(axum::Json(sync.into()));
    }
    let request = state.syncs.requested(id).await?.ok_or_else(unknown_sync)?;
    // Without its event it will never begin.
    let event = state.bans.get(request.ban_event_id).await?.ok_or_else(unknown_sync)?;
    Ok(axum::Json(SyncBody::requested(&request, &event)))
}
