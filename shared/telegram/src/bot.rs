//! The calls that the product makes. Each is one try; [`Failure::reaction`] tells what an error calls for.

use crate::client::{Client, Failure};
use crate::update::{ChatMember, MemberState, PERMISSIONS};
use domain::ids::{ChatId, UserId};
use domain::member::{Member, Mute};
use serde::Deserialize;
use serde_json::value::RawValue;
use teloxide_core::payloads;
use teloxide_core::types::{self, ParseMode, Recipient, ReplyParameters};

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    pub chat_id: ChatId,
    pub text: String,
    /// The text has Telegram's HTML tags, and names in it are escaped.
    pub html: bool,
    /// Forum topic.
    pub thread_id: Option<i32>,
    /// Message that it answers; sent all the same where that is gone.
    pub reply_to: Option<i64>,
    /// Rows of buttons under it.
    pub buttons: Vec<Vec<Button>>,
    /// In the place of the keyboard; only in private, and not along with `buttons`.
    pub keyboard: Option<Keyboard>,
    /// Comes without a sound.
    pub silent: bool,
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub text: String,
    pub leads: Leads,
}

/// What a press of a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Comes back with the press: 64 bytes at most.
    Data(String),
    /// Opens there.
    Url(String),
}

/// What stands in the place of a person's keyboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyboard {
    /// A button by which people are chosen; `request_id` comes back with them.
    ChoosePeople { request_id: i32, label: String, most: u8 },
    /// His own again.
    Remove,
}

/// A file to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub file_name: String,
    pub content: Vec<u8>,
}

/// The bot's own rights in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BotRights {
    pub member: Member,
    /// Lets people in who ask, or turns them away.
    pub can_invite: bool,
    /// Removes commands and its own old answers.
    pub can_delete: bool,
}

impl Button {
    pub fn data(text: impl Into<String>, data: impl Into<String>) -> Self {
        Self { text: text.into(), leads: Leads::Data(data.into()) }
    }

    /// What comes back with a press; `None`: the button opens something.
    pub fn callback(&self) -> Option<&str> {
        match &self.leads {
            Leads::Data(data) => Some(data),
            Leads::Url(_) => None,
        }
    }

    pub fn url(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self { text: text.into(), leads: Leads::Url(url.into()) }
    }
}

impl OutgoingMessage {
    pub fn html(chat_id: ChatId, text: String) -> Self {
        Self { chat_id, text, html: true, thread_id: None, reply_to: None, buttons: Vec::new(), keyboard: None, silent: false }
    }

    fn markup(&self) -> Option<types::ReplyMarkup> {
        match &self.keyboard {
            None => (!self.buttons.is_empty()).then(|| buttons(&self.buttons).into()),
            Some(Keyboard::Remove) => Some(types::ReplyMarkup::kb_remove()),
            Some(Keyboard::ChoosePeople { request_id, label, most }) => {
                let mut request = types::KeyboardButtonRequestUsers::new(types::RequestId(*request_id)).max_quantity(*most);
                request.user_is_bot = Some(false);
                (request.request_name, request.request_username) = (true, true);
                let button = types::KeyboardButton::new(label).request(types::ButtonRequest::RequestUsers(request));
                Some(types::KeyboardMarkup::new([[button]]).resize_keyboard().one_time_keyboard().into())
            }
        }
    }
}

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

impl Client {
    /// `until`: Unix seconds, `None` for ever. Works on people who are not members too.
    pub async fn ban(&self, chat: ChatId, user: UserId, until: Option<i64>) -> Result<(), Failure> {
        let mut payload = payloads::BanChatMember::new(recipient(chat), telegram_user(user));
        payload.until_date = until.and_then(|until| chrono::DateTime::from_timestamp(until, 0));
        self.run(&payload).await
    }

    /// Never removes somebody who is not banned.
    pub async fn unban(&self, chat: ChatId, user: UserId) -> Result<(), Failure> {
        let mut payload = payloads::UnbanChatMember::new(recipient(chat), telegram_user(user));
        payload.only_if_banned = Some(true);
        self.run(&payload).await
    }

    /// Sets a restriction as it was. Telegram has permissions that the typed request does not know.
    pub async fn restrict(&self, chat: ChatId, user: UserId, mute: &Mute) -> Result<(), Failure> {
        self.run_json("restrictChatMember", &restriction(chat, user, mute)).await
    }

