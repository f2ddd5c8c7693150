//! What a simulator is started with.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// The bot and the pace of the server. No `Debug`: it holds the token.
#[derive(Clone)]
pub struct Config {
    /// The address that is listened on: 127.0.0.1 in tests; functions in containers need another.
    pub bind: IpAddr,
    /// 0 = any free one.
    pub port: u16,
    /// `<bot id>:<secret>`. The bot's user id is its prefix.
    pub token: String,
    /// Without `@`.
    pub bot_username: String,
    pub bot_name: String,
    /// Between the ban and the unban by which clients kick out of a supergroup.
    pub kick_pause: Duration,
    /// The second pause between attempts to deliver an update; the first retry comes at once, later pauses double.
    pub retry_base: Duration,
    /// How long a webhook may take to answer.
    pub webhook_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            token: "7000000001:simulated-token".to_owned(),
            bot_username: "bansync_bot".to_owned(),
            bot_name: "Bansync".to_owned(),
            kick_pause: Duration::from_secs(1),
            retry_base: Duration::from_secs(2),
            webhook_timeout: Duration::from_secs(60),
        }
    }
}

impl Config {
    /// The bot's user id; `None` when the token has no numeric prefix.
    pub fn bot_id(&self) -> Option<i64> {
        self.token.split(':').next()?.parse().ok()
    }
}
