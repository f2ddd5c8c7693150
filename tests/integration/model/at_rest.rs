//! Is anything still on its way?

use super::failure::Late;
use super::patience::{LONGEST, patiently};
use crate::play::Play;
use anyhow::{Context, Result};
use serde_json::json;
use std::time::{Duration, Instant};

/// A queue's messages: to be had, taken, and put off.
const MESSAGES: [&str; 3] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"];

/// For how long nothing may be seen until nothing is there. Between two looks something may hide: in a table's stream, which is read at
/// least every two seconds, or before the next try of a function, three seconds at most.
const UNSEEN: Duration = Duration::from_secs(10);

/// Waits until nothing is on its way any more; nobody may begin anything meanwhile.
///
/// # Errors
/// [`Late`] where something is all the time.
pub async fn at_rest(play: &Play) -> Result<()> {
    let (began, mut quiet_since) = (Instant::now(), None);
    loop {
        match patiently(async || under_way(play).await).await? {
            Some(what) if began.elapsed() > LONGEST => return Err(Late(format!("all to be at rest, but for {what}")).into()),
            Some(_) => quiet_since = None,
            None if quiet_since.get_or_insert_with(Instant::now).elapsed() > UNSEEN => return Ok(()),
            None => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What was given up waits for somebody to try it again: it is neither on its way nor done.
pub async fn given_up(play: &Play) -> Result<bool> {
    patiently(async || Ok(play.stack.waiting("sync_dlq").await? + play.stack.waiting("events_dlq").await? > 0)).await
}

/// Something that is on its way, by whatever can be asked.
async fn under_way(play: &Play) -> Result<Option<String>> {
    let updates = play.telegram.pending().await?;
    if updates > 0 {
        return Ok(Some(format!("{updates} updates")));
    }
    if play.stack.is_instrumented().await {
        for function in play.stack.functions.keys() {
            if play.stack.processes(function).await?.iter().any(|process| process.busy) {
                return Ok(Some(format!("{function} at work")));
            }
        }
    }
    let parameters = json!({"QueueUrl": play.stack.queues["sync"], "AttributeNames": MESSAGES});
    let answer = play.stack.aws("sqs", "GetQueueAttributes", parameters).await?;
    let mut messages = 0;
    for name in MESSAGES {
        messages += answer["Attributes"][name].as_str().context("a queue counts its messages")?.parse::<u32>()?;
    }
    Ok((messages > 0).then(|| format!("{messages} chunks")))
}
