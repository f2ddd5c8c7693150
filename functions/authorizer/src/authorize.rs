//! API Gateway asks whether to let a caller in. It remembers the answer by the `Authorization` header, for every route alike: which scope a
//! route needs is the API's to see to.

use crate::event::Decision;
use crate::token::Tokens;
use crate::{Authorizer, subject};
use domain::access::ApiKey;

/// What a caller shows.
#[derive(Debug)]
pub enum Credential {
    Key(ApiKey),
    /// Anything else: an access token, perhaps.
    Token(String),
}

impl Credential {
    /// From an `Authorization` header: `Bearer <token or key>` (RFC 6750; the scheme's case does not matter, RFC 9110).
    pub fn read(header: &str) -> Option<Self> {
        let (scheme, text) = header.split_once(' ')?;
        let text = text.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || text.is_empty() {
            return None;
        }
        if ApiKey::is_meant(text) { text.parse().ok().map(Self::Key) } else { Some(Self::Token(text.to_owned())) }
    }
}

impl Authorizer {
    /// An error where it cannot be known: nobody is let in then.
    pub async fn authorize(&self, header: Option<&str>) -> anyhow::Result<Decision> {
        match header.and_then(Credential::read) {
            Some(Credential::Key(key)) => self.authorize_key(&key).await,
            Some(Credential::Token(token)) => self.authorize_token(&token).await,
            None => Ok(Decision::refuse()),
        }
    }

    async fn authorize_key(&self, key: &ApiKey) -> anyhow::Result<Decision> {
        Ok(match self.admit(key).await? {
            Ok(record) => Decision::allow(subject(&record), &record.scopes, record.expires_at),
            Err(refused) => {
                tracing::info!(key_id = %key.id(), reason = %refused, "a key was refused");
                Decision::refuse()
            }
        })
    }

    async fn authorize_token(&self, token: &str) -> anyhow::Result<Decision> {
        let Some(kid) = Tokens::kid(token) else { return Ok(Decision::refuse()) };
        let Some(key) = self.signing.get(&kid).await? else {
            tracing::debug!("a token was refused: its signing key is not known");
            return Ok(Decision::refuse());
        };
        Ok(match self.tokens.verify(token, &key) {
            Ok(claims) => Decision::allow(claims.sub, &claims.scope, Some(claims.exp)),
            Err(error) => {
                tracing::debug!(reason = %error, "a token was refused");
                Decision::refuse()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_a_token_and_a_malformed_one_is_neither() {
        let key = ApiKey::new([1; 12], [1; 32]);
        let read = |text: &str| Credential::read(text);
        assert!(matches!(read(&format!("Bearer {}", key.reveal())), Some(Credential::Key(read)) if read.id() == key.id()));
        assert!(matches!(read("bearer a.b.c"), Some(Credential::Token(token)) if token == "a.b.c"));
        let cut = &key.reveal()[..30];
        for header in ["", "Bearer", "Bearer ", "Basic a.b.c", "a.b.c", key.reveal(), &format!("Bearer {cut}")] {
            assert!(read(header).is_none(), "{header}");
        }
    }
}
