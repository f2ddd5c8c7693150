//! `cargo xtask build`: every function in one cargo call, each to <name>/bootstrap in one of two folders: target/local/lambda has what runs on
//! this machine, target/lambda what is deployed. Neither is ever taken for the other.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::progress::{self, Progress};
use crate::{binary, run, workspace};

/// Cargo's folder for what runs on this machine: the profile `dev`, which an editor uses too.
pub const LOCAL: &str = "debug";

#[derive(clap::Args)]
pub struct Options {
    /// Optimised, as deployed to AWS
    #[arg(long)]
    release: bool,
    /// Lambda's processors: the template's parameter `Architecture`
    #[arg(long, value_enum, default_value_t = Architecture::Arm64)]
    architecture: Architecture,
    /// By cargo-lambda, also where this machine has these processors: its C library may be newer than Lambda's
    #[arg(long, requires = "release")]
    cross: bool,
    /// Build nothing; look whether what was built optimised will start on Lambda
    #[arg(long, conflicts_with = "release")]
    check: bool,
}

pub fn build(options: &Options) -> Result<()> {
    match options {
        Options { check: true, architecture, .. } => binary::check(*architecture),
        Options { release: true, architecture, cross, .. } => {
            for_lambda(*architecture, *cross)?;
            binary::check(*architecture)
        }
        _ => for_local(),
    }
}

/// Processors that Lambda has, by the names of the template's parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    pub const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    pub fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    pub fn of_this_machine() -> Self {
        if env::consts::ARCH == "aarch64" { Self::Arm64 } else { Self::X86_64 }
    }

    /// Rust's name for Lambda's machines.
    fn rust_target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// Builds all functions to target/lambda: by cargo alone where this machine is one like Lambda's, else by cargo-lambda.
pub fn for_lambda(architecture: Architecture, cross: bool) -> Result<()> {
    let alike = env::consts::OS == "linux" && architecture == Architecture::of_this_machine();
    let note = built_for_file()?;
    // What is half built is for no processor.
    if let Err(error) = fs::remove_file(&note)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("{} cannot be deleted", note.display()));
    }
    if !alike || cross {
        by_cargo_lambda(architecture)?;
    } else {
        run::run(of_functions(&mut cargo("build"))?.arg("--release"))?;
        place("release", &workspace::functions_deployed()?)?;
    }
    fs::write(&note, architecture.name()).with_context(|| format!("{} cannot be written", note.display()))
}

/// The processor that target/lambda was built for; `None`: nothing was, or by an older version, which placed what runs here there.
pub fn built_for() -> Result<Option<Architecture>> {
    let noted = fs::read_to_string(built_for_file()?).unwrap_or_default();
    Ok(Architecture::ALL.into_iter().find(|architecture| architecture.name() == noted))
}

fn built_for_file() -> Result<PathBuf> {
    Ok(workspace::functions_deployed()?.join("architecture"))
}

fn of_functions(command: &mut Command) -> Result<&mut Command> {
    for function in workspace::functions()? {
        command.args(["--package", &function]);
    }
    Ok(command)
}

/// Builds all binaries and places the functions.
pub fn for_local() -> Result<()> {
    compile(&["--bins"])?;
    place(LOCAL, &workspace::functions_here()?)
}

/// A binary that runs tests.
#[derive(Debug, PartialEq, Eq)]
pub struct TestBinary {
    /// The crate's folder, in which it is run.
    pub folder: PathBuf,
    /// The crate, or the test where it has a name of its own.
    pub name: String,
    pub path: PathBuf,
}

/// The binary of the tests that need a deployed stack; `cargo test` leaves it out.
pub const INTEGRATION: &str = "integration";
/// The feature without which cargo leaves them out.
pub const WITH_INTEGRATION: &str = "integration/stack";

/// As [`for_local`], and all tests.
pub fn with_tests() -> Result<Vec<TestBinary>> {
    let messages = compile(&["--bins", "--tests", "--features", WITH_INTEGRATION])?;
    place(LOCAL, &workspace::functions_here()?)?;
    Ok(messages.iter().filter_map(|message| TestBinary::of(message)).collect())
}

impl TestBinary {
    /// Reads cargo's message about what it has made; `None`: it is no test. See "JSON messages" in the Cargo book.
    fn of(message: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(message).ok()?;
        if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
            return None;
        }
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
        let (name, path) = (message["target"]["name"].as_str()?.to_owned(), message["executable"].as_str()?.into());
        Some(Self { folder, name, path })
    }
}

