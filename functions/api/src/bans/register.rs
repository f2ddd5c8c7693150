//! Registering: what another program, or a loader of history, knows of.

use super::State;
use super::body::{BanEventBody, NewBanEvent};
use crate::changes::Unchanged;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::row::{self, Row, Unreadable};
use aws::{metrics, time};
use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ban::BanEvent;
use domain::ids::UserId;
use domain::registration::{self, NotABanEvent};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Events of a bulk at most.
const MOST: usize = 500;

/// Register a ban event.
///
/// An event that happened within 24 hours, of a person whom somebody follows, is synced to the chats that follow; what is older is
/// history. Registering it again, by the same `event_id`, changes nothing and answers what is stored.
#[utoipa::path(
    post,
    path = "/api/v1/events/ban",
    responses(
        (status = 201, description = "It is stored.", body = BanEventBody),
        (status = 200, description = "It was stored before, under the same id: as it was told first.", body = BanEventBody),
        (status = 422, description = "It cannot have happened so: `not_a_person`, `bad_duration`, `in_future`, `bad_metadata`.", body = ErrorBody),
    )
)]
pub async fn register_ban_event(extract::State(state): extract::State<State>, Json(new): Json<NewBanEvent>) -> Result<Response, ApiError> {
    let now = time::now();
    let event = state.event(new, now).map_err(|why| ApiError::refused(why.code(), why.to_string()))?;
    let [event] = state.tracking.tracked([event], now).await?;
    if let Some(stored) = state.bans.register(&event).await? {
        return Ok((StatusCode::OK, axum::Extension(Unchanged), axum::Json(BanEventBody::from(stored))).into_response());
    }
    let (event_type, UserId(user)) = (event.event_type.name(), event.user_id);
    metrics::count("ban_events_processed_total", Some(("event_type", event_type)), 1);
    tracing::info!(correlation_id = %event.event_id, chat_id = event.chat_id.0, user_id = user, event_type, tracked = event.tracked, "ban event stored");
    Ok((StatusCode::CREATED, axum::Json(BanEventBody::from(event))).into_response())
}

/// Ban events, told at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBanEvents {
    /// One that is not as described is `invalid` by its place and field, and the others are stored.
    #[schema(value_type = Vec<NewBanEvent>, min_items = 1, max_items = 500)]
    #[serde(deserialize_with = "row::at_most::<_, _, MOST>")]
    events: Vec<Row<NewBanEvent>>,
}

/// What became of every event.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkBody {
    #[schema(minimum = 0)]
    created: u32,
    #[schema(minimum = 0)]
    duplicate: u32,
    #[schema(minimum = 0)]
    invalid: u32,
    #[schema(minimum = 0)]
    failed: u32,
    /// In the order of the events.
    results: Vec<BulkResult>,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    /// Its place among the events, from 0.
    #[schema(minimum = 0)]
    index: u32,
    #[schema(inline)]
    status: BulkStatus,
    /// `null` where it is invalid.
    event_id: Option<Uuid>,
    /// Where it is not stored.
    error: Option<BulkError>,
}

/// `created`: it is stored now. `duplicate`: it was before. `invalid`: it cannot be read, or cannot have happened so. `failed`: the store did not take it;
/// tell it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BulkStatus {
    Created,
    Duplicate,
    Invalid,
    Failed,
}

/// Why an event is not stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkError {
    #[schema(example = "in_future")]
    code: &'static str,
    /// The field that is wrong; `null` where it is no single one.
    #[schema(example = "event_timestamp")]
    field: Option<String>,
    #[schema(example = "event_timestamp is in the future")]
    message: String,
}

/// Register up to 500 ban events.
///
/// Each has its own result: some may be stored and others not, whatever the status of the answer. One that cannot be read is `invalid` by
/// its place and field. `failed` ones can be told again.
#[utoipa::path(
    post,
    path = "/api/v1/events/bulk",
    responses((status = 200, description = "The results, one an event.", body = BulkBody))
)]
pub async fn register_ban_events(
    extract::State(state): extract::State<State>,
    Json(NewBanEvents { events }): Json<NewBanEvents>,
) -> Result<axum::Json<BulkBody>, ApiError> {
    match events.len() {
        0 => return Err(ApiError::invalid("events has at least one event")),
        1..=MOST => {}
        _ => return Err(ApiError::too_large(format!("events has at most {MOST} events"))),
    }
    let now = time::now();
    let told = |Row(row)| state.event(row?, now).map_err(Invalid::from);
    let told: Vec<_> = events.into_iter().map(told).collect();
    let valid: Vec<_> = told.iter().flatten().cloned().collect();
    let valid = state.tracking.tracked(valid, now).await?;
    let mut stored = state.bans.register_all(&valid).await.into_iter();
    let results = told.into_iter().map(|told| match told {
        Err(why) => Outcome::Invalid(why),
        Ok(event) => match stored.next() {
            Some(Ok(None)) => Outcome::Created(event),
            Some(Ok(Some(_))) => Outcome::Duplicate(event),
            Some(Err(error)) => Outcome::Failed(event, Some(error)),
            None => Outcome::Failed(event, None),
        },
    });
    Ok(axum::Json(answer(results.collect())))
}

/// What became of an event.
enum Outcome {
    Created(BanEvent),
    Duplicate(BanEvent),
    Invalid(Invalid),
    Failed(BanEvent, Option<anyhow::Error>),
}

