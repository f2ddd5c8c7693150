//! Whatever is told becomes a message in the recipient's language, with as much of a decision as its source shares with them.

use aws::store::sync::Summary;
use aws::store::users::Profile;
use domain::chat::Chat;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::notification::{Content, Decider, Decision, Notification, notification_id};
use domain::sharing::{Shared, present};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody is told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub recipient: UserId,
    /// The id of what it is about: told once, or anew where it tells more.
    pub what: String,
    /// Greater where it tells more.
    pub revision: i64,
    pub content: Content,
    /// Of the chat that it is about, for a recipient whose language neither they nor Telegram names.
    pub lang: Option<Lang>,
}

impl Told {
    /// A message that is told once.
    pub fn once(recipient: UserId, what: &str, content: Content, lang: Option<Lang>) -> Self {
        Self { recipient, what: what.to_owned(), revision: 0, content, lang }
    }

    /// Tells of a report as one of many like it. `what`: what they have in common, so that it is told once.
    pub fn fold(&mut self, what: String) {
        if let Content::SyncReport(report) = &self.content {
            self.content = Content::Cycles(report.clone());
            (self.what, self.revision) = (what, 0);
        }
    }

    /// The message; `None`: the recipient wants none. `profile`: the recipient's, where they are known. `now`: Unix seconds.
    pub fn notification(self, profile: Option<&Profile>, correlation_id: &str, now: i64) -> Option<Notification> {
        if profile.is_some_and(|profile| !profile.wants_notifications()) {
            return None;
        }
        let Self { recipient, what, revision, content, lang } = self;
        Some(Notification {
            notification_id: notification_id(&what, recipient),
            correlation_id: correlation_id.to_owned(),
            recipient,
            lang: profile.map_or_else(|| Lang::about(None, None, lang), |profile| profile.lang_about(lang)),
            silent: profile.is_some_and(|profile| profile.settings.is_quiet(now)),
            revision,
            content,
        })
    }
}

/// Chats of a part, the sources' own admins, and the admin who decided there.
pub struct Known {
    pub chats: BTreeMap<ChatId, Chat>,
    pub of_sources: BTreeMap<ChatId, BTreeSet<UserId>>,
    pub by: Option<Profile>,
}

impl Known {
    /// What somebody may see of the decision that was carried over.
    fn shared_with(&self, recipient: UserId, summary: &Summary) -> Shared {
        match self.of_sources.get(&summary.source_chat_id).is_some_and(|admins| admins.contains(&recipient)) {
            true => Shared::ALL,
            false => Shared::with_others(present(&self.chats, summary.source_chat_id), summary.source_public),
        }
    }

    /// The reason, where somebody may read it.
    pub fn reason(&self, recipient: UserId, summary: &Summary) -> Option<String> {
        self.shared_with(recipient, summary).reason(summary.reason.clone())
    }

    /// What somebody is told of the decision.
    pub fn decision(&self, recipient: UserId, summary: &Summary) -> Decision {
        let shared = self.shared_with(recipient, summary);
        let title = shared.title(present(&self.chats, summary.source_chat_id), summary.source_chat_title.as_deref());
        Decision {
            source_chat: title.unwrap_or_else(|| summary.source_chat_id.to_string()),
            source_chat_id: Some(summary.source_chat_id),
            shared: shared.step(),
            by: shared.decider(summary.initiator_user_id).map(|user_id| self.decider(user_id, summary)),
            reason: shared.reason(summary.reason.clone()),
            at: shared.time(summary.event_timestamp),
        }
    }

    fn decider(&self, user_id: UserId, summary: &Summary) -> Decider {
        let profile = self.by.as_ref().filter(|profile| profile.user_id == user_id && profile.erased_at.is_none());
        Decider { user_id, name: profile.map(Profile::name).filter(|name| !name.is_empty()), bot: summary.initiator_bot.clone() }
    }
}

/// Is the sync one of a source's bans and unbans of the same person over and over? A ban and its correction are none. `recent`: those of the
/// hour.
pub fn is_cycle(summary: &Summary, recent: &[Summary]) -> bool {
    summary.origin.is_news() && recent.iter().filter(|sync| sync.source_chat_id == summary.source_chat_id).count() > 2
}

