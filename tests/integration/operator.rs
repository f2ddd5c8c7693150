//! An operator at his terminal.

use anyhow::{Context, Result, ensure};
use std::process::{Command, Output};

/// `cargo xtask …`, to its end.
pub fn xtask(arguments: &[&str]) -> Result<Output> {
    let xtask = std::env::var_os("BANSYNC_XTASK").context("run the tests by `cargo xtask test`")?;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    Ok(Command::new(xtask).args(arguments).current_dir(root).output()?)
}

/// As [`xtask`]; what it prints. An error where it fails.
pub fn succeeds(arguments: &[&str]) -> Result<String> {
    let output = xtask(arguments)?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
