//! Numbers and texts in requests that are read only where they keep their bounds; the bounds are the description's as well.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// The last second of the year 9999.
pub const LAST_MOMENT: i64 = 253_402_300_799;

/// A whole number, also where it is written `5.0`: JSON Schema takes that for an integer, in paths and queries as in bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer(pub i64);

/// Beyond, a float is no longer exact.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;

        impl Visitor<'_> for Whole {
            type Value = Integer;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Integer, E> {
                Ok(Integer(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Integer, E> {
                number.try_into().map(Integer).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Integer, E> {
                match number.fract() == 0.0 && number.abs() <= LARGEST_EXACT {
                    true => Ok(Integer(number as i64)),
                    false => Err(E::invalid_value(Unexpected::Float(number), &self)),
                }
            }
        }

        // Of JSON's numbers each is read as it is; what stands in a path or a query, as a float that holds every number that counts here.
        deserializer.deserialize_f64(Whole)
    }
}

/// A whole number of `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Integer")]
pub struct Whole<const LEAST: i64, const MOST: i64>(pub i64);

impl<const LEAST: i64, const MOST: i64> TryFrom<Integer> for Whole<LEAST, MOST> {
    type Error = String;

    fn try_from(Integer(number): Integer) -> Result<Self, String> {
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
        assert!(
            number("-1")
                && number("5")
                && number("5.0")
                && !number("4.5")
                && !number("1e300")
                && !number("-2")
                && !number("6")
                && !number("\"5\"")
        );
    }
}
