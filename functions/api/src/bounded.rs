//! Numbers and texts in requests that are read only where they keep their bounds; the bounds are the description's as well.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// The last moment that is read, Unix seconds: in the year 5138. What is greater is of this time, and in milliseconds.
pub const LAST_MOMENT: i64 = 100_000_000_000;

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

/// A moment in Unix seconds, `LEAST` at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Integer")]
pub struct Moment<const LEAST: i64>(pub i64);

impl<const LEAST: i64> TryFrom<Integer> for Moment<LEAST> {
    type Error = String;

    fn try_from(Integer(number): Integer) -> Result<Self, String> {
        if number > LAST_MOMENT {
            return Err(format!("must be Unix seconds; {number} looks like milliseconds: divide it by 1000"));
        }
        if number < LEAST { Err(format!("must be Unix seconds, {LEAST} at least")) } else { Ok(Self(number)) }
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
    fn milliseconds_in_the_place_of_seconds_are_refused_with_a_hint() {
        let moment = |json: &str| serde_json::from_str::<Moment<10>>(json).map(|Moment(at)| at).map_err(|error| error.to_string());
        assert_eq!((moment("10"), moment("1764000000"), moment("100000000000")), (Ok(10), Ok(1_764_000_000), Ok(LAST_MOMENT)));
        for milliseconds in ["1764000000000", "100000000001", "1764000000000.0"] {
            assert!(moment(milliseconds).is_err_and(|error| error.contains("looks like milliseconds")), "{milliseconds}");
        }
        assert!(moment("9").is_err_and(|error| error.contains("10 at least")));
        assert!(moment("1e300").is_err() && moment("\"10\"").is_err());
    }

    #[test]
    fn a_whole_number_is_read_as_it_is_written_also_where_it_is_as_large_as_an_id() {
        let number = |json: &str| serde_json::from_str::<Integer>(json).map(|Integer(number)| number).ok();
        for (json, expected) in [
            ("-4503599627370490.0", Some(-4_503_599_627_370_490)),
            ("4503599627370495.0", Some(4_503_599_627_370_495)),
            ("9007199254740991.0", Some(9_007_199_254_740_991)),
            ("4503599627370490.5", None),
        ] {
            assert_eq!(number(json), expected, "{json}");
        }
    }

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
