//! Sending, editing and deleting messages, and answering buttons.

use serde_json::{Map, Value, json};

use super::html;
use super::{Answer, Params};
use crate::world::{ApiError, Message, Status, World};

/// The longest message, UTF-16 units after the markup is gone.
const LONGEST_TEXT: usize = 4096;
/// The longest text of an answer to a button, characters.
const LONGEST_NOTE: usize = 200;
/// How long a pressed button waits for an answer, milliseconds.
const QUERY_LIFE_MS: i64 = 15 * 60 * 1000;

struct Text {
    plain: String,
    html: String,
    entities: Vec<Value>,
}

pub fn send_message(world: &mut World, params: &Params) -> Answer {
    let chat = may_write_to(world, params)?;
    let text = text(world, params, "message is too long")?;
    let reply_markup = markup(params)?;
    let reply_to = reply(world, params, chat)?;
    let thread_id = thread(world, params, chat)?;
    let message = Message {
        chat,
        from: world.bot.id,
        text: text.plain,
        html: text.html,
        entities: text.entities,
        reply_markup,
        reply_to,
        thread_id,
        extra: Map::new(),
        ..Message::default()
    };
    let id = world.keep_message(message);
    Ok(world.messages.get(&(chat, id)).map(|m| world.message_json(m, true)).unwrap_or_default())
}

fn may_write_to(world: &World, params: &Params) -> Result<i64, ApiError> {
    let private = world.chat_of(params).and_then(|id| world.users.get(&id));
    let Some(user) = private else {
        let chat = world.group(params, "chat not found")?.id;
        let muted = matches!(world.bot_status(chat),
            Status::Restricted { permissions, .. } if !permissions.can_send_messages);
        if muted {
            return Err(ApiError::bad_request("not enough rights to send text messages to the chat"));
        }
        return Ok(chat);
    };
    if user.is_bot {
        return Err(ApiError::forbidden("bot can't send messages to bots"));
    }
    if user.deleted {
        return Err(ApiError::forbidden("user is deactivated"));
    }
    if user.blocked {
        return Err(ApiError::forbidden("bot was blocked by the user"));
    }
    if !user.started {
        return Err(ApiError::forbidden("bot can't initiate conversation with a user"));
    }
    Ok(user.id)
}

fn text(world: &World, params: &Params, too_long: &str) -> Result<Text, ApiError> {
    let html = params.text("text").to_owned();
    let (plain, mut entities) = match params.text("parse_mode").to_lowercase().as_str() {
        "" => (html.clone(), params.json("entities").and_then(|e| e.as_array().cloned()).unwrap_or_default()),
        "html" => html::parse(&html).map_err(|what| ApiError::bad_request(&format!("can't parse entities: {what}")))?,
        _ => return Err(ApiError::bad_request("unsupported parse_mode")),
    };
    if plain.trim().is_empty() {
        return Err(ApiError::bad_request("message text is empty"));
    }
    if plain.encode_utf16().count() > LONGEST_TEXT {
        return Err(ApiError::bad_request(too_long));
    }
    entities.retain_mut(|entity| complete_mention(world, entity));
    Ok(Text { plain, html, entities })
}

/// Fills in the user of a mention by id; a mention of somebody unknown stays plain text.
fn complete_mention(world: &World, entity: &mut Value) -> bool {
    if entity["type"] != "text_mention" {
        return true;
    }
    let user = entity["user"]["id"].as_i64().and_then(|id| world.users.get(&id));
    if let Some(user) = user {
        entity["user"] = user.json();
    }
    user.is_some()
}

/// The keyboard under a message, checked as Telegram does.
fn markup(params: &Params) -> Result<Option<Value>, ApiError> {
    let Some(given) = params.get("reply_markup").filter(|v| *v != "") else {
        return Ok(None);
    };
    let markup = params.json("reply_markup").filter(Value::is_object);
    let markup = markup.ok_or_else(|| {
        let what = if given.is_string() { "can't parse reply keyboard markup JSON object" } else { "object expected as reply markup" };
        ApiError::bad_request(what)
    })?;
    let rows = markup.get("inline_keyboard").and_then(Value::as_array);
    for button in rows.into_iter().flatten().filter_map(Value::as_array).flatten() {
        check_button(button)?;
    }
    Ok(Some(markup))
}

