//! Guard bots: bans that are meant as kicks, and two bots at once.

use super::NO_CASES;
use super::story::Story;
use crate::stack::skipped;
use anyhow::Result;

#[tokio::test]
async fn a_ban_of_less_than_a_minute_is_a_kick_and_throws_nobody_out_elsewhere() -> Result<()> {
    let Some(mut story) = Story::begin("06").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.settle().await?;
    assert_eq!(story.telegram.member(story.world.target, story.world.mallory).await?.status, "member");
    Ok(())
}

#[tokio::test]
async fn of_two_bans_in_one_second_the_last_counts() -> Result<()> {
    let Some(mut story) = Story::begin("09").await? else { return skipped(NO_CASES) };
    let (source, target, mallory) = (story.world.source, story.world.target, story.world.mallory);
    story.go().await?;
    story.settle().await?;
    let member = story.telegram.member(target, mallory).await?;
    assert_eq!((member.status.as_str(), member.until_date), ("kicked", Some(0)));
    let history = story.registrar().await?.list(&format!("events/chat/{source}"), 100).await?;
    assert!(history.iter().any(|event| event["user_id"] == mallory && event["until"].is_null()), "{history:?}");
    Ok(())
}
