//! Calls of the Bot API: teloxide-core's typed requests over one HTTP client of our own, which keeps `error_code`, `description` and
//! `parameters`, has its own time-out and never sleeps.
//!
//! teloxide's own client drops the error code, waits 10 seconds inside the call after a 5xx, and prints the token in its `Debug`.

use crate::bot::Document;
use crate::launch::Keys;
use domain::ids::{ChatId, UserId};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use teloxide_core::requests::Payload;

/// A Bot API call is given up after this: an update's answer and a queue's retry are worth more than a slow call.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The part of it in which the connection has to be made. What is late after that has reached Telegram.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A client for one bot. Make it once: it keeps connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// Without a slash at the end.
    api_url: String,
    token: Arc<RwLock<Token>>,
}

struct Token {
    text: String,
    /// Whom it begins with.
    bot: UserId,
}

/// The token's bot id is public; the token is not, and is never printed.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("bot", &self.bot()).finish_non_exhaustive()
    }
}

/// The token is not of the form `<bot id>:<secret>`, or no HTTP client can be made.
#[derive(Debug, thiserror::Error)]
#[error("no client for the Bot API: {0}")]
pub struct CannotStart(&'static str);

/// The bot's id is the part of its token before the colon.
pub fn bot_id(token: &str) -> Option<UserId> {
    token.split_once(':')?.0.parse().ok().map(UserId)
}

impl Client {
    /// `api_url`: base URL of the Bot API, such as `https://api.telegram.org`.
    pub fn new(api_url: &str, token: &str) -> Result<Self, CannotStart> {
        let token = Arc::new(RwLock::new(Token::new(token)?));
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(60))
            .build()
            .map_err(|_| CannotStart("the HTTP client cannot be built"))?;
        Ok(Self { http, api_url: api_url.trim_end_matches('/').to_owned(), token })
    }

    /// Calls with another token from now on: @BotFather gives a new one where the old is known to others.
    pub fn set_token(&self, token: &str) -> Result<(), CannotStart> {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = Token::new(token)?;
        Ok(())
    }

    fn token(&self) -> RwLockReadGuard<'_, Token> {
        // Nothing can panic halfway through a change.
        self.token.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.api_url, self.token().text)
    }

    /// The bot's own id.
    pub fn bot(&self) -> UserId {
        self.token().bot
    }

    /// Keys of the web page, made of the token.
    pub fn keys(&self) -> Keys {
        Keys::of(&self.token().text)
    }

    /// One call, one try. `T`: what is wanted of the result.
    pub async fn call<P: Payload + Serialize, T: DeserializeOwned>(&self, payload: &P) -> Result<T, Failure> {
        let mut method = P::NAME.to_owned();
        method[..1].make_ascii_lowercase();
        self.answer(self.http.post(self.url(&method)).json(payload)).await
    }

    /// One call with a payload of our own, one try.
    pub async fn call_json<T: DeserializeOwned>(&self, method: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.answer(self.http.post(self.url(method)).json(body)).await
    }

    /// As [`Client::call_json`], where success is all there is to know.
    pub async fn run_json(&self, method: &str, body: &impl Serialize) -> Result<(), Failure> {
        self.call_json::<IgnoredAny>(method, body).await.map(|_| ())
    }

    async fn answer<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Failure> {
        let no_answer = |error: reqwest::Error| match error.is_timeout() && !error.is_connect() {
            true => Failure::Late,
            // The URL holds the token: it is taken out of every error.
            false => Failure::NoAnswer(error.without_url().to_string()),
        };
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(no_answer)?;
        read_answer(status, &body)
    }

    /// One call with a file, one try.
    pub async fn upload(&self, method: &str, fields: &[(&'static str, String)], name: &'static str, file: Document) -> Result<(), Failure> {
        let part = reqwest::multipart::Part::bytes(file.content).file_name(file.file_name);
        let form =
            fields.iter().fold(reqwest::multipart::Form::new().part(name, part), |form, (name, text)| form.text(*name, text.clone()));
        self.answer::<IgnoredAny>(self.http.post(self.url(method)).multipart(form)).await.map(|_| ())
    }

    /// As [`Client::call`], where success is all there is to know.
    pub async fn run<P: Payload + Serialize>(&self, payload: &P) -> Result<(), Failure> {
        self.call::<P, IgnoredAny>(payload).await.map(|_| ())
    }
}

impl Token {
    fn new(token: &str) -> Result<Self, CannotStart> {
        let bot = bot_id(token).ok_or(CannotStart("the bot token is not of the form <bot id>:<secret>"))?;
        Ok(Self { text: token.to_owned(), bot })
    }
}

/// A call that did not succeed, or of which it is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The Bot API's own answer.
    #[error("{code} {description}")]
    Answer { code: u16, description: String, parameters: Parameters },
    /// No connection, or a broken one: the call may have taken effect.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// Telegram has the call, and has not answered within [`TIMEOUT`]: it has most likely taken effect, or will.
    #[error("no answer in time")]
    Late,
    /// Something else answered, such as a proxy.
    #[error("HTTP {status} without a Bot API answer")]
    Foreign { status: u16 },
    /// It took effect, but its result is of an unknown shape.
    #[error("done, with a result that cannot be read")]
    UnreadableResult,
    /// An ephemeral message came to everybody, and was deleted at once. `left`: its id, where that failed.
    #[error("an ephemeral message was not sent as one")]
    Public { left: Option<i64> },
}

