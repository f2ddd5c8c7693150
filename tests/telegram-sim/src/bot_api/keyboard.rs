//! Keyboards: inline buttons under a message, and the reply keyboard in place of the letters.

use reqwest::Url;
use serde_json::{Value, json};

use super::Params;
use crate::world::ApiError;

/// The keyboard of a message, checked as Telegram does. `in_private`: it goes to a private chat.
pub fn markup(params: &Params, in_private: bool) -> Result<Option<Value>, ApiError> {
    let Some(given) = params.get("reply_markup").filter(|v| *v != "") else {
        return Ok(None);
    };
    let markup = params.json("reply_markup").filter(Value::is_object);
    let markup = markup.ok_or_else(|| {
        let what = if given.is_string() { "can't parse reply keyboard markup JSON object" } else { "object expected as reply markup" };
        ApiError::bad_request(what)
    })?;
    for button in buttons(&markup, "inline_keyboard") {
        check_inline_button(button)?;
    }
    for button in buttons(&markup, "keyboard") {
        check_reply_button(button, in_private)?;
    }
    Ok(Some(markup))
}

/// The keyboard of an edited message, which can only be an inline one.
pub fn inline_markup(params: &Params) -> Result<Option<Value>, ApiError> {
    let markup = markup(params, false)?;
    let other = markup.as_ref().is_some_and(|m| *m != json!({}) && m.get("inline_keyboard").is_none());
    if other { Err(ApiError::bad_request("inline keyboard expected")) } else { Ok(markup) }
}

fn buttons<'m>(markup: &'m Value, rows: &str) -> impl Iterator<Item = &'m Value> {
    let rows = markup.get(rows).and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(Value::as_array).flatten()
}

fn check_inline_button(button: &Value) -> Result<(), ApiError> {
    if button.get("text").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ApiError::bad_request("can't parse inline keyboard button: Field \"text\" must be of type String"));
    }
    // Bot API 9.4, `InlineKeyboardButton.style`; the words of the refusal are not documented.
    if let Some(style) = button.get("style")
        && !["danger", "success", "primary"].iter().any(|known| style == known)
    {
        return Err(ApiError::bad_request("can't parse inline keyboard button: invalid button style specified"));
    }
    if let Some(data) = button.get("callback_data") {
        let fits = data.as_str().is_some_and(|d| (1..=64).contains(&d.len()));
        return if fits { Ok(()) } else { Err(ApiError::bad_request("BUTTON_DATA_INVALID")) };
    }
    if let Some(url) = button.get("url").and_then(Value::as_str) {
        let wrong = |why| ApiError::bad_request(&format!("inline keyboard button URL '{url}' is invalid: {why}"));
        return link_fault(url).map_or(Ok(()), |why| Err(wrong(why)));
    }
    let does_something = button.as_object().is_some_and(|fields| fields.len() > 1);
    if !does_something {
        let what = "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard";
        return Err(ApiError::bad_request(what));
    }
    Ok(())
}

/// What Telegram has against a link: it must lead to a public address, or into Telegram itself.
fn link_fault(link: &str) -> Option<&'static str> {
    // Telegram completes a link without a protocol.
    let link = if link.contains("://") { link.to_owned() } else { format!("http://{link}") };
    let Ok(url) = Url::parse(&link) else {
        return Some("Wrong HTTP URL");
    };
    match url.scheme() {
        "tg" => None,
        "http" | "https" => (!url.host_str().is_some_and(|host| host.contains('.'))).then_some("Wrong HTTP URL"),
        _ => Some("Unsupported URL protocol"),
    }
}

/// A button of a reply keyboard: an object, or a text that is its label.
fn check_reply_button(button: &Value, in_private: bool) -> Result<(), ApiError> {
    let label = button.get("text").unwrap_or(button).as_str();
    let label = label.ok_or_else(|| ApiError::bad_request("can't parse keyboard button: Field \"text\" must be of type String"))?;
    if label.is_empty() {
        return Err(ApiError::bad_request("keyboard button text must be non-empty"));
    }
    let Some(request) = button.get("request_users") else {
        return Ok(());
    };
    let id = request.get("request_id").ok_or("Can't find field \"request_id\"");
    let id = id.and_then(|id| id.as_i64().and_then(|id| i32::try_from(id).ok()).ok_or("Field \"request_id\" must be a valid Number"));
    id.map_err(|why| ApiError::bad_request(&format!("can't parse keyboard button: {why}")))?;
    if !in_private {
        return Err(ApiError::bad_request("users can be requested in private chats only"));
    }
    // 1–10 (Bot API, `KeyboardButtonRequestUsers`); the words of the refusal are not documented.
    let in_range = request.get("max_quantity").is_none_or(|n| n.as_i64().is_some_and(|n| (1..=10).contains(&n)));
    if in_range { Ok(()) } else { Err(ApiError::bad_request("BUTTON_INVALID")) }
}
