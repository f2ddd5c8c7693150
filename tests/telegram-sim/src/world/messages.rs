//! Messages and pressed buttons.

use serde_json::{Map, Value, json};

use super::chats::merge;
use super::outbox::Queue;
use super::{Refused, World};
use crate::control::{Button, Document, Seen};

#[derive(Debug, Clone, Default)]
pub struct Message {
    pub id: i64,
    /// A user's id for the private chat with him.
    pub chat: i64,
    /// The visible author.
    pub from: i64,
    pub at_ms: i64,
    pub edited_at_ms: Option<i64>,
    /// The caption where there is a document.
    pub text: String,
    /// As the bot sent it.
    pub html: String,
    pub entities: Vec<Value>,
    pub document: Option<Document>,
    pub silent: bool,
    pub reply_markup: Option<Value>,
    pub reply_to: Option<i64>,
    pub thread_id: Option<i64>,
    /// Further fields of the Bot API's `Message`: `sender_chat`, `forward_origin`, service messages, …
    pub extra: Map<String, Value>,
    pub service: bool,
    pub deleted: bool,
    /// The one person who sees it besides the bot. Its `id` is then the `ephemeral_message_id` with a minus, so that it is never taken for
    /// the number of a message of the chat.
    pub only_for: Option<i64>,
}

/// A pressed button.
#[derive(Debug, Clone)]
pub struct Query {
    pub at_ms: i64,
    /// The person who pressed.
    pub by: i64,
    pub answer: Option<Note>,
}

/// What the bot answered to a pressed button.
#[derive(Debug, Clone, Default)]
pub struct Note {
    pub text: Option<String>,
    pub show_alert: bool,
    pub url: Option<String>,
}

impl World {
    pub(super) fn next_message_id(&mut self, chat: i64) -> i64 {
        let id = self.last_message_ids.entry(chat).or_default();
        *id += 1;
        *id
    }

    /// Gives the message its id and time and keeps it; returns the id.
    pub fn keep_message(&mut self, mut message: Message) -> i64 {
        message.id = match message.only_for {
            Some(_) => -self.next_id(),
            None => self.next_message_id(message.chat),
        };
        message.at_ms = self.now_ms;
        let id = message.id;
        self.messages.insert((message.chat, id), message);
        id
    }

    /// A new message the bot is told of: see [`tell`](Self::tell).
    pub(super) fn tell_message(&mut self, chat: i64, id: i64) {
        self.tell("message", chat, id);
    }

    /// Sends a message as an update of this kind: any of the bot's private chats and of groups where it is present.
    pub(super) fn tell(&mut self, kind: &'static str, chat: i64, id: i64) {
        let private = !self.chats.contains_key(&chat);
        let Some(message) = self.messages.get(&(chat, id)) else {
            return;
        };
        if private || self.bot_status(chat).is_present() {
            let json = self.message_json(message, true);
            self.send_update(kind, Queue::Messages(chat), json);
        }
    }

    pub(super) fn service_message(&mut self, chat: i64, from: i64, fields: Value) {
        let extra = fields.as_object().cloned().unwrap_or_default();
        let id = self.keep_message(Message { chat, from, extra, service: true, ..Message::default() });
        self.tell_message(chat, id);
    }

    /// The Bot API's `Message`; the answered message inside it unless `with_reply` is false.
    pub fn message_json(&self, message: &Message, with_reply: bool) -> Value {
        let mut json = json!({
            "message_id": message.id,
            "from": self.user_json(message.from),
            "chat": self.chat_json(message.chat),
            "date": message.at_ms / 1000,
        });
        let (text, entities) = if message.document.is_some() { ("caption", "caption_entities") } else { ("text", "entities") };
        if !message.service && !message.text.is_empty() {
            json[text] = json!(message.text);
        }
        if !message.entities.is_empty() {
            json[entities] = json!(message.entities);
        }
        if let Some(document) = &message.document {
            // Nobody can fetch the file by its id: it only has to be one.
            let id = format!("{}-{}", message.chat, message.id);
            let (name, size) = (&document.file_name, document.size);
            if document.is_photo {
                let (width, height) = document.pixels.unwrap_or_default();
                json["photo"] = json!([{"file_id": id, "file_unique_id": id, "width": width, "height": height, "file_size": size}]);
            } else {
                json["document"] = json!({"file_id": id, "file_unique_id": id, "file_name": name, "file_size": size});
            }
        }
        if let Some(at) = message.edited_at_ms {
            json["edit_date"] = json!(at / 1000);
        }
        if let Some(markup) = message.reply_markup.as_ref().filter(|m| m.get("inline_keyboard").is_some()) {
            json["reply_markup"] = markup.clone();
        }
        if let Some(thread) = message.thread_id {
            json["message_thread_id"] = json!(thread);
            json["is_topic_message"] = json!(true);
        }
        if let Some(person) = message.only_for {
            // Bot API 10.2, "Ephemeral messages and commands".
            let receiver = if message.from == self.bot.id { person } else { self.bot.id };
            json["message_id"] = json!(0);
            json["ephemeral_message_id"] = json!(-message.id);
            json["receiver_user"] = self.user_json(receiver);
        }
        let answered = message.reply_to.filter(|_| with_reply);
        if let Some(answered) = answered.and_then(|id| self.messages.get(&(message.chat, id))) {
            json["reply_to_message"] = self.message_json(answered, false);
        }
        merge(&mut json, Value::Object(message.extra.clone()));
        json
    }

    /// Everything `user` sees, oldest first: see [`Control::sees`](crate::control::Control::sees).
    pub fn sees(&self, user: i64) -> Result<Vec<Seen>, Refused> {
        self.user(user)?;
        let visible = |chat: i64| chat == user || self.chats.contains_key(&chat) && self.status(chat, user).is_present();
        let theirs = |m: &&Message| !m.service && visible(m.chat) && m.only_for.is_none_or(|person| person == user);
        let mut seen: Vec<Seen> = self.messages.values().filter(theirs).map(|m| self.seen(m)).collect();
        seen.sort_by_key(|m| (m.at_ms, m.message_id.abs()));
        Ok(seen)
    }

    fn seen(&self, message: &Message) -> Seen {
        let chat = self.chats.get(&message.chat);
        let markup = message.reply_markup.as_ref();
        let buttons = markup.and_then(|m| m.get("inline_keyboard")).cloned().unwrap_or_else(|| json!([]));
        Seen {
            at_ms: message.at_ms,
            edited_at_ms: message.edited_at_ms,
            message_id: message.id,
            chat_id: message.chat,
            chat_title: chat.map_or_else(|| self.bot.name(), |c| c.title.clone()),
            private: chat.is_none(),
            from: message.from,
            from_name: self.users.get(&message.from).map(|u| u.name()).unwrap_or_default(),
            text: message.text.clone(),
            html: message.html.clone(),
            document: message.document.clone(),
            silent: message.silent,
            // Checked when the message was sent, so nothing is lost here.
            buttons: serde_json::from_value::<Vec<Vec<Button>>>(buttons).unwrap_or_default(),
            reply_markup: message.reply_markup.clone(),
            reply_to: message.reply_to,
            thread_id: message.thread_id,
            ephemeral: message.only_for.is_some(),
            deleted: message.deleted,
        }
    }
}
