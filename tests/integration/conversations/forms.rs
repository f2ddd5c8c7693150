//! Each command of a group in both forms: seen by everybody, as older apps send it, and by the bot alone.

use super::conversation;
use anyhow::Result;

const COMMANDS: [&str; 15] = [
    "subscribe",
    "unsubscribe",
    "list",
    "history",
    "why",
    "undo",
    "ignore",
    "unignore",
    "sources",
    "block",
    "unblock",
    "settings",
    "stats",
    "verify",
    "help",
];

/// Those that name somebody.
const OF_SOMEBODY: [&str; 6] = ["subscribe", "unsubscribe", "why", "undo", "ignore", "unignore"];

#[tokio::test]
async fn each_command_is_answered_in_the_form_in_which_it_comes() -> Result<()> {
    conversation("Both forms", async |talk| {
        // Two chats and two admins: thirty requests would be too many for one.
        let (boris, clara, mallory) = (talk.admin("Boris").await?, talk.admin("Clara").await?, talk.person("Mallory").await?);
        let (public, alone) = (talk.chat("Book club", boris, &[mallory]).await?, talk.chat("Choir", clara, &[mallory]).await?);
        for command in COMMANDS {
            let text = if OF_SOMEBODY.contains(&command) { format!("/{command} {mallory}") } else { format!("/{command}") };
            talk.says(boris, public, &text).await?;
            let answers = talk.whispers(clara, alone, &text).await?;
            assert!(answers.iter().all(|answer| answer.private || answer.ephemeral), "{command}");
        }
        assert!(talk.play.telegram.sees(mallory).await?.iter().all(|seen| seen.chat_id != alone), "of Clara's nothing is seen by others");
        Ok(())
    })
    .await
}
