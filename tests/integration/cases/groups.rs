//! A chat becomes another one.

use super::NO_CASES;
use super::story::Story;
use crate::play::PATIENCE;
use crate::stack::skipped;
use anyhow::Result;
use domain::ids::UserId;
use telegram_sim::control::CallFilter;

#[tokio::test]
async fn a_group_that_seemed_deleted_before_it_was_told_to_be_a_supergroup_is_followed_from_as_before() -> Result<()> {
    let Some(mut story) = Story::begin("07").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.settle().await?;
    story.go().await?;
    let supergroup = story.world.here(-1_007_100_000_109)?;
    story.settle().await?;
    let answers = story.go().await?;
    let subscriptions = answers[0].body["items"].as_array().cloned().unwrap_or_default();
    let follows = |item: &serde_json::Value| item["admin_chat_id"] == supergroup && item["is_active"] == true;
    assert!(subscriptions.iter().any(follows), "{subscriptions:?}");
    // What failed under the old id is tried again under the new one.
    let syncs = story.syncs.of_user(UserId(story.world.mallory)).await?;
    story.dispatcher().await?.asks_for(&format!("retry/{}", syncs[0].sync_id), None).await?;
    let tried = async || {
        let calls = story.telegram.calls(CallFilter::method("banChatMember").chat(supergroup).user(story.world.mallory)).await?;
        Ok((!calls.is_empty()).then_some(()))
    };
    story.telegram.wait_until("the ban to be tried under the new id", PATIENCE, tried).await?;
    Ok(())
}
