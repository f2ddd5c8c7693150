//! The signing keys of access tokens: a SecureString that only the authorizer reads.

use anyhow::{Context, Result};
use domain::access::SigningKeys;

use crate::secret;
use crate::secrets::{self, Name};
use crate::target::Target;

/// A first signing key, as the parameter holds it.
pub fn first() -> Result<String> {
    Ok(serde_json::to_string(&first_keys()?)?)
}

fn first_keys() -> Result<SigningKeys> {
    Ok(SigningKeys::new(secret::bytes()?, secret::bytes()?))
}

/// Has a new key sign; of the others only the one that signed before stays. Where there is none, this is the first.
/// `now`: Unix seconds.
pub fn rotate(target: &Target, now: i64) -> Result<SigningKeys> {
    let keys = match read(target)? {
        Some(mut keys) => {
            keys.rotate(secret::bytes()?, secret::bytes()?, now);
            keys
        }
        None => first_keys()?,
    };
    put(target, &keys)?;
    Ok(keys)
}

pub fn names(keys: &SigningKeys) -> String {
    keys.names().collect::<Vec<_>>().join(", ")
}

fn read(target: &Target) -> Result<Option<SigningKeys>> {
    let Some(text) = secrets::find(target, Name::JwtKeys)? else { return Ok(None) };
    // Not the cause: it could quote a key.
    let keys = serde_json::from_str(&text).ok();
    keys.map(Some).with_context(|| format!("the parameter {} holds no signing keys", target.parameter(Name::JwtKeys.text())))
}

fn put(target: &Target, keys: &SigningKeys) -> Result<()> {
    secrets::put(target, Name::JwtKeys, &serde_json::to_string(keys)?)
}
