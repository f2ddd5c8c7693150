//! What a picture costs. Alone in its binary: the figure is of the whole process.
#![cfg(target_os = "linux")]

mod samples;

use chart::{Theme, png, stack};
use samples::{ENGLISH, overview};
use std::fs;
use std::time::Instant;

/// Half of what the smallest Lambda has (128 MB), in KiB.
const MOST: u64 = 64 * 1024;

#[test]
fn three_charts_are_drawn_in_little_memory() {
    let start = Instant::now();
    let picture = png(&stack(&overview(Theme::Light, &ENGLISH)), 1_000).unwrap();
    let first = start.elapsed();
    let start = Instant::now();
    png(&stack(&overview(Theme::Dark, &ENGLISH)), 1_000).unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak: u64 = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB")?.trim().parse().ok()).unwrap();
    println!("peak {peak} KiB, {first:?}, then {:?}, {} bytes", start.elapsed(), picture.len());
    assert!(peak < MOST, "{peak} KiB");
}
