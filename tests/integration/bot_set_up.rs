//! What an operator tells Telegram of the bot, and how he finds what is wrong.

use crate::operator;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::{Command, Stdio};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, NewChat};

/// What `cargo xtask bot …` has printed, and whether it succeeded.
struct Said {
    text: String,
    errors: String,
    well: bool,
}

impl Play {
    fn bot_command(&self, arguments: &[&str]) -> Result<Said> {
        let output = operator::xtask(&[&["bot"][..], arguments].concat())?;
        let said =
            Said { text: String::from_utf8(output.stdout)?, errors: String::from_utf8(output.stderr)?, well: output.status.success() };
        for secret in [&self.stack.file("bot-token")?, &self.stack.webhook_secret] {
            ensure!(!said.text.contains(secret) && !said.errors.contains(secret), "bot {arguments:?} prints a secret");
        }
        Ok(said)
    }
}

/// The commands of a scope in a language, by name and description.
fn list(profile: &Value, scope: &str, language: &str) -> Vec<(String, String)> {
    let lists = profile["commands"].as_array().into_iter().flatten();
    let of = lists.filter(|list| list["scope"]["type"] == scope && list["language_code"] == language);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let commands = of.flat_map(|list| list["commands"].as_array().into_iter().flatten());
    commands.map(|command| (text(&command["command"]), text(&command["description"]))).collect()
}

#[tokio::test]
async fn telegram_is_told_of_the_commands_and_told_again_nothing_changes() -> Result<()> {
    let play = Play::begin().await?;
    let said = play.bot_command(&["set-up"])?;
    assert!(said.well, "{}", said.errors);
    let profile = play.telegram.commands().await?;
    for (scope, count) in [("all_private_chats", 19), ("all_chat_administrators", 15), ("all_group_chats", 1)] {
        let english = list(&profile, scope, "");
        assert_eq!(english.len(), count, "{scope}");
        let russian = list(&profile, scope, "ru");
        for language in ["be", "kk", "uk"] {
            assert_eq!(list(&profile, scope, language), russian, "{scope} {language}");
        }
        let same = english.iter().zip(&russian).all(|((name, text), (ru_name, ru_text))| name == ru_name && text != ru_text);
        assert!(same && russian.len() == count, "{scope}: {english:?} {russian:?}");
    }
    assert_eq!(list(&profile, "all_group_chats", "")[0].0, "help");

    let said = play.bot_command(&["set-up"])?;
    assert!(said.well, "{}", said.errors);
    assert_eq!(play.telegram.commands().await?, profile);
    Ok(())
}

#[tokio::test]
async fn the_doctor_finds_what_keeps_the_bot_from_working() -> Result<()> {
    let play = Play::alone().await?;
    let alice = play.admin("Alice", "en").await?;
    let good = play.chat("Good", alice, &[]).await?;
    let may_not_ban = BotRole::Administrator(AdminRights::without_restrict());
    let bad = play.telegram.create_chat(NewChat::supergroup("Bad", alice).bot(may_not_ban)).await?;
    let old = play.telegram.create_chat(NewChat::group("Old", alice).bot(BotRole::Member)).await?;
    let new = play.telegram.migrate(old).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    // The doctor looks at all that was given up.
    play.forget_dead_letters().await?;
    let said = play.bot_command(&["set-up"])?;
    assert!(said.well, "{}", said.errors);

    let said = play.bot_command(&["doctor", "--chat", &good.to_string()])?;
    assert!(said.well && !said.text.contains('✗'), "{}{}", said.text, said.errors);
    assert!(said.text.contains(&format!("✓ chat {good}: the bot may ban")), "{}", said.text);
    for line in ["✓ token", "✓ webhook", "✓ kinds of updates", "✓ commands", "✓ queue sync_dlq"] {
        assert!(said.text.contains(line), "{line}: {}", said.text);
    }

    let said = play.bot_command(&["doctor", "--chat", &bad.to_string(), "--chat", &old.to_string(), "--chat", "-1009999999999"])?;
    assert!(!said.well && said.errors.contains("3 things are wrong"), "{}{}", said.text, said.errors);
    assert!(said.text.contains(&format!("✗ chat {bad}: the bot may not ban")) && said.text.contains("give it the right “Ban users”"));
    assert!(said.text.contains(&format!("--chat {new}")), "{}", said.text);
    assert!(said.text.contains("✗ chat -1009999999999: Telegram shows the bot no such chat"), "{}", said.text);
    Ok(())
}

#[tokio::test]
async fn where_there_is_no_public_address_updates_come_by_long_polling() -> Result<()> {
    let play = Play::alone().await?;
    let xtask = std::env::var_os("BANSYNC_XTASK").context("run the tests by `cargo xtask test`")?;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut poll = Command::new(xtask).arg("poll").current_dir(root).stdout(Stdio::null()).spawn()?;
    let polled = async {
        let gone = async || Ok(play.telegram.world().await?["webhook"]["url"].as_str().is_none_or(str::is_empty).then_some(()));
        play.telegram.wait_until("the webhook to be removed", PATIENCE, gone).await?;
        let boris = play.admin("Boris", "en").await?;
        play.telegram.say_private(boris, "/help").await?;
        anyhow::Ok(play.telegram.wait_until_sees(boris, "Most used", PATIENCE).await?)
    };
    let polled = polled.await;
    // Whatever became of it, the others have their webhook again.
    poll.kill()?;
    poll.wait()?;
    let said = play.bot_command(&["set-up"])?;
    ensure!(said.well, "{}", said.errors);
    polled?;
    Ok(())
}
