//! The languages the bot speaks.

use serde::{Deserialize, Serialize};

/// A language with complete texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    Ru,
    #[default]
    En,
}

impl Lang {
    /// From Telegram's `language_code`, an IETF tag such as `ru` or `en-GB`. English where there is none or it is another one.
    pub fn from_code(code: Option<&str>) -> Self {
        match code.and_then(|code| code.split(['-', '_']).next()) {
            // Readers of these languages are better served by Russian than by English.
            Some("ru" | "be" | "kk" | "uk") => Self::Ru,
            _ => Self::En,
        }
    }

    /// The language somebody is spoken to in: the one he `chose`, else the one that Telegram's `code` calls for, else Russian.
    pub fn of(chosen: Option<Self>, code: Option<&str>) -> Self {
        Self::about(chosen, code, None)
    }

    /// The same of something about a chat: its language comes before Russian.
    pub fn about(chosen: Option<Self>, code: Option<&str>, chat: Option<Self>) -> Self {
        chosen.or_else(|| code.map(|code| Self::from_code(Some(code)))).or(chat).unwrap_or(Self::Ru)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_language_tag_does_not_matter() {
        assert_eq!(Lang::from_code(Some("ru-RU")), Lang::Ru);
        assert_eq!(Lang::from_code(Some("en_GB")), Lang::En);
        assert_eq!(Lang::from_code(Some("pt-br")), Lang::En);
        assert_eq!(Lang::from_code(None), Lang::En);
    }

    #[test]
    fn what_somebody_chose_wins_over_what_telegram_tells() {
        assert_eq!(Lang::of(Some(Lang::Ru), Some("en")), Lang::Ru);
        assert_eq!(Lang::of(None, Some("en")), Lang::En);
        assert_eq!(Lang::of(None, None), Lang::Ru);
        assert_eq!(Lang::about(None, None, Some(Lang::En)), Lang::En);
        assert_eq!(Lang::about(None, Some("ru"), Some(Lang::En)), Lang::Ru);
    }
}
