//! Place and number of a command's answers.

use super::NO_CASES;
use super::story::Story;
use crate::play::PATIENCE;
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::ids::{ChatId, UserId};
use domain::subscription::Source;
use telegram_sim::control::CallFilter;

/// Telegram's face of admins who write anonymously.
const ANONYMOUS: i64 = 1_087_968_824;

#[tokio::test]
async fn a_command_in_a_topic_that_is_no_more_and_one_outside_topics_are_each_answered_once() -> Result<()> {
    let Some(mut story) = Story::begin("14").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.settle().await?;
    let said = story.said_in(story.world.target).await?;
    assert_eq!(said.iter().filter(|seen| seen.text.contains("answered you in private")).count(), 2, "{said:?}");
    assert_eq!((said.len(), said.iter().all(|seen| seen.thread_id.is_none())), (2, true), "{said:?}");
    let lists = story.notices(story.world.boris).await?;
    assert_eq!(lists.iter().filter(|text| text.contains("don’t follow anyone")).count(), 2, "{lists:?}");
    Ok(())
}

#[tokio::test]
async fn a_command_without_a_message_of_its_own_is_answered_once_and_nothing_is_done_about_message_0() -> Result<()> {
    let Some(mut story) = Story::begin("16").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.settle().await?;
    let lists = story.notices(story.world.boris).await?;
    assert_eq!(lists.iter().filter(|text| text.contains("don’t follow anyone")).count(), 1, "{lists:?}");
    assert_eq!(story.said_in(story.world.target).await?.len(), 1);
    let gone = async || Ok(story.said_in(story.world.target).await.is_ok_and(|said| said.iter().all(|seen| seen.deleted)).then_some(()));
    story.telegram.wait_until("the answer to go", 2 * PATIENCE, gone).await?;
    story.nothing_about_message_0().await
}

#[tokio::test]
async fn an_anonymous_admins_command_counts_as_the_admins_who_presses_its_button() -> Result<()> {
    let Some(mut story) = Story::begin("18").await? else { return skipped(NO_CASES) };
    let (target, carol, kim, mallory) = (story.world.target, story.world.carol, story.world.kim, story.world.mallory);
    story.go().await?;
    // Both press; the first is no admin.
    story.go().await?;
    story.settle().await?;
    let answers = story.telegram.calls(CallFilter::method("answerCallbackQuery")).await?;
    let refused = answers.iter().filter(|call| call.params["text"].as_str().is_some_and(|text| text.contains("Only the chat’s admins")));
    assert!(refused.count() >= 1, "{answers:?}");
    let said = story.said_in(target).await?;
    let preview = said.last().context("the bot has answered")?;
    assert!(preview.text.contains(&mallory.to_string()), "{}", preview.text);
    // The menu is hers now.
    let pressed = story.telegram.press_button(kim, preview, "⚡️").await?;
    assert!(pressed.text.is_some_and(|text| text.contains("someone else")));
    story.press(carol, preview, "⚡️").await?;
    assert_eq!(story.subscriptions.of_admin(UserId(carol), ChatId(target)).await?.len(), 1);
    let nobody = UserId(ANONYMOUS);
    assert!(story.subscriptions.of_admin(nobody, ChatId(target)).await?.is_empty());
    assert_eq!(story.users.admin(ChatId(target), nobody).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_command_is_answered_once_though_telegram_is_so_slow_that_it_comes_again() -> Result<()> {
    let Some(mut story) = Story::alone("20").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.settle().await?;
    let deliveries = story.telegram.deliveries_in(&[story.world.target], 0).await?;
    let command = deliveries.iter().rfind(|delivery| delivery.kind == "message").context("the command was delivered")?;
    assert_eq!(command.last_status, Some(200), "{command:?}");
    story.is_answered_once().await
}

#[tokio::test]
async fn a_command_that_comes_twice_at_once_is_answered_once() -> Result<()> {
    let Some(mut story) = Story::begin("21").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.settle().await?;
    story.is_answered_once().await
}

impl Story {
    /// There is one preview of boris's in the target, and it makes one subscription.
    async fn is_answered_once(&self) -> Result<()> {
        let (target, boris) = (self.world.target, self.world.boris);
        let said = self.said_in(target).await?;
        assert_eq!(said.len(), 1, "{said:?}");
        self.press(boris, &said[0], "⚡️").await?;
        assert_eq!(self.subscriptions.of_admin(UserId(boris), ChatId(target)).await?.len(), 1);
        // An index is brought up to date after a while.
        let counted = async || {
            let count = self.subscriptions.count_of_source(Source::User(UserId(self.world.mallory))).await;
            Ok(count.is_ok_and(|count| count == 1).then_some(()))
        };
        self.telegram.wait_until("the index to know of one", PATIENCE, counted).await?;
        Ok(())
    }
}
