//! What runs on this machine, and ending it by process group.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// A process group, by the id of the process that leads it.
pub type Group = u32;

/// A living process.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: u32,
    pub group: Group,
    /// When it started, in whatever form the system has: with the id it names one process for ever.
    pub started: String,
    pub command: String,
}

/// How long a process may take to end by itself.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long the kernel may take to end one by force.
const FORCE: Duration = Duration::from_secs(3);

/// All living processes by id. A process that has ended but was not waited for is not living.
pub fn table() -> HashMap<u32, Process> {
    let all = if Path::new("/proc/self/stat").exists() { from_proc() } else { from_ps() };
    all.into_iter().map(|process| (process.pid, process)).collect()
}

/// The living members of groups.
pub fn members(groups: &[Group]) -> Vec<Process> {
    let mut members: Vec<Process> = table().into_values().filter(|process| groups.contains(&process.group)).collect();
    members.sort_by_key(|process| process.pid);
    members
}

/// Ends groups, all at once: politely, then by force those that have not ended after `patience`. Returns what is left.
pub fn stop(groups: &[Group], patience: Duration) -> Vec<Process> {
    for (signal, patience) in [(Signal::SIGTERM, patience), (Signal::SIGKILL, FORCE)] {
        // None that ended long ago: its id may be somebody else's.
        let living: HashSet<Group> = members(groups).into_iter().map(|process| process.group).collect();
        for group in living {
            // It fails when the group has ended meanwhile; the members tell.
            _ = i32::try_from(group).map(|id| killpg(Pid::from_raw(id), signal));
        }
        let end = Instant::now() + patience;
        while !members(groups).is_empty() && Instant::now() < end {
            thread::sleep(Duration::from_millis(50));
        }
    }
    members(groups)
}

fn from_proc() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| entry.ok());
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let command = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default().replace('\0', " ");
            // pid (name) state ppid pgrp …; the name may hold anything, even a bracket. See proc_pid_stat(5).
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            let alive = !matches!(*fields.first()?, "Z" | "X");
            alive.then_some(Process {
                pid,
                group: fields.get(2)?.parse().ok()?,
                started: (*fields.get(19)?).to_owned(),
                command: command.trim().to_owned(),
            })
        })
        .collect()
}

fn from_ps() -> Vec<Process> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,pgid=,state=,lstart=,command="]).env("LC_ALL", "C").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (head, command) = words.split_at_checked(8)?;
            (!head[2].starts_with('Z')).then_some(Process {
                pid: head[0].parse().ok()?,
                group: head[1].parse().ok()?,
                started: head[3..].join(" "),
                command: command.join(" "),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_stopped_group_leaves_none_of_its_children() {
        let mut shell = Command::new("sh").args(["-c", "sleep 60 & sleep 60"]).process_group(0).spawn().unwrap();
        let group = shell.id();
        let end = Instant::now() + PATIENCE;
        while members(&[group]).len() < 3 && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(members(&[group]).len(), 3);
        assert_eq!(table()[&group].command, "sh -c sleep 60 & sleep 60");
        assert!(stop(&[group], PATIENCE).is_empty());
        shell.wait().unwrap();
    }

    #[test]
    fn a_process_that_ended_but_was_not_waited_for_is_not_living() {
        let mut child = Command::new("true").process_group(0).spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while table().contains_key(&child.id()) && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!table().contains_key(&child.id()));
        child.wait().unwrap();
    }
}
