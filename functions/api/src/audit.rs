//! The log of changes: which key changed what by this API.

use crate::error::ApiError;
use crate::extract::Query;
use crate::health::Ready;
use crate::page::{PageBody, PageQuery};
use aws::store::audit::{Audit, AuditEntry};
use aws::{Aws, env};
use axum::extract;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The scope that the route needs.
#[derive(Clone)]
pub struct State {
    audit: Arc<Audit>,
}

impl State {
    pub fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        Ok(Self { audit: Arc::new(Audit::new(aws, env::required("AUDIT_TABLE")?)) })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.audit.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_changes))
}

/// A change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeBody {
    audit_id: Uuid,
    /// Unix seconds.
    #[schema(example = 1764000000)]
    at: i64,
    /// The API key: `key:` and its id, as `cargo xtask keys list` shows it.
    #[schema(example = "key:0a1b2c3d4e5f")]
    subject: String,
    /// Method and path.
    #[schema(example = "PUT /api/v1/chats/{chat_id}/settings")]
    operation: String,
    /// The status that was answered. 503: it was done in part, or may have been; 504: it may have been done.
    #[schema(minimum = 200, maximum = 599, example = 200)]
    status: u16,
    /// Finds the request in the logs.
    correlation_id: String,
    /// Ids of what was changed, by the names that this API has for them. Names and texts are not kept.
    #[schema(value_type = BTreeMap<String, Vec<serde_json::Value>>, example = json!({ "chat_id": [-1001234567890_i64] }))]
    objects: BTreeMap<String, Vec<serde_json::Value>>,
}

impl From<AuditEntry> for ChangeBody {
    fn from(entry: AuditEntry) -> Self {
        let ids = |(name, ids): (String, _)| match serde_json::to_value(ids) {
            Ok(serde_json::Value::Array(ids)) => (name, ids),
            _ => (name, Vec::new()),
        };
        Self {
            audit_id: entry.audit_id,
            at: entry.at_ms / 1000,
            subject: entry.subject,
            operation: entry.operation,
            status: entry.answered,
            correlation_id: entry.correlation_id,
            objects: entry.objects.into_iter().map(ids).collect(),
        }
    }
}

/// Changes by this API, newest first.
///
/// Tells which key did what to whom, and when, for a year. A page reads 31 days at most: where there were few changes it may be short, or
/// empty, and have a `next_cursor` all the same.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    params(PageQuery),
    responses((status = 200, description = "A page.", body = PageBody<ChangeBody>))
)]
pub async fn list_changes(
    extract::State(state): extract::State<State>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<ChangeBody>>, ApiError> {
    let page = state.audit.page(&page.wanted()?).await?;
    Ok(axum::Json(PageBody::new(page, ChangeBody::from)))
}
