//! The web page of admins: static files, and what they ask for, as JSON.
//!
//! It is the bot by another door: the same rules, the same rights, asked of Telegram at each request. No cookies: a session comes in the
//! `Authorization` header, so no other site can use it.
//!
//! # Layout
//! - here: from a request to an answer
//! - [`route`]: what is asked for
//! - [`assets`]: the page's files
//! - [`refusal`]: why something is not done
//! - [`sign_in`]: who it is
//! - [`chats`], [`history`], [`picture`]: what is shown
//! - [`changes`]: what is changed

mod assets;
mod changes;
mod chats;
mod history;
mod picture;
mod refusal;
mod route;
mod sign_in;

pub use route::is_ours;

use crate::bot::{Asker, Room};
use crate::http::{Request, Response};
use crate::{Webhook, budget};
use aws::store::dialogue::Counted;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member::Member;
use domain::sharing::Sight;
use refusal::Refusal;
use route::{Ask, Route};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telegram::text;

/// Requests of one person in a minute. A view of a chat takes one, a picture another.
const REQUESTS: usize = 120;

/// Pictures of a year that one person has in a minute: its figures are some three hundred read units, where a week's are six.
const YEARS: usize = 24;

impl Webhook {
    /// Answers a request for the page, or of the page.
    pub async fn web(&self, request: &Request) -> Response {
        match Route::of(request.method(), request.path()) {
            Route::File(name) => assets::answer(&name, request),
            // What takes too long is told so, before Lambda ends it.
            Route::SignIn => answer(budget::within(self.sign_in(request)).await.unwrap_or(Err(Refusal::later(1))), lang_of(request)),
            Route::Ask(ask) => answer(budget::within(self.ask(request, ask)).await.unwrap_or(Err(Refusal::later(1))), lang_of(request)),
            Route::Nothing => answer(Err(Refusal::not_found(lang_of(request))), lang_of(request)),
        }
    }

    async fn ask(&self, request: &Request, ask: Ask) -> Result<Answer, Refusal> {
        let lang = lang_of(request);
        let session = self.session(request).await?;
        self.within_the_pace(session.user, lang).await?;
        if matches!(ask, Ask::Picture(_)) && request.parameter("period").as_deref() == Some("year") {
            self.within(YEARS, Counted::Years, session.user, lang).await?;
        }
        let asker = Asker { id: session.user, lang, group: None, member: None };
        match ask {
            Ask::Chats => self.web_chats(&asker).await,
            Ask::Chat(chat) => self.web_chat(&asker, chat).await,
            Ask::History(chat) => self.web_history(&asker, chat, request).await,
            Ask::Picture(chat) => self.web_picture(&asker, chat, request).await,
            Ask::Settings(chat) => self.web_settings(&asker, chat, body(request, lang)?).await,
            Ask::Follow(chat) => self.web_follow(&asker, chat, body(request, lang)?).await,
            Ask::SetMode(chat, user) => self.web_set_mode(&asker, chat, user, body(request, lang)?).await,
            Ask::Unfollow(chat, user) => self.web_unfollow(&asker, chat, user).await,
            Ask::Undo(chat) => self.web_undo(&asker, chat, body(request, lang)?).await,
            Ask::Answer(chat, question) => self.web_answer(&asker, chat, question, body(request, lang)?).await,
            Ask::Source(chat, source) => self.web_source(&asker, chat, source, body(request, lang)?).await,
        }
    }
}

impl Webhook {
    /// Counts a request of somebody.
    async fn within_the_pace(&self, user: UserId, lang: Lang) -> Result<(), Refusal> {
        self.within(REQUESTS, Counted::Requests, user, lang).await
    }

    async fn within(&self, most: usize, counted: Counted, user: UserId, lang: Lang) -> Result<(), Refusal> {
        if self.dialogue.count_on_the_page(user, counted).await? <= most { Ok(()) } else { Err(Refusal::too_many(lang)) }
    }

    /// A chat where the asker is an administrator now, and what Telegram says of him there. Telegram is asked of those only whom the store knows as
    /// administrators there: anybody can sign in, and look for chats.
    async fn room_of(&self, asker: &Asker, chat: ChatId) -> Result<(Room, Member), Refusal> {
        let chat = self.users.present_id(chat).await?;
        if self.users.admin(chat, asker.id).await?.is_none_or(|admin| admin.role().is_none()) {
            return Err(Refusal::new(403, "forbidden", &text!(asker.lang, "web-not-known")));
        }
        self.room_with_member(asker, chat).await.map_err(Refusal::forbidden)
    }
}

/// What a request is answered with.
enum Answer {
    Json(Value),
    Svg(String),
}

fn answer(answered: Result<Answer, Refusal>, lang: Lang) -> Response {
    match answered {
        Ok(Answer::Json(value)) => Response::new(200, "application/json", value.to_string()),
        Ok(Answer::Svg(svg)) => Response::new(200, "image/svg+xml", svg),
        Err(refusal) => refusal.response(lang),
    }
    // What is somebody's own is kept by nobody on the way.
    .with("cache-control", "no-store")
    .with("x-content-type-options", "nosniff")
}

/// Bytes of a body at most: what Telegram hands to a Mini App has 8192 at most (`launch`). A JSON value takes a hundred times the memory of its
/// text, and whoever sends it has shown nothing yet.
const LONGEST_BODY: usize = 16 * 1024;

/// The body's JSON object.
fn body<T: DeserializeOwned>(request: &Request, lang: Lang) -> Result<T, Refusal> {
    let unreadable = || Refusal::unreadable(lang);
    let bytes = request.body().map_err(|_| unreadable())?;
    if bytes.len() > LONGEST_BODY {
        return Err(unreadable());
    }
    // Serde's structs read themselves from an array as well.
    let object: serde_json::Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    serde_json::from_value(object.into()).map_err(|_| unreadable())
}

/// The language of the page, which it says with each request.
fn lang_of(request: &Request) -> Lang {
    Lang::from_code(request.language())
}

/// Somebody, as the page is told. Ids are texts: JavaScript's numbers end at 2^53, and nobody reckons with an id.
fn person(user: UserId, name: Option<&String>) -> Value {
    json!({ "id": user.to_string(), "name": name })
}

/// A chat that is another's source: with its title, where the reader may see it.
fn source(sight: &Sight, chat: ChatId) -> Value {
    json!({ "id": chat.to_string(), "title": sight.of(chat, false).title(sight.present(chat), None) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_nobody_has_signed_is_read_to_sixteen_kilobytes() {
        let read = |length: usize| {
            let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
            let request: Request = serde_json::from_value(json!({ "body": text })).unwrap();
            body::<Value>(&request, Lang::En).is_ok()
        };
        assert!(read(LONGEST_BODY) && !read(LONGEST_BODY + 1));
    }
}
