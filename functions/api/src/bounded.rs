//! Numbers and texts in requests that are read only where they keep their bounds; the bounds are the description's as well.

use serde::Deserialize;

/// A whole number of `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Whole<const LEAST: i64, const MOST: i64>(pub i64);

impl<const LEAST: i64, const MOST: i64> TryFrom<i64> for Whole<LEAST, MOST> {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        if (LEAST..=MOST).contains(&number) { Ok(Self(number)) } else { Err(format!("must be {LEAST} to {MOST}")) }
    }
}

/// A text of `LEAST` to `MOST` characters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const LEAST: usize, const MOST: usize>(pub String);

impl<const LEAST: usize, const MOST: usize> TryFrom<String> for Text<LEAST, MOST> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let length = text.chars().count();
        if (LEAST..=MOST).contains(&length) { Ok(Self(text)) } else { Err(format!("must be {LEAST} to {MOST} characters")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_in_characters_and_numbers() {
        let text = |json: &str| serde_json::from_str::<Text<1, 3>>(json).is_ok();
        assert!(text("\"ä\"") && text("\"äöü\"") && !text("\"\"") && !text("\"äöüß\"") && !text("5"));
        let number = |json: &str| serde_json::from_str::<Whole<-1, 5>>(json).is_ok();
        assert!(number("-1") && number("5") && !number("-2") && !number("6") && !number("\"5\""));
    }
}
