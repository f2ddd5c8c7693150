//! The story of one ban, told by what everybody saw. `cargo xtask demo` deploys the bot and runs this.
//!
//! # Layout
//! - [`cast`]: who is who, in which chats;
//! - [`story`]: what people do;
//! - [`ending`]: what must have become of it;
//! - [`timeline`]: the same as a reader's table.

mod cast;
mod ending;
mod story;
mod timeline;

use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result};
use serde::Deserialize;
use telegram_sim::Control;

/// What this needs of target/local/stack.json.
#[derive(Deserialize)]
struct Stack {
    control: Option<String>,
    bot_id: i64,
    settle_seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(failures) if failures.is_empty() => {
            println!("\nEverything happened as it should.");
            ExitCode::SUCCESS
        }
        Ok(failures) => {
            eprintln!("\nIt did not happen as it should:");
            for failure in failures {
                eprintln!("- {failure}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Plays and prints the story; returns what did not hold, as sentences.
async fn run() -> Result<Vec<String>> {
    let path = env::var("BANSYNC_STACK").context("BANSYNC_STACK names no stack.json; run this by `cargo xtask demo`")?;
    let stack: Stack = serde_json::from_slice(&fs::read(&path).with_context(|| format!("{path} cannot be read"))?)
        .with_context(|| format!("{path} is from another version; run `cargo xtask up`"))?;
    let control = Control::new(&stack.control.context("the story needs the simulator; run `cargo xtask demo` without --telegram-api")?);
    let settle = Duration::from_secs(stack.settle_seconds);

    let mut story = story::Story::begin(control, stack.bot_id).await?;
    println!("Playing the story (a ban must stand for {} s before it is carried over) …", settle.as_secs());
    let mut failures = Vec::new();
    // A wait that runs out is told with everything else that did not happen.
    if let Err(error) = story.play(settle).await {
        failures.push(format!("{error:#}"));
    }
    failures.extend(ending::failures(&story).await?);
    timeline::print(&story).await?;
    Ok(failures)
}