impl Failure {
    /// A message was to be changed to what it is.
    pub fn is_not_modified(&self) -> bool {
        matches!(self, Self::Answer { description, .. } if description.contains("message is not modified"))
    }

    /// Did Telegram not answer, or only to say that it cannot?
    pub fn is_no_answer(&self) -> bool {
        match self {
            Self::NoAnswer(_) | Self::Late | Self::Foreign { .. } => true,
            Self::Answer { code, .. } => *code >= 500,
            Self::UnreadableResult | Self::Public { .. } => false,
        }
    }
}

/// Bot API `ResponseParameters`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Seconds.
    pub retry_after: Option<u32>,
    pub migrate_to_chat_id: Option<ChatId>,
}

/// Reads an answer: `status` of HTTP, and the body.
pub fn read_answer<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, Failure> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        ok: bool,
        #[serde(borrow)]
        result: Option<&'a serde_json::value::RawValue>,
        error_code: Option<u16>,
        description: Option<String>,
        parameters: Option<Parameters>,
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else { return Err(Failure::Foreign { status }) };
    if answer.ok {
        let result = answer.result.map_or("null", |result| result.get());
        return serde_json::from_str(result).map_err(|_| Failure::UnreadableResult);
    }
    Err(Failure::Answer {
        code: answer.error_code.unwrap_or(status),
        description: answer.description.unwrap_or_default(),
        parameters: answer.parameters.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_its_code_description_and_parameters() {
        let body =
            br#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7,"new":1}}"#;
        let Err(Failure::Answer { code, parameters, .. }) = read_answer::<IgnoredAny>(429, body) else { panic!() };
        assert_eq!((code, parameters.retry_after), (429, Some(7)));
    }

    #[test]
    fn a_proxys_page_an_empty_body_and_an_odd_result_are_told_apart() {
        assert_eq!(read_answer::<bool>(502, b"<html>Bad Gateway</html>"), Err(Failure::Foreign { status: 502 }));
        assert_eq!(read_answer::<bool>(200, b""), Err(Failure::Foreign { status: 200 }));
        assert_eq!(read_answer::<bool>(200, br#"{"ok":true,"result":{"x":1}}"#), Err(Failure::UnreadableResult));
        assert_eq!(read_answer::<bool>(200, br#"{"ok":true,"result":true}"#), Ok(true));
    }

    #[test]
    fn the_token_is_not_printed() {
        let client = Client::new("http://127.0.0.1:1", "42:very-secret").unwrap();
        assert_eq!(client.bot(), UserId(42));
        assert!(!format!("{client:?}").contains("secret"));
        assert!(Client::new("http://127.0.0.1:1", "no-token").is_err());
    }

    #[test]
    fn another_token_is_every_clones_and_none_is_left_as_it_was() {
        let client = Client::new("http://127.0.0.1:1/", "42:old").unwrap();
        let clone = client.clone();
        client.set_token("42:new").unwrap();
        assert_eq!(clone.url("getMe"), "http://127.0.0.1:1/bot42:new/getMe");
        assert!(client.set_token("no-token").is_err());
        assert_eq!(clone.url("getMe"), "http://127.0.0.1:1/bot42:new/getMe");
    }
}
