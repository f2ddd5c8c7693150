//! Once a day the bot looks at its own rights in every chat where it is: an update of them may have been missed, and a ban that was
//! refused may be possible again.
//!
//! Each hour has its shard of the chats. They are asked for one after another: at the speed of Telegram's answers that is slower than what
//! a bulk may take of the pace, so that a whole invocation goes on without waiting. Where the pace, a flood wait, the breaker or the end of
//! the invocation's time stops it, a schedule brings the rest.
//!
//! # Layout
//! - here: a shard on its way through invocations
//! - [`finding`]: what an answer tells of a chat, and how many were told so

mod finding;

use anyhow::Context as _;
use aws::lambda::{self, Context};
use aws::schedule::{Places, Scheduler};
use aws::store::gateway::Gateway;
use aws::store::users::{KnownRights, Users};
use aws::{env, secrets, time};
use domain::ban::derive;
use domain::chat::{CHECK_SHARDS, ChatState};
use domain::ids::ChatId;
use domain::limiter::{FAILURES, Grant, Health, Lane, OPEN_MS};
use finding::{Finding, Findings};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use telegram::client::{Client, Failure};

/// Chats that are read, and calls that are asked for, at a time: half a second of Telegram's pace.
const PAGE: usize = 15;

/// A chat is begun with only with this much of the function's time left, in milliseconds: a call's time-out, and the writes after it.
const TIME_FOR_A_CHAT_MS: i64 = 15_000;

/// The least that the rest of a shard waits, in seconds. Schedules keep to the minute, not to the second.
const PAUSE: i64 = 20;

/// A shard that has waited for so long is given up, in seconds: before it is its turn again.
const PATIENCE: i64 = 23 * 3600;

struct Monitor {
    telegram: Client,
    users: Users,
    gateway: Gateway,
    scheduler: Scheduler,
}

/// What wakes the function.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Wake {
    /// A schedule of its own.
    Rest(Rest),
    /// The clock: EventBridge's event of a rule that has a schedule. `time`: when, ISO 8601 in UTC.
    Hour { time: String },
}

/// What of a shard is still to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rest {
    shard: u8,
    /// The last chat that was looked at.
    #[serde(default)]
    after: Option<ChatId>,
    /// When the shard was begun, Unix seconds.
    #[serde(default = "time::now")]
    since: i64,
    /// How often the rest was put off.
    #[serde(default)]
    round: u32,
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
            let places = Places {
                group: env::required("SCHEDULE_GROUP")?,
                function: env::required("SCHEDULE_FUNCTION_ARN")?,
                role: env::required("SCHEDULE_ROLE_ARN")?,
                dead_letters: env::required("SCHEDULE_DLQ_ARN")?,
            };
            Ok(Monitor {
                telegram: telegram.await?,
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                gateway: Gateway::from_env(&aws)?,
                scheduler: Scheduler::new(&aws, places),
            })
        },
        check,
    )
}

async fn check(monitor: Arc<Monitor>, wake: Wake, context: Context) -> anyhow::Result<()> {
    let rest = wake.rest().context("the event names no hour of a day")?;
    let mut walk = Walk { rest, findings: Findings::default(), until_ms: context.deadline as i64 - TIME_FOR_A_CHAT_MS };
    let ended = monitor.go(&mut walk).await;
    // What was found is written, whatever happened then.
    walk.findings.tell(walk.rest.shard);
    match ended? {
        Some(wait_ms) => monitor.put_off(walk.rest, wait_ms).await,
        None => Ok(()),
    }
}

impl Wake {
    /// `None`: of no hour that there is.
    fn rest(self) -> Option<Rest> {
        let rest = match self {
            Self::Rest(rest) => rest,
            Self::Hour { time } => {
                Rest { shard: time.split_once('T')?.1.get(..2)?.parse().ok()?, after: None, since: time::now(), round: 0 }
            }
        };
        (rest.shard < CHECK_SHARDS).then_some(rest)
    }
}

/// One invocation's way through a shard.
struct Walk {
    rest: Rest,
    findings: Findings,
    /// No chat is begun with after this, Unix milliseconds.
    until_ms: i64,
}

impl Monitor {
    /// Goes on until the shard is done (`None`) or has to wait, for so many milliseconds.
    async fn go(&self, walk: &mut Walk) -> anyhow::Result<Option<i64>> {
        loop {
            let chats = self.users.to_check(walk.rest.shard, walk.rest.after, PAGE).await?;
            if chats.is_empty() {
                return Ok(None);
            }
            let grant = match self.gateway.reserve_calls(chats.len(), Lane::Bulk).await? {
                Ok(grant) => grant,
                Err(wait_ms) => return Ok(Some(wait_ms)),
            };
            if let Some(wait_ms) = self.look_at(&chats, grant, walk).await? {
                return Ok(Some(wait_ms));
            }
        }
    }

