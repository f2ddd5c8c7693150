//! What people write and press.

use serde_json::{Map, Value, json};

use super::outbox::Queue;
use super::people::{ANONYMOUS_ADMIN, CHANNEL_AUTHOR};
use super::{Message, Query, Refused, Status, World};
use crate::control::{Button, ChatKind, Forward, SayOptions};

/// How long the author may edit a message, milliseconds.
const EDITABLE_MS: i64 = 48 * 3600 * 1000;

impl World {
    pub fn say(&mut self, chat: i64, user: i64, text: String, options: SayOptions) -> Result<i64, Refused> {
        let status = self.may_write(chat, user)?;
        let mut message = self.written(chat, user, text, &options)?;
        if options.ephemeral {
            self.is_ephemeral_command(chat, user, &message.text)?;
            // The request has no sender but the person (tdesktop 0062b26, ephemeral_messages.cpp).
            message.only_for = Some(user);
        } else if let Some(channel) = options.as_channel {
            message.from = CHANNEL_AUTHOR;
            message.extra.insert("sender_chat".to_owned(), self.chat_json(channel));
        } else if status.is_anonymous() {
            message.from = ANONYMOUS_ADMIN;
            message.extra.insert("sender_chat".to_owned(), self.chat_json(chat));
        }
        let id = self.keep_message(message);
        self.tell_message(chat, id);
        Ok(id)
    }

    /// Apps send a command so where the bot has registered it so for that kind of member, in any language (Bot API, `BotCommand.is_ephemeral`).
    fn is_ephemeral_command(&self, chat: i64, user: i64, text: &str) -> Result<(), Refused> {
        let scopes: &[&str] = match self.status(chat, user).is_admin() {
            true => &["all_chat_administrators", "all_group_chats", "default"],
            false => &["all_group_chats", "default"],
        };
        let word = text.split_whitespace().next().and_then(|word| word.strip_prefix('/')).unwrap_or_default();
        let (name, to) = word.split_once('@').unwrap_or((word, ""));
        let ours = to.is_empty() || self.bot.username.as_deref().is_some_and(|bot| bot.eq_ignore_ascii_case(to));
        let lists = |scope: &&str| self.profile.commands.iter().filter(|list| list["scope"]["type"] == **scope).collect::<Vec<_>>();
        let registered = scopes.iter().map(lists).find(|lists| !lists.is_empty()).unwrap_or_default();
        let commands = registered.iter().filter_map(|list| list["commands"].as_array()).flatten();
        let found = commands.into_iter().any(|command| command["command"] == name && command["is_ephemeral"] == true);
        if ours && found && self.bot_status(chat).is_present() {
            Ok(())
        } else {
            Err(format!("{word:?} is no ephemeral command of the bot in {chat}"))
        }
    }

    fn may_write(&self, chat: i64, user: i64) -> Result<Status, Refused> {
        self.chat(chat)?;
        let status = self.status(chat, user);
        let muted = matches!(status, Status::Restricted { permissions, .. } if !permissions.can_send_messages);
        if !status.is_present() || muted {
            return Err(format!("user {user} ({}) cannot write in chat {chat}", status.name()));
        }
        Ok(status)
    }

    pub fn say_private(&mut self, user: i64, text: String, options: SayOptions) -> Result<i64, Refused> {
        self.user(user)?;
        let message = self.written(user, user, text, &options)?;
        Ok(self.private_message(message))
    }

    pub(super) fn private_message(&mut self, message: Message) -> i64 {
        let user = message.chat;
        if let Some(user) = self.users.get_mut(&user) {
            user.started = true;
        }
        let id = self.keep_message(message);
        self.tell_message(user, id);
        id
    }

    /// Clients let the author edit his own words, for two days, where he may still write.
    pub fn edit_message(&mut self, chat: i64, user: i64, id: i64, text: String) -> Result<(), Refused> {
        let in_private = chat == user;
        if !in_private {
            self.may_write(chat, user)?;
        }
        let anonymous = self.status(chat, user).is_anonymous();
        let now_ms = self.now_ms;
        let message = self.messages.get_mut(&(chat, id)).filter(|m| !m.service && !m.deleted);
        let message = message.ok_or_else(|| format!("user {user} sees no message {id} in {chat}"))?;
        let own = message.from == user || anonymous && message.from == ANONYMOUS_ADMIN;
        if !own || message.extra.contains_key("forward_origin") {
            return Err(format!("message {id} in {chat} was not written by user {user}"));
        }
        if now_ms - message.at_ms > EDITABLE_MS {
            return Err(format!("message {id} in {chat} is too old to be edited"));
        }
        if text.trim().is_empty() || text == message.text {
            return Err(format!("that changes nothing in message {id} in {chat}"));
        }
        message.entities = found_entities(&text);
        message.html.clone_from(&text);
        message.text = text;
        message.edited_at_ms = Some(now_ms);
        self.tell("edited_message", chat, id);
        Ok(())
    }

    pub fn start_bot(&mut self, user: i64, payload: Option<String>) -> Result<i64, Refused> {
        if self.user(user)?.blocked {
            self.set_blocked(user, false)?;
        }
        let text = payload.map_or_else(|| "/start".to_owned(), |payload| format!("/start {payload}"));
        self.say_private(user, text, SayOptions::default())
    }

