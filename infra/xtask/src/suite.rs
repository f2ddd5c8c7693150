//! Tests that one program runs, how far it is, and what came of them.

use std::fs::File;
use std::io::Write;
use std::ops::AddAssign;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::progress::{self, Counter};
use crate::{run, workspace};

/// Tests by how they ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub passed: u32,
    pub failed: u32,
    /// They could not run here, and said why.
    pub skipped: u32,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// What came of a suite.
#[derive(Debug)]
pub struct Suite {
    pub name: String,
    pub count: Count,
    /// Ended as a program does whose tests all passed.
    pub succeeded: bool,
    /// Lines to be read also where nothing failed: why tests were skipped, seeds, figures.
    pub figures: Vec<String>,
    pub took: Duration,
    log: PathBuf,
    /// What its program says of those that failed.
    failures: Vec<String>,
}

/// Lines that begin so are figures.
const FIGURES: [&str; 7] = ["skipped: ", "bench: ", "load: ", "fuzz: ", "model: ", "schema: ", "aiogram: "];

/// Follows the name of a suite that failed; then come indented lines that say why.
const ALL_PRINTED: &str = " failed; all that it printed is in ";

/// How the API's fuzzer begins what it says of requests that failed, and of those that could not be made.
const SECTIONS: [&str; 2] = [" FAILURES ", " ERRORS "];

/// Lines of a log that are shown where a program failed and does not say of which test.
const TAIL: usize = 40;

impl Suite {
    /// Runs programs that say what came of their tests, one after the other; all they print is in target/local/logs/tests.
    pub fn run(name: &str, progress: &Counter, commands: impl IntoIterator<Item = Command>) -> Result<Self> {
        let suite = Self::collect(name, progress, commands)?;
        suite.tell();
        Ok(suite)
    }

    /// Runs a program that says only by its end whether all of its `tests` passed.
    pub fn of_one(name: &str, progress: &Counter, command: Command, tests: u32) -> Result<Self> {
        let mut suite = Self::collect(name, progress, [command])?;
        suite.count = if suite.succeeded { Count { passed: tests, ..Count::default() } } else { Count { failed: 1, ..Count::default() } };
        suite.tell();
        Ok(suite)
    }

    /// Suite of a look at a whole run: one test. `figure`: a line to be read in any case.
    pub fn of_a_look(name: &str, figure: String, failures: Vec<String>) -> Result<Self> {
        let folder = workspace::state()?.join("logs/tests");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        let log = folder.join(format!("{}.log", name.replace(' ', "-")));
        let text = [std::slice::from_ref(&figure), failures.as_slice()].concat().join("\n");
        std::fs::write(&log, text).with_context(|| format!("{} cannot be written", log.display()))?;
        let succeeded = failures.is_empty();
        let count = Count { passed: succeeded.into(), failed: (!succeeded).into(), skipped: 0 };
        let suite = Self { name: name.to_owned(), count, succeeded, figures: vec![figure], took: Duration::ZERO, log, failures };
        suite.tell();
        Ok(suite)
    }

    /// A suite that cannot run here.
    pub fn skipped(name: &str, why: &str) -> Self {
        let count = Count { skipped: 1, ..Count::default() };
        let figures = vec![format!("{}{why}", FIGURES[0])];
        let suite = Self {
            name: name.to_owned(),
            count,
            succeeded: true,
            figures,
            took: Duration::ZERO,
            log: PathBuf::new(),
            failures: Vec::new(),
        };
        suite.tell();
        suite
    }

    fn collect(name: &str, progress: &Counter, commands: impl IntoIterator<Item = Command>) -> Result<Self> {
        let folder = workspace::state()?.join("logs/tests");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        let log = folder.join(format!("{}.log", name.replace(' ', "-")));
        let mut file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        let (began, mut reader, mut succeeded) = (Instant::now(), Reader::default(), true);
        for mut command in commands {
            command.stderr(file.try_clone().context("a log cannot be shared")?);
            let status = run::lines(&mut command, |line| {
                // A full disk shows elsewhere soon enough.
                _ = writeln!(file, "{line}");
                if let Some(failed) = reader.read(line) {
                    progress::say(&format!("FAILED {name}: {failed}"));
                }
                progress.set(reader.done, (reader.of > 0).then_some(reader.of));
            })?;
            succeeded &= status.success();
        }
        let Reader { count, figures, failures, .. } = reader;
        Ok(Self { name: name.to_owned(), count, succeeded, figures, took: began.elapsed(), log, failures })
    }

