//! Why something is not done, as the page is told: a status, and `{code, message}` of which people read the message.

use crate::NotNow;
use crate::bot::Stop;
use crate::http::Response;
use domain::lang::Lang;
use serde_json::json;
use telegram::launch::Refused;
use telegram::render::plain_text;
use telegram::text;

#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    code: &'static str,
    /// Empty: that it cannot be done now.
    message: String,
    /// Seconds after which another try may succeed.
    retry_after: Option<i64>,
}

impl Refusal {
    /// `html`: a text of the bot.
    pub fn new(status: u16, code: &'static str, html: &str) -> Self {
        Self { status, code, message: plain_text(html), retry_after: None }
    }

    pub fn unreadable(lang: Lang) -> Self {
        Self::new(400, "invalid_request", &text!(lang, "web-unreadable"))
    }

    pub fn signed_out(lang: Lang) -> Self {
        Self::new(401, "signed_out", &text!(lang, "web-signed-out"))
    }

    pub fn not_signed_in(lang: Lang, why: Refused) -> Self {
        let code = match why {
            Refused::Forged => "bad_init_data",
            Refused::Old => "old_init_data",
        };
        Self { code, ..Self::signed_out(lang) }
    }

    pub fn not_found(lang: Lang) -> Self {
        Self::new(404, "not_found", &text!(lang, "web-not-found"))
    }

    pub fn too_many(lang: Lang) -> Self {
        Self { retry_after: Some(60), ..Self::new(429, "too_many_requests", &text!(lang, "web-too-fast")) }
    }

    /// Not now: after so many seconds it may be done.
    pub fn later(seconds: i64) -> Self {
        Self { status: 503, code: "unavailable", message: String::new(), retry_after: Some(seconds) }
    }

    /// A rule is against it, with the bot's own words.
    pub fn against(html: &str) -> Self {
        Self::new(422, "refused", html)
    }

    /// The same where somebody has not the right.
    pub fn forbidden(stop: Stop) -> Self {
        match Self::from(stop) {
            Self { status: 422, message, retry_after, .. } => Self { status: 403, code: "forbidden", message, retry_after },
            other => other,
        }
    }

    pub fn response(self, lang: Lang) -> Response {
        let message = if self.message.is_empty() { plain_text(&text!(lang, "web-later")) } else { self.message };
        let body = json!({ "code": self.code, "message": message }).to_string();
        let response = Response::new(self.status, "application/json", body);
        match self.retry_after {
            Some(seconds) => response.with("retry-after", seconds.clamp(1, 3600).to_string()),
            None => response,
        }
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Show(screen) => Self::against(&screen.text),
            Stop::NotNow(not_now) => not_now.into(),
        }
    }
}

/// The page tries again, or its reader does.
impl From<NotNow> for Refusal {
    fn from(not_now: NotNow) -> Self {
        match not_now {
            NotNow::Wait(seconds) => Self::later(seconds),
            NotNow::Failed(error) | NotNow::Never(error) => {
                tracing::error!(error = format!("{error:#}"), "a request of the web page failed");
                Self::later(1)
            }
        }
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        NotNow::Failed(error).into()
    }
}
