//! A program that asks for syncs and looks at them.

use crate::caller::Answer;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::time::Duration;

pub struct Dispatcher<'a> {
    play: &'a Play,
    token: String,
}

impl<'a> Dispatcher<'a> {
    pub async fn new(play: &'a Play) -> Result<Self> {
        Ok(Self { play, token: play.token(&["sync:read", "sync:write"]).await? })
    }

    /// `path`: behind `/api/v1/sync/`.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let Answer { status, body, .. } = self.play.api(method, &format!("/api/v1/sync/{path}"), Some(&self.token), body).await?;
        Ok((status, body))
    }

    pub async fn get(&self, path: &str) -> Result<(u16, Value)> {
        self.call("GET", path, None).await
    }

    pub async fn trigger(&self, body: &Value) -> Result<(u16, Value)> {
        self.call("POST", "trigger", Some(body)).await
    }

    /// Asks for a sync; its id.
    pub async fn asks_for(&self, path: &str, body: Option<&Value>) -> Result<String> {
        let (status, answer) = self.call("POST", path, body).await?;
        ensure!((status, &answer["status"]) == (202, &"requested".into()), "{path}: {status} {answer}");
        Ok(answer["sync_id"].as_str().context("a sync has an id")?.to_owned())
    }

    /// Waits until a sync has ended; how it is then.
    pub async fn ended(&self, id: &str) -> Result<Value> {
        let mut last = Value::Null;
        for _ in 0..PATIENCE.as_millis() / 200 {
            let (status, body) = self.get(&format!("status/{id}")).await?;
            ensure!(status == 200, "{id}: {status} {body}");
            if !body["completed_at"].is_null() {
                return Ok(body);
            }
            last = body;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("the sync did not end: {last}")
    }

    /// What a dry run says of every chat: its id, what would be done, and why not.
    pub async fn dry_run(&self, body: &Value) -> Result<Vec<(i64, String, Option<String>)>> {
        let (mut chats, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = self.call("POST", &format!("trigger{cursor}"), Some(body)).await?;
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

    /// All pages of the log. `query`: as in a path, without the question mark.
    pub async fn log(&self, query: &str, limit: usize) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, body) = self.get(&format!("logs?{query}&limit={limit}{cursor}")).await?;
            ensure!(status == 200, "{query}: {status} {body}");
            let page = body["items"].as_array().context("a page has items")?;
            ensure!(page.len() <= limit, "{} items where {limit} were wanted", page.len());
            items.extend(page.iter().cloned());
            match body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }
}
