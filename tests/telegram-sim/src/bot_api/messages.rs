//! Editing and deleting messages, and answering buttons.

use serde_json::{Value, json};

use super::keyboard::inline_markup;
use super::text::text;
use super::{Answer, Params};
use crate::world::{ApiError, Message, Note, World};

/// The longest text of an answer to a button, characters.
const LONGEST_NOTE: usize = 200;
/// How long a pressed button waits for an answer, milliseconds.
const QUERY_LIFE_MS: i64 = 15 * 60 * 1000;
/// The most messages one `deleteMessages` takes.
const MOST_DELETED: usize = 100;

pub fn edit_message_text(world: &mut World, params: &Params) -> Answer {
    let key = own_message(world, params)?;
    if world.messages.get(&key).is_some_and(|m| m.document.is_some()) {
        return Err(ApiError::bad_request("there is no text in the message to edit"));
    }
    set_text(world, params, key)
}

fn set_text(world: &mut World, params: &Params, key: (i64, i64)) -> Answer {
    let text = text(world, params, "MESSAGE_TOO_LONG")?;
    let reply_markup = inline_markup(params)?;
    // Without a new keyboard the old one goes.
    edit(world, key, |message| {
        message.text = text.plain;
        message.html = text.html;
        message.entities = text.entities;
        message.reply_markup = reply_markup;
    })
}

pub fn edit_message_reply_markup(world: &mut World, params: &Params) -> Answer {
    let key = own_message(world, params)?;
    let reply_markup = inline_markup(params)?;
    edit(world, key, |message| message.reply_markup = reply_markup)
}

fn edit(world: &mut World, key: (i64, i64), change: impl FnOnce(&mut Message)) -> Answer {
    let now_ms = world.now_ms();
    let missing = || ApiError::bad_request("message to edit not found");
    let message = world.messages.get_mut(&key).ok_or_else(missing)?;
    let mut changed = message.clone();
    change(&mut changed);
    let shown = |m: &Message| (m.text.clone(), m.entities.clone(), buttons(m));
    if shown(&changed) == shown(message) {
        return Err(ApiError::bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same \
             as a current content and reply markup of the message",
        ));
    }
    changed.edited_at_ms = Some(now_ms);
    *message = changed.clone();
    Ok(world.message_json(&changed, true))
}

/// No keyboard and an empty one are the same.
fn buttons(message: &Message) -> Option<Value> {
    message.reply_markup.clone().filter(|m| m.get("inline_keyboard").is_none_or(|rows| *rows != json!([])))
}

fn own_message(world: &World, params: &Params) -> Result<(i64, i64), ApiError> {
    let key = message_key(world, params)?;
    let message = world.messages.get(&key).filter(|m| !m.deleted);
    let message = message.ok_or_else(|| ApiError::bad_request("message to edit not found"))?;
    let has_other_keyboard = message.reply_markup.as_ref().is_some_and(|m| m.get("inline_keyboard").is_none());
    if message.from != world.bot.id || message.service || has_other_keyboard {
        return Err(ApiError::bad_request("message can't be edited"));
    }
    Ok(key)
}

fn message_key(world: &World, params: &Params) -> Result<(i64, i64), ApiError> {
    Ok((chat(world, params)?, params.int("message_id").filter(|id| *id > 0).unwrap_or(0)))
}

/// Bot API 10.2: answered with true; whether the reader sees the change is not told.
pub fn edit_ephemeral_message_text(world: &mut World, params: &Params) -> Answer {
    let key = ephemeral_key(world, params, "message to edit not found")?;
    if world.messages.get(&key).is_some_and(|m| m.from != world.bot.id) {
        return Err(ApiError::bad_request("message can't be edited"));
    }
    set_text(world, params, key)?;
    Ok(json!(true))
}

/// Bot API 10.2.
pub fn delete_ephemeral_message(world: &mut World, params: &Params) -> Answer {
    let key = ephemeral_key(world, params, "message to delete not found")?;
    if let Some(message) = world.messages.get_mut(&key) {
        message.deleted = true;
    }
    Ok(json!(true))
}

