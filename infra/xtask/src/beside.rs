//! Tests that need a stack of their own, beside the others.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{fuzz, workspace};

/// Some of the tests.
pub struct Group {
    pub name: &'static str,
    /// What `cargo xtask test` is asked for. For the integration tests: what the names of these, and no others, contain.
    pub filter: &'static str,
    /// How far behind the others, whose steps wait for answers; see nice(1).
    niceness: &'static str,
}

/// Those that break what the others need, and those that keep a stack busy.
pub const GROUPS: [Group; 3] = [FAULT_RUNS, MODEL, FUZZ];

const FAULT_RUNS: Group = Group { name: "fault runs", filter: "fault_runs::", niceness: "0" };
pub const MODEL: Group = Group { name: "model", filter: "whatever_happens_every_chat_ends_as_the_model_says", niceness: "5" };
const FUZZ: Group = Group { name: "API fuzz", filter: fuzz::NAME, niceness: "5" };

/// Where the state of what runs beside is, a folder a group.
pub fn states() -> Result<Vec<PathBuf>> {
    GROUPS.iter().map(|group| group.state()).collect()
}

impl Group {
    fn state(&self) -> Result<PathBuf> {
        Ok(workspace::state()?.join("beside").join(self.name.replace(' ', "-")))
    }

    /// `cargo xtask test <filter>` on a stack of its own. `integration`: the built binary.
    pub fn command(&self, integration: &Path) -> Result<Command> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut command = Command::new("nice");
        command.args(["-n", self.niceness]).arg(program).args(["test", self.filter, "--built"]).arg(integration);
        command.env(workspace::STATE, self.state()?);
        Ok(command)
    }
}
