//! The request as API Gateway's HTTP API and function URLs hand it over (payload format 2.0), and the answer.
//!
//! Only what is needed is read: most updates are dropped, and reading the request is most of what they cost.

use base64::Engine;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use subtle::ConstantTimeEq;

/// A request to the webhook.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Header names come in lower case in this format.
#[derive(Debug, Default, Deserialize)]
struct Headers {
    #[serde(rename = "x-telegram-bot-api-secret-token")]
    secret: Option<String>,
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
    pub fn body(&self) -> Result<Cow<'_, [u8]>, base64::DecodeError> {
        match self.is_base64_encoded {
            true => base64::engine::general_purpose::STANDARD.decode(&self.body).map(Cow::Owned),
            false => Ok(Cow::Borrowed(self.body.as_bytes())),
        }
    }
}

/// The answer to Telegram.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    body: String,
}

impl Response {
    pub fn ok() -> Self {
        Self { status_code: 200, headers: BTreeMap::new(), body: String::new() }
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
        let headers = BTreeMap::from([("content-type", "application/json".to_owned())]);
        Self { status_code, headers, body: serde_json::json!({ "code": code, "message": message }).to_string() }
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
