//! The one place where somebody's status in a chat changes, and the updates that follow from it.

use serde_json::{Value, json};

use super::chats::merge;
use super::outbox::Queue;
use super::people::ANONYMOUS_ADMIN;
use super::{Status, World};
use crate::control::ChatKind;

/// A ban or restriction shorter than this many seconds is for ever (Bot API, `until_date`).
const SHORTEST: i64 = 30;
/// A ban or restriction longer than this many seconds is for ever (Bot API, `until_date`).
const LONGEST: i64 = 366 * 24 * 3600;

impl World {
    /// The `until_date` Telegram stores: 0 for ever when it is nearer than 30 s or farther than 366 days.
    pub fn stored_until(&self, until: Option<i64>) -> i64 {
        let until = until.unwrap_or(0);
        let seconds = until - self.now();
        if (SHORTEST..=LONGEST).contains(&seconds) { until } else { 0 }
    }

    /// Makes `user` what `new` says, done by `by`, and sends `chat_member` (to a bot that is administrator there),
    /// `my_chat_member` (about the bot itself) and the service message of somebody coming or going. Nothing is sent
    /// when nothing changes.
    pub fn set_status(&mut self, chat_id: i64, user: i64, new: Status, by: i64) {
        self.set_status_with(chat_id, user, new, by, json!({}));
    }

    /// Like [`set_status`](Self::set_status), with further fields of the `ChatMemberUpdated`.
    pub fn set_status_with(&mut self, chat: i64, user: i64, new: Status, by: i64, extra: Value) {
        let old = self.status(chat, user);
        self.change_status(chat, user, new, by, extra);
        self.tell_coming_or_going(chat, user, old, new, by);
    }

    /// Like [`set_status_with`](Self::set_status_with), without the service message: an upgraded group is no group
    /// somebody has joined.
    pub(super) fn change_status(&mut self, chat_id: i64, user: i64, new: Status, by: i64, extra: Value) {
        let (now, bot) = (self.now(), self.bot.id);
        let from = self.actor_json(chat_id, by);
        let member = self.user_json(user);
        let Some(chat) = self.chats.get_mut(&chat_id) else {
            return;
        };
        let old = chat.status(user, now);
        if old == new {
            return;
        }
        chat.members.insert(user, new);
        let mut update = json!({
            "chat": chat.json(),
            "from": from,
            "date": now,
            "old_chat_member": old.json(member.clone(), bot),
            "new_chat_member": new.json(member, bot),
        });
        merge(&mut update, extra);
        let bot_is_admin = chat.status(bot, now).is_admin();
        if user == bot {
            chat.bot_was_removed = by != bot && !new.is_present();
            self.send_update("my_chat_member", Queue::Chat(chat_id), update);
        } else if bot_is_admin {
            self.send_update("chat_member", Queue::TargetUser(user), update);
        }
    }

    /// Who the bot is told has acted: anonymous administrators are hidden.
    pub fn actor_json(&self, chat: i64, by: i64) -> Value {
        let hidden = by != self.bot.id && self.status(chat, by).is_anonymous();
        self.user_json(if hidden { ANONYMOUS_ADMIN } else { by })
    }

    fn tell_coming_or_going(&mut self, chat: i64, user: i64, old: Status, new: Status, by: i64) {
        let is_channel = self.chats.get(&chat).is_none_or(|c| c.kind == ChatKind::Channel);
        if is_channel || by == self.bot.id || old.is_present() == new.is_present() {
            return;
        }
        let member = self.user_json(user);
        let fields = if new.is_present() { json!({"new_chat_members": [member]}) } else { json!({"left_chat_member": member}) };
        self.service_message(chat, by, fields);
    }
}
