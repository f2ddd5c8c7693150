//! Another try of what failed.

use super::body::RequestedBody;
use super::{State, unknown_sync};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Path;
use aws::store::sync::{MOST_RETRIES, Summary};
use axum::extract;
use axum::http::StatusCode;
use domain::sync::{Origin, Request, SyncStatus, Whom};
use uuid::Uuid;

/// Try again in the chats where a sync failed, and in no others.
///
/// It is a sync of its own. While that one is asked for or under way, asking again answers the same one.
#[utoipa::path(
    post,
    path = "/api/v1/sync/retry/{sync_id}",
    params(("sync_id" = Uuid, Path)),
    responses(
        (status = 202, description = "It is asked for.", body = RequestedBody),
        (status = 404, description = "There is no such sync, or its ban event is in the archive.", body = ErrorBody),
        (status = 409, description = "`still_running`: it has not ended; `nothing_failed`; `retried_too_often`: it had 50 further tries.", body = ErrorBody),
    )
)]
pub async fn retry_sync(
    extract::State(state): extract::State<State>,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, axum::Json<RequestedBody>), ApiError> {
    let still_running = || ApiError::conflict("still_running", "the sync has not ended");
    let Some(sync) = state.syncs.summary(id).await? else {
        return Err(if state.syncs.requested(id).await?.is_some() { still_running() } else { unknown_sync() });
    };
    if sync.status == SyncStatus::Running {
        return Err(still_running());
    }
    if sync.totals.failed == 0 {
        return Err(ApiError::conflict("nothing_failed", "the sync failed in no chat"));
    }
    if state.bans.get(sync.ban_event_id).await?.is_none() {
        return Err(ApiError::not_found("the ban event of this sync is in the archive"));
    }
    let too_often = || ApiError::conflict("retried_too_often", format!("a sync has at most {MOST_RETRIES} further tries"));
    let sync_id = state.syncs.next_retry(&sync).await?.ok_or_else(too_often)?;
    let Summary { ban_event_id, kind, .. } = sync;
    let request = Request { sync_id, ban_event_id, kind, origin: Origin::Retried, whom: Whom::FailedIn(id), by: None, waits: false };
    let is_new = state.syncs.request(&request).await?;
    tracing::info!(correlation_id = %ban_event_id, %sync_id, of = %id, is_new, "another try asked for");
    Ok((StatusCode::ACCEPTED, axum::Json(RequestedBody::new(sync_id))))
}
