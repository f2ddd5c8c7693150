//! Ctrl-C (and SIGTERM, and a closed terminal): whatever this command started ends before it does.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{Group, stop};
use crate::service;

static STOPPING: AtomicBool = AtomicBool::new(false);
static ENDED: AtomicBool = AtomicBool::new(false);
static OWNS_SERVICES: AtomicBool = AtomicBool::new(false);
static CHILDREN: Mutex<Vec<Group>> = Mutex::new(Vec::new());

/// What a shell expects of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// How long children may take to end: one may be this program, which ends its own children and services first.
const PATIENCE: Duration = Duration::from_secs(20);

/// Install the handler, once.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        STOPPING.store(true, Ordering::SeqCst);
        eprintln!("\nStopping …");
        end_children();
        if OWNS_SERVICES.load(Ordering::SeqCst)
            && let Err(error) = service::stop_all()
        {
            eprintln!("error: {error:#}");
        }
        process::exit(INTERRUPTED);
    })
    .context("no handler for Ctrl-C could be installed")
}

/// From now on an interruption stops the services too: the command that starts them calls this.
pub fn own_services() {
    OWNS_SERVICES.store(true, Ordering::SeqCst);
}

/// Ends what was started and is still running; from now on nothing is started any more.
pub fn end_children() {
    ENDED.store(true, Ordering::SeqCst);
    let groups = std::mem::take(&mut *children());
    stop(&groups, PATIENCE);
}

/// Whether nothing is started any more.
pub fn has_ended() -> bool {
    ENDED.load(Ordering::SeqCst)
}

/// Start a child by `start`, known to the handler before anything else can happen.
pub fn with_child<T>(start: impl FnOnce() -> Result<(T, Group)>) -> Result<T> {
    // Waiting for this lock, a child cannot slip in after the handler has stopped the others.
    let mut children = children();
    if STOPPING.load(Ordering::SeqCst) {
        drop(children);
        wait_if_stopping();
        anyhow::bail!("interrupted");
    }
    if ENDED.load(Ordering::SeqCst) {
        anyhow::bail!("not begun: another part of this command has failed");
    }
    let (child, group) = start()?;
    children.push(group);
    Ok(child)
}

/// The child has ended, or goes on as a service that its record describes.
pub fn forget_child(group: Group) {
    children().retain(|known| *known != group);
}

/// Leave the end of the process to the handler if it is at work.
pub fn wait_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_secs(1));
    }
}

fn children() -> MutexGuard<'static, Vec<Group>> {
    // A panic while the list was held leaves the list itself whole.
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
