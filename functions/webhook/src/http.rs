//! The request as API Gateway's HTTP API and function URLs hand it over (payload format 2.0), and the answer.
//!
//! Only what is needed is read: most updates are dropped, and reading the request is most of what they cost. What the web page is asked by
//! comes along with it.

use base64::Engine;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use subtle::ConstantTimeEq;

/// A request to the webhook, or of the web page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    headers: Headers,
    body: String,
    is_base64_encoded: bool,
    /// Without the stage.
    raw_path: String,
    /// Without the question mark.
    raw_query_string: String,
    request_context: RequestContext,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestContext {
    http: Http,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Http {
    method: String,
}

/// Header names come in lower case in this format.
#[derive(Debug, Default, Deserialize)]
struct Headers {
    #[serde(rename = "x-telegram-bot-api-secret-token")]
    secret: Option<String>,
    authorization: Option<String>,
    #[serde(rename = "accept-language")]
    language: Option<String>,
    #[serde(rename = "accept-encoding")]
    encodings: Option<String>,
    #[serde(rename = "if-none-match")]
    known_as: Option<String>,
}

/// The webhook's secret, which Telegram sends with each update (`secret_token` of setWebhook). Clones share it: set in one, set in all.
#[derive(Clone)]
pub struct Secret(Arc<RwLock<String>>);

impl Secret {
    /// An error: it is empty.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let secret = Self(Arc::default());
        secret.set(text).map(|()| secret)
    }

    /// Another one from now on. An error: it is empty, and the one before stays.
    pub fn set(&self, text: &str) -> anyhow::Result<()> {
        anyhow::ensure!(!text.is_empty(), "the webhook secret is empty");
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = text.to_owned();
        Ok(())
    }

    /// Compared in a time that does not tell how much of it is right.
    pub fn is_in(&self, request: &Request) -> bool {
        let secret = self.0.read().unwrap_or_else(PoisonError::into_inner);
        request.headers.secret.as_deref().is_some_and(|given| given.as_bytes().ct_eq(secret.as_bytes()).into())
    }
}

impl Request {
    pub fn method(&self) -> &str {
        &self.request_context.http.method
    }

    pub fn path(&self) -> &str {
        &self.raw_path
    }

    /// A parameter behind the question mark.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.raw_query_string.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The token of an `Authorization: Bearer` header (RFC 6750).
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.headers.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The first language that is accepted.
    pub fn language(&self) -> Option<&str> {
        self.headers.language.as_deref()?.split([',', ';']).next().map(str::trim)
    }

    pub fn takes_gzip(&self) -> bool {
        self.headers.encodings.as_deref().is_some_and(|encodings| encodings.split(',').any(|one| one.trim().starts_with("gzip")))
    }

    /// `If-None-Match`: the versions that the browser has.
    pub fn known_as(&self) -> Option<&str> {
        self.headers.known_as.as_deref()
    }

    pub fn body(&self) -> Result<Cow<'_, [u8]>, base64::DecodeError> {
        match self.is_base64_encoded {
            true => base64::engine::general_purpose::STANDARD.decode(&self.body).map(Cow::Owned),
            false => Ok(Cow::Borrowed(self.body.as_bytes())),
        }
    }
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_base64_encoded: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    body: String,
}

impl Response {
    pub fn ok() -> Self {
        Self { status_code: 200, is_base64_encoded: false, headers: BTreeMap::new(), body: String::new() }
    }

    pub fn new(status_code: u16, content_type: &str, body: String) -> Self {
        let headers = BTreeMap::from([("content-type", content_type.to_owned())]);
        Self { status_code, is_base64_encoded: false, headers, body }
    }

    /// A body that is no text: it goes in base64 (API Gateway, "Working with AWS Lambda proxy integrations for HTTP APIs").
    pub fn of_bytes(status_code: u16, content_type: &str, body: &[u8]) -> Self {
        let body = base64::engine::general_purpose::STANDARD.encode(body);
        Self { is_base64_encoded: true, ..Self::new(status_code, content_type, body) }
    }

    pub fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(header, value.into());
        self
    }

    pub fn unauthorized() -> Self {
        Self::error(401, "unauthorized", "the secret token is missing or wrong")
    }

    /// `seconds`: when Telegram is to bring the update again; it honours at most an hour.
    pub fn unavailable(seconds: i64) -> Self {
        let mut response = Self::error(503, "unavailable", "the update could not be handled now; bring it again");
        response.headers.insert("retry-after", seconds.clamp(1, 3600).to_string());
        response
    }

    fn error(status_code: u16, code: &str, message: &str) -> Self {
        Self::new(status_code, "application/json", serde_json::json!({ "code": code, "message": message }).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Request {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn only_the_whole_secret_opens_the_door() {
        let with = |secret: &str| {
            request(&format!(r#"{{"version":"2.0","headers":{{"host":"x","x-telegram-bot-api-secret-token":"{secret}"}}}}"#))
        };
        let secret = Secret::new("s3cret").unwrap();
        assert!(secret.is_in(&with("s3cret")));
        for wrong in ["", "s3cre", "s3cret2", "S3CRET"] {
            assert!(!secret.is_in(&with(wrong)), "{wrong}");
        }
        assert!(!secret.is_in(&request("{}")));
        // It may be changed, but never be nothing.
        secret.clone().set("0ther").unwrap();
        assert!(secret.set("").is_err() && Secret::new("").is_err());
        assert!(secret.is_in(&with("0ther")) && !secret.is_in(&with("s3cret")) && !secret.is_in(&with("")));
    }

    #[test]
    fn what_the_page_is_asked_by_is_read_and_may_be_missing() {
        let asked = request(
            r#"{"version":"2.0","rawPath":"/app/api/chats","rawQueryString":"filter=ban&after=5.0%20x","requestContext":{"http":{"method":"GET"}},
                "headers":{"authorization":"bearer  a.b ","accept-language":"ru,en;q=0.5","accept-encoding":"br, gzip;q=1"}}"#,
        );
        assert_eq!((asked.method(), asked.path(), asked.bearer(), asked.language()), ("GET", "/app/api/chats", Some("a.b"), Some("ru")));
        assert_eq!((asked.parameter("after").as_deref(), asked.parameter("x"), asked.takes_gzip()), (Some("5.0 x"), None, true));
        let empty = request("{}");
        assert_eq!((empty.method(), empty.path(), empty.bearer(), empty.language(), empty.takes_gzip()), ("", "", None, None, false));
    }

    #[test]
    fn a_body_may_come_in_base64() {
        assert_eq!(&*request(r#"{"body":"eyJhIjoxfQ==","isBase64Encoded":true}"#).body().unwrap(), br#"{"a":1}"#);
        assert_eq!(&*request(r#"{"body":"{}"}"#).body().unwrap(), b"{}");
        assert!(request(r#"{"body":"?","isBase64Encoded":true}"#).body().is_err());
    }

    #[test]
    fn an_error_has_a_code_and_a_message() {
        let json = serde_json::to_value(Response::unavailable(7)).unwrap();
        assert_eq!((json["statusCode"].as_u64(), json["headers"]["retry-after"].as_str()), (Some(503), Some("7")));
        let body: serde_json::Value = serde_json::from_str(json["body"].as_str().unwrap()).unwrap();
        assert!(body["code"].is_string() && body["message"].is_string());
    }
}