/// Names the cycle of an hour: told once.
pub fn cycle(summary: &Summary) -> String {
    let hour = summary.event_timestamp.div_euclid(3600);
    format!("cycle of {} by {} in {hour}", summary.user_id, summary.source_chat_id)
}

/// The title, in messages to its own admins, of the chat where it was decided.
pub fn source_chat(summary: &Summary) -> String {
    summary.source_chat_title.clone().unwrap_or_else(|| summary.source_chat_id.to_string())
}

/// Title of a chat in messages to its admins.
pub fn title(known: &BTreeMap<ChatId, Chat>, chat: ChatId) -> String {
    known.get(&chat).and_then(|chat| chat.title.clone()).unwrap_or_else(|| chat.to_string())
}

/// The language that a chat's admins chose for it.
pub fn lang(known: &BTreeMap<ChatId, Chat>, chat: ChatId) -> Option<Lang> {
    known.get(&chat).and_then(|chat| chat.settings.language)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use domain::ban::Occurred;
    use domain::chat::{ChatState, Ignores};
    use domain::settings::{ChatSettings, ShareBans};
    use domain::sync::{Outcome, TargetResult};
    use serde_json::json;
    use uuid::Uuid;

    const NOW: i64 = 1_767_261_600;

    /// Of a ban that one chat is told of.
    pub fn summary() -> Summary {
        let summary = json!({
            "sync_id": Uuid::from_u128(1),
            "ban_event_id": Uuid::from_u128(2),
            "plan": Uuid::nil(),
            "user_id": 5,
            "user_name": "Mal",
            "source_chat_id": -9,
            "source_chat_title": "Source",
            "reason": "spam",
            "occurred": Occurred::new(NOW, 0),
            "event_timestamp": NOW,
            "total_chats": 1,
            "chunks": 1,
            "status": "completed",
            "started_at_ms": NOW * 1000,
            "expires_at": NOW,
            "version": Summary::VERSION,
        });
        serde_json::from_value(summary).unwrap()
    }

    /// Chats with titles and languages.
    pub fn known(chats: &[(i64, Option<&str>, Option<Lang>)]) -> Known {
        let chat = |&(id, title, language): &(i64, Option<&str>, Option<Lang>)| {
            let (chat_id, settings) = (ChatId(id), ChatSettings { language, ..ChatSettings::default() });
            let (title, ignores, known_sources) = (title.map(str::to_owned), Ignores::default(), BTreeSet::new());
            (
                chat_id,
                Chat { chat_id, title, state: ChatState::Active, migrated_to: None, migrated_from: None, settings, ignores, known_sources },
            )
        };
        Known { chats: chats.iter().map(chat).collect(), of_sources: BTreeMap::new(), by: None }
    }

    pub fn result(chat: i64, admins: &[i64], outcome: Outcome) -> TargetResult {
        TargetResult::new(ChatId(chat), admins.iter().map(|&id| UserId(id)).collect(), outcome)
    }

    /// Source, reason and time as they are told to somebody.
    fn told_of(recipient: i64, share_bans: ShareBans, public: bool) -> (String, Option<String>, Option<i64>) {
        let mut known = known(&[(-9, Some("Source now"), None)]);
        known.of_sources = BTreeMap::from([(ChatId(-9), BTreeSet::from([UserId(1)])), (ChatId(-8), BTreeSet::from([UserId(2)]))]);
        known.chats.get_mut(&ChatId(-9)).unwrap().settings.share_bans = share_bans;
        let decision = known.decision(UserId(recipient), &Summary { source_public: public, ..summary() });
        (decision.source_chat, decision.reason, decision.at)
    }

    #[test]
    fn cards_and_questions_tell_of_the_source_what_it_shares_and_its_own_admins_all() {
        use ShareBans::{Events, Full, Nothing};
        let all = ("Source now", Some("spam"), Some(NOW));
        for (step, public, expected) in [
            (Nothing, false, ("-9", None, None)),
            (Nothing, true, ("Source", None, None)),
            (Events, false, ("-9", None, Some(NOW))),
            (Events, true, ("Source", None, Some(NOW))),
            (Full, false, all),
            (Full, true, all),
        ] {
            for (recipient, (chat, reason, at)) in [(2, expected), (1, all)] {
                let expected = (chat.to_owned(), reason.map(str::to_owned), at);
                assert_eq!(told_of(recipient, step, public), expected, "{step:?} {public} {recipient}");
            }
        }
    }

    #[test]
    fn a_source_without_a_title_is_called_by_its_id() {
        assert_eq!(source_chat(&Summary { source_chat_title: None, ..summary() }), "-9");
    }

    /// The message of something in a chat where English is chosen, which is not what is spoken where nobody has chosen.
    fn notification(profile: Option<serde_json::Value>) -> Option<Notification> {
        let profile: Option<Profile> = profile.map(|profile| serde_json::from_value(profile).unwrap());
        let content = Content::ChatSuspended { chat: "One".to_owned() };
        let told = Told::once(UserId(1), "event", content, Some(Lang::En));
        told.notification(profile.as_ref(), "ban", NOW)
    }

    #[test]
    fn who_wants_no_messages_gets_none() {
        for (profile, expected) in [
            (None, true),
            (Some(json!({ "user_id": 1 })), true),
            (Some(json!({ "user_id": 1, "settings": { "notifications_enabled": false } })), false),
            (Some(json!({ "user_id": 1, "is_active": false })), false),
            (Some(json!({ "user_id": 1, "erased_at": 5 })), false),
        ] {
            assert_eq!(notification(profile.clone()).is_some(), expected, "{profile:?}");
        }
    }

    #[test]
    fn a_message_is_in_its_recipients_language_and_else_in_the_chats() {
        for (profile, expected) in [
            (None, Lang::En),
            (Some(json!({ "user_id": 1 })), Lang::En),
            (Some(json!({ "user_id": 1, "language_code": "ru" })), Lang::Ru),
            (Some(json!({ "user_id": 1, "language_code": "ru", "settings": { "language": "en" } })), Lang::En),
        ] {
            assert_eq!(notification(profile.clone()).unwrap().lang, expected, "{profile:?}");
        }
    }

    #[test]
    fn a_message_is_silent_in_its_recipients_quiet_hours() {
        // It is 10:00 in UTC.
        for (hours, zone, expected) in [
            (json!({ "from": 9 * 60, "to": 11 * 60 }), "UTC", true),
            (json!({ "from": 9 * 60, "to": 11 * 60 }), "Asia/Tokyo", false),
            (json!({ "from": 18 * 60, "to": 20 * 60 }), "Asia/Tokyo", true),
            (json!(null), "UTC", false),
        ] {
            let profile = json!({ "user_id": 1, "settings": { "quiet_hours": hours, "timezone": zone } });
            assert_eq!(notification(Some(profile)).unwrap().silent, expected, "{hours} {zone}");
        }
        assert!(!notification(None).unwrap().silent);
    }

    #[test]
    fn the_same_thing_is_told_to_the_same_person_under_the_same_id() {
        let of = |what: &str, recipient: i64| {
            let content = Content::ChatSuspended { chat: "One".to_owned() };
            let told = Told::once(UserId(recipient), what, content, None);
            told.notification(None, "ban", NOW).unwrap().notification_id
        };
        assert_eq!(of("event", 1), of("event", 1));
        assert!(of("event", 1) != of("event", 2) && of("event", 1) != of("another", 1));
    }

    #[test]
    fn a_third_decision_of_one_source_within_the_hour_is_a_cycle_and_those_of_others_do_not_count() {
        let other = Summary { source_chat_id: ChatId(-8), ..summary() };
        assert!(!is_cycle(&summary(), &[summary(), summary(), other.clone(), other]));
        assert!(is_cycle(&summary(), &[summary(), summary(), summary()]));
        let undone = Summary { origin: domain::sync::Origin::UndoneHere, ..summary() };
        assert!(!is_cycle(&undone, &[summary(), summary(), summary()]), "what somebody asked for is told");
    }
}
