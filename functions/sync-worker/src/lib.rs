//! A chunk of targets → Telegram → results.
//!
//! # Layout
//! - here: a message's way: its tries, its person, its share of the pace
//! - [`judge`]: its state and its targets before any call
//! - [`ban`], [`lift`]: the calls in its targets
//! - [`calls`]: calls side by side, one try each, and what their answers call for
//! - [`record`]: results, ledger and rest, once they are done
//! - [`late`]: looks at stuck syncs, dead chunks and those put off

mod ban;
mod calls;
mod judge;
mod late;
mod lift;
mod record;

use anyhow::Context as _;
use aws::batch::{BatchAnswer, QueueBatch};
use aws::lambda::{self, Context};
use aws::queue::{self, Queue};
use aws::store::bans::Bans;
use aws::store::gateway::{Gateway, Taken};
use aws::store::sync::Syncs;
use aws::store::users::Users;
use aws::{env, secrets, time};
use calls::{Ended, Wait};
use domain::ids::ChatId;
use domain::limiter::{Grant, Health, Lane};
use domain::sync::deadline::Task as Message;
use domain::sync::ledger::Decisions;
use domain::sync::{ChunkMessage, Kind, Order, Outcome, Reason, Target};
use judge::{PartState, called_off, divide, is_undone, part_state};
use std::collections::BTreeMap;
use std::sync::Arc;
use telegram::client::Client;

/// All but the first of a batch are begun only with this much of the function's time left, in milliseconds: two rounds of calls at their time-outs, and the
/// writes after them.
const TIME_FOR_A_CHUNK_MS: i64 = 25_000;

/// A chunk is buried only with this much of the function's time left, in milliseconds: three tries of a read that is not answered, and a message.
const TIME_TO_BURY_MS: i64 = 18_000;

/// When a chunk comes again because another sync acts on its person, in milliseconds.
const TAKEN_WAIT_MS: i64 = 1000;

/// When a chunk comes again for which too little time was left, in seconds.
const SHORT_WAIT: i64 = 1;

/// How often a chunk comes again because its part has not begun, before that is an error.
const EARLY_ROUNDS: u32 = 8;

struct Worker {
    telegram: Client,
    bans: Bans,
    users: Users,
    syncs: Syncs,
    gateway: Gateway,
    queue: Queue,
    /// Members of one chat that are banned within an hour without its admins being asked.
    most_bans: u32,
    /// Receives of a message before it is a dead letter.
    most_receives: u32,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            let telegram_api = env::required("TELEGRAM_API_URL")?;
            let telegram = secrets::keep(
                &aws,
                [env::required("BOT_TOKEN_PARAMETER")?],
                |[token]| Ok(Client::new(&telegram_api, token)?),
                |client, [token]| Ok(client.set_token(token)?),
            );
            let gateway = Gateway::from_env(&aws)?;
            gateway.connect().await;
            Ok(Worker {
                telegram: telegram.await?,
                bans: Bans::new(&aws, env::required("BANS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                syncs: Syncs::new(&aws, env::required("SYNC_TABLE")?),
                gateway,
                queue: Queue::new(&aws, env::required("SYNC_QUEUE_URL")?),
                most_bans: env::parsed("MAX_BANS_PER_HOUR")?,
                most_receives: env::parsed("MAX_RECEIVES")?,
            })
        },
        work,
    )
}

async fn work(worker: Arc<Worker>, batch: QueueBatch, context: Context) -> anyhow::Result<BatchAnswer> {
    let mut answer = BatchAnswer::default();
    for (position, record) in batch.records.into_iter().enumerate() {
        let done = async {
            let message: Message = serde_json::from_str(&record.body).context("the message is no chunk")?;
            if is_late(position, context.deadline as i64 - time::now_ms()) {
                // A message of its own: going back would count as a try, of which it has five.
                return worker.queue.send(queue::Message::new(&message, SHORT_WAIT)?).await;
            }
            match message {
                Message::Deadline(deadline) => worker.look_at_last(deadline).await,
                Message::Chunk(chunk) => worker.try_chunk(*chunk, record.receives(), context.deadline as i64).await,
            }
        };
        if let Err(error) = done.await {
            tracing::error!(error = format!("{error:#}"), message_id = record.message_id, "a chunk goes back to the queue");
            answer.fail(record.message_id);
        }
    }
    Ok(answer)
}

