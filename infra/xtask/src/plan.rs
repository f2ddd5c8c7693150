//! Which suites are run, side by side, and on what.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use crate::beside::{self, Group};
use crate::build::TestBinary;
use crate::progress::{Counter, Progress};
use crate::stack::{self, Stack};
use crate::suite::{Count, Suite};
use crate::{bot_api, down, fuzz, interrupt, run, setup, traces, up, workspace};

/// Integration tests that are begun: enough that those who wait to play alone keep nobody from playing (tests/integration/stage.rs).
const THREADS: &str = "40";

/// What most tests wait for: as short as a kick's ban and unban, a second apart, still come within.
const SETTLE_SECONDS: u32 = 2;

/// Figures that are told of with every run.
const NEWS: [&str; 4] = ["skipped: ", "model: ", "schema: ", "aiogram: "];

/// What `test` and `soak` run.
pub struct Plan<'a> {
    /// Tests that need no stack.
    pub units: Vec<TestBinary>,
    /// Tests of a deployed stack.
    pub integration: Option<TestBinary>,
    /// Only tests whose name contains one of these, where there are any.
    pub filters: Vec<&'a str>,
    /// Tests that get a stack of their own; left out of the others.
    pub beside: &'static [Group],
    /// The REST API's fuzzing, after the integration tests.
    pub fuzz: bool,
    /// Another client of the Bot API, after all others.
    pub client: bool,
    /// Keep what the stack has done for a look at several together.
    pub traces: bool,
    /// The local AWS's own tests, and the look at what permissions were used.
    pub local_aws: bool,
    /// Settings of the tests: how much of everything.
    pub environment: Vec<(&'static str, String)>,
    pub up: &'a up::Options,
    /// Leave the stack running.
    pub keep: bool,
    /// Print all figures, not only why tests were skipped and what the model played.
    pub figures: bool,
}

