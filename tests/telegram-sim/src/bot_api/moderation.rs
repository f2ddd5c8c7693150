//! Banning, restricting, promoting and letting in.

use serde_json::json;

use super::{Answer, Params};
use crate::control::ChatKind;
use crate::rights::{AdminRights, Permissions};
use crate::world::{ApiError, Status, World};

const NO_RIGHT: &str = "not enough rights to restrict/unrestrict chat member";

pub fn ban_chat_member(world: &mut World, params: &Params) -> Answer {
    let chat = world.group(params, "can't ban members in private chats")?;
    let (chat_id, kind) = (chat.id, chat.kind);
    let user = world.known_user(params)?.id;
    let new = if kind == ChatKind::Group {
        may_remove_from_basic_group(world, chat_id, user)?;
        Status::Left
    } else {
        may_restrict(world, chat_id, user, "can't restrict self")?;
        Status::Kicked { until_date: world.stored_until(params.int("until_date")) }
    };
    let bot = world.bot.id;
    world.set_status(chat_id, user, new, bot);
    // Supergroups and channels lose the messages whatever the parameter says (Bot API, `revoke_messages`).
    if kind != ChatKind::Group || params.bool("revoke_messages") {
        for message in world.messages.values_mut().filter(|m| m.chat == chat_id && m.from == user) {
            message.deleted = true;
        }
    }
    Ok(json!(true))
}

fn may_remove_from_basic_group(world: &World, chat: i64, user: i64) -> Result<(), ApiError> {
    if user == world.bot.id {
        return Err(ApiError::bad_request("can't restrict self"));
    }
    if world.status(chat, user).is_admin() {
        return Err(ApiError::bad_request("only the creator of a basic group can kick group administrators"));
    }
    world.bot_may(chat, |r| r.can_restrict_members, "need to be inviter of a user to kick it from a basic group")
}

/// In the order in which Telegram looks: the owner, the bot itself, the bot's right, administrators.
fn may_restrict(world: &World, chat: i64, user: i64, about_self: &str) -> Result<(), ApiError> {
    let status = world.status(chat, user);
    if matches!(status, Status::Creator { .. }) {
        return Err(ApiError::bad_request("can't remove chat owner"));
    }
    if user == world.bot.id {
        return Err(ApiError::bad_request(about_self));
    }
    world.bot_may(chat, |r| r.can_restrict_members, NO_RIGHT)?;
    if status.is_admin() {
        return Err(ApiError::bad_request("user is an administrator of the chat"));
    }
    Ok(())
}

/// Without `only_if_banned` it removes whoever is there: a ban and an unban, since nobody leaves otherwise.
pub fn unban_chat_member(world: &mut World, params: &Params) -> Answer {
    const ONLY_THERE: &str = "method is available for supergroup and channel chats only";
    let chat = world.group(params, ONLY_THERE)?;
    let (chat_id, kind) = (chat.id, chat.kind);
    if kind == ChatKind::Group {
        return Err(ApiError::bad_request(ONLY_THERE));
    }
    let user = world.known_user(params)?.id;
    let banned = matches!(world.status(chat_id, user), Status::Kicked { .. });
    if params.bool("only_if_banned") && !banned {
        return Ok(json!(true));
    }
    may_restrict(world, chat_id, user, "can't unrestrict self")?;
    let bot = world.bot.id;
    if world.status(chat_id, user).is_present() {
        world.set_status(chat_id, user, Status::Kicked { until_date: 0 }, bot);
    }
    world.set_status(chat_id, user, Status::Left, bot);
    Ok(json!(true))
}

