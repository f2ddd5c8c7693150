//! One message → Telegram, the topic `notifications`, or its recipient's own endpoint; or what was said in a group goes from it.
//!
//! # Layout
//! - here: a batch of the queue, and a message on its way to Telegram
//! - [`parcel`]: tasks of the queue
//! - [`subscribers`]: a message on its way to the topic
//! - [`posted`]: a message on its way to its recipient's own endpoint
//! - [`tidy`]: what goes from a group

mod parcel;
mod posted;
mod subscribers;
mod tidy;

use anyhow::{Context as _, bail};
use aws::batch::{BatchAnswer, QueueBatch};
use aws::lambda::{self, Context};
use aws::queue::{Message, Queue};
use aws::store::digests::Digests;
use aws::store::endpoints::Endpoints;
use aws::store::gateway::{FloodScope, Gateway};
use aws::store::notifications::{Claimed, Earlier, End, LEASE, Notifications};
use aws::store::templates::Worded;
use aws::store::users::Users;
use aws::tell::Teller;
use aws::topic::Topic;
use aws::{env, metrics, secrets, time};
use domain::ids::{ChatId, UserId};
use domain::limiter::{Health, Lane};
use domain::message_window::NoPlace;
use domain::notification::{Content, Notification};
use domain::settings::Channel;
use endpoint::address::Also;
use endpoint::post::Poster;
use parcel::{Parcel, Task};
use std::collections::BTreeMap;
use std::sync::Arc;
use telegram::client::{Client, Failure};
use telegram::message::{OutgoingMessage, Posted};
use telegram::reaction::{Mend, Reaction};
use telegram::render::{self, Templates};

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

/// A report is edited for this long after it was first sent, in seconds: the decisions of one hand are carried over within it. An edit makes no
/// sound, and nobody looks for news in an old card.
const REPORT_EDITED_WITHIN: i64 = 60;

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

/// What a failed call means for its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// It was sent all the same.
    Sent,
    /// The recipient takes no messages from the bot.
    Refused,
    /// Telegram takes nothing in this chat for this many seconds.
    Wait(u32),
    /// The group became this supergroup.
    Moved(ChatId),
    /// It may be taken another time.
    Again,
}

fn after(reaction: Reaction) -> After {
    match reaction {
        Reaction::Fine => After::Sent,
        Reaction::NoPrivateMessages | Reaction::ChatGone | Reaction::SendPrivately => After::Refused,
        Reaction::RetryAfter(seconds) => After::Wait(seconds),
        Reaction::Migrated(chat) => After::Moved(chat),
        _ => After::Again,
    }
}

/// Does a message take the place of an earlier one? A question is edited for as long as it is open.
fn may_edit(content: &Content, earlier: Earlier, now: i64) -> bool {
    matches!(content, Content::Question(_)) || now - earlier.first_at <= REPORT_EDITED_WITHIN
}

/// Does a message stand as it was to be, after the call that edits it? `false`: it is gone, or cannot be edited any more.
fn stands(edited: Result<(), Failure>) -> Result<bool, Failure> {
    match edited {
        Ok(()) | Err(Failure::UnreadableResult) => Ok(true),
        Err(failure) if failure.reaction() == Reaction::Fine => Ok(failure.is_not_modified()),
        Err(failure) => Err(failure),
    }
}

/// Whole seconds that are not too short.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1000
}

