//! The calls that the product makes. Each is one try; [`Failure::reaction`] tells what an error calls for.

use crate::client::{Client, Failure};
use crate::message::{Button, Delete, EditButtons, EditText, OutgoingMessage, Posted, SendMessage, markup_of};
use crate::update::{ChatMember, FORMER_PERMISSION, MemberState, PERMISSIONS};
use domain::ids::{ChatId, UserId};
use domain::member::{Member, Mute};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use teloxide_core::payloads;
use teloxide_core::types::{self, Recipient};

/// Answer of a bot that guards a chat to somebody who asks to be let in (Bot API 10.1, `answerChatJoinRequestQuery`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinAnswer {
    Decline,
    /// The chat's admins decide.
    Queue,
}

/// A file to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub file_name: String,
    pub content: Vec<u8>,
    /// It is shown as a picture.
    pub is_photo: bool,
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

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
    #[serde(default)]
    ephemeral_message_id: Option<i64>,
}

impl Client {
    /// Where updates go (`getWebhookInfo`); `None`: they are fetched.
    pub async fn webhook_url(&self) -> Result<Option<String>, Failure> {
        #[derive(Deserialize)]
        struct WebhookInfo {
            url: String,
        }
        let info: WebhookInfo = self.call_json("getWebhookInfo", &serde_json::json!({})).await?;
        Ok(Some(info.url).filter(|url| !url.is_empty()))
    }

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

    /// The id of the message that was sent; `None`: it is ephemeral, and has none.
    ///
    /// One that was to be ephemeral and came to everybody, as a server does that does not know what that is, is deleted at once:
    /// [`Failure::Public`].
    pub async fn send(&self, message: &OutgoingMessage) -> Result<Option<i64>, Failure> {
        let sent: Sent = self.call_json("sendMessage", &SendMessage::of(message)).await?;
        if message.ephemeral.is_none() {
            return Ok(Some(sent.message_id));
        }
        if sent.ephemeral_message_id.is_some() {
            return Ok(None);
        }
        let left = match i32::try_from(sent.message_id) {
            Ok(message_id @ 1..) => self.delete(message.chat_id, Posted::Public(message_id)).await.err().map(|_| sent.message_id),
            _ => None,
        };
        Err(Failure::Public { left })
    }

    /// Sends a file; `caption`: HTML.
    pub async fn send_document(&self, chat: ChatId, document: Document, caption: &str, under: &[Vec<Button>]) -> Result<(), Failure> {
        let mut fields = vec![("chat_id", chat.to_string()), ("caption", caption.to_owned()), ("parse_mode", "HTML".to_owned())];
        if !under.is_empty() {
            let markup = serde_json::to_string(&markup_of(under)).map_err(|_| Failure::UnreadableResult)?;
            fields.push(("reply_markup", markup));
        }
        match document.is_photo {
            true => self.upload("sendPhoto", &fields, "photo", document).await,
            false => self.upload("sendDocument", &fields, "document", document).await,
        }
    }

    /// Changes a message of the bot's own; its chat and buttons are those of `message`. Of an ephemeral one it is not known whether its reader
    /// sees the change.
    pub async fn edit(&self, posted: Posted, message: &OutgoingMessage) -> Result<(), Failure> {
        self.run_json(posted.method("editMessageText", "editEphemeralMessageText"), &EditText::of(posted, message)).await
    }

    /// Deletes a message; somebody else's only where the bot may.
    pub async fn delete(&self, chat_id: ChatId, posted: Posted) -> Result<(), Failure> {
        self.run_json(posted.method("deleteMessage", "deleteEphemeralMessage"), &Delete { chat_id, posted }).await
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
    pub async fn replace(&self, chat: ChatId, posted: Posted, text: String) -> Result<(), Failure> {
        self.edit(posted, &OutgoingMessage { html: false, ..OutgoingMessage::html(chat, text) }).await
    }

    /// Gives a message of the bot's own these rows of buttons, as Telegram has told them; its text stays as it is, with its formatting.
    pub async fn set_buttons(&self, chat: ChatId, posted: Posted, rows: &[Value]) -> Result<(), Failure> {
        let method = posted.method("editMessageReplyMarkup", "editEphemeralMessageReplyMarkup");
        self.run_json(method, &EditButtons::of(chat, posted, rows)).await
    }

    /// Turns away somebody who asks to be let in.
    pub async fn decline(&self, chat: ChatId, user: UserId) -> Result<(), Failure> {
        self.run(&payloads::DeclineChatJoinRequest::new(recipient(chat), telegram_user(user))).await
    }

    /// Answers somebody who asks the chat's guard to be let in: within 10 seconds (Bot API 10.1, `answerChatJoinRequestQuery`).
    pub async fn answer_join_request(&self, query_id: &str, result: JoinAnswer) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct AnswerChatJoinRequestQuery<'a> {
            chat_join_request_query_id: &'a str,
            result: JoinAnswer,
        }
        let body = AnswerChatJoinRequestQuery { chat_join_request_query_id: query_id, result };
        self.run_json("answerChatJoinRequestQuery", &body).await
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
    let permissions = PERMISSIONS.iter().enumerate().filter(|(_, name)| **name != FORMER_PERMISSION);
    let permissions: serde_json::Map<_, _> = permissions.map(|(place, name)| ((*name).to_owned(), granted(place).into())).collect();
    let mut body = serde_json::json!({
        "chat_id": chat, "user_id": user, "permissions": permissions, "use_independent_chat_permissions": true,
    });
    if let Some(until) = mute.until {
        body["until_date"] = until.into();
    }
    body
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
        assert!(sent["permissions"].get(FORMER_PERMISSION).is_none());
    }
}
