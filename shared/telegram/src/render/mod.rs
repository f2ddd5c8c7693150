//! Texts in the bot's languages, as Telegram HTML. Every name that comes from outside passes through [`escape`].

pub mod charts;
mod html;
mod notification;
mod program;
mod report;
mod template;
mod time;

pub use html::{fold, plain_text, split};
pub use notification::{buttons, digest_line, notification};
pub use program::ForPrograms;
pub use report::reason_text;
pub use template::{TemplateError, Templates, check as check_template, default_source};
pub use time::{date, moment};

use crate::text;
use crate::text::Html;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::profile::{is_username, is_visible};

/// Names longer than this are cut: Telegram allows 64 + 64 characters for a person and 128 for a chat.
const NAME_CHARS: usize = 64;

/// `text` for use in HTML: escaped, shortened, on one line, and without characters that turn the direction of the text around them.
pub fn escape(text: &str) -> String {
    escape_up_to(NAME_CHARS, on_a_line(text))
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

/// Without what ends a line: a name must not look like a line of the bot's own.
fn on_a_line(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|char| !(char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')))
}

/// Unicode's bidirectional formatting characters (UAX #9).
fn turns_direction(char: char) -> bool {
    matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name as it is shown; `None`: there is nothing of it to see.
fn shown(name: &str) -> Option<String> {
    let cut: String = on_a_line(name).filter(|char| !turns_direction(*char)).take(NAME_CHARS).collect();
    is_visible(&cut).then(|| escape(name))
}

/// A person as messages name him: the name where it is known and can be seen, else the id.
pub fn name_of(user: UserId, name: Option<&str>) -> String {
    name.and_then(shown).unwrap_or_else(|| user.to_string())
}

/// A person by name, as far as it is known, and id.
pub fn subject(lang: Lang, user: UserId, name: Option<&str>) -> Html {
    match name.and_then(shown) {
        Some(name) => Html(text!(lang, "subject", name = Html(name), id = user)),
        None => Html(text!(lang, "subject-unnamed", id = user)),
    }
}

/// Somebody who decided, as messages name them. `bot`: what they are called where they are a bot.
pub fn decider(lang: Lang, user: Option<UserId>, name: Option<&str>, bot: Option<&str>) -> Html {
    match (user, bot) {
        (Some(UserId::ANONYMOUS_ADMIN), _) => Html(text!(lang, "by-anonymous")),
        (_, Some(bot)) if is_username(bot) => Html(text!(lang, "by-bot", name = format!("@{bot}"))),
        (_, Some(bot)) => Html(text!(lang, "by-bot", name = bot)),
        (Some(user), None) => subject(lang, user, name),
        (None, None) => Html(text!(lang, "by-unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_html_or_turn_the_text_around() {
        assert_eq!(escape("<b>&\"Mal\u{202e}lory\u{2069}\n"), "&lt;b&gt;&amp;&quot;Mallory");
        assert_eq!(escape("Mal\u{2028}✅ Bob is banned\u{2029}\r"), "Mal✅ Bob is banned");
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

    #[test]
    fn no_character_that_turns_the_direction_of_a_text_gets_out_of_a_name() {
        // UAX #9, table 4: every explicit formatting character, and the implicit marks.
        for char in ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter().chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            let name = format!("Mal{char}lory");
            assert_eq!(escape(&name), "Mallory", "{char:?}");
            assert_eq!(subject(Lang::En, UserId(5), Some(&name)).0, "Mallory (ID: <code>5</code>)", "{char:?}");
        }
    }

    #[test]
    fn a_bot_that_decided_is_named_as_a_bot_and_a_person_by_name_and_id() {
        let guard = UserId(8);
        for (user, name, bot, expected) in [
            (Some(guard), Some("Alice"), None, "Alice (ID: <code>8</code>)"),
            (Some(guard), Some("\u{3164}"), None, "ID <code>8</code>"),
            (Some(guard), None, Some("guard_bot"), "the bot @guard_bot"),
            (Some(guard), Some("Guard"), Some("G<b>"), "the bot G&lt;b&gt;"),
            (Some(UserId::ANONYMOUS_ADMIN), None, Some("GroupAnonymousBot"), "an anonymous admin"),
            (None, None, None, "someone I don’t know"),
        ] {
            assert_eq!(decider(Lang::En, user, name, bot).0, expected, "{user:?} {name:?} {bot:?}");
        }
    }
}
