//! A program that calls the REST API, and the operator who gives it its key.

use crate::aws_calls::{Invoked, http};
use crate::guard::now;
use crate::operator;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, bail, ensure};
use domain::access::{ApiKey, ApiKeyRecord};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

/// Where tokens are got.
pub const TOKEN_PATH: &str = "/api/v1/auth/token";

/// A program with an access token.
pub struct Caller<'a> {
    play: &'a Play,
    token: String,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `null` where there is none.
    pub body: Value,
}

impl Answer {
    /// The status and the body.
    pub fn parts(self) -> (u16, Value) {
        (self.status, self.body)
    }
}

impl Caller<'_> {
    /// `path`: behind `/api/v1/`, or all of it where it begins with a slash.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Answer> {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/{path}") };
        self.play.api(method, &path, Some(&self.token), body.as_ref()).await
    }

    /// A POST with an `Idempotency-Key`; `path` as that of [`Caller::call`].
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Result<Answer> {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/{path}") };
        self.play.api_with("POST", &path, Some(&self.token), Some(body), &[("idempotency-key", key)]).await
    }

    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.call("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Result<Answer> {
        self.call("PUT", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Result<Answer> {
        self.call("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.call("DELETE", path, None).await
    }

    /// What is there.
    pub async fn there(&self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path).await?.parts();
        ensure!(status == 200, "{path}: {status} {body}");
        Ok(body)
    }

    /// The items of all pages of a list.
    pub async fn list(&self, path: &str, limit: usize) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let body = self.page(&format!("{path}{joint}limit={limit}{cursor}")).await?;
            let page = body["items"].as_array().context("a page has items")?;
            ensure!(page.len() <= limit, "{} items where {limit} were wanted", page.len());
            items.extend(page.iter().cloned());
            match body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// A page, asked for again while a busy machine has no time for it, as callers do.
    async fn page(&self, path: &str) -> Result<Value> {
        let began = Instant::now();
        loop {
            let (status, body) = self.get(path).await?.parts();
            if status < 500 || began.elapsed() > PATIENCE {
                ensure!(status == 200, "{path}: {status} {body}");
                return Ok(body);
            }
        }
    }

    /// What is there as another type than JSON: status, type and text.
    pub async fn text(&self, path: &str, accept: &str) -> Result<(u16, String, String)> {
        let url = format!("{}/api/v1/{path}", self.play.stack.api_url.as_deref().context("the stack has an API")?);
        let answer = http().get(url).bearer_auth(&self.token).header("accept", accept).send().await?;
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        Ok((answer.status().as_u16(), kind, answer.text().await?))
    }

    /// Registers one ban event.
    pub async fn register(&self, event: &Value) -> Result<Answer> {
        self.post("events/ban", event.clone()).await
    }

    pub async fn register_all(&self, events: &[Value]) -> Result<Answer> {
        self.post("events/bulk", json!({ "events": events })).await
    }

    /// Asks for a sync by `trigger` or `retry/…`; its id.
    pub async fn asks_for(&self, path: &str, body: Option<&Value>) -> Result<String> {
        let (status, answer) = self.call("POST", &format!("sync/{path}"), body.cloned()).await?.parts();
        ensure!((status, &answer["status"]) == (202, &"requested".into()), "{path}: {status} {answer}");
        Ok(answer["sync_id"].as_str().context("a sync has an id")?.to_owned())
    }

    /// Waits until a sync has ended; how it is then.
    pub async fn ended(&self, id: &str) -> Result<Value> {
        let mut last = Value::Null;
        for _ in 0..PATIENCE.as_millis() / 200 {
            last = self.there(&format!("sync/status/{id}")).await?;
            if !last["completed_at"].is_null() {
                return Ok(last);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("the sync did not end: {last}")
    }

    /// What a dry run says of every chat: its id, what would be done, and why not.
    pub async fn dry_run(&self, body: &Value) -> Result<Vec<(i64, String, Option<String>)>> {
        let (mut chats, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = self.post(&format!("sync/trigger{cursor}"), body.clone()).await?.parts();
            ensure!(status == 200, "{status} {page}");
            for chat in page["chats"].as_array().context("a page has chats")? {
                let (id, would) = chat["chat_id"].as_i64().zip(chat["would"].as_str()).with_context(|| chat.to_string())?;
                chats.push((id, would.to_owned(), chat["reason"].as_str().map(str::to_owned)));
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("?cursor={next}"),
                None => return Ok(chats),
            }
        }
    }
}

impl Play {
    /// A program that may do this.
    pub async fn caller(&self, scopes: &[&str]) -> Result<Caller<'_>> {
        Ok(Caller { play: self, token: self.token(scopes).await? })
    }

    /// An operator's program, which looks after people and chats, and reads all that is held on somebody.
    pub async fn operator(&self) -> Result<Caller<'_>> {
        self.caller(&["users:read", "users:write", "subscriptions:read", "bans:read", "sync:read", "notifications:read"]).await
    }

    /// A program that registers ban events and looks at them.
    pub async fn registrar(&self) -> Result<Caller<'_>> {
        self.caller(&["bans:read", "bans:write"]).await
    }

    /// A program that asks for syncs and looks at them.
    pub async fn dispatcher(&self) -> Result<Caller<'_>> {
        self.caller(&["sync:read", "sync:write"]).await
    }

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
        self.api_with(method, path, token, body, &[]).await
    }

    /// As [`Play::api`], with more headers.
    pub async fn api_with(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut request =
            http().request(method.parse()?, format!("{}{path}", self.stack.api_url.as_deref().context("the stack has no API Gateway")?));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, headers, text) = (answer.status().as_u16(), answer.headers().clone(), answer.text().await?);
        let is_picture = headers.get("content-type").is_some_and(|kind| kind == "image/svg+xml");
        let body = match text.as_str() {
            "" => Value::Null,
            picture if is_picture => picture.into(),
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
        Ok(operator::succeeds(&[&["keys"][..], arguments].concat())?.trim().to_owned())
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
