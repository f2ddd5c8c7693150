//! `cargo xtask analytics`: what is counted, made anew.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use crate::stack::Stack;
use crate::{run, setup, target, workspace};

/// The tables whose items tell of what is counted.
const TABLES: [&str; 3] = ["bans", "subscriptions", "sync"];

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    target: target::Options,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Count once more what the other tables and the archive hold; what is counted already counts once
    Rebuild,
}

pub fn analytics(options: &Options) -> Result<()> {
    setup::local_aws()?;
    let stack = options.target.stack()?;
    match options.action {
        Action::Rebuild => rebuild(&stack),
    }
}

/// It reads whole tables, which no function may: so it runs here, by whoever operates the stack.
fn rebuild(stack: &Stack) -> Result<()> {
    let function =
        stack.functions.get("analytics-collector").context("nothing is counted in this stack: it is deployed with Analytics=off")?;
    let name = |table: &&str| stack.tables.get(*table).with_context(|| format!("the stack has no table `{table}`"));
    let tables = TABLES.iter().map(name).collect::<Result<Vec<_>>>()?;
    let bucket = stack.buckets.get("archive").context("the stack has no archive")?;
    let mut command = Command::new(setup::python()?);
    command.args(["-m", "bansync_local.recount", "-"]).current_dir(workspace::root()?.join("infra/local"));
    stack.aws().environment(&mut command)?;
    let names = json!({ "tables": tables, "bucket": bucket, "function": function });
    print!("{}", run::output_with(&mut command, &names.to_string())?);
    Ok(())
}
