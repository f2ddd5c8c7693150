//! Is anything still on its way?

use super::failure::Late;
use super::patience::{LONGEST, patiently};
use crate::play::Play;
use anyhow::Result;
use std::time::{Duration, Instant};

/// For how long nothing may be seen until nothing is there: an update that came and went between two looks leaves something for the next.
const UNSEEN: Duration = Duration::from_secs(2);

/// Where nothing tells what is under way, this is longer than anything takes.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// Of the messages by which each sync is looked at a quarter of an hour after it began. In a run that takes longer one is always due, and its
/// sync is long over.
const DEADLINES: &str = "deadline_of";

/// Waits until nothing is on its way any more; nobody may begin anything meanwhile.
///
/// # Errors
/// [`Late`] where something is all the time.
pub async fn at_rest(play: &Play) -> Result<()> {
    let unseen = if play.stack.is_instrumented().await { UNSEEN } else { ELSEWHERE };
    let (began, mut quiet_since) = (Instant::now(), None);
    loop {
        match patiently(async || under_way(play).await).await? {
            Some(what) if began.elapsed() > LONGEST => return Err(Late(format!("all to be at rest, but for {what}")).into()),
            Some(_) => quiet_since = None,
            None if quiet_since.get_or_insert_with(Instant::now).elapsed() > unseen => return Ok(()),
            None => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What was given up waits for somebody to try it again: it is neither on its way nor done.
pub async fn given_up(play: &Play) -> Result<bool> {
    patiently(async || Ok(play.stack.waiting("sync_dlq").await? + play.stack.waiting("events_dlq").await? > 0)).await
}

/// Something that is on its way, as far as it can be asked.
async fn under_way(play: &Play) -> Result<Option<String>> {
    let updates = play.telegram.pending().await?;
    if updates > 0 {
        return Ok(Some(format!("{updates} updates")));
    }
    if !play.stack.is_instrumented().await {
        return Ok(None);
    }
    let look = play.stack.quiet_without(DEADLINES).await?;
    Ok((!look.quiet).then(|| look.under_way.join(", ")))
}
