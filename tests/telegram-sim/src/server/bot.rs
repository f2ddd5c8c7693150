//! `POST|GET /bot<token>/<method>`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::connection::Handle;
use super::{Shared, form};
use crate::bot_api::{Params, Reply, Wire, answer_json};
use crate::world::ApiError;

/// The longest a `getUpdates` waits, seconds.
const LONGEST_POLL: u64 = 50;

pub async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Handle>,
    Path((bot, method)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(token) = bot.strip_prefix("bot") else {
        return error(&ApiError::not_found());
    };
    if token != shared.token {
        let description = "Unauthorized".to_owned();
        return error(&ApiError { code: 401, description, parameters: None });
    }
    let params = match form::params(query, &headers, body).await {
        Ok(params) => params,
        Err(refused) => return error(&refused),
    };
    let (reply, latency_ms) = shared.with(|world| {
        let reply = world.call(&method, &params, false);
        (reply, world.traffic.limits.latency_ms)
    });
    if latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
    let reply = poll(&shared, &method, &params, reply).await;
    send(reply, &connection).await
}

pub async fn not_found() -> Response {
    error(&ApiError::not_found())
}

/// Waits for the first update where the bot polls and there was none.
async fn poll(shared: &Shared, method: &str, params: &Params, reply: Reply) -> Reply {
    let seconds = params.int("timeout").and_then(|s| u64::try_from(s).ok()).unwrap_or(0);
    let waits = method.eq_ignore_ascii_case("getUpdates") && seconds > 0 && reply.answer == Ok(json!([]));
    if !waits {
        return reply;
    }
    let timeout = Duration::from_secs(seconds.min(LONGEST_POLL));
    let answer = shared.wait_for(timeout, |world| Some(world.poll_again(params)).filter(|answer| *answer != Ok(json!([])))).await;
    Reply { answer: answer.unwrap_or(reply.answer), ..reply }
}

async fn send(reply: Reply, connection: &Handle) -> Response {
    match reply.wire {
        Wire::Answer => {}
        Wire::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Wire::Hang(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            connection.cut();
        }
        Wire::Close => connection.cut(),
        Wire::Html { code, body } => return (status(code), Html(body)).into_response(),
    }
    match &reply.answer {
        Ok(_) => Json(answer_json(&reply.answer)).into_response(),
        Err(refused) => error(refused),
    }
}

fn error(error: &ApiError) -> Response {
    (status(error.code), Json(error.json())).into_response()
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
