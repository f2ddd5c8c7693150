//! What people are called, and what may be said of them.

use crate::settings::Problem;

/// The longest name, in characters; Telegram's own are shorter.
pub const LONGEST_NAME: usize = 255;

/// The longest language tag, in characters.
pub const LONGEST_TAG: usize = 35;

/// First and last name, or the username where there is no first name.
pub fn full_name(first: &str, last: Option<&str>, username: Option<&str>) -> String {
    match last {
        _ if first.is_empty() => username.unwrap_or_default().to_owned(),
        Some(last) if !last.is_empty() => format!("{first} {last}"),
        _ => first.to_owned(),
    }
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
