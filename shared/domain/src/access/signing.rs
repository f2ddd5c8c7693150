//! The keys that access tokens are signed with. One signs; every one of them is believed, so that tokens signed before a rotation stay
//! good until they end.

use super::letters;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Bytes of a signing key: as long as the hash of HS256, the least that RFC 7518 (section 3.2) allows.
pub const SIGNING_KEY_BYTES: usize = 32;

/// How long a new key is known before it signs, in seconds: whoever believes tokens reads the keys at least once a minute, and a token
/// that he cannot know yet would be refused.
pub const HEAD_START: i64 = 90;

/// The signing keys by their names (`kid`). Written `{"current": "<kid>", "keys": {"<kid>": "<base64 of 32 bytes>", …}}`, and
/// `"signs_from"`, Unix seconds, after a rotation.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct SigningKeys {
    current: String,
    keys: BTreeMap<String, [u8; SIGNING_KEY_BYTES]>,
    signs_from: i64,
}

#[derive(Serialize, Deserialize)]
struct Written {
    current: String,
    keys: BTreeMap<String, String>,
    #[serde(default)]
    signs_from: i64,
}

/// The text is no set of signing keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSigningKeys {
    #[error("the current signing key is not among the keys")]
    NoCurrent,
    #[error("a signing key is 32 bytes in base64, and {0:?} is not")]
    NotAKey(String),
}

impl SigningKeys {
    /// A first key, of random bytes.
    pub fn new(name: [u8; 8], key: [u8; SIGNING_KEY_BYTES]) -> Self {
        let current = letters(&name);
        Self { keys: BTreeMap::from([(current.clone(), key)]), current, signs_from: 0 }
    }

    /// A new key is believed from `now` on (Unix seconds), and signs [`HEAD_START`] later; of the others only the one that signed before
    /// is still believed.
    pub fn rotate(&mut self, name: [u8; 8], key: [u8; SIGNING_KEY_BYTES], now: i64) {
        self.signs_from = now + HEAD_START;
        let before = std::mem::replace(&mut self.current, letters(&name));
        self.keys.retain(|kid, _| *kid == before);
        self.keys.insert(self.current.clone(), key);
    }

    /// The key that signs at `now`: its name, and itself.
    pub fn signer(&self, now: i64) -> (&str, &[u8; SIGNING_KEY_BYTES]) {
        let before = self.keys.iter().find(|(kid, _)| now < self.signs_from && **kid != self.current);
        before.map_or_else(|| self.current(), |(kid, key)| (kid.as_str(), key))
    }

    /// The newest key: its name, and itself.
    pub fn current(&self) -> (&str, &[u8; SIGNING_KEY_BYTES]) {
        (&self.current, &self.keys[&self.current])
    }

    /// The key of this name, if it is believed.
    pub fn get(&self, kid: &str) -> Option<&[u8; SIGNING_KEY_BYTES]> {
        self.keys.get(kid)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

/// The keys are in no log.
impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("current", &self.current).field("names", &self.keys.keys()).finish()
    }
}

impl TryFrom<Written> for SigningKeys {
    type Error = BadSigningKeys;

    fn try_from(written: Written) -> Result<Self, BadSigningKeys> {
        let read = |(kid, text): (String, String)| {
            let key = STANDARD.decode(text).ok().and_then(|key| key.try_into().ok());
            key.map(|key| (kid.clone(), key)).ok_or(BadSigningKeys::NotAKey(kid))
        };
        let keys: BTreeMap<_, _> = written.keys.into_iter().map(read).collect::<Result<_, _>>()?;
        if !keys.contains_key(&written.current) {
            return Err(BadSigningKeys::NoCurrent);
        }
        Ok(Self { current: written.current, keys, signs_from: written.signs_from })
    }
}

impl From<SigningKeys> for Written {
    fn from(keys: SigningKeys) -> Self {
        Self {
            current: keys.current,
            keys: keys.keys.into_iter().map(|(kid, key)| (kid, STANDARD.encode(key))).collect(),
            signs_from: keys.signs_from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> SigningKeys {
        SigningKeys::new([0; 8], [10; 32])
    }

    #[test]
    fn keys_read_back_as_they_were_written() {
        let text = serde_json::to_string(&keys()).unwrap();
        assert_eq!(text, r#"{"current":"aaaaaaaa","keys":{"aaaaaaaa":"CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo="},"signs_from":0}"#);
        let read: SigningKeys = serde_json::from_str(&text).unwrap();
        assert_eq!(read.current(), ("aaaaaaaa", &[10; 32]));
    }

    #[test]
    fn a_set_without_its_current_key_and_keys_of_another_length_are_refused() {
        for text in [
            r#"{"current":"b","keys":{"a":"CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo="}}"#,
            r#"{"current":"a","keys":{}}"#,
            r#"{"current":"a","keys":{"a":""}}"#,
            r#"{"current":"a","keys":{"a":"CgoK"}}"#,
            r#"{"current":"a","keys":{"a":"?"}}"#,
            r#"{"keys":{}}"#,
            "",
        ] {
            assert!(serde_json::from_str::<SigningKeys>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rotation_keeps_exactly_the_key_that_signed_before() {
        let mut keys = keys();
        for (round, before) in [(1, 0), (2, 1), (3, 2)] {
            keys.rotate([round; 8], [round; 32], 1000);
            let (old, new) = (letters(&[before; 8]), letters(&[round; 8]));
            assert_eq!(keys.current(), (new.as_str(), &[round; 32]));
            assert_eq!(keys.signer(1000 + HEAD_START - 1).0, old, "those who do not know the new one yet are not turned away");
            assert_eq!(keys.signer(1000 + HEAD_START).0, new);
            assert_eq!(keys.names().collect::<Vec<_>>(), [letters(&[before; 8]), letters(&[round; 8])]);
        }
        assert!(keys.get("aaaaaaaa").is_none());
    }

    #[test]
    fn no_key_is_in_the_debug_output() {
        assert_eq!(format!("{:?}", keys()), r#"SigningKeys { current: "aaaaaaaa", names: ["aaaaaaaa"] }"#);
    }
}
