//! Calls of the Bot API that belong to a deployment, not to the bot.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use serde_json::{Value, json};
use ureq::Agent;

use crate::aws::is_loopback;

/// The real Bot API.
pub const TELEGRAM: &str = "https://api.telegram.org";

/// Every kind of update that the bot reads. Named in full: an empty list leaves out `chat_member`.
pub const ALLOWED_UPDATES: [&str; 5] = ["message", "callback_query", "chat_member", "my_chat_member", "chat_join_request"];

/// How many updates Telegram may deliver at once (1–100; 40 is its default). Each is a running webhook function.
pub const MAX_CONNECTIONS: u32 = 40;

/// A blocking HTTP client for one URL: answers of any status are answers, this machine is asked without a proxy.
pub fn agent(url: &str, timeout: Duration) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false);
    let config = if is_loopback(url) { config.proxy(None) } else { config };
    config.build().into()
}

/// A bot at a Bot API.
pub struct Bot {
    pub api: String,
    pub token: String,
}

impl Bot {
    /// Calls a method and returns its result. No error holds the token.
    pub fn call(&self, method: &str, parameters: &Value, timeout: Duration) -> Result<Value> {
        let mut answer = self.ask(method, parameters, timeout)?;
        if answer["ok"] != true {
            bail!("the Bot API refused {method}: {}", answer["description"].as_str().unwrap_or("no reason given"));
        }
        Ok(answer["result"].take())
    }

    /// Calls a method and returns the whole answer, which may be a refusal. No error holds the token.
    pub fn ask(&self, method: &str, parameters: &Value, timeout: Duration) -> Result<Value> {
        let url = format!("{}/bot{}/{method}", self.api.trim_end_matches('/'), self.token);
        let answer =
            agent(&self.api, timeout).post(&url).send_json(parameters).and_then(|mut answer| answer.body_mut().read_json::<Value>());
        answer.map_err(|error| anyhow!("{method} at {}: {}", self.api, error.to_string().replace(&self.token, "<token>")))
    }

    /// Has updates delivered to `url` from now on.
    pub fn set_webhook(&self, url: &str, secret: &str) -> Result<()> {
        let parameters =
            json!({"url": url, "secret_token": secret, "allowed_updates": ALLOWED_UPDATES, "max_connections": MAX_CONNECTIONS});
        self.call("setWebhook", &parameters, Duration::from_secs(30)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Telegram drops a name that it does not know without a word.
    #[test]
    fn every_kind_that_is_asked_for_is_one_of_the_documentation() {
        let documentation: Value = serde_json::from_str(include_str!("../../../tests/telegram-sim/bot-api.json")).unwrap();
        for kind in ALLOWED_UPDATES {
            assert!(documentation["types"]["Update"][format!("{kind}?")].is_string(), "{kind}");
        }
    }
}
