//! Tests that need a stack of their own, beside the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{fuzz, interrupt, up, workspace};

/// Some of the tests.
pub struct Group {
    pub name: &'static str,
    /// What `cargo xtask test` is asked for. For the integration tests: what the names of these, and no others, contain.
    pub filters: &'static [&'static str],
    /// On what: options of `cargo xtask test`.
    on: &'static [&'static str],
    /// How far behind those who play people that wait for an answer; see nice(1).
    niceness: &'static str,
}

/// Those that nothing else may happen beside, or that keep a stack busy; those that take longest first, and last those that keep the machine busy.
///
/// A test that plays alone lets all others of its stack end, and none begin: where several do, they are here.
pub const GROUPS: [Group; 11] = [
    MODEL,
    Group { name: "fault runs", filters: &["fault_runs::"], on: &[], niceness: "0" },
    Group { name: "kill runs", filters: &["kill_runs::"], on: &[], niceness: "0" },
    Group { name: "edges", filters: &["edges::", "rights::"], on: &[], niceness: "0" },
    Group { name: "outages", filters: &["faults::", "dead_letters::", "rotation::", "endpoints::"], on: &[], niceness: "0" },
    Group { name: "load", filters: &["bench::", "fairness::", "fuzz::", "load::", "many_admins::"], on: &[], niceness: "5" },
    Group { name: "cases", filters: &["cases::", "once::", "sent_once::", "telegram_calls::"], on: &[], niceness: "0" },
    Group { name: "figures", filters: &["analytics::"], on: &[], niceness: "5" },
    Group { name: "API fuzz", filters: &[fuzz::NAME], on: &[], niceness: "5" },
    Group { name: "set-up", filters: &["bot_set_up::", "browser::", "verify::"], on: &[], niceness: "0" },
    Group { name: "other door", filters: &["other_door::"], on: &["--plain", "--front-door", "function-url"], niceness: "5" },
];

/// Groups at a time at most, beside the first stack and what needs none; when these are done, one more in the place of each.
pub const AT_A_TIME: usize = 6;

/// With more for each core that run or wait for one, no further group is begun: busier, a function misses the seconds that it has, and what waits
/// for it asks again and makes more work. What else the machine does, such as a build, counts as well.
const BUSY: f64 = 4.0;

/// Over how long that is looked at.
const LOOK: Duration = Duration::from_secs(5);
const LOOKS: u32 = 25;

/// Looks before a group begins all the same: two minutes. What keeps the machine busy may be nothing of ours.
const LONGEST_WAIT: u32 = 24;

pub const MODEL: Group = Group { name: "model", filters: &["whatever_happens_every_chat_ends_as_the_model_says"], on: &[], niceness: "0" };

/// Returns when the machine has room for a further group; at once where it does not say how busy it is, as macOS, whose machines have more cores.
pub fn wait_for_room() {
    let cores = thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let is_busy = |_: &u32| !interrupt::has_ended() && runnable().is_some_and(|runnable| runnable > BUSY * cores);
    (0..LONGEST_WAIT).take_while(is_busy).for_each(drop);
}

/// How many threads ran or waited for a core, on average. Linux tells it of the moment: proc_loadavg(5), the fourth field.
fn runnable() -> Option<f64> {
    let mut sum = 0;
    for _ in 0..LOOKS {
        thread::sleep(LOOK / LOOKS);
        sum += runnable_in(&fs::read_to_string("/proc/loadavg").ok()?)?;
    }
    Some(f64::from(sum) / f64::from(LOOKS))
}

fn runnable_in(loadavg: &str) -> Option<u32> {
    loadavg.split_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

/// Where the state of what runs beside is, a folder a group.
pub fn states() -> Result<Vec<PathBuf>> {
    GROUPS.iter().map(|group| group.state()).collect()
}

impl Group {
    pub fn state(&self) -> Result<PathBuf> {
        Ok(workspace::state()?.join("beside").join(self.name.replace(' ', "-")))
    }

    /// `cargo xtask test <filters>` on a stack of its own. `integration`: the built binary; `chosen`: what the user did of the stacks.
    pub fn command(&self, integration: &Path, chosen: &up::Options) -> Result<Command> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut command = Command::new("nice");
        command.args(["-n", self.niceness]).arg(program).arg("test").args(self.filters).args(self.on).arg("--built").arg(integration);
        let settle_seconds = chosen.settle_seconds.map(|seconds| seconds.to_string());
        let options = [("--settle-seconds", &settle_seconds), ("--stack", &chosen.target.stack), ("--region", &chosen.target.region)];
        for (option, value) in options {
            command.args(value.iter().flat_map(|value| [option, value]));
        }
        command.env(workspace::STATE, self.state()?);
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_want_a_core_is_read_as_linux_writes_it() {
        assert_eq!(runnable_in("0.44 3.16 4.28 12/345 6789\n"), Some(12));
        assert_eq!(["", "1.0 2.0 3.0", "1 2 3 4 5"].map(runnable_in), [None; 3]);
    }
}
