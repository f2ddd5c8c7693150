//! Access tokens: JWTs (RFC 7519), signed with HS256.

use crate::hs256;
use domain::access::{SIGNING_KEY_BYTES, Scopes, TOKEN_LIFE};
use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Seconds by which the clocks of two machines may differ.
const LEEWAY: u64 = 5;

/// What a token says. Moments are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// `key:<key id>`: whose key it was got for.
    pub sub: String,
    pub scope: Scopes,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    /// Tells this token from any other.
    pub jti: Uuid,
}

/// Signs and verifies tokens of one deployment.
pub struct Tokens {
    issuer: String,
    audience: String,
    validation: Validation,
}

impl Tokens {
    pub fn new(issuer: String, audience: String) -> Self {
        hs256::install();
        // The algorithm is ours to choose, never the token's.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        // A claim that is not required is not missed, either.
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        Self { issuer, audience, validation }
    }

    /// What a token says that is signed `now` (Unix seconds).
    pub fn claims(&self, subject: String, scopes: Scopes, now: i64) -> Claims {
        Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject,
            scope: scopes,
            iat: now,
            nbf: now,
            exp: now + TOKEN_LIFE,
            jti: Uuid::new_v4(),
        }
    }

    /// `kid`: the name of the signing key, by which a verifier finds it.
    pub fn sign(&self, claims: &Claims, kid: &str, key: &[u8; SIGNING_KEY_BYTES]) -> Result<String, Error> {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key))
    }

    /// The name of the key that a token claims to be signed with; `None` where it is no token.
    pub fn kid(token: &str) -> Option<String> {
        jsonwebtoken::decode_header(token).ok()?.kid
    }

    /// What a token says, if it is ours, signed with `key`, and good now.
    pub fn verify(&self, token: &str, key: &[u8; SIGNING_KEY_BYTES]) -> Result<Claims, Error> {
        Ok(jsonwebtoken::decode(token, &DecodingKey::from_secret(key), &self.validation)?.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::time;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::errors::ErrorKind;
    use serde_json::{Value, json};

    const KEY: [u8; SIGNING_KEY_BYTES] = [7; SIGNING_KEY_BYTES];

    fn tokens() -> Tokens {
        Tokens::new("bansync".to_owned(), "bansync-api".to_owned())
    }

    fn claims() -> Claims {
        tokens().claims("key:a".to_owned(), "users:read".parse().unwrap(), time::now())
    }

    /// A token of any header and claims, signed with the right key.
    fn forged(header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &KEY), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Why a token whose claim `name` is `value` is refused.
    fn refused_with(name: &str, value: Value) -> ErrorKind {
        let mut claims = serde_json::to_value(claims()).unwrap();
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.to_owned(), value),
        };
        let token = forged(&json!({"typ": "JWT", "alg": "HS256", "kid": "k"}), &claims);
        tokens().verify(&token, &KEY).expect_err(name).into_kind()
    }

    #[test]
    fn a_token_says_what_was_signed_and_names_its_key() {
        let signed = claims();
        let token = tokens().sign(&signed, "k", &KEY).unwrap();
        assert_eq!(tokens().verify(&token, &KEY).unwrap(), signed);
        assert_eq!(Tokens::kid(&token).as_deref(), Some("k"));
        assert_eq!(signed.exp - signed.iat, 15 * 60);
        assert_ne!(signed.jti, claims().jti);
    }

    #[test]
    fn a_token_is_good_from_its_beginning_to_its_end_with_five_seconds_between_clocks() {
        let now = time::now();
        let at = |nbf: i64, exp: i64| {
            let token = tokens().sign(&Claims { nbf, exp, ..claims() }, "k", &KEY).unwrap();
            tokens().verify(&token, &KEY).map_err(Error::into_kind)
        };
        assert!(at(now - 900, now - 3).is_ok());
        assert_eq!(at(now - 900, now - 8).unwrap_err(), ErrorKind::ExpiredSignature);
        assert!(at(now + 3, now + 900).is_ok());
        assert_eq!(at(now + 8, now + 900).unwrap_err(), ErrorKind::ImmatureSignature);
    }

    #[test]
    fn tokens_of_others_and_for_others_are_refused() {
        assert_eq!(refused_with("iss", json!("somebody")), ErrorKind::InvalidIssuer);
        assert_eq!(refused_with("aud", json!("something")), ErrorKind::InvalidAudience);
        for list in [json!(["something"]), json!(["bansync-api"])] {
            refused_with("aud", list);
        }
    }

    #[test]
    fn a_claim_that_is_missing_or_of_another_type_is_no_way_round_its_check() {
        for name in ["iss", "aud", "sub", "exp", "nbf", "iat", "scope", "jti"] {
            refused_with(name, Value::Null);
            refused_with(name, json!({}));
            refused_with(name, json!(true));
        }
        for name in ["exp", "nbf", "iat"] {
            refused_with(name, json!("1800000000"));
        }
        for name in ["exp", "nbf"] {
            refused_with(name, json!(-1));
        }
        refused_with("scope", json!("users:everything"));
    }

    #[test]
    fn a_token_that_was_changed_or_signed_with_another_key_is_refused() {
        let token = tokens().sign(&claims(), "k", &KEY).unwrap();
        assert!(tokens().verify(&token, &[8; SIGNING_KEY_BYTES]).is_err());
        let parts: Vec<&str> = token.split('.').collect();
        let more = Claims { scope: "users:write".parse().unwrap(), ..claims() };
        let more = URL_SAFE_NO_PAD.encode(serde_json::to_string(&more).unwrap());
        for changed in [
            format!("{}.{more}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], parts[1], "A".repeat(43)),
            format!("{}.{}.{}", parts[0], parts[1], &parts[2][..42]),
            String::new(),
            "..".to_owned(),
        ] {
            assert!(tokens().verify(&changed, &KEY).is_err(), "{changed}");
        }
    }

    #[test]
    fn a_token_cannot_choose_its_algorithm() {
        let claims = serde_json::to_value(claims()).unwrap();
        for algorithm in ["none", "None", "", "HS384", "HS512", "RS256", "ES256", "EdDSA"] {
            let token = forged(&json!({"typ": "JWT", "alg": algorithm, "kid": "k"}), &claims);
            assert!(tokens().verify(&token, &KEY).is_err(), "{algorithm}");
            let (unsigned, _) = token.rsplit_once('.').unwrap();
            assert!(tokens().verify(&format!("{unsigned}."), &KEY).is_err(), "{algorithm}");
        }
        assert!(tokens().verify(&forged(&json!({"typ": "JWT", "alg": "HS256", "kid": "k"}), &claims), &KEY).is_ok());
    }

    #[test]
    fn a_signature_is_the_one_of_rfc_7515() {
        // Appendix A.1: the message and its HMAC-SHA256.
        let key = URL_SAFE_NO_PAD.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow").unwrap();
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        hs256::install();
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&key), Algorithm::HS256).unwrap();
        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }
}
