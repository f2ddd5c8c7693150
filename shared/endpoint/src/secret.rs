//! Secrets, and signatures by them (Standard Webhooks specification, "Signature scheme": `v1`, HMAC-SHA256 of `<id>.<timestamp>.<body>`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// What every secret begins with.
const PREFIX: &str = "whsec_";

/// Random bytes of a secret; the specification asks for 24 to 64.
const BYTES: usize = 32;

/// There is no randomness, or the text is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no secret")]
pub struct NoSecret;

/// A new secret, as its owner has it.
///
/// # Errors
/// The system has no random bytes.
pub fn random() -> Result<String, NoSecret> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoSecret)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// The header `webhook-signature`: a signature by each secret, so that a receiver may have either. `at`: Unix seconds.
///
/// # Errors
/// One of them is no secret.
pub fn signatures(secrets: &[&str], id: &str, at: i64, body: &str) -> Result<String, NoSecret> {
    let signed = format!("{id}.{at}.{body}");
    let one = |secret: &&str| {
        let key = secret.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok()).ok_or(NoSecret)?;
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(signature)))
    };
    Ok(secrets.iter().map(one).collect::<Result<Vec<_>, _>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // Standard Webhooks, the example of the libraries' tests.
        let (secret, id, body) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signatures(&[secret], id, 1_614_265_330, body).unwrap(), signature);
        let two = signatures(&[&random().unwrap(), secret], id, 1_614_265_330, body).unwrap();
        assert!(two.ends_with(&format!(" {signature}")) && two.starts_with("v1,"), "{two}");
    }

    #[test]
    fn secrets_are_random_and_what_is_none_signs_nothing() {
        assert!(random().unwrap() != random().unwrap());
        assert_eq!(signatures(&["secret"], "id", 0, ""), Err(NoSecret));
        assert_eq!(signatures(&["whsec_?"], "id", 0, ""), Err(NoSecret));
    }
}
