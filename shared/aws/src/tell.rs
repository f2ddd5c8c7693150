//! People are told something: at once by the notification queue, later by a digest, or not at all, as each chose.

use crate::Aws;
use crate::queue::{Message, Queue};
use crate::store::digests::Digests;
use crate::store::notifications::Notifications;
use crate::store::users::{Profile, Users};
use crate::time;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::notification::{Content, Notification, notification_id};
use domain::settings::{Channel, Delivery, Preferences};
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Writes at a time of messages that do not go at once.
const WRITES: usize = 16;

/// Somebody is told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub recipient: UserId,
    /// The id of what it is about: told once, or anew where it tells more.
    pub what: String,
    /// Greater where it tells more.
    pub revision: i64,
    pub content: Content,
    /// It says what came of something that somebody has just asked for: it waits for no digest.
    pub answers: bool,
    /// Of the chat that it is about, for a recipient whose language neither they nor Telegram names.
    pub lang: Option<Lang>,
}

/// Tells people.
pub struct Teller {
    queue: Queue,
    digests: Digests,
    notifications: Notifications,
}

impl Told {
    /// A message that is told once.
    pub fn once(recipient: UserId, what: &str, content: Content, lang: Option<Lang>) -> Self {
        Self { recipient, what: what.to_owned(), revision: 0, content, answers: false, lang }
    }

    /// The message, and what is to become of it. `profile`: the recipient's, where they are known. `now`: Unix seconds.
    pub fn notification(self, profile: Option<&Profile>, correlation_id: &str, now: i64) -> (Notification, Delivery) {
        let Self { recipient, what, revision, content, lang, answers } = self;
        let mut notification = Notification {
            notification_id: notification_id(&what, recipient),
            correlation_id: correlation_id.to_owned(),
            recipient,
            channel: Channel::Telegram,
            lang: profile.map_or_else(|| Lang::about(None, None, lang), |profile| profile.lang_about(lang)),
            silent: false,
            answers,
            revision,
            content,
        };
        let delivery = profile.map_or(Delivery::Now { silent: false }, |profile| delivery(profile, &notification, false, now));
        notification.silent = delivery == Delivery::Now { silent: true };
        (notification, delivery)
    }
}

/// Delivery of a message to somebody at `now` (Unix seconds). `has_waited`: for its digest. That messages are posted somewhere waits for
/// no morning: whoever had them posted may have chosen the quiet hours, too.
pub fn delivery(profile: &Profile, message: &Notification, has_waited: bool, now: i64) -> Delivery {
    let (settings, topic, priority) = (&profile.settings, message.content.topic(), message.priority());
    match (message.content.is_promised(), has_waited) {
        _ if !profile.takes_messages() => Delivery::Dropped,
        (true, _) => match settings.by_the_hour(priority, now) {
            Delivery::Held { .. } if matches!(message.content, Content::WebhookOn { .. }) => Delivery::Now { silent: true },
            delivery => delivery,
        },
        (false, _) if settings.preferences.channels.is_empty() => Delivery::Dropped,
        (false, true) => settings.due(topic, priority, now),
        (false, false) => settings.delivery(topic, priority, now),
    }
}

/// Ways by which somebody is told something.
pub fn channels(profile: Option<&Profile>, content: &Content) -> BTreeSet<Channel> {
    let mut chosen = profile.map_or_else(|| Preferences::default().channels, |profile| profile.settings.preferences.channels.clone());
    if content.is_promised() {
        chosen.insert(Channel::Telegram);
    }
    if matches!(content, Content::WebhookOn { .. } | Content::WebhookOff { .. }) {
        chosen.remove(&Channel::Webhook);
    }
    chosen
}

/// What becomes of something that somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Of the message by Telegram; those by other channels follow from it.
    pub notification_id: Uuid,
    pub delivery: Delivery,
}

impl Teller {
    /// `table`: the name of `notifications`; `queue_url`: the notification queue's.
    pub fn new(aws: &Aws, table: &str, queue_url: String) -> Self {
        Self {
            queue: Queue::new(aws, queue_url),
            digests: Digests::new(aws, table.to_owned()),
            notifications: Notifications::new(aws, table.to_owned()),
        }
    }

