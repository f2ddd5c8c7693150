//! The fields of the Bot API that must never be lost, and no others. Everything that may be missing is optional; unknown fields and
//! variants are tolerated.

use super::Person;
use domain::ids::{ChatId, UserId};
use domain::member;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An update; each kind stays unparsed until it is chosen.
#[derive(Deserialize)]
pub struct Update<'a> {
    pub update_id: Option<i64>,
    #[serde(borrow)]
    pub chat_member: Option<&'a RawValue>,
    #[serde(borrow)]
    pub my_chat_member: Option<&'a RawValue>,
    #[serde(borrow)]
    pub message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub callback_query: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub struct MemberUpdated<'a> {
    #[serde(borrow)]
    pub chat: Chat<'a>,
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    /// Unix seconds.
    pub date: Option<i64>,
    #[serde(borrow)]
    pub old_chat_member: ChatMember<'a>,
    #[serde(borrow)]
    pub new_chat_member: ChatMember<'a>,
}

#[derive(Deserialize)]
pub struct Chat<'a> {
    pub id: ChatId,
    #[serde(borrow, rename = "type")]
    pub kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub title: Option<Cow<'a, str>>,
}

impl Chat<'_> {
    /// Only users have positive ids.
    pub fn is_private(&self) -> bool {
        self.kind.as_deref().map_or(self.id.0 > 0, |kind| kind == "private")
    }
}

#[derive(Deserialize)]
pub struct User<'a> {
    pub id: UserId,
    #[serde(default)]
    pub is_bot: bool,
    #[serde(borrow)]
    pub first_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub last_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub username: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub language_code: Option<Cow<'a, str>>,
}

impl User<'_> {
    pub fn person(&self) -> Person {
        let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        Person {
            id: self.id,
            is_bot: self.is_bot,
            first_name: owned(&self.first_name).unwrap_or_default(),
            last_name: owned(&self.last_name),
            username: owned(&self.username),
            language_code: owned(&self.language_code),
        }
    }
}

/// All kinds of `ChatMember` in one: the status tells which fields mean something.
#[derive(Deserialize)]
pub struct ChatMember<'a> {
    #[serde(borrow)]
    pub user: User<'a>,
    #[serde(flatten)]
    pub state: MemberState,
}

impl ChatMember<'_> {
    pub fn member(&self) -> member::Member {
        self.state.member()
    }
}

/// A member's status and rights, without who it is.
#[derive(Deserialize)]
pub struct MemberState {
    pub status: member::Status,
    #[serde(default)]
    until_date: Option<i64>,
    #[serde(default)]
    can_restrict_members: Option<bool>,
    // Permissions of a restricted member, of every Bot API version seen.
    #[serde(default)]
    can_send_messages: Option<bool>,
    #[serde(default)]
    can_send_media_messages: Option<bool>,
    #[serde(default)]
    can_send_audios: Option<bool>,
    #[serde(default)]
    can_send_documents: Option<bool>,
    #[serde(default)]
    can_send_photos: Option<bool>,
    #[serde(default)]
    can_send_videos: Option<bool>,
    #[serde(default)]
    can_send_video_notes: Option<bool>,
    #[serde(default)]
    can_send_voice_notes: Option<bool>,
    #[serde(default)]
    can_send_polls: Option<bool>,
    #[serde(default)]
    can_send_other_messages: Option<bool>,
    #[serde(default)]
    can_add_web_page_previews: Option<bool>,
    #[serde(default)]
    can_react_to_messages: Option<bool>,
    #[serde(default)]
    can_edit_tag: Option<bool>,
    #[serde(default)]
    can_change_info: Option<bool>,
    #[serde(default)]
    can_invite_users: Option<bool>,
    #[serde(default)]
    can_pin_messages: Option<bool>,
    #[serde(default)]
    can_manage_topics: Option<bool>,
}

impl MemberState {
    pub fn member(&self) -> member::Member {
        let permissions = [
            self.can_send_messages,
            self.can_send_media_messages,
            self.can_send_audios,
            self.can_send_documents,
            self.can_send_photos,
            self.can_send_videos,
            self.can_send_video_notes,
            self.can_send_voice_notes,
            self.can_send_polls,
            self.can_send_other_messages,
            self.can_add_web_page_previews,
            self.can_react_to_messages,
            self.can_edit_tag,
            self.can_change_info,
            self.can_invite_users,
            self.can_pin_messages,
            self.can_manage_topics,
        ];
        member::Member {
            status: self.status,
            until: self.until_date.filter(|&until| until > 0),
            permissions: permissions.iter().filter(|granted| **granted == Some(true)).count() as u32,
            can_restrict: self.can_restrict_members == Some(true),
        }
    }
}

#[derive(Deserialize)]
pub struct Message<'a> {
    pub message_id: Option<i64>,
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    #[serde(borrow)]
    pub sender_chat: Option<Chat<'a>>,
    #[serde(borrow)]
    pub chat: Chat<'a>,
    pub message_thread_id: Option<i32>,
    #[serde(default)]
    pub is_topic_message: bool,
    #[serde(borrow)]
    pub text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub entities: Vec<Entity<'a>>,
    #[serde(borrow)]
    pub reply_to_message: Option<Box<RepliedTo<'a>>>,
    #[serde(borrow)]
    pub forward_origin: Option<&'a RawValue>,
    #[serde(borrow)]
    pub forward_date: Option<&'a RawValue>,
    #[serde(borrow)]
    pub via_bot: Option<&'a RawValue>,
    pub migrate_to_chat_id: Option<ChatId>,
    pub migrate_from_chat_id: Option<ChatId>,
}

/// A piece of a text with a meaning; of those that are not known, nothing but their presence is read.
#[derive(Deserialize)]
pub struct Entity<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub user: Option<User<'a>>,
}

#[derive(Deserialize)]
pub struct RepliedTo<'a> {
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    #[serde(borrow)]
    pub sender_chat: Option<Chat<'a>>,
    #[serde(borrow)]
    pub forum_topic_created: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub struct CallbackQuery<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow)]
    pub from: Option<User<'a>>,
}
