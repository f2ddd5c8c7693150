//! The HTML of messages: the tags Telegram knows, strictly nested, its few character references.

use serde_json::{Value, json};

/// Tags and the `MessageEntity` they make.
const TAGS: &[(&str, &str)] = &[
    ("b", "bold"),
    ("strong", "bold"),
    ("i", "italic"),
    ("em", "italic"),
    ("u", "underline"),
    ("ins", "underline"),
    ("s", "strikethrough"),
    ("strike", "strikethrough"),
    ("del", "strikethrough"),
    ("tg-spoiler", "spoiler"),
    ("code", "code"),
    ("pre", "pre"),
    ("blockquote", "blockquote"),
    ("a", "text_link"),
    ("span", "spoiler"),
    ("tg-emoji", "custom_emoji"),
    ("tg-time", "date_time"),
];

struct Open {
    tag: String,
    attribute: Option<String>,
    /// Of a moment: how it is to be written.
    format: Option<String>,
    /// UTF-16 units before it.
    offset: usize,
}

/// Plain text and entities of `html`.
///
/// # Errors
/// What is wrong and at which byte, in the words that follow `can't parse entities: `.
pub fn parse(html: &str) -> Result<(String, Vec<Value>), String> {
    let mut plain = String::new();
    let mut length = 0;
    let mut open: Vec<Open> = Vec::new();
    let mut entities = Vec::new();
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        let at = html.len() - rest.len();
        let (text, after) = match c {
            '&' => reference(rest).unwrap_or(('&', &rest[1..])),
            '<' => {
                let inside_to = rest.find('>').ok_or_else(|| unclosed(rest, at))?;
                let inside = &rest[1..inside_to];
                match inside.strip_prefix('/') {
                    Some(name) => entities.extend(close(open.pop(), name.trim(), length, at)?),
                    None => {
                        let new = start(inside, length, at)?;
                        // "blockquote and expandable_blockquote entities can't be nested" (Bot API "Formatting options"); what Telegram does
                        // then is not said, so nothing may rely on it.
                        if new.tag == "blockquote" && open.iter().any(|open| open.tag == "blockquote") {
                            return Err(format!("Nested block quotation at byte offset {at}"));
                        }
                        open.push(new);
                    }
                }
                rest = &rest[inside_to + 1..];
                continue;
            }
            other => (other, &rest[other.len_utf8()..]),
        };
        plain.push(text);
        length += text.len_utf16();
        rest = after;
    }
    match open.pop() {
        Some(left) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", left.tag)),
        None => {
            entities.sort_by_key(|e: &Value| (e["offset"].as_u64(), std::cmp::Reverse(e["length"].as_u64())));
            Ok((plain, entities))
        }
    }
}

fn unclosed(rest: &str, at: usize) -> String {
    let kind = if rest.starts_with("</") { "end" } else { "start" };
    format!("Unclosed {kind} tag at byte offset {at}")
}

fn start(inside: &str, offset: usize, at: usize) -> Result<Open, String> {
    let tag: String = inside.chars().take_while(|c| !c.is_whitespace()).collect();
    let attributes = inside[tag.len()..].trim();
    let tag = tag.to_lowercase();
    let unsupported = || format!("Unsupported start tag \"{tag}\" at byte offset {at}");
    if !TAGS.iter().any(|(name, _)| *name == tag) {
        return Err(unsupported());
    }
    let format = (tag == "tg-time").then(|| attribute(attributes, "format")).flatten();
    let attribute = match tag.as_str() {
        "a" => attribute(attributes, "href"),
        "span" if attribute(attributes, "class").as_deref() != Some("tg-spoiler") => {
            return Err(unsupported());
        }
        "tg-emoji" => attribute(attributes, "emoji-id"),
        "code" => attribute(attributes, "class"),
        "tg-time" => attribute(attributes, "unix"),
        // A flag without a value (Bot API "HTML style").
        "blockquote" => (attributes == "expandable").then(|| attributes.to_owned()),
        _ => None,
    };
    if !format.as_deref().is_none_or(is_time_format) {
        return Err("Invalid date format used".to_owned());
    }
    Ok(Open { tag, attribute, format, offset })
}

/// `r` alone, or any of a weekday, a short or long date, a short or long time, in this order (Bot API 9.5, "date_time" entities).
fn is_time_format(format: &str) -> bool {
    let mut rest = format;
    for part in ["w", "dD", "tT"] {
        rest = rest.strip_prefix(|c: char| part.contains(c)).unwrap_or(rest);
    }
    rest.is_empty() || format == "r"
}

/// The value of `name="value"`, with or without quotes.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let value = attributes.split_once(name)?.1.trim_start().strip_prefix('=')?.trim_start();
    let raw = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    let mut text = String::new();
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let (c, after) = reference(rest).unwrap_or((c, &rest[c.len_utf8()..]));
        text.push(c);
        rest = after;
    }
    Some(text)
}

fn close(open: Option<Open>, name: &str, length: usize, at: usize) -> Result<Option<Value>, String> {
    let open = open.ok_or_else(|| format!("Unexpected end tag at byte offset {at}"))?;
    if !name.is_empty() && !name.eq_ignore_ascii_case(&open.tag) {
        return Err(format!("Unmatched end tag at byte offset {at}, expected \"</{}>\", found \"</{name}>\"", open.tag));
    }
    if length == open.offset {
        return Ok(None);
    }
    let kind = TAGS.iter().find(|(tag, _)| *tag == open.tag).map(|(_, kind)| *kind);
    let mut entity = json!({"type": kind, "offset": open.offset, "length": length - open.offset});
    match (open.tag.as_str(), open.attribute) {
        ("a", Some(href)) => match user_of(&href) {
            Some(id) => {
                entity["type"] = json!("text_mention");
                entity["user"] = json!({"id": id});
            }
            // Telegram drops links it cannot follow and keeps their text.
            None if !href.contains('.') && !href.starts_with("tg://") => return Ok(None),
            None => entity["url"] = json!(href),
        },
        ("a", None) => return Ok(None),
        ("tg-emoji", id) => entity["custom_emoji_id"] = json!(id),
        ("tg-time", unix) => {
            // A moment that is none is plain text (tdlib, 32 bits).
            let Some(unix) = unix.and_then(|unix| unix.parse::<i32>().ok()).filter(|unix| *unix > 0) else { return Ok(None) };
            entity["unix_time"] = json!(unix);
            if let Some(format) = open.format {
                entity["date_time_format"] = json!(format);
            }
        }
        ("blockquote", Some(_)) => entity["type"] = json!("expandable_blockquote"),
        _ => {}
    }
    Ok(Some(entity))
}

/// The id in `tg://user?id=<id>`.
fn user_of(href: &str) -> Option<i64> {
    href.strip_prefix("tg://user?id=")?.parse().ok()
}

/// A character reference at the start of `text`, and what follows it. Anything else after `&` is plain text.
fn reference(text: &str) -> Option<(char, &str)> {
    let body = text.strip_prefix('&')?;
    let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '#')?;
    let name = &body[..end];
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    };
    let rest = &body[end..];
    Some((c, rest.strip_prefix(';').unwrap_or(rest)))
}
