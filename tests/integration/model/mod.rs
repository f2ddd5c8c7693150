//! Random histories against a simple model: whatever happens, and in whatever order, every chat ends as the rules say.
//!
//! A hundred in all tests: sixty are the same each time, so that a commit is judged by what it changes, and forty are the day's.
//! `BANSYNC_MODEL_HISTORIES`: so many, and but for the sixty such that nobody has played before. `BANSYNC_MODEL_SEED`: only the history of
//! this seed, as printed where one failed.
//!
//! A history may be late, and is then played again among few; that one ends as it must not is never forgiven.
//!
//! # Layout
//! - here: many histories side by side, and what is told of those that failed
//! - [`seeds`]: which ones; [`failure`]: what is forgiven
//! - [`pace`]: how many at once; [`patience`]: how long they wait
//! - [`steps`]: what may happen
//! - [`world`]: it happens, on the deployed stack; [`acts`]: bans, unbans and kicks; [`undo`]: what is taken back; [`meddling`]: what a
//!   chat's own admin does in mid-chunk; [`changes`]: all else; [`coming`]: who is away comes
//! - [`reference`]: how it must end
//! - [`rest`]: a round has ended, and is held against the reference; [`at_rest`]: nothing is on its way any more

mod acts;
mod at_rest;
mod changes;
mod coming;
mod failure;
mod meddling;
mod pace;
mod patience;
mod reference;
mod rest;
mod seeds;
mod steps;
mod undo;
mod world;

use crate::play::Play;
use anyhow::{Context, Result, bail, ensure};
use coming::CAME;
use failure::{Failure, Kind, Verdict, verdict};
use futures_util::{StreamExt, stream};
use meddling::MEDDLED;
use pace::{MOST, Pace};
use rest::WITNESSES;
use seeds::{Asked, Seeds};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use undo::UNDONE;
use world::{ROUNDS, SYNCS, World};

/// The settle time: several things are to happen within it, so that their syncs meet. A shorter one makes for more rounds with
/// less in each.
const SETTLE: Duration = Duration::from_secs(5);

/// Seconds after which a chunk comes again that has failed: no round is much later for it.
const COMES_AGAIN: u32 = 8;

/// One in so many writes of workers is done, and its answer lost: its chunk comes again, after each of its writes at times.
const LOST_ANSWERS: [(&str, u32); 3] = [("UpdateItem", 70), ("BatchWriteItem", 30), ("PutItem", 50)];

/// Those that were late are played again, so many at a time.
const AGAIN: usize = 8;

/// Of so many that failed, the whole story is told.
const STORIES: usize = 3;

#[tokio::test]
async fn whatever_happens_every_chat_ends_as_the_model_says() -> Result<()> {
    let seeds = Seeds::now(&Asked { seed: number("BANSYNC_MODEL_SEED")?, histories: number("BANSYNC_MODEL_HISTORIES")? });
    let play = Play::alone().await?;
    play.forget_dead_letters().await?;
    let _settle = play.reconfigure("sync-planner", &[("SETTLE_SECONDS", &SETTLE.as_secs().to_string())])?;
    println!("model: {} histories, of the seeds {:?} and {:?}", seeds.count(), seeds.fixed, seeds.new);
    let _lag = play.stack.lag_indexes(seeds.new.start).await?;
    let _again = play.stack.hurry("sync", COMES_AGAIN).await?;
    let lost = if play.stack.is_instrumented().await { Some(play.stack.fail(lost_answers(&play)).await?) } else { None };
    let (began, pace) = (Instant::now(), Pace::new());
    let failures = histories(&play, &pace, seeds.all(), MOST).await;
    play.telegram.clear_faults().await?;
    let late = match verdict(seeds.count(), &failures) {
        Verdict::Passed => Vec::new(),
        Verdict::Again(late) => late,
        Verdict::Failed(why) => bail!("{why}; see above"),
    };
    let again = histories(&play, &pace, late.iter().copied(), AGAIN).await;
    ensure!(again.is_empty(), "histories fail among few, too: {:?}", again.iter().map(|failure| failure.seed).collect::<Vec<_>>());
    println!("model: {} histories in {} s, {} late at first, {}", seeds.count(), began.elapsed().as_secs(), late.len(), counts());
    match lost {
        Some(lost) => lost.heal().await,
        None => Ok(()),
    }
}

