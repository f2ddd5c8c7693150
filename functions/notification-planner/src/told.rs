//! Notifications by recipient. The results of a sync's part become one report an admin and the questions to answer; whatever is told becomes
//! a message in the recipient's language.

use aws::store::sync::Summary;
use aws::store::users::Profile;
use domain::chat::Chat;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::notification::{Asking, Content, Decider, Decision, NamedChat, Notification, SyncReport, by_admin, notification_id};
use domain::sharing::{Shared, present};
use domain::sync::{Outcome, Reason, TargetResult};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody is told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub recipient: UserId,
    /// The id of what it is about: told once.
    pub what: String,
    pub content: Content,
    /// Of the chat that it is about, for a recipient whose language neither they nor Telegram names.
    pub lang: Option<Lang>,
}

impl Told {
    /// Tells of a report as one of many like it. `what`: what they have in common, so that it is told once.
    pub fn fold(&mut self, what: String) {
        if let Content::SyncReport(report) = &self.content {
            self.content = Content::Cycles(report.clone());
            self.what = what;
        }
    }

    /// The message; `None`: the recipient wants none. `profile`: the recipient's, where they are known. `now`: Unix seconds.
    pub fn notification(self, profile: Option<&Profile>, correlation_id: &str, now: i64) -> Option<Notification> {
        if profile.is_some_and(|profile| !profile.wants_notifications()) {
            return None;
        }
        let Self { recipient, what, content, lang } = self;
        Some(Notification {
            notification_id: notification_id(&what, recipient),
            correlation_id: correlation_id.to_owned(),
            recipient,
            lang: profile.map_or_else(|| Lang::about(None, None, lang), |profile| profile.lang_about(lang)),
            silent: profile.is_some_and(|profile| profile.settings.is_quiet(now)),
            content,
        })
    }
}

/// The chats that reports and questions name, the source among them.
pub fn chats(summary: &Summary, results: &[TargetResult]) -> BTreeSet<ChatId> {
    let reported = by_admin(results, summary.kind, summary.origin).into_values().flatten().flat_map(|(_, chats)| chats);
    let asked = results.iter().filter(|result| result.question.is_some()).map(|result| result.chat_id);
    let named: BTreeSet<_> = reported.chain(asked).collect();
    if named.is_empty() { named } else { named.into_iter().chain([summary.source_chat_id]).collect() }
}

/// What the chats of a part are, who are the source's own admins, and whoever decided there.
pub struct Known {
    pub chats: BTreeMap<ChatId, Chat>,
    pub of_source: BTreeSet<UserId>,
    pub by: Option<Profile>,
}

impl Known {
    /// What somebody may see of the decision that was carried over.
    fn shared_with(&self, recipient: UserId, summary: &Summary) -> Shared {
        match self.of_source.contains(&recipient) {
            true => Shared::ALL,
            false => Shared::with_others(present(&self.chats, summary.source_chat_id), summary.source_public),
        }
    }

    /// What somebody is told of the decision.
    fn decision(&self, recipient: UserId, summary: &Summary) -> Decision {
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
        let profile = self.by.as_ref().filter(|profile| profile.erased_at.is_none());
        Decider { user_id, name: profile.map(Profile::name).filter(|name| !name.is_empty()), bot: summary.initiator_bot.clone() }
    }
}

/// Is the sync one of a source's bans and unbans of the same person over and over? A ban and its correction are none. `count`: of the source's
/// decisions on this person within the hour.
pub fn is_cycle(count: usize) -> bool {
    count > 2
}

/// Names the cycle of an hour: told once.
pub fn cycle(summary: &Summary) -> String {
    let hour = summary.event_timestamp.div_euclid(3600);
    format!("cycle of {} by {} in {hour}", summary.user_id, summary.source_chat_id)
}

