//! What a caller is told when his request is not carried out: a status and `{code, message, details, correlation_id}`.

use crate::access::correlation_id;
use aws::store::page::PageError;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The header that carries the correlation id, in requests and answers.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// One word a kind of error, such as `limit_reached`; programs look at this one.
    #[schema(example = "not_found")]
    code: &'static str,
    /// A sentence for people.
    #[schema(example = "there is no such subscription")]
    message: String,
    /// What the sentence is about, where there is more to say.
    details: Option<Value>,
    /// Finds the request in the logs.
    #[schema(example = "QxR5bhZkoAMEMmg=")]
    correlation_id: String,
}

/// The body of what API Gateway itself may answer, or a function in its place with more to say.
#[expect(dead_code, reason = "only described")]
#[derive(ToSchema)]
pub struct RefusalBody {
    /// A sentence for people.
    #[schema(example = "Unauthorized")]
    message: String,
    /// As in the body of other errors, where a function answers.
    code: Option<String>,
    correlation_id: Option<String>,
}

/// An error on its way to the caller. `message` is for him and holds nothing that only a log may read.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Option<Value>,
    /// Seconds after which another try may succeed.
    retry_after: Option<i64>,
    /// For the log only.
    cause: Option<String>,
    /// Part of what was asked for is done all the same, or may be.
    half_done: bool,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: None, retry_after: None, cause: None, half_done: false }
    }

    /// 400: the request cannot be read.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// 401: nobody knows who calls.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// 403: who calls may not do this.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409: what is there already does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 413.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// 422: it can be read, and a rule is against it.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// 429. `seconds`: when to come again.
    pub fn too_many(seconds: i64) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Telegram takes no more calls now");
        Self { retry_after: Some(seconds.max(1)), ..error }
    }

    /// 503: something that this needs does not answer; another try may succeed.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "this cannot be done now; try again");
        Self { retry_after: Some(1), cause: Some(cause.into()), ..error }
    }

    /// 504: it was asked for, and Telegram did not say in time whether it is done. Asked for again it may be done twice.
    pub fn outcome_unknown() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", "Telegram did not say in time whether it is done; it may be")
    }

    /// Another word for it than the status usually has.
    pub fn with_code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// Seconds after which another try may succeed.
    pub fn retry_after(self, seconds: i64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    /// Something was changed, or may have been, before it failed: it is noted, and may be asked for again.
    pub fn half_done(self) -> Self {
        Self { half_done: true, ..self }
    }

    pub fn is_half_done(&self) -> bool {
        self.half_done
    }

    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub fn with_details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }
}

/// What fails below the rules is the store or the network: nothing that the caller did.
impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        Self::unavailable(format!("{error:#}"))
    }
}

impl From<PageError> for ApiError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::BadCursor => Self::refused("bad_cursor", error.to_string()).with_details(json!({ "parameter": "cursor" })),
            PageError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for ApiError {
    /// The body comes from [`complete`], which knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives errors their body, and every answer the correlation id. What is our failure is logged here, once.
pub async fn complete(request: Request, next: Next) -> Response {
    let id = correlation_id(&request);
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        if error.status.is_server_error() {
            tracing::error!(correlation_id = id, code = error.code, error = error.cause, "a request failed");
        }
        let body = ErrorBody { code: error.code, message: error.message, details: error.details, correlation_id: id.clone() };
        response = (error.status, axum::Json(body)).into_response();
        if let Some(seconds) = error.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(CORRELATION_ID, id);
    }
    response
}

/// A path that no route has.
pub async fn no_route() -> ApiError {
    ApiError::not_found("there is no such path")
}

/// A path that has other methods.
pub async fn no_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not have this method")
}
