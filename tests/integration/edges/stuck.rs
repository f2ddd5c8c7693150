//! Nothing waits for ever.

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::Result;
use domain::settings::ChatChange;
use domain::sync::deadline::{Deadline, MOST_REPLANS, Reached};
use domain::sync::{Outcome, Reason, SyncStatus, sync_id};
use serde_json::json;
use telegram_sim::control::Fault;
use uuid::Uuid;

impl Play {
    /// A sync was planned in vain as often as it may be, and somebody looks at it once more.
    async fn is_given_up(&self, id: Uuid) -> Result<()> {
        let key = json!({"pk": {"S": format!("SYNC#{id}")}, "sk": {"S": "SUMMARY"}});
        let in_vain = json!({"TableName": self.stack.tables["sync"], "Key": key, "UpdateExpression": "SET replans = :most",
            "ExpressionAttributeValues": {":most": {"N": MOST_REPLANS.to_string()}}});
        self.stack.aws("dynamodb", "UpdateItem", in_vain).await?;
        let look = Deadline { seen: Some(Reached { part: 0, chunks: 0, replans: MOST_REPLANS }), ..Deadline::new(id) };
        let message = json!({"QueueUrl": self.stack.queues["sync"], "MessageBody": serde_json::to_string(&look)?});
        self.stack.aws("sqs", "SendMessage", message).await.map(drop)
    }
}

#[tokio::test]
async fn a_sync_whose_chunks_are_lost_is_planned_again_and_comes_right() -> Result<()> {
    let play = Play::alone().await?;
    let scene = play.scene(3).await?;
    // Their chunk waits: time to lose it.
    for &chat in &scene.chats {
        play.choose(chat, ChatChange { sync_delay_seconds: Some(600), ..ChatChange::default() }).await?;
    }
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let summary = play.wait_until_begun(&event).await?;
    play.stack.purge("sync").await?;
    for &chat in &scene.chats {
        play.choose(chat, ChatChange { sync_delay_seconds: Some(0), ..ChatChange::default() }).await?;
    }
    let look = Deadline { seen: Some(Reached { part: 0, chunks: 0, replans: 0 }), ..Deadline::new(summary.sync_id) };
    let message = json!({"QueueUrl": play.stack.queues["sync"], "MessageBody": serde_json::to_string(&look)?});
    play.stack.aws("sqs", "SendMessage", message).await?;
    play.all_applied(&scene, &event).await
}

#[tokio::test]
async fn a_sync_that_was_planned_in_vain_twice_ends_and_its_admins_are_told() -> Result<()> {
    let play = Play::alone().await?;
    let scene = play.scene(1).await?;
    play.choose(scene.chats[0], ChatChange { sync_delay_seconds: Some(600), ..ChatChange::default() }).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.wait_until_begun(&event).await?;
    play.stack.purge("sync").await?;
    play.is_given_up(sync_id(event.event_id)).await?;
    let (summary, results) = play.sync_of(&event).await?;
    assert_eq!((summary.status, results[0].outcome), (SyncStatus::Failed, Outcome::Failed(Reason::TimedOut)));
    play.telegram.wait_until_sees(scene.boris, "I couldn’t do it in time", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_ban_that_was_begun_by_a_sync_that_was_given_up_is_lifted_with_its_sources() -> Result<()> {
    let play = Play::alone().await?;
    let scene = play.scene(1).await?;
    play.lifts_too(scene.chats[0]).await?;
    let refused = Fault::error(401, "Unauthorized").method("banChatMember").user(scene.mallory).after_effect();
    let refused = play.fault(refused).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_banned(scene.chats[0], scene.mallory, PATIENCE).await?;
    play.stack.purge("sync").await?;
    refused.end().await?;
    play.is_given_up(sync_id(event.event_id)).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Failed(Reason::TimedOut));
    play.telegram.unban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_not_banned(scene.chats[0], scene.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_chunk_outlives_an_outage_of_the_store_that_is_longer_than_its_tries() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    play.forget_dead_letters().await?;
    let scene = play.scene(1).await?;
    // Its chunk waits: time to break what it needs.
    play.choose(scene.chats[0], ChatChange { sync_delay_seconds: Some(10), ..ChatChange::default() }).await?;
    let soon = play.stack.hurry("sync", 8).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    let of_its = sync_id(event.event_id).to_string();
    let function = &play.stack.functions["sync-worker"];
    let down = play.stack.fail(json!({"function": function, "service": "dynamodb", "contains": of_its, "status": 500})).await?;
    // Five receives, and then it cannot be told of: of each call the SDK makes three. One more is of the chunk that has come again.
    let comes_again = async || Ok(down.rules().await.is_ok_and(|rules| rules[0].fired > 18).then_some(()));
    play.telegram.wait_until("the chunk to come again", 2 * PATIENCE, comes_again).await?;
    down.heal().await?;
    soon.end().await?;
    play.all_applied(&scene, &event).await?;
    // A last try that takes longer than the hurried time-out leaves its message there as well; the usual one is longer than any try.
    play.forget_dead_letters().await
}

#[tokio::test]
async fn a_ban_that_stands_though_its_chunk_was_given_up_is_lifted_with_its_sources() -> Result<()> {
    let play = Play::alone().await?;
    let scene = play.scene(1).await?;
    play.lifts_too(scene.chats[0]).await?;
    play.stack.purge("sync_dlq").await?;
    let soon = play.stack.hurry("sync", 4).await?;
    let refused = |method| Fault::error(401, "Unauthorized").method(method).user(scene.mallory);
    let bans = play.fault(refused("banChatMember").after_effect()).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_banned(scene.chats[0], scene.mallory, PATIENCE).await?;
    let looks = play.fault(refused("getChatMember")).await?;
    assert_eq!(play.given_up(1).await?, 1);
    for change in [looks, bans, soon] {
        change.end().await?;
    }
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Failed(Reason::TimedOut));
    play.telegram.unban(scene.source, scene.alice, scene.mallory).await?;
    play.telegram.wait_until_not_banned(scene.chats[0], scene.mallory, PATIENCE).await?;
    play.forget_dead_letters().await
}
