//! [`Control`]: how a command is sent, and waiting for what comes of it.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::command::{Command, Refusal};
use super::types::*;
use super::wait::wait_until;

/// Why a control command failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Telegram's clients would not let the user do this, or the ids are unknown.
    #[error("the simulator refused: {0}")]
    Refused(String),
    #[error("the simulator could not be reached")]
    Unreachable(#[from] reqwest::Error),
    #[error("the simulator's answer has another form")]
    Form(#[from] serde_json::Error),
    #[error("waited {after:?} for {what}")]
    TimedOut { what: String, after: Duration },
}

pub(super) type Result<T> = std::result::Result<T, ControlError>;

/// A client of the control API of a running simulator. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    url: String,
    http: reqwest::Client,
}

impl Control {
    /// `url`: base URL of the simulator, e.g. `http://127.0.0.1:8081`.
    pub fn new(url: &str) -> Self {
        // The simulator is on this machine: a proxy of the environment is in the way. Building fails only where
        // there is no TLS, which is not used here.
        let http = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self { url: url.trim_end_matches('/').to_owned(), http }
    }

    /// The base URL, to be given to the bot as that of the Bot API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends any command and reads its answer as `T`.
    pub async fn send<T: DeserializeOwned>(&self, command: Command) -> Result<T> {
        let (name, body) = command.split()?;
        let answer = self.http.post(format!("{}/control/{name}", self.url)).json(&body).send().await?;
        let accepted = answer.status().is_success();
        let bytes = answer.bytes().await?;
        if !accepted {
            let refusal: Refusal = serde_json::from_slice(&bytes)?;
            return Err(ControlError::Refused(refusal.error));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// See [`wait_until`].
    pub async fn wait_until<T, F>(&self, what: &str, timeout: Duration, question: F) -> Result<T>
    where
        F: AsyncFnMut() -> Result<Option<T>>,
    {
        wait_until(what, timeout, question).await
    }

    /// Waits until the bot has accepted every update.
    pub async fn wait_until_accepted(&self, timeout: Duration) -> Result<()> {
        wait_until("all updates to be accepted", timeout, async || Ok((self.pending().await? == 0).then_some(()))).await
    }

    /// Waits until the user is banned in the chat.
    pub async fn wait_until_banned(&self, chat: i64, user: i64, timeout: Duration) -> Result<()> {
        let what = format!("user {user} to be banned in {chat}");
        wait_until(&what, timeout, async || Ok(self.is_banned(chat, user).await?.then_some(()))).await
    }

    /// Waits until nothing keeps the user out of the chat.
    pub async fn wait_until_not_banned(&self, chat: i64, user: i64, timeout: Duration) -> Result<()> {
        let what = format!("user {user} to be banned no longer in {chat}");
        wait_until(&what, timeout, async || Ok((!self.is_banned(chat, user).await?).then_some(()))).await
    }

    /// Waits until the user sees a message (not deleted) of somebody else whose text contains `text`; the newest one.
    pub async fn wait_until_sees(&self, user: i64, text: &str, timeout: Duration) -> Result<Seen> {
        let what = format!("user {user} to see {text:?}");
        wait_until(&what, timeout, async || {
            let seen = self.sees(user).await?;
            Ok(seen.into_iter().rev().find(|m| m.from != user && !m.deleted && m.text.contains(text)))
        })
        .await
    }
}
