//! Taking back, again and everywhere.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::settings::ChatChange;
use domain::subscription::Mode;
use domain::sync::{Origin, Outcome, Reason, further_sync_id};
use telegram_sim::AdminRights;
use telegram_sim::control::CallFilter;

#[tokio::test]
async fn an_undo_that_failed_can_be_tried_again() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.telegram.wait_until_sees(pair.boris, "synced", PATIENCE).await?;
    play.telegram.set_bot_rights(pair.target, AdminRights { can_restrict_members: false, ..AdminRights::moderator() }).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.command(pair.target, pair.boris, &format!("/undo {}", pair.mallory)).await?;
    play.telegram.wait_until_sees(pair.boris, "the right", PATIENCE).await?;
    play.quiet(&pair.ids()).await?;
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?);

    play.telegram.set_bot_rights(pair.target, AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.command(pair.target, pair.boris, &format!("/undo {}", pair.mallory)).await?;
    play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn who_was_taken_back_everywhere_may_come_where_he_was_waited_for() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    play.waits_for(&pair, (pair.source, pair.alice)).await?;
    let answer = play.command(pair.source, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    assert!(!answer.text.is_empty());
    play.telegram.request_to_join(pair.target, pair.mallory).await?;
    play.wait_until_nobody_waits(pair.target, pair.mallory).await?;
    play.telegram.join(pair.target, pair.mallory).await?;
    play.quiet(&pair.ids()).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    let calls = play.telegram.calls(CallFilter::method("declineChatJoinRequest").chat(pair.target)).await?;
    assert!(calls.is_empty(), "his request is the admins' matter");
    Ok(())
}

#[tokio::test]
async fn what_was_taken_back_everywhere_is_not_carried_out_when_somebody_says_yes() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Confirm).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let question = play.telegram.wait_until_sees(pair.boris, "Mallory", PATIENCE).await?;
    play.command(pair.source, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    play.quiet(&[pair.source, pair.alice]).await?;
    play.telegram.press_button(pair.boris, &question, "Ban").await?;
    let confirmed = further_sync_id(event.event_id, Origin::Confirmed, &pair.target.to_string());
    let (_, results) = play.results_of(confirmed).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Undone));
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn what_was_taken_back_everywhere_is_not_carried_out_after_a_delay() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_delay_seconds: Some(60), ..ChatChange::default() }).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.wait_until_begun(&event).await?;
    play.command(pair.source, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Undone));
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn what_two_sources_have_taken_back_everywhere_is_lifted() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let second = play.chat("Second", pair.alice, &[pair.mallory]).await?;
    for chat in [pair.source, second] {
        let (_, results) = play.sync_of(&play.ban(chat, pair.alice, pair.mallory).await?).await?;
        assert!(matches!(results[0].outcome, Outcome::Applied | Outcome::Already), "{results:?}");
    }
    play.command(pair.source, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    play.quiet(&pair.ids()).await?;
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?, "the second source's ban is still meant");
    play.command(second, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    Ok(play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?)
}
