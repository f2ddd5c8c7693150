//! Updates of Telegram, however odd or new.

use super::story::{Story, is_about_message_0};
use super::{NO_CASES, folder};
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use telegram_sim::control::CallFilter;

#[tokio::test]
async fn updates_of_newer_versions_of_the_bot_api_are_accepted_and_do_nothing_wrong() -> Result<()> {
    let Some(folder) = folder() else { return skipped(NO_CASES) };
    let play = Play::alone().await?;
    play.forget_dead_letters().await?;
    let index = fs::read_to_string(folder.join("updates/index.tsv"))?;
    let files: Vec<_> = index.lines().skip(1).filter_map(|row| row.split('\t').next()).collect();
    ensure!(!files.is_empty(), "the table has rows");
    let mut chats = Vec::new();
    for file in files {
        let body = fs::read_to_string(folder.join("updates").join(file))?;
        let update: Value = serde_json::from_str(&body)?;
        let about = update
            .as_object()
            .into_iter()
            .flatten()
            .find_map(|(_, what)| what["chat"]["id"].as_i64().or_else(|| what["message"]["chat"]["id"].as_i64()));
        chats.push(about.with_context(|| format!("{file} is about a chat"))?);
        let (status, answer) = play.post(body, Some(&play.stack.webhook_secret)).await?;
        assert!((200..300).contains(&status), "{file}: {status} {answer}");
    }
    play.quiet(&chats).await?;
    for chat in chats {
        for call in play.telegram.calls(CallFilter::default().chat(chat)).await? {
            assert!(!is_about_message_0(&call.params), "{} {}", call.method, call.params);
            assert!(!["banChatMember", "declineChatJoinRequest"].contains(&call.method.as_str()), "{} {}", call.method, call.params);
        }
    }
    play.no_dead_letters().await
}

#[tokio::test]
async fn a_restriction_that_runs_out_is_nobodys_decision() -> Result<()> {
    let Some(mut story) = Story::begin("48").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.settle().await?;
    let events = story.registrar().await?.list(&format!("events/chat/{}", story.world.source), 100).await?;
    assert!(events.is_empty(), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn fields_that_are_null_and_kinds_that_nobody_knows_hold_nothing_up() -> Result<()> {
    let Some(mut story) = Story::begin("55").await? else { return skipped(NO_CASES) };
    story.go().await?;
    story.telegram.wait_until_sees(story.world.boris, "don’t follow anyone", PATIENCE).await?;
    story.settle().await?;
    assert_eq!(story.said_in(story.world.target).await?.len(), 1);
    Ok(())
}
