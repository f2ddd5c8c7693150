//! Waiting for something to become true.

use std::time::{Duration, Instant};

use super::client::ControlError;

/// How often the question is asked. Short, as the server is on the same machine.
const PAUSE: Duration = Duration::from_millis(50);

/// Asks `question` again and again until it answers `Ok(Some(_))`, and returns that.
///
/// # Errors
/// [`ControlError::TimedOut`] naming `what` after `timeout`; an error of `question` at once.
pub async fn wait_until<T, F>(what: &str, timeout: Duration, mut question: F) -> Result<T, ControlError>
where
    F: AsyncFnMut() -> Result<Option<T>, ControlError>,
{
    let end = Instant::now() + timeout;
    loop {
        if let Some(answer) = question().await? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            return Err(ControlError::TimedOut { what: what.to_owned(), after: timeout });
        }
        tokio::time::sleep(PAUSE).await;
    }
}
