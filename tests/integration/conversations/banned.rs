//! Somebody who was banned asks.

use super::conversation;
use super::talk::last;
use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::ids::{ChatId, UserId};
use domain::subscription::{Source, Subscription};

#[tokio::test]
async fn somebody_who_was_banned_asks_why_and_appeals_once() -> Result<()> {
    conversation("Banned: why, and an appeal", async |talk| {
        let (alice, boris) = (talk.admin("Alice").await?, talk.admin("Boris").await?);
        let mallory = talk.admin("Mallory").await?;
        talk.says(mallory, mallory, "/why").await?;
        let source = talk.chat("Open club", alice, &[mallory]).await?;
        let chat = talk.chat("Book club", boris, &[mallory]).await?;
        talk.play.subscribe(chat, boris, mallory).await?;
        talk.play.telegram.ban(source, alice, mallory, None).await?;
        talk.play.telegram.wait_until_banned(chat, mallory, crate::play::PATIENCE).await?;
        talk.play.telegram.wait_until_sees(boris, talk.word("synced", "синхронизирован"), crate::play::PATIENCE).await?;
        talk.forget(boris).await?;
        talk.tell("Alice has banned Mallory in Open club, and the bot in Book club.");
        let why = last(&talk.says(mallory, mallory, "/why").await?)?;
        talk.presses(mallory, &why, "✍️").await?;
        talk.says(mallory, mallory, "It was my brother. I am <b>sorry</b>!").await?;
        let appeal = last(&talk.is_told(boris, "sorry").await?)?;
        talk.presses(boris, &appeal, talk.word("Unban", "Снять")).await?;
        talk.is_told(mallory, talk.word("granted", "принята")).await?;
        let lifted = async || Ok((!talk.play.telegram.is_banned(chat, mallory).await?).then_some(()));
        talk.play.telegram.wait_until("the ban to be lifted", crate::play::PATIENCE, lifted).await?;
        let why = last(&talk.says(mallory, mallory, "/why").await?)?;
        assert!(why.buttons.is_empty(), "{}", why.text);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_appeal_goes_to_the_admins_where_nobody_follows_any_more_and_the_first_answer_counts() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?);
    let mallory = play.admin("Mallory", "en").await?;
    let (source, chat) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
    play.subscribe(chat, boris, mallory).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    let (admin_user_id, admin_chat_id) = (UserId(boris), ChatId(chat));
    play.subscriptions.unfollow(&Subscription { admin_user_id, admin_chat_id, source: Source::User(UserId(mallory)) }).await?;
    play.telegram.say_private(mallory, "/why").await?;
    let why = play.telegram.wait_until_sees(mallory, "You are banned", PATIENCE).await?;
    play.press(mallory, &why, "✍️").await?;
    play.telegram.say_private(mallory, "Please!").await?;
    let appeal = play.telegram.wait_until_sees(boris, "Please!", PATIENCE).await?;
    let (lift, stand) = (appeal.data_of("Unban"), appeal.data_of("Keep"));
    let press = async |data: Option<&str>| {
        play.telegram
            .press_forged(boris, boris, appeal.message_id, data.unwrap_or_default())
            .await
            .map(|pressed| pressed.text.unwrap_or_default())
    };
    assert_eq!(press(stand).await?, "Appeal declined: the ban stays");
    // The message has no buttons any more.
    assert!(press(lift).await?.contains("no longer works"));
    play.telegram.wait_until_sees(mallory, "declined", PATIENCE).await?;
    assert!(play.telegram.is_banned(chat, mallory).await?);
    Ok(())
}