    /// Status and rights of somebody in a chat; whoever never was there has left.
    pub async fn member(&self, chat: ChatId, user: UserId) -> Result<Member, Failure> {
        let payload = payloads::GetChatMember::new(recipient(chat), telegram_user(user));
        self.call::<_, MemberState>(&payload).await.map(|state| state.member())
    }

    /// The administrators of a chat, bots among them only where it is this one.
    pub async fn admins(&self, chat: ChatId) -> Result<Vec<ChatMember>, Failure> {
        let members: Vec<Box<RawValue>> = self.call(&payloads::GetChatAdministrators::new(recipient(chat))).await?;
        members.iter().map(|member| ChatMember::read(member).map_err(|_| Failure::UnreadableResult)).collect()
    }

    /// As [`Client::member`], and who it is.
    pub async fn chat_member(&self, chat: ChatId, user: UserId) -> Result<ChatMember, Failure> {
        let member: Box<RawValue> = self.call(&payloads::GetChatMember::new(recipient(chat), telegram_user(user))).await?;
        ChatMember::read(&member).map_err(|_| Failure::UnreadableResult)
    }

    /// The id of the message that was sent.
    pub async fn send(&self, message: &OutgoingMessage) -> Result<i64, Failure> {
        self.call::<_, Sent>(&to_send(message)).await.map(|sent| sent.message_id)
    }

    /// Sends a file; `caption`: HTML.
    pub async fn send_document(&self, chat: ChatId, document: Document, caption: &str, under: &[Vec<Button>]) -> Result<(), Failure> {
        let mut fields = vec![("chat_id", chat.to_string()), ("caption", caption.to_owned()), ("parse_mode", "HTML".to_owned())];
        if !under.is_empty() {
            let markup = serde_json::to_string(&buttons(under)).map_err(|_| Failure::UnreadableResult)?;
            fields.push(("reply_markup", markup));
        }
        self.upload("sendDocument", &fields, "document", document).await
    }

    /// Changes a message of the bot's own; its chat and buttons are those of `message`.
    pub async fn edit(&self, message_id: i32, message: &OutgoingMessage) -> Result<(), Failure> {
        let text = message.text.clone();
        let mut payload = payloads::EditMessageText::new(recipient(message.chat_id), types::MessageId(message_id), text);
        payload.parse_mode = message.html.then_some(ParseMode::Html);
        payload.link_preview_options = Some(no_preview());
        payload.reply_markup = (!message.buttons.is_empty()).then(|| buttons(&message.buttons));
        self.run(&payload).await
    }

    /// Deletes a message; somebody else's only where the bot may.
    pub async fn delete(&self, chat: ChatId, message_id: i32) -> Result<(), Failure> {
        self.run(&payloads::DeleteMessage::new(recipient(chat), types::MessageId(message_id))).await
    }

    /// What the bot may do in a chat.
    pub async fn own_rights(&self, chat: ChatId) -> Result<BotRights, Failure> {
        #[derive(Deserialize)]
        struct More {
            #[serde(default)]
            can_invite_users: bool,
            #[serde(default)]
            can_delete_messages: bool,
        }
        let raw: Box<RawValue> = self.call(&payloads::GetChatMember::new(recipient(chat), telegram_user(self.bot()))).await?;
        let read = || -> Result<BotRights, serde_json::Error> {
            let (state, more): (MemberState, More) = (serde_json::from_str(raw.get())?, serde_json::from_str(raw.get())?);
            Ok(BotRights { member: state.member(), can_invite: more.can_invite_users, can_delete: more.can_delete_messages })
        };
        read().map_err(|_| Failure::UnreadableResult)
    }

    /// Replaces a message of the bot's own by plain text without buttons.
    pub async fn replace(&self, chat: ChatId, message_id: i32, text: &str) -> Result<(), Failure> {
        self.run(&payloads::EditMessageText::new(recipient(chat), types::MessageId(message_id), text)).await
    }

    /// Turns away somebody who asks to be let in.
    pub async fn decline(&self, chat: ChatId, user: UserId) -> Result<(), Failure> {
        self.run(&payloads::DeclineChatJoinRequest::new(recipient(chat), telegram_user(user))).await
    }

