//! What a check has found, and what to do about it.

use std::fmt::{self, Display, Formatter};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Well,
    /// Worth a look; the bot works.
    Notice,
    /// The bot does not do all that it is there for.
    Wrong,
}

/// Printed as one line, and a second one where there is something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    text: String,
    advice: Option<String>,
}

impl Finding {
    pub fn well(text: impl Into<String>) -> Self {
        Self { level: Level::Well, text: text.into(), advice: None }
    }

    pub fn notice(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Notice, text: text.into(), advice: Some(advice.into()) }
    }

    pub fn wrong(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Wrong, text: text.into(), advice: Some(advice.into()) }
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mark = match self.level {
            Level::Well => '✓',
            Level::Notice => '!',
            Level::Wrong => '✗',
        };
        write!(f, "{mark} {}", self.text)?;
        match &self.advice {
            Some(advice) => write!(f, "\n  → {advice}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_has_a_mark_and_a_problem_says_what_to_do() {
        assert_eq!(Finding::well("fine").to_string(), "✓ fine");
        assert_eq!(Finding::notice("odd", "look").to_string(), "! odd\n  → look");
        assert_eq!(Finding::wrong("broken", "mend it").to_string(), "✗ broken\n  → mend it");
    }
}
