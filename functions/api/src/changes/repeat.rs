//! `Idempotency-Key`: a POST that comes again with the same key is answered as the first one was, for 24 hours.
//!
//! Statuses are those of the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header, section
//! "Error Handling"): 422 where a key is used again for another request, 409 while the first one is being carried out. The draft writes a
//! key as a string of structured fields, in quotes; many programs leave the quotes out, so both are read.
//!
//! An answer of success is kept, and one of which nobody knows what it has done (504). Any other leaves the key free, so that the request can be
//! mended and tried again.

use super::status;
use crate::access::Caller;
use crate::error::ApiError;
use aws::store::gateway::{Gateway, KeptAnswer, LONGEST_ANSWER, Repeated};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ban::derive;
use uuid::Uuid;

/// The header that carries the key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// In an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Characters of a key.
const LONGEST_KEY: usize = 255;

/// A request with a key.
#[derive(Debug, PartialEq, Eq)]
pub struct Once {
    /// Of caller, route and key.
    pub id: Uuid,
    /// Of what is asked for.
    fingerprint: String,
    /// Names this try; 0 before it has begun.
    until: i64,
}

/// Fate of a request with a key.
pub enum Try {
    /// It is to be carried out.
    Begun(Once),
    /// It was.
    Over(Response),
}

impl Once {
    /// `None`: the request has no key. `operation`: method and route.
    pub fn read(parts: &Parts, caller: &Caller, operation: &str, body: &Bytes) -> Result<Option<Self>, ApiError> {
        let Some(given) = parts.headers.get(IDEMPOTENCY_KEY).filter(|_| parts.method == Method::POST) else { return Ok(None) };
        let key = given.to_str().ok().and_then(key).ok_or_else(|| {
            ApiError::invalid(format!("Idempotency-Key is 1 to {LONGEST_KEY} visible characters of ASCII")).with_code("bad_idempotency_key")
        })?;
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let body = String::from_utf8_lossy(body);
        Ok(Some(Self {
            id: derive(&["request", &caller.subject, operation, key]),
            fingerprint: derive(&["asks for", path, &body]).to_string(),
            until: 0,
        }))
    }

    pub async fn begin(self, gateway: &Gateway) -> Result<Try, ApiError> {
        match gateway.take_request(&self.id.to_string(), &self.fingerprint).await? {
            Repeated::New { until } => Ok(Try::Begun(Self { until, ..self })),
            Repeated::Answered(answer) => Ok(Try::Over(replayed(answer))),
            Repeated::InProgress(wait_ms) => {
                let error = ApiError::conflict("request_in_progress", "the first request with this Idempotency-Key is being carried out");
                Err(error.retry_after((wait_ms + 999) / 1000))
            }
            Repeated::OfAnother => {
                Err(ApiError::refused("idempotency_key_reused", "this Idempotency-Key was used for another request within 24 hours"))
            }
        }
    }

    /// Keeps the answer. Where that fails the request is done all the same, and said to be.
    pub async fn finish(self, gateway: &Gateway, status: StatusCode, body: &Bytes) {
        if body.len() > LONGEST_ANSWER {
            tracing::warn!(bytes = body.len(), "an answer is too long to be kept; the request would be carried out again");
            return self.free(gateway).await;
        }
        let answer = KeptAnswer { status: status.as_u16(), body: String::from_utf8_lossy(body).into_owned() };
        self.end(gateway, Some(&answer)).await;
    }

    /// It is carried out anew when it comes again.
    pub async fn free(self, gateway: &Gateway) {
        self.end(gateway, None).await;
    }

    async fn end(self, gateway: &Gateway, answer: Option<&KeptAnswer>) {
        if let Err(error) = gateway.finish_request(&self.id.to_string(), self.until, answer).await {
            tracing::warn!(error = format!("{error:#}"), "an answer could not be kept; the request counts as under way for half a minute");
        }
    }
}

/// The key in a header's text, with or without quotes.
fn key(text: &str) -> Option<&str> {
    let text = text.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    ((1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')).then_some(key)
}

fn replayed(answer: KeptAnswer) -> Response {
    if status(answer.status) == StatusCode::GATEWAY_TIMEOUT {
        // The body of an error is made for each request anew: it names the request.
        return ApiError::outcome_unknown().into_response();
    }
    let is_empty = answer.body.is_empty();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status(answer.status);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    if !is_empty {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_with_quotes_and_without() {
        for (text, expected) in [
            ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            ("ticket-4711", Some("ticket-4711")),
            (" x ", Some("x")),
            ("", None),
            ("\"\"", None),
            ("a b", None),
            ("a\"b", None),
            ("\"a", None),
        ] {
            assert_eq!(key(text), expected, "{text}");
        }
        assert!(key(&"x".repeat(255)).is_some() && key(&"x".repeat(256)).is_none());
    }
}