/// Rules by which workers do not hear that they have written something. No client tries such an answer again by itself.
fn lost_answers(play: &Play) -> Value {
    let (function, table) = (&play.stack.functions["sync-worker"], format!("\"{}\"", play.stack.tables["sync"]));
    let rule = |(operation, every): (&str, u32)| {
        json!({"function": function, "service": "dynamodb", "operation": operation, "contains": table, "every": every,
            "status": 400, "code": "ValidationException", "after_effect": true})
    };
    LOST_ANSWERS.map(rule).into()
}

/// Plays histories, so many at once; those that failed. With the first that is wrong it ends.
async fn histories(play: &Play, pace: &Pace, seeds: impl Iterator<Item = u64>, at_once: usize) -> Vec<Failure> {
    let began = Instant::now();
    let mut playing = stream::iter(seeds).map(|seed| history(play, pace, seed)).buffer_unordered(at_once);
    let (mut worlds, mut failures) = (Vec::new(), Vec::new());
    while let Some(end) = playing.next().await {
        match end {
            Ok(world) => worlds.push(world),
            Err(failure) => failures.push(told(failure, failures.len())),
        }
        let done = worlds.len() + failures.len();
        if done.is_multiple_of(50) {
            println!("model: {done} histories after {} s, {} at once, {}", began.elapsed().as_secs(), pace.allowed(), counts());
        }
        if failures.last().is_some_and(|last| last.kind == Kind::Wrong) {
            return failures;
        }
    }
    drop(playing);
    // What came after the end of a history counts, too.
    let mut turn = pace.turn().await;
    if let Err(error) = turn.alone(async || at_rest::at_rest(play).await).await {
        println!("model: what is late goes on: {error:#}");
    }
    for mut world in worlds {
        if let Err(error) = world.end(&mut turn).await {
            failures.push(told(world.failure(&error), failures.len()));
        }
    }
    failures
}

/// The world at the end of the history of a seed.
async fn history<'a>(play: &'a Play, pace: &Pace, seed: u64) -> Result<World<'a>, Failure> {
    let (turn, began) = (pace.turn().await, Instant::now());
    let world = World::begin(play, seed).await;
    pace.end(turn, began.elapsed());
    let mut world = world.map_err(|error| Failure { seed, kind: Kind::of(&error), story: format!("it did not begin: {error:#}") })?;
    match world.run(pace).await {
        Ok(()) => Ok(world),
        Err(error) => Err(world.failure(&error)),
    }
}

/// Tells of a failure, of the first ones with their stories.
fn told(failure: Failure, before: usize) -> Failure {
    let Failure { seed, kind, story } = &failure;
    println!("model: history {seed} is {kind:?}; `BANSYNC_MODEL_SEED={seed} cargo xtask test model` plays it again");
    if before < STORIES {
        println!("{story}");
    }
    failure
}

fn counts() -> String {
    let of = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::Relaxed);
    let (rounds, syncs, witnesses) = (of(&ROUNDS), of(&SYNCS), of(&WITNESSES));
    let (undone, came, meddled) = (of(&UNDONE), of(&CAME), of(&MEDDLED));
    format!(
        "{rounds} rounds, {syncs} syncs, {undone} undone, {came} came who were waited for, {meddled} meddled with, {witnesses} witnesses"
    )
}

fn number(variable: &str) -> Result<Option<u64>> {
    let text = std::env::var(variable).ok();
    text.map(|text| text.parse().with_context(|| format!("{variable} is no number"))).transpose()
}