/// Is too little of the function's time left for this chunk? The first of a batch is always worked on, or a time-out that somebody has made
/// too short would have chunks go round for ever.
fn is_late(position: usize, left_ms: i64) -> bool {
    position > 0 && left_ms < TIME_FOR_A_CHUNK_MS
}

/// What came of a chunk.
#[derive(Default)]
struct Work {
    ended: Vec<Ended>,
    /// Targets to retry, with the reason.
    again: Vec<(Target, Wait)>,
    /// Milliseconds to wait at least.
    wait_ms: i64,
}

impl Work {
    /// These targets come again after `wait_ms` at the earliest.
    fn wait(&mut self, targets: Vec<Target>, wait_ms: i64) {
        self.again = targets.into_iter().map(|target| (target, Wait::NotBegun)).collect();
        self.wait_ms = wait_ms;
    }
}

/// Context of the work on a chunk's targets.
struct Round<'a> {
    chunk: &'a ChunkMessage,
    decisions: &'a Decisions,
    /// Why nothing is to be done any more: then it is only seen to what an earlier try, which has died, may have done.
    off: Option<Reason>,
    /// Orders of earlier tries, where no result is known.
    intended: &'a BTreeMap<ChatId, Order>,
}

impl Worker {
    /// After the last try the message is a dead letter: its admins are told. `deadline_ms`: when Lambda ends the function.
    async fn try_chunk(&self, chunk: ChunkMessage, receives: u32, deadline_ms: i64) -> anyhow::Result<()> {
        let Err(error) = self.chunk(chunk.clone()).await else { return Ok(()) };
        if receives < self.most_receives {
            return Err(error);
        }
        // A store that does not answer has taken the time that it would take to be told so once more.
        if deadline_ms - time::now_ms() < TIME_TO_BURY_MS {
            return self.come_again(chunk, error).await;
        }
        match self.bury(&chunk).await {
            Ok(()) => Err(error),
            Err(error) => self.come_again(chunk, error).await,
        }
    }

    async fn chunk(&self, mut chunk: ChunkMessage) -> anyhow::Result<()> {
        let state = self.syncs.state_of(&chunk).await?;
        let Some((mut state, part)) = state.and_then(|state| part_state(&chunk, &state).map(|part| (state, part))) else {
            anyhow::ensure!(chunk.round < EARLY_ROUNDS, "the sync of this chunk has not begun");
            let later = ChunkMessage { round: chunk.round + 1, ..chunk };
            return self.queue.send(queue::Message::new(&later, 2)?).await;
        };
        match part {
            PartState::GivenUp => return self.comes_back(&chunk, &state).await.map(drop),
            // Whoever counted it may have died before he could close the sync.
            PartState::ChunkDone if !late::may_come_right(&chunk, &state) => {
                return if self.comes_back(&chunk, &state).await? { Ok(()) } else { self.done(&chunk).await };
            }
            PartState::ChunkDone => state.results.retain(|_, result| !result.outcome.is_timed_out()),
            PartState::Open => {}
        }
        // A repeat never makes a chat's result worse.
        chunk.targets.retain(|target| !state.results.contains_key(&target.chat_id));
        state.intended.extend(chunk.targets.iter().filter_map(|target| Some((target.chat_id, target.intended?))));
        if chunk.user_id.is_reserved() || chunk.user_id == self.telegram.bot() {
            let ended = chunk.targets.iter().map(|target| Ended::new(target.clone(), Outcome::Skipped(Reason::NotSupported)));
            return self.write(&chunk, Work { ended: ended.collect(), ..Work::default() }).await;
        }
        // To take something back, all that stands has to be known.
        let after = (chunk.kind == Kind::Ban).then_some(&chunk.occurred);
        let decisions = self.bans.decisions(chunk.user_id, after).await?;
        state.undone |= is_undone(&state.summary);
        let off = called_off(&chunk, &decisions, state.undone);
        let (ended, targets) = divide(&chunk, &decisions, off, &state.intended);
        let round = Round { chunk: &chunk, decisions: &decisions, off, intended: &state.intended };
        let work = Work { ended, ..Work::default() };
        if targets.is_empty() { self.write(&chunk, work).await } else { self.with_person(&round, work, targets).await }
    }

