//! Somebody who makes tokens himself, with the deployment's own signing key or without.

use crate::play::Play;
use anyhow::{Context, Result};
use aws::{Aws, secrets, time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::SigningKeys;
use ring::hmac;
use serde_json::{Value, json};

/// A signing key, and what a good token says and names.
pub struct Forge {
    pub kid: String,
    key: hmac::Key,
    claims: Value,
}

impl Forge {
    /// With the key that signs now, and claims as the deployment makes them, for every scope there is.
    pub async fn begin(play: &Play) -> Result<Self> {
        let settings = play.stack.configuration(&play.stack.functions["authorizer"]).await?;
        let parameter = settings["Environment"]["Variables"]["JWT_KEYS_PARAMETER"].as_str().context("the parameter's name")?;
        let [text] = secrets::load(&Aws::patient().await, [parameter.to_owned()]).await?;
        let keys: SigningKeys = serde_json::from_str(&text)?;
        let (kid, key) = keys.current();
        let mut claims = said(&play.token(&["users:read"]).await?)?;
        claims["scope"] = all_scopes().join(" ").into();
        Ok(Self { kid: kid.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, key), claims })
    }

    /// A token signed with the right key; `change` its claims.
    pub fn token(&self, change: impl FnOnce(&mut Value)) -> Result<String> {
        let mut claims = self.claims.clone();
        change(&mut claims);
        self.signed(&json!({"typ": "JWT", "alg": "HS256", "kid": self.kid}), &claims)
    }

    /// Tokens of which none may open anything, by what is wrong with them.
    pub fn bad_tokens(&self) -> Result<Vec<(&'static str, String)>> {
        let now = time::now();
        let good = self.token(|_| {})?;
        let (message, signature) = good.rsplit_once('.').context("a token has a signature")?;
        let (header, _) = message.split_once('.').context("a token has a header")?;
        let more = URL_SAFE_NO_PAD.encode(json!({"sub": "key:somebody"}).to_string());
        let unsigned = |header: Value| -> Result<String> {
            let token = self.signed(&header, &self.claims)?;
            Ok(format!("{}.", token.rsplit_once('.').context("a token has a signature")?.0))
        };
        Ok(vec![
            ("malformed", "not.a-token".to_owned()),
            ("expired", self.token(|claims| (claims["nbf"], claims["exp"]) = (json!(now - 960), json!(now - 60)))?),
            ("not yet valid", self.token(|claims| (claims["nbf"], claims["exp"]) = (json!(now + 600), json!(now + 1500)))?),
            ("without an end", self.token(|claims| drop(claims.as_object_mut().and_then(|claims| claims.remove("exp"))))?),
            ("for another audience", self.token(|claims| claims["aud"] = json!("somebody-else"))?),
            ("of another issuer", self.token(|claims| claims["iss"] = json!("somebody-else"))?),
            ("alg none", unsigned(json!({"typ": "JWT", "alg": "none", "kid": self.kid}))?),
            ("without a signature", unsigned(json!({"typ": "JWT", "alg": "HS256", "kid": self.kid}))?),
            ("tampered claims", format!("{header}.{more}.{signature}")),
            ("tampered signature", format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 32]))),
            ("unknown kid", self.signed(&json!({"typ": "JWT", "alg": "HS256", "kid": "made-up"}), &self.claims)?),
            ("without a kid", self.signed(&json!({"typ": "JWT", "alg": "HS256"}), &self.claims)?),
        ])
    }

    fn signed(&self, header: &Value, claims: &Value) -> Result<String> {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, message.as_bytes()));
        Ok(format!("{message}.{signature}"))
    }
}

/// What a token says, whoever signed it.
pub fn said(token: &str) -> Result<Value> {
    let claims = token.split('.').nth(1).context("a token has claims")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?)
}

/// Every scope there is.
pub fn all_scopes() -> Vec<String> {
    use domain::access::{Concern, Right, Scope};
    let of = |concern| Right::ALL.map(|right| Scope { concern, right }.to_string());
    Concern::ALL.into_iter().flat_map(of).collect()
}
