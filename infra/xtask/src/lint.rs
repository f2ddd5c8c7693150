//! `cargo xtask lint`: everything that can be judged without running the bot.

use std::process::Command;

use anyhow::{Context, Result};

use crate::aws::Aws;
use crate::build::{self, cargo};
use crate::{binary, run, setup, workspace};

/// The version in .ci/run.
const CARGO_DENY: &str = "0.20.2";

pub fn lint() -> Result<()> {
    setup::check_python()?;
    setup::meanwhile(
        || install().and_then(|()| template()),
        || {
            step("format");
            run::run(cargo("fmt").args(["--all", "--check"])).context("run `cargo fmt --all`")?;
            step("clippy");
            run::run(cargo("clippy").args([
                "--workspace",
                "--all-targets",
                "--features",
                build::WITH_INTEGRATION,
                "--",
                "-D",
                "warnings",
            ]))?;
            step("licences and dependencies");
            deny()
        },
    )?;
    if let Some(architecture) = build::built_for()? {
        step("binaries");
        binary::check(architecture)?;
    }
    step("Python");
    run::run(
        Command::new(setup::python()?)
            .args(["-m", "compileall", "-q", "infra/local", "tests/telegram-sim"])
            .current_dir(workspace::root()?),
    )?;
    println!("No complaints.");
    Ok(())
}

fn install() -> Result<()> {
    setup::local_aws()?;
    setup::deploy_tools()?;
    setup::checkov()?;
    setup::moto()
}

/// By what AWS refuses, or does otherwise than a local one.
fn template() -> Result<()> {
    let root = workspace::root()?;
    step("template");
    let mut sam = Command::new(setup::tool("sam")?);
    sam.args(["validate", "--lint", "--template-file", "template.yaml", "--region", &Aws::at(None, None)?.region]);
    sam.env("SAM_CLI_TELEMETRY", "0").current_dir(&root);
    run::run(&mut sam)?;
    let mut judge = Command::new(setup::python()?);
    run::run(judge.args(["-m", "bansync_local.judge"]).arg(&root).current_dir(root.join("infra/local")))
}

/// `advisories` is left out: it needs the advisory database from the network, and a new entry there would fail a commit
/// that changed nothing.
fn deny() -> Result<()> {
    let installed = workspace::tools()?.join("cargo/bin/cargo-deny");
    let mut command = Command::new(if installed.is_file() { installed } else { "cargo-deny".into() });
    command.args(["--workspace", "check", "bans", "licenses", "sources"]).current_dir(workspace::root()?);
    run::run(&mut command)
        .with_context(|| format!("if cargo-deny is missing: `cargo install --locked --root target/local/cargo cargo-deny@{CARGO_DENY}`"))
}

fn step(name: &str) {
    println!("— {name}");
}
