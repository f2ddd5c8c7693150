//! Traces of a run that each stack leaves, permissions used and updates sent: stacks beside the first one are gone when all are looked at together.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use crate::beside::Group;
use crate::progress::Counter;
use crate::stack::Stack;
use crate::suite::Suite;
use crate::telegram::agent;
use crate::{setup, workspace};

/// Answers come at once, unless the machine is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of updates, that are read one by one: a load of a hundred thousand says nothing that these do not.
const MAX_UPDATES: u32 = 20_000;

/// In `logs` of a stack's state.
#[derive(Clone, Copy)]
pub enum Trace {
    /// Permissions that functions used: what the local AWS answers.
    Permissions,
    /// The first updates that the simulator sent: a JSON list of their texts.
    Updates,
}

impl Trace {
    fn file_name(self) -> &'static str {
        match self {
            Self::Permissions => "permissions.json",
            Self::Updates => "updates.json",
        }
    }

    /// Of the stack whose state this is.
    fn of(self, state: &Path) -> PathBuf {
        state.join("logs").join(self.file_name())
    }

    /// Those of the stacks beside this one. A stack without our local AWS, or without the simulator, leaves none.
    pub fn beside(self, groups: &[Group]) -> Result<Vec<PathBuf>> {
        let states = groups.iter().map(Group::state).collect::<Result<Vec<_>>>()?;
        Ok(states.iter().map(|state| self.of(state)).filter(|path| path.exists()).collect())
    }
}

/// Removes those of an earlier run, of this stack and those beside it: they say nothing of this one.
pub fn forget(groups: &[Group]) -> Result<()> {
    let states = std::iter::once(workspace::state()).chain(groups.iter().map(Group::state));
    for state in states.collect::<Result<Vec<_>>>()? {
        for trace in [Trace::Permissions, Trace::Updates] {
            let path = trace.of(&state);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Asks the local AWS and the simulator, before they are stopped.
pub fn keep(stack: &Stack) -> Result<()> {
    if let Some(endpoint) = stack.endpoint.as_ref().filter(|_| stack.aws().is_local()) {
        let url = format!("{endpoint}/_bansync/permissions");
        let mut answer = agent(&url, PATIENCE).get(&url).call()?;
        // Another local AWS does not know.
        if answer.status() == 200 {
            write(Trace::Permissions, &answer.body_mut().read_to_string()?)?;
        }
    }
    if let Some(control) = &stack.control {
        let url = format!("{control}/control/updates");
        let mut answer = agent(&url, PATIENCE).post(&url).send_json(json!({"limit": MAX_UPDATES}))?;
        write(Trace::Updates, &answer.body_mut().with_config().limit(u64::MAX).read_to_string()?)?;
    }
    Ok(())
}

fn write(trace: Trace, text: &str) -> Result<()> {
    let path = trace.of(&workspace::state()?);
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// Whether each permission of this stack's functions was used here or on a stack beside it: names are the same in stacks of the same name.
pub fn used_permissions(stack: &Stack, beside: &[Group], progress: &Counter) -> Result<Suite> {
    const NAME: &str = "used permissions";
    let here = Trace::Permissions.of(&workspace::state()?);
    if !here.exists() {
        return Ok(Suite::skipped(NAME, "this AWS does not tell what functions used"));
    }
    let mut policies = Command::new(setup::python()?);
    policies.current_dir(workspace::root()?.join("infra/local")).args(["-m", "bansync_local.policies", "used"]);
    policies.arg(here).args(Trace::Permissions.beside(beside)?);
    stack.aws().environment(&mut policies)?;
    Suite::run(NAME, progress, [policies])
}
