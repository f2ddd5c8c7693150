//! Secrets that are changed while everything runs.

use crate::operator::{self, succeeds};
use crate::play::{PATIENCE, Play};
use anyhow::Result;
use std::time::Duration;

/// Five updates a second.
const PACE: Duration = Duration::from_millis(200);

/// So many, with the change in the middle.
const UPDATES: usize = 60;

/// Puts the secret back that the other tests know.
struct KnownSecret<'a>(&'a Play);

impl Drop for KnownSecret<'_> {
    fn drop(&mut self) {
        let put_back = || {
            let file = std::env::temp_dir().join(format!("bansync-secret-{}", std::process::id()));
            std::fs::write(&file, &self.0.stack.webhook_secret)?;
            let written = succeeds(&["secrets", "set", "webhook-secret", "--from-file", &file.to_string_lossy()]);
            std::fs::remove_file(file)?;
            written?;
            succeeds(&["bot", "set-up"])
        };
        if let Err(error) = put_back() {
            println!("the webhook's secret stays changed: {error:#}");
        }
    }
}

#[tokio::test]
async fn a_new_secret_of_the_webhook_is_taken_at_once_and_no_update_is_lost_meanwhile() -> Result<()> {
    let play = Play::alone().await?;
    let alice = play.admin("Alice", "en").await?;
    let mut people = Vec::new();
    for _ in 0..UPDATES {
        people.push(play.person("Mallory").await?);
    }
    let chat = play.chat("A", alice, &people).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;

    let known = KnownSecret(&play);
    let banned = async {
        for &person in &people {
            play.telegram.ban(chat, alice, person, None).await?;
            tokio::time::sleep(PACE).await;
        }
        anyhow::Ok(())
    };
    let rotated = async {
        tokio::time::sleep(PACE * (UPDATES / 3) as u32).await;
        tokio::task::spawn_blocking(|| succeeds(&["secrets", "rotate", "webhook-secret"])).await?
    };
    let (_, said) = tokio::try_join!(banned, rotated)?;
    let new = play.stack.file("webhook-secret")?;
    assert_ne!(new, play.stack.webhook_secret);
    assert!(!said.contains(&new) && !said.contains(&play.stack.webhook_secret), "a secret is printed");
    play.telegram.wait_until_accepted(PATIENCE).await?;
    for &person in &people {
        assert_eq!(play.events(chat, person).await?.len(), 1, "the ban of {person}");
    }
    // The old one opens no door where the new one is known.
    assert_eq!(play.post("{}".to_owned(), Some(&new)).await?.0, 200);
    assert_eq!(play.post("{}".to_owned(), Some(&play.stack.webhook_secret)).await?.0, 401);

    drop(known);
    let taken = async || {
        let answer = play.post("{}".to_owned(), Some(&play.stack.webhook_secret)).await;
        Ok(answer.ok().filter(|(status, _)| *status == 200))
    };
    play.telegram.wait_until("the secret that the other tests know", PATIENCE, taken).await?;
    Ok(())
}

#[tokio::test]
async fn a_secret_that_telegram_does_not_take_is_not_written() -> Result<()> {
    let _play = Play::begin().await?;
    let file = std::env::temp_dir().join(format!("bansync-no-secret-{}", std::process::id()));
    std::fs::write(&file, "two words")?;
    let output = operator::xtask(&["secrets", "set", "webhook-secret", "--from-file", &file.to_string_lossy()]);
    std::fs::remove_file(file)?;
    let (output, errors) = (output?, |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned());
    assert!(!output.status.success() && errors(&output.stderr).contains("1–256 characters"), "{}", errors(&output.stderr));
    Ok(())
}
