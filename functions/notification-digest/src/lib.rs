//! Messages whose moment has come → the notification queue: what is news as one message, what has to be answered as it is.
//!
//! The clock wakes it. Whoever waits has a moment in a sparse index, so that nothing is read of anybody else. It goes on until nobody waits or its time is up;
//! what is left is still there a minute later.

use anyhow::bail;
use aws::lambda::{self, Context};
use aws::queue::{Message, Queue};
use aws::store::digests::{Digests, Moment, SHARDS, Waiting};
use aws::store::notifications::Notifications;
use aws::store::templates::Worded;
use aws::store::users::{Profile, Users};
use aws::{env, tell, time};
use domain::notification::{Content, Notification, digest_id};
use domain::settings::{Channel, Delivery, Priority};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use telegram::render::{self, Templates};

/// People who are served at a time.
const AT_A_TIME: usize = 8;

/// Nobody is begun with with less of the function's time left, in milliseconds: the calls for one of them, some of them tried again.
const TIME_FOR_ONE_MS: i64 = 25_000;

/// Reads of a moment for which more is held than is read at a time, or something is held again and again. What is left then is still due.
const ROUNDS: usize = 20;

/// Lines of a digest: with the longest names, some messages long.
const MOST_LINES: usize = 50;

struct Digester {
    digests: Digests,
    notifications: Notifications,
    users: Users,
    queue: Queue,
    templates: Worded<Templates>,
}

/// EventBridge's event of a rule that has a schedule, by which the function is woken. Its fields do not matter.
#[derive(Debug, Deserialize)]
struct Wake {}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            Ok(Digester {
                digests: Digests::new(&aws, env::required("NOTIFICATIONS_TABLE")?),
                notifications: Notifications::new(&aws, env::required("NOTIFICATIONS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                queue: Queue::new(&aws, env::required("NOTIFICATION_QUEUE_URL")?),
                templates: Worded::new(&aws, env::required("NOTIFICATIONS_TABLE")?, Templates::new),
            })
        },
        release,
    )
}

/// How many people's messages went on, and how many people's are tried again at the next wake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    done: usize,
    left: usize,
    failed: usize,
}

async fn release(digester: Arc<Digester>, _wake: Wake, context: Context) -> anyhow::Result<()> {
    let until_ms = context.deadline as i64 - TIME_FOR_ONE_MS;
    let mut count = Count::default();
    for shard in 0..SHARDS {
        // A shard that cannot be read does not keep the others waiting.
        if let Err(error) = digester.shard(shard, until_ms, &mut count).await {
            tracing::error!(error = format!("{error:#}"), shard, "whose moment has come could not be read");
            count.failed += 1;
        }
    }
    let Count { done, left, failed } = count;
    if done + left + failed > 0 {
        tracing::info!(done, left, failed, "messages whose moment had come");
    }
    if failed > 0 {
        bail!("the messages of {failed} people could not be sent on; they are tried again in a minute");
    }
    Ok(())
}

impl Digester {
    async fn shard(&self, shard: u8, until_ms: i64, count: &mut Count) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let due;
            (due, after) = self.digests.due(shard, time::now(), after).await?;
            let mut all = stream::iter(due.into_iter().map(|moment| self.one(moment, until_ms))).buffer_unordered(AT_A_TIME);
            while let Some(ended) = all.next().await {
                match ended {
                    Some(Ok(())) => count.done += 1,
                    Some(Err(error)) => {
                        tracing::error!(error = format!("{error:#}"), "messages that waited could not be sent on");
                        count.failed += 1;
                    }
                    None => count.left += 1,
                }
            }
            if after.is_none() || time::now_ms() > until_ms {
                return Ok(());
            }
        }
    }

    /// `None`: there is no time left for it.
    async fn one(&self, moment: Moment, until_ms: i64) -> Option<anyhow::Result<()>> {
        if time::now_ms() > until_ms { None } else { Some(self.send_on(moment).await) }
    }

    /// Sends on what was held for a moment, and ends it. Nothing is lost where this stops in between: a digest of the same messages has the same id, and is
    /// sent once; one with something more is another.
    async fn send_on(&self, moment: Moment) -> anyhow::Result<()> {
        let profile = self.users.profiles([moment.recipient]).await?.remove(&moment.recipient);
        for _ in 0..ROUNDS {
            let Some(Waiting { messages: held, ending, more }) = self.digests.waiting(moment).await? else { return Ok(()) };
            let waiting = self.digests.untold(held.clone()).await?;
            let Sorted { now, later, unwanted } = sort(waiting, profile.as_ref(), time::now());
            for (message, until) in &later {
                self.digests.hold(message, *until).await?;
            }
            for message in unwanted.iter().filter(|_| profile.as_ref().is_some_and(|profile| profile.erased_at.is_none())) {
                self.notifications.suppress(message).await?;
            }
            let templates = self.templates.now().await?;
            let Sending { messages, told } = sending(moment, &held, now, &templates);
            self.queue.send_all(messages.iter().map(|message| Message::new(message, 0)).collect::<anyhow::Result<_>>()?).await?;
            let again: BTreeSet<_> =
                later.iter().filter(|(_, until)| *until == moment.moment).map(|(message, _)| message.notification_id).collect();
            let gone: Vec<_> = held.into_iter().filter(|message| !again.contains(&message.notification_id)).collect();
            self.digests.told(moment, told, gone).await?;
            if !more && self.digests.end(moment, &ending).await? {
                return Ok(());
            }
        }
        // The moment is still due.
        Ok(())
    }
}

