//! A command in the foreground: its output is shown, its failure is ours, and Ctrl-C ends it.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::interrupt;

/// Runs it; its failure says the command.
pub fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    succeeded(command, status)
}

/// Runs it and returns how it ended.
fn status(command: &mut Command) -> Result<ExitStatus> {
    let mut child = start(command.stdin(Stdio::null()))?;
    end(&mut child)
}

/// Runs it and returns what it printed; error output is shown.
pub fn output(command: &mut Command) -> Result<String> {
    output_with(command, "")
}

/// Runs it with `input` and returns what it printed; error output is shown.
pub fn output_with(command: &mut Command, input: &str) -> Result<String> {
    let mut child = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let exchanged = exchange(stdin, stdout, input);
    // However that went: a child is waited for.
    let status = end(&mut child)?;
    succeeded(command, status)?;
    exchanged.with_context(|| format!("{} reads no input or prints no text", name(command)))
}

/// Runs it, hands each line it prints to `line` as it comes, and returns how it ended.
pub fn lines(command: &mut Command, line: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let read = child.stdout.take().map_or(Ok(()), |stdout| each_line(stdout, &name(command), line));
    let status = end(&mut child)?;
    read.map(|()| status)
}

/// As [`lines`], and each line of error output to `error`; a carriage return ends a line there, too, as programs that draw bars mean it.
pub fn both(command: &mut Command, line: impl FnMut(&str), mut error: impl FnMut(&str) + Send) -> Result<ExitStatus> {
    let mut child = start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read = thread::scope(|scope| {
        scope.spawn(move || {
            let Some(mut stderr) = stderr else { return };
            let (mut text, mut chunk) = (Vec::new(), [0; 4096]);
            // What cannot be read any more has ended.
            while let Ok(read @ 1..) = stderr.read(&mut chunk) {
                text.extend_from_slice(&chunk[..read]);
                while let Some(end) = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
                    let rest = text.split_off(end + 1);
                    error(&String::from_utf8_lossy(&text[..end]));
                    text = rest;
                }
            }
            error(&String::from_utf8_lossy(&text));
        });
        stdout.map_or(Ok(()), |stdout| each_line(stdout, &name(command), line))
    });
    let status = end(&mut child)?;
    read.map(|()| status)
}

fn exchange(stdin: Option<ChildStdin>, stdout: Option<ChildStdout>, input: &str) -> io::Result<String> {
    stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()))?;
    stdout.map_or(Ok(String::new()), io::read_to_string)
}

fn each_line(from: impl Read, name: &str, mut line: impl FnMut(&str)) -> Result<()> {
    for text in BufReader::new(from).split(b'\n') {
        line(&String::from_utf8_lossy(&text.with_context(|| format!("{name} cannot be read"))?));
    }
    Ok(())
}

/// The last lines of a log.
pub fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let start = text.lines().count().saturating_sub(lines);
    text.lines().skip(start).collect::<Vec<_>>().join("\n")
}

fn start(command: &mut Command) -> Result<Child> {
    interrupt::with_child(|| {
        // A group of its own, so that its children can be ended with it.
        let child = command.process_group(0).spawn().with_context(|| format!("{} cannot be started; is it installed?", name(command)))?;
        let group = child.id();
        Ok((child, group))
    })
}

fn end(child: &mut Child) -> Result<ExitStatus> {
    let status = child.wait().context("a child process was lost");
    interrupt::forget_child(child.id());
    // It may have ended because this command is being stopped, which is not its failure.
    interrupt::wait_if_stopping();
    status
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        let words = [&[name(command).into()], &arguments[..]].concat().join(" ");
        bail!("`{words}` failed ({status}); its output is above");
    }
    Ok(())
}

fn name(command: &Command) -> String {
    let path = Path::new(command.get_program());
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
