//! HTTP around the world: the Bot API, the control API, the webhook's postman.

mod bot;
mod connection;
mod control;
mod form;
mod webhook;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::control::Control;
use crate::world::World;

/// How long [`Simulator::stop`] waits for requests under way.
const FAREWELL: Duration = Duration::from_secs(1);

/// A running simulator. Dropping it stops it.
#[derive(Debug)]
pub struct Simulator {
    /// Base URL, e.g. `http://127.0.0.1:40123`: the bot's Bot API URL and that of [`Control`].
    pub url: String,
    /// A client of the control API.
    pub control: Control,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Listens and serves on the current tokio runtime.
    ///
    /// # Errors
    /// When the port is taken, or the token has no numeric bot id before its colon.
    pub async fn start(config: Config) -> io::Result<Self> {
        if config.bot_id().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the token must begin with the bot's id"));
        }
        let listener = TcpListener::bind((config.bind, config.port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = watch::channel(false);
        let shared = Shared::new(config, stopped.clone())?;
        let serve =
            axum::serve(connection::Closable(listener), routes(shared.clone()).into_make_service_with_connect_info::<connection::Handle>());
        let serve = serve.with_graceful_shutdown(until_stopped(stopped.clone()));
        let tasks = vec![
            // Serving ends with the listener or on stop; an error then has nobody to go to.
            tokio::spawn(async move { serve.await.unwrap_or_default() }),
            tokio::spawn(async move {
                tokio::select! {
                    () = webhook::run(shared) => {}
                    () = until_stopped(stopped) => {}
                }
            }),
        ];
        Ok(Self { control: Control::new(&url), url, stop, tasks })
    }

    /// Stops and waits until nothing is served any more (at most about a second).
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for task in &mut self.tasks {
            let stopped = tokio::time::timeout(FAREWELL, &mut *task).await;
            if stopped.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Ends when the simulator is stopped or dropped.
async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // An error means that the simulator itself is gone.
    stopped.wait_for(|stop| *stop).await.map(drop).unwrap_or_default();
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/world", get(control::world))
        .route("/control/{command}", post(control::command))
        .route("/{bot}/{method}", any(bot::call))
        .fallback(bot::not_found)
        .layer(DefaultBodyLimit::max(32 << 20))
        .with_state(shared)
}

/// What the handlers share.
struct Shared {
    world: Mutex<World>,
    token: String,
    http: reqwest::Client,
    /// Something may have to be sent, or somebody's wait may be over.
    changed: Notify,
    postman: Notify,
    stopped: watch::Receiver<bool>,
}

impl Shared {
    fn new(config: Config, stopped: watch::Receiver<bool>) -> io::Result<Arc<Self>> {
        let http = reqwest::Client::builder().timeout(config.webhook_timeout).no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build().map_err(io::Error::other)?;
        Ok(Arc::new(Self {
            world: Mutex::new(World::new(&config, now_ms())),
            token: config.token,
            http,
            changed: Notify::new(),
            postman: Notify::new(),
            stopped,
        }))
    }

    /// Does something with the world at the present time and wakes whoever may wait for it.
    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let result = {
            // A panic elsewhere must not hide behind a second one here: the world stays usable.
            let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            act(world.at(now_ms()))
        };
        self.changed.notify_waiters();
        self.postman.notify_one();
        result
    }

    /// Asks again at every change until there is an answer or `timeout` or the simulator ends.
    async fn wait_for<T>(&self, timeout: Duration, ask: impl Fn(&mut World) -> Option<T>) -> Option<T> {
        let look = async {
            loop {
                // Registered before looking, so that no change in between is missed.
                let mut change = std::pin::pin!(self.changed.notified());
                change.as_mut().enable();
                let found = {
                    let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
                    ask(world.at(now_ms()))
                };
                if found.is_some() {
                    return found;
                }
                change.await;
            }
        };
        tokio::select! {
            found = look => found,
            () = tokio::time::sleep(timeout) => None,
            () = until_stopped(self.stopped.clone()) => None,
        }
    }
}

/// Unix milliseconds.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