impl Sender {
    async fn notification(&self, parcel: &Parcel, health: &mut Health) -> anyhow::Result<Sent> {
        let notification = &parcel.notification;
        let chat = notification.recipient.private_chat();
        let templates = self.templates.now().await?;
        // First the place: of many at once to one person all but one have none, and taking each of them is paid for.
        if let Err(none) = self.gateway.reserve_message(chat).await? {
            return self.without_a_place(parcel, none).await;
        }
        let replaces = match self.notifications.claim(notification, parcel.parts_sent).await? {
            Claimed::Mine { replaces } => replaces,
            Claimed::Done => return Ok(Sent::Ended),
            // Should he have died with it, it is free when this comes again; a receive of the queue is for what fails.
            Claimed::Taken => return Ok(Sent::Later(LEASE)),
        };
        let (mut message, is_last) = parcel.part(&templates);
        let is_only = is_last && parcel.parts_sent == 0;
        // A message of several parts is sent anew.
        let replaces = replaces.filter(|&earlier| is_only && may_edit(&notification.content, earlier, time::now()));
        let replaces = replaces.and_then(|earlier| i32::try_from(earlier.message_id).ok());
        let mut called = self.call(replaces, &message).await;
        if called.as_ref().is_err_and(|failure| failure.reaction() == Reaction::Mend(Mend::PlainText)) {
            tracing::error!(correlation_id = notification.correlation_id, "a notification's markup is wrong; it is sent as plain text");
            message = OutgoingMessage { text: render::plain_text(&message.text), html: false, ..message };
            called = self.call(replaces, &message).await;
        }
        health.add(called.as_ref().is_err_and(Failure::is_no_answer));
        match called {
            Ok(message_id) => self.sent(parcel, is_last, message_id.filter(|_| is_only)).await,
            Err(failure) => self.failed(parcel, is_last, &failure).await,
        }
    }

    async fn without_a_place(&self, parcel: &Parcel, none: NoPlace) -> anyhow::Result<Sent> {
        match none {
            NoPlace::Full(ms) if parcel.may_be_held() && Digests::takes(&parcel.notification)? => {
                let moment = time::now() + seconds(ms);
                self.digests.hold(&parcel.notification, moment - moment.rem_euclid(60) + 60).await?;
                Ok(Sent::Ended)
            }
            NoPlace::Full(ms) | NoPlace::Busy(ms) => Ok(Sent::Behind(parcel.notification.recipient, seconds(ms))),
        }
    }

    /// Edits the message that this one replaces, or sends it where that cannot be; its id.
    async fn call(&self, replaces: Option<i32>, message: &OutgoingMessage) -> Result<Option<i64>, Failure> {
        if let Some(id) = replaces
            && self.edit(id, message).await?
        {
            return Ok(Some(id.into()));
        }
        self.telegram.send(message).await
    }

    /// `false`: the message to edit is gone, or a press has settled it and taken its buttons. The buttons go first: so nobody presses one in
    /// between, and that there are none to take is the only sign of a press.
    async fn edit(&self, id: i32, message: &OutgoingMessage) -> Result<bool, Failure> {
        if !message.buttons.is_empty() {
            match self.telegram.set_buttons(message.chat_id, Posted::Public(id), &[]).await {
                Ok(()) | Err(Failure::UnreadableResult) => {}
                Err(failure) if failure.reaction() == Reaction::Fine => return Ok(false),
                Err(failure) => return Err(failure),
            }
        }
        stands(self.telegram.edit(Posted::Public(id), message).await)
    }

    /// `message_id`: of the only message that it is.
    async fn sent(&self, parcel: &Parcel, is_last: bool, message_id: Option<i64>) -> anyhow::Result<Sent> {
        if is_last {
            return self.end(&parcel.notification, End::Sent { message_id }).await;
        }
        self.notifications.release(&parcel.notification, parcel.parts_sent + 1).await?;
        Ok(Sent::InPart)
    }

    async fn failed(&self, parcel: &Parcel, is_last: bool, failure: &Failure) -> anyhow::Result<Sent> {
        let Parcel { notification, parts_sent, .. } = parcel;
        match after(failure.reaction()) {
            After::Sent => self.sent(parcel, is_last, None).await,
            After::Refused => {
                // The operators' chat is no person.
                if notification.recipient.0 > 0 {
                    self.users.set_can_write(notification.recipient, false).await?;
                }
                self.end(notification, End::Failed("the recipient takes no messages from the bot")).await
            }
            After::Wait(seconds) => {
                let chat = notification.recipient.private_chat();
                let scope = self.gateway.block_messages(chat, seconds).await?;
                self.notifications.release(notification, *parts_sent).await?;
                Ok(match scope {
                    FloodScope::Chat => Sent::Later(i64::from(seconds)),
                    FloodScope::AllMessages => Sent::Wait(i64::from(seconds)),
                })
            }
            After::Moved(chat) => {
                self.notifications.release(notification, *parts_sent).await?;
                let notification = Notification { recipient: UserId(chat.0), ..notification.clone() };
                self.queue.send(Message::new(&notification, 0)?).await?;
                Ok(Sent::Ended)
            }
            // Comes again when the queue's visibility time-out ends; after the last try it is in the DLQ.
            After::Again => {
                self.notifications.release(notification, *parts_sent).await?;
                bail!("Telegram did not take the message: {failure}")
            }
        }
    }

