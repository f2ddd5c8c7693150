//! What breaks on the way, and that nothing is lost by it.

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::Result;
use aws::Aws;
use aws::queue::{Message, Queue};
use domain::sync::{SyncStatus, Totals};
use serde_json::json;
use telegram_sim::control::{CallFilter, DeliveryState, Fault, FaultAction};

#[tokio::test]
async fn while_the_store_is_down_updates_are_refused_and_afterwards_they_go_through() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    let scene = play.scene(1).await?;
    // For everything that has to do with her: nothing can be asked or written.
    let down = play.stack.fail(json!({"service": "dynamodb", "contains": scene.mallory.to_string()})).await?;
    play.telegram.ban(scene.source, scene.alice, scene.mallory, None).await?;
    let refused = async || {
        let deliveries = play.telegram.deliveries_in(&[scene.source], 0).await?;
        let of_ban = deliveries.into_iter().rfind(|delivery| delivery.kind == "chat_member");
        Ok(of_ban.filter(|delivery| delivery.last_status == Some(503)))
    };
    let delivery = play.telegram.wait_until("the update to be refused", PATIENCE, refused).await?;
    assert_eq!(delivery.state, DeliveryState::Pending);
    down.heal().await?;

    play.telegram.wait_until_accepted(PATIENCE).await?;
    let event = play.last_event(scene.source, scene.mallory).await?;
    play.all_applied(&scene, &event).await
}

#[tokio::test]
async fn events_that_the_bus_refuses_are_put_on_it_later() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    let scene = play.scene(1).await?;
    // More than the SDK's own three tries.
    let rule = json!({"service": "events", "operation": "PutEvents", "contains": scene.mallory.to_string(), "times": 7});
    let refused = play.stack.fail(rule).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.all_applied(&scene, &event).await?;
    assert_eq!(refused.rules().await?[0].fired, 7);
    Ok(())
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_of_a_chunk_leaves_every_target_with_exactly_one_result() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("the functions' processes are not on this machine");
    }
    let scene = play.scene(6).await?;
    let _soon = play.stack.hurry("sync", 5).await?;
    let slow = play.fault(Fault::new(FaultAction::Slow { ms: 1500 }).method("banChatMember").user(scene.mallory)).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let bans = CallFilter::method("banChatMember").user(scene.mallory);
    let begun = async || Ok((!play.telegram.calls(bans.clone().ok(true)).await?.is_empty()).then_some(()));
    play.telegram.wait_until("the first ban", PATIENCE, begun).await?;
    assert!(play.stack.kill("sync-worker").await? >= 1, "a worker was at work");
    slow.end().await?;

    play.all_applied(&scene, &event).await?;
    play.told_once(&scene, PATIENCE).await
}

#[tokio::test]
async fn a_flood_wait_is_waited_out_by_everybody_and_nothing_is_lost() -> Result<()> {
    let play = Play::alone().await?;
    let (scene, other) = (play.scene(3).await?, play.scene(1).await?);
    let before = play.telegram.call_counts().await?.calls_during_flood_wait;
    let _flood = play.fault(Fault::too_many_requests(7).method("banChatMember").times(1)).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let refused = async || {
        let calls = play.telegram.calls(CallFilter::method("banChatMember").user(scene.mallory)).await?;
        Ok(calls.into_iter().find(|call| call.error_code == Some(429)))
    };
    let refused = play.telegram.wait_until("the flood wait", PATIENCE, refused).await?;
    // In the meantime another sync comes, and somebody gives a command.
    let other_event = play.ban(other.source, other.alice, other.mallory).await?;
    play.telegram.say_private(scene.boris, "/help").await?;

    play.all_applied(&scene, &event).await?;
    play.all_applied(&other, &other_event).await?;
    play.telegram.wait_until_sees(scene.boris, "Most used", PATIENCE).await?;
    play.telegram.wait_until_sees(scene.boris, "synced", PATIENCE).await?;
    let counts = play.telegram.call_counts().await?;
    assert_eq!(counts.calls_during_flood_wait, before, "nobody called before the wait had ended");
    let later = play.telegram.calls(CallFilter { since_ms: Some(refused.at_ms + 1), ..CallFilter::default() }).await?;
    assert!(later.iter().all(|call| call.at_ms >= refused.at_ms + 7000), "{later:?}");
    Ok(())
}

#[tokio::test]
async fn server_errors_broken_connections_and_time_outs_are_tried_again() -> Result<()> {
    let play = Play::begin().await?;
    let faults = [
        Fault::internal_server_error(),
        Fault::new(FaultAction::Close).after_effect(),
        Fault::new(FaultAction::Html { code: 502, body: "<html>Bad Gateway</html>".to_owned() }),
        Fault::new(FaultAction::Hang { ms: 6000 }).after_effect(),
    ];
    for fault in faults {
        let scene = play.scene(2).await?;
        let _fault = play.fault(fault.method("banChatMember").user(scene.mallory).times(1)).await?;
        let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
        play.all_applied(&scene, &event).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_target_that_fails_in_all_its_tries_is_reported_and_the_others_are_done() -> Result<()> {
    let play = Play::begin().await?;
    let scene = play.scene(2).await?;
    let _fault = play.fault(Fault::internal_server_error().method("banChatMember").chat(scene.chats[0])).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let (summary, _) = play.sync_of(&event).await?;
    assert_eq!((summary.status, summary.totals), (SyncStatus::Partial, Totals { applied: 1, failed: 1, ..Totals::default() }));
    let message = play.telegram.wait_until_sees(scene.boris, "Ban synced to 1 of your 2 chats", PATIENCE).await?;
    let tells = |words: &str| message.text.contains(words);
    assert!(tells(": banned") && tells(": failed — Telegram didn’t carry out"), "one message tells of both: {}", message.text);
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_no_chunk_ends_in_the_dlq_and_the_rest_is_done() -> Result<()> {
    let play = Play::alone().await?;
    let scene = play.scene(1).await?;
    let _soon = play.stack.hurry("sync", 1).await?;
    play.stack.purge("sync_dlq").await?;
    let queue = Queue::new(&Aws::patient().await, play.stack.queues["sync"].clone());
    // With the chunk of a ban: it comes when the settle time ends, they at the same moment.
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let settle = i64::from(play.stack.settle_seconds);
    queue.send_all(vec![Message::new(&"poison", settle)?, Message::new(&json!({"sync_id": 5}), settle)?]).await?;
    play.all_applied(&scene, &event).await?;
    assert_eq!(play.given_up(2).await?, 2);
    play.stack.purge("sync_dlq").await
}

#[tokio::test]
async fn chunks_that_a_function_has_too_little_time_for_come_to_their_turn_without_being_given_up() -> Result<()> {
    let play = Play::alone().await?;
    play.forget_dead_letters().await?;
    // Time for one chunk of a batch, and of this there are four.
    let short = play.with_timeout("sync-worker", 20)?;
    let scene = play.scene(90).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.all_applied(&scene, &event).await?;
    drop(short);
    play.no_dead_letters().await
}
