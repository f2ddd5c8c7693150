//! `cargo xtask bot set-up`: what Telegram is told of the bot. Doing it again changes nothing.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Deployment;
use super::commands::{LANGUAGES, Scope};
use super::texts;
use crate::stack::Stack;
use crate::telegram::{ALLOWED_UPDATES, Bot};

/// How long a call may take. There are a few dozen, and each is quick or will not work at all.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn set_up(deployment: &Deployment) -> Result<()> {
    webhook(&deployment.stack, &deployment.bot)?;
    menu_button(&deployment.stack, &deployment.bot)?;
    profile(&deployment.bot)
}

/// Has updates delivered to the stack's webhook, unless they are fetched.
pub fn webhook(stack: &Stack, bot: &Bot) -> Result<()> {
    if stack.is_polled() {
        println!("Webhook: none, updates are fetched by `cargo xtask poll`");
        return Ok(());
    }
    bot.set_webhook(&stack.webhook_url, &stack.webhook_secret)?;
    println!("Webhook: {} for {}", stack.webhook_url, ALLOWED_UPDATES.join(", "));
    Ok(())
}

/// Has the button beside the text field of private chats open the web page. Telegram takes HTTPS only (Bot API, `WebAppInfo`), and where updates
/// are fetched there is no page: then the button lists the commands.
pub fn menu_button(stack: &Stack, bot: &Bot) -> Result<()> {
    let page = (!stack.is_polled()).then(|| domain::page::beside(&stack.webhook_url)).filter(|url| url.starts_with("https://"));
    let button = match &page {
        Some(url) => json!({"type": "web_app", "text": "Bansync", "web_app": {"url": url}}),
        None => json!({"type": "commands"}),
    };
    bot.call("setChatMenuButton", &json!({ "menu_button": button }), PATIENCE)?;
    println!("Menu button: {}", page.as_deref().unwrap_or("the commands"));
    Ok(())
}

/// What people see of the bot: its commands, its descriptions, the rights that it asks a group for.
pub fn profile(bot: &Bot) -> Result<()> {
    for scope in Scope::ALL {
        for (language, lang) in LANGUAGES {
            let mut parameters = scope.audience(language);
            parameters["commands"] = scope.commands(lang);
            bot.call("setMyCommands", &parameters, PATIENCE).with_context(|| format!("commands {}", scope.describe()))?;
        }
        println!("Commands {}: in {} languages", scope.describe(), LANGUAGES.len());
    }
    text(bot, "Description", "description", texts::description)?;
    text(bot, "ShortDescription", "short_description", texts::short_description)?;
    bot.call("setMyDefaultAdministratorRights", &json!({"rights": rights(), "for_channels": false}), PATIENCE)?;
    println!("Rights that a group is asked for: {}", RIGHTS.join(", "));
    Ok(())
}

/// A text of the profile, where it is another one: Telegram has people wait who change these often.
/// `method`: what its methods are called by.
fn text(bot: &Bot, method: &str, name: &str, text: fn(domain::lang::Lang) -> &'static str) -> Result<()> {
    let mut changed = 0;
    for (language, lang) in LANGUAGES {
        let now = bot.call(&format!("getMy{method}"), &json!({"language_code": language}), PATIENCE)?;
        if now[name] != text(lang) {
            bot.call(&format!("setMy{method}"), &json!({"language_code": language, name: text(lang)}), PATIENCE)?;
            changed += 1;
        }
    }
    println!("Its {}: in {} languages, {changed} changed", name.replace('_', " "), LANGUAGES.len());
    Ok(())
}

/// The least that the bot works with: it bans, answers requests to join, and deletes commands.
const RIGHTS: [&str; 3] = ["can_restrict_members", "can_invite_users", "can_delete_messages"];

/// The rights that have to be named, granted or not (Bot API 10.3, `ChatAdministratorRights`).
const NAMED: [&str; 12] = [
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
];

fn rights() -> Value {
    NAMED.iter().map(|right| ((*right).to_owned(), Value::Bool(RIGHTS.contains(right)))).collect::<serde_json::Map<_, _>>().into()
}
