//! Tests that take long, beside all the others: on a stack of their own, with what the others leave of the machine.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};

use crate::{run, workspace};

/// Some of the tests.
pub struct Group {
    pub name: &'static str,
    /// What their names, and no others, contain.
    pub filter: &'static str,
    /// How far behind the others, whose steps wait for answers; see nice(1).
    niceness: &'static str,
}

/// Those that take longest. What breaks functions waits most of its time, the model works all of it.
pub const GROUPS: [Group; 2] = [
    Group { name: "fault-runs", filter: "fault_runs::", niceness: "0" },
    Group { name: "model", filter: "whatever_happens_every_chat_ends_as_the_model_says", niceness: "5" },
];

pub struct Beside {
    pub group: &'static Group,
    log: PathBuf,
    run: JoinHandle<Result<(ExitStatus, Vec<String>)>>,
}

/// Where the state of what runs beside is, a folder a group.
pub fn states() -> Result<Vec<PathBuf>> {
    GROUPS.iter().map(state).collect()
}

fn state(group: &Group) -> Result<PathBuf> {
    Ok(workspace::state()?.join("beside").join(group.name))
}

impl Beside {
    /// `cargo xtask test <filter>`, in the background.
    pub fn start(group: &'static Group) -> Result<Self> {
        let program = std::env::current_exe().context("this program has no path")?;
        let log = workspace::state()?.join("logs").join(format!("{}.log", group.name));
        let mut file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = Command::new("nice");
        command.args(["-n", group.niceness]).arg(program).args(["test", group.filter]).env(workspace::STATE, state(group)?);
        command.stderr(file.try_clone().context("a log cannot be shared")?);
        let run = thread::spawn(move || {
            let mut lines = Vec::new();
            let status = run::lines(&mut command, |line| {
                // Whoever wants to know how far it is reads the log; nothing depends on it.
                let _ = writeln!(file, "{line}");
                lines.push(line.to_owned());
            })?;
            Ok((status, lines))
        });
        Ok(Self { group, log, run })
    }

    /// Waits for its end: what it printed of interest, whose last line tells of all, and whether all passed.
    pub fn end(self) -> Result<(Vec<String>, bool)> {
        let (status, lines) = self.run.join().map_err(|_| anyhow!("what ran beside the tests was lost"))??;
        let passed = status.success();
        if !passed {
            eprintln!("What ran beside the tests failed; the end of {}:\n{}", self.log.display(), run::tail(&self.log, 15));
        }
        // It says for each binary that it ran none of its tests.
        let is_none = |line: &String| line.starts_with("running 0 ") || line.starts_with("test result: ok. 0 ");
        let begun = lines.into_iter().skip_while(|line| is_none(line) || !line.starts_with("running "));
        Ok((begun.filter(|line| !is_none(line) && !line.is_empty() && line != "successes:").collect(), passed))
    }
}
