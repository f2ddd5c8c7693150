//! A process that stays when the command ends: started with a record, found and stopped by it later.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::iter;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::process::{self, Process};
use crate::{beside, interrupt, run, workspace};

/// The folder of the records.
const RECORDS: &str = "run";

/// What is known of a service, in target/local/run/<name>.json.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Service {
    pub name: String,
    /// The process, which leads the group of all that it starts.
    pub pid: u32,
    /// See [`Process::started`].
    pub started: String,
    /// Unix seconds.
    pub started_at: u64,
    pub url: String,
    pub log: PathBuf,
    /// Where this is written.
    #[serde(skip)]
    record: PathBuf,
}

impl Service {
    /// Starts it in the background, its output going to target/local/logs/<name>.log. An older one is stopped first.
    pub fn start(name: &str, url: &str, command: &mut Command) -> Result<Self> {
        if let Some(old) = Self::find(name)? {
            old.stop()?;
        }
        let log = workspace::state()?.join("logs").join(format!("{name}.log"));
        let record = record_path(name)?;
        for file in [&log, &record] {
            file.parent().map(fs::create_dir_all).transpose().with_context(|| format!("no folder for {}", file.display()))?;
        }
        let output = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        let errors = output.try_clone().context("no second handle of the log file")?;
        let command = command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let service = interrupt::with_child(|| {
            let child = command.spawn().with_context(|| format!("{name} cannot be started; run `cargo xtask setup` and try again"))?;
            let pid = child.id();
            let started = process::table().remove(&pid).map(|process| process.started).unwrap_or_default();
            let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let service = Self { name: name.to_owned(), pid, started, started_at, url: url.to_owned(), log, record };
            // A service without a record could never be stopped: written before the handler may interrupt.
            fs::write(&service.record, serde_json::to_string_pretty(&service)?)
                .with_context(|| format!("{} cannot be written", service.record.display()))?;
            Ok((service, pid))
        })?;
        interrupt::forget_child(service.pid);
        Ok(service)
    }

    /// Waits until `ready` says so; fails with the end of the log when the process ends or time runs out.
    pub fn wait_until<T>(&self, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let end = Instant::now() + limit;
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            interrupt::wait_if_stopping();
            if !self.alive() || Instant::now() > end {
                let state = if self.alive() { "is not ready" } else { "ended" };
                let tail = run::tail(&self.log, 15);
                bail!("{} {state}; the end of {}:\n{}", self.name, self.log.display(), tail);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The recorded service of this name, whether or not it still runs.
    pub fn find(name: &str) -> Result<Option<Self>> {
        Self::read(&record_path(name)?)
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => {
                let hint = || format!("{} is damaged; end its process yourself and delete the file", path.display());
                let service = serde_json::from_slice(&bytes).with_context(hint)?;
                Ok(Some(Self { record: path.to_owned(), ..service }))
            }
            Err(_) => Ok(None),
        }
    }

    /// Whether the very process that was started still lives.
    pub fn alive(&self) -> bool {
        process::table().get(&self.pid).is_some_and(|process| process.started == self.started)
    }

    /// Whether it lives and nothing it was made from changed since.
    pub fn fresh(&self, newest_input: Option<SystemTime>) -> bool {
        let started = UNIX_EPOCH + Duration::from_secs(self.started_at);
        self.alive() && newest_input.is_none_or(|change| change < started)
    }

    /// The living processes of its group.
    ///
    /// When its leader is gone and somebody else's process has the id, the group is somebody else's as well: an id is
    /// not given out while a group has it.
    pub fn processes(&self) -> Vec<Process> {
        let table = process::table();
        match table.get(&self.pid) {
            Some(leader) if leader.started != self.started => Vec::new(),
            _ => process::members(&[self.pid]),
        }
    }

    /// Ends it and all it started, and forgets it. An error names what is left.
    pub fn stop(&self) -> Result<()> {
        let left = if self.processes().is_empty() { Vec::new() } else { process::stop(&[self.pid], process::PATIENCE) };
        if !left.is_empty() {
            let left: Vec<String> = left.iter().map(|process| format!("{} {}", process.pid, process.command)).collect();
            bail!("{} left processes behind; end them yourself:\n{}", self.name, left.join("\n"));
        }
        match fs::remove_file(&self.record) {
            // Two may stop it at once.
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be deleted", self.record.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Every recorded service, those of what runs beside the tests among them.
pub fn all() -> Result<Vec<Service>> {
    let states = iter::once(workspace::state()?).chain(beside::states()?);
    let entries = states.filter_map(|state| fs::read_dir(state.join(RECORDS)).ok()).flatten();
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let records = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let found = records.map(|path| Service::read(&path)).collect::<Result<Vec<_>>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Stops every recorded service; returns their names. An error names all that is left.
pub fn stop_all() -> Result<Vec<String>> {
    let services = all()?;
    let failures: Vec<String> = services.iter().filter_map(|service| service.stop().err()).map(|error| format!("{error:#}")).collect();
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(services.into_iter().map(|service| service.name).collect())
}

fn record_path(name: &str) -> Result<PathBuf> {
    Ok(workspace::state()?.join(RECORDS).join(format!("{name}.json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_whose_process_id_is_somebody_elses_now_ends_nobody() {
        let pid = std::process::id();
        let (name, started, url, log, record) = (String::new(), "long ago".to_owned(), String::new(), PathBuf::new(), PathBuf::new());
        let stale = Service { name, pid, started, started_at: 0, url, log, record };
        assert!(!stale.alive());
        assert!(stale.processes().is_empty());
        let mine = Service { started: process::table()[&pid].started.clone(), ..stale };
        assert!(mine.alive());
    }
}
