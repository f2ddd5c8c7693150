//! What is asked for, by method and path.

use domain::ids::{ChatId, UserId};
use domain::page::PREFIX;
use uuid::Uuid;

#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// A file of the page; of [`super::assets`] to know.
    File(String),
    SignIn,
    Ask(Ask),
    Nothing,
}

/// What only somebody who is signed in may ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask {
    Chats,
    Chat(ChatId),
    History(ChatId),
    Picture(ChatId),
    Settings(ChatId),
    Follow(ChatId),
    SetMode(ChatId, UserId),
    Unfollow(ChatId, UserId),
    Undo(ChatId),
    Answer(ChatId, Uuid),
    Source(ChatId, ChatId),
}

/// Is the path one of the page's?
pub fn is_ours(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Route {
    pub fn of(method: &str, path: &str) -> Self {
        let rest = path.strip_prefix(PREFIX).unwrap_or(path);
        let parts: Vec<_> = rest.split('/').filter(|part| !part.is_empty()).collect();
        match (method, &parts[..]) {
            ("POST", ["api", "session"]) => Self::SignIn,
            (_, ["api", ask @ ..]) => Ask::of(method, ask).map_or(Self::Nothing, Self::Ask),
            ("GET" | "HEAD", _) => Self::File(rest.trim_start_matches('/').to_owned()),
            _ => Self::Nothing,
        }
    }
}

impl Ask {
    fn of(method: &str, parts: &[&str]) -> Option<Self> {
        let [chats, rest @ ..] = parts else { return None };
        if *chats != "chats" {
            return None;
        }
        let [id, rest @ ..] = rest else { return (method == "GET").then_some(Self::Chats) };
        let chat = ChatId(id.parse().ok()?);
        let user = |id: &str| id.parse().ok().map(UserId);
        Some(match (method, rest) {
            ("GET", []) => Self::Chat(chat),
            ("GET", ["history"]) => Self::History(chat),
            ("GET", ["chart.svg"]) => Self::Picture(chat),
            ("PATCH", ["settings"]) => Self::Settings(chat),
            ("POST", ["follows"]) => Self::Follow(chat),
            ("PATCH", ["follows", id]) => Self::SetMode(chat, user(id)?),
            ("DELETE", ["follows", id]) => Self::Unfollow(chat, user(id)?),
            ("POST", ["undo"]) => Self::Undo(chat),
            ("POST", ["questions", id]) => Self::Answer(chat, id.parse().ok()?),
            ("POST", ["sources", id]) => Self::Source(chat, ChatId(id.parse().ok()?)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_pages_where_it_begins_with_its_whole_prefix() {
        for path in ["/app", "/app/", "/app/api/chats"] {
            assert!(is_ours(path), "{path}");
        }
        for path in ["", "/", "/apple", "/telegram/webhook", "/x/app/"] {
            assert!(!is_ours(path), "{path}");
        }
    }

    #[test]
    fn a_request_asks_for_one_thing_or_for_nothing() {
        let chat = ChatId(-100);
        for (method, path, expected) in [
            ("GET", "/app", Route::File(String::new())),
            ("GET", "/app/assets/1/app.js", Route::File("assets/1/app.js".to_owned())),
            ("POST", "/app/api/session", Route::SignIn),
            ("GET", "/app/api/session", Route::Nothing),
            ("GET", "/app/api/chats", Route::Ask(Ask::Chats)),
            ("GET", "/app/api/chats/-100", Route::Ask(Ask::Chat(chat))),
            ("PATCH", "/app/api/chats/-100/follows/5", Route::Ask(Ask::SetMode(chat, UserId(5)))),
            ("DELETE", "/app/api/chats/-100/follows/5", Route::Ask(Ask::Unfollow(chat, UserId(5)))),
            ("POST", "/app/api/chats/-100/sources/-5", Route::Ask(Ask::Source(chat, ChatId(-5)))),
            ("POST", "/app/api/chats/-100", Route::Nothing),
            ("GET", "/app/api/chats/x", Route::Nothing),
            ("DELETE", "/app/api/chats/-100/follows/x", Route::Nothing),
            ("GET", "/app/api/people", Route::Nothing),
            ("POST", "/app/", Route::Nothing),
        ] {
            assert_eq!(Route::of(method, path), expected, "{method} {path}");
        }
    }
}
