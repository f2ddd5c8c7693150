//! Questions about chats, and leaving them.

use serde_json::{Value, json};

use super::{Answer, Params};
use crate::rights::Permissions;
use crate::world::{ApiError, Chat, Status, User, World};

pub fn get_chat(world: &mut World, params: &Params) -> Answer {
    let private = world.chat_of(params).and_then(|id| world.users.get(&id));
    if let Some(user) = private {
        if !has_met(world, user) {
            return Err(ApiError::bad_request("chat not found"));
        }
        let mut json = user.chat_json();
        json["accent_color_id"] = json!(0);
        json["max_reaction_count"] = json!(11);
        json["accepted_gift_types"] = gifts();
        return Ok(json);
    }
    let chat = world.group(params, "chat not found")?;
    let mut json = chat.json();
    json["permissions"] = json!(Permissions::all());
    json["accent_color_id"] = json!(0);
    json["max_reaction_count"] = json!(11);
    json["join_to_send_messages"] = json!(true);
    if chat.guarded {
        json["guard_bot"] = world.bot.json();
    }
    if let Some(community) = &chat.community {
        json["community"] = json!(community);
    }
    json["accepted_gift_types"] = gifts();
    Ok(json)
}

/// Telegram tells a bot of nobody it has not met: in private, or in a chat both are or were in.
fn has_met(world: &World, user: &User) -> bool {
    let both = [user.id, world.bot.id];
    user.started || world.chats.values().any(|chat| both.iter().all(|id| chat.members.contains_key(id)))
}

fn gifts() -> Value {
    json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false,
        "premium_subscription": false, "gifts_from_channels": false,
    })
}

pub fn get_chat_member(world: &mut World, params: &Params) -> Answer {
    let chat = world.group(params, "chat not found")?;
    let user = world.known_user(params)?;
    Ok(chat.status(user.id, world.now()).json(user.json(), world.bot.id))
}

/// Owner and administrators, without other bots.
pub fn get_chat_administrators(world: &mut World, params: &Params) -> Answer {
    let chat = world.group(params, "there are no administrators in the private chat")?;
    let listed = present(world, chat).filter(|(id, status)| {
        let other_bot = *id != world.bot.id && world.users.get(id).is_some_and(|u| u.is_bot);
        status.is_admin() && !other_bot
    });
    let json = |(id, status): (i64, Status)| Some(status.json(world.users.get(&id)?.json(), world.bot.id));
    Ok(listed.filter_map(json).collect())
}

pub fn get_chat_member_count(world: &mut World, params: &Params) -> Answer {
    let private = world.chat_of(params).is_some_and(|id| world.users.contains_key(&id));
    if private {
        return Ok(json!(2));
    }
    let chat = world.group(params, "chat not found")?;
    Ok(json!(present(world, chat).count()))
}

fn present<'w>(world: &'w World, chat: &'w Chat) -> impl Iterator<Item = (i64, Status)> + 'w {
    let now = world.now();
    chat.members.keys().map(move |id| (*id, chat.status(*id, now))).filter(|(_, status)| status.is_present())
}

pub fn leave_chat(world: &mut World, params: &Params) -> Answer {
    let chat = world.group(params, "chat member status can't be changed in private chats")?.id;
    if matches!(world.bot_status(chat), Status::Creator { .. }) {
        return Err(ApiError::bad_request("can't leave an owned chat"));
    }
    let bot = world.bot.id;
    world.set_status(chat, bot, Status::Left, bot);
    Ok(json!(true))
}
