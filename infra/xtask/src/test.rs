//! `cargo xtask test`: every test, the integration tests against a stack of their own.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::beside::{Beside, GROUPS};
use crate::build::cargo;
use crate::{down, fuzz, interrupt, run, service, setup, stack, up, workspace};

#[derive(clap::Args)]
pub struct Options {
    /// Only tests whose name contains this
    filter: Option<String>,
    /// Leave the stack running afterwards
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    up: up::Options,
}

/// Tests by how they ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u32,
    pub failed: u32,
}

pub fn test(options: &Options) -> Result<()> {
    if !service::stop_all()?.is_empty() {
        println!("Stopped what was running: tests begin with an empty store.");
    }
    setup::setup()?;
    let mut count = Count::default();
    let done = run_all(options, &mut count);
    // After an error something may still run beside.
    interrupt::stop_children();
    // Nothing stays behind when something failed, either.
    let cleaned = if options.keep { Ok(()) } else { down::down() };
    println!("\n{} passed, {} failed", count.passed, count.failed);
    done.and(cleaned)
}

fn run_all(options: &Options, count: &mut Count) -> Result<()> {
    let mut failed = Vec::new();
    up::up(&up::Options { with_tests: true, ..options.up.clone() })?;
    let apart = options.filter.is_none() && options.up.is_all_local();
    let beside = if apart { GROUPS.iter().map(Beside::start).collect::<Result<_>>()? } else { Vec::new() };

    // Two calls, as these two were built: see `build::for_local`.
    for packages in [&["--workspace", "--exclude", "xtask"][..], &["--package", "xtask"][..]] {
        let mut command = cargo("test");
        command.args(["--profile", "local", "--no-fail-fast"]).args(packages).env("BANSYNC_STACK", stack::path()?);
        // A test makes keys as an operator does.
        command.env("BANSYNC_XTASK", std::env::current_exe().context("this program has no path")?);
        // Integration tests wait far more than they work.
        command.env("RUST_TEST_THREADS", "8");
        // The tests' own clients are directed as everybody else's.
        stack::Stack::load()?.aws().environment(&mut command);
        // Benchmarks print their figures, the model its seeds.
        command.args(["--", "--show-output"]).args(&options.filter);
        for Beside { group, .. } in &beside {
            command.args(["--skip", group.filter]);
        }
        let status = counted(&mut command, count)?;
        if !status.success() {
            failed.push("cargo test");
        }
    }

    let aws = stack::Stack::load()?.aws();
    if fuzz_wanted(options) && !fuzz::api(count)? {
        failed.push("the REST API's fuzzing");
    }
    // Only all tests together use all that a function may do.
    if options.filter.is_none() && aws.is_local() {
        let mut policies = Command::new(setup::python()?);
        policies.args(["-m", "bansync_local.policies", "used"]).current_dir(workspace::root()?.join("infra/local"));
        aws.environment(&mut policies);
        if !counted(&mut policies, count)?.success() {
            failed.push("the check for permissions that no function uses");
        }
    }
    if options.filter.is_none() {
        let mut python = Command::new(setup::python()?);
        // unittest writes to standard error.
        python.args(["-c", "import unittest, sys; sys.stderr = sys.stdout; unittest.main(module=None)"]);
        python.args(["discover", "-t", ".", "-s", "tests"]).current_dir(workspace::root()?.join("infra/local"));
        if !counted(&mut python, count)?.success() {
            failed.push("the local AWS's own tests");
        }
    }
    for run in beside {
        let name = run.group.name;
        let (news, passed) = run.end()?;
        println!("\n{name}, beside the other tests:");
        news.iter().for_each(|line| println!("{line}"));
        count_line(news.last().map_or("", String::as_str), &mut 0, count);
        if !passed {
            failed.push(name);
        }
    }
    if *count == Count::default() {
        bail!("no test has {:?} in its name", options.filter.as_deref().unwrap_or_default());
    }
    if !failed.is_empty() {
        bail!("{} failed, see above", failed.join(" and "));
    }
    Ok(())
}

/// With all tests, and by its own name.
fn fuzz_wanted(options: &Options) -> bool {
    options.filter.as_deref().is_none_or(|filter| filter == fuzz::NAME)
}

fn counted(command: &mut Command, count: &mut Count) -> Result<ExitStatus> {
    let mut ran = 0;
    run::lines(command, |line| {
        println!("{line}");
        count_line(line, &mut ran, count);
    })
}

/// Reads the summaries of Rust's harness ("test result: ok. 3 passed; 0 failed; …") and of Python's ("Ran 23 tests in …",
/// then "OK" or "FAILED (failures=1, errors=2)"), and the line "3 passed, 0 failed" of others.
fn count_line(line: &str, ran: &mut u32, count: &mut Count) {
    let number = |word: &str| word.trim().parse::<u32>().unwrap_or_default();
    if let Some((_, result)) = line.split_once("test result: ") {
        for part in result.split([';', '.']) {
            match part.trim().split_once(' ') {
                Some((n, "passed")) => count.passed += number(n),
                Some((n, "failed")) => count.failed += number(n),
                _ => {}
            }
        }
    } else if let Some((Some(passed), Some(failed))) = line.split_once(", ").map(|(passed, failed)| {
        let number = |part: &str, word: &str| part.strip_suffix(word)?.parse::<u32>().ok();
        (number(passed, " passed"), number(failed, " failed"))
    }) {
        count.passed += passed;
        count.failed += failed;
    } else if let Some(rest) = line.strip_prefix("Ran ") {
        *ran = number(rest.split(' ').next().unwrap_or_default());
    } else if line == "OK" || line.starts_with("OK (") || line.starts_with("FAILED (") {
        let inside = line.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let of = |name| inside.split(',').filter_map(|part| part.trim().strip_prefix(name)).map(number).sum::<u32>();
        let failed = of("failures=") + of("errors=");
        count.failed += failed;
        count.passed += ran.saturating_sub(failed + of("skipped="));
        *ran = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_harnesses_are_counted() {
        let lines = [
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "Ran 23 tests in 34.864s",
            "OK",
            "Ran 5 tests in 1.0s",
            "FAILED (failures=1, errors=2)",
            "7 passed, 2 failed",
            "nothing passed, 9 failed",
        ];
        let (mut ran, mut count) = (0, Count::default());
        for line in lines {
            count_line(line, &mut ran, &mut count);
        }
        assert_eq!(count, Count { passed: 37, failed: 6 });
    }
}
