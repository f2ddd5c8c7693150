//! `cargo xtask build`: every function in one cargo call, each to target/lambda/<name>/bootstrap.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{run, workspace};

#[derive(clap::Args)]
pub struct Options {
    /// Optimised, as deployed to AWS
    #[arg(long)]
    release: bool,
    /// For Lambda's arm64 processors (the template's default); needs cargo-lambda
    #[arg(long, requires = "release")]
    arm64: bool,
}

pub fn build(options: &Options) -> Result<()> {
    match options {
        Options { arm64: true, .. } => for_arm64(),
        Options { release: true, .. } => {
            let mut command = cargo("build");
            command.arg("--release");
            for function in workspace::functions()? {
                command.args(["--package", &function]);
            }
            run::run(&mut command)?;
            place("release")
        }
        _ => for_local("--bins"),
    }
}

/// Builds everything but xtask with the profile `local` and places the functions. `targets`: what to build of each
/// package.
///
/// All packages at once: cargo unites the features of a dependency over what it is asked for, so that asking for some
/// packages now and for others later would compile dependencies twice. xtask is left out, having been built alone.
pub fn for_local(targets: &str) -> Result<()> {
    run::run(cargo("build").args(["--profile", "local", "--workspace", "--exclude", "xtask", targets]))?;
    place("local")
}

/// `cargo <subcommand>` in the repository.
pub fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.arg(subcommand);
    if let Ok(root) = workspace::root() {
        command.current_dir(root);
    }
    command
}

fn for_arm64() -> Result<()> {
    let installed = cargo("lambda").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(
        installed.is_ok_and(|status| status.success()),
        "cargo-lambda cross-compiles for arm64: install it by `pip install cargo-lambda==1.9.2 ziglang` and run \
         `rustup target add aarch64-unknown-linux-gnu`; or build on an arm64 machine without --arm64"
    );
    let mut command = cargo("lambda");
    command.args(["build", "--release", "--arm64"]);
    for function in workspace::functions()? {
        command.args(["--package", &function]);
    }
    // It places the binaries itself.
    run::run(&mut command)
}

fn place(profile: &str) -> Result<()> {
    let (root, binaries) = (workspace::root()?, workspace::binaries(profile)?);
    for function in workspace::functions()? {
        copy_if_changed(&binaries.join(&function), &root.join("target/lambda").join(&function).join("bootstrap"))?;
    }
    Ok(())
}

/// An untouched file keeps its time, by which `up` sees whether a deploy is needed.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let wanted = fs::read(from).with_context(|| format!("{} is missing: a function's binary is named as its folder", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    to.parent().map(fs::create_dir_all).transpose().with_context(|| format!("no folder for {}", to.display()))?;
    // `copy` also carries the permission to execute.
    fs::copy(from, to).map(drop).with_context(|| format!("{} cannot be written", to.display()))
}
