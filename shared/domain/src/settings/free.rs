//! A map for whatever a client wants to keep with settings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The largest map, in bytes of its JSON.
pub const LARGEST: usize = 4096;

/// Names and JSON values of a client's own; nothing here reads them. Stored as JSON text: a number is not always one of the store's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FreeMap(pub Map<String, Value>);

impl FreeMap {
    pub fn fits(&self) -> bool {
        String::from(self.clone()).len() <= LARGEST
    }
}

impl From<FreeMap> for String {
    fn from(map: FreeMap) -> Self {
        Value::Object(map.0).to_string()
    }
}

impl TryFrom<String> for FreeMap {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_map_reads_back_as_it_was_written() {
        let Value::Object(map) = json!({"a": [1.5e300, -1, null], "": {"ü": "\u{0}"}}) else { panic!() };
        let map = FreeMap(map);
        let text = serde_json::to_value(&map).unwrap();
        assert!(text.is_string());
        assert_eq!(serde_json::from_value::<FreeMap>(text).unwrap(), map);
    }

    #[test]
    fn a_map_has_its_largest_size() {
        let of = |length: usize| FreeMap([("a".to_owned(), Value::String("x".repeat(length)))].into_iter().collect());
        assert!(of(LARGEST - r#"{"a":""}"#.len()).fits());
        assert!(!of(LARGEST - r#"{"a":""}"#.len() + 1).fits());
    }
}