/// Why a row is not stored.
#[derive(Debug)]
enum Invalid {
    Unreadable(Unreadable),
    NotABanEvent(NotABanEvent),
}

impl From<Unreadable> for Invalid {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<NotABanEvent> for Invalid {
    fn from(why: NotABanEvent) -> Self {
        Self::NotABanEvent(why)
    }
}

impl From<Invalid> for BulkError {
    fn from(why: Invalid) -> Self {
        match why {
            Invalid::Unreadable(Unreadable { field, message }) => Self { code: "invalid_request", field, message },
            Invalid::NotABanEvent(why) => Self { code: why.code(), field: Some(why.field().to_owned()), message: why.to_string() },
        }
    }
}

/// Counts, logs and tells.
fn answer(outcomes: Vec<Outcome>) -> BulkBody {
    let mut created = BTreeMap::new();
    let mut cause = None;
    let result = |(index, outcome): (usize, Outcome)| {
        let (status, event_id, error) = match outcome {
            Outcome::Created(event) => {
                *created.entry(event.event_type.name()).or_default() += 1;
                (BulkStatus::Created, Some(event.event_id), None)
            }
            Outcome::Duplicate(event) => (BulkStatus::Duplicate, Some(event.event_id), None),
            Outcome::Invalid(why) => (BulkStatus::Invalid, None, Some(why.into())),
            Outcome::Failed(event, error) => {
                cause = cause.take().or(error);
                let error = BulkError { code: "unavailable", field: None, message: "this cannot be done now; try again".to_owned() };
                (BulkStatus::Failed, Some(event.event_id), Some(error))
            }
        };
        BulkResult { index: index as u32, status, event_id, error }
    };
    let results: Vec<_> = outcomes.into_iter().enumerate().map(result).collect();
    let count = |status| results.iter().filter(|result| result.status == status).count() as u32;
    let body = BulkBody {
        created: count(BulkStatus::Created),
        duplicate: count(BulkStatus::Duplicate),
        invalid: count(BulkStatus::Invalid),
        failed: count(BulkStatus::Failed),
        results,
    };
    for (event_type, number) in created {
        metrics::count("ban_events_processed_total", Some(("event_type", event_type)), number);
    }
    if let Some(error) = cause {
        tracing::error!(error = format!("{error:#}"), failed = body.failed, "ban events could not be stored");
    }
    tracing::info!(created = body.created, duplicate = body.duplicate, invalid = body.invalid, failed = body.failed, "ban events loaded");
    body
}

impl State {
    /// The event, if it can have happened at `now`. Whatever is done to the bot itself is no ban.
    fn event(&self, new: NewBanEvent, now: i64) -> Result<BanEvent, NotABanEvent> {
        let new = registration::NewBanEvent::from(new);
        if new.user_id == self.telegram.bot() { Err(NotABanEvent::User) } else { new.event(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> BanEvent {
        let new: NewBanEvent = serde_json::from_str(json).unwrap();
        registration::NewBanEvent::from(new).event(1_764_000_000).unwrap()
    }

    #[test]
    fn every_event_of_a_bulk_has_its_result_in_its_place() {
        let ban = || event(r#"{"user_id": 5, "chat_id": -1, "event_type": "ban", "event_timestamp": 1764000000}"#);
        let failure = anyhow::anyhow!("no answer");
        let outcomes = vec![
            Outcome::Created(ban()),
            Outcome::Invalid(NotABanEvent::InFuture.into()),
            Outcome::Failed(ban(), Some(failure)),
            Outcome::Duplicate(ban()),
        ];
        let body = serde_json::to_value(answer(outcomes)).unwrap();
        assert_eq!([&body["created"], &body["duplicate"], &body["invalid"], &body["failed"]], [1, 1, 1, 1]);
        let of = |index: usize, name: &str| body["results"][index][name].clone();
        assert_eq!([of(0, "status"), of(1, "status"), of(2, "status"), of(3, "status")], ["created", "invalid", "failed", "duplicate"]);
        assert_eq!((of(3, "index"), of(1, "event_id"), of(0, "error")), (3.into(), ().into(), ().into()));
        assert_eq!(
            (&body["results"][1]["error"]["code"], &body["results"][2]["error"]["code"]),
            (&"in_future".into(), &"unavailable".into())
        );
        assert_eq!(body["results"][1]["error"]["field"], "event_timestamp");
    }

    #[test]
    fn what_is_not_as_described_is_not_read() {
        let with = |field: &str| {
            let json = format!(r#"{{"user_id": 5, "chat_id": -1, "event_type": "ban", "event_timestamp": 1764000000{field}}}"#);
            serde_json::from_str::<NewBanEvent>(&json).is_ok()
        };
        for field in ["", r#", "reason": null"#, r#", "ban_duration": 1"#, r#", "metadata": {"a": "b"}"#, r#", "event_id": "row 7""#] {
            assert!(with(field), "{field}");
        }
        for field in
            [r#", "more": 1"#, r#", "ban_duration": 0"#, r#", "metadata": {"a": 1}"#, r#", "metadata": null"#, r#", "event_id": """#]
        {
            assert!(!with(field), "{field}");
        }
        assert!(!with(&format!(r#", "reason": "{}""#, "x".repeat(1001))));
        assert!(!with(&format!(r#", "event_id": "{}""#, "x".repeat(256))));
    }
}