    /// Prints what somebody has to read of it, now that it has ended.
    fn tell(&self) {
        if !self.succeeded {
            progress::say(&format!("\n{}{ALL_PRINTED}{}", self.name, self.log.display()));
            match self.failures.as_slice() {
                [] => tell_indented(run::tail(&self.log, TAIL).lines()),
                failures => tell_indented(failures.iter().map(String::as_str)),
            }
        }
        progress::say(&self.summary());
    }

    /// "unit tests: 373 passed, 0 failed, 2 skipped in 12 s".
    pub fn summary(&self) -> String {
        let (Count { passed, failed, skipped }, seconds) = (self.count, self.took.as_secs());
        let without = if self.succeeded || failed > 0 { "" } else { ", and did not end as it should" };
        format!("{}: {passed} passed, {failed} failed, {skipped} skipped in {seconds} s{without}", self.name)
    }
}

/// Another `cargo xtask test` that reads this counts no test of it twice.
fn tell_indented<'a>(lines: impl Iterator<Item = &'a str>) {
    lines.for_each(|line| progress::say(&format!("  {line}")));
}

/// Reads what programs print that run tests: Rust's harness ("test result: ok. 3 passed; 0 failed; …"), Python's ("Ran 23 tests in …", then
/// "OK" or "FAILED (failures=1, errors=2)"), and the line "3 passed, 0 failed, 1 skipped" of others.
#[derive(Debug, Default)]
struct Reader {
    count: Count,
    done: u32,
    of: u32,
    figures: Vec<String>,
    failures: Vec<String>,
    in_failures: bool,
    /// In what the API's fuzzer says of those that failed.
    in_section: bool,
    /// In what another `cargo xtask test` says of those that failed.
    in_anothers: bool,
    /// Of Python's harness: "Ran 23 tests", before it says how they ended.
    ran: u32,
    /// Of Rust's harness: tests that said they could not run, and passed.
    skipped: u32,
}

impl Reader {
    /// Returns the test that failed, where a line says so.
    fn read<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let number = |word: &str| word.trim().parse::<u32>().unwrap_or_default();
        if line.starts_with("====") {
            self.in_section = SECTIONS.iter().any(|name| line.contains(name));
        } else if self.in_section {
            self.failures.push(line.to_owned());
            return None;
        }
        if self.in_failures {
            self.failures.push(line.to_owned());
        } else if self.in_anothers {
            match line.strip_prefix("  ") {
                Some(failure) => self.failures.push(failure.to_owned()),
                None => self.in_anothers = false,
            }
        }
        if let Some(rest) = line.strip_prefix("running ") {
            self.of += number(rest.split(' ').next().unwrap_or_default());
        } else if let Some((test, end)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
            self.done += 1;
            return (end == "FAILED").then_some(test);
        } else if let Some(failed) = line.strip_prefix("FAILED ").and_then(|rest| rest.split_once(": ")) {
            return Some(failed.1);
        } else if line == "failures:" {
            self.in_failures = true;
        } else if line.contains(ALL_PRINTED) {
            self.in_anothers = true;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.in_failures = false;
            let mut count = Count::default();
            for part in result.split([';', '.']) {
                match part.trim().split_once(' ') {
                    Some((n, "passed")) => count.passed = number(n),
                    Some((n, "failed")) => count.failed = number(n),
                    Some((n, "ignored")) => count.skipped = number(n),
                    _ => {}
                }
            }
            // For the harness they passed.
            let skipped = std::mem::take(&mut self.skipped).min(count.passed);
            count.passed -= skipped;
            count.skipped += skipped;
            self.count += count;
        } else if let Some((done, of)) = of_another(line) {
            (self.done, self.of) = (done, of);
        } else if let Some(count) = total(line) {
            self.count += count;
        } else if let Some(rest) = line.strip_prefix("Ran ") {
            self.ran = number(rest.split(' ').next().unwrap_or_default());
            self.done += self.ran;
        } else if line == "OK" || line.starts_with("OK (") || line.starts_with("FAILED (") {
            let inside = line.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
            let of = |name| inside.split(',').filter_map(|part| part.trim().strip_prefix(name)).map(number).sum::<u32>();
            let (failed, skipped) = (of("failures=") + of("errors="), of("skipped="));
            self.count += Count { passed: self.ran.saturating_sub(failed + skipped), failed, skipped };
            self.ran = 0;
        } else if FIGURES.iter().any(|word| line.trim_start().starts_with(word)) && !self.in_failures {
            self.skipped += u32::from(line.starts_with(FIGURES[0]));
            // Indented in what another `cargo xtask test` has gathered.
            self.figures.push(line.trim_start().to_owned());
        }
        None
    }
}

