//! Whole stories while functions are killed: whatever it was, every chat has exactly one result, and nothing is left over.
//!
//! 1. Each story is played undisturbed, on warm processes, and the local AWS records what functions write.
//! 2. Each is played again, with as many kills in it as the queues and the asynchronous calls bear; as often as it takes until each write was
//!    met by a kill: it took effect, and the process that made it died before it heard so.
//! 3. A write that no kill has met fails the test: whoever adds one need not name it here.
//!
//! - [`story`]: what is played, and how it ends; [`cast`]: who plays
//! - [`writes`]: what is written, and the rules by which processes are killed
//! - [`before`]: deaths at other moments than after a write

mod before;
mod cast;
mod story;
mod writes;

use crate::play::Play;
use crate::stack::{Rule, skipped};
use anyhow::{Context, Result, ensure};
use cast::Cast;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use story::Story;
use writes::Write;

/// Stories that are played at the same time. They wait far more than they work.
const BESIDE: usize = 24;

/// The longest that a story takes; a killed sender's message is free after 70 seconds.
const LONGEST: Duration = Duration::from_secs(360);

/// A playing of a story, and the writes after which it kills.
struct Playing {
    story: Story,
    kills: Vec<Write>,
}

/// Result of a playing: each write, and the seconds after which its kill was seen, if it was.
type Met = Vec<(Write, Option<u64>)>;

impl Play {
    /// Writes of functions in each story, undisturbed.
    async fn writes(&self) -> Result<Vec<Write>> {
        // Processes are warm then: what is recorded is what a story needs.
        self.tell_all(&self.begin_all().await?).await?;
        let casts = self.begin_all().await?;
        let recording = self.stack.record_writes().await?;
        self.tell_all(&casts).await?;
        let written = self.stack.written().await?;
        recording.end().await?;
        Ok(Write::list(self.stack, written, &casts))
    }

    async fn begin_all(&self) -> Result<Vec<(Story, Cast)>> {
        try_join_all(Story::ALL.map(async |story| Ok((story, story.has_begun(self).await?)))).await
    }

    async fn tell_all(&self, casts: &[(Story, Cast)]) -> Result<()> {
        try_join_all(casts.iter().map(|(story, cast)| story.is_told(self, cast))).await.map(drop)
    }

    /// Kills after the writes that name nobody of a story, in whichever story they come.
    async fn kill_after_nobodys(&self, writes: Vec<&Write>, began: Instant) -> Result<Met> {
        let casts = self.begin_all().await?;
        let rules: Vec<Value> = writes.iter().map(|write| write.kill(self.stack, None)).collect();
        let faults = self.stack.fail(rules.into()).await?;
        let told = self.tell_all(&casts).await;
        let rules = faults.rules().await?;
        faults.heal().await?;
        told?;
        Ok(met(writes, &rules, began))
    }

    async fn with_kills(&self, playing: &Playing, began: Instant) -> Result<Met> {
        let Playing { story, kills } = playing;
        let cast = story.has_begun(self).await?;
        let rules: Vec<Value> = kills.iter().map(|write| write.kill(self.stack, Some(&cast))).collect();
        let faults = self.stack.fail(rules.into()).await?;
        let told = story.is_told(self, &cast).await;
        let rules = faults.rules().await?;
        faults.heal().await?;
        let met = met(kills, &rules, began);
        told.with_context(|| format!("with kills{}", lines(&met)))?;
        Ok(met)
    }
}

impl Story {
    async fn has_begun(self, play: &Play) -> Result<Cast> {
        Box::pin(self.begin(play)).await.with_context(|| format!("{self:?}, before anything"))
    }

    async fn is_told(self, play: &Play, cast: &Cast) -> Result<()> {
        let told = tokio::time::timeout(LONGEST, Box::pin(self.tell(play, cast))).await;
        told.map_err(Into::into).flatten().with_context(|| format!("{self:?}"))
    }
}

/// By the rules that were made of the writes.
fn met<'a>(writes: impl IntoIterator<Item = &'a Write>, rules: &[Rule], began: Instant) -> Met {
    let at = |rule: &Rule| (rule.fired > 0).then(|| began.elapsed().as_secs());
    writes.into_iter().zip(rules).map(|(write, rule)| (write.clone(), at(rule))).collect()
}

/// The kills of each story in as few playings as they can be in: of each function no more than its messages bear, none twice of the same
/// name, and what is counted by itself.
fn playings<'a>(writes: impl Iterator<Item = &'a Write>) -> Vec<Playing> {
    let mut playings: Vec<Playing> = Vec::new();
    for write in writes {
        let Some(story) = write.story else { continue };
        let takes = |playing: &&mut Playing| {
            let its: Vec<_> = playing.kills.iter().filter(|kill| kill.function == write.function).collect();
            let counted = write.nth > 1 || its.iter().any(|kill| kill.nth > 1);
            playing.story == story && its.len() < write.most_kills() && (its.is_empty() || !counted)
        };
        match playings.iter_mut().find(takes) {
            Some(playing) => playing.kills.push(write.clone()),
            None => playings.push(Playing { story, kills: vec![write.clone()] }),
        }
    }
    playings
}

fn lines(met: &[(Write, Option<u64>)]) -> String {
    met.iter().map(|(write, met)| format!("\n  {write} → {}", met.map_or("no kill".to_owned(), |at| format!("killed ({at} s)")))).collect()
}

#[tokio::test]
async fn each_function_may_die_after_each_of_its_writes() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("the functions' processes are not on this machine");
    }
    play.forget_dead_letters().await?;
    let began = Instant::now();
    let writes = play.writes().await?;
    println!("{} writes, {} s", writes.len(), began.elapsed().as_secs());
    let mut met: BTreeMap<Write, Option<u64>> = writes.iter().map(|write| (write.clone(), None)).collect();

    let _queues = (play.stack.hurry("sync", 5).await?, play.stack.hurry("notification", 5).await?);
    play.stack.read_queues_one_by_one().await?;
    met.extend(play.kill_after_nobodys(writes.iter().filter(|write| write.story.is_none()).collect(), began).await?);
    let mut failed = Vec::new();
    // Again where an earlier kill has kept a function from what it would have written: then that comes first.
    for _ in 0..2 {
        let missing = writes.iter().filter(|write| write.story.is_some() && met[write].is_none());
        let playings = playings(missing);
        println!("{} s: {} playings", began.elapsed().as_secs(), playings.len());
        let played = stream::iter(&playings).map(|playing| Box::pin(play.with_kills(playing, began)));
        for playing in played.buffer_unordered(BESIDE).collect::<Vec<_>>().await {
            match playing {
                Ok(its) => met.extend(its),
                Err(error) => failed.push(format!("{error:#}")),
            }
        }
        if !failed.is_empty() {
            break;
        }
    }
    let table: Met = writes.iter().map(|write| (write.clone(), met[write])).collect();
    println!("{} s{}", began.elapsed().as_secs(), lines(&table));
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    let missed: Met = table.into_iter().filter(|(write, met)| met.is_none() && !write.is_by_chance()).collect();
    ensure!(missed.is_empty(), "no kill has met{}", lines(&missed));
    play.no_dead_letters().await
}
