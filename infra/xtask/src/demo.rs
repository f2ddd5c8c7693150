//! `cargo xtask demo`: the story of one ban, on a machine that had nothing running.

use std::process::Command;

use anyhow::Result;

use crate::{build, down, run, service, stack, up, workspace};

#[derive(clap::Args)]
pub struct Options {
    /// Leave everything running afterwards
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    up: up::Options,
}

/// The program that plays the story (infra/demo).
const PROGRAM: &str = "demo";

pub fn demo(options: &Options) -> Result<()> {
    if !service::stop_all()?.is_empty() {
        println!("Stopped what was running: the story begins with nobody.");
    }
    let played = up::up(&options.up).and_then(|_| {
        let mut story = Command::new(workspace::binaries(build::LOCAL)?.join(PROGRAM));
        run::run(story.env("BANSYNC_STACK", stack::path()?))
    });
    let cleaned = if options.keep { Ok(()) } else { down::down() };
    played.and(cleaned)
}
