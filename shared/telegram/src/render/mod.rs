//! Texts in the bot's languages, as Telegram HTML. Every name that comes from outside passes through [`escape`].

mod html;
mod notification;
mod report;

pub use html::{plain_text, split};
pub use notification::{buttons, notification};
pub use report::reason_text;

use crate::text;
use crate::text::Html;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::profile::is_visible;

/// Names longer than this are cut: Telegram allows 64 + 64 characters for a person and 128 for a chat.
const NAME_CHARS: usize = 64;

/// `text` for use in HTML: escaped, shortened, and without characters that turn the direction of the text around them.
pub fn escape(text: &str) -> String {
    escape_up_to(NAME_CHARS, text.chars().filter(|char| !char.is_control()))
}

/// The same for what somebody wrote: of several lines, and as long as `longest` says, in characters.
fn escape_words(text: &str, longest: usize) -> String {
    escape_up_to(longest, text.trim().chars().filter(|char| !char.is_control() || *char == '\n'))
}

fn escape_up_to(longest: usize, chars: impl Iterator<Item = char>) -> String {
    let mut safe = String::new();
    let mut chars = chars.filter(|char| !turns_direction(*char));
    for char in chars.by_ref().take(longest) {
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

/// A name as it is shown; `None`: there is nothing of it to see.
fn shown(name: &str) -> Option<String> {
    let cut: String = name.chars().filter(|char| !char.is_control() && !turns_direction(*char)).take(NAME_CHARS).collect();
    is_visible(&cut).then(|| escape(name))
}

/// A person as messages name him: the name where it is known and can be seen, else the id.
fn name_of(user: UserId, name: Option<&str>) -> String {
    name.and_then(shown).unwrap_or_else(|| user.to_string())
}

/// A person by name, as far as it is known, and id.
pub fn subject(lang: Lang, user: UserId, name: Option<&str>) -> Html {
    match name.and_then(shown) {
        Some(name) => Html(text!(lang, "subject", name = Html(name), id = user)),
        None => Html(text!(lang, "subject-unnamed", id = user)),
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
    fn what_somebody_wrote_keeps_its_lines_and_is_cut_where_it_is_too_long() {
        assert_eq!(escape_words(" <i>\n\nplease\t\u{202e}\n", 1000), "&lt;i&gt;\n\nplease");
        assert_eq!(escape_words(&"&".repeat(11), 10), format!("{}…", "&amp;".repeat(10)));
    }

    #[test]
    fn somebody_without_a_visible_name_is_called_by_his_id() {
        for name in ["", "\u{202e}", "\u{3164}", "\u{200b}\u{2800}", &format!("{}x", "\u{3164}".repeat(NAME_CHARS))] {
            assert_eq!(name_of(UserId(5), Some(name)), "5", "{name:?}");
            assert_eq!(subject(Lang::En, UserId(5), Some(name)).0, "ID <code>5</code>", "{name:?}");
        }
        assert_eq!(name_of(UserId(5), None), "5");
    }
}
