//! Requests that change something: each is noted in the log of changes, and one that carries an `Idempotency-Key` is carried out once.
//!
//! # Layout
//! - here: around every request but those that only look;
//! - [`objects`]: what a change is about;
//! - [`repeat`]: requests that come again.

mod objects;
mod repeat;

pub use repeat::IDEMPOTENCY_KEY;

use crate::access::{Caller, correlation_id};
use crate::concern::LARGEST_BODY;
use crate::error::ApiError;
use aws::store::audit::{Audit, AuditEntry};
use aws::store::gateway::Gateway;
use aws::{Aws, env, time};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use repeat::{Once, Try};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use uuid::Uuid;

/// The largest answer to a change, in bytes: Lambda's own limit (Lambda quotas, "Invocation payload").
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// In the extensions of an answer: it was given without a change.
#[derive(Clone, Copy, Debug)]
pub struct Unchanged;

/// In the extensions of a request that changes something: one of its own, or the same for all under one `Idempotency-Key` of a caller and route.
/// A key that is free again may come with another request.
#[derive(Clone, Copy, Debug)]
pub struct ChangeId(pub Uuid);

/// The log of changes, and the answers that are kept.
#[derive(Clone)]
pub struct Changes {
    audit: Arc<Audit>,
    gateway: Arc<Gateway>,
    /// Operations that read a body, each as `PUT /path/{id}`.
    with_a_body: Arc<BTreeSet<String>>,
}

impl Changes {
    /// `routes`: the description of those whose changes are kept.
    pub fn from_env(aws: &Aws, routes: &OpenApi) -> anyhow::Result<Self> {
        let audit = Arc::new(Audit::new(aws, env::required("AUDIT_TABLE")?));
        Ok(Self { audit, gateway: Arc::new(Gateway::from_env(aws)?), with_a_body: Arc::new(with_a_body(routes)) })
    }

    fn reads_a_body(&self, operation: &str) -> bool {
        self.with_a_body.contains(operation)
    }
}

fn with_a_body(routes: &OpenApi) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, item) in &routes.paths.paths {
        let operations = [("PUT", &item.put), ("POST", &item.post), ("PATCH", &item.patch), ("DELETE", &item.delete)];
        let with_a_body = operations.into_iter().filter(|(_, operation)| operation.as_ref().is_some_and(|it| it.request_body.is_some()));
        found.extend(with_a_body.map(|(method, _)| format!("{method} {path}")));
    }
    found
}

/// Carries a change out once, and notes it. The route is known here, and the caller has the scope that it needs.
pub async fn keep(
    State(changes): State<Changes>,
    caller: Caller,
    route: Option<MatchedPath>,
    parameters: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(route) = route.filter(|_| !matches!(*request.method(), Method::GET | Method::HEAD)) else {
        return Ok(next.run(request).await);
    };
    let operation = format!("{} {}", request.method(), route.as_str());
    let id = correlation_id(&request);
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.map_err(|_| ApiError::too_large("the body is too large"))?;
    let once = match Once::read(&parts, &caller, &operation, &body)? {
        Some(once) => match once.begin(&changes.gateway).await? {
            Try::Begun(once) => Some(once),
            Try::Over(answer) => return Ok(answer),
        },
        None => None,
    };
    parts.extensions.insert(ChangeId(once.as_ref().map_or_else(Uuid::new_v4, |once| once.id)));
    let response = next.run(Request::from_parts(parts, Body::from(body.clone()))).await;
    let (parts, answer) = response.into_parts();
    let answer = to_bytes(answer, LARGEST_ANSWER).await.map_err(|error| ApiError::unavailable(error.to_string()));
    // A change that may have been made counts as made: noted, and not made again.
    let made = parts.status.is_success() || parts.status == StatusCode::GATEWAY_TIMEOUT;
    let half_done = parts.extensions.get().is_some_and(ApiError::is_half_done);
    if (made || half_done) && parts.extensions.get::<Unchanged>().is_none() {
        // Only ids of a body that the route reads: others name things that nobody touched.
        let read = if changes.reads_a_body(&operation) { &body[..] } else { &[] };
        let entry = AuditEntry {
            audit_id: Uuid::new_v4(),
            at_ms: time::now_ms(),
            subject: caller.subject,
            operation,
            answered: parts.status.as_u16(),
            correlation_id: id,
            objects: objects::of(parameters.iter(), read, &answer.as_ref().map(json).unwrap_or_default()),
        };
        changes.note(&entry).await;
    }
    let answer = answer?;
    match once {
        Some(once) if made => once.finish(&changes.gateway, parts.status, &answer).await,
        Some(once) => once.free(&changes.gateway).await,
        None => {}
    }
    Ok(Response::from_parts(parts, Body::from(answer)))
}

impl Changes {
    /// The change is done: an answer that it failed would have it done again. Where the log cannot be written, the line stands for it.
    async fn note(&self, entry: &AuditEntry) {
        let AuditEntry { correlation_id, subject, operation, answered, .. } = entry;
        let objects = serde_json::to_string(&entry.objects).unwrap_or_default();
        match self.audit.note(entry).await {
            Ok(()) => tracing::info!(correlation_id, subject, operation, answered, objects, "changed by the API"),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(correlation_id, subject, operation, answered, objects, error, "changed by the API, and not noted");
            }
        }
    }
}

fn json(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The status of an answer that was kept.
fn status(kept: u16) -> StatusCode {
    StatusCode::from_u16(kept).unwrap_or(StatusCode::OK)
}
