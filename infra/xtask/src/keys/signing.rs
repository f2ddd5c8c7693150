//! The signing keys of access tokens: a SecureString that only the authorizer reads.

use anyhow::{Context, Result};
use domain::access::SigningKeys;
use serde_json::json;

use crate::secret;
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

const NAME: &str = "jwt-keys";

fn read(target: &Target) -> Result<Option<SigningKeys>> {
    let parameter = target.parameter(NAME);
    let answer = target.aws.call("ssm", "get_parameters", &json!({"Names": [parameter], "WithDecryption": true}))?;
    let Some(text) = answer["Parameters"][0]["Value"].as_str() else { return Ok(None) };
    serde_json::from_str(text).map(Some).with_context(|| format!("the parameter {parameter} holds no signing keys"))
}

fn put(target: &Target, keys: &SigningKeys) -> Result<()> {
    let value = serde_json::to_string(keys)?;
    let parameters = json!({"Name": target.parameter(NAME), "Value": value, "Type": "SecureString", "Overwrite": true});
    target.aws.call("ssm", "put_parameter", &parameters).map(drop)
}
