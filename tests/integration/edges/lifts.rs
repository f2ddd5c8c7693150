//! A lift goes where we banned, and touches nothing that is the chat's own.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason};
use telegram_sim::Permissions;
use telegram_sim::control::{CallFilter, Fault, FaultAction};

#[tokio::test]
async fn a_lift_comes_though_nobody_follows_any_more() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.lifts_too(pair.target).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.command(pair.target, pair.boris, &format!("/unsubscribe {}", pair.mallory)).await?;
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn what_a_local_admin_changes_while_the_chunk_is_under_way_stays_his() -> Result<()> {
    let play = Play::begin().await?;
    let scene = play.scene(2).await?;
    for &chat in &scene.chats {
        play.lifts_too(chat).await?;
    }
    let (own, slow) = (scene.chats[0], scene.chats[1]);
    let _slow = play.fault(Fault::new(FaultAction::Slow { ms: 4000 }).method("banChatMember").chat(slow).user(scene.mallory)).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_banned(own, scene.mallory, PATIENCE).await?;
    play.next_second().await;
    let until = aws::time::now() + 86_400;
    play.telegram.ban(own, scene.boris, scene.mallory, Some(until)).await?;
    play.all_applied(&scene, &event).await?;
    play.telegram.unban(scene.source, scene.alice, scene.mallory).await?;
    let (_, results) = play.sync_of(&play.last_event(scene.source, scene.mallory).await?).await?;
    let outcome = |chat: i64| results.iter().find(|result| result.chat_id.0 == chat).map(|result| result.outcome);
    // To the other chat the admin's ban is that of one more source.
    let expected = (Some(Outcome::Skipped(Reason::LocalDecision)), Some(Outcome::Skipped(Reason::StillBanned)));
    assert_eq!((outcome(own), outcome(slow)), expected);
    assert_eq!(play.telegram.member(own, scene.mallory).await?.until_date, Some(until), "it is the chat's own ban");
    assert_eq!(play.telegram.member(slow, scene.mallory).await?.until_date, Some(until), "it ends with the one that is left");
    Ok(())
}

#[tokio::test]
async fn of_two_sources_the_one_that_is_left_tells_when_the_ban_ends_and_lifts_it() -> Result<()> {
    one_of_two_is_left(false).await
}

#[tokio::test]
async fn the_end_of_the_source_that_is_left_is_known_again_where_the_answer_was_lost() -> Result<()> {
    one_of_two_is_left(true).await
}

#[tokio::test]
async fn a_lift_that_comes_again_takes_back_what_it_had_left_of_a_source_that_has_lifted_meanwhile() -> Result<()> {
    let play = Play::alone().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.lifts_too(pair.target).await?;
    let other = play.chat("Other", pair.alice, &[pair.mallory]).await?;
    let until = aws::time::now() + 7200;
    play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    play.telegram.ban(other, pair.alice, pair.mallory, Some(until)).await?;
    play.sync_of(&play.last_event(other, pair.mallory).await?).await?;
    // The lift leaves the other's end, and its message goes back before that is written.
    let soon = play.stack.hurry("sync", 20).await?;
    let refused = Fault::error(401, "Unauthorized").method("banChatMember").user(pair.mallory).after_effect().times(1);
    let _refused = play.fault(refused).await?;
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    let stands = async || Ok((play.telegram.member(pair.target, pair.mallory).await?.until_date == Some(until)).then_some(()));
    play.telegram.wait_until("the other's end to be the target's", PATIENCE, stands).await?;
    play.telegram.unban(other, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?;
    soon.end().await?;
    Ok(())
}

/// `is_lost`: the answer to the call that leaves the other source's ban.
async fn one_of_two_is_left(is_lost: bool) -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.lifts_too(pair.target).await?;
    let other = play.chat("Other", pair.alice, &[pair.mallory]).await?;
    let until = aws::time::now() + 7200;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.telegram.ban(other, pair.alice, pair.mallory, Some(until)).await?;
    let (_, results) = play.sync_of(&play.last_event(other, pair.mallory).await?).await?;
    assert!(results.iter().any(|result| result.chat_id.0 == pair.target && result.outcome == Outcome::Already), "{results:?}");
    let lost = Fault::internal_server_error().method("banChatMember").chat(pair.target).user(pair.mallory).after_effect().times(1);
    let _lost = if is_lost { Some(play.fault(lost).await?) } else { None };
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    let stands = async || Ok((play.telegram.member(pair.target, pair.mallory).await?.until_date == Some(until)).then_some(()));
    play.telegram.wait_until("the other's end to be the target's", PATIENCE, stands).await?;
    let (_, results) = play.sync_of(&play.last_event(pair.source, pair.mallory).await?).await?;
    let of_target: Vec<_> = results.iter().filter(|result| result.chat_id.0 == pair.target).map(|result| result.outcome).collect();
    assert_eq!(of_target, [Outcome::Skipped(Reason::StillBanned)]);
    play.telegram.unban(other, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_ban_that_somebody_changed_without_our_being_told_is_not_lifted() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.lifts_too(pair.target).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.quiet(&pair.ids()).await?;
    // By the bot itself, through a program: no update tells of it.
    let caller = play.caller(&["telegram:write"]).await?;
    let until = aws::time::now() + 86_400;
    let body = serde_json::json!({"chat_id": pair.target, "user_id": pair.mallory, "until_date": until});
    assert_eq!(caller.post("/api/ban_user", body).await?.status, 200);
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    let (_, results) = play.sync_of(&play.last_event(pair.source, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::LocalDecision));
    assert_eq!(play.telegram.member(pair.target, pair.mallory).await?.until_date, Some(until));
    Ok(())
}

#[tokio::test]
async fn a_mute_of_the_chats_own_comes_back_when_our_ban_is_undone() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let until = aws::time::now() + 86_400;
    play.telegram.restrict(pair.target, pair.boris, pair.mallory, Permissions::text_only(), Some(until)).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    let card = play.telegram.wait_until_sees(pair.boris, "synced", PATIENCE).await?;
    let _down = play.fault(Fault::internal_server_error().method("restrictChatMember").chat(pair.target).times(1)).await?;
    play.telegram.press_button(pair.boris, &card, "Undo").await?;
    let muted = async || {
        let member = play.telegram.member(pair.target, pair.mallory).await?;
        Ok((member.status == "restricted" && member.until_date == Some(until)).then_some(()))
    };
    play.telegram.wait_until("the mute to be back", PATIENCE, muted).await?;
    let restored = play.telegram.calls(CallFilter::method("restrictChatMember").chat(pair.target)).await?;
    let granted: Vec<_> =
        restored[restored.len() - 1].params["permissions"].as_object().into_iter().flatten().filter(|(_, on)| **on == true).collect();
    assert_eq!(granted.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["can_react_to_messages", "can_send_messages"]);
    Ok(())
}
