//! One message → Telegram, the topic `notifications`, or its recipient's own endpoint; or what was said in a group goes from it.
//!
//! # Layout
//! - here: a batch of the queue
//! - [`message`]: a message on its way to Telegram
//! - [`parcel`]: tasks of the queue
//! - [`subscribers`]: a message on its way to the topic
//! - [`posted`]: a message on its way to its recipient's own endpoint
//! - [`tidy`]: what goes from a group

mod message;
mod parcel;
mod posted;
mod subscribers;
mod tidy;

use anyhow::Context as _;
use aws::batch::{BatchAnswer, QueueBatch};
use aws::lambda::{self, Context};
use aws::queue::{Message, Queue};
use aws::store::digests::Digests;
use aws::store::endpoints::Endpoints;
use aws::store::gateway::Gateway;
use aws::store::notifications::Notifications;
use aws::store::templates::Worded;
use aws::store::users::Users;
use aws::tell::Teller;
use aws::topic::Topic;
use aws::{env, secrets, time};
use domain::ids::UserId;
use domain::limiter::{Health, Lane};
use domain::settings::Channel;
use endpoint::address::Also;
use endpoint::post::Poster;
use parcel::Task;
use std::collections::BTreeMap;
use std::sync::Arc;
use telegram::client::Client;
use telegram::render::Templates;

/// All but the first of a batch are begun only with this much of the function's time left, in milliseconds: two calls at their time-outs, and the writes after
/// them.
const TIME_FOR_A_MESSAGE_MS: i64 = 15_000;

struct Sender {
    telegram: Client,
    users: Users,
    notifications: Notifications,
    digests: Digests,
    gateway: Gateway,
    queue: Queue,
    endpoints: Endpoints,
    poster: Poster,
    teller: Teller,
    topic: Topic,
    templates: Worded<Templates>,
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
            Ok(Sender {
                telegram: telegram.await?,
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                notifications: Notifications::new(&aws, env::required("NOTIFICATIONS_TABLE")?),
                digests: Digests::new(&aws, env::required("NOTIFICATIONS_TABLE")?),
                gateway,
                queue: Queue::new(&aws, env::required("NOTIFICATION_QUEUE_URL")?),
                endpoints: Endpoints::new(&aws, env::required("NOTIFICATIONS_TABLE")?),
                poster: Poster::new(if env::parsed("ENDPOINTS_ON_LOOPBACK")? { Also::Loopback } else { Also::Nothing })?,
                teller: Teller::new(&aws, &env::required("NOTIFICATIONS_TABLE")?, env::required("NOTIFICATION_QUEUE_URL")?),
                topic: Topic::new(&aws, env::required("NOTIFICATIONS_TOPIC_ARN")?),
                templates: Worded::new(&aws, env::required("NOTIFICATIONS_TABLE")?, Templates::new),
            })
        },
        send,
    )
}

/// Between the parts of a long notification, in seconds: about one message a second is taken in a chat.
const NEXT_PART: i64 = 1;

/// What became of one message.
enum Sent {
    /// Sent, or failed for good, or dealt with before.
    Ended,
    /// This part of it was sent; another one follows.
    InPart,
    /// Its endpoint did not take it, and is tried again in this many seconds.
    Refused(i64),
    /// It cannot be sent now and may be in this many seconds; others can.
    Later(i64),
    /// Its recipient gets another one first, and may take it in this many seconds.
    Behind(UserId, i64),
    /// No message may be sent for this many seconds, to whomever: back to the queue.
    Wait(i64),
}

