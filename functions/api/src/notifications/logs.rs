//! The log of messages: how each ended.

use super::State;
use crate::error::ApiError;
use crate::extract::Query;
use crate::ids::PersonId;
use crate::page::PageQuery;
use aws::store::digests::Held;
use aws::store::notifications::Logged;
use axum::extract;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Messages that wait, at most, beside the first page of those that do not.
const MOST_HELD: i32 = 100;

/// How a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationStatus)]
pub enum StatusBody {
    /// On its way, or waiting for its moment.
    Pending,
    Sent,
    Failed,
    /// Not sent, because its recipient wants none such.
    Suppressed,
}

impl StatusBody {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
        }
    }

    fn named(name: &str) -> Self {
        [Self::Sent, Self::Failed, Self::Suppressed].into_iter().find(|status| status.name() == name).unwrap_or(Self::Pending)
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogsQuery {
    /// The person whose messages are listed.
    #[param(inline)]
    user_id: PersonId,
    /// Only those that stand so.
    #[param(inline)]
    status: Option<StatusBody>,
}

/// A message. What it says is not kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationBody {
    /// `null` where its key is of another form.
    notification_id: Option<Uuid>,
    /// Kind of message, such as `sync_report`.
    #[serde(rename = "type")]
    kind: String,
    /// The way by which it went: `telegram`, `sns` or `webhook`.
    channel: String,
    #[schema(inline)]
    status: StatusBody,
    /// Why it failed or was suppressed.
    error_message: Option<String>,
    /// The event that it follows from; `null` while it waits.
    correlation_id: Option<String>,
    /// Unix seconds, as those that follow.
    created_at: i64,
    sent_at: Option<i64>,
    failed_at: Option<i64>,
    /// Until when it waits.
    due_at: Option<i64>,
    /// Of a digest: the ids of the messages that it tells.
    tells: Vec<Uuid>,
}

/// A part of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationLog {
    items: Vec<NotificationBody>,
    /// Give it as `cursor` for the next page; `null` at the end of the list.
    next_cursor: Option<String>,
    /// With the first page: what waits for the end of quiet hours or for a digest, at most a hundred.
    waiting: Vec<NotificationBody>,
}

impl From<Logged> for NotificationBody {
    fn from(logged: Logged) -> Self {
        Self {
            notification_id: logged.notification_id(),
            kind: logged.notification_type,
            channel: logged.channel,
            status: StatusBody::named(&logged.status),
            error_message: logged.error_message,
            correlation_id: Some(logged.correlation_id),
            created_at: logged.created_at,
            sent_at: logged.sent_at,
            failed_at: logged.failed_at,
            tells: logged.tells,
            due_at: None,
        }
    }
}

impl From<Held> for NotificationBody {
    fn from(held: Held) -> Self {
        Self {
            notification_id: held.notification_id(),
            due_at: held.until(),
            kind: held.notification_type,
            channel: held.channel,
            status: StatusBody::Pending,
            error_message: None,
            correlation_id: None,
            created_at: held.created_at,
            sent_at: None,
            failed_at: None,
            tells: Vec::new(),
        }
    }
}

/// Messages to somebody, newest first.
///
/// For 90 days. What a digest told is in its `tells`, and not listed by itself. With `status` a page may be short, or empty, and have a `next_cursor` all the same.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/logs",
    params(LogsQuery, PageQuery),
    responses((status = 200, description = "A page.", body = NotificationLog))
)]
pub async fn list_notifications(
    extract::State(state): extract::State<State>,
    Query(LogsQuery { user_id: PersonId(user), status }): Query<LogsQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<NotificationLog>, ApiError> {
    let wanted = page.wanted()?;
    let is_first = wanted.cursor.is_none() && status.is_none_or(|status| status == StatusBody::Pending);
    let held = if is_first { state.digests.held(user, MOST_HELD).await? } else { Vec::new() };
    let page = state.notifications.log(user, status.map(StatusBody::name), &wanted).await?.map(NotificationBody::from);
    let waiting = held.into_iter().map(NotificationBody::from).collect();
    Ok(axum::Json(NotificationLog { items: page.items, next_cursor: page.next, waiting }))
}
