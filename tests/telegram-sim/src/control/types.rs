//! People, chats, messages and members in the control API. Ids are Telegram's (`i64`); `*_ms` are Unix milliseconds,
//! `until_date` Unix seconds with 0 = for ever.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rights::AdminRights;

/// Somebody with a Telegram account. `started` = has already opened the bot's private chat (no update is sent for it).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewUser {
    pub first_name: String,
    pub last_name: Option<String>,
    pub username: Option<String>,
    pub language_code: Option<String>,
    pub is_bot: bool,
    pub started: bool,
}

impl NewUser {
    /// A human with this first name and nothing else.
    pub fn named(first_name: &str) -> Self {
        Self { first_name: first_name.to_owned(), ..Self::default() }
    }
}

/// The kinds of chats with members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    #[default]
    Supergroup,
    /// A basic group: no bans, no restrictions; may be upgraded (see [`Control::migrate`](super::Control::migrate)).
    Group,
    Channel,
}

/// What the bot is in a chat. In JSON `"absent"`, `"member"` or `{"administrator": {"can_restrict_members": true, …}}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotRole {
    #[default]
    Absent,
    Member,
    Administrator(AdminRights),
}

/// A chat to create. `admins` get [`AdminRights::moderator`]; owner and admins need not be listed as members.
/// When the bot is in it, the bot receives `my_chat_member` from the owner, as if just added.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewChat {
    pub title: String,
    pub kind: ChatKind,
    /// A public name, without `@`.
    pub username: Option<String>,
    pub owner: i64,
    pub admins: Vec<i64>,
    pub members: Vec<i64>,
    pub bot: BotRole,
    pub forum: bool,
}

impl NewChat {
    /// A supergroup with nobody in it but the owner.
    pub fn supergroup(title: &str, owner: i64) -> Self {
        Self { title: title.to_owned(), owner, ..Self::default() }
    }

    /// A basic group with nobody in it but the owner.
    pub fn group(title: &str, owner: i64) -> Self {
        Self { kind: ChatKind::Group, ..Self::supergroup(title, owner) }
    }

    #[must_use]
    pub fn admins(mut self, admins: &[i64]) -> Self {
        self.admins = admins.to_vec();
        self
    }

    #[must_use]
    pub fn members(mut self, members: &[i64]) -> Self {
        self.members = members.to_vec();
        self
    }

    #[must_use]
    pub fn bot(mut self, role: BotRole) -> Self {
        self.bot = role;
        self
    }
}

/// What a message is besides its text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SayOptions {
    /// `message_id` of the answered message of the same chat.
    pub reply_to: Option<i64>,
    /// Words of the text that are links to users without a username (`text_mention`).
    pub text_mentions: Vec<TextMention>,
    /// Where the message was forwarded from.
    pub forward: Option<Forward>,
    pub thread_id: Option<i64>,
    /// Written in the name of this channel (from = 136817688, `sender_chat` = the channel).
    pub as_channel: Option<i64>,
    /// Further `MessageEntity` objects, passed on as they are.
    pub entities: Vec<Value>,
    /// A command that only the bot sees: of those that it has registered so for groups.
    pub ephemeral: bool,
}

/// The first occurrence of `text` in the message is a link to `user`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TextMention {
    pub text: String,
    pub user: i64,
}

/// The `forward_origin` of a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forward {
    User(i64),
    /// The author hides behind his name: no id is sent.
    HiddenUser(String),
    /// Written in the name of a group: by an anonymous administrator.
    Chat(i64),
    /// A post of a channel.
    Channel {
        chat: i64,
        message_id: i64,
    },
}

/// A file the bot has sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub file_name: String,
    /// Bytes.
    pub size: usize,
    /// The content; `None` where it is no UTF-8 or longer than [`Document::LONGEST_TEXT`].
    pub text: Option<String>,
    /// Width and height in pixels, of a PNG.
    #[serde(default)]
    pub pixels: Option<(u32, u32)>,
    /// It was sent as a picture.
    #[serde(default)]
    pub is_photo: bool,
}

impl Document {
    /// How much of a file is kept, bytes: more than a person reads, little enough for a long run.
    pub const LONGEST_TEXT: usize = 1 << 20;

    pub(crate) fn new(file_name: &str, content: &[u8]) -> Self {
        let text = Some(content).filter(|c| c.len() <= Self::LONGEST_TEXT).and_then(|c| str::from_utf8(c).ok());
        let (text, pixels) = (text.map(str::to_owned), pixels(content));
        Self { file_name: file_name.to_owned(), size: content.len(), text, pixels, is_photo: false }
    }
}

/// Width and height, which stand first in a PNG (PNG Specification, 11.2.1 "IHDR").
fn pixels(content: &[u8]) -> Option<(u32, u32)> {
    let header = content.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some((number(0)?, number(4)?))
}

/// An inline button as a user sees it: it sends `callback_data` or opens `url`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    pub text: String,
    #[serde(default)]
    pub callback_data: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    /// `danger`, `success` or `primary`.
    #[serde(default)]
    pub style: Option<String>,
}

/// A message as a user sees it, oldest first. `from` is the visible author (the bot's id, 1087968824 for an
/// anonymous admin, …).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    pub at_ms: i64,
    pub edited_at_ms: Option<i64>,
    /// Below 0: of an ephemeral message, whose `ephemeral_message_id` it is without the minus.
    pub message_id: i64,
    /// The id of the user himself in the private chat with the bot.
    pub chat_id: i64,
    /// The title of the chat; for the private chat the bot's name.
    pub chat_title: String,
    pub private: bool,
    pub from: i64,
    pub from_name: String,
    /// Without markup; the caption of a document.
    pub text: String,
    /// As the bot sent it (equal to `text` without a parse mode).
    pub html: String,
    pub document: Option<Document>,
    /// Came without a notification.
    pub silent: bool,
    pub buttons: Vec<Vec<Button>>,
    /// The whole `reply_markup` (for keyboards that are no inline buttons).
    pub reply_markup: Option<Value>,
    pub reply_to: Option<i64>,
    pub thread_id: Option<i64>,
    /// Nobody else sees it.
    #[serde(default)]
    pub ephemeral: bool,
    pub deleted: bool,
}

impl Seen {
    /// The first button whose label contains `label`.
    pub fn button(&self, label: &str) -> Option<&Button> {
        self.buttons.iter().flatten().find(|b| b.text.contains(label))
    }

    /// The `callback_data` of the first button whose label contains `label`.
    pub fn data_of(&self, label: &str) -> Option<&str> {
        self.button(label)?.callback_data.as_deref()
    }
}

/// What the bot answered to a pressed button. `answered` is false when it did not within the time given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressed {
    pub query_id: String,
    pub answered: bool,
    pub text: Option<String>,
    /// The text comes as an alert that has to be closed.
    pub show_alert: bool,
    /// The link that the client opens.
    #[serde(default)]
    pub url: Option<String>,
}

/// What somebody is in a chat, as `getChatMember` would say it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberState {
    /// `creator`, `administrator`, `member`, `restricted`, `left` or `kicked`.
    pub status: String,
    /// 0 = for ever; `None` where the status has no end.
    pub until_date: Option<i64>,
    pub is_member: bool,
}
