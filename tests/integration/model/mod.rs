//! Random histories against a simple model: whatever happens, and in whatever order, every chat ends as the rules say.
//!
//! Those of all tests are the same each time, so that a commit is judged by what it changes. `BANSYNC_MODEL_HISTORIES`: so many that nobody
//! has played before. `BANSYNC_MODEL_SEED`: only the history of this seed, as printed where one failed.
//!
//! # Layout
//! - here: many histories side by side, and what is told of those that failed
//! - [`pace`]: how many at once; [`patience`]: how long they wait
//! - [`steps`]: what may happen
//! - [`world`]: it happens, on the deployed stack; [`changes`]: what is no ban, unban or kick
//! - [`reference`]: how it must end
//! - [`rest`]: a round has ended, and is held against the reference

mod changes;
mod pace;
mod patience;
mod reference;
mod rest;
mod steps;
mod world;

use crate::play::Play;
use anyhow::{Context, Result, bail, ensure};
use futures_util::{StreamExt, stream};
use pace::{MOST, Pace};
use rest::WITNESSES;
use std::sync::atomic::Ordering;
use std::time::Instant;
use world::{ROUNDS, SYNCS, World};

const HISTORIES: u64 = 1000;

/// The first of their seeds.
const SEED: u64 = 1_000_000;

/// Histories that may fail when many are played at once, if they do not when they are played again by few: a machine that is too busy to
/// answer its own test. One in so many.
const ONCE_IN: usize = 50;

/// Those that failed are played again, so many at a time.
const AGAIN: usize = 8;

/// Of so many that failed, the whole story is told.
const STORIES: usize = 3;

#[tokio::test]
async fn whatever_happens_every_chat_ends_as_the_model_says() -> Result<()> {
    let (histories, replayed) = (number("BANSYNC_MODEL_HISTORIES")?, number("BANSYNC_MODEL_SEED")?);
    let play = Play::alone().await?;
    let (base, count) = match (replayed, histories) {
        (Some(seed), _) => (seed, 1),
        (None, Some(histories)) => (aws::time::now_ms().unsigned_abs() * 1_000_000, histories),
        (None, None) => (SEED, HISTORIES),
    };
    println!("model: {count} histories from seed {base} on");
    let began = Instant::now();
    let pace = Pace::new();
    let mut ends = stream::iter(0..count).map(|n| history(&play, &pace, base + n)).buffer_unordered(MOST);
    let (mut done, mut failed) = (0_usize, Vec::new());
    while let Some((seed, failure)) = ends.next().await {
        done += 1;
        if let Some(failure) = failure {
            println!("model: history {seed} failed; BANSYNC_MODEL_SEED={seed} plays it again");
            if failed.len() < STORIES {
                println!("{failure}");
            }
            failed.push(seed);
        }
        if done % 50 == 0 {
            println!("model: {done} histories after {} s, {} at once, {}", began.elapsed().as_secs(), pace.allowed(), counts());
        }
    }
    drop(ends);
    play.telegram.clear_faults().await?;
    println!("model: {done} histories in {} s, {}", began.elapsed().as_secs(), counts());
    ensure!(failed.len() <= done.div_ceil(ONCE_IN), "{} of {done} histories failed, from base seed {base}: {failed:?}", failed.len());
    let mut again = stream::iter(failed).map(|seed| history(&play, &pace, seed)).buffer_unordered(AGAIN);
    while let Some((seed, failure)) = again.next().await {
        if let Some(failure) = failure {
            bail!("history {seed} fails among few, too\n{failure}");
        }
        println!("model: history {seed} does not fail among few");
    }
    Ok(())
}

/// A history's seed, and how it failed, if it did.
async fn history(play: &Play, pace: &Pace, seed: u64) -> (u64, Option<String>) {
    let (turn, began) = (pace.turn().await, Instant::now());
    let world = World::begin(play, seed).await;
    pace.end(turn, began.elapsed());
    let mut world = match world {
        Ok(world) => world,
        Err(error) => return (seed, Some(format!("it did not begin: {error:#}"))),
    };
    let failure = world.run(pace).await.err();
    (seed, failure.map(|error| format!("  {}\n  {error:#}", world.story.join("\n  "))))
}

fn counts() -> String {
    let of = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::Relaxed);
    format!("{} rounds, {} syncs, {} witnesses", of(&ROUNDS), of(&SYNCS), of(&WITNESSES))
}

fn number(variable: &str) -> Result<Option<u64>> {
    let text = std::env::var(variable).ok();
    text.map(|text| text.parse().with_context(|| format!("{variable} is no number"))).transpose()
}
