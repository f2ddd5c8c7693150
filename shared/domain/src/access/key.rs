//! API keys: their form, and which of them open the door.

use super::{LETTERS, Scopes, letters};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;

/// What every key begins with, so that scanners for leaked secrets can tell it.
const PREFIX: &str = "bsk_";

/// Characters of a key's id.
const ID_LENGTH: usize = 12;

/// Partitions over which the store spreads the keys. A partition of DynamoDB answers 3000 read units a second (DynamoDB Developer Guide,
/// "Burst and adaptive capacity"), and an unknown key costs a read as well.
pub const KEY_SHARDS: u8 = 16;

/// Random bytes in a key: as many as SHA-256 has, so that a plain hash is as good as a slow one and nobody can guess.
const SECRET_BYTES: usize = 32;

/// Names a key: its public part, in lists, logs and tokens. 12 characters of `a`–`z` and `0`–`9`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition of the key, below [`KEY_SHARDS`]. Ids are random, so keys are spread evenly.
    pub fn shard(&self) -> u8 {
        let spread = self.0.bytes().fold(0_u32, |spread, letter| spread.wrapping_mul(31).wrapping_add(letter.into()));
        (spread % u32::from(KEY_SHARDS)) as u8
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no API key, or no key's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is written bsk_<id>_<secret>, its id being 12 characters of a–z and 0–9")]
pub struct NotAKey;

impl FromStr for KeyId {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let is_id = text.len() == ID_LENGTH && text.bytes().all(|byte| LETTERS.contains(&byte));
        is_id.then(|| Self(text.to_owned())).ok_or(NotAKey)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An API key as its owner has it: `bsk_<id>_<secret>`, the secret being 32 random bytes in base64url without padding. It is shown once
/// and kept nowhere but with its owner.
#[derive(Clone)]
pub struct ApiKey {
    id: KeyId,
    text: String,
}

impl ApiKey {
    /// A key of random bytes.
    pub fn new(id: [u8; ID_LENGTH], secret: [u8; SECRET_BYTES]) -> Self {
        let id = KeyId(letters(&id));
        Self { text: format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret)), id }
    }

    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The whole key: for its owner, and for nobody else.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What is kept of it.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(&self.text).into())
    }

    /// Does the text at least begin as a key does? Anything else may be an access token.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }
}

impl FromStr for ApiKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (id, secret) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(NotAKey)?;
        let secret = URL_SAFE_NO_PAD.decode(secret).map_err(|_| NotAKey)?;
        if secret.len() != SECRET_BYTES {
            return Err(NotAKey);
        }
        Ok(Self { id: id.parse()?, text: text.to_owned() })
    }
}

/// The secret is in no log.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_…", self.id)
    }
}

/// SHA-256 of a whole key. Written in hexadecimal.
#[derive(Clone, Debug)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Compared in a time that does not tell how much of it is right.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for KeyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |pair: &[u8]| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?);
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        hash.map(Self).ok_or_else(|| serde::de::Error::custom("a key's hash is 64 hexadecimal digits"))
    }
}

/// Why a key does not open the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such key, or its secret is another one. Which of them is nobody's business.
    #[error("the key is not known")]
    Unknown,
    #[error("the key was revoked")]
    Revoked,
    #[error("the key has expired")]
    Expired,
}

/// What is kept of a key. Moments are Unix seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    pub key_id: KeyId,
    /// Whose it is and what for: an operator's words.
    pub name: String,
    pub hash: KeyHash,
    pub scopes: Scopes,
    pub created_at: i64,
    /// Kept under another name: an item's `expires_at` is when the store forgets it, and an expired key is still to be listed.
    #[serde(rename = "valid_until", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Within a minute: not every use is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

impl ApiKeyRecord {
    /// `valid_for`: seconds; `None` is until it is revoked.
    pub fn new(key: &ApiKey, name: &str, scopes: Scopes, now: i64, valid_for: Option<i64>) -> Self {
        Self {
            key_id: key.id.clone(),
            name: name.to_owned(),
            hash: key.hash(),
            scopes,
            created_at: now,
            expires_at: valid_for.map(|seconds| now.saturating_add(seconds)),
            last_used_at: None,
            revoked_at: None,
        }
    }

    /// May whoever gives `key` come in?
    pub fn admits(&self, key: &ApiKey, now: i64) -> Result<(), Refused> {
        // The secret first: only its owner is told what became of a key.
        if !self.hash.is(&key.hash()) {
            return Err(Refused::Unknown);
        }
        self.usable(now)
    }

