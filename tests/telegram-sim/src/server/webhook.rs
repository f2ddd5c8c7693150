//! The postman: brings updates to the webhook as the outbox says.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;

use super::{Shared, now_ms};
use crate::bot_api::Params;
use crate::world::outbox::{Outcome, Post, Webhook};

/// The longest sleep between two looks at the clock.
const LONGEST_SLEEP_MS: i64 = 1000;

/// Delivers for ever: drop it to stop.
pub async fn run(shared: Arc<Shared>) {
    loop {
        let (posts, next_ms) = {
            let mut world = shared.world.lock().unwrap_or_else(PoisonError::into_inner);
            let now_ms = now_ms();
            let posts = world.at(now_ms).outbox.due(now_ms);
            let next = [world.outbox.next_due(), world.next_scheduled()].into_iter().flatten().min();
            (posts, next.map_or(LONGEST_SLEEP_MS, |at| at - now_ms))
        };
        for post in posts {
            tokio::spawn(deliver(shared.clone(), post));
        }
        let pause = Duration::from_millis(u64::try_from(next_ms.clamp(1, LONGEST_SLEEP_MS)).unwrap_or(1));
        tokio::select! {
            () = shared.postman.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn deliver(shared: Arc<Shared>, attempt: Post) {
    let outcome = post(&shared, &attempt.webhook, attempt.body).await;
    shared.with(|world| {
        let now_ms = world.now_ms();
        world.outbox.finished(attempt.update_id, now_ms, outcome);
    });
}

/// One request to the webhook. An answer that is a call of the Bot API is carried out.
pub async fn post(shared: &Shared, webhook: &Webhook, body: String) -> Outcome {
    let mut request = shared.http.post(&webhook.url).header(CONTENT_TYPE, "application/json").body(body);
    if let Some(secret) = &webhook.secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            let what = if error.is_timeout() { "Read timeout expired" } else { "Connection refused" };
            return Outcome { error: Some(what.to_owned()), ..Outcome::default() };
        }
    };
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
    let answer = response.bytes().await.unwrap_or_default();
    if status.is_success() {
        call_in(shared, &answer);
        return Outcome { status: Some(status.as_u16()), ..Outcome::default() };
    }
    let reason = status.canonical_reason().unwrap_or_default();
    let error = format!("Wrong response from the webhook: {} {reason}", status.as_u16());
    Outcome { status: Some(status.as_u16()), retry_after, error: Some(error.trim_end().to_owned()) }
}

fn call_in(shared: &Shared, answer: &[u8]) {
    let Ok(call) = serde_json::from_slice::<Value>(answer) else {
        return;
    };
    let Some(method) = call.get("method").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let mut params = Params::default();
    params.add_json(call);
    // The bot learns nothing of what became of it, as with Telegram itself.
    shared.with(|world| drop(world.call(&method, &params, true)));
}
