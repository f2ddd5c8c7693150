//! The fields of the Bot API that must never be lost, and no others. Everything that may be missing is optional; unknown fields and
//! variants are tolerated; what is only decoration (a name, a number that orders) may be of any shape without spoiling the rest.

mod message;
mod replied;

pub use message::Message;
pub use replied::{Origin, RepliedTo};

use super::Person;
use super::lenient::{Text, flag, number, text};
use domain::ids::{ChatId, UserId};
use domain::profile::is_visible;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An update; each kind stays unparsed until it is chosen.
#[derive(Deserialize)]
pub struct Update<'a> {
    #[serde(default, deserialize_with = "number")]
    pub update_id: Option<i64>,
    #[serde(borrow)]
    pub chat_member: Option<&'a RawValue>,
    #[serde(borrow)]
    pub my_chat_member: Option<&'a RawValue>,
    #[serde(borrow)]
    pub message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub callback_query: Option<&'a RawValue>,
    #[serde(borrow)]
    pub chat_join_request: Option<&'a RawValue>,
}

/// Somebody asks to be let into a chat.
#[derive(Deserialize)]
pub struct JoinRequest<'a> {
    #[serde(borrow)]
    pub chat: Chat<'a>,
    #[serde(borrow)]
    pub from: User<'a>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "number")]
    pub date: Option<i64>,
    #[serde(borrow)]
    query_id: Option<Text<'a>>,
}

impl JoinRequest<'_> {
    /// By which the bot answers where it guards the chat.
    pub fn query_id(&self) -> Option<String> {
        text(&self.query_id)
    }
}

#[derive(Deserialize)]
pub struct MemberUpdated<'a> {
    #[serde(borrow)]
    pub chat: Chat<'a>,
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "number")]
    pub date: Option<i64>,
    /// A `ChatMember`: [`ChatMember`] reads who it is, [`super::MemberState`] the rest.
    #[serde(borrow)]
    pub old_chat_member: Option<&'a RawValue>,
    #[serde(borrow)]
    pub new_chat_member: &'a RawValue,
}

#[derive(Deserialize)]
pub struct Chat<'a> {
    pub id: ChatId,
    #[serde(borrow, rename = "type")]
    pub kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub title: Option<Text<'a>>,
    #[serde(borrow)]
    username: Option<Text<'a>>,
}

impl Chat<'_> {
    /// A username makes a chat public (Bot API, `Chat`).
    pub fn is_public(&self) -> bool {
        text(&self.username).is_some_and(|name| !name.is_empty())
    }

    /// Only users have positive ids.
    pub fn is_private(&self) -> bool {
        text(&self.kind).map_or(self.id.0 > 0, |kind| kind == "private")
    }

    /// One that can be seen.
    pub fn title(&self) -> Option<String> {
        text(&self.title).filter(|title| is_visible(title))
    }
}

#[derive(Deserialize)]
pub struct User<'a> {
    /// `user_id` in a `SharedUser`.
    #[serde(alias = "user_id")]
    pub id: UserId,
    #[serde(default, deserialize_with = "flag")]
    is_bot: Option<bool>,
    #[serde(borrow)]
    first_name: Option<Text<'a>>,
    #[serde(borrow)]
    last_name: Option<Text<'a>>,
    #[serde(borrow)]
    username: Option<Text<'a>>,
    #[serde(borrow)]
    language_code: Option<Text<'a>>,
}

impl User<'_> {
    pub fn is_bot(&self) -> bool {
        self.is_bot == Some(true)
    }

    pub fn person(&self) -> Person {
        Person {
            id: self.id,
            is_bot: self.is_bot(),
            first_name: text(&self.first_name).unwrap_or_default(),
            last_name: text(&self.last_name),
            username: text(&self.username),
            language_code: text(&self.language_code),
        }
    }
}

/// Who a `ChatMember` is.
#[derive(Deserialize)]
pub struct ChatMember<'a> {
    #[serde(borrow)]
    pub user: User<'a>,
}

#[derive(Deserialize)]
pub struct CallbackQuery<'a> {
    pub id: String,
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    #[serde(borrow)]
    data: Option<Text<'a>>,
    /// The message with the button; of one that is too old, only where it is.
    #[serde(borrow)]
    pub message: Option<&'a RawValue>,
}

impl CallbackQuery<'_> {
    pub fn data(&self) -> Option<String> {
        text(&self.data)
    }
}
