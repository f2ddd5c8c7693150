//! `cargo xtask test`: what a change must pass.

use std::path::PathBuf;

use anyhow::Result;

use crate::beside::GROUPS;
use crate::build::{self, INTEGRATION, TestBinary};
use crate::plan::Plan;
use crate::{bot_api, fuzz, service, up, workspace};

#[derive(clap::Args)]
pub struct Options {
    /// Only tests whose name contains one of these
    filters: Vec<String>,
    /// Leave the stack running afterwards
    #[arg(long)]
    keep: bool,
    /// Nothing is to be built or installed, this is the binary: another command runs this one beside its own tests
    #[arg(long, hide = true)]
    built: Option<PathBuf>,
    #[command(flatten)]
    up: up::Options,
}

pub fn test(options: &Options) -> Result<()> {
    let filters: Vec<&str> = options.filters.iter().map(String::as_str).collect();
    let all = filters.is_empty();
    // With all tests, with those of the API, and by its own name.
    let fuzz = all || filters.iter().any(|filter| ["api", fuzz::NAME].contains(filter));
    let client = all || filters.contains(&bot_api::CLIENT);
    let (units, integration) = match &options.built {
        Some(path) => (Vec::new(), integration(path.clone())?),
        None => built(fuzz)?,
    };
    // Where there is no stack but the one that was named, all share it.
    let apart = all && options.up.is_all_local();
    let plan = Plan {
        units,
        integration,
        filters,
        beside: if apart { &GROUPS } else { &[] },
        fuzz: fuzz && !apart,
        client,
        traces: all || options.built.is_some(),
        local_aws: all,
        environment: Vec::new(),
        up: &options.up,
        keep: options.keep,
        // Another command gathers them; or somebody asked for few tests.
        figures: !all,
    };
    plan.run()
}

/// Stops what was running and builds all tests: those that need no stack, and those of a stack.
pub fn built(fuzz: bool) -> Result<(Vec<TestBinary>, Option<TestBinary>)> {
    if !service::stop_all()?.is_empty() {
        println!("Stopped what was running: tests begin with an empty store.");
    }
    let binaries = up::prepare(fuzz, build::with_tests)?;
    let (integration, units): (Vec<_>, Vec<_>) = binaries.into_iter().partition(|binary| binary.name == INTEGRATION);
    Ok((units, integration.into_iter().next()))
}

fn integration(path: PathBuf) -> Result<Option<TestBinary>> {
    Ok(Some(TestBinary { folder: workspace::root()?.join("tests"), name: INTEGRATION.to_owned(), path }))
}
