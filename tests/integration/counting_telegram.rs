//! A Telegram that takes every ban of anybody anywhere and counts: the simulator, which keeps people and chats, is not made for hundreds of
//! thousands of them.

use anyhow::Result;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// How often each method was called for each chat.
type Counts = Arc<Mutex<HashMap<(String, i64), u32>>>;

pub struct CountingTelegram {
    pub url: String,
    counts: Counts,
}

impl CountingTelegram {
    /// Listens until the tests end.
    pub fn begin() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let counts = Counts::default();
        let shared = counts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counts = shared.clone();
                // A connection that breaks is its caller's to notice.
                std::thread::spawn(move || serve(stream, &counts).unwrap_or_default());
            }
        });
        Ok(Self { url, counts })
    }

    /// Chats of `method` by how often it was called there.
    pub fn chats(&self, method: &str) -> HashMap<i64, u32> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().filter(|((of, _), _)| of == method).map(|((_, chat), count)| (*chat, *count)).collect()
    }
}

/// Answers one request after the other.
fn serve(mut stream: TcpStream, counts: &Counts) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default();
        let method = path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            input.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        let body: Value = serde_json::from_slice(&body)?;
        let chat = body["chat_id"].as_i64().unwrap_or_default();
        let result = match method.as_str() {
            "getChatMember" => json!({"status": "left", "user": {"id": body["user_id"], "is_bot": false, "first_name": "Mallory"}}),
            _ => json!(true),
        };
        *counts.lock().unwrap_or_else(PoisonError::into_inner).entry((method, chat)).or_default() += 1;
        let answer = json!({"ok": true, "result": result}).to_string();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())?;
    }
}