/// One report an admin, whatever number of their chats the sync touched. `event_id`: of the event that ended the part.
pub fn reports(event_id: &str, summary: &Summary, results: &[TargetResult], known: &Known) -> Vec<Told> {
    let named = |chat_id: &ChatId| NamedChat { chat_id: *chat_id, title: title(&known.chats, *chat_id) };
    let report = |(recipient, groups): (UserId, Vec<(Outcome, Vec<ChatId>)>)| {
        let lang = groups.iter().flat_map(|(_, chats)| chats).find_map(|chat| lang(&known.chats, *chat));
        let report = SyncReport {
            sync_id: summary.sync_id,
            kind: summary.kind,
            user_id: summary.user_id,
            user_name: summary.user_name.clone(),
            decision: known.decision(recipient, summary),
            chats: groups.iter().map(|(outcome, chats)| (*outcome, chats.iter().map(named).collect())).collect(),
        };
        Told { recipient, what: event_id.to_owned(), content: Content::SyncReport(report), lang }
    };
    by_admin(results, summary.kind, summary.origin).into_iter().map(report).collect()
}

/// The questions of a part, to each admin of the chat that is asked. A message's id is that of its question: bans that are held within an
/// hour are asked about once.
pub fn questions(summary: &Summary, results: &[TargetResult], known: &Known) -> Vec<Told> {
    let asked = results.iter().filter_map(|result| Some((result, result.question?)));
    let told = asked.flat_map(|(result, question_id)| {
        let lang = lang(&known.chats, result.chat_id);
        result.admins.iter().map(move |&recipient| {
            let asking = Asking {
                question_id,
                held: result.outcome == Outcome::Skipped(Reason::Held),
                flooded: result.outcome == Outcome::Skipped(Reason::Flooded),
                new_source: result.outcome == Outcome::Skipped(Reason::NewSource),
                user_id: summary.user_id,
                user_name: summary.user_name.clone(),
                decision: known.decision(recipient, summary),
                chat: title(&known.chats, result.chat_id),
            };
            Told { recipient, what: question_id.to_string(), content: Content::Question(asking), lang }
        })
    });
    told.collect()
}

/// The title, in messages to its own admins, of the chat where it was decided.
pub fn source_chat(summary: &Summary) -> String {
    summary.source_chat_title.clone().unwrap_or_else(|| summary.source_chat_id.to_string())
}

fn title(known: &BTreeMap<ChatId, Chat>, chat: ChatId) -> String {
    known.get(&chat).and_then(|chat| chat.title.clone()).unwrap_or_else(|| chat.to_string())
}

