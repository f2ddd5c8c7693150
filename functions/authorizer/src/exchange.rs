//! `POST /api/v1/auth/token`: an access token for an API key.

use crate::authorize::Credential;
use crate::event::{Request, Response};
use crate::{Authorizer, subject};
use aws::time;
use domain::access::{ApiKey, Refused, Scope, Scopes, TOKEN_LIFE, TOKENS_A_MINUTE};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The largest body that is read, in bytes: a key and every scope there is fit many times.
const LARGEST_BODY: usize = 16 * 1024;

/// What is asked for.
#[derive(Debug)]
struct Wanted {
    key: ApiKey,
    /// These only; `None` is all that the key has.
    scopes: Option<Scopes>,
}

/// A misspelt `scopes` would silently give all: what is not known is refused.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    api_key: Option<String>,
    scopes: Option<Vec<String>>,
}

/// The answer (RFC 6749, section 5.1).
#[derive(Serialize)]
struct Granted {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    scopes: Vec<Scope>,
}

/// Why there is no token.
#[derive(Debug)]
enum Denied {
    Malformed(String),
    TooLarge,
    /// No key, or none that can be read.
    NoKey,
    Refused(Refused),
    /// The key has had its tokens of this minute; seconds until the next one.
    TooMany(i64),
    /// The key has not these scopes.
    Missing(Scopes),
    /// Something of ours failed.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Denied {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl Authorizer {
    pub async fn exchange(&self, request: &Request) -> Response {
        match self.grant(request).await {
            Ok(granted) => response(&request.id, 200, &granted),
            Err(denied) => {
                if let Denied::Failed(error) = &denied {
                    tracing::error!(correlation_id = request.id, error = format!("{error:#}"), "a token could not be issued");
                }
                denied.response(&request.id)
            }
        }
    }

    async fn grant(&self, request: &Request) -> Result<Granted, Denied> {
        let wanted = Wanted::read(request)?;
        let record = self.admit(&wanted.key).await?.map_err(|refused| {
            tracing::info!(correlation_id = request.id, key_id = %wanted.key.id(), reason = %refused, "a key was refused");
            Denied::Refused(refused)
        })?;
        let scopes = narrowed(&record.scopes, wanted.scopes)?;
        self.keys.count_token(&record.key_id).await?.map_err(|seconds| {
            tracing::warn!(correlation_id = request.id, key_id = %record.key_id, "a key asks for too many tokens");
            Denied::TooMany(seconds)
        })?;
        let (kid, key) = self.signing.current().await?;
        let claims = self.tokens.claims(subject(&record), scopes, time::now());
        let access_token = self.tokens.sign(&claims, &kid, &key).map_err(anyhow::Error::from)?;
        tracing::info!(correlation_id = request.id, key_id = %record.key_id, token_id = %claims.jti, "token issued");
        Ok(Granted { access_token, token_type: "Bearer", expires_in: TOKEN_LIFE, scopes: claims.scope.iter().collect() })
    }
}

/// What the token is to have.
fn narrowed(has: &Scopes, wanted: Option<Scopes>) -> Result<Scopes, Denied> {
    let Some(wanted) = wanted else { return Ok(has.clone()) };
    let missing = has.missing(&wanted);
    if missing.is_empty() { Ok(wanted) } else { Err(Denied::Missing(missing)) }
}

impl Wanted {
    fn read(request: &Request) -> Result<Self, Denied> {
        let Body { api_key, scopes } = read_body(request)?;
        let key = match (request.authorization.as_deref(), api_key) {
            (Some(_), Some(_)) => return Err(Denied::Malformed("the key is given twice: in the header and in the body".to_owned())),
            (Some(header), None) => match Credential::read(header) {
                Some(Credential::Key(key)) => key,
                _ => return Err(Denied::NoKey),
            },
            (None, Some(text)) => text.parse().map_err(|_| Denied::NoKey)?,
            (None, None) => return Err(Denied::NoKey),
        };
        Ok(Self { key, scopes: scopes.map(read_scopes).transpose()? })
    }
}

