//! More patience than a test that is by itself: many histories share a machine that has other things to do.

use super::failure::Late;
use crate::play::PATIENCE;
use anyhow::Result;
use std::time::{Duration, Instant};

/// The longest that a history waits for an answer.
pub const LONGEST: Duration = Duration::from_secs(2 * PATIENCE.as_secs());

/// Asks again and again.
///
/// # Errors
/// [`Late`] where there is no answer in the end; what the question fails by, at once.
pub async fn slowly<T>(what: &str, question: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    while began.elapsed() < LONGEST {
        if let Some(answer) = question().await? {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Err(Late(what.to_owned()).into())
}

/// Asks the store once more where it does not answer: the clients are those of functions, which have less time than a busy machine may
/// take. What is written so is the same however often.
///
/// # Errors
/// [`Late`] where it fails in the end, too.
pub async fn patiently<T>(call: impl AsyncFn() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match call().await {
            Err(_) if began.elapsed() < LONGEST => tokio::time::sleep(Duration::from_secs(1)).await,
            answer => return answer.map_err(|error| Late(format!("an answer: {error:#}")).into()),
        }
    }
}
