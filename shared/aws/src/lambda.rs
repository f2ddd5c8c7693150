//! The main function of every Lambda: one thread, JSON logs, one handler.

use crate::{Aws, secrets};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use lambda_runtime::{Context, Error};

/// Runs a function: `init` once (clients, settings), then `handle` for every event, with secrets that are not old.
///
/// An error of `handle` is logged here, once, and makes Lambda (or the queue, or the stream) try again.
pub fn run<S, E, R, I, H>(init: impl FnOnce(Aws) -> I, handle: impl Fn(Arc<S>, E, Context) -> H + Clone) -> Result<(), Error>
where
    E: DeserializeOwned,
    R: Serialize,
    I: Future<Output = anyhow::Result<S>>,
    H: Future<Output = anyhow::Result<R>>,
{
    start(init, |state, aws| {
        let state = Arc::new(state);
        lambda_runtime::run(service_fn(move |event: LambdaEvent<E>| {
            let (state, aws, handle) = (state.clone(), aws.clone(), handle.clone());
            async move {
                secrets::renew(&aws).await;
                handle(state, event.payload, event.context).await.map_err(|error| {
                    tracing::error!(error = format!("{error:#}"), "the event could not be handled");
                    Error::from(error)
                })
            }
        }))
    })
}

/// Runs a function that answers HTTP requests: `init` once, then `serve`, which is Lambda's loop over what `init` made.
///
/// `serve` has [`secrets::renew`] called before every request.
pub fn start<S, I, F>(init: impl FnOnce(Aws) -> I, serve: impl FnOnce(S, Aws) -> F) -> Result<(), Error>
where
    I: Future<Output = anyhow::Result<S>>,
    F: Future<Output = Result<(), Error>>,
{
    init_logs();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let aws = Aws::from_env().await;
        // An error ends the process: Lambda starts another.
        match init(aws.clone()).await {
            Ok(made) => serve(made, aws).await,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the function cannot start");
                Err(error.into())
            }
        }
    })
}

/// JSON lines; the level is `AWS_LAMBDA_LOG_LEVEL`'s, which the template sets. No spans: an invocation's lines carry their ids themselves.
fn init_logs() {
    let level = crate::env::parsed("AWS_LAMBDA_LOG_LEVEL").unwrap_or(LevelFilter::INFO);
    // A handler's error is logged above; Lambda's loop would log it once more.
    let targets = Targets::new().with_default(LevelFilter::WARN).with_target("lambda_runtime", LevelFilter::OFF);
    let targets = OURS.iter().fold(targets, |targets, name| targets.with_target(*name, level));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::registry().with(lines).with(targets).init();
}

/// The crates of this project; of the libraries only warnings are news.
const OURS: [&str; 18] = [
    "aws",
    "telegram",
    "domain",
    "webhook",
    "api",
    "authorizer",
    "relay",
    "archiver",
    "sync_planner",
    "sync_worker",
    "notification_planner",
    "notification_sender",
    "chat_lifecycle",
    "rights_monitor",
    "notification_digest",
    "analytics_collector",
    "chart",
    "endpoint",
];
