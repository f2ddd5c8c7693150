//! A program that calls the REST API, and the operator who gives it its key.

use crate::aws_calls::{Invoked, http};
use crate::guard::now;
use crate::play::Play;
use anyhow::{Context, Result, ensure};
use domain::access::{ApiKey, ApiKeyRecord};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::process::Command;

/// Where tokens are got.
pub const TOKEN_PATH: &str = "/api/v1/auth/token";

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `null` where there is none.
    pub body: Value,
}

impl Play {
    /// An access token with these scopes.
    pub async fn token(&self, scopes: &[&str]) -> Result<String> {
        let key = self.key(scopes, None).await?;
        let Answer { status, body, .. } = self.exchange(&key, &json!({})).await?;
        ensure!(status == 200, "{status} {body}");
        Ok(body["access_token"].as_str().context("a token is answered")?.to_owned())
    }

    /// A key with these scopes, good for so many seconds.
    pub async fn key(&self, scopes: &[&str], valid_for: Option<i64>) -> Result<ApiKey> {
        let key = ApiKey::new(random()?, random()?);
        let record = ApiKeyRecord::new(&key, "a test's", scopes.join(" ").parse()?, aws::time::now(), valid_for);
        ensure!(self.keys.create(&record).await?, "two keys have the same id");
        Ok(key)
    }

    pub async fn exchange(&self, key: &ApiKey, body: &Value) -> Result<Answer> {
        self.api("POST", TOKEN_PATH, Some(key.reveal()), Some(body)).await
    }

    /// Calls the API; `token` is an access token or an API key.
    pub async fn api(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer> {
        let mut request = http().request(method.parse()?, format!("{}{path}", self.stack.api_url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, headers, text) = (answer.status().as_u16(), answer.headers().clone(), answer.text().await?);
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).with_context(|| format!("{method} {path}: {status} with a body that is no JSON: {text}"))?,
        };
        Ok(Answer { status, headers, body })
    }

    /// What API Gateway is told of a caller, without what it remembers of him.
    pub fn decision(&self, authorization: &str) -> Result<Value> {
        let event = json!({"version": "2.0", "type": "REQUEST", "identitySource": [authorization],
            "headers": {"authorization": authorization}, "requestContext": {"requestId": "test"}});
        let Invoked { failed, payload } = now(self.stack.invoke(&self.stack.functions["authorizer"], &event.to_string()))?;
        ensure!(!failed, "{payload}");
        Ok(payload)
    }

    /// `cargo xtask keys …`; what it prints.
    pub fn keys_command(&self, arguments: &[&str]) -> Result<String> {
        let xtask = std::env::var_os("BANSYNC_XTASK").context("run the tests by `cargo xtask test`")?;
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let output = Command::new(xtask).arg("keys").args(arguments).current_dir(root).output()?;
        ensure!(output.status.success(), "keys {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
