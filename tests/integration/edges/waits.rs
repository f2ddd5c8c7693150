//! Waits, and how they end.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use crate::stack::skipped;
use anyhow::Result;
use domain::subscription::Mode;
use serde_json::json;
use telegram_sim::Permissions;
use telegram_sim::control::{CallFilter, Delivery, DeliveryState};

impl Play {
    /// A ban waits for somebody who has left the target.
    async fn waiting(&self) -> Result<Pair> {
        let pair = self.pair(Mode::Auto).await?;
        self.telegram.leave(pair.target, pair.mallory).await?;
        self.waits_for(&pair, (pair.source, pair.alice)).await?;
        Ok(pair)
    }

    /// He asks to be let in and comes: nobody hinders him.
    async fn comes_freely(&self, pair: &Pair) -> Result<()> {
        self.telegram.request_to_join(pair.target, pair.mallory).await?;
        self.telegram.join(pair.target, pair.mallory).await?;
        self.quiet(&pair.ids()).await?;
        assert!(!self.telegram.is_banned(pair.target, pair.mallory).await?);
        assert!(self.telegram.calls(CallFilter::method("declineChatJoinRequest").chat(pair.target)).await?.is_empty());
        Ok(())
    }
}

#[tokio::test]
async fn several_sources_wait_side_by_side() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.waiting().await?;
    let second = play.chat("Second", pair.alice, &[pair.mallory]).await?;
    play.waits_for(&pair, (second, pair.alice)).await?;
    play.telegram.unban(second, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.telegram.join(pair.target, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.wait_until_nobody_waits(pair.target, pair.mallory).await
}

#[tokio::test]
async fn while_it_cannot_be_told_in_time_whether_somebody_is_waited_for_a_word_is_accepted_and_a_join_comes_again() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    // She has not been in the target: that she leaves would be a word of hers, and the next one in a minute.
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (source, target) = (play.chat("Source", alice, &[mallory]).await?, play.chat("Target", boris, &[]).await?);
    let pair = Pair { alice, boris, mallory, source, target };
    play.follow(target, boris, mallory, Mode::Auto).await?;
    play.waits_for(&pair, (source, alice)).await?;
    // What was decided on her takes longer to read than an update may.
    let webhook = &play.stack.functions["webhook"];
    let slow =
        json!({"service": "dynamodb", "operation": "Query", "function": webhook, "contains": pair.mallory.to_string(), "hang": 20_000});
    let slow = play.stack.fail(slow).await?;
    play.telegram.join(pair.target, pair.mallory).await?;
    play.telegram.say(pair.target, pair.mallory, "hello").await?;
    let of_kind = async |kind: &'static str| -> Vec<Delivery> {
        let deliveries = play.telegram.deliveries_in(&[pair.target], 0).await.unwrap_or_default();
        let hers = |delivery: &Delivery| delivery.kind == kind && delivery.body.to_string().contains(&pair.mallory.to_string());
        deliveries.into_iter().filter(hers).collect()
    };
    let is_accepted = |delivery: &Delivery| delivery.state == DeliveryState::Accepted;
    let accepted = async || {
        let words = of_kind("message").await;
        Ok((!words.is_empty() && words.iter().all(is_accepted)).then_some(words))
    };
    let words = play.telegram.wait_until("the words to be accepted", PATIENCE, accepted).await?;
    assert!(words.iter().all(|word| word.attempts == 1), "others' words wait behind them: {words:?}");
    let again = async || Ok(of_kind("chat_member").await.into_iter().find(|join| join.attempts > 1));
    let join = play.telegram.wait_until("the join to come again", PATIENCE, again).await?;
    assert!(!is_accepted(&join));
    slow.heal().await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_wait_ends_when_he_is_ignored_here() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.waiting().await?;
    play.command(pair.target, pair.boris, &format!("/ignore {}", pair.mallory)).await?;
    play.wait_until_nobody_waits(pair.target, pair.mallory).await?;
    play.comes_freely(&pair).await
}

#[tokio::test]
async fn a_wait_ends_with_the_last_follower_and_does_not_come_back() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.waiting().await?;
    play.command(pair.target, pair.boris, &format!("/unsubscribe {}", pair.mallory)).await?;
    play.wait_until_nobody_waits(pair.target, pair.mallory).await?;
    play.subscribe(pair.target, pair.boris, pair.mallory).await?;
    play.comes_freely(&pair).await
}

#[tokio::test]
async fn who_is_waited_for_is_banned_at_his_first_word() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    // He is there all the time: Telegram has only not told of him.
    play.waits_for(&pair, (pair.source, pair.alice)).await?;
    play.telegram.say(pair.target, pair.mallory, "hello").await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn who_is_waited_for_is_banned_when_he_comes_back_restricted() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.telegram.restrict(pair.target, pair.boris, pair.mallory, Permissions::none(), None).await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    play.waits_for(&pair, (pair.source, pair.alice)).await?;
    play.telegram.join(pair.target, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn an_admin_who_brings_him_himself_is_asked() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.waiting().await?;
    play.telegram.add(pair.target, pair.boris, pair.mallory).await?;
    let question = async || {
        let seen = play.telegram.private_messages(pair.boris).await?;
        Ok(seen.into_iter().find(|seen| seen.buttons.iter().flatten().any(|button| button.text.contains("Ban"))))
    };
    let question = play.telegram.wait_until("a question", PATIENCE, question).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    play.telegram.press_button(pair.boris, &question, "Ban").await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}
