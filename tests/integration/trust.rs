//! Anybody can make a group and ban there: what a chat does with bans of sources that it does not know, and how it keeps one out.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::ids::ChatId;
use domain::question::BlockButton;
use domain::settings::{ChatChange, NewSources, ShareBans};
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason};

fn first_bans(new_sources: NewSources) -> ChatChange {
    ChatChange { new_sources: Some(new_sources), ..ChatChange::default() }
}

#[tokio::test]
async fn a_strangers_fresh_group_bans_nobody_before_an_admin_has_let_it_in() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, first_bans(NewSources::Ask)).await?;
    let kim = play.person("Kim").await?;
    play.telegram.join(pair.source, kim).await?;
    play.follow(pair.target, pair.boris, kim, Mode::Auto).await?;

    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::NewSource));
    let card = play.telegram.wait_until_sees(pair.boris, "no bans from this source yet", PATIENCE).await?;
    assert!(card.text.contains(&pair.source.to_string()), "{}", card.text);
    play.quiet(&pair.ids()).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);

    play.telegram.press_button(pair.boris, &card, "Ban").await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    // From then on it is a source like any other.
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, kim).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Applied);
    Ok(())
}

#[tokio::test]
async fn a_chat_may_only_be_told_of_first_bans_or_take_them_as_any() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, first_bans(NewSources::Tell)).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::NotifyOnly));
    play.telegram.wait_until_sees(pair.boris, &format!("was banned in {}", pair.source), PATIENCE).await?;

    // Its bans have come once: they are not the first any more, whatever is chosen then.
    play.choose(pair.target, first_bans(NewSources::Ban)).await?;
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Applied);
    let known = play.users.chats([ChatId(pair.target)]).await?;
    assert!(known[&ChatId(pair.target)].knows(ChatId(pair.source)));
    Ok(())
}

#[tokio::test]
async fn a_card_says_where_a_ban_came_from_and_who_decided_and_blocks_that_source() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let (carol, kim) = (play.admin("Carol", "en").await?, play.person("Kim").await?);
    play.follow(pair.target, pair.boris, kim, Mode::Auto).await?;
    play.telegram.join(pair.source, kim).await?;
    play.choose(pair.source, ChatChange { share_bans: Some(ShareBans::Full), ..ChatChange::default() }).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    let card = play.telegram.wait_until_sees(pair.boris, "successfully synced", PATIENCE).await?;
    assert!(card.text.contains(&format!("Source: Source (ID: {}), by Alice (ID: {})", pair.source, pair.alice)), "{}", card.text);

    // A stranger was handed the button's data.
    let data = BlockButton { chat_id: ChatId(pair.target), source: ChatId(pair.source) }.data();
    let greeting = play.greeting(carol).await?.message_id;
    let pressed = play.telegram.press_forged(carol, carol, greeting, &data).await?;
    assert_eq!(pressed.text.as_deref(), Some("This button no longer works. Send the command again."));

    let pressed = play.telegram.press_button(pair.boris, &card, "Block").await?;
    assert!(pressed.text.as_deref().is_some_and(|text| text.contains("Blocked")), "{pressed:?}");
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, kim).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Ignored));
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?, "what was carried over stays");

    // The list is for private; by command it is let in again.
    let list = play.privately(pair.boris, "/sources").await?;
    assert!(list.text.contains(&format!("⛔️ Source (ID: {})", pair.source)), "{}", list.text);
    let unblocked = play.command(pair.target, pair.boris, &format!("/unblock {}", pair.source)).await?;
    assert!(unblocked.text.contains("to Target again"), "{}", unblocked.text);
    let blocked = play.command(pair.target, pair.boris, &format!("/block {}", pair.source)).await?;
    assert!(blocked.text.contains("Source blocked"), "{}", blocked.text);
    Ok(())
}

#[tokio::test]
async fn a_source_that_bans_and_unbans_over_and_over_fills_nobodys_chat_with_cards() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_unban: Some(true), ..ChatChange::default() }).await?;
    for _ in 0..4 {
        play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
        play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
        play.sync_of(&play.last_event(pair.source, pair.mallory).await?).await?;
    }
    play.telegram.wait_until_sees(pair.boris, "over and over", PATIENCE).await?;
    play.quiet(&pair.ids()).await?;
    let notices = play.notices(pair.boris).await?;
    assert_eq!(notices.len(), 3, "a ban, its correction, and one card for all that follows: {notices:#?}");
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}