fn lang(known: &BTreeMap<ChatId, Chat>, chat: ChatId) -> Option<Lang> {
    known.get(&chat).and_then(|chat| chat.settings.language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ban::Occurred;
    use domain::chat::{ChatState, Ignores};
    use domain::settings::{ChatSettings, ShareBans};
    use serde_json::json;
    use uuid::Uuid;

    const NOW: i64 = 1_767_261_600;

    fn summary() -> Summary {
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
    fn known(chats: &[(i64, Option<&str>, Option<Lang>)]) -> Known {
        let chat = |&(id, title, language): &(i64, Option<&str>, Option<Lang>)| {
            let (chat_id, settings) = (ChatId(id), ChatSettings { language, ..ChatSettings::default() });
            let (title, ignores, known_sources) = (title.map(str::to_owned), Ignores::default(), BTreeSet::new());
            (
                chat_id,
                Chat { chat_id, title, state: ChatState::Active, migrated_to: None, migrated_from: None, settings, ignores, known_sources },
            )
        };
        Known { chats: chats.iter().map(chat).collect(), of_source: BTreeSet::new(), by: None }
    }

    fn result(chat: i64, admins: &[i64], outcome: Outcome) -> TargetResult {
        TargetResult::new(ChatId(chat), admins.iter().map(|&id| UserId(id)).collect(), outcome)
    }

    fn question(chat: i64, admins: &[i64], reason: Reason, id: u128) -> TargetResult {
        TargetResult { question: Some(Uuid::from_u128(id)), ..result(chat, admins, Outcome::Skipped(reason)) }
    }

    #[test]
    fn an_admin_has_one_report_of_all_their_chats_by_title_in_the_language_of_one() {
        let failed = Outcome::Failed(Reason::NoRights);
        let results = [result(-1, &[1], Outcome::Applied), result(-2, &[1, 2], failed), result(-3, &[1], Outcome::Applied)];
        let known = known(&[(-1, Some("One"), None), (-2, Some("Two"), Some(Lang::En))]);
        assert_eq!(chats(&summary(), &results), BTreeSet::from([-9, -3, -2, -1].map(ChatId)));
        let told: Vec<_> = reports("event", &summary(), &results, &known)
            .into_iter()
            .map(|told| {
                assert_eq!(told.what, "event");
                let Content::SyncReport(report) = told.content else { panic!("{:?}", told.content) };
                assert_eq!((report.user_id, report.user_name.as_deref(), report.sync_id), (UserId(5), Some("Mal"), Uuid::from_u128(1)));
                let named = |chats: Vec<NamedChat>| chats.into_iter().map(|chat| (chat.chat_id.0, chat.title)).collect::<Vec<_>>();
                let chats: Vec<_> = report.chats.into_iter().map(|(outcome, chats)| (outcome, named(chats))).collect();
                (told.recipient.0, told.lang, chats)
            })
            .collect();
        let chat = |id: i64, title: &str| (id, title.to_owned());
        assert_eq!(
            told,
            [
                (1, Some(Lang::En), vec![(Outcome::Applied, vec![chat(-1, "One"), chat(-3, "-3")]), (failed, vec![chat(-2, "Two")])]),
                (2, Some(Lang::En), vec![(failed, vec![chat(-2, "Two")])]),
            ]
        );
    }

    #[test]
    fn each_admin_of_a_chat_that_is_asked_has_its_question_and_no_report() {
        let results = [question(-1, &[1, 2], Reason::Asked, 70), question(-2, &[1], Reason::Held, 80)];
        let known = known(&[(-1, Some("One"), Some(Lang::Ru))]);
        assert_eq!(reports("event", &summary(), &results, &known), []);
        assert_eq!(chats(&summary(), &results), BTreeSet::from([-9, -2, -1].map(ChatId)));
        let asked: Vec<_> = questions(&summary(), &results, &known)
            .into_iter()
            .map(|told| {
                let Content::Question(asking) = told.content else { panic!("{:?}", told.content) };
                assert_eq!(told.what, asking.question_id.to_string(), "what is held within an hour is asked once");
                (told.recipient.0, asking.question_id.as_u128(), asking.chat, asking.held, told.lang)
            })
            .collect();
        let (one, two) = ("One".to_owned(), "-2".to_owned());
        assert_eq!(asked, [(1, 70, one.clone(), false, Some(Lang::Ru)), (2, 70, one, false, Some(Lang::Ru)), (1, 80, two, true, None)]);
    }

    /// Source, reason and time as a report and a question tell them to somebody.
    fn told_of(recipient: i64, share_bans: ShareBans, public: bool) -> [(String, Option<String>, Option<i64>); 2] {
        let mut known = known(&[(-9, Some("Source now"), None)]);
        known.of_source = BTreeSet::from([UserId(1)]);
        known.chats.get_mut(&ChatId(-9)).unwrap().settings.share_bans = share_bans;
        let summary = Summary { source_public: public, ..summary() };
        let results = [result(-1, &[recipient], Outcome::Applied), question(-2, &[recipient], Reason::Asked, 70)];
        let mut told = reports("event", &summary, &results, &known);
        told.extend(questions(&summary, &results, &known));
        let of: Vec<_> = told
            .into_iter()
            .map(|told| match told.content {
                Content::SyncReport(report) => (report.decision.source_chat, report.decision.reason, report.decision.at),
                Content::Question(asking) => (asking.decision.source_chat, asking.decision.reason, asking.decision.at),
                other => panic!("{other:?}"),
            })
            .collect();
        of.try_into().unwrap()
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
                assert_eq!(told_of(recipient, step, public), [expected.clone(), expected], "{step:?} {public} {recipient}");
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
        let told = Told { recipient: UserId(1), what: "event".to_owned(), content, lang: Some(Lang::En) };
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
            let told = Told { recipient: UserId(recipient), what: what.to_owned(), content, lang: None };
            told.notification(None, "ban", NOW).unwrap().notification_id
        };
        assert_eq!(of("event", 1), of("event", 1));
        assert!(of("event", 1) != of("event", 2) && of("event", 1) != of("another", 1));
    }
}
