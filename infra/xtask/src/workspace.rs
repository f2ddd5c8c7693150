//! Where things are, relative to the folder that holds template.yaml.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// The repository's folder.
///
/// # Errors
/// When neither the current folder nor one above it holds template.yaml.
pub fn root() -> Result<PathBuf> {
    let here = env::current_dir().context("the current folder is gone; go to the repository")?;
    // `cargo xtask` from anywhere in the repository: cargo says where this crate is.
    let start = env::var_os("CARGO_MANIFEST_DIR").map_or(here, PathBuf::from);
    let found = start.ancestors().find(|folder| folder.join("template.yaml").is_file());
    Ok(found.context("no template.yaml here or above; run this in the repository")?.to_owned())
}

/// Names another folder than target/local for what belongs to a stack, so that a second one can run beside the first.
pub const STATE: &str = "BANSYNC_STATE";

/// What the commands install: Python's environments, cargo-deny. Never committed, safe to delete.
pub fn tools() -> Result<PathBuf> {
    made(root()?.join("target/local"))
}

/// What belongs to the stack: state, logs, secrets. Never committed, safe to delete after `down`.
pub fn state() -> Result<PathBuf> {
    env::var_os(STATE).map_or_else(tools, |folder| made(folder.into()))
}

fn made(folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    Ok(folder)
}

/// Where cargo puts the binaries of a profile's folder (`debug`, `release`).
pub fn binaries(profile: &str) -> Result<PathBuf> {
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root()?.join(folder),
        None => root()?.join("target"),
    };
    Ok(target.join(profile))
}

/// Where the functions are placed that run on this machine, `<name>/bootstrap`; the same for all stacks that run here.
pub fn functions_here() -> Result<PathBuf> {
    Ok(tools()?.join("lambda"))
}

/// Where the functions are placed that are deployed: `CodeUri` in template.yaml.
pub fn functions_deployed() -> Result<PathBuf> {
    Ok(root()?.join("target/lambda"))
}

/// The names of the functions: folder = crate = binary.
pub fn functions() -> Result<Vec<String>> {
    let folder = root()?.join("functions");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// The newest change of any file in a folder; `None` when there is none.
pub fn newest_change(folder: &Path) -> Option<std::time::SystemTime> {
    let entries = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok());
    let of = |entry: fs::DirEntry| {
        let kind = entry.file_type().ok()?;
        if kind.is_dir() && entry.file_name() != "__pycache__" {
            newest_change(&entry.path())
        } else {
            entry.metadata().ok().filter(|_| kind.is_file())?.modified().ok()
        }
    };
    entries.filter_map(of).max()
}
