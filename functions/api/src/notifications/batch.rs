//! Many messages at once.

use super::State;
use super::send::{FateBody, NewNotification, SentNotification};
use crate::access::Caller;
use crate::error::ApiError;
use crate::extract::Json;
use crate::ids::PersonId;
use crate::row::{self, Row, Unreadable};
use aws::tell::Told;
use axum::extract;
use domain::settings::Problem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// Messages of one call.
const MOST: usize = 1000;

/// Messages that are told together: where that fails, none of them is known to be told.
const TOGETHER: usize = 50;

/// Messages to many people.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotifications {
    /// One that is not as described is `invalid` by its place, and the others are told.
    #[schema(value_type = Vec<NewNotification>, min_items = 1, max_items = 1000)]
    #[serde(deserialize_with = "row::at_most::<_, _, MOST>")]
    notifications: Vec<Row<NewNotification>>,
}

/// Results of the messages, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationResults {
    results: Vec<NotificationResult>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationResult {
    /// Its place among the messages, from 0.
    #[schema(minimum = 0)]
    index: u32,
    /// `null` where it cannot be read.
    #[schema(inline)]
    user_id: Option<PersonId>,
    /// `null` where it was not taken.
    notification_id: Option<Uuid>,
    #[schema(inline)]
    status: ResultStatus,
    /// Until when it waits, Unix seconds; `null` where it does not.
    due_at: Option<i64>,
    /// Problems of its fields, where there are some.
    problems: Vec<NotificationProblem>,
}

/// Result of one message. After `failed` it may have been told or not: under the same `id` it can be sent again.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultStatus {
    Queued,
    Held,
    Suppressed,
    NotFound,
    Invalid,
    Failed,
}

impl From<FateBody> for ResultStatus {
    fn from(fate: FateBody) -> Self {
        match fate {
            FateBody::Queued => Self::Queued,
            FateBody::Held => Self::Held,
            FateBody::Suppressed => Self::Suppressed,
        }
    }
}

/// Something that is wrong with a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationProblem {
    /// `null` where it is no single field.
    field: Option<String>,
    message: String,
}

impl From<Problem> for NotificationProblem {
    fn from(problem: Problem) -> Self {
        Self { field: Some(problem.field.to_owned()), message: problem.message }
    }
}

impl From<Unreadable> for NotificationProblem {
    fn from(Unreadable { field, message }: Unreadable) -> Self {
        Self { field, message }
    }
}

impl NotificationResult {
    fn not_taken(index: u32, user_id: Option<PersonId>, status: ResultStatus, problems: Vec<NotificationProblem>) -> Self {
        Self { index, user_id, notification_id: None, status, due_at: None, problems }
    }
}

/// Tell many people something.
///
/// As one message is sent. Each is taken or not on its own, and has its result.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/batch",
    responses((status = 200, description = "What came of each.", body = NotificationResults))
)]
pub async fn send_notifications(
    extract::State(state): extract::State<State>,
    caller: Caller,
    Json(new): Json<NewNotifications>,
) -> Result<axum::Json<NotificationResults>, ApiError> {
    if !(1..=MOST).contains(&new.notifications.len()) {
        return Err(ApiError::invalid(format!("1 to {MOST} messages at a time")));
    }
    let (mut results, mut told) = (Vec::with_capacity(new.notifications.len()), Vec::new());
    for (index, row) in (0..).zip(new.notifications) {
        match read(row, &caller) {
            Ok(one) => told.push((index, one)),
            Err((user_id, problems)) => results.push(NotificationResult::not_taken(index, user_id, ResultStatus::Invalid, problems)),
        }
    }
    let mut profiles = state.users.profiles(told.iter().map(|(_, told)| told.recipient).collect::<BTreeSet<_>>()).await?;
    profiles.retain(|_, profile| profile.erased_at.is_none());
    let (known, unknown): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, told)| profiles.contains_key(&told.recipient));
    let not_found = |(index, told): (u32, Told)| {
        NotificationResult::not_taken(index, Some(PersonId(told.recipient)), ResultStatus::NotFound, Vec::new())
    };
    results.extend(unknown.into_iter().map(not_found));
    for group in known.chunks(TOGETHER) {
        let fates = state.tell(&profiles, group.iter().map(|(_, told)| told.clone()).collect()).await;
        let fates = fates.inspect_err(|error| tracing::error!(error = format!("{error:#}"), "messages of a batch could not be told"));
        for (place, (index, told)) in group.iter().enumerate() {
            let user_id = Some(PersonId(told.recipient));
            results.push(match fates.as_ref().ok().and_then(|fates| fates.get(place)) {
                None => NotificationResult::not_taken(*index, user_id, ResultStatus::Failed, Vec::new()),
                Some(fate) => {
                    let (id, status, due_at) = SentNotification::from(fate.clone()).parts();
                    let status = status.into();
                    NotificationResult { index: *index, user_id, notification_id: Some(id), status, due_at, problems: Vec::new() }
                }
            });
        }
    }
    results.sort_by_key(|result| result.index);
    Ok(axum::Json(NotificationResults { results }))
}

/// The message of a row, or why there is none.
fn read(Row(row): Row<NewNotification>, caller: &Caller) -> Result<Told, (Option<PersonId>, Vec<NotificationProblem>)> {
    let new = row.map_err(|why| (None, vec![why.into()]))?;
    let user_id = Some(new.user_id);
    new.told(caller).map_err(|problems| (user_id, problems.into_iter().map(Into::into).collect()))
}
