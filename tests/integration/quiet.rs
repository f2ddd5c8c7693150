//! That nothing more comes of what a test did, shown by nothing being under way.

use crate::play::{PATIENCE, Play};
use anyhow::{Result, bail};
use aws::time::now;
use std::time::{Duration, Instant};
use telegram_sim::control::DeliveryState;

/// Where nothing tells what is under way, this is longer than what tests wait for: the settle time, and a few functions behind it.
const ELSEWHERE: Duration = Duration::from_secs(15);

impl Play {
    /// Waits until nothing is under way that has one of these ids, of people and chats, in it: no update for the bot, no call of a function,
    /// no event, no message that is due soon. What comes later (messages that go from groups, delays of minutes, the clock) is not waited for.
    pub async fn quiet(&self, ids: &[i64]) -> Result<()> {
        // Also what users have begun and Telegram has not told of yet.
        self.telegram.wait_until_accepted(PATIENCE).await?;
        if !self.stack.is_instrumented().await {
            tokio::time::sleep(ELSEWHERE).await;
            return Ok(());
        }
        let end = Instant::now() + PATIENCE;
        let mut under_way = Vec::new();
        while Instant::now() < end {
            // What functions do in Telegram comes back as updates: none came between the two looks at them.
            if let Some(before) = self.accepted_updates(ids).await? {
                let look = self.stack.quiet(ids).await?;
                if look.quiet && self.accepted_updates(ids).await? == Some(before) {
                    return Ok(());
                }
                under_way = look.under_way;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("it did not become quiet: {under_way:?}")
    }

    /// How many updates there are of these chats and private chats, if all are accepted.
    async fn accepted_updates(&self, ids: &[i64]) -> Result<Option<usize>> {
        let deliveries = self.telegram.deliveries_in(ids, 0).await?;
        Ok(deliveries.iter().all(|delivery| delivery.state == DeliveryState::Accepted).then_some(deliveries.len()))
    }

    /// Waits until the second that is now is over: Telegram tells moments in whole seconds, so that what happens after it has another one.
    pub async fn next_second(&self) {
        let second = now();
        while now() == second {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
