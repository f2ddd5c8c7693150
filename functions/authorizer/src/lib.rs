//! Authorization of the REST API. One function with two doors: API Gateway asks it of every caller whom it does not remember
//! ([`authorize`]), and callers exchange an API key for an access token of a quarter of an hour ([`exchange`]).
//!
//! # Layout
//! - [`event`]: which door, and what is answered through it
//! - [`authorize`], [`exchange`]: the doors
//! - [`token`]: the form of access tokens and what is checked of one; [`hs256`] signs them
//! - [`signing`]: the signing keys, read again in time

mod authorize;
mod event;
mod exchange;
mod hs256;
mod signing;
mod token;

use aws::lambda::{self, Context};
use aws::store::keys::Keys;
use aws::{env, time};
use domain::access::{ApiKey, ApiKeyRecord, Refused};
use event::{Answer, Event};
use signing::Signing;
use std::sync::Arc;
use token::Tokens;

struct Authorizer {
    keys: Keys,
    signing: Signing,
    tokens: Tokens,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            let keys = Keys::new(&aws, env::required("AUTH_TABLE")?);
            keys.connect().await;
            Ok(Authorizer {
                keys,
                signing: Signing::read(aws, env::required("JWT_KEYS_PARAMETER")?).await?,
                tokens: Tokens::new(env::required("TOKEN_ISSUER")?, env::required("TOKEN_AUDIENCE")?),
            })
        },
        open,
    )
}

async fn open(authorizer: Arc<Authorizer>, event: Event, _context: Context) -> anyhow::Result<Answer> {
    Ok(match event {
        // An error here makes API Gateway answer 500: nobody is let in while nobody can be known.
        Event::Authorize { credential } => Answer::Decision(authorizer.authorize(credential.as_deref()).await?),
        Event::Exchange(request) => Answer::Response(authorizer.exchange(&request).await),
    })
}

impl Authorizer {
    /// The record of a key that is good now.
    async fn admit(&self, key: &ApiKey) -> anyhow::Result<Result<ApiKeyRecord, Refused>> {
        let Some(record) = self.keys.get(key.id()).await? else { return Ok(Err(Refused::Unknown)) };
        if let Err(refused) = record.admits(key, time::now()) {
            return Ok(Err(refused));
        }
        // Bookkeeping: no reason to turn a caller away.
        if let Err(error) = self.keys.touch(&record).await {
            tracing::warn!(key_id = %record.key_id, error = format!("{error:#}"), "the use of a key could not be noted");
        }
        Ok(Ok(record))
    }
}

/// How a caller is named in tokens, to the API and in logs.
fn subject(record: &ApiKeyRecord) -> String {
    format!("key:{}", record.key_id)
}