/// `cargo build` of all packages at once: cargo unites the features of a dependency over what it is asked for, so that asking for some
/// packages now and for others later would compile dependencies twice. Returns cargo's messages.
fn compile(targets: &[&str]) -> Result<Vec<String>> {
    let mut command = cargo("build");
    command.args(["--workspace", "--message-format", "json-render-diagnostics"]).args(targets);
    let mut messages = Vec::new();
    let status = if progress::is_terminal() {
        // It draws a bar of its own.
        run::lines(&mut command, |line| messages.push(line.to_owned()))?
    } else {
        // The bar all the same, so that it can be read: how many crates there are is said nowhere else.
        command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "100");
        let progress = Progress::begin("Building");
        let crates = progress.counter("crates");
        run::both(
            &mut command,
            |line| messages.push(line.to_owned()),
            |line| match counted(line) {
                Some((done, of)) => crates.set(done, Some(of)),
                None if is_news(line) => progress::say(line),
                None => {}
            },
        )?
    };
    ensure!(status.success(), "the build failed, see above");
    Ok(messages)
}

/// Reads cargo's bar: `    Building [====>    ] 123/401: aws, domain`.
fn counted(line: &str) -> Option<(u32, u32)> {
    let (done, rest) = line.trim_start().strip_prefix("Building [")?.split_once("] ")?.1.split_once('/')?;
    let of = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((done.trim().parse().ok()?, of.parse().ok()?))
}

/// Whether cargo says more than that it goes on.
fn is_news(line: &str) -> bool {
    let usual = ["Compiling", "Downloading", "Downloaded", "Building", "Finished", "Fresh", "Dirty"];
    let text = line.trim();
    !text.is_empty() && !usual.iter().any(|word| text.starts_with(word))
}

/// `cargo <subcommand>` in the repository.
pub fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.arg(subcommand);
    if let Ok(root) = workspace::root() {
        command.current_dir(root);
    }
    // `cargo run` describes xtask in these. ring's build script looks at one of them: passed on, they would have ring,
    // and all that stands on it, compiled again at each change between `cargo …` and `cargo xtask …`.
    let inherited = env::vars_os().map(|(name, _)| name);
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for name in inherited.filter(|name| name.to_str().is_some_and(ours)) {
        command.env_remove(name);
    }
    command
}

fn by_cargo_lambda(architecture: Architecture) -> Result<()> {
    let installed = cargo("lambda").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(installed.is_ok_and(|status| status.success()), "{}", missing(architecture));
    // It places the binaries itself.
    let mut command = cargo("lambda");
    command.args(["build", "--release", if architecture == Architecture::Arm64 { "--arm64" } else { "--x86-64" }]);
    command.arg("--lambda-dir").arg(workspace::functions_deployed()?);
    run::run(of_functions(&mut command)?)
}

/// What to install for [`by_cargo_lambda`].
fn missing(architecture: Architecture) -> String {
    format!(
        "cargo-lambda, which compiles for Linux on {} from any machine, is missing: `pip install cargo-lambda==1.9.2 ziglang` and \
         `rustup target add {}`, then this command again; a Linux machine on {} needs neither",
        architecture.name(),
        architecture.rust_target(),
        architecture.name()
    )
}

fn place(profile: &str, folder: &Path) -> Result<()> {
    let binaries = workspace::binaries(profile)?;
    for function in workspace::functions()? {
        copy_if_changed(&binaries.join(&function), &folder.join(&function).join("bootstrap"))?;
    }
    Ok(())
}

/// An untouched file keeps its time, by which `up` sees whether a deploy is needed.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let wanted = fs::read(from).with_context(|| format!("{} is missing: a function's binary is named as its folder", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    to.parent().map(fs::create_dir_all).transpose().with_context(|| format!("no folder for {}", to.display()))?;
    // `copy` also carries the permission to execute.
    fs::copy(from, to).map(drop).with_context(|| format!("{} cannot be written", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_bar_is_read_and_only_news_are_passed_on() {
        assert_eq!(counted("    Building [=====>       ] 123/401: aws, domain"), Some((123, 401)));
        assert_eq!(counted("   Compiling aws v0.1.0"), None);
        assert!(!is_news("   Compiling aws v0.1.0") && !is_news("") && is_news("error[E0308]: mismatched types"));
        assert!(is_news("    Blocking waiting for file lock on build directory"));
    }

    #[test]
    fn what_is_missing_to_compile_for_lambda_is_named() {
        let text = missing(Architecture::X86_64);
        assert!(text.contains("ziglang") && text.contains("x86_64-unknown-linux-gnu"), "{text}");
    }

    #[test]
    fn binaries_that_run_tests_are_told_from_others() {
        let message = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/x/shared/aws/Cargo.toml","target":{{"name":"aws"}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let test = TestBinary { folder: "/x/shared/aws".into(), name: "aws".to_owned(), path: "/x/target/debug/deps/aws-1".into() };
        assert_eq!(TestBinary::of(&message(true, r#""/x/target/debug/deps/aws-1""#)), Some(test));
        assert_eq!(TestBinary::of(&message(false, r#""/x/target/debug/aws""#)), None);
        assert_eq!(TestBinary::of(&message(true, "null")), None);
        assert_eq!(TestBinary::of(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