    pub fn set_blocked(&mut self, id: i64, blocked: bool) -> Result<(), Refused> {
        let user = self.users.get_mut(&id).ok_or_else(|| format!("no user {id}"))?;
        if user.blocked == blocked {
            return Ok(());
        }
        user.blocked = blocked;
        let statuses = [Status::Member, Status::Kicked { until_date: 0 }];
        let [member, kicked] = statuses.map(|status| status.json(self.bot.json(), self.bot.id));
        let (old, new) = if blocked { (member, kicked) } else { (kicked, member) };
        let update = json!({
            "chat": self.chat_json(id),
            "from": self.user_json(id),
            "date": self.now(),
            "old_chat_member": old,
            "new_chat_member": new,
        });
        self.send_update("my_chat_member", Queue::Chat(id), update);
        Ok(())
    }

    /// Presses a button and returns the id of the query the bot is to answer.
    pub fn press(&mut self, user: i64, chat: i64, message_id: i64, data: &str, forged: bool) -> Result<String, Refused> {
        let seen = self.sees(user)?;
        let message = seen.into_iter().find(|m| m.chat_id == chat && m.message_id == message_id && !m.deleted);
        let message = message.ok_or_else(|| format!("user {user} sees no message {message_id} in {chat}"))?;
        let has = |b: &Button| b.callback_data.as_deref() == Some(data);
        if !forged && !message.buttons.iter().flatten().any(has) {
            return Err(format!("message {message_id} has no button with the data {data:?}"));
        }
        let number = self.next_id();
        let id = format!("{}{number:010}", self.now_ms);
        let content = self.messages.get(&(chat, message_id)).map(|m| self.message_json(m, true));
        let update = json!({
            "id": id,
            "from": self.user_json(user),
            "message": content,
            // It came as 0 from ephemeral messages (Bot API 10.2).
            "chat_instance": if message_id < 0 { "0".to_owned() } else { chat.unsigned_abs().to_string() },
            "data": data,
        });
        self.queries.insert(id.clone(), Query { at_ms: self.now_ms, by: user, answer: None });
        self.send_update("callback_query", Queue::Sender(user), update);
        Ok(id)
    }

    fn written(&self, chat: i64, user: i64, text: String, options: &SayOptions) -> Result<Message, Refused> {
        let mut entities = found_entities(&text);
        for mention in &options.text_mentions {
            let at = text.find(&mention.text).ok_or_else(|| format!("{:?} is not in the text", mention.text))?;
            self.user(mention.user)?;
            let mut entity = entity("text_mention", &text[..at], &mention.text);
            entity["user"] = self.user_json(mention.user);
            entities.push(entity);
        }
        entities.extend(options.entities.iter().cloned());
        entities.sort_by_key(|e| e["offset"].as_i64());
        let mut extra = Map::new();
        if let Some(forward) = &options.forward {
            extra.insert("forward_origin".to_owned(), self.origin(forward)?);
        }
        let known = |id: &i64| self.messages.contains_key(&(chat, *id));
        if let Some(id) = options.reply_to.filter(|id| !known(id)) {
            return Err(format!("no message {id} in {chat} to answer"));
        }
        let html = text.clone();
        let (reply_to, thread_id) = (options.reply_to, options.thread_id);
        Ok(Message { chat, from: user, text, html, entities, reply_to, thread_id, extra, ..Message::default() })
    }

    fn origin(&self, forward: &Forward) -> Result<Value, Refused> {
        let date = self.now() - 60;
        Ok(match forward {
            Forward::User(id) => {
                json!({"type": "user", "date": date, "sender_user": self.user(*id)?.json()})
            }
            Forward::HiddenUser(name) => {
                json!({"type": "hidden_user", "date": date, "sender_user_name": name})
            }
            Forward::Chat(id) => {
                json!({"type": "chat", "date": date, "sender_chat": self.chat(*id)?.json()})
            }
            Forward::Channel { chat, message_id } => {
                let post = self.chat(*chat)?;
                if post.kind != ChatKind::Channel {
                    return Err(format!("chat {chat} is no channel"));
                }
                json!({"type": "channel", "date": date, "chat": post.json(), "message_id": message_id})
            }
        })
    }
}

/// A `MessageEntity`: offsets and lengths count UTF-16 units.
fn entity(kind: &str, before: &str, covered: &str) -> Value {
    json!({"type": kind, "offset": before.encode_utf16().count(), "length": covered.encode_utf16().count()})
}

/// What Telegram finds in a text by itself, as far as bots care: commands and mentions at the start of a word.
fn found_entities(text: &str) -> Vec<Value> {
    let mut entities = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let trimmed = word.trim_end();
        let body = trimmed.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let is_name = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if let Some(command) = body.strip_prefix('/') {
            let (name, bot) = command.split_once('@').map_or((command, None), |(n, b)| (n, Some(b)));
            if is_name(name) && name.len() <= 32 && bot.is_none_or(is_name) {
                entities.push(entity("bot_command", &text[..at], body));
            }
        } else if body.strip_prefix('@').is_some_and(|name| is_name(name) && name.len() >= 4) {
            entities.push(entity("mention", &text[..at], body));
        }
        at += word.len();
    }
    entities
}
