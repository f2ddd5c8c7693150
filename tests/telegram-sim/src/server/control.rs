//! `POST /control/<command>` and `GET /world`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Shared, webhook};
use crate::control::{Command, Delivered, Pressed, Refusal};
use crate::world::{Note, Refused};

/// How long a pressed button waits for the bot when the test does not say, milliseconds: longer than a function lives, on a busy machine.
const PATIENCE_MS: u64 = 60_000;

pub async fn world(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.with(|world| world.snapshot()))
}

pub async fn command(State(shared): State<Arc<Shared>>, Path(name): Path<String>, body: Bytes) -> Response {
    let body = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    let done = match body.and_then(|body| Command::join(&name, body)) {
        Ok(command) => carry_out(&shared, command).await,
        Err(error) => Err(error.to_string()),
    };
    match done {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(Refusal { error })).into_response(),
    }
}

async fn carry_out(shared: &Arc<Shared>, command: Command) -> Result<Value, Refused> {
    match command {
        Command::Press { user, chat, message_id, data, forged, timeout_ms } => {
            let query_id = shared.with(|world| world.press(user, chat, message_id, &data, forged))?;
            let timeout = Duration::from_millis(timeout_ms.unwrap_or(PATIENCE_MS));
            let answer = shared.wait_for(timeout, |world| world.queries.get(&query_id).and_then(|query| query.answer.clone())).await;
            let answered = answer.is_some();
            let Note { text, show_alert, url } = answer.unwrap_or_default();
            Ok(json!(Pressed { query_id, answered, text, show_alert, url }))
        }
        Command::Redeliver { update_id } => {
            let body = shared.with(|world| world.outbox.body(update_id));
            let body = body.ok_or_else(|| format!("no update {update_id}"))?;
            deliver(shared, body, None).await
        }
        Command::DeliverRaw { body, secret } => deliver(shared, body, secret).await,
        other => shared.with(|world| world.command(other)),
    }
}

/// Out of turn: no queue, no second attempt.
async fn deliver(shared: &Arc<Shared>, body: String, secret: Option<String>) -> Result<Value, Refused> {
    let webhook = shared.with(|world| world.outbox.webhook.clone());
    let mut webhook = webhook.ok_or("the bot has set no webhook")?;
    if let Some(secret) = secret {
        webhook.secret = Some(secret).filter(|s| !s.is_empty());
    }
    let outcome = webhook::post(shared, &webhook, body).await;
    Ok(json!(Delivered { status: outcome.status }))
}
