//! Who may call what. API Gateway lets nobody in whom the authorizer does not know; which scopes he has comes along with the request, and
//! is held here against what the route needs.

use crate::error::{ApiError, CORRELATION_ID};
use aws::time;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, Method};
use axum::middleware::Next;
use axum::response::Response;
use domain::access::{Concern, Right, Scope, Scopes};
use lambda_http::request::RequestContext;
use serde_json::json;

/// Lets a request through that has the concern's scope: `<concern>:read` to look, `<concern>:write` for anything else. Every route of a
/// concern is behind this, so that none can be forgotten.
pub async fn require_scope(State(concern): State<Concern>, request: Request, next: Next) -> Result<Response, ApiError> {
    let right = if matches!(*request.method(), Method::GET | Method::HEAD) { Right::Read } else { Right::Write };
    let needed = Scope { concern, right };
    // API Gateway remembers the authorizer's word for a minute, which may be longer than the token is good.
    let until: Option<i64> = authorized(request.extensions(), "expires_at").and_then(|until| until.parse().ok());
    if until.is_some_and(|until| until <= time::now()) {
        return Err(ApiError::unauthorized("the token has expired"));
    }
    // Without the authorizer's word nobody is let in, whatever the routes in front of this function are.
    Caller::of(request.extensions())?.must_have(needed)?;
    Ok(next.run(request).await)
}

/// The caller, by the authorizer's word.
#[derive(Clone, Debug)]
pub struct Caller {
    /// `key:<key id>`.
    pub subject: String,
    scopes: Scopes,
}

impl Caller {
    pub fn of(extensions: &Extensions) -> Result<Self, ApiError> {
        let scopes: Option<Scopes> = authorized(extensions, "scopes").and_then(|scopes| scopes.parse().ok());
        let (subject, scopes) =
            authorized(extensions, "subject").zip(scopes).ok_or_else(|| ApiError::unauthorized("the request has no token"))?;
        Ok(Self { subject: subject.to_owned(), scopes })
    }

    /// The id of the caller's key.
    pub fn key_id(&self) -> &str {
        self.subject.strip_prefix("key:").unwrap_or(&self.subject)
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// 403 `missing_scope` where the caller has not this scope.
    pub fn must_have(&self, needed: Scope) -> Result<(), ApiError> {
        if self.has(needed) {
            return Ok(());
        }
        let error = ApiError::forbidden("missing_scope", format!("this needs the scope {needed}"));
        Err(error.with_details(json!({ "needed": needed })))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::of(&parts.extensions)
    }
}

/// What the authorizer said of the caller.
fn authorized<'a>(extensions: &'a Extensions, name: &str) -> Option<&'a str> {
    gateway(extensions)?.authorizer.as_ref()?.fields.get(name)?.as_str()
}

/// The id that the caller gave, where it is one, or else API Gateway's own.
pub fn correlation_id(request: &Request) -> String {
    let given = request.headers().get(CORRELATION_ID).and_then(|id| id.to_str().ok()).filter(|id| is_id(id));
    given.or_else(|| gateway(request.extensions())?.request_id.as_deref()).unwrap_or("none").to_owned()
}

/// Short and plain enough to stand in a log.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.".contains(&byte))
}

fn gateway(extensions: &Extensions) -> Option<&lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlation_id_is_short_and_plain() {
        for id in ["a", "1b671a64-40d5-491e-99b0-da01ff1f3341", "QxR5bhZkoAMEMmg="] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", "a b", "a\"b", "ü", &"x".repeat(65)] {
            assert!(!is_id(id), "{id}");
        }
    }
}
