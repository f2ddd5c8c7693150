//! How far something is that takes long: one line that is drawn again on a terminal, a new line every half minute elsewhere.
//!
//! Whatever else is printed meanwhile goes through [`say`], so that it does not end up in the middle of that line.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the line on a terminal is drawn again.
const REDRAW: Duration = Duration::from_millis(250);
/// How often somebody who reads a log hears of it.
const LINE: Duration = Duration::from_secs(30);

static BOARD: Mutex<Board> = Mutex::new(Board { tasks: Vec::new(), drawn: false });

/// What is under way now.
struct Board {
    tasks: Vec<Arc<Task>>,
    /// The terminal's last line is ours.
    drawn: bool,
}

struct Task {
    name: String,
    began: Instant,
    counters: Mutex<Vec<Count>>,
    ended: Mutex<bool>,
    end: Condvar,
}

struct Count {
    name: String,
    done: u32,
    of: Option<u32>,
}

/// Something that takes long; dropped, it is over.
pub struct Progress {
    task: Arc<Task>,
    ticker: Option<JoinHandle<()>>,
}

/// Of a [`Progress`]: how much of one kind is done.
#[derive(Clone)]
pub struct Counter {
    task: Arc<Task>,
    index: usize,
}

impl Progress {
    pub fn begin(name: &str) -> Self {
        let (counters, ended, end) = (Mutex::default(), Mutex::new(false), Condvar::new());
        let task = Arc::new(Task { name: name.to_owned(), began: Instant::now(), counters, ended, end });
        lock(&BOARD).tasks.push(task.clone());
        let watched = task.clone();
        let ticker = thread::spawn(move || watched.tick());
        Self { task, ticker: Some(ticker) }
    }

    /// Another kind to be counted: `name 3 of 20`.
    pub fn counter(&self, name: &str) -> Counter {
        let mut counters = lock(&self.task.counters);
        counters.push(Count { name: name.to_owned(), done: 0, of: None });
        Counter { task: self.task.clone(), index: counters.len() - 1 }
    }
}

impl Counter {
    /// So many are done, of so many where that is known.
    pub fn set(&self, done: u32, of: Option<u32>) {
        let count = &mut lock(&self.task.counters)[self.index];
        (count.done, count.of) = (done, of.or(count.of));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        *lock(&self.task.ended) = true;
        self.task.end.notify_all();
        // It only prints: a panic in it is no reason for another.
        _ = self.ticker.take().map(JoinHandle::join);
        let mut board = lock(&BOARD);
        board.tasks.retain(|task| !Arc::ptr_eq(task, &self.task));
        board.clear();
    }
}

impl Task {
    fn tick(&self) {
        let pause = if is_terminal() { REDRAW } else { LINE };
        let mut ended = lock(&self.ended);
        loop {
            let timed_out;
            (ended, timed_out) = match self.end.wait_timeout(ended, pause) {
                Ok((ended, wait)) => (ended, wait.timed_out()),
                Err(_) => return,
            };
            if *ended {
                return;
            }
            if timed_out {
                if is_terminal() { lock(&BOARD).draw() } else { say(&self.describe()) }
            }
        }
    }

    /// "Building: crates 214 of 361, 95 s".
    fn describe(&self) -> String {
        let counters = lock(&self.counters);
        describe(&self.name, &counters, self.began.elapsed())
    }
}

fn describe(name: &str, counters: &[Count], elapsed: Duration) -> String {
    let mut text = format!("{name}: ");
    for Count { name, done, of } in counters {
        _ = match of {
            Some(of) => write!(text, "{name} {done} of {of}, "),
            None => write!(text, "{name} {done}, "),
        };
    }
    text + &format!("{} s", elapsed.as_secs())
}

impl Board {
    fn draw(&mut self) {
        let line = self.tasks.iter().map(|task| task.describe()).collect::<Vec<_>>().join(" · ");
        // Cut to one row of a narrow terminal: a second row would not be drawn over.
        let line: String = line.chars().take(100).collect();
        eprint!("\r\x1b[2K{line}");
        self.drawn = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            eprint!("\r\x1b[2K");
        }
    }
}

/// Prints a line to standard output.
pub fn say(line: &str) {
    let mut board = lock(&BOARD);
    board.clear();
    // Who closed the pipe does not want to hear of it.
    _ = writeln!(std::io::stdout(), "{line}");
}

pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here is left half done by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_how_far_and_how_long_is_said() {
        let count = |name: &str, done, of| Count { name: name.to_owned(), done, of };
        let counters = [count("crates", 214, Some(361)), count("warnings", 2, None)];
        assert_eq!(describe("Building", &counters, Duration::from_secs(95)), "Building: crates 214 of 361, warnings 2, 95 s");
        assert_eq!(describe("Deploying", &[], Duration::from_secs(3)), "Deploying: 3 s");
    }

    #[test]
    fn a_counter_keeps_its_total_and_what_is_over_is_not_told_of() {
        let progress = Progress::begin("a test of progress");
        let counter = progress.counter("steps");
        counter.set(1, Some(2));
        counter.set(2, None);
        assert!(progress.task.describe().starts_with("a test of progress: steps 2 of 2, "));
        drop(progress);
        assert!(lock(&BOARD).tasks.iter().all(|task| task.name != "a test of progress"));
    }
}
