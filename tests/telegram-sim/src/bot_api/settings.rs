//! The bot about itself: who it is, where updates go, its commands.

use serde_json::{Value, json};

use super::{Answer, Params, SECRET};
use crate::rights::AdminRights;
use crate::world::outbox::Webhook;
use crate::world::{ApiError, World};

/// The most updates one `getUpdates` gives.
const MOST_UPDATES: i64 = 100;

pub fn get_me(world: &mut World, _: &Params) -> Answer {
    let mut me = world.bot.json();
    for (key, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", true),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
        ("has_topics_enabled", false),
        ("allows_users_to_create_topics", false),
        ("can_manage_bots", false),
        ("supports_guest_queries", false),
        ("supports_join_request_queries", true),
    ] {
        me[key] = json!(value);
    }
    Ok(me)
}

pub fn set_webhook(world: &mut World, params: &Params) -> Answer {
    let secret = params.text(SECRET).to_owned();
    if secret.len() > 256 {
        return Err(ApiError::bad_request("secret token is too long"));
    }
    if !secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(ApiError::bad_request("secret token contains unallowed characters"));
    }
    let url = params.text("url").to_owned();
    if !url.is_empty() && reqwest::Url::parse(&url).is_err() {
        return Err(ApiError::bad_request("bad webhook: invalid webhook URL specified"));
    }
    set_allowed_updates(world, params)?;
    let max_connections = params.int("max_connections").and_then(|n| u32::try_from(n).ok());
    let secret = Some(secret).filter(|s| !s.is_empty());
    world.outbox.webhook = Some(Webhook::new(url, secret, max_connections)).filter(|w| !w.url.is_empty());
    drop_pending_if_asked(world, params);
    Ok(json!(true))
}

/// Omitted keeps what was set before; an empty list means Telegram's default.
fn set_allowed_updates(world: &mut World, params: &Params) -> Result<(), ApiError> {
    let Some(kinds) = params.json("allowed_updates") else {
        return Ok(());
    };
    let Value::Array(kinds) = kinds else {
        return Err(ApiError::bad_request("can't parse allowed updates: expected an Array"));
    };
    let kinds = kinds.iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
    world.outbox.allowed = Some(kinds).filter(|kinds: &std::collections::BTreeSet<_>| !kinds.is_empty());
    Ok(())
}

pub fn delete_webhook(world: &mut World, params: &Params) -> Answer {
    world.outbox.webhook = None;
    drop_pending_if_asked(world, params);
    Ok(json!(true))
}

fn drop_pending_if_asked(world: &mut World, params: &Params) {
    if params.bool("drop_pending_updates") {
        world.outbox.drop_pending();
    }
}

pub fn get_webhook_info(world: &mut World, _: &Params) -> Answer {
    Ok(world.outbox.info())
}

/// At once: waiting for the first update is the server's part.
pub fn get_updates(world: &mut World, params: &Params) -> Answer {
    if world.outbox.webhook.is_some() {
        let description = "Conflict: can't use getUpdates method while webhook is active; \
                           use deleteWebhook to delete the webhook first";
        return Err(ApiError { code: 409, description: description.to_owned(), parameters: None });
    }
    set_allowed_updates(world, params)?;
    let limit = params.int("limit").unwrap_or(MOST_UPDATES).clamp(1, MOST_UPDATES);
    let now_ms = world.now_ms();
    let updates = world.outbox.poll(now_ms, params.int("offset").unwrap_or(0), limit as usize);
    Ok(updates.iter().filter_map(|body| serde_json::from_str::<Value>(body.get()).ok()).collect())
}

/// Scope and language: what a list of commands belongs to.
fn audience(params: &Params) -> Value {
    let scope = params.json("scope").unwrap_or_else(|| json!({"type": "default"}));
    json!({"scope": scope, "language_code": params.text("language_code")})
}

fn is_for(entry: &Value, audience: &Value) -> bool {
    entry["scope"] == audience["scope"] && entry["language_code"] == audience["language_code"]
}

