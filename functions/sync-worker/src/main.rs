//! A chunk of targets → Telegram → results.

mod apply;

use anyhow::Context as _;
use apply::{Applied, Wait};
use aws::batch::{BatchAnswer, QueueBatch};
use aws::lambda::{self, Context};
use aws::queue::{Message, Queue};
use aws::store::bans::Bans;
use aws::store::gateway::Gateway;
use aws::store::sync::Syncs;
use aws::store::users::Users;
use aws::{Aws, env, metrics, secrets, time};
use domain::chat::ChatState;
use domain::sync::{ChunkMessage, Outcome, Reason, Target, TargetResult, Totals};
use std::collections::BTreeSet;
use std::sync::Arc;
use telegram::client::Client;

/// A chunk is begun only with this much of the function's time left, in milliseconds: two rounds of calls at their time-outs, and the
/// writes after them.
const TIME_FOR_A_CHUNK_MS: i64 = 25_000;

struct Worker {
    telegram: Client,
    bans: Bans,
    users: Users,
    syncs: Syncs,
    gateway: Gateway,
    queue: Queue,
}

fn main() -> Result<(), lambda::Error> {
    lambda::run(
        || async {
            let aws = Aws::from_env().await;
            let [token] = secrets::load(&aws, [env::required("BOT_TOKEN_PARAMETER")?]).await?;
            let gateway = Gateway::new(&aws, env::required("GATEWAY_TABLE")?);
            gateway.connect().await;
            Ok(Worker {
                telegram: Client::new(&env::required("TELEGRAM_API_URL")?, &token)?,
                bans: Bans::new(&aws, env::required("BANS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                syncs: Syncs::new(&aws, env::required("SYNC_TABLE")?),
                gateway,
                queue: Queue::new(&aws, env::required("SYNC_QUEUE_URL")?),
            })
        },
        work,
    )
}

async fn work(worker: Arc<Worker>, batch: QueueBatch, context: Context) -> anyhow::Result<BatchAnswer> {
    let mut answer = BatchAnswer::default();
    for record in batch.records {
        let done = async {
            let message: ChunkMessage = serde_json::from_str(&record.body).context("the message is no chunk")?;
            let time_left = context.deadline as i64 - time::now_ms();
            anyhow::ensure!(time_left > TIME_FOR_A_CHUNK_MS, "{time_left} ms are too few for another chunk");
            worker.chunk(message).await
        };
        if let Err(error) = done.await {
            tracing::error!(error = format!("{error:#}"), message_id = record.message_id, "a chunk goes back to the queue");
            answer.fail(record.message_id);
        }
    }
    Ok(answer)
}

/// What came of a chunk.
#[derive(Default)]
struct Work {
    results: Vec<TargetResult>,
    /// What is to be tried again.
    again: Vec<Target>,
    /// Seconds to wait before.
    delay: i64,
    /// Telegram refuses the bot as a whole.
    refused: bool,
}

impl Worker {
    async fn chunk(&self, chunk: ChunkMessage) -> anyhow::Result<()> {
        let summary = self.syncs.summary(chunk.sync_id).await?.context("the sync of this chunk has not begun")?;
        if summary.plan != chunk.plan || summary.done_chunks.contains(&chunk.chunk) {
            return Ok(());
        }
        let lifted = self.bans.superseded(chunk.user_id, chunk.source_chat_id, &chunk.occurred).await?;
        let Work { results, again, delay, refused } = if lifted {
            let lifted = |target: &Target| result(target, Outcome::Skipped(Reason::Lifted));
            Work { results: chunk.targets.iter().map(lifted).collect(), ..Work::default() }
        } else if let Err(wait_ms) = self.gateway.reserve_calls(chunk.targets.len()).await? {
            Work { again: chunk.targets.clone(), delay: seconds(wait_ms), ..Work::default() }
        } else {
            self.apply(&chunk).await?
        };
        self.syncs.write_results(chunk.sync_id, &results).await?;
        self.log(&chunk, &results, again.len());
        // Until an operator has acted every try is in vain: the message ends in the DLQ, from where it can be brought back.
        anyhow::ensure!(!refused, "Telegram refuses the bot's token or account");
        if again.is_empty() {
            return self.done(&chunk).await;
        }
        // The results are written: what is left travels on by itself, and this message is finished.
        let rest = ChunkMessage { targets: again, ..chunk };
        self.queue.send(Message::new(&rest, delay)?).await
    }

    /// Asks Telegram to ban, and tells everybody of a flood wait.
    async fn apply(&self, chunk: &ChunkMessage) -> anyhow::Result<Work> {
        let now = time::now();
        let looked = apply::look(&self.telegram, chunk.user_id, chunk.targets.clone(), now).await;
        let mut results = Vec::new();
        let mut again = looked.again;
        let earlier = match looked.ended.iter().any(|(_, applied)| applied.outcome == Outcome::Already) {
            true => self.syncs.intended(chunk.sync_id, chunk.chunk).await?,
            false => BTreeSet::new(),
        };
        let mut ended = looked.ended;
        for (target, applied) in &mut ended {
            // An earlier try banned here and died before it could write so.
            if applied.outcome == Outcome::Already && earlier.contains(&target.chat_id) {
                applied.outcome = Outcome::Applied;
            }
        }
        if !looked.to_ban.is_empty() {
            let chats: Vec<_> = looked.to_ban.iter().map(|(target, _)| target.chat_id).collect();
            self.syncs.intend(chunk.sync_id, chunk.chunk, &chats).await?;
            let banned = apply::ban(&self.telegram, chunk.user_id, looked.to_ban).await;
            ended.extend(banned.ended);
            again.extend(banned.again);
        }
        let (delay, refused) = (apply::delay(&again), again.iter().any(|(_, wait)| *wait == Wait::Refused));
        if let Some(retry_after) = again.iter().filter_map(|(_, wait)| wait.flood()).max() {
            self.gateway.block_calls(retry_after).await?;
        }
        for (target, applied) in ended {
            self.note(&target, applied).await?;
            results.push(result(&target, applied.outcome));
        }
        Ok(Work { results, again: again.into_iter().map(|(target, _)| target).collect(), delay, refused })
    }

    /// What a call told about the chat itself.
    async fn note(&self, target: &Target, applied: Applied) -> anyhow::Result<()> {
        if let Some(to) = applied.migrated_to {
            self.users.migrated(target.chat_id, to, None).await?;
        }
        let chat = applied.migrated_to.unwrap_or(target.chat_id);
        match applied.outcome {
            Outcome::Failed(Reason::NoRights) => self.users.lost(chat, ChatState::Suspended).await,
            Outcome::Failed(Reason::ChatGone) => self.users.lost(chat, ChatState::Removed).await,
            _ => Ok(()),
        }
    }

    /// Counts the chunk; whoever completes the set closes the sync.
    async fn done(&self, chunk: &ChunkMessage) -> anyhow::Result<()> {
        let Some(summary) = self.syncs.chunk_done(chunk.sync_id, chunk.plan, chunk.chunk).await? else { return Ok(()) };
        if summary.done_chunks.len() < summary.chunks as usize {
            return Ok(());
        }
        let results = self.syncs.results(chunk.sync_id).await?;
        let totals = Totals::of(results.iter().map(|result| &result.outcome));
        if self.syncs.close(chunk.sync_id, totals).await? {
            tracing::info!(correlation_id = %chunk.ban_event_id, sync_id = %chunk.sync_id, ?totals, "sync closed");
        }
        Ok(())
    }

    fn log(&self, chunk: &ChunkMessage, results: &[TargetResult], again: usize) {
        let totals = Totals::of(results.iter().map(|result| &result.outcome));
        for (status, count) in
            [("applied", totals.applied), ("already", totals.already), ("skipped", totals.skipped), ("failed", totals.failed)]
        {
            if count > 0 {
                metrics::count("sync_operations_total", Some(("status", status)), count);
            }
        }
        tracing::info!(correlation_id = %chunk.ban_event_id, sync_id = %chunk.sync_id, chunk = chunk.chunk, ?totals, again, "chunk worked on");
    }
}

fn result(target: &Target, outcome: Outcome) -> TargetResult {
    TargetResult { chat_id: target.chat_id, admins: target.admins.clone(), outcome }
}

/// Whole seconds that are not too short.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1000
}
