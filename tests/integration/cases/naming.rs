//! The person whom a command means.

use super::NO_CASES;
use super::story::Story;
use crate::play::PATIENCE;
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::ids::{ChatId, UserId};
use telegram_sim::control::Seen;

impl Story {
    /// The bot's last words in the target.
    async fn last_answer(&self) -> Result<Seen> {
        self.said_in(self.world.target).await?.into_iter().next_back().context("the bot has answered")
    }
}

#[tokio::test]
async fn a_reply_to_a_service_message_is_about_who_came_or_went_and_not_about_who_brought_it_about() -> Result<()> {
    let Some(mut story) = Story::begin("08").await? else { return skipped(NO_CASES) };
    let (target, boris, carol, mallory, kim) =
        (story.world.target, story.world.boris, story.world.carol, story.world.mallory, story.world.kim);
    story.go().await?;
    let preview = story.last_answer().await?;
    assert!(preview.text.contains(&mallory.to_string()) && preview.button("⚡️").is_some(), "{}", preview.text);
    story.press(boris, &preview, "⚡️").await?;
    let followed = story.subscriptions.of_admin(UserId(boris), ChatId(target)).await?;
    assert_eq!(followed.len(), 1);

    story.go().await?;
    let ignored = story.last_answer().await?;
    assert!(ignored.text.contains(&mallory.to_string()) && !ignored.text.contains(&carol.to_string()), "{}", ignored.text);
    let chat = story.users.chats([ChatId(target)]).await?.remove(&ChatId(target)).context("the chat is known")?;
    assert!(chat.ignores.users.contains(&UserId(mallory)) && !chat.ignores.users.contains(&UserId(carol)), "{:?}", chat.ignores);

    story.go().await?;
    let asked = story.last_answer().await?;
    assert!(asked.button("Mallory").is_some() && asked.button("Kim").is_some(), "{} {:?}", asked.text, asked.buttons);
    story.telegram.press_button(boris, &asked, "Kim").await?;
    let why = story.telegram.wait_until_sees(boris, "No entries about", PATIENCE).await?;
    assert!(why.text.contains(&kim.to_string()), "{}", why.text);
    Ok(())
}

#[tokio::test]
async fn nobody_is_taken_for_the_owner_of_a_username_that_is_somebody_elses_now() -> Result<()> {
    let Some(mut story) = Story::begin("13").await? else { return skipped(NO_CASES) };
    let (target, boris, mallory) = (story.world.target, story.world.boris, story.world.mallory);
    story.go().await?;
    story.settle().await?;
    let answer = story.last_answer().await?;
    assert!(answer.text.contains("@goodname") && answer.text.contains("no longer have a username"), "{}", answer.text);
    assert!(answer.text.contains(&mallory.to_string()) && answer.text.contains("Mallory"), "{}", answer.text);
    assert!(story.subscriptions.of_admin(UserId(boris), ChatId(target)).await?.is_empty());
    // A press says that it is mallory after all.
    let preview = story.press(boris, &answer, "Mallory").await?;
    assert!(preview.text.contains(&mallory.to_string()) && preview.button("⚡️").is_some(), "{}", preview.text);
    Ok(())
}

#[tokio::test]
async fn no_command_takes_somebody_for_the_owner_of_a_username_that_they_gave_up() -> Result<()> {
    // Only its people and chats.
    let Some(story) = Story::begin("13").await? else { return skipped(NO_CASES) };
    let (target, boris, mallory, kim) = (story.world.target, story.world.boris, story.world.mallory, story.world.kim);
    story.subscribe(target, boris, mallory).await?;
    for (n, command) in ["/unsubscribe", "/ignore", "/unignore", "/undo", "/why", "/history"].iter().enumerate() {
        let (name, next) = (format!("old_{mallory}_{n}"), format!("new_{mallory}_{n}"));
        story.telegram.rename_user(mallory, None, None, Some(&name)).await?;
        story.telegram.say(story.world.source, mallory, "hi").await?;
        story.accepted_in(&[story.world.source]).await?;
        // Nothing tells the bot of this.
        story.telegram.rename_user(mallory, None, None, Some(&next)).await?;
        story.telegram.rename_user(kim, None, None, Some(&name)).await?;
        let answer = story.command(target, boris, &format!("{command} @{name}")).await?;
        let told = [&name, &next, &mallory.to_string()].iter().all(|part| answer.text.contains(part.as_str()));
        assert!(told && answer.button("Mallory").is_some(), "{command}: {}", answer.text);
        story.telegram.rename_user(kim, None, None, Some("")).await?;
    }
    assert_eq!(story.subscriptions.of_admin(UserId(boris), ChatId(target)).await?.len(), 1);
    let chat = story.users.chats([ChatId(target)]).await?.remove(&ChatId(target)).context("the chat is known")?;
    assert!(chat.ignores.users.is_empty(), "{:?}", chat.ignores);
    Ok(())
}