/// Of private chats that have none of their own. A page is opened by HTTPS only (Bot API, `WebAppInfo`).
pub fn set_chat_menu_button(world: &mut World, params: &Params) -> Answer {
    let button = params.json("menu_button").unwrap_or_else(|| json!({"type": "default"}));
    if button["type"] == "web_app" {
        let url = button["web_app"]["url"].as_str().unwrap_or_default();
        if !url.starts_with("https://") {
            let description = format!("menu button Web App URL '{url}' is invalid: Only HTTPS links are allowed");
            return Err(ApiError::bad_request(&description));
        }
        if button["text"].as_str().is_none_or(str::is_empty) {
            return Err(ApiError::bad_request("can't parse menu button: Field \"text\" must be of type String"));
        }
    }
    world.profile.menu_button = Some(button);
    Ok(json!(true))
}

pub fn get_chat_menu_button(world: &mut World, _: &Params) -> Answer {
    Ok(world.profile.menu_button.clone().unwrap_or_else(|| json!({"type": "commands"})))
}

pub fn set_my_commands(world: &mut World, params: &Params) -> Answer {
    let Some(Value::Array(commands)) = params.json("commands") else {
        return Err(ApiError::bad_request("can't parse commands: expected an Array"));
    };
    let text = |command: &Value, key| command.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for command in &commands {
        let (name, description) = (text(command, "command"), text(command, "description"));
        let name_ok = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if name.is_empty() || name.len() > 32 || !name_ok {
            return Err(ApiError::bad_request("BOT_COMMAND_INVALID"));
        }
        if description.is_empty() || description.chars().count() > 256 {
            return Err(ApiError::bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    if commands.len() > 100 {
        return Err(ApiError::bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    let mut entry = audience(params);
    world.profile.commands.retain(|old| !is_for(old, &entry));
    entry["commands"] = Value::Array(commands);
    world.profile.commands.push(entry);
    Ok(json!(true))
}

pub fn get_my_commands(world: &mut World, params: &Params) -> Answer {
    let audience = audience(params);
    let entry = world.profile.commands.iter().find(|entry| is_for(entry, &audience));
    Ok(entry.map_or_else(|| json!([]), |entry| entry["commands"].clone()))
}

pub fn delete_my_commands(world: &mut World, params: &Params) -> Answer {
    let audience = audience(params);
    world.profile.commands.retain(|old| !is_for(old, &audience));
    Ok(json!(true))
}

/// One text for all languages is kept: that of the last call.
pub fn set_my_description(world: &mut World, params: &Params) -> Answer {
    world.profile.description = limited(params.text("description"), 512)?;
    Ok(json!(true))
}

pub fn get_my_description(world: &mut World, _: &Params) -> Answer {
    Ok(json!({"description": world.profile.description}))
}

pub fn set_my_short_description(world: &mut World, params: &Params) -> Answer {
    world.profile.short_description = limited(params.text("short_description"), 120)?;
    Ok(json!(true))
}

pub fn get_my_short_description(world: &mut World, _: &Params) -> Answer {
    Ok(json!({"short_description": world.profile.short_description}))
}

/// Of the rights in channels, posting and editing are not kept: no channel of this world knows them.
/// The words of the refusal are not documented.
pub fn set_my_default_administrator_rights(world: &mut World, params: &Params) -> Answer {
    let rights = match params.get("rights").filter(|v| *v != "") {
        None => None,
        Some(_) => Some(
            params
                .json("rights")
                .and_then(|rights| serde_json::from_value::<AdminRights>(rights).ok())
                .ok_or_else(|| ApiError::bad_request("can't parse administrator rights: expected an Object"))?,
        ),
    };
    *default_rights(world, params) = rights;
    Ok(json!(true))
}

/// Nothing set = no right.
pub fn get_my_default_administrator_rights(world: &mut World, params: &Params) -> Answer {
    Ok(json!(default_rights(world, params).unwrap_or_default()))
}

fn default_rights<'w>(world: &'w mut World, params: &Params) -> &'w mut Option<AdminRights> {
    let profile = &mut world.profile;
    if params.bool("for_channels") { &mut profile.rights_in_channels } else { &mut profile.rights_in_groups }
}

fn limited(text: &str, most: usize) -> Result<String, ApiError> {
    if text.chars().count() > most {
        return Err(ApiError::bad_request("BOT_DESCRIPTION_TOO_LONG"));
    }
    Ok(text.to_owned())
}

impl World {
    /// A `getUpdates` that is waiting looks again; no new call for limits and log.
    pub fn poll_again(&mut self, params: &Params) -> Answer {
        get_updates(self, params)
    }
}
