//! A chunk that comes again.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::sync::{Outcome, Reason, Totals};
use telegram_sim::control::{Fault, FaultAction};

#[tokio::test]
async fn what_a_chunk_has_banned_is_ours_also_when_the_chunk_comes_again() -> Result<()> {
    let play = Play::alone().await?;
    let scene = play.scene(3).await?;
    for &chat in &scene.chats {
        play.lifts_too(chat).await?;
    }
    let _soon = play.stack.hurry("sync", 2).await?;
    let last = *scene.chats.iter().max_by_key(|chat| -**chat).unwrap_or(&0);
    let _refused = play.fault(Fault::error(401, "Unauthorized").method("banChatMember").chat(last).user(scene.mallory).times(1)).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.all_applied(&scene, &event).await?;

    play.telegram.unban(scene.source, scene.alice, scene.mallory).await?;
    for &chat in &scene.chats {
        play.telegram.wait_until_not_banned(chat, scene.mallory, PATIENCE).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_ban_is_known_though_the_answer_to_the_last_try_was_lost() -> Result<()> {
    let play = Play::begin().await?;
    let scene = play.scene(1).await?;
    play.lifts_too(scene.chats[0]).await?;
    let bans = |fault: Fault| fault.method("banChatMember").chat(scene.chats[0]).user(scene.mallory);
    let _down = play.fault(bans(Fault::internal_server_error()).times(2)).await?;
    let _lost = play.fault(bans(Fault::internal_server_error()).times(1).after_effect()).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.all_applied(&scene, &event).await?;
    play.telegram.unban(scene.source, scene.alice, scene.mallory).await?;
    Ok(play.telegram.wait_until_not_banned(scene.chats[0], scene.mallory, PATIENCE).await?)
}

#[tokio::test]
async fn a_ban_whose_answer_was_lost_and_which_nobody_can_look_at_is_lifted_with_its_sources() -> Result<()> {
    let play = Play::begin().await?;
    let scene = play.scene(1).await?;
    play.lifts_too(scene.chats[0]).await?;
    let down = |method| Fault::internal_server_error().method(method).chat(scene.chats[0]).user(scene.mallory);
    let _lost = play.fault(down("banChatMember").times(1).after_effect()).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_banned(scene.chats[0], scene.mallory, PATIENCE).await?;
    let looks = play.fault(down("getChatMember")).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Failed(Reason::TimedOut));
    looks.end().await?;
    play.telegram.unban(scene.source, scene.alice, scene.mallory).await?;
    Ok(play.telegram.wait_until_not_banned(scene.chats[0], scene.mallory, PATIENCE).await?)
}

#[tokio::test]
async fn a_ban_whose_answer_was_lost_before_the_source_unbans_does_not_stay() -> Result<()> {
    let play = Play::begin().await?;
    let scene = play.scene(1).await?;
    play.lifts_too(scene.chats[0]).await?;
    let hang = Fault::new(FaultAction::Hang { ms: 20_000 }).method("banChatMember").chat(scene.chats[0]).user(scene.mallory);
    let _lost = play.fault(hang.times(1).after_effect()).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_banned(scene.chats[0], scene.mallory, PATIENCE).await?;
    play.telegram.unban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_not_banned(scene.chats[0], scene.mallory, PATIENCE).await?;
    let (summary, results) = play.sync_of(&event).await?;
    assert_eq!((summary.totals, results[0].outcome), (Totals { applied: 1, ..Totals::default() }, Outcome::Applied));
    Ok(())
}
