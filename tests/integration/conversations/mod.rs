//! Conversations: what people type and press, and what they see. Each is played in both languages and compared with its section of
//! `tests/conversations.md`, the page on which the bot can be read in five minutes.
//!
//! `BANSYNC_RECORD=1` writes the sections anew; whatever changed shows in the commit.
//!
//! # Layout
//! - [`talk`]: how a conversation is played and written down
//! - [`page`]: the page and its sections
//! - the rest: conversations by theme

mod banned;
mod deciding;
mod first_words;
mod following;
mod forms;
mod looking;
mod page;
mod rules;
mod settings;
mod talk;

use crate::play::Play;
use anyhow::{Context, Result};
use talk::Talk;

const LANGUAGES: [&str; 2] = ["en", "ru"];

/// Plays a conversation in each language, and holds it against the page.
async fn conversation(title: &str, play_it: impl AsyncFn(&mut Talk<'_>) -> Result<()>) -> Result<()> {
    let play = Play::begin().await?;
    let mut section = String::new();
    for language in LANGUAGES {
        let mut talk = Talk::begin(&play, language);
        play_it(&mut talk).await.with_context(|| format!("{title}, {language}, after:\n{}", talk.page()))?;
        section += &match language {
            "en" => talk.page().to_owned(),
            // Whoever reads it in five minutes reads it once.
            _ => format!("\n<details><summary>По-русски</summary>\n{}\n</details>\n", talk.page()),
        };
    }
    page::hold(title, &section)
}
