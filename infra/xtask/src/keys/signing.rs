//! The signing keys of access tokens: a SecureString that only the authorizer reads.

use anyhow::{Context, Result};
use domain::access::SigningKeys;
use serde_json::json;

use crate::aws::Aws;
use crate::deploy::STACK;
use crate::secret;

/// Puts a first signing key where there is none.
pub fn put_if_none(aws: &Aws) -> Result<()> {
    match read(aws)? {
        Some(_) => Ok(()),
        None => put(aws, &first_keys()?),
    }
}

/// A first signing key, as the parameter holds it.
pub fn first() -> Result<String> {
    Ok(serde_json::to_string(&first_keys()?)?)
}

fn first_keys() -> Result<SigningKeys> {
    Ok(SigningKeys::new(secret::bytes()?, secret::bytes()?))
}

/// Has a new key sign; of the others only the one that signed before stays. Where there is none, this is the first.
/// `now`: Unix seconds.
pub fn rotate(aws: &Aws, now: i64) -> Result<SigningKeys> {
    let keys = match read(aws)? {
        Some(mut keys) => {
            keys.rotate(secret::bytes()?, secret::bytes()?, now);
            keys
        }
        None => first_keys()?,
    };
    put(aws, &keys)?;
    Ok(keys)
}

pub fn names(keys: &SigningKeys) -> String {
    keys.names().collect::<Vec<_>>().join(", ")
}

fn parameter() -> String {
    format!("/{STACK}/jwt-keys")
}

fn read(aws: &Aws) -> Result<Option<SigningKeys>> {
    let answer = aws.call("ssm", "get_parameters", &json!({"Names": [parameter()], "WithDecryption": true}))?;
    let Some(text) = answer["Parameters"][0]["Value"].as_str() else { return Ok(None) };
    serde_json::from_str(text).map(Some).with_context(|| format!("the parameter {} holds no signing keys", parameter()))
}

fn put(aws: &Aws, keys: &SigningKeys) -> Result<()> {
    let value = serde_json::to_string(keys)?;
    let parameters = json!({"Name": parameter(), "Value": value, "Type": "SecureString", "Overwrite": true});
    aws.call("ssm", "put_parameter", &parameters).map(drop)
}