    /// Tells each, as they chose. Told again, nobody hears it twice.
    pub async fn tell(&self, users: &Users, correlation_id: &str, told: Vec<Told>) -> anyhow::Result<()> {
        let profiles = users.profiles(told.iter().map(|told| told.recipient).collect::<BTreeSet<_>>()).await?;
        self.tell_known(&profiles, correlation_id, told).await.map(drop)
    }

    /// The same where the recipients' profiles are known; what becomes of each, in the same order.
    pub async fn tell_known(
        &self,
        profiles: &BTreeMap<UserId, Profile>,
        correlation_id: &str,
        told: Vec<Told>,
    ) -> anyhow::Result<Vec<Fate>> {
        let (now, mut messages, mut later, mut unwanted) = (time::now(), Vec::new(), Vec::new(), Vec::new());
        let mut fates = Vec::with_capacity(told.len());
        for told in told {
            let profile = profiles.get(&told.recipient);
            let (notification, delivery) = told.notification(profile, correlation_id, now);
            let notification_id = notification.notification_id;
            // What is too large to wait goes at once.
            let delivery = match delivery {
                Delivery::Held { .. } if !Digests::takes(&notification)? => Delivery::Now { silent: true },
                delivery => delivery,
            };
            fates.push(Fate { notification_id, delivery });
            match delivery {
                // Of somebody who is erased nothing is written any more.
                Delivery::Dropped if profile.is_some_and(|profile| profile.erased_at.is_some()) => {}
                Delivery::Dropped => unwanted.push(notification),
                Delivery::Now { silent } => {
                    let notification = Notification { silent, ..notification };
                    for channel in channels(profile, &notification.content) {
                        messages.push(Message::new(&notification.clone().by(channel), 0)?);
                    }
                }
                Delivery::Held { until } => {
                    later.extend(
                        channels(profile, &notification.content).into_iter().map(|channel| (notification.clone().by(channel), until)),
                    );
                }
            }
        }
        tracing::info!(correlation_id, sent = messages.len(), held = later.len(), unwanted = unwanted.len(), "notifications planned");
        self.queue.send_all(messages).await?;
        let hold = |(notification, until)| async move { self.digests.hold(&notification, until).await };
        let held: Vec<_> = stream::iter(later.into_iter().map(hold)).buffer_unordered(WRITES).collect().await;
        let suppress = |notification| async move { self.notifications.suppress(&notification).await };
        let suppressed: Vec<_> = stream::iter(unwanted.into_iter().map(suppress)).buffer_unordered(WRITES).collect().await;
        // One that fails keeps no other from being written.
        held.into_iter().chain(suppressed).collect::<anyhow::Result<()>>()?;
        Ok(fates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_767_261_600;

    /// The message of something in a chat where English is chosen, which is not what is spoken where nobody has chosen.
    fn notification(profile: Option<serde_json::Value>) -> (Notification, Delivery) {
        let profile: Option<Profile> = profile.map(|profile| serde_json::from_value(profile).unwrap());
        let content = Content::ChatSuspended { chat: "One".to_owned() };
        Told::once(UserId(1), "event", content, Some(Lang::En)).notification(profile.as_ref(), "ban", NOW)
    }

    #[test]
    fn who_wants_no_messages_gets_none() {
        let now = Delivery::Now { silent: false };
        for (profile, expected) in [
            (None, now),
            (Some(json!({ "user_id": 1 })), now),
            (Some(json!({ "user_id": 1, "settings": { "notifications_enabled": false } })), Delivery::Dropped),
            (Some(json!({ "user_id": 1, "settings": { "preferences": { "topics": { "system": "off" } } } })), Delivery::Dropped),
            (Some(json!({ "user_id": 1, "settings": { "preferences": { "topics": { "ban_synced": "off" } } } })), now),
            (Some(json!({ "user_id": 1, "settings": { "preferences": { "channels": [] } } })), Delivery::Dropped),
            (Some(json!({ "user_id": 1, "is_active": false })), Delivery::Dropped),
            (Some(json!({ "user_id": 1, "erased_at": 5 })), Delivery::Dropped),
        ] {
            assert_eq!(notification(profile.clone()).1, expected, "{profile:?}");
        }
    }

    #[test]
    fn that_messages_are_posted_somewhere_waits_for_no_quiet_hours() {
        let quiet = json!({ "quiet_hours": { "from": 0, "to": 1439 }, "preferences": { "urgent_in_quiet_hours": false } });
        let profile: Profile = serde_json::from_value(json!({ "user_id": 1, "settings": quiet })).unwrap();
        let delivery = |content| Told::once(UserId(1), "event", content, None).notification(Some(&profile), "hook", NOW).1;
        let off = Content::WebhookOff { host: "a.example".to_owned() };
        assert!(matches!(delivery(off), Delivery::Held { .. }));
        assert_eq!(delivery(Content::WebhookOn { host: "a.example".to_owned() }), Delivery::Now { silent: true });
    }

    #[test]
    fn an_appeal_and_its_answer_come_whatever_was_chosen() {
        let profile = json!({ "user_id": 1, "settings": { "notifications_enabled": false, "preferences": { "channels": [] } } });
        let profile: Profile = serde_json::from_value(profile).unwrap();
        let content = Content::AppealDecided { chat: "One".to_owned(), lifted: true };
        let (message, delivery) = Told::once(UserId(1), "event", content, None).notification(Some(&profile), "ban", NOW);
        assert_eq!(delivery, Delivery::Now { silent: false });
        assert_eq!(channels(Some(&profile), &message.content), [Channel::Telegram].into());
        let erased: Profile = serde_json::from_value(json!({ "user_id": 1, "erased_at": 5 })).unwrap();
        assert_eq!(super::delivery(&erased, &message, false, NOW), Delivery::Dropped);
    }

    #[test]
    fn what_somebody_asked_for_is_urgent_and_news_wait() {
        let profile = json!({ "user_id": 1, "settings": { "quiet_hours": { "from": 9 * 60, "to": 11 * 60 } } });
        let profile: Profile = serde_json::from_value(profile).unwrap();
        let told = |answers| {
            let content = Content::ChatResumed { chat: "One".to_owned() };
            Told { answers, ..Told::once(UserId(1), "event", content, None) }.notification(Some(&profile), "ban", NOW).1
        };
        assert_eq!(told(true), Delivery::Now { silent: true });
        assert_eq!(told(false), Delivery::Held { until: NOW + 3600 });
    }

    #[test]
    fn a_message_is_in_its_recipients_language_and_else_in_the_chats() {
        for (profile, expected) in [
            (None, Lang::En),
            (Some(json!({ "user_id": 1 })), Lang::En),
            (Some(json!({ "user_id": 1, "language_code": "ru" })), Lang::Ru),
            (Some(json!({ "user_id": 1, "language_code": "ru", "settings": { "language": "en" } })), Lang::En),
        ] {
            assert_eq!(notification(profile.clone()).0.lang, expected, "{profile:?}");
        }
    }

    #[test]
    fn an_urgent_message_is_silent_in_its_recipients_quiet_hours() {
        // It is 10:00 in UTC.
        for (hours, zone, expected) in [
            (json!({ "from": 9 * 60, "to": 11 * 60 }), "UTC", true),
            (json!({ "from": 9 * 60, "to": 11 * 60 }), "Asia/Tokyo", false),
            (json!({ "from": 18 * 60, "to": 20 * 60 }), "Asia/Tokyo", true),
            (json!(null), "UTC", false),
        ] {
            let profile = json!({ "user_id": 1, "settings": { "quiet_hours": hours, "timezone": zone } });
            assert_eq!(notification(Some(profile)).0.silent, expected, "{hours} {zone}");
        }
        assert!(!notification(None).0.silent);
    }

    #[test]
    fn the_same_thing_is_told_to_the_same_person_under_the_same_id_and_by_another_channel_under_another() {
        let of = |what: &str, recipient: i64| {
            let content = Content::ChatSuspended { chat: "One".to_owned() };
            Told::once(UserId(recipient), what, content, None).notification(None, "ban", NOW).0
        };
        assert_eq!(of("event", 1).notification_id, of("event", 1).notification_id);
        assert!(of("event", 1).notification_id != of("event", 2).notification_id);
        assert!(of("event", 1).notification_id != of("another", 1).notification_id);
        assert!(of("event", 1).notification_id != of("event", 1).by(Channel::Sns).notification_id);
        assert_eq!(of("event", 1).by(Channel::Telegram), of("event", 1));
    }
}
