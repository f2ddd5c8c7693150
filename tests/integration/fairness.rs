//! A large sync leaves room for others.

use crate::counting_telegram::CountingTelegram;
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::ids::UserId;
use domain::settings::UserChange;
use domain::sync::{PART_CHATS, SyncStatus, Totals};
use std::time::Duration;

#[tokio::test]
async fn a_sync_of_three_chats_is_done_while_one_of_thousands_goes_on() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("only the local AWS takes subscriptions that nobody made");
    }
    let (alice, mallory, nick) = (play.admin("Alice", "en").await?, play.person("Mallory").await?, play.person("Nick").await?);
    let source = play.chat("Source", alice, &[mallory, nick]).await?;
    let (of_mallory, of_nick) = (play.ban(source, alice, mallory).await?, play.ban(source, alice, nick).await?);
    play.quiet(&[source, alice, mallory, nick]).await?;
    let mut seeded = Vec::new();
    for (chats, user) in [(PART_CHATS + 1, mallory), (3, nick)] {
        let boris = play.admin("Boris", "en").await?;
        play.users.choose(UserId(boris), &UserChange { notifications_enabled: Some(false), ..UserChange::default() }).await?;
        seeded.push(play.seed(chats, boris, user).await?);
    }
    let telegram = CountingTelegram::begin()?;
    // At the usual pace.
    let worker = play.reconfigure("sync-worker", &[("TELEGRAM_API_URL", &telegram.url)])?;
    let large = play.carry_over(&of_mallory).await?;
    let begun = async || Ok((telegram.bans() > 0).then_some(()));
    play.telegram.wait_until("the large sync to have begun", PATIENCE, begun).await?;

    let small = play.carry_over(&of_nick).await?;
    let known = async || Ok(play.syncs.summary(small).await.ok().flatten());
    play.telegram.wait_until("the small sync to begin", PATIENCE, known).await?;
    // Until then it waits for nobody.
    tokio::time::sleep(Duration::from_secs(play.stack.settle_seconds.into())).await;
    let before = telegram.bans();
    let (small, results) = play.results_of(small).await?;
    let still = play.syncs.summary(large).await?.context("the large sync is known")?;
    let last = telegram.banned_in().iter().rposition(|chat| seeded[1].contains(chat)).context("the small one was carried out")?;
    let meanwhile = last.saturating_sub(before);
    let took = small.completed_at_ms.unwrap_or_default() - small.started_at_ms;
    println!("bench: 3 chats beside {}: {took} ms from sync.started to sync.completed, {meanwhile} other bans first", PART_CHATS + 1);
    // What is left ends without a call.
    play.telegram.unban(source, alice, mallory).await?;
    let (ended, of_large) = play.results_within(large, 5 * PATIENCE).await?;
    drop(worker);

    assert_eq!((small.status, small.totals), (SyncStatus::Completed, Totals { applied: 3, ..Totals::default() }));
    assert_eq!(results.len(), 3);
    assert_eq!(still.status, SyncStatus::Running);
    assert!(meanwhile < PART_CHATS / 4, "the small one waited for {meanwhile} others");
    assert_eq!(ended.totals.applied + ended.totals.skipped, PART_CHATS as u32 + 1, "{:?}", ended.totals);
    assert_eq!(of_large.len(), PART_CHATS + 1);
    Ok(())
}
