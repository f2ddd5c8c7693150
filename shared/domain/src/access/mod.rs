//! Who may call the REST API, and for what.
//!
//! A caller has an API key, made by an operator, or an access token got for one; both carry scopes. Everything here is a rule: where keys
//! are kept, how tokens are signed and what time it is are for others.

mod key;
mod scope;
mod signing;

pub use key::{ApiKey, ApiKeyRecord, KEY_SHARDS, KeyHash, KeyId, NotAKey, Refused};
pub use scope::{Concern, NotAScope, Right, Scope, Scopes};
pub use signing::{BadSigningKeys, SIGNING_KEY_BYTES, SigningKeys};

/// How long an access token is good for, in seconds.
pub const TOKEN_LIFE: i64 = 15 * 60;

/// Tokens that one key is given within a minute. A program needs one in a quarter of an hour; this leaves room for its copies.
pub const TOKENS_A_MINUTE: i64 = 30;

/// Small letters and digits, as key ids and the names of signing keys are made of: easy to read out, select and compare.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// One of [`LETTERS`] a byte. Names, not secrets: that some letters are a little more frequent does no harm.
fn letters(random: &[u8]) -> String {
    random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}