pub fn restrict_chat_member(world: &mut World, params: &Params) -> Answer {
    const ONLY_THERE: &str = "method is available only for supergroups";
    let chat = world.group(params, ONLY_THERE)?;
    let (chat_id, kind) = (chat.id, chat.kind);
    if kind != ChatKind::Supergroup {
        return Err(ApiError::bad_request(ONLY_THERE));
    }
    let user = world.known_user(params)?.id;
    let permissions = params.json("permissions").unwrap_or_else(|| json!({}));
    let permissions: Permissions =
        serde_json::from_value(permissions).map_err(|_| ApiError::bad_request("can't parse permissions: expected an Object"))?;
    let permissions = if params.bool("use_independent_chat_permissions") { permissions } else { permissions.implied() };
    may_restrict(world, chat_id, user, "can't restrict self")?;
    let until_date = world.stored_until(params.int("until_date"));
    let status = world.restricted(chat_id, user, with_defaults(permissions, params), until_date);
    let bot = world.bot.id;
    world.set_status(chat_id, user, status, bot);
    Ok(json!(true))
}

/// Left out, `can_manage_topics` and `can_edit_tag` are as `can_pin_messages`, and `can_react_to_messages` is as `can_send_messages`
/// (Bot API, `ChatPermissions`).
fn with_defaults(permissions: Permissions, params: &Params) -> Permissions {
    let given = params.json("permissions").unwrap_or_default();
    let or = |name: &str, value: bool, default: bool| if given[name].is_boolean() { value } else { default };
    Permissions {
        can_manage_topics: or("can_manage_topics", permissions.can_manage_topics, permissions.can_pin_messages),
        can_edit_tag: or("can_edit_tag", permissions.can_edit_tag, permissions.can_pin_messages),
        can_react_to_messages: or("can_react_to_messages", permissions.can_react_to_messages, permissions.can_send_messages),
        ..permissions
    }
}

pub fn promote_chat_member(world: &mut World, params: &Params) -> Answer {
    let chat = world.group(params, "can't promote members in private chats")?.id;
    let user = world.known_user(params)?.id;
    let bot = world.bot.id;
    let status = world.status(chat, user);
    if matches!(status, Status::Creator { .. }) {
        return Err(ApiError::bad_request("can't remove chat owner"));
    }
    if user == bot {
        return Err(ApiError::bad_request("can't promote self"));
    }
    world.bot_may(chat, |r| r.can_promote_members, "not enough rights")?;
    let others_admin = matches!(status, Status::Administrator { promoted_by, .. } if promoted_by != bot);
    if others_admin {
        return Err(ApiError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    if !status.is_present() {
        return Err(ApiError::bad_request("USER_NOT_PARTICIPANT"));
    }
    let rights = rights(params);
    let new = if rights == AdminRights::default() {
        Status::Member
    } else {
        Status::Administrator { rights: AdminRights { can_manage_chat: true, ..rights }, promoted_by: bot }
    };
    world.set_status(chat, user, new, bot);
    Ok(json!(true))
}

fn rights(params: &Params) -> AdminRights {
    let mut json = json!(AdminRights::default());
    for (name, value) in json.as_object_mut().into_iter().flatten() {
        *value = json!(params.bool(name));
    }
    serde_json::from_value(json).unwrap_or_default()
}

pub fn approve_chat_join_request(world: &mut World, params: &Params) -> Answer {
    let (chat, user) = take_join_request(world, params)?;
    let refused = |_| ApiError::bad_request("USER_ALREADY_PARTICIPANT");
    let status = world.entering(chat, user).map_err(refused)?;
    let bot = world.bot.id;
    world.set_status_with(chat, user, status, bot, json!({"via_join_request": true}));
    Ok(json!(true))
}

pub fn decline_chat_join_request(world: &mut World, params: &Params) -> Answer {
    take_join_request(world, params)?;
    Ok(json!(true))
}

fn take_join_request(world: &mut World, params: &Params) -> Result<(i64, i64), ApiError> {
    let chat = world.group(params, "chat not found")?.id;
    let user = world.known_user(params)?.id;
    world.bot_may(chat, |r| r.can_invite_users, "not enough rights")?;
    let requests = world.chats.get_mut(&chat).map(|c| &mut c.join_requests);
    let found = requests.and_then(|list| list.iter().position(|id| *id == user).map(|at| list.remove(at)));
    found.ok_or_else(|| ApiError::bad_request("HIDE_REQUESTER_MISSING"))?;
    Ok((chat, user))
}
