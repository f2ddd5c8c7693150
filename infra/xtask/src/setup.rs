//! Python environments under target/local, installed anew only when the requirements change: the local AWS's for everything that runs here,
//! others when something asks for them. `cargo xtask setup` installs the local AWS's and the deploy tools'.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::progress::{self, Progress};
use crate::{run, workspace};

/// MiniStack and the SAM CLI need it.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// The user's own, and the distribution's, which is built with a profile and optimized at link time; pyenv leaves both out by default ("Building for
/// maximum performance" in pyenv's plugin python-build), and the local AWS, half of all work of the tests, takes 1.4 times as long then.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// The environment of the local AWS and of `bansync_local.aws`.
pub fn python() -> Result<PathBuf> {
    Ok(workspace::tools()?.join("venv/bin/python"))
}

/// A deploy tool: `sam` or `cfn-lint`.
pub fn tool(name: &str) -> Result<PathBuf> {
    Ok(workspace::tools()?.join("venv-tools/bin").join(name))
}

/// A tool for trying the REST API: `schemathesis`. Installed by [`api`].
pub fn api_tool(name: &str) -> Result<PathBuf> {
    Ok(workspace::tools()?.join("venv-api/bin").join(name))
}

/// Installs what tries the REST API.
pub fn api() -> Result<()> {
    environment("venv-api", "requirements-api.txt", "the fuzzer of the REST API")
}

/// Installs what judges templates by rules of its own.
pub fn checkov() -> Result<()> {
    environment("venv-checkov", "requirements-checkov.txt", "checkov")
}

/// Installs a second emulator of AWS.
pub fn moto() -> Result<()> {
    environment("venv-moto", "requirements-moto.txt", "moto")
}

/// Installs a client of the Bot API with strict models; its Python.
pub fn strict_client() -> Result<PathBuf> {
    environment("venv-aiogram", "requirements-aiogram.txt", "aiogram")?;
    Ok(workspace::tools()?.join("venv-aiogram/bin/python"))
}

/// Installs what reads signatures of posted messages.
pub fn receiver() -> Result<()> {
    environment("venv-webhooks", "requirements-webhooks.txt", "a receiver of webhooks")
}

/// Installs what judges whether everybody can use a web page: a file of an otherwise unused package.
pub fn axe() -> Result<()> {
    environment_with("venv-axe", "requirements-axe.txt", "axe-core", &["--no-deps"])
}

/// Installs the SAM CLI and what judges templates.
pub fn deploy_tools() -> Result<()> {
    environment("venv-tools", "requirements-tools.txt", "the SAM CLI")
}

/// Installs the local AWS.
pub fn local_aws() -> Result<()> {
    environment("venv", "requirements.txt", "the local AWS")
}

/// Installs, and does what needs no more than that, while the compiler works; says at once why it failed.
pub fn meanwhile<T>(install: impl FnOnce() -> Result<()> + Send, compile: impl FnOnce() -> Result<T>) -> Result<T> {
    // Said at once: it can be mended while the compiler works.
    let install = || install().inspect_err(|error| progress::say(&format!("error: {error:#}")));
    thread::scope(|scope| {
        let installed = scope.spawn(install);
        let done = compile()?;
        installed.join().map_err(|_| anyhow!("the installation was lost"))??;
        Ok(done)
    })
}

/// Whether there is a Python that [`local_aws`] can use; asked before anything that takes minutes.
pub fn check_python() -> Result<()> {
    Python::find().map(drop)
}

pub fn setup() -> Result<()> {
    local_aws()?;
    deploy_tools()
}

/// A program: its version, and whether it can make an environment.
const ABOUT: &str =
    "import sys; from importlib.util import find_spec; print(*sys.version_info[:2], all(map(find_spec, ['venv', 'ensurepip'])))";

/// What environments are made of.
struct Python {
    program: &'static str,
    /// Such as "3.11".
    version: String,
}

impl Python {
    /// The distribution's where it is of the version that the user has chosen, or where theirs will not do.
    fn find() -> Result<Self> {
        let [own, distributions] = PYTHONS.map(Self::check);
        match (own, distributions) {
            (Ok(own), Ok(distributions)) if own.version != distributions.version => Ok(own),
            (_, Ok(distributions)) => Ok(distributions),
            (own, Err(_)) => own,
        }
    }

    fn check(program: &'static str) -> Result<Self> {
        let advice = format!("install Python {}.{} or newer as `python3`", OLDEST_PYTHON.0, OLDEST_PYTHON.1);
        let text = run::output(Command::new(program).args(["-c", ABOUT])).context(advice.clone())?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let [major, minor, has_venv] = words[..] else { bail!("`{program}` says of itself {text:?}; {advice}") };
        ensure!((major.parse()?, minor.parse()?) >= OLDEST_PYTHON, "`{program}` is Python {major}.{minor}; {advice}");
        ensure!(has_venv == "True", "Python's module `venv` is needed (package python3-venv on Debian and Ubuntu)");
        Ok(Self { program, version: format!("{major}.{minor}") })
    }
}

fn environment(name: &str, requirements: &str, what: &str) -> Result<()> {
    environment_with(name, requirements, what, &[])
}

/// `more`: arguments of pip.
fn environment_with(name: &str, requirements: &str, what: &str, more: &[&str]) -> Result<()> {
    let folder = workspace::tools()?.join(name);
    let requirements = workspace::root()?.join("infra/local").join(requirements);
    let text = fs::read_to_string(&requirements).with_context(|| format!("{} cannot be read", requirements.display()))?;
    // Written last: an installation that was interrupted is not taken for a whole one.
    let marker = folder.join("installed");
    let python = Python::find()?;
    let wanted = format!("# {} {}\n{text}", python.program, python.version);
    // Two commands may need it at once. Given back when this ends, however it ends.
    let lock = folder.with_extension("lock");
    let lock = File::create(&lock).with_context(|| format!("{} cannot be written", lock.display()))?;
    lock.lock().context("no lock for an installation")?;
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("Installing {what} to {} … (once; what was downloaded is not downloaded again after an interruption)", folder.display());
    run::run(Command::new(python.program).args(["-m", "venv", "--clear"]).arg(&folder))?;
    install(&folder, &requirements, more)?;
    fs::write(&marker, wanted).with_context(|| format!("{} cannot be written", marker.display()))
}

fn install(folder: &Path, requirements: &Path, more: &[&str]) -> Result<()> {
    let mut command = Command::new(folder.join("bin/python"));
    command.args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]);
    // Most modules are never imported here; the others are compiled when they are.
    command.args(more).args(["--no-compile", "-r"]).arg(requirements);
    let progress = Progress::begin("Python packages");
    let (packages, mut collected) = (progress.counter("collected"), 0);
    let status = run::lines(&mut command, |line| {
        if line.starts_with("Collecting ") {
            collected += 1;
            packages.set(collected, None);
        }
    })?;
    drop(progress);
    ensure!(status.success(), "pip failed, see above; is the package index reachable?");
    Ok(())
}