/// No body at all is as good as `{}`.
fn read_body(request: &Request) -> Result<Body, Denied> {
    let body = request.body().map_err(|_| Denied::Malformed("the body is not the base64 that it is said to be".to_owned()))?;
    if body.len() > LARGEST_BODY {
        return Err(Denied::TooLarge);
    }
    if body.trim_ascii().is_empty() {
        return Ok(Body::default());
    }
    // Serde's structs read themselves from an array as well. The error itself may quote the body, which may hold a key.
    serde_json::from_slice::<Map<String, Value>>(&body)
        .and_then(|object| serde_json::from_value(object.into()))
        .map_err(|_| Denied::Malformed(r#"the body is not of the form {"api_key": "…", "scopes": ["…"]}; both may be left out"#.to_owned()))
}

fn read_scopes(texts: Vec<String>) -> Result<Scopes, Denied> {
    if texts.is_empty() {
        return Err(Denied::Malformed(
            "a token without scopes is good for nothing; leave `scopes` out for all that the key has".to_owned(),
        ));
    }
    texts.iter().map(|text| text.parse::<Scope>()).collect::<Result<_, _>>().map_err(|error| Denied::Malformed(error.to_string()))
}

impl Denied {
    /// `id`: of the request. The bodies have the form of the API's.
    fn response(self, id: &str) -> Response {
        let unauthorized = |message: &str| {
            let mut response = error(id, 401, "unauthorized", message, Value::Null);
            response.headers.insert("www-authenticate", "Bearer".to_owned());
            response
        };
        match self {
            Self::Malformed(message) => error(id, 400, "invalid_request", &message, Value::Null),
            Self::TooLarge => error(id, 413, "too_large", "the body is larger than 16 KB", json!({ "limit_bytes": LARGEST_BODY })),
            Self::NoKey => unauthorized("an API key is needed: `Authorization: Bearer bsk_…`, or `api_key` in the body"),
            Self::Refused(refused) => unauthorized(&refused.to_string()),
            Self::Missing(scopes) => {
                let missing: Vec<Scope> = scopes.iter().collect();
                error(id, 403, "missing_scope", "the key does not have all of these scopes", json!({ "missing": missing }))
            }
            Self::TooMany(seconds) => {
                let message = format!("a key gets at most {TOKENS_A_MINUTE} tokens a minute; one is good for a quarter of an hour");
                let mut response = error(id, 429, "too_many_requests", &message, Value::Null);
                response.headers.insert("retry-after", seconds.to_string());
                response
            }
            Self::Failed(_) => {
                let mut response = error(id, 503, "unavailable", "no token can be issued now; try again", Value::Null);
                response.headers.insert("retry-after", "1".to_owned());
                response
            }
        }
    }
}

fn error(id: &str, status: u16, code: &str, message: &str, details: Value) -> Response {
    response(id, status, &json!({ "code": code, "message": message, "details": details, "correlation_id": id }))
}

fn response(id: &str, status_code: u16, body: &impl Serialize) -> Response {
    let headers = [("content-type", "application/json"), ("cache-control", "no-store"), ("x-correlation-id", id)];
    let headers = headers.map(|(name, value)| (name, value.to_owned()));
    match serde_json::to_string(body) {
        Ok(body) => Response { status_code, headers: BTreeMap::from(headers), body },
        // Nothing here fails to be written as JSON.
        Err(_) => Response { status_code: 500, headers: BTreeMap::from(headers), body: String::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        ApiKey::new([1; 12], [1; 32])
    }

    fn request(authorization: Option<String>, body: &str) -> Request {
        Request { authorization, body: body.to_owned(), is_base64_encoded: false, id: "QxR5=".to_owned() }
    }

    /// Status and code of the answer to a request that is denied before any key is looked up.
    fn denied(authorization: Option<String>, body: &str) -> (u16, String) {
        let response = Wanted::read(&request(authorization, body)).expect_err(body).response("QxR5=");
        let body: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(body["correlation_id"], "QxR5=");
        assert!(body["message"].is_string() && body.as_object().unwrap().contains_key("details"), "{body}");
        assert_eq!(response.headers["cache-control"], "no-store");
        (response.status_code, body["code"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_key_comes_in_the_header_or_in_the_body() {
        let bearer = format!("Bearer {}", key().reveal());
        let in_body = json!({ "api_key": key().reveal(), "scopes": ["bans:read", "users:read"] }).to_string();
        for (header, body) in [(Some(bearer.clone()), ""), (Some(bearer), r#" {} "#), (None, in_body.as_str())] {
            assert_eq!(Wanted::read(&request(header, body)).unwrap().key.id(), key().id());
        }
        let wanted = Wanted::read(&request(None, &in_body)).unwrap();
        assert_eq!(wanted.scopes.unwrap().to_string(), "users:read bans:read");
    }

    #[test]
    fn what_cannot_be_read_is_answered_400() {
        let bearer = || Some(format!("Bearer {}", key().reveal()));
        let twice = json!({ "api_key": key().reveal() }).to_string();
        for body in ["{", "[]", "null", r#""x""#, r#"{"scope":"x"}"#, r#"{"scopes":"users:read"}"#, r#"{"scopes":[1]}"#, &twice] {
            assert_eq!(denied(bearer(), body), (400, "invalid_request".to_owned()), "{body}");
        }
        for scopes in [r#"{"scopes":[]}"#, r#"{"scopes":["users:all"]}"#, r#"{"scopes":["users:read "]}"#] {
            assert_eq!(denied(bearer(), scopes), (400, "invalid_request".to_owned()), "{scopes}");
        }
        let not_base64 = Request { is_base64_encoded: true, ..request(bearer(), "?") };
        assert_eq!(Wanted::read(&not_base64).unwrap_err().response("").status_code, 400);
    }

    #[test]
    fn without_a_key_it_is_401_and_a_token_is_no_key() {
        for (header, body) in [(None, ""), (None, "{}"), (None, r#"{"api_key":"bsk_x"}"#), (None, r#"{"api_key":null}"#)] {
            assert_eq!(denied(header, body), (401, "unauthorized".to_owned()), "{body}");
        }
        for header in ["Bearer a.b.c", "Bearer bsk_x", "Basic x", ""] {
            assert_eq!(denied(Some(header.to_owned()), ""), (401, "unauthorized".to_owned()), "{header}");
        }
        for refused in [Refused::Unknown, Refused::Revoked, Refused::Expired] {
            let response = Denied::Refused(refused).response("x");
            assert_eq!((response.status_code, response.headers["www-authenticate"].as_str()), (401, "Bearer"));
        }
    }

    #[test]
    fn a_large_body_is_answered_413_whoever_sends_it() {
        let spaces = |n| format!("{{}}{}", " ".repeat(n - 2));
        assert_eq!(denied(None, &spaces(LARGEST_BODY + 1)), (413, "too_large".to_owned()));
        assert_eq!(denied(None, &spaces(LARGEST_BODY)), (401, "unauthorized".to_owned()));
    }

    #[test]
    fn a_token_has_what_was_asked_for_and_never_more_than_its_key() {
        let has: Scopes = "users:read users:write bans:read".parse().unwrap();
        assert_eq!(narrowed(&has, None).unwrap(), has);
        let less: Scopes = "bans:read".parse().unwrap();
        assert_eq!(narrowed(&has, Some(less.clone())).unwrap(), less);
        let denied = narrowed(&has, Some("bans:read bans:write sync:read".parse().unwrap())).unwrap_err();
        let response = denied.response("x");
        let body: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!((response.status_code, &body["details"]["missing"]), (403, &json!(["bans:write", "sync:read"])));
    }

    #[test]
    fn a_key_that_asks_for_too_many_tokens_is_told_when_to_come_again() {
        let response = Denied::TooMany(17).response("x");
        assert_eq!((response.status_code, response.headers["retry-after"].as_str()), (429, "17"));
        assert!(response.body.contains("too_many_requests"), "{}", response.body);
    }

    #[test]
    fn a_failure_of_ours_is_503_and_says_nothing_of_its_cause() {
        let response = Denied::Failed(anyhow::anyhow!("the table is on fire")).response("x");
        assert_eq!((response.status_code, response.headers["retry-after"].as_str()), (503, "1"));
        assert!(!response.body.contains("fire"));
    }
}
