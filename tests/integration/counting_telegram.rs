//! A Telegram that takes every ban of anybody anywhere and counts: the simulator, which keeps people and chats, is not made for hundreds of
//! thousands of them.

use anyhow::Result;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What was called.
#[derive(Default)]
struct Called {
    /// How often each method was called for each chat.
    counts: HashMap<(String, i64), u32>,
    /// Chats of bans, in their order.
    bans: Vec<i64>,
}

type Shared = Arc<Mutex<Called>>;

pub struct CountingTelegram {
    pub url: String,
    called: Shared,
}

impl CountingTelegram {
    /// Listens until the tests end.
    pub fn begin() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let called = Shared::default();
        let shared = called.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let called = shared.clone();
                // A connection that breaks is its caller's to notice.
                std::thread::spawn(move || serve(stream, &called).unwrap_or_default());
            }
        });
        Ok(Self { url, called })
    }

    /// Chats of `method` by how often it was called there.
    pub fn chats(&self, method: &str) -> HashMap<i64, u32> {
        let called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        called.counts.iter().filter(|((of, _), _)| of == method).map(|((_, chat), count)| (*chat, *count)).collect()
    }

    /// How many bans there were.
    pub fn bans(&self) -> usize {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).bans.len()
    }

    /// Chats that were banned in, in their order.
    pub fn banned_in(&self) -> Vec<i64> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).bans.clone()
    }
}

/// Answers one request after the other.
fn serve(mut stream: TcpStream, called: &Shared) -> Result<()> {
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
        {
            let mut called = called.lock().unwrap_or_else(PoisonError::into_inner);
            if method == "banChatMember" {
                called.bans.push(chat);
            }
            *called.counts.entry((method, chat)).or_default() += 1;
        }
        let answer = json!({"ok": true, "result": result}).to_string();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())?;
    }
}