    /// Ends the waiting of a pressed button; `text` is shown for a moment, where there is any.
    pub async fn answer_button(&self, callback_id: &str, text: &str) -> Result<(), Failure> {
        let mut payload = payloads::AnswerCallbackQuery::new(types::CallbackQueryId(callback_id.to_owned()));
        payload.text = Some(text.to_owned()).filter(|text| !text.is_empty());
        self.run(&payload).await
    }

    /// The bot's own username, without the `@`.
    pub async fn username(&self) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Me {
            username: String,
        }
        self.call::<_, Me>(&payloads::GetMe::new()).await.map(|me| me.username)
    }
}

fn restriction(chat: ChatId, user: UserId, mute: &Mute) -> serde_json::Value {
    let granted = |place: usize| mute.permissions >> place & 1 == 1;
    let permissions: serde_json::Map<_, _> =
        PERMISSIONS.iter().enumerate().map(|(place, name)| ((*name).to_owned(), granted(place).into())).collect();
    let mut body = serde_json::json!({
        "chat_id": chat, "user_id": user, "permissions": permissions, "use_independent_chat_permissions": true,
    });
    if let Some(until) = mute.until {
        body["until_date"] = until.into();
    }
    body
}

fn to_send(message: &OutgoingMessage) -> payloads::SendMessage {
    let mut payload = payloads::SendMessage::new(recipient(message.chat_id), message.text.clone());
    payload.parse_mode = message.html.then_some(ParseMode::Html);
    payload.disable_notification = message.silent.then_some(true);
    payload.message_thread_id = message.thread_id.map(|id| types::ThreadId(types::MessageId(id)));
    payload.reply_parameters = message
        .reply_to
        .and_then(|id| i32::try_from(id).ok())
        .map(|id| ReplyParameters::new(types::MessageId(id)).allow_sending_without_reply());
    payload.link_preview_options = Some(no_preview());
    payload.reply_markup = message.markup();
    payload
}

fn buttons(rows: &[Vec<Button>]) -> types::InlineKeyboardMarkup {
    let button = |button: &Button| {
        let kind = match &button.leads {
            Leads::Data(data) => types::InlineKeyboardButtonKind::CallbackData(data.clone()),
            // Made here of a username and a payload: always an address.
            Leads::Url(url) => match url.parse() {
                Ok(url) => types::InlineKeyboardButtonKind::Url(url),
                Err(_) => types::InlineKeyboardButtonKind::CallbackData(String::from("-")),
            },
        };
        types::InlineKeyboardButton::new(button.text.clone(), kind)
    };
    types::InlineKeyboardMarkup::new(rows.iter().map(|row| row.iter().map(button).collect::<Vec<_>>()))
}

/// Names may look like addresses: nothing is to be fetched for them.
fn no_preview() -> types::LinkPreviewOptions {
    types::LinkPreviewOptions { is_disabled: true, url: None, prefer_small_media: false, prefer_large_media: false, show_above_text: false }
}

fn recipient(chat: ChatId) -> Recipient {
    Recipient::Id(types::ChatId(chat.0))
}

/// Users' ids are positive.
fn telegram_user(user: UserId) -> types::UserId {
    types::UserId(user.0.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restriction_is_set_as_it_was_read() {
        let read = r#"{"status": "restricted", "is_member": true, "until_date": 9, "can_send_messages": true, "can_manage_topics": true}"#;
        let mute = serde_json::from_str::<MemberState>(read).unwrap().member().mute().unwrap();
        let sent = restriction(ChatId(-1), UserId(5), &mute);
        assert_eq!((&sent["chat_id"], &sent["user_id"], &sent["until_date"]), (&(-1).into(), &5.into(), &9.into()));
        let granted: Vec<_> = sent["permissions"].as_object().unwrap().iter().filter(|(_, granted)| **granted == true).collect();
        assert_eq!(granted.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["can_manage_topics", "can_send_messages"]);
    }

    #[test]
    fn only_a_silent_message_asks_telegram_for_no_sound() {
        for (silent, expected) in [(true, serde_json::json!(true)), (false, serde_json::Value::Null)] {
            let message = OutgoingMessage { silent, ..OutgoingMessage::html(ChatId(5), "x".to_owned()) };
            let sent = serde_json::to_value(to_send(&message)).unwrap();
            assert_eq!((&sent["disable_notification"], &sent["parse_mode"]), (&expected, &"HTML".into()));
        }
    }
}
