//! The main function of every Lambda: one thread, JSON logs, one handler.

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

pub use lambda_runtime::{Context, Error};

/// Runs a function: `init` once (clients, settings), then `handle` for every event.
///
/// An error of `init` ends the process: Lambda starts another. An error of `handle` is logged here, once, and makes Lambda (or the
/// queue, or the stream) try again.
pub fn run<S, E, R, I, H>(init: impl FnOnce() -> I, handle: impl Fn(Arc<S>, E, Context) -> H + Clone) -> Result<(), Error>
where
    E: DeserializeOwned,
    R: Serialize,
    I: Future<Output = anyhow::Result<S>>,
    H: Future<Output = anyhow::Result<R>>,
{
    init_logs();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let state = match init().await {
            Ok(state) => Arc::new(state),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the function cannot start");
                return Err(error.into());
            }
        };
        lambda_runtime::run(service_fn(move |event: LambdaEvent<E>| {
            let (state, handle) = (state.clone(), handle.clone());
            async move {
                handle(state, event.payload, event.context).await.map_err(|error| {
                    tracing::error!(error = format!("{error:#}"), "the event could not be handled");
                    Error::from(error)
                })
            }
        }))
        .await
    })
}

/// JSON lines; the level is `AWS_LAMBDA_LOG_LEVEL`'s, which the template sets. No spans: an invocation's lines carry their ids themselves.
fn init_logs() {
    let level = crate::env::required("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "INFO".to_owned());
    let filter = EnvFilter::try_new(format!("warn,lambda_runtime=off,{}", ours(&level))).unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_span_list(false).with_env_filter(filter).init();
}

/// The crates of this project at `level`. A handler's error is logged above; Lambda's loop would log it once more.
fn ours(level: &str) -> String {
    let crates = [
        "aws",
        "telegram",
        "domain",
        "webhook",
        "relay",
        "sync_planner",
        "sync_worker",
        "notification_planner",
        "notification_sender",
        "chat_lifecycle",
    ];
    crates.map(|name| format!("{name}={level}")).join(",")
}
