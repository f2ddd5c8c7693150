//! What comes in, told apart, and what goes out. Only what is needed is read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::access::Scopes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The two doors. API Gateway decides which it is: no caller writes the fields that tell them apart.
#[derive(Debug, Deserialize)]
#[serde(from = "Raw")]
pub enum Event {
    /// The gateway asks whether to let a caller in (Lambda authorizer, payload format 2.0).
    Authorize {
        /// What the gateway remembers the answer by: the `Authorization` header, as the template says.
        credential: Option<String>,
    },
    /// Somebody calls `POST /api/v1/auth/token` (HTTP integration, payload format 2.0).
    Exchange(Request),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    /// `REQUEST` from a gateway that asks; absent from an integration.
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    identity_source: Vec<String>,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default)]
    request_context: RequestContext,
}

/// Header names come in lower case in this format.
#[derive(Default, Deserialize)]
struct Headers {
    authorization: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default)]
    request_id: String,
}

impl From<Raw> for Event {
    fn from(raw: Raw) -> Self {
        match raw.kind.as_deref() {
            Some("REQUEST") => Self::Authorize { credential: raw.identity_source.into_iter().next() },
            _ => Self::Exchange(Request {
                authorization: raw.headers.authorization,
                body: raw.body,
                is_base64_encoded: raw.is_base64_encoded,
                id: raw.request_context.request_id,
            }),
        }
    }
}

/// A request for a token.
#[derive(Debug)]
pub struct Request {
    pub authorization: Option<String>,
    pub body: String,
    pub is_base64_encoded: bool,
    /// API Gateway's id of the request.
    pub id: String,
}

impl Request {
    pub fn body(&self) -> Result<Cow<'_, [u8]>, base64::DecodeError> {
        match self.is_base64_encoded {
            true => STANDARD.decode(&self.body).map(Cow::Owned),
            false => Ok(Cow::Borrowed(self.body.as_bytes())),
        }
    }
}

/// What goes out by either door.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Decision(Decision),
    Response(Response),
}

/// An authorizer's simple response.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    is_authorized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Caller>,
}

/// What the API is told of a caller, with every request, in `requestContext.authorizer.lambda`.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Caller {
    subject: String,
    scopes: String,
    /// When the caller's token or key ends, in Unix seconds; absent where it does not. The gateway may remember a caller beyond that, for
    /// as long as the template lets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl Decision {
    pub fn refuse() -> Self {
        Self { is_authorized: false, context: None }
    }

    /// `expires_at`: Unix seconds.
    pub fn allow(subject: String, scopes: &Scopes, expires_at: Option<i64>) -> Self {
        let caller = Caller { subject, scopes: scopes.to_string(), expires_at: expires_at.map(|end| end.to_string()) };
        Self { is_authorized: true, context: Some(caller) }
    }
}

/// An answer to an HTTP request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    pub status_code: u16,
    pub headers: BTreeMap<&'static str, String>,
    pub body: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_gateway_that_asks_is_told_from_a_request_for_a_token() {
        let asks = json!({"version": "2.0", "type": "REQUEST", "routeArn": "arn", "identitySource": ["Bearer x"], "routeKey": "GET /x",
            "headers": {"authorization": "Bearer y"}, "requestContext": {"requestId": "1", "http": {"method": "GET"}}});
        assert!(matches!(serde_json::from_value(asks).unwrap(), Event::Authorize { credential: Some(text) } if text == "Bearer x"));

        let request = json!({"version": "2.0", "routeKey": "POST /api/v1/auth/token", "headers": {"authorization": "Bearer y"},
            "requestContext": {"requestId": "QxR5=", "http": {"method": "POST"}}, "body": "e30=", "isBase64Encoded": true});
        let Event::Exchange(request) = serde_json::from_value(request).unwrap() else { panic!("it is a request") };
        assert_eq!((request.authorization.as_deref(), request.id.as_str()), (Some("Bearer y"), "QxR5="));
        assert_eq!(&*request.body().unwrap(), b"{}");
    }

    #[test]
    fn a_caller_cannot_choose_the_door() {
        let request = json!({"headers": {"type": "REQUEST", "identitySource": "x"}, "body": r#"{"type":"REQUEST"}"#});
        assert!(matches!(serde_json::from_value(request).unwrap(), Event::Exchange(_)));
    }

    #[test]
    fn a_decision_is_written_in_the_gateways_words() {
        let allow = Decision::allow("key:a".to_owned(), &"users:read bans:write".parse().unwrap(), Some(7));
        let context = json!({"subject": "key:a", "scopes": "users:read bans:write", "expires_at": "7"});
        assert_eq!(serde_json::to_value(Answer::Decision(allow)).unwrap(), json!({"isAuthorized": true, "context": context}));
        assert_eq!(serde_json::to_value(Decision::refuse()).unwrap(), json!({"isAuthorized": false}));
    }
}
