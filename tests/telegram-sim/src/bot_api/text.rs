//! The text of a message: its markup, its length.

use serde_json::Value;

use super::{Params, html};
use crate::world::{ApiError, World};

/// The longest message, UTF-16 units after the markup is gone.
const LONGEST_TEXT: usize = 4096;
/// The longest caption, UTF-16 units after the markup is gone.
const LONGEST_CAPTION: usize = 1024;

pub struct Text {
    pub plain: String,
    pub html: String,
    pub entities: Vec<Value>,
}

/// The `text` of a call; `too_long` is what a too long one is answered.
pub fn text(world: &World, params: &Params, too_long: &str) -> Result<Text, ApiError> {
    let text = marked_up(world, params, "text", "entities")?;
    if text.plain.trim().is_empty() {
        return Err(ApiError::bad_request("message text is empty"));
    }
    text.at_most(LONGEST_TEXT, too_long)
}

/// The `caption` of a call, which may be empty.
pub fn caption(world: &World, params: &Params) -> Result<Text, ApiError> {
    marked_up(world, params, "caption", "caption_entities")?.at_most(LONGEST_CAPTION, "message caption is too long")
}

impl Text {
    fn at_most(self, longest: usize, too_long: &str) -> Result<Self, ApiError> {
        if self.plain.encode_utf16().count() > longest { Err(ApiError::bad_request(too_long)) } else { Ok(self) }
    }
}

fn marked_up(world: &World, params: &Params, text: &str, entities: &str) -> Result<Text, ApiError> {
    let html = params.text(text).to_owned();
    let (plain, mut entities) = match params.text("parse_mode").to_lowercase().as_str() {
        "" => (html.clone(), params.json(entities).and_then(|e| e.as_array().cloned()).unwrap_or_default()),
        "html" => html::parse(&html).map_err(|what| ApiError::bad_request(&format!("can't parse entities: {what}")))?,
        _ => return Err(ApiError::bad_request("unsupported parse_mode")),
    };
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
