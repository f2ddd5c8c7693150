//! Sending texts and documents: who may be written to, and what with.

use serde_json::{Value, json};

use super::ephemeral;
use super::keyboard::markup;
use super::text::{caption, text};
use super::{Answer, Params};
use crate::control::Document;
use crate::rights::Permissions;
use crate::world::{ApiError, Message, Status, World};

pub fn send_message(world: &mut World, params: &Params) -> Answer {
    let chat = may_write_to(world, params, |p| p.can_send_messages, "text messages")?;
    let text = text(world, params, "message is too long")?;
    let only_for = ephemeral::receiver(world, params, chat)?;
    let message = Message { text: text.plain, html: text.html, entities: text.entities, only_for, ..blank(world, params, chat)? };
    Ok(sent(world, message))
}

pub fn send_document(world: &mut World, params: &Params) -> Answer {
    let document = Some(upload(params, "document")?);
    let chat = may_write_to(world, params, |p| p.can_send_documents, "documents")?;
    let text = caption(world, params)?;
    let message = Message { document, text: text.plain, html: text.html, entities: text.entities, ..blank(world, params, chat)? };
    Ok(sent(world, message))
}

/// "The photo must be at most 10 MB in size. The photo's width and height must not exceed 10000 in total. Width and height ratio must be at most
/// 20" (Bot API, `sendPhoto`).
pub fn send_photo(world: &mut World, params: &Params) -> Answer {
    let photo = upload(params, "photo")?;
    let (width, height) = photo.pixels.ok_or_else(|| ApiError::bad_request("IMAGE_PROCESS_FAILED"))?;
    let ratio = width.max(height) / width.min(height).max(1);
    if width.saturating_add(height) > 10_000 || ratio > 20 || photo.size > 10 << 20 {
        return Err(ApiError::bad_request("PHOTO_INVALID_DIMENSIONS"));
    }
    let chat = may_write_to(world, params, |p| p.can_send_photos, "photos")?;
    let text = caption(world, params)?;
    let document = Some(Document { is_photo: true, ..photo });
    let message = Message { document, text: text.plain, html: text.html, entities: text.entities, ..blank(world, params, chat)? };
    Ok(sent(world, message))
}

/// What all kinds of messages have in common.
fn blank(world: &World, params: &Params, chat: i64) -> Result<Message, ApiError> {
    Ok(Message {
        chat,
        from: world.bot.id,
        silent: params.bool("disable_notification"),
        reply_markup: markup(params, world.users.contains_key(&chat))?,
        reply_to: reply(world, params, chat)?,
        thread_id: thread(world, params, chat)?,
        ..Message::default()
    })
}

fn sent(world: &mut World, message: Message) -> Value {
    let chat = message.chat;
    let id = world.keep_message(message);
    world.messages.get(&(chat, id)).map(|m| world.message_json(m, true)).unwrap_or_default()
}

/// An upload: files by id or address are not simulated.
fn upload(params: &Params, name: &str) -> Result<Document, ApiError> {
    let Some(file) = params.file(name) else {
        let given = params.get(name).is_some_and(|v| v != "");
        let what = if given { "wrong file identifier/HTTP URL specified".to_owned() } else { format!("there is no {name} in the request") };
        return Err(ApiError::bad_request(&what));
    };
    if file.size == 0 {
        return Err(ApiError::bad_request("file must be non-empty"));
    }
    Ok(file.clone())
}

/// `allowed`: what a restricted bot needs to send `what`.
fn may_write_to(world: &World, params: &Params, allowed: fn(&Permissions) -> bool, what: &str) -> Result<i64, ApiError> {
    let private = world.chat_of(params).and_then(|id| world.users.get(&id));
    let Some(user) = private else {
        let chat = world.group(params, "chat not found")?.id;
        let muted = matches!(world.bot_status(chat),
            Status::Restricted { permissions, .. } if !allowed(&permissions));
        if muted {
            return Err(ApiError::bad_request(&format!("not enough rights to send {what} to the chat")));
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

fn reply(world: &World, params: &Params, chat: i64) -> Result<Option<i64>, ApiError> {
    let given = params.json("reply_parameters").unwrap_or_default();
    if let Some(id) = given.get("ephemeral_message_id").and_then(Value::as_i64) {
        let there = ephemeral::incoming(world, chat, id).is_some();
        return if there { Ok(Some(-id)) } else { Err(ApiError::bad_request("message to be replied not found")) };
    }
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

#[cfg(test)]
#[path = "sending_tests.rs"]
mod tests;
