//! Telegram makes a ban that ends within 30 seconds one for ever.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::settings::{ChatChange, SyncBanType};
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason};
use serde_json::json;
use std::time::Duration;
use telegram_sim::control::{Fault, FaultAction};

#[tokio::test]
async fn a_chats_own_ban_of_which_seconds_are_left_is_not_put_back_for_ever() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.lifts_too(pair.target).await?;
    let until = aws::time::now() + 75;
    play.telegram.ban(pair.target, pair.boris, pair.mallory, Some(until)).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.wait_until_ends(pair.target, pair.mallory, 0).await?;
    while aws::time::now() < until - 28 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn the_shortest_ban_has_an_end_however_slow_telegram_is() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let shortest = ChatChange { sync_ban_type: Some(SyncBanType::Temporary), ban_duration_seconds: Some(Some(1)), ..ChatChange::default() };
    play.choose(pair.target, shortest).await?;
    let slow = |method| Fault::new(FaultAction::Slow { ms: 2600 }).method(method).chat(pair.target).user(pair.mallory);
    let _looks = play.fault(slow("getChatMember")).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    let until = play.telegram.member(pair.target, pair.mallory).await?.until_date;
    assert!(until.is_some_and(|until| until > aws::time::now()), "{until:?}");
    Ok(())
}

#[tokio::test]
async fn a_ban_that_ends_while_telegram_is_slow_is_left_out() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { kick_seconds: Some(0), ..ChatChange::default() }).await?;
    let slow = Fault::new(FaultAction::Slow { ms: 4000 }).method("getChatMember").chat(pair.target).user(pair.mallory);
    let _looks = play.fault(slow).await?;
    play.telegram.ban(pair.source, pair.alice, pair.mallory, Some(aws::time::now() + 44)).await?;
    let (_, results) = play.sync_of(&play.last_event(pair.source, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::EndsTooSoon));
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_program_cannot_set_a_ban_that_telegram_would_make_endless() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let caller = play.caller(&["telegram:write"]).await?;
    let until = aws::time::now() + 30;
    let body = json!({"chat_id": pair.target, "user_id": pair.mallory, "until_date": until});
    let (status, answer) = caller.post("/api/ban_user", body).await?.parts();
    assert_eq!((status, &answer["code"]), (422, &"end_out_of_range".into()), "{answer}");
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}