    /// Looks at as many of `chats` as calls were granted; milliseconds to wait, where no more may be looked at now.
    async fn look_at(&self, chats: &[KnownRights], grant: Grant, walk: &mut Walk) -> anyhow::Result<Option<i64>> {
        let (mut health, mut wait_ms) = (Health::default(), None);
        for chat in chats.iter().take(grant.calls) {
            if time::now_ms() >= walk.until_ms {
                wait_ms = Some(0);
                break;
            }
            if chat.state.is_present() {
                wait_ms = self.look(chat, grant, &mut health, &mut walk.findings).await?;
            }
            if wait_ms.is_some() {
                break;
            }
            walk.rest.after = Some(chat.chat_id);
            if health.failed >= FAILURES {
                wait_ms = Some(OPEN_MS);
                break;
            }
        }
        if health != Health::default() {
            self.gateway.report(health, grant).await?;
        }
        Ok(wait_ms)
    }

    /// Asks for the bot's rights in one chat, and writes what differs; milliseconds to wait, where this chat is to be asked for again.
    async fn look(&self, chat: &KnownRights, grant: Grant, health: &mut Health, findings: &mut Findings) -> anyhow::Result<Option<i64>> {
        // Before the call: what updates tell of later is newer than its answer.
        let at = time::now();
        let answer = self.telegram.member(chat.chat_id, self.telegram.bot()).await;
        health.add(answer.as_ref().is_err_and(Failure::is_no_answer));
        match Finding::of(&answer) {
            Finding::State(state) => {
                let is_news = state != chat.state && self.users.observe_membership(chat.chat_id, state, at).await?;
                if is_news {
                    tracing::info!(chat_id = %chat.chat_id, before = ?chat.state, now = ?state, "no update had told of the bot's rights");
                }
                findings.add(if is_news { finding::name(state) } else { finding::SAME });
            }
            Finding::Migrated(to) => {
                self.users.migrated(chat.chat_id, to, None).await?;
                findings.add(finding::name(ChatState::Migrated));
            }
            Finding::Wait(seconds) => {
                self.gateway.block_calls(seconds).await?;
                return Ok(Some(i64::from(seconds) * 1000));
            }
            Finding::Refused => anyhow::bail!("Telegram refuses the bot's token or account"),
            // That Telegram as a whole is down says nothing about this chat.
            Finding::Unclear if grant.probe && health.failed > 0 => return Ok(Some(OPEN_MS)),
            Finding::Unclear => {
                let failure = answer.err().map(|failure| failure.to_string());
                tracing::warn!(failure, chat_id = %chat.chat_id, "the bot's rights in a chat could not be told; tomorrow again");
                findings.add(finding::FAILED);
            }
        }
        Ok(None)
    }

    /// Has the rest of a shard looked at when the wait is over.
    async fn put_off(&self, rest: Rest, wait_ms: i64) -> anyhow::Result<()> {
        let now = time::now();
        anyhow::ensure!(now - rest.since < PATIENCE, "a shard of chats could not be looked at before its next turn");
        let rest = Rest { round: rest.round + 1, ..rest };
        // The same for an event that comes twice.
        let id = derive(&["rights", &format!("{}/{}/{}", rest.shard, rest.since, rest.round)]);
        self.scheduler.at(id, now + PAUSE.max(wait_ms / 1000 + 1), &rest).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wake(json: &str) -> Option<Rest> {
        serde_json::from_str::<Wake>(json).unwrap().rest()
    }

    #[test]
    fn the_clock_begins_the_shard_of_its_hour() {
        let hour = |time: &str| {
            let event = format!(
                r#"{{"version":"0","id":"6f8","detail-type":"Scheduled Event","source":"aws.events","account":"1","time":"{time}","region":"us-east-1","resources":[],"detail":{{}}}}"#
            );
            wake(&event).map(|rest| (rest.shard, rest.after, rest.round))
        };
        assert_eq!(hour("2026-03-01T00:17:00Z"), Some((0, None, 0)));
        assert_eq!(hour("2026-03-01T23:17:04Z"), Some((23, None, 0)));
        for no_hour in ["2026-03-01T24:17:00Z", "2026-03-01", "2026-03-01Té", ""] {
            assert_eq!(hour(no_hour), None, "{no_hour}");
        }
    }

    #[test]
    fn the_rest_of_a_shard_comes_back_as_it_was_put_off() {
        let rest = Rest { shard: 7, after: Some(ChatId(-1_001_234_567_890)), since: 1_767_261_600, round: 2 };
        assert_eq!(wake(&serde_json::to_string(&rest).unwrap()), Some(rest));
        assert_eq!(wake(r#"{"shard":24}"#), None);
    }
}
