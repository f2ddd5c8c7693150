//! Tests that need a stack of their own, beside the others.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{fuzz, workspace};

/// Some of the tests.
pub struct Group {
    pub name: &'static str,
    /// What `cargo xtask test` is asked for. For the integration tests: what the names of these, and no others, contain.
    pub filters: &'static [&'static str],
    /// On what: options of `cargo xtask test`.
    on: &'static [&'static str],
    /// How far behind the others, whose steps wait for answers; see nice(1).
    niceness: &'static str,
}

/// Those that nothing else may happen beside, or that keep a stack busy.
pub const GROUPS: [Group; 7] = [
    Group { name: "kill runs", filters: &["kill_runs::"], on: &[], niceness: "0" },
    Group { name: "fault runs", filters: &["fault_runs::"], on: &[], niceness: "0" },
    // Most of them play alone, and wait. What only a test uses of a function's permissions has to be among the others.
    Group { name: "outages", filters: &["faults::", "dead_letters::", "rotation::"], on: &[], niceness: "0" },
    Group { name: "load", filters: &["bench::", "fairness::", "fuzz::", "load::"], on: &[], niceness: "5" },
    MODEL,
    Group { name: "API fuzz", filters: &[fuzz::NAME], on: &[], niceness: "5" },
    Group { name: "other door", filters: &["other_door::"], on: &["--plain", "--front-door", "function-url"], niceness: "5" },
];

pub const MODEL: Group = Group { name: "model", filters: &["whatever_happens_every_chat_ends_as_the_model_says"], on: &[], niceness: "5" };

/// Where the state of what runs beside is, a folder a group.
pub fn states() -> Result<Vec<PathBuf>> {
    GROUPS.iter().map(|group| group.state()).collect()
}

impl Group {
    fn state(&self) -> Result<PathBuf> {
        Ok(workspace::state()?.join("beside").join(self.name.replace(' ', "-")))
    }

    /// `cargo xtask test <filters>` on a stack of its own. `integration`: the built binary; `settle_seconds`: where the user chose them.
    pub fn command(&self, integration: &Path, settle_seconds: Option<u32>) -> Result<Command> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut command = Command::new("nice");
        command.args(["-n", self.niceness]).arg(program).arg("test").args(self.filters).args(self.on).arg("--built").arg(integration);
        if let Some(seconds) = settle_seconds {
            command.args(["--settle-seconds", &seconds.to_string()]);
        }
        command.env(workspace::STATE, self.state()?);
        Ok(command)
    }
}