impl Plan<'_> {
    /// Runs all, stops what was started, and prints what came of it; the last line is `N passed, N failed, N skipped`.
    ///
    /// # Errors
    /// When a test fails, or none has the name that was asked for.
    pub fn run(&self) -> Result<()> {
        let began = Instant::now();
        let suites = self.suites();
        // Nothing stays behind when something failed, either.
        let cleaned = if self.keep && suites.is_ok() { Ok(()) } else { down::down() };
        if let Err(error) = &cleaned {
            // Said here: a failed test has the last word.
            eprintln!("error: {error:#}");
        }
        self.finish(&suites?, began).and(cleaned)
    }

    fn suites(&self) -> Result<Vec<Suite>> {
        traces::forget(self.beside)?;
        let progress = Progress::begin("Testing");
        let waiting = Mutex::new(self.beside.iter().map(|group| (group, progress.counter(group.name))).collect::<Vec<_>>().into_iter());
        let suites = thread::scope(|scope| {
            let mut others = Vec::new();
            if !self.units.is_empty() {
                // Whoever is done with what is theirs helps with the groups.
                others.push(scope.spawn(|| {
                    let mut suites = self.without_a_stack(&progress)?;
                    suites.extend(self.beside(&waiting)?);
                    Ok(suites)
                }));
            }
            for _ in 0..beside::AT_A_TIME {
                others.push(scope.spawn(|| self.beside(&waiting)));
            }
            let mine = self.on_a_stack(&progress);
            if mine.is_err() {
                // Nobody would hear of their end.
                interrupt::end_children();
            }
            let helped = if mine.is_ok() { self.beside(&waiting) } else { Ok(Vec::new()) };
            let mut suites = Vec::new();
            for other in others {
                let ended: Result<Vec<Suite>> = other.join().map_err(|_| anyhow!("a suite was lost"))?;
                // The cause of ours may be why others were stopped.
                if mine.is_ok() {
                    suites.extend(ended?);
                }
            }
            let (stack, on_it) = mine?;
            suites.extend(helped?);
            suites.extend(on_it);
            if let Some(stack) = stack {
                suites.extend(self.looks(&stack, &progress)?);
            }
            anyhow::Ok(suites)
        })?;
        if suites.iter().all(|suite| suite.count == Count::default() && suite.succeeded) {
            bail!("no test has {:?} in its name", self.filters.join(" or "));
        }
        Ok(suites)
    }

    /// Groups, one after the other, as long as any wait for their turn.
    fn beside(&self, waiting: &Mutex<impl Iterator<Item = (&'static Group, Counter)>>) -> Result<Vec<Suite>> {
        let mut suites = Vec::new();
        let next = || {
            // Locked meanwhile: whoever comes next looks at a machine on which this one is begun.
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.next().inspect(|_| beside::wait_for_room())
        };
        while let Some((group, counter)) = next() {
            let integration = self.integration.as_ref().context("the integration tests are not built")?;
            let command = self.with_settings(group.command(&integration.path, self.up)?);
            suites.push(Suite::run(group.name, &counter, [command])?);
        }
        Ok(suites)
    }

    /// What needs no stack, or starts an AWS by itself.
    fn without_a_stack(&self, progress: &Progress) -> Result<Vec<Suite>> {
        let units = self.units.iter().map(|binary| self.harness(binary));
        let mut suites = vec![Suite::run("unit tests", &progress.counter("unit"), units)?];
        if self.local_aws {
            suites.push(Suite::run("local AWS", &progress.counter("local AWS"), [tests_of_local_aws()?])?);
        }
        Ok(suites)
    }

    /// The stack, if there was anything to do on one, and what came of it.
    fn on_a_stack(&self, progress: &Progress) -> Result<(Option<Stack>, Vec<Suite>)> {
        let mut suites = Vec::new();
        let binary = match &self.integration {
            Some(binary) if self.filters.is_empty() || self.has_tests(binary)? => Some(binary),
            _ => None,
        };
        if binary.is_none() && !self.fuzz && !self.client {
            return Ok((None, suites));
        }
        let settle_seconds = self.up.settle_seconds.or(Some(SETTLE_SECONDS));
        let stack = up::start(&up::Options { settle_seconds, ..self.up.clone() })?;
        if let Some(binary) = binary {
            if let Err(error) = setup::receiver() {
                // Its tests say that they were skipped.
                eprintln!("the receiver of webhooks cannot be installed: {error:#}");
            }
            if let Err(error) = setup::axe() {
                eprintln!("axe-core cannot be installed: {error:#}");
            }
            let mut command = self.with_settings(self.harness(binary));
            for filter in self.beside.iter().flat_map(|group| group.filters) {
                command.args(["--skip", filter]);
            }
            command.env("BANSYNC_STACK", stack::path()?).env("RUST_TEST_THREADS", THREADS);
            // A test makes keys as an operator does.
            command.env("BANSYNC_XTASK", std::env::current_exe().context("this program has no path")?);
            // The tests' own clients are directed as everybody else's.
            stack.aws().environment(&mut command)?;
            suites.push(Suite::run("integration", &progress.counter("integration"), [command])?);
        }
        if self.fuzz {
            suites.push(fuzz::api(&progress.counter("API fuzz"))?);
        }
        Ok((Some(stack), suites))
    }

    /// At what this stack has done, and those beside it, once all others have ended.
    fn looks(&self, stack: &Stack, progress: &Progress) -> Result<Vec<Suite>> {
        let mut suites = Vec::new();
        if self.traces
            && let Err(error) = traces::keep(stack)
        {
            suites.push(Suite::of_a_look("traces", String::new(), vec![format!("{error:#}")])?);
        }
        if self.up.simulates_telegram() {
            if self.client {
                suites.push(bot_api::client(stack, self.beside, &progress.counter(bot_api::CLIENT), self.is_whole())?);
            }
            // Afterwards: calls of the client, and updates about them, are compared too.
            suites.push(bot_api::schema(stack, self.is_whole())?);
        }
        // Only all tests together use all that a function may do.
        if self.is_whole() && stack.aws().is_local() {
            suites.push(traces::used_permissions(stack, self.beside, &progress.counter("used permissions"))?);
        }
        Ok(suites)
    }

    /// All tests run: there must be some of everything.
    fn is_whole(&self) -> bool {
        self.local_aws
    }

    /// A binary of Rust's harness, with what its tests print: benchmarks print their figures, the model its seeds.
    fn harness(&self, binary: &TestBinary) -> Command {
        let mut command = Command::new(&binary.path);
        command.current_dir(&binary.folder).arg("--show-output").args(&self.filters);
        command
    }

    /// Whether any of its tests has such a name.
    fn has_tests(&self, binary: &TestBinary) -> Result<bool> {
        let mut command = Command::new(&binary.path);
        let listed = run::output(command.current_dir(&binary.folder).args(["--list", "--format", "terse"]).args(&self.filters))?;
        Ok(listed.lines().any(|line| line.ends_with(": test")))
    }

    /// Prints what came of all, and the last line that tells it to programs.
    fn finish(&self, suites: &[Suite], began: Instant) -> Result<()> {
        let mut count = Count::default();
        println!("\nAll suites, in {} s:", began.elapsed().as_secs());
        for suite in suites {
            println!("  {}", suite.summary());
            let told = |line: &&String| self.figures || NEWS.iter().any(|word| line.starts_with(word));
            suite.figures.iter().filter(told).for_each(|line| println!("    {line}"));
            count += suite.count;
        }
        // Among all tests none is without any: then its program has not found them.
        let is_failed = |suite: &&Suite| !suite.succeeded || (self.filters.is_empty() && suite.count == Count::default());
        let failed: Vec<&str> = suites.iter().filter(is_failed).map(|suite| suite.name.as_str()).collect();
        // A program that broke off may not have said how many.
        count.failed = count.failed.max(u32::try_from(failed.len())?);
        println!("\n{} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped);
        if !failed.is_empty() {
            bail!("{} failed, see above", failed.join(" and "));
        }
        Ok(())
    }

    fn with_settings(&self, mut command: Command) -> Command {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Far behind those who play people that wait for an answer: it takes what they leave of the machine.
fn tests_of_local_aws() -> Result<Command> {
    let mut command = Command::new("nice");
    command.args(["-n", "10"]).arg(setup::python()?).args(["-m", "tests"]).current_dir(workspace::root()?.join("infra/local"));
    Ok(command)
}