async fn send(sender: Arc<Sender>, batch: QueueBatch, context: Context) -> anyhow::Result<BatchAnswer> {
    let mut answer = BatchAnswer::default();
    let mut tasks: Vec<_> = batch.records.into_iter().map(|record| (serde_json::from_str::<Task>(&record.body), record)).collect();
    // What somebody waits for comes first, and waits for no news. What is no call of Telegram comes last: calls are begun when they were granted.
    tasks.sort_by_key(|(task, _)| task.as_ref().map_or((false, false), |task| (!task.is_call(), task.is_news())));
    // Only calls of Telegram wait for its pace.
    let calls = tasks.iter().filter(|(task, _)| task.as_ref().map_or(true, Task::is_call)).count();
    let lane = match tasks.iter().all(|(task, _)| task.as_ref().is_ok_and(|task| task.is_news() || !task.is_call())) {
        true => Lane::News,
        false => Lane::Messages,
    };
    let (grant, refused_for_ms) = match calls {
        0 => (None, 0),
        calls => match sender.gateway.reserve_calls(calls, lane).await? {
            Ok(grant) => (Some(grant), 0),
            Err(ms) => (None, ms),
        },
    };
    let mut left = grant.map_or(0, |grant| grant.calls);
    // Those for which there is no room come again in turn: else each of thousands would come many times, and each time is paid for.
    let mut appointments = match calls - left.min(calls) {
        0 => None,
        without_room => Some(sender.gateway.appoint(without_room, refused_for_ms).await?),
    };
    let (mut health, mut wait, mut again) = (Health::default(), None, Vec::new());
    // Of several to one person each comes a second after the one before.
    let mut behind = BTreeMap::new();
    for (position, (task, record)) in tasks.into_iter().enumerate() {
        let done = async {
            let mut task = task.context("the message is no notification")?;
            let its_wait = match wait.filter(|_| task.is_call()) {
                Some(seconds) => seconds,
                None if task.is_call() && left == 0 => {
                    let its_wait = match &mut appointments {
                        Some(appointments) if task.is_news() => seconds(appointments.next_in(time::now_ms())),
                        _ => seconds(refused_for_ms).max(1),
                    };
                    return Ok(Some(Message::new(&task, its_wait)?));
                }
                // A message of its own: going back would count as a try, of which it has five.
                None if position > 0 && context.deadline as i64 - time::now_ms() < TIME_FOR_A_MESSAGE_MS => 1,
                None => {
                    if task.is_call() {
                        left -= 1;
                    }
                    let sent = match &task {
                        Task::Tidy(tidy) => sender.tidy(tidy, &mut health).await?,
                        Task::Notification(parcel) => match parcel.notification.channel {
                            Channel::Telegram => sender.notification(parcel, &mut health).await?,
                            Channel::Sns => sender.publish(&parcel.notification).await?,
                            Channel::Webhook => sender.post(parcel).await?,
                        },
                    };
                    match sent {
                        Sent::Ended => return Ok(None),
                        Sent::InPart => {
                            task = task.after_a_part();
                            NEXT_PART
                        }
                        Sent::Refused(seconds) => {
                            task = task.after_a_refusal();
                            seconds
                        }
                        Sent::Later(seconds) => seconds,
                        Sent::Behind(recipient, seconds) => {
                            let last = behind.entry(recipient).or_insert(0);
                            *last = seconds.max(*last + 1);
                            *last
                        }
                        Sent::Wait(seconds) => *wait.insert(seconds),
                    }
                }
            };
            // At once: some of it may have been sent.
            sender.queue.send(Message::new(&task, its_wait)?).await?;
            anyhow::Ok(None)
        };
        match done.await {
            Ok(None) => {}
            Ok(Some(message)) => again.push((record.message_id, message)),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), message_id = record.message_id, "a notification goes back to the queue");
                answer.fail(record.message_id);
            }
        }
    }
    let (ids, messages): (Vec<_>, Vec<_>) = again.into_iter().unzip();
    if let Err(error) = sender.queue.send_all(messages).await {
        tracing::error!(error = format!("{error:#}"), "notifications could not be put off; they go back to the queue");
        ids.into_iter().for_each(|id| answer.fail(id));
    }
    if let Some(grant) = grant
        && let Err(error) = sender.gateway.report(health, grant).await
    {
        // What was sent is sent.
        tracing::error!(error = format!("{error:#}"), "how calls went could not be told");
    }
    Ok(answer)
}

/// Whole seconds that are not too short.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1000
}