/// How far another `cargo xtask test` is with its integration tests: "Testing: integration 3 of 6, 30 s".
fn of_another(line: &str) -> Option<(u32, u32)> {
    let (done, rest) = line.strip_prefix("Testing: ")?.split_once("integration ")?.1.split_once(" of ")?;
    Some((done.parse().ok()?, rest.split(',').next()?.parse().ok()?))
}

/// "3 passed, 0 failed", ", 1 skipped" may follow.
fn total(line: &str) -> Option<Count> {
    let mut parts = line.split(", ");
    let mut number = |word: &str| parts.next()?.strip_suffix(word)?.parse::<u32>().ok();
    let (passed, failed) = (number(" passed")?, number(" failed")?);
    Some(Count { passed, failed, skipped: number(" skipped").unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Reader {
        let mut reader = Reader::default();
        lines.iter().for_each(|line| _ = reader.read(line));
        reader
    }

    #[test]
    fn summaries_of_all_harnesses_are_counted() {
        let reader = read(&[
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "Ran 23 tests in 34.864s",
            "OK (skipped=3)",
            "Ran 5 tests in 1.0s",
            "FAILED (failures=1, errors=2)",
            "7 passed, 2 failed",
            "1 passed, 0 failed, 4 skipped",
            "nothing passed, 9 failed",
        ]);
        assert_eq!(reader.count, Count { passed: 3 + 2 + 20 + 2 + 7 + 1, failed: 1 + 3 + 2, skipped: 1 + 3 + 4 });
    }

    #[test]
    fn a_test_that_says_it_cannot_run_here_is_skipped_and_not_passed() {
        let reader = read(&[
            "running 3 tests",
            "test a ... ok",
            "test b ... ok",
            "skipped: this AWS cannot be made to fail",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ]);
        assert_eq!((reader.done, reader.of), (2, 3));
        assert_eq!(reader.count, Count { passed: 2, failed: 0, skipped: 1 });
        assert_eq!(reader.figures, ["skipped: this AWS cannot be made to fail"]);
    }

    #[test]
    fn how_far_another_test_is_is_read_of_what_it_says() {
        let reader = read(&["Testing: integration 3 of 6, 30 s", "Testing: API fuzz 0, 60 s"]);
        assert_eq!((reader.done, reader.of), (3, 6));
    }

    #[test]
    fn what_failed_in_another_test_is_shown_and_not_its_last_lines() {
        let mut reader = Reader::default();
        assert_eq!(reader.read("FAILED integration: load::thousands"), Some("load::thousands"));
        for line in [
            "",
            "integration failed; all that it printed is in x.log",
            "  Error: 503",
            "integration: 1 passed, 1 failed, 0 skipped in 3 s",
            "  bench: 3",
        ] {
            reader.read(line);
        }
        assert_eq!(reader.failures, ["Error: 503"]);
        assert_eq!(reader.figures, ["bench: 3"]);
    }

    #[test]
    fn what_the_fuzzer_of_the_api_found_is_shown_and_not_its_warnings() {
        let reader = read(&[
            "=================================== FAILURES ===================================",
            "___ POST /api/v1/chats ___",
            "1. Server error",
            "=================================== WARNINGS ===================================",
            "Missing test data",
        ]);
        assert_eq!(reader.failures, ["___ POST /api/v1/chats ___", "1. Server error"]);
    }

    #[test]
    fn what_failed_is_named_at_once_and_shown_in_full_at_the_end() {
        let mut reader = Reader::default();
        assert_eq!(reader.read("test travel::a_ban ... ok"), None);
        assert_eq!(reader.read("test travel::a_kick ... FAILED"), Some("travel::a_kick"));
        reader.read("successes:");
        reader.read("failures:");
        reader.read("---- travel::a_kick stdout ----");
        reader.read("test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s");
        assert_eq!(
            reader.failures,
            [
                "---- travel::a_kick stdout ----",
                "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s"
            ]
        );
    }
}
