//! What people are called, and what may be said of them.

use crate::settings::Problem;

/// The longest name, in characters; Telegram's own are shorter.
pub const LONGEST_NAME: usize = 255;

/// The longest language tag, in characters.
pub const LONGEST_TAG: usize = 35;

/// First and last name, or the username where there is no first name that can be seen, or else the last name alone. Empty: nothing of it
/// can be seen.
pub fn full_name(first: &str, last: Option<&str>, username: Option<&str>) -> String {
    let last = last.filter(|last| is_visible(last));
    match last {
        _ if !is_visible(first) => username.or(last).unwrap_or_default().to_owned(),
        Some(last) => format!("{first} {last}"),
        None => first.to_owned(),
    }
}

/// Is there anything to see of a text? Telegram takes names of characters without a shape.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|char| !(char.is_whitespace() || char.is_control() || has_no_shape(char)))
}

/// Characters that are drawn as nothing: Unicode's `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), the fillers of Hangul among them; the
/// format characters and the placeholder of U+FFF9 to U+FFFC; the blanks of Braille, of musical notation, of Khitan and of hieroglyphs.
fn has_no_shape(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{13441}'..='\u{13442}' | '\u{16fe4}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Telegram's usernames: letters, digits and underscores; four characters where bought at an auction.
pub fn is_username(name: &str) -> bool {
    (4..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// An IETF tag as far as its letters go: `ru`, `en-GB`.
pub fn is_language_tag(tag: &str) -> bool {
    (2..=LONGEST_TAG).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// What somebody tells of a person, field by field; what is left out stays as it is. Inner `None`: he has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    pub username: Option<Option<String>>,
    pub first_name: Option<String>,
    pub last_name: Option<Option<String>>,
    pub language_code: Option<Option<String>>,
    pub is_bot: Option<bool>,
    pub is_active: Option<bool>,
}

impl ProfileChange {
    /// Everything that is wrong with it; empty: nothing.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut must = |holds: bool, field, message: &str| {
            if !holds {
                problems.push(Problem { field, message: message.to_owned() });
            }
        };
        let is_name = |name: &str| (1..=LONGEST_NAME).contains(&name.chars().count());
        if let Some(Some(username)) = &self.username {
            must(is_username(username), "username", "4 to 32 letters, digits or underscores, without the @");
        }
        if let Some(first) = &self.first_name {
            must(is_name(first), "first_name", "1 to 255 characters");
        }
        if let Some(Some(last)) = &self.last_name {
            must(is_name(last), "last_name", "1 to 255 characters");
        }
        if let Some(Some(tag)) = &self.language_code {
            must(is_language_tag(tag), "language_code", "an IETF language tag of 2 to 35 characters");
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_called_by_his_names_or_else_by_his_username() {
        assert_eq!(full_name("Mal", Some("Lory"), Some("m")), "Mal Lory");
        assert_eq!(full_name("Mal", Some(""), None), "Mal");
        assert_eq!(full_name("", Some("Lory"), Some("mallory")), "mallory");
        assert_eq!(full_name("", None, None), "");
        assert_eq!(full_name("\u{3164}", None, Some("mallory")), "mallory");
        assert_eq!(full_name("\u{3164}", Some("Lory"), None), "Lory");
        assert_eq!(full_name("Mal", Some("\u{200d}"), None), "Mal");
        assert_eq!(full_name("\u{2800}", Some("\u{ffa0}"), None), "");
    }

    #[test]
    fn a_text_without_a_single_shape_is_not_visible() {
        for text in [
            "",
            " ",
            "\n\t",
            "\u{a0}",
            "\u{3164}",
            "\u{115f}\u{1160}\u{ffa0}",
            "\u{2800}",
            "\u{200b}\u{200d}\u{2060}",
            "\u{feff}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{ad}",
            "\u{fffc}",
            "\u{202e}\u{2066}",
            "\u{2028}\u{2029}\u{3000}",
            "\u{1d159}\u{13441}\u{16fe4}",
            "\u{0}",
        ] {
            assert!(!is_visible(text), "{text:?}");
        }
        for text in ["M", "\u{3164}M", "😀", "👩\u{200d}💻", "ㅤㄱ", "ж", "."] {
            assert!(is_visible(text), "{text:?}");
        }
    }

    #[test]
    fn each_wrong_field_is_told_of() {
        let fine = ProfileChange {
            username: Some(Some("mal_1".to_owned())),
            first_name: Some("Ж".repeat(255)),
            last_name: Some(None),
            language_code: Some(Some("pt-br".to_owned())),
            ..ProfileChange::default()
        };
        assert_eq!(fine.problems(), []);
        let wrong = ProfileChange {
            username: Some(Some("@mallory".to_owned())),
            first_name: Some("Ж".repeat(256)),
            last_name: Some(Some(String::new())),
            language_code: Some(Some("x".to_owned())),
            ..ProfileChange::default()
        };
        let fields: Vec<_> = wrong.problems().iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["username", "first_name", "last_name", "language_code"]);
    }
}