/// An ephemeral message that is there, by its three parameters.
fn ephemeral_key(world: &World, params: &Params, missing: &str) -> Result<(i64, i64), ApiError> {
    let key = (chat(world, params)?, -params.int("ephemeral_message_id").filter(|id| *id > 0).unwrap_or(0));
    let person = params.int("receiver_user_id");
    let there = world.messages.get(&key).is_some_and(|m| !m.deleted && m.only_for == person);
    if there { Ok(key) } else { Err(ApiError::bad_request(missing)) }
}

/// The private chat or the group the call is about.
pub(super) fn chat(world: &World, params: &Params) -> Result<i64, ApiError> {
    match world.chat_of(params).filter(|id| world.users.contains_key(id)) {
        Some(id) => Ok(id),
        None => Ok(world.group(params, "chat not found")?.id),
    }
}

pub fn delete_message(world: &mut World, params: &Params) -> Answer {
    let (chat, id) = message_key(world, params)?;
    let deleted = delete(world, chat, &[id])?;
    if deleted == 0 { Err(ApiError::bad_request("message to delete not found")) } else { Ok(json!(true)) }
}

/// Those that are not there are skipped.
pub fn delete_messages(world: &mut World, params: &Params) -> Answer {
    let chat = chat(world, params)?;
    let refused = |what| Err(ApiError::bad_request(what));
    if params.get("message_ids").is_none_or(|v| v == "") {
        return refused("message identifiers are not specified");
    }
    let Some(Value::Array(ids)) = params.json("message_ids") else {
        return refused("expected an Array of message identifiers");
    };
    if ids.len() > MOST_DELETED {
        return refused("too many message identifiers specified");
    }
    let ids: Option<Vec<i64>> = ids.iter().map(|id| id.as_i64().filter(|id| *id > 0)).collect();
    let Some(ids) = ids else {
        return refused("invalid message identifier specified");
    };
    delete(world, chat, &ids)?;
    Ok(json!(true))
}

/// Deletes all of them or, where one may not be deleted, none; how many there were. The bot may delete its own, what
/// it is written in private, and with the right to anything in a group.
fn delete(world: &mut World, chat: i64, ids: &[i64]) -> Result<usize, ApiError> {
    let may_delete_all = world.users.contains_key(&chat) || world.bot_status(chat).rights().can_delete_messages;
    let there = |world: &World, id: &i64| world.messages.get(&(chat, *id)).is_some_and(|m| !m.deleted);
    let found: Vec<i64> = ids.iter().copied().filter(|id| there(world, id)).collect();
    let own = |id: &i64| world.messages.get(&(chat, *id)).is_some_and(|m| m.from == world.bot.id);
    if !may_delete_all && !found.iter().all(own) {
        return Err(ApiError::bad_request("message can't be deleted"));
    }
    for id in &found {
        if let Some(message) = world.messages.get_mut(&(chat, *id)) {
            message.deleted = true;
        }
    }
    Ok(found.len())
}

pub fn answer_callback_query(world: &mut World, params: &Params) -> Answer {
    let now_ms = world.now_ms();
    let text = Some(params.text("text").to_owned()).filter(|t| !t.is_empty());
    if text.as_ref().is_some_and(|t| t.chars().count() > LONGEST_NOTE) {
        return Err(ApiError::bad_request("MESSAGE_TOO_LONG"));
    }
    let url = Some(params.text("url").to_owned()).filter(|url| !url.is_empty());
    if url.as_ref().is_some_and(|url| !opens_the_bot(url, world)) {
        return Err(ApiError::bad_request("URL_INVALID"));
    }
    let query = world.queries.get_mut(params.text("callback_query_id"));
    let query = query
        .filter(|q| now_ms - q.at_ms < QUERY_LIFE_MS)
        .ok_or_else(|| ApiError::bad_request("query is too old and response timeout expired or query ID is invalid"))?;
    // Only the first answer is shown to the user.
    query.answer.get_or_insert(Note { text, show_alert: params.bool("show_alert"), url });
    Ok(json!(true))
}

/// A button without a game can only open the bot itself, with a parameter (Bot API, `answerCallbackQuery`).
fn opens_the_bot(url: &str, world: &World) -> bool {
    let bot = world.bot.username.as_deref().unwrap_or_default();
    let address = url.trim_start_matches("https://").trim_start_matches("http://");
    let links = [format!("t.me/{bot}?start="), format!("telegram.me/{bot}?start="), format!("tg://resolve?domain={bot}&start=")];
    links.iter().any(|link| address.get(..link.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(link)))
}
