//! Bans on their way: taken back, ending, held up.

use super::NO_CASES;
use super::story::Story;
use crate::play::PATIENCE;
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::sync::{Outcome, Reason};
use telegram_sim::control::{CallFilter, MemberState};

fn is_for_ever(member: &MemberState) -> bool {
    member.status == "kicked" && member.until_date == Some(0)
}

#[tokio::test]
async fn a_ban_that_was_undone_everywhere_does_not_come_back_where_it_had_yet_to_be_carried_out() -> Result<()> {
    let Some(mut story) = Story::begin("01").await? else { return skipped(NO_CASES) };
    let (source, target, boris, mallory) = (story.world.source, story.world.target, story.world.boris, story.world.mallory);
    story.go().await?;
    let (_, results) = story.sync_of(&story.last_event(source, mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));
    story.settle().await?;

    story.go().await?;
    story.settle().await?;
    let tries = async || anyhow::Ok(story.telegram.calls(CallFilter::method("banChatMember").chat(target).user(mallory)).await?.len());
    let before = tries().await?;
    story.go().await?;
    story.settle().await?;
    assert_eq!(story.telegram.member(target, mallory).await?.status, "member");
    assert_eq!(story.telegram.calls(CallFilter::method("banChatMember").chat(target).user(mallory)).await?.len(), before);
    story.telegram.say(target, boris, &format!("/why {mallory}")).await?;
    story.telegram.wait_until_sees(boris, "undid it everywhere", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_lifted_ban_is_lifted_or_told_of_where_nobody_follows_any_more() -> Result<()> {
    let Some(mut story) = Story::begin("03").await? else { return skipped(NO_CASES) };
    let (target, boris, mallory) = (story.world.target, story.world.boris, story.world.mallory);
    story.go().await?;
    story.telegram.wait_until_banned(target, mallory, PATIENCE).await?;
    story.settle().await?;
    story.go().await?;
    story.settle().await?;
    let before = story.notices(boris).await?.len();
    story.go().await?;
    story.settle().await?;
    let told = story.notices(boris).await?.len() > before;
    assert!(told || !story.telegram.is_banned(target, mallory).await?, "the ban stays without a word");
    Ok(())
}

#[tokio::test]
async fn a_chats_own_ban_that_has_nearly_run_out_is_not_put_back_for_ever() -> Result<()> {
    let Some(mut story) = Story::begin("04").await? else { return skipped(NO_CASES) };
    let (target, mallory) = (story.world.target, story.world.mallory);
    story.go().await?;
    let ours = async || Ok(is_for_ever(&story.telegram.member(target, mallory).await?).then_some(()));
    story.telegram.wait_until("the ban of ours", PATIENCE, ours).await?;
    story.settle().await?;
    // Less than half a minute of the chat's own ban is left, and enough of it for the lift.
    story.until(50).await;
    story.go().await?;
    story.settle().await?;
    assert_eq!(story.telegram.member(target, mallory).await?.status, "left");
    Ok(())
}

#[tokio::test]
async fn a_ban_that_is_nearly_over_is_never_for_ever_however_slow_telegram_is() -> Result<()> {
    let Some(mut story) = Story::alone("05").await? else { return skipped(NO_CASES) };
    let (target, mallory, kim) = (story.world.target, story.world.mallory, story.world.kim);
    story.go().await?;
    story.settle().await?;
    let member = story.telegram.member(target, mallory).await?;
    assert!(!is_for_ever(&member), "{member:?}");
    let answers = story.go().await?;
    let member = story.telegram.member(target, kim).await?;
    assert!(!is_for_ever(&member), "{member:?}, {answers:?}");
    assert!([200, 422].contains(&answers[0].status), "{answers:?}");
    Ok(())
}

#[tokio::test]
async fn a_flood_wait_and_the_loss_of_a_chat_in_mid_run_stop_nothing_else() -> Result<()> {
    let Some(mut story) = Story::alone("37").await? else { return skipped(NO_CASES) };
    let (source, target, third, mallory) = (story.world.source, story.world.target, story.world.third, story.world.mallory);
    let before = story.telegram.call_counts().await?.calls_during_flood_wait;
    story.go().await?;
    let refused = CallFilter::method("banChatMember").chat(target).user(mallory).ok(false);
    let waits = async || Ok((!story.telegram.calls(refused.clone()).await?.is_empty()).then_some(()));
    story.telegram.wait_until("the flood wait", PATIENCE, waits).await?;
    story.go().await?;
    let (_, results) = story.sync_of(&story.last_event(source, mallory).await?).await?;
    let outcome = |chat: i64| results.iter().find(|result| result.chat_id.0 == chat).map(|result| result.outcome);
    assert_eq!(outcome(target), Some(Outcome::Applied));
    assert!(story.telegram.is_banned(target, mallory).await?);
    story.settle().await?;
    let notices = [story.notices(story.world.boris).await?, story.notices(story.world.carol).await?];
    let cards = notices.map(|notices| notices.into_iter().filter(|notice| notice.contains("Mallory")).collect::<Vec<_>>());
    assert_eq!(cards.each_ref().map(Vec::len), [1, 1], "{cards:?}");
    match outcome(third).context("the third chat has a result")? {
        Outcome::Failed(Reason::ChatGone) => assert!(cards[1][0].contains("not in"), "{cards:?}"),
        // Its ban went before the one that was refused.
        other => assert_eq!(other, Outcome::Applied),
    }
    assert_eq!(story.telegram.call_counts().await?.calls_during_flood_wait, before, "nobody called before the wait had ended");
    Ok(())
}
