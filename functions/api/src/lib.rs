//! The REST API. One binary, deployed as one Lambda a concern: each has its own role on its own tables, and answers its own routes only.
//!
//! # Layout
//! - a module a concern: [`subscriptions`], [`users`] (and chats and admins), [`bans`], [`sync`], [`telegram_calls`], [`notifications`],
//!   [`analytics`], [`audit`];
//! - what they share: [`concern`] (which one this Lambda is), [`access`] (who may call what), [`error`], [`extract`], [`ids`], [`bounded`],
//!   [`page`], [`health`], [`openapi`], [`bot`] (in whose name), [`roles`] (who is an administrator where), [`pace`] (of calls to Telegram), [`refusal`] (by it),
//!   [`changes`] (noted, and done once), [`row`] (of a bulk), [`tracking`] (what is carried over).

mod access;
mod analytics;
mod audit;
mod bans;
mod bot;
mod bounded;
mod changes;
mod concern;
mod error;
mod extract;
mod health;
mod ids;
mod notifications;
mod openapi;
mod pace;
mod page;
mod refusal;
mod roles;
mod row;
mod subscriptions;
mod sync;
mod telegram_calls;
mod tracking;
mod users;

use aws::{Aws, env, lambda, secrets};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;

/// Prints the description of the API where the binary is asked for it; otherwise answers requests to the concern that the environment
/// names, until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong.
pub fn run() -> Result<(), lambda::Error> {
    if std::env::args().nth(1).as_deref() == Some(openapi::ARGUMENT) {
        print!("{}", openapi::text()?);
        return Ok(());
    }
    lambda::start(
        |aws| async move { concern::router(env::parsed("CONCERN")?, &aws).await },
        |router, aws| lambda_http::run(router.layer(middleware::from_fn_with_state(aws, with_secrets))),
    )
}

/// The request is answered with secrets that are not old.
async fn with_secrets(State(aws): State<Aws>, request: Request, next: Next) -> Response {
    secrets::renew(&aws).await;
    next.run(request).await
}
