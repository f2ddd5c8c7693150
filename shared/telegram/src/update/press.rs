//! A pressed button: who, which, and under which message.

use super::{Person, parse, raw};
use crate::message::Posted;
use domain::ids::ChatId;
use serde_json::Value;

/// A pressed button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// Of the update, where it had one: a redelivery has the same.
    pub update_id: Option<i64>,
    pub callback_id: String,
    pub from: Person,
    /// As the button was given it; whoever presses may have made it up.
    pub data: String,
    /// The message under which the button stands, where Telegram still has it.
    pub under: Option<Under>,
    /// `false`: the message is there and has no button with this data. Old messages come without their buttons.
    pub offered: bool,
}

impl Press {
    /// The group in which the button stands; `None`: it is in private, or Telegram does not tell.
    pub fn group(&self) -> Option<ChatId> {
        self.under.as_ref().map(|under| under.chat_id).filter(|chat| chat.0 < 0)
    }
}

/// A message with buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Under {
    pub chat_id: ChatId,
    pub posted: Posted,
    /// The forum topic it stands in.
    pub thread_id: Option<i32>,
    /// Without its markup.
    pub text: String,
    /// The rows of its other buttons, as Telegram tells them (Bot API, `InlineKeyboardMarkup`).
    pub others: Vec<Value>,
}

/// Reads a `CallbackQuery` of the Bot API.
pub fn read(query: &raw::CallbackQuery, update_id: Option<i64>) -> Press {
    let message = query.message.and_then(|message| parse::<raw::Message>(message).ok());
    let data = query.data().unwrap_or_default();
    let from = query.from.as_ref().map(raw::User::person).unwrap_or_default();
    let is_theirs = |message: &raw::Message| message.receiver().is_none_or(|receiver| receiver == from.id);
    let offered = message.as_ref().is_none_or(|message| message.is_inaccessible() || message.offers(&data) && is_theirs(message));
    let under = message.and_then(|message| {
        let (chat_id, thread_id, others) = (message.chat.id, message.thread_id(), message.other_buttons(&data));
        Some(Under { chat_id, posted: message.posted()?, thread_id, text: message.text()?, others })
    });
    Press { update_id, callback_id: query.id.clone(), from, data, under, offered }
}
