//! Where there is a function URL in place of API Gateway, on an AWS without what ours adds to it: a ban's way hangs on neither.

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::Result;

#[tokio::test]
async fn a_ban_is_carried_over_told_of_and_undone_without_api_gateway() -> Result<()> {
    let play = Play::begin().await?;
    if play.stack.api_url.is_some() {
        return skipped("this stack has an API Gateway");
    }
    play.stack.scale_queues(2).await?;
    let scene = play.scene(1).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.all_applied(&scene, &event).await?;
    let told = play.telegram.wait_until_sees(scene.boris, "synced", PATIENCE).await?;
    play.press(scene.boris, &told, "Undo").await?;
    for &chat in &scene.chats {
        let free = async || Ok((!play.telegram.is_banned(chat, scene.mallory).await?).then_some(()));
        play.telegram.wait_until("the ban to be lifted", PATIENCE, free).await?;
    }
    Ok(())
}