    /// Acts on the person, whom no other sync may act on meanwhile, and writes what came of it.
    async fn with_person(&self, round: &Round<'_>, mut work: Work, mut targets: Vec<Target>) -> anyhow::Result<()> {
        let chunk = round.chunk;
        match self.gateway.take_person(chunk.user_id, chunk.sync_id).await? {
            Taken::Mine => {}
            // What an earlier round saw may be so no longer.
            Taken::FromAnother => targets.iter_mut().for_each(|target| target.order = None),
            Taken::No => {
                work.wait(targets, TAKEN_WAIT_MS);
                return self.write(chunk, work).await;
            }
        }
        let written = match self.act(round, work, targets).await {
            Ok(work) => self.write(chunk, work).await,
            Err(error) => Err(error),
        };
        // Whatever has failed is tried again in minutes: nobody need wait for that.
        self.gateway.let_person_go(chunk.user_id, chunk.sync_id).await?;
        written
    }

    /// Waiting for a person takes nothing from the pace that all share.
    async fn act(&self, round: &Round<'_>, mut work: Work, mut targets: Vec<Target>) -> anyhow::Result<Work> {
        let lane = if round.chunk.bulk { Lane::Bulk } else { Lane::Normal };
        let grant = match self.gateway.reserve_calls(targets.len(), lane).await? {
            Ok(grant) => grant,
            Err(wait_ms) => {
                work.wait(targets, wait_ms);
                return Ok(work);
            }
        };
        let rest = targets.split_off(grant.calls.min(targets.len()));
        let acted = match round.chunk.kind {
            Kind::Ban => self.ban(round, targets, grant).await?,
            Kind::Lift => self.lift(round, targets, grant).await?,
        };
        work.ended.extend(acted.ended);
        work.again = acted.again;
        work.again.extend(rest.into_iter().map(|target| (target, Wait::NotBegun)));
        Ok(work)
    }

    /// Tells how a round of calls went.
    async fn report(&self, health: Health, grant: Grant) -> anyhow::Result<()> {
        if health == Health::default() { Ok(()) } else { self.gateway.report(health, grant).await }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ban::Occurred;
    use domain::ids::UserId;
    use domain::sync::{Origin, Task, Term};
    use uuid::Uuid;

    pub const SOURCE: ChatId = ChatId(-1);
    pub const BANNED_AT: i64 = 1_767_261_600;

    /// A ban of person 5 by [`SOURCE`] at [`BANNED_AT`], without targets.
    pub fn chunk() -> ChunkMessage {
        ChunkMessage {
            sync_id: Uuid::from_u128(1),
            ban_event_id: Uuid::from_u128(2),
            plan: Uuid::from_u128(3),
            part: 0,
            chunk: 0,
            kind: Kind::Ban,
            origin: Origin::Ban,
            user_id: UserId(5),
            source_chat_id: SOURCE,
            occurred: Occurred::new(BANNED_AT, 7),
            bulk: false,
            round: 0,
            put_off: 0,
            targets: Vec::new(),
        }
    }

    /// A chat to ban in.
    pub fn target(chat_id: ChatId) -> Target {
        let task = Task::Ban(Term::Permanent);
        Target { chat_id, admins: Vec::new(), task, formerly: None, spare_bots: false, tries: 0, order: None, intended: None }
    }

    #[test]
    fn a_chunk_waits_where_too_little_time_is_left_unless_it_is_the_first() {
        assert!(is_late(1, TIME_FOR_A_CHUNK_MS - 1));
        assert!(!is_late(1, TIME_FOR_A_CHUNK_MS) && !is_late(0, 0));
    }
}