/// Messages by what their recipient wants now; what was wanted when they were held may be long ago.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted {
    now: Vec<Notification>,
    /// It has become quiet meanwhile.
    later: Vec<(Notification, i64)>,
    unwanted: Vec<Notification>,
}

fn sort(waiting: Vec<Notification>, profile: Option<&Profile>, now: i64) -> Sorted {
    let mut sorted = Sorted::default();
    for mut message in waiting {
        let Some(profile) = profile else {
            sorted.now.push(message);
            continue;
        };
        message.lang = profile.lang_about(Some(message.lang));
        let takes = tell::channels(Some(profile), &message.content).contains(&message.channel);
        match tell::delivery(profile, &message, true, now) {
            Delivery::Now { silent } if takes => sorted.now.push(Notification { silent, ..message }),
            Delivery::Held { until } if takes => sorted.later.push((message, until)),
            _ => sorted.unwanted.push(message),
        }
    }
    sorted
}

/// Messages to send; and those that are told by them, of which the sender knows nothing.
struct Sending {
    messages: Vec<Notification>,
    told: Vec<Notification>,
}

/// `held`: all that was held, told or not; `waiting`: what of it is to be told. Subscribers of the topic have filters, and each message as it is.
fn sending(moment: Moment, held: &[Notification], waiting: Vec<Notification>, templates: &Templates) -> Sending {
    let is_news = |message: &Notification| message.priority() == Priority::Normal && message.channel == Channel::Telegram;
    let (news, mut messages): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_news);
    // The buttons of one are worth more than a line. What was held counts: the others may be told by a digest that was sent before this stopped.
    let first = match news.first() {
        Some(first) if held.iter().filter(|message| is_news(message)).count() > 1 => first,
        _ => {
            messages.extend(news);
            return Sending { messages, told: Vec::new() };
        }
    };
    let lines = news.iter().take(MOST_LINES).map(|message| render::digest_line(message, templates)).collect();
    messages.push(Notification {
        notification_id: digest_id(moment.recipient, moment.moment, held),
        correlation_id: first.correlation_id.clone(),
        recipient: moment.recipient,
        channel: Channel::Telegram,
        lang: first.lang,
        silent: false,
        answers: false,
        revision: 0,
        content: Content::Digest { lines, count: news.len(), told: news.iter().map(|message| message.notification_id).collect() },
    });
    Sending { messages, told: news }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::UserId;
    use domain::lang::Lang;
    use domain::notification::notification_id;
    use serde_json::json;

    const NOW: i64 = 1_767_261_600;
    const MOMENT: Moment = Moment { recipient: UserId(5), moment: NOW };

    fn held(what: &str, content: fn(String) -> Content) -> Notification {
        Notification {
            notification_id: notification_id(what, MOMENT.recipient),
            correlation_id: what.to_owned(),
            recipient: MOMENT.recipient,
            channel: Channel::Telegram,
            lang: Lang::En,
            silent: false,
            answers: false,
            revision: 0,
            content: content(what.to_owned()),
        }
    }

    fn news(what: &str) -> Notification {
        held(what, |chat| Content::ChatResumed { chat })
    }

    fn urgent(what: &str) -> Notification {
        held(what, |chat| Content::ChatSuspended { chat })
    }

    fn sent(waiting: Vec<Notification>) -> Sending {
        sending(MOMENT, &waiting.clone(), waiting, &Templates::default())
    }

    #[test]
    fn news_become_one_message_and_what_has_to_be_answered_comes_as_it_is() {
        let Sending { messages, told } = sent(vec![news("a"), urgent("b"), news("c")]);
        let [first, digest] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!(first, &urgent("b"));
        assert_eq!(digest.notification_id, digest_id(UserId(5), NOW, &[news("c"), news("a"), urgent("b")]));
        assert!(matches!(&digest.content, Content::Digest { lines, count: 2, told } if told.len() == 2 && lines.len() == 2), "{digest:?}");
        assert_eq!(told, [news("a"), news("c")], "what comes as it is is recorded by the sender");
    }

    #[test]
    fn a_digest_of_one_is_that_one_and_of_none_is_none() {
        let one = sent(vec![news("a")]);
        assert_eq!((one.messages, one.told), (vec![news("a")], vec![]));
        assert_eq!(sent(vec![]).messages, []);
    }

    #[test]
    fn a_digest_that_was_half_recorded_is_the_same_one_and_with_something_more_it_is_another() {
        let (a, b, c) = (news("a"), news("b"), news("c"));
        let id = |held: &[Notification], waiting: &[Notification]| {
            let sending = sending(MOMENT, held, waiting.to_vec(), &Templates::default());
            (sending.messages[0].notification_id, sending.told.len())
        };
        let whole = id(&[a.clone(), b.clone()], &[a.clone(), b.clone()]).0;
        assert_eq!(id(&[a.clone(), b.clone()], std::slice::from_ref(&b)), (whole, 1));
        assert_ne!(id(&[a, b.clone(), c.clone()], &[b, c]).0, whole);
    }

    #[test]
    fn a_digest_lists_fifty_and_counts_all() {
        let messages = sent((0..60).map(|n| news(&n.to_string())).collect()).messages;
        let [digest] = &messages[..] else { panic!("{messages:?}") };
        assert!(matches!(&digest.content, Content::Digest { lines, count: 60, .. } if lines.len() == MOST_LINES));
    }

    #[test]
    fn subscribers_have_each_message_as_it_is_and_what_somebody_asked_for_is_in_no_digest() {
        let by_sns = |what| news(what).by(Channel::Sns);
        let asked = || Notification { answers: true, ..news("c") };
        let Sending { messages, told } = sent(vec![news("a"), by_sns("a"), news("b"), by_sns("b"), asked()]);
        assert_eq!(messages[..3], [by_sns("a"), by_sns("b"), asked()]);
        assert!(matches!(messages[3].content, Content::Digest { count: 2, .. }), "{messages:?}");
        assert_eq!(told, [news("a"), news("b")]);
    }

    #[test]
    fn what_somebody_wants_now_counts_and_not_what_they_wanted_when_it_was_held() {
        let sorted = |settings: serde_json::Value| {
            let profile: Profile = serde_json::from_value(json!({ "user_id": 5, "language_code": "en", "settings": settings })).unwrap();
            sort(vec![news("a"), urgent("b")], Some(&profile), NOW)
        };
        let all = || Sorted { now: vec![news("a"), urgent("b")], ..Sorted::default() };
        assert_eq!(sorted(json!({})), all());
        // It is 10:00 in UTC.
        let quiet = json!({ "from": 9 * 60, "to": 11 * 60 });
        let waits = sorted(json!({ "quiet_hours": quiet }));
        assert_eq!(waits.later, [(news("a"), NOW + 3600)]);
        assert_eq!(waits.now, [Notification { silent: true, ..urgent("b") }]);
        let both = sorted(json!({ "quiet_hours": quiet, "preferences": { "urgent_in_quiet_hours": false } }));
        assert_eq!(both.later, [(news("a"), NOW + 3600), (urgent("b"), NOW + 3600)]);
        for none in [
            json!({ "notifications_enabled": false }),
            json!({ "preferences": { "topics": { "system": "off" } } }),
            json!({ "preferences": { "channels": ["sns"] } }),
        ] {
            assert_eq!(sorted(none.clone()).unwanted.len(), 2, "{none}");
        }
        let russian = sorted(json!({ "language": "ru" })).now;
        assert!(russian.iter().all(|message| message.lang == Lang::Ru));
        assert_eq!(sort(vec![news("a")], None, NOW).now, [news("a")]);
    }

    #[test]
    fn the_clock_wakes_it() {
        assert!(serde_json::from_str::<Wake>(r#"{"detail-type":"Scheduled Event","time":"2026-01-01T10:00:00Z"}"#).is_ok());
    }
}
