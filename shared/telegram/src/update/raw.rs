//! The fields of the Bot API that must never be lost, and no others. Everything that may be missing is optional; unknown fields and
//! variants are tolerated; what is only decoration (a name, a number that orders) may be of any shape without spoiling the rest.

use super::Person;
use super::lenient::{Text, flag, number, text};
use crate::message::Posted;
use domain::chat::Community;
use domain::ids::{ChatId, UserId};
use domain::profile::is_visible;
use serde::Deserialize;
use serde_json::Value;
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
    /// Whom that is for.
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

    /// Whom an ephemeral message is for.
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

/// Where a forwarded message comes from.
#[derive(Deserialize)]
pub struct Origin<'a> {
    #[serde(borrow)]
    pub sender_user: Option<User<'a>>,
    #[serde(borrow)]
    sender_user_name: Option<Text<'a>>,
}

impl Origin<'_> {
    /// What somebody is called who does not let forwards name him.
    pub fn hidden_name(&self) -> Option<String> {
        text(&self.sender_user_name)
    }
}

/// A message that is replied to.
#[derive(Deserialize)]
pub struct RepliedTo<'a> {
    /// Its author. Of a service message: who brought about what it tells.
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    #[serde(borrow)]
    new_chat_members: Option<&'a RawValue>,
    #[serde(borrow)]
    left_chat_member: Option<&'a RawValue>,
    #[serde(borrow)]
    video_chat_participants_invited: Option<&'a RawValue>,
    #[serde(borrow)]
    proximity_alert_triggered: Option<&'a RawValue>,
    #[serde(borrow)]
    pub sender_chat: Option<&'a RawValue>,
    #[serde(borrow)]
    pub forum_topic_created: Option<&'a RawValue>,
    #[serde(borrow)]
    pub forward_origin: Option<&'a RawValue>,
}

impl RepliedTo<'_> {
    /// Whom a service message is about: who was added or has joined, who was removed or has left, who was called to a video chat, who came near.
    /// Empty: it is no such message.
    pub fn people(&self) -> Vec<Person> {
        let several = |users: Option<&RawValue>| -> Option<Vec<Person>> {
            let users: Vec<User> = serde_json::from_str(users?.get()).ok()?;
            Some(users.iter().map(User::person).collect())
        };
        let left = || -> Option<Vec<Person>> { Some(vec![serde_json::from_str::<User>(self.left_chat_member?.get()).ok()?.person()]) };
        let called =
            || -> Option<Vec<Person>> { several(serde_json::from_str::<Called>(self.video_chat_participants_invited?.get()).ok()?.users) };
        let near = || -> Option<Vec<Person>> {
            Some(vec![serde_json::from_str::<Near>(self.proximity_alert_triggered?.get()).ok()?.traveler.person()])
        };
        several(self.new_chat_members).or_else(left).or_else(called).or_else(near).unwrap_or_default()
    }
}

/// `VideoChatParticipantsInvited`.
#[derive(Deserialize)]
struct Called<'a> {
    #[serde(borrow)]
    users: Option<&'a RawValue>,
}

/// `ProximityAlertTriggered`.
#[derive(Deserialize)]
struct Near<'a> {
    #[serde(borrow)]
    traveler: User<'a>,
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