    async fn end(&self, notification: &Notification, end: End) -> anyhow::Result<Sent> {
        self.notifications.end(notification, end).await?;
        let status = if matches!(end, End::Sent { .. }) { "sent" } else { "failed" };
        metrics::count("notifications_total", Some(("status", status)), 1);
        Ok(Sent::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use telegram::client::Parameters;

    #[test]
    fn a_refused_message_is_given_up_only_where_its_recipient_takes_none() {
        let answer = |code, description: &str| {
            let parameters = Parameters { retry_after: (code == 429).then_some(7), ..Parameters::default() };
            Failure::Answer { code, description: description.to_owned(), parameters }
        };
        for (failure, expected) in [
            (answer(403, "Forbidden: bot was blocked by the user"), After::Refused),
            (answer(403, "Forbidden: bot can't initiate conversation with a user"), After::Refused),
            (answer(403, "Forbidden: user is deactivated"), After::Refused),
            (answer(400, "Bad Request: chat not found"), After::Refused),
            (answer(429, "Too Many Requests: retry after 7"), After::Wait(7)),
            (answer(502, "Bad Gateway"), After::Again),
            (answer(401, "Unauthorized"), After::Again),
            (answer(400, "Bad Request: can't parse entities: unexpected end tag"), After::Again),
            (answer(400, "Bad Request: something new"), After::Again),
            (Failure::NoAnswer("time-out".to_owned()), After::Again),
            (Failure::UnreadableResult, After::Sent),
        ] {
            assert_eq!(after(failure.reaction()), expected, "{failure}");
        }
    }

    #[test]
    fn a_message_that_cannot_be_edited_any_more_is_sent_anew_and_one_that_stands_is_not() {
        let answer =
            |code, description: &str| Failure::Answer { code, description: description.to_owned(), parameters: Parameters::default() };
        for (edited, expected) in [
            (Ok(()), Ok(true)),
            (Err(Failure::UnreadableResult), Ok(true)),
            (Err(answer(400, "Bad Request: message is not modified: specified new message content")), Ok(true)),
            (Err(answer(400, "Bad Request: message to edit not found")), Ok(false)),
            (Err(answer(400, "Bad Request: message can't be edited")), Ok(false)),
            (Err(answer(400, "Bad Request: MESSAGE_ID_INVALID")), Ok(false)),
            (Err(answer(502, "Bad Gateway")), Err(answer(502, "Bad Gateway"))),
        ] {
            assert_eq!(stands(edited.clone()), expected, "{edited:?}");
        }
    }

    #[test]
    fn a_report_is_edited_while_it_is_news_and_a_question_for_as_long_as_it_is_asked() {
        let decision = json!({ "source_chat": "One", "reason": null, "at": null });
        let of = |kind: &str, others: serde_json::Value| {
            let mut content = json!({ "type": kind, "user_id": 5, "user_name": null });
            for fields in [&decision, &others] {
                content.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            }
            serde_json::from_value::<Content>(content).unwrap()
        };
        let report = of("sync_report", json!({ "sync_id": "00000000-0000-0000-0000-000000000000", "chats": [] }));
        let question = of("question", json!({ "question_id": "00000000-0000-0000-0000-000000000000", "held": false, "chat": "Two" }));
        let earlier = Earlier { message_id: 7, first_at: 1000 };
        for (content, now, expected) in [(&report, 1060, true), (&report, 1061, false), (&question, 1061, true)] {
            assert_eq!(may_edit(content, earlier, now), expected, "{} {now}", content.type_name());
        }
    }
}