fn check_button(button: &Value) -> Result<(), ApiError> {
    if button.get("text").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ApiError::bad_request("can't parse inline keyboard button: Field \"text\" must be of type String"));
    }
    if let Some(data) = button.get("callback_data") {
        let fits = data.as_str().is_some_and(|d| (1..=64).contains(&d.len()));
        return if fits { Ok(()) } else { Err(ApiError::bad_request("BUTTON_DATA_INVALID")) };
    }
    let does_something = button.as_object().is_some_and(|fields| fields.len() > 1);
    if !does_something {
        let what = "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard";
        return Err(ApiError::bad_request(what));
    }
    Ok(())
}

fn reply(world: &World, params: &Params, chat: i64) -> Result<Option<i64>, ApiError> {
    let given = params.json("reply_parameters").unwrap_or_default();
    let id = given.get("message_id").and_then(Value::as_i64).or_else(|| params.int("reply_to_message_id"));
    let Some(id) = id else { return Ok(None) };
    if world.messages.get(&(chat, id)).is_some_and(|m| !m.deleted) {
        return Ok(Some(id));
    }
    let optional = given.get("allow_sending_without_reply") == Some(&json!(true));
    if optional || params.bool("allow_sending_without_reply") {
        return Ok(None);
    }
    Err(ApiError::bad_request("message to be replied not found"))
}

fn thread(world: &World, params: &Params, chat: i64) -> Result<Option<i64>, ApiError> {
    let Some(thread) = params.int("message_thread_id") else {
        return Ok(None);
    };
    let closed = world.chats.get(&chat).and_then(|c| c.topics.get(&thread));
    let closed = closed.ok_or_else(|| ApiError::bad_request("message thread not found"))?;
    if *closed && !world.bot_status(chat).rights().can_manage_topics {
        return Err(ApiError::bad_request("TOPIC_CLOSED"));
    }
    Ok(Some(thread))
}

pub fn edit_message_text(world: &mut World, params: &Params) -> Answer {
    let key = own_message(world, params)?;
    let text = text(world, params, "MESSAGE_TOO_LONG")?;
    let reply_markup = markup(params)?;
    edit(world, key, |message| {
        message.text = text.plain;
        message.html = text.html;
        message.entities = text.entities;
        message.reply_markup = reply_markup;
    })
}

pub fn edit_message_reply_markup(world: &mut World, params: &Params) -> Answer {
    let key = own_message(world, params)?;
    let reply_markup = markup(params)?;
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
    if message.from != world.bot.id || message.service {
        return Err(ApiError::bad_request("message can't be edited"));
    }
    Ok(key)
}

fn message_key(world: &World, params: &Params) -> Result<(i64, i64), ApiError> {
    let private = world.chat_of(params).filter(|id| world.users.contains_key(id));
    let chat = match private {
        Some(id) => id,
        None => world.group(params, "chat not found")?.id,
    };
    Ok((chat, params.int("message_id").unwrap_or(0)))
}

pub fn delete_message(world: &mut World, params: &Params) -> Answer {
    let key = message_key(world, params)?;
    let may_delete = world.bot_status(key.0).rights().can_delete_messages;
    let private = world.users.contains_key(&key.0);
    let bot = world.bot.id;
    let message = world.messages.get_mut(&key).filter(|m| !m.deleted);
    let message = message.ok_or_else(|| ApiError::bad_request("message to delete not found"))?;
    if message.from != bot && !private && !may_delete {
        return Err(ApiError::bad_request("message can't be deleted"));
    }
    message.deleted = true;
    Ok(json!(true))
}

pub fn answer_callback_query(world: &mut World, params: &Params) -> Answer {
    let now_ms = world.now_ms();
    let text = Some(params.text("text").to_owned()).filter(|t| !t.is_empty());
    if text.as_ref().is_some_and(|t| t.chars().count() > LONGEST_NOTE) {
        return Err(ApiError::bad_request("MESSAGE_TOO_LONG"));
    }
    let query = world.queries.get_mut(params.text("callback_query_id"));
    let query = query
        .filter(|q| now_ms - q.at_ms < QUERY_LIFE_MS)
        .ok_or_else(|| ApiError::bad_request("query is too old and response timeout expired or query ID is invalid"))?;
    // Only the first answer is shown to the user.
    query.answer.get_or_insert((text, params.bool("show_alert")));
    Ok(json!(true))
}
