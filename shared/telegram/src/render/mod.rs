//! Texts in the bot's languages, as Telegram HTML. Every name that comes from outside passes through [`escape`].

mod notification;
mod reply;

pub use notification::{buttons, notification, plain_text};
pub use reply::Reply;

use domain::ids::UserId;

/// Names longer than this are cut: Telegram allows 64 + 64 characters for a person and 128 for a chat.
const NAME_CHARS: usize = 64;

/// `text` for use in HTML: escaped, shortened, and without characters that turn the direction of the text around them.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut chars = text.chars().filter(|char| !turns_direction(*char) && !char.is_control());
    for char in chars.by_ref().take(NAME_CHARS) {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ => safe.push(char),
        }
    }
    if chars.next().is_some() {
        safe.push('…');
    }
    safe
}

/// Unicode's bidirectional formatting characters (UAX #9).
fn turns_direction(char: char) -> bool {
    matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A person as messages name him: the name where it is known, else the id.
fn name_of(user: UserId, name: Option<&str>) -> String {
    match name.map(escape) {
        Some(name) if !name.trim().is_empty() => name,
        _ => user.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_html_or_turn_the_text_around() {
        assert_eq!(escape("<b>&\"Mal\u{202e}lory\u{2069}\n"), "&lt;b&gt;&amp;&quot;Mallory");
        assert_eq!(escape(&"x".repeat(200)).chars().count(), NAME_CHARS + 1);
    }

    #[test]
    fn somebody_without_a_visible_name_is_called_by_his_id() {
        assert_eq!(name_of(UserId(5), Some("\u{202e}")), "5");
        assert_eq!(name_of(UserId(5), None), "5");
    }
}
