//! What a test changes for others, too, is put back when the test ends, however it ends.

use anyhow::{Result, anyhow};
use std::pin::Pin;
use std::thread;
use tokio::runtime::Builder;

/// A change that lasts until [`Guard::end`], or until this is dropped.
#[must_use = "dropped at once, the change would last no time"]
pub struct Guard {
    what: String,
    undo: Option<Undo>,
}

type Undo = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Guard {
    /// `what` stays changed if `undo` fails.
    pub fn new(what: impl Into<String>, undo: impl Future<Output = Result<()>> + Send + 'static) -> Self {
        Self { what: what.into(), undo: Some(Box::pin(undo)) }
    }

    /// Puts it back now.
    pub async fn end(mut self) -> Result<()> {
        match self.undo.take() {
            Some(undo) => undo.await,
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(undo) = self.undo.take()
            && let Err(error) = now(undo)
        {
            println!("{} stays changed: {error:#}", self.what);
        }
    }
}

/// Does it where nothing can be awaited: on a thread of its own, since a runtime cannot be entered twice.
pub fn now<T: Send>(future: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let work = || Builder::new_current_thread().enable_all().build()?.block_on(future);
    thread::scope(|scope| scope.spawn(work).join()).map_err(|_| anyhow!("it panicked"))?
}
