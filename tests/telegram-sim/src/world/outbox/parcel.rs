//! Where updates wait, where they go, and how an attempt ends.

/// Bot API, `setWebhook`.
const DEFAULT_MAX_CONNECTIONS: u32 = 40;

/// What updates wait behind each other for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// `chat_member`: the user it is about, whatever the chat.
    TargetUser(i64),
    /// `my_chat_member`.
    Chat(i64),
    /// Messages of a chat.
    Messages(i64),
    /// Callbacks and join requests of a user.
    Sender(i64),
}

#[derive(Debug, Clone)]
pub struct Webhook {
    pub url: String,
    pub secret: Option<String>,
    pub max_connections: u32,
}

impl Webhook {
    pub fn new(url: String, secret: Option<String>, max_connections: Option<u32>) -> Self {
        let max_connections = max_connections.unwrap_or(DEFAULT_MAX_CONNECTIONS).clamp(1, 100);
        Self { url, secret, max_connections }
    }
}

/// One attempt to be made now.
#[derive(Debug, Clone)]
pub struct Post {
    pub update_id: u32,
    pub webhook: Webhook,
    pub body: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// `None`: no answer.
    pub status: Option<u16>,
    /// The `Retry-After` header, seconds.
    pub retry_after: Option<u64>,
    pub error: Option<String>,
}
