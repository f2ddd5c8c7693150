//! Tests that take long, beside all the others: on a stack of their own, with what the others leave of the machine.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};

use crate::{run, workspace};

/// Far behind the others, whose steps wait for answers; see nice(1).
const NICENESS: &str = "10";

pub struct Beside {
    log: PathBuf,
    run: JoinHandle<Result<(ExitStatus, Vec<String>)>>,
}

/// Where the state of what runs beside is.
pub fn state() -> Result<PathBuf> {
    Ok(workspace::state()?.join("beside"))
}

impl Beside {
    /// `cargo xtask test <filter>`, in the background.
    pub fn start(filter: &str) -> Result<Self> {
        let program = std::env::current_exe().context("this program has no path")?;
        let log = workspace::state()?.join("logs/beside.log");
        let mut command = Command::new("nice");
        command.args(["-n", NICENESS]).arg(program).args(["test", filter]).env(workspace::STATE, state()?);
        command.stderr(File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?);
        let run = thread::spawn(move || {
            let mut lines = Vec::new();
            let status = run::lines(&mut command, |line| lines.push(line.to_owned()))?;
            Ok((status, lines))
        });
        Ok(Self { log, run })
    }

    /// Waits for its end: what it printed, and whether all passed.
    pub fn end(self) -> Result<(Vec<String>, bool)> {
        let (status, lines) = self.run.join().map_err(|_| anyhow!("what ran beside the tests was lost"))??;
        if !status.success() {
            eprintln!("What ran beside the tests failed; the end of {}:\n{}", self.log.display(), run::tail(&self.log, 15));
        }
        Ok((lines, status.success()))
    }
}
