//! Updates of Telegram, however odd or new.

use super::story::{Story, is_about_message_0};
use super::{NO_CASES, folder};
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result, bail, ensure};
use domain::chat::Community;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use serde_json::Value;
use std::fs;
use telegram::update::{self, Update};
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
        play.did_right(file, &update).await.with_context(|| file.to_owned())?;
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

impl Play {
    /// What came of an update, as the table of updates says.
    async fn did_right(&self, file: &str, update: &Value) -> Result<()> {
        match file.get(..2) {
            Some("06" | "08") => {
                let query = &update["callback_query"]["id"];
                let calls = self.telegram.calls(CallFilter::method("answerCallbackQuery")).await?;
                ensure!(calls.iter().any(|call| call.params["callback_query_id"] == *query), "the press is answered");
            }
            Some("10") => {
                let expected = serde_json::from_value(update["message"]["community_chat_added"]["community"].clone())?;
                ensure!(self.community_of(&update["message"]).await? == Some(expected), "the community is kept");
            }
            Some("11") => ensure!(self.community_of(&update["message"]).await?.is_none(), "the community is forgotten"),
            Some("14" | "15") => {
                let Update::Ban(event) = update::read(update.to_string().as_bytes(), UserId(self.stack.bot_id), 0)? else {
                    bail!("a decision of the chat's own")
                };
                let stored = self.bans.get(event.event_id).await?.context("the decision is kept")?;
                let expected = if file.starts_with("14") { Action::Ban } else { Action::Restrict };
                ensure!((stored.event_type, stored.until, stored.tracked) == (expected, event.until, false), "{stored:?}");
            }
            Some("18") => {
                let query = &update["chat_join_request"]["query_id"];
                let calls = self.telegram.calls(CallFilter::method("answerChatJoinRequestQuery")).await?;
                let call =
                    calls.iter().find(|call| call.params["chat_join_request_query_id"] == *query).context("the query is answered")?;
                ensure!(call.params["result"] == "queue", "{}", call.params);
            }
            Some("20") => {
                let chat = update["guest_message"]["chat"]["id"].as_i64().context("it has a chat")?;
                ensure!(self.users.chat(ChatId(chat)).await?.is_none(), "a chat where the bot is not");
                ensure!(self.telegram.calls(CallFilter::default().chat(chat)).await?.is_empty(), "nothing is done there");
            }
            _ => {}
        }
        Ok(())
    }

    async fn community_of(&self, message: &Value) -> Result<Option<Community>> {
        let chat = message["chat"]["id"].as_i64().context("it has a chat")?;
        Ok(self.users.chat(ChatId(chat)).await?.context("the chat is known")?.community)
    }
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
