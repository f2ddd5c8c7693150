//! A message, as far as it is read.

use super::super::Person;
use super::super::lenient::{Text, flag, number, text};
use super::{Chat, RepliedTo, User};
use crate::message::Posted;
use domain::chat::Community;
use domain::ids::{ChatId, UserId};
use domain::profile::is_visible;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub struct Message<'a> {
    #[serde(default, deserialize_with = "number")]
    message_id: Option<i64>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "number")]
    pub date: Option<i64>,
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    #[serde(borrow)]
    pub sender_chat: Option<&'a RawValue>,
    #[serde(borrow)]
    pub chat: Chat<'a>,
    /// In the place of `message_id` of a message for one person alone (Bot API 10.2).
    #[serde(default, deserialize_with = "number")]
    pub ephemeral_message_id: Option<i64>,
    /// Receiver of that message.
    #[serde(borrow)]
    receiver_user: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "number")]
    message_thread_id: Option<i64>,
    #[serde(default, deserialize_with = "flag")]
    is_topic_message: Option<bool>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    entities: Option<&'a RawValue>,
    #[serde(borrow)]
    reply_to_message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub forward_origin: Option<&'a RawValue>,
    #[serde(borrow)]
    pub forward_date: Option<&'a RawValue>,
    #[serde(borrow)]
    pub via_bot: Option<&'a RawValue>,
    #[serde(borrow)]
    users_shared: Option<&'a RawValue>,
    #[serde(borrow)]
    reply_markup: Option<&'a RawValue>,
    #[serde(borrow)]
    community_chat_added: Option<&'a RawValue>,
    #[serde(borrow)]
    community_chat_removed: Option<&'a RawValue>,
    pub migrate_to_chat_id: Option<ChatId>,
    pub migrate_from_chat_id: Option<ChatId>,
}

impl<'a> Message<'a> {
    /// By which it can be answered, changed and deleted; an ephemeral message has 0 in its place, which is none (Bot API 10.2).
    pub fn message_id(&self) -> Option<i64> {
        self.message_id.filter(|id| *id > 0)
    }

    pub fn text(&self) -> Option<String> {
        text(&self.text)
    }

    /// The forum topic it was written in.
    pub fn thread_id(&self) -> Option<i32> {
        self.message_thread_id.filter(|_| self.is_topic_message == Some(true)).and_then(|id| id.try_into().ok())
    }

    /// Receiver of an ephemeral message.
    pub fn receiver(&self) -> Option<UserId> {
        Some(serde_json::from_str::<User>(self.receiver_user?.get()).ok()?.id)
    }

    /// By which one of the bot's own is changed and deleted.
    pub fn posted(&self) -> Option<Posted> {
        if let Some(message_id) = self.message_id() {
            return Some(Posted::Public(message_id.try_into().ok()?));
        }
        Some(Posted::Ephemeral { receiver: self.receiver()?, id: self.ephemeral_message_id? })
    }

    /// Who is mentioned by name, without a username.
    pub fn text_mention(&self) -> Option<Person> {
        let entities: Vec<Entity> = serde_json::from_str(self.entities?.get()).ok()?;
        let mention = entities.iter().find(|entity| text(&entity.kind).as_deref() == Some("text_mention"))?;
        mention.user.as_ref().map(User::person)
    }

    /// Is nothing known of it but where it is (Bot API, `InaccessibleMessage`: "Always 0" of its date)?
    pub fn is_inaccessible(&self) -> bool {
        self.date.is_none_or(|date| date == 0)
    }

    /// Does a button under it have this data?
    pub fn offers(&self, data: &str) -> bool {
        let buttons = self.reply_markup.and_then(|markup| serde_json::from_str::<ReplyMarkup>(markup.get()).ok());
        buttons.is_some_and(|markup| {
            markup.inline_keyboard.iter().flatten().any(|button| text(&button.callback_data).as_deref() == Some(data))
        })
    }

    /// The rows of buttons under it as Telegram tells them, without the button that has this data; a row of nothing else is left out.
    pub fn other_buttons(&self, data: &str) -> Vec<Value> {
        #[derive(Deserialize)]
        struct Rows {
            #[serde(default)]
            inline_keyboard: Vec<Vec<Value>>,
        }
        let markup = self.reply_markup.and_then(|markup| serde_json::from_str::<Rows>(markup.get()).ok());
        let rows = markup.into_iter().flat_map(|markup| markup.inline_keyboard);
        let others = rows.map(|row| row.into_iter().filter(|button| button["callback_data"] != data).collect::<Vec<_>>());
        others.filter(|row| !row.is_empty()).map(Value::from).collect()
    }

    /// The people that were chosen by a button, and which button it was.
    pub fn users_shared(&self) -> Option<(i64, Vec<Person>)> {
        let shared: UsersShared = serde_json::from_str(self.users_shared?.get()).ok()?;
        Some((shared.request_id?, shared.users.iter().map(User::person).collect()))
    }

    /// The community that the chat came into, `Some(None)` where it left one; the object of leaving is empty (Bot API 10.2,
    /// `CommunityChatRemoved`). `None`: this is no such message.
    pub fn community(&self) -> Option<Option<Community>> {
        if self.community_chat_removed.is_some() {
            return Some(None);
        }
        let added: CommunityChatAdded = serde_json::from_str(self.community_chat_added?.get()).ok()?;
        let RawCommunity { id, name } = added.community;
        let name = text(&name).filter(|name| is_visible(name)).unwrap_or_else(|| id.to_string());
        Some(Some(Community { id, name }))
    }

    pub fn reply_to(&self) -> Option<RepliedTo<'a>> {
        serde_json::from_str(self.reply_to_message?.get()).ok()
    }
}

#[derive(Deserialize)]
struct CommunityChatAdded<'a> {
    #[serde(borrow)]
    community: RawCommunity<'a>,
}

#[derive(Deserialize)]
struct RawCommunity<'a> {
    id: i64,
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

/// A piece of a text with a meaning; of those that are not known, nothing but their presence is read.
#[derive(Deserialize)]
struct Entity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    user: Option<User<'a>>,
}

#[derive(Deserialize)]
struct UsersShared<'a> {
    #[serde(default, deserialize_with = "number")]
    request_id: Option<i64>,
    /// With names where the button asked for them.
    #[serde(borrow, default)]
    users: Vec<User<'a>>,
}

/// The buttons under a message.
#[derive(Deserialize)]
struct ReplyMarkup<'a> {
    #[serde(borrow, default)]
    inline_keyboard: Vec<Vec<InlineButton<'a>>>,
}

#[derive(Deserialize)]
struct InlineButton<'a> {
    #[serde(borrow)]
    callback_data: Option<Text<'a>>,
}