    /// Is the key neither revoked nor expired?
    pub fn usable(&self, now: i64) -> Result<(), Refused> {
        if self.revoked_at.is_some() {
            Err(Refused::Revoked)
        } else if self.expires_at.is_some_and(|end| now >= end) {
            Err(Refused::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;

    fn key(n: u8) -> ApiKey {
        ApiKey::new([n; 12], [n; 32])
    }

    fn record(valid_for: Option<i64>) -> ApiKeyRecord {
        ApiKeyRecord::new(&key(1), "test", "users:read".parse().unwrap(), NOW, valid_for)
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_it_was_made(id: [u8; 12], secret: [u8; 32]) {
            let key = ApiKey::new(id, secret);
            let read: ApiKey = key.reveal().parse().unwrap();
            prop_assert_eq!(read.id(), key.id());
            prop_assert!(read.hash().is(&key.hash()));
            prop_assert_eq!(key.reveal().len(), 4 + 12 + 1 + 43);
        }
    }

    #[test]
    fn keys_are_spread_over_all_partitions_and_each_stays_in_its_own() {
        let mut keys = [0; KEY_SHARDS as usize];
        for n in 0..16_000_u32 {
            let mut id = [0; 12];
            id[..8].copy_from_slice(&Sha256::digest(n.to_be_bytes())[..8]);
            keys[usize::from(ApiKey::new(id, [0; 32]).id().shard())] += 1;
        }
        assert!(keys.iter().all(|keys| (800..1200).contains(keys)), "{keys:?}");
        assert_eq!(["bbbbbbbbbbbb", "0a1b2c3d4e5f"].map(|id| id.parse::<KeyId>().unwrap().shard()), [0, 6]);
    }

    #[test]
    fn nothing_else_reads_as_a_key() {
        let text = key(255).reveal().to_owned();
        assert!(text.parse::<ApiKey>().is_ok());
        let wrong = [
            String::new(),
            "bsk_".to_owned(),
            text.replacen("bsk_", "BSK_", 1),
            text.replacen("bsk_", "", 1),
            text[..text.len() - 1].to_owned(),
            format!("{text}A"),
            format!("{text}="),
            format!(" {text}"),
            text.replacen("bsk_", "bsk_a", 1),
            text.replacen(key(255).id().as_str(), "ABCDEFGHIJKL", 1),
            // Another spelling of the same bytes.
            format!("{}9", &text[..text.len() - 1]),
        ];
        for wrong in wrong {
            assert!(wrong.parse::<ApiKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_not_in_the_debug_output() {
        let key = key(7);
        assert_eq!(format!("{key:?}"), format!("bsk_{}_…", key.id()));
    }

    #[test]
    fn a_hash_is_sha_256_of_the_whole_key() {
        // printf %s bsk_bbbbbbbbbbbb_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE | sha256sum
        assert_eq!(key(1).reveal(), "bsk_bbbbbbbbbbbb_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE");
        assert_eq!(key(1).hash().to_string(), "5b3cd0312ab90abd43465e0331be47d980ce11f547ac774be01f805b38b2f00f");
    }

    #[test]
    fn a_record_reads_back_as_it_was_written_and_is_not_forgotten_by_the_store_when_it_expires() {
        let written = serde_json::to_value(record(Some(60))).unwrap();
        assert_eq!(written["valid_until"], NOW + 60);
        assert!(written.get("expires_at").is_none() && written.get("revoked_at").is_none(), "{written}");
        let read: ApiKeyRecord = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), written);
        assert!(read.admits(&key(1), NOW).is_ok());
        for hash in ["", "zz", &"0".repeat(63), &"0".repeat(66)] {
            let mut wrong = written.clone();
            wrong["hash"] = hash.into();
            assert!(serde_json::from_value::<ApiKeyRecord>(wrong).is_err(), "{hash}");
        }
    }

    #[test]
    fn another_secret_under_the_same_id_is_not_known() {
        let forged = ApiKey::new([1; 12], [2; 32]);
        assert_eq!(forged.id(), key(1).id());
        assert_eq!(record(None).admits(&forged, NOW), Err(Refused::Unknown));
        let revoked = ApiKeyRecord { revoked_at: Some(NOW), ..record(None) };
        assert_eq!(revoked.admits(&forged, NOW), Err(Refused::Unknown));
    }

    #[test]
    fn a_key_is_good_until_it_is_revoked_or_its_time_is_over() {
        assert_eq!(record(None).admits(&key(1), i64::MAX), Ok(()));
        assert_eq!(record(Some(60)).admits(&key(1), NOW + 59), Ok(()));
        assert_eq!(record(Some(60)).admits(&key(1), NOW + 60), Err(Refused::Expired));
        let revoked = ApiKeyRecord { revoked_at: Some(NOW + 1), ..record(Some(60)) };
        assert_eq!(revoked.admits(&key(1), NOW + 2), Err(Refused::Revoked));
        assert_eq!(revoked.admits(&key(1), NOW + 61), Err(Refused::Revoked));
    }
}
