//! People who are waited for, and come in ways that are easily overlooked.

use super::NO_CASES;
use super::story::Story;
use crate::play::PATIENCE;
use crate::stack::skipped;
use anyhow::Result;
use domain::sync::{Outcome, Reason};
use telegram_sim::control::CallFilter;

impl Story {
    /// Plays until the target waits for mallory.
    async fn go_until_waited_for(&mut self) -> Result<()> {
        self.go().await?;
        let (_, results) = self.sync_of(&self.last_event(self.world.source, self.world.mallory).await?).await?;
        assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));
        self.settle().await
    }

    async fn wait_until_banned_in_the_target(&self) -> Result<()> {
        Ok(self.telegram.wait_until_banned(self.world.target, self.world.mallory, PATIENCE / 6).await?)
    }

    /// What the REST API tells of mallory in the target, of this type.
    async fn events_in_the_target(&self, event_type: &str) -> Result<usize> {
        let (target, mallory) = (self.world.target, self.world.mallory);
        let search = format!("events/search?user_id={mallory}&chat_id={target}&event_type={event_type}");
        Ok(self.registrar().await?.list(&search, 100).await?.len())
    }
}

#[tokio::test]
async fn who_is_waited_for_and_writes_is_there_though_no_update_told_of_their_coming() -> Result<()> {
    let Some(mut story) = Story::begin("10").await? else { return skipped(NO_CASES) };
    story.go_until_waited_for().await?;
    story.go().await?;
    story.wait_until_banned_in_the_target().await
}

/// He is banned, and nobody takes his restriction for a decision.
async fn has_come_restricted(mut story: Story) -> Result<()> {
    story.go().await?;
    story.wait_until_banned_in_the_target().await?;
    story.settle().await?;
    assert_eq!(story.events_in_the_target("restrict").await?, 0);
    Ok(())
}

#[tokio::test]
async fn who_is_waited_for_and_comes_back_restricted_has_come() -> Result<()> {
    let Some(mut story) = Story::begin("11").await? else { return skipped(NO_CASES) };
    story.go_until_waited_for().await?;
    has_come_restricted(story).await
}

#[tokio::test]
async fn who_is_waited_for_and_joins_into_a_standing_restriction_has_come() -> Result<()> {
    let Some(mut story) = Story::begin("11").await? else { return skipped(NO_CASES) };
    story.go_until_waited_for().await?;
    story.skip();
    has_come_restricted(story).await
}

#[tokio::test]
async fn who_is_waited_for_and_asks_a_guard_bot_is_kept_out_and_others_requests_are_left_alone() -> Result<()> {
    let Some(mut story) = Story::alone("17").await? else { return skipped(NO_CASES) };
    story.forget_dead_letters().await?;
    let (target, mallory, kim) = (story.world.target, story.world.mallory, story.world.kim);
    story.go_until_waited_for().await?;
    story.go().await?;
    let kept_out = async || {
        let declined = story.telegram.calls(CallFilter::method("declineChatJoinRequest").chat(target).user(mallory)).await?;
        Ok((!declined.is_empty() || story.telegram.is_banned(target, mallory).await?).then_some(()))
    };
    story.telegram.wait_until("mallory to be declined or banned", PATIENCE, kept_out).await?;
    story.go().await?;
    story.settle().await?;
    // What the bot answers to the queries, which this Telegram has not asked.
    let answers = story.telegram.calls(CallFilter::method("answerChatJoinRequestQuery")).await?;
    let answered = |query: &str| {
        answers.iter().find(|call| call.params["chat_join_request_query_id"] == query).map(|call| call.params["result"].clone())
    };
    assert_eq!(answered("7100000000000000009"), Some("decline".into()));
    assert_eq!(answered("7100000000000000010"), Some("queue".into()));
    let calls = story.telegram.calls(CallFilter::default().chat(target).user(kim)).await?;
    assert!(calls.iter().all(|call| call.method.starts_with("get")), "{calls:?}");
    story.no_dead_letters().await
}
