//! Real payloads and error answers, read in place where the folder is there.

use crate::play::Play;
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use telegram::client::{Failure, read_answer};
use telegram::reaction::{Mend, Reaction};
use telegram::update::{self, CommandName, Update};
use telegram_sim::control::CallFilter;

const NO_CORPUS: &str = "there is no folder ../shared/corpus beside the checkout";

/// The folder of payloads, unless it is absent.
fn corpus() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus"));
    folder.is_dir().then_some(folder)
}

/// Rows of a table with a header; cells by the header's names.
fn rows(text: &str) -> Vec<std::collections::BTreeMap<&str, &str>> {
    let mut lines = text.lines();
    let header: Vec<_> = lines.next().unwrap_or_default().split('\t').collect();
    lines.map(|line| header.iter().copied().zip(line.split('\t')).collect()).collect()
}

#[tokio::test]
async fn every_real_update_is_answered_2xx_and_does_what_it_should() -> Result<()> {
    let Some(folder) = corpus() else { return skipped(NO_CORPUS) };
    let play = Play::begin().await?;
    let index = fs::read_to_string(folder.join("index.tsv"))?;
    let mut wrong = Vec::new();
    for row in rows(&index) {
        let (file, expected) = (row["file"], row["expected_of_correct_bot"]);
        let body = fs::read_to_string(folder.join("updates").join(file))?;
        // Others may still be told of what came before.
        let raw: Value = serde_json::from_str(&body).unwrap_or_default();
        let chat_id = raw["message"]["chat"]["id"].as_i64();
        let to_chat = CallFilter { chat_id, ..CallFilter::method("sendMessage") };
        let written = async || anyhow::Ok(play.telegram.calls(to_chat.clone()).await?.len());
        let before = written().await?;
        let sent_at = aws::time::now();
        let (status, _) = play.post(body.clone(), Some(&play.stack.webhook_secret)).await?;
        let silent = written().await? == before;
        let mut update = Err("nobody has read it".to_owned());
        let mut right = false;
        // An update without a date is of the moment when it came.
        for moment in (sent_at..=aws::time::now()).filter(|_| (200..300).contains(&status)) {
            update = update::read(body.as_bytes(), UserId(play.stack.bot_id), moment).map_err(|error| error.to_string());
            right = does_what_it_should(&play, expected, &raw, update.as_ref().ok(), silent).await.with_context(|| file.to_owned())?;
            if right {
                break;
            }
        }
        if !(200..300).contains(&status) || !right {
            wrong.push(format!("{file}: {status}, expected: {expected}; read as {update:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Was the update read as it should be, and has it done what it should in the store or in Telegram? `silent`: nothing was said in its chat.
async fn does_what_it_should(play: &Play, expected: &str, raw: &Value, update: Option<&Update>, silent: bool) -> Result<bool> {
    let state = async |chat: ChatId| anyhow::Ok(play.users.chats([chat]).await?.remove(&chat));
    let stored = async |action: Action| match update {
        Some(Update::Ban(event)) if event.event_type == action => play.bans.insert((**event).clone()).await.map(|new| new.is_none()),
        _ => Ok(false),
    };
    let wrote = async |chat: ChatId| anyhow::Ok(!play.telegram.calls(CallFilter::method("sendMessage").chat(chat.0)).await?.is_empty());
    Ok(match (expected, update) {
        (expected, _) if expected.starts_with("ban event") => stored(Action::Ban).await?,
        ("restrict event", _) => stored(Action::Restrict).await?,
        ("unrestrict event", _) => stored(Action::Unrestrict).await?,
        (expected, Some(Update::PrivateChat { user, may_write })) => {
            let known = play.users.profiles([*user]).await?.remove(user).and_then(|profile| profile.can_write);
            known == Some(*may_write) && expected.contains(if *may_write { "resume DMs" } else { "stop DMs" })
        }
        (expected, Some(Update::Admin(change))) => {
            let known = play.users.admin(change.chat_id, change.user_id).await?;
            let fits = ["ignore", "rights change"].iter().any(|words| expected.starts_with(words));
            fits && change.ban.is_none() && known.is_some_and(|known| known.role() == change.role)
        }
        (expected, Some(Update::BotMembership(membership))) => {
            let known = state(membership.chat_id).await?.map(|chat| chat.state);
            let read = ChatState::of_bot(&membership.bot);
            let fits = match read {
                Some(ChatState::Removed) => expected.starts_with("bot removed"),
                Some(ChatState::Suspended) => {
                    ["bot restricted", "bot added", "rights change", "ignore"].iter().any(|words| expected.starts_with(words))
                }
                _ => ["bot added as admin", "rights change", "ignore"].iter().any(|words| expected.starts_with(words)),
            };
            fits && known.is_some()
        }
        (expected, Some(Update::Migrated { from, to, .. })) => {
            let known = state(*from).await?;
            let named =
                expected.split("migrate chat id ").nth(1).is_none_or(|ids| ids == format!("{from} -> {to}") || ids.starts_with('('));
            named && expected.starts_with("migrate") && known.and_then(|chat| chat.migrated_to) == Some(*to)
        }
        ("command start", Some(Update::Command(command))) => command.name == CommandName::Start && wrote(command.chat_id).await?,
        (expected, Some(Update::Command(command))) if command.addressed_to.is_some() => expected.contains("another bot"),
        // Whoever talks with the bot already is shown what it knows.
        (expected, Some(Update::Command(command))) => expected.starts_with("ignore") && command.name == CommandName::Unknown,
        (expected, Some(Update::Wrote(_))) => expected.starts_with("ignore") && silent,
        (expected, Some(Update::Joined(_))) => expected.starts_with("join") || expected.starts_with("ignore"),
        (expected, Some(Update::Button { .. })) => {
            let answers = play.telegram.calls(CallFilter::method("answerCallbackQuery")).await?;
            let answered = answers.iter().any(|call| call.params["callback_query_id"] == raw["callback_query"]["id"]);
            expected.starts_with("answerCallbackQuery") && answered
        }
        (expected, Some(Update::NotForUs | Update::Seen(..))) => {
            ["ignore", "join: ignore", "ack 2xx, ignore"].iter().any(|words| expected.starts_with(words))
        }
        (expected, Some(Update::Community(change))) => {
            let known = play.users.chat(change.chat_id).await?.and_then(|chat| chat.community);
            expected.starts_with("ignore") && silent && known == change.community
        }
        // Bodies that cannot be read are ignored, too; but only those.
        (expected, None) => expected.starts_with("ignore"),
        (_, Some(Update::Ban(_))) => false,
    })
}

#[test]
fn every_real_error_answer_gets_its_reaction() -> Result<()> {
    let Some(folder) = corpus() else { return skipped(NO_CORPUS) };
    let table = fs::read_to_string(folder.join("errors.tsv"))?;
    let mut wrong = Vec::new();
    for row in rows(&table) {
        // The body stands in the table as a JSON string.
        let body: String = serde_json::from_str(row["raw_body"]).unwrap_or_else(|_| row["raw_body"].to_owned());
        let answer = read_answer::<serde::de::IgnoredAny>(row["http_code"].parse()?, body.as_bytes());
        let reaction = answer.err().map(|failure: Failure| failure.reaction());
        if !fits(row["correct_reaction"], reaction) {
            wrong.push(format!("{} {}: {}, but it is {reaction:?}", row["method"], row["description"], row["correct_reaction"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Is this the reaction that the table's words call for?
fn fits(words: &str, reaction: Option<Reaction>) -> bool {
    let Some(reaction) = reaction else { return words.starts_with("success") };
    let says = |text: &str| words.contains(text);
    match reaction {
        Reaction::RetryAfter(seconds) => says(&format!("retry-after {seconds}")),
        Reaction::Retry => says("retry"),
        Reaction::RetryFew => says("few attempts") || says("wait for migrate update"),
        Reaction::Migrated(_) => says("migrate chat id"),
        // "permanent-fail" of one target is a skip with its reason.
        Reaction::Skip(_) => ["skip", "not a member", "permanent-fail", "notify admin (basic group"].iter().any(|text| says(text)),
        Reaction::SuspendChat => says("notify admin"),
        Reaction::ChatGone => says("deactivate chat"),
        Reaction::NoPrivateMessages => says("stop DMs") || says("never started the bot"),
        Reaction::SendPrivately => says("skip message") || says("notify admin"),
        Reaction::Mend(Mend::WithoutThread | Mend::WithoutReply) => says("without"),
        Reaction::Mend(Mend::PlainText) => says("plain text"),
        Reaction::Mend(Mend::Split) => says("split"),
        Reaction::Fine => says("success") || says("skip") || says("do not retry"),
        Reaction::OurBug => says("permanent-fail"),
        Reaction::StopEverything => says("notify operator"),
    }
}
