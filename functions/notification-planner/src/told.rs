//! A decision as each recipient is told of it: as much as its source shares with them.

use aws::store::sync::Summary;
use aws::store::users::Profile;
use aws::tell::Told;
use domain::chat::Chat;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::notification::{Content, Decider, Decision};
use domain::sharing::{Shared, present};
use std::collections::{BTreeMap, BTreeSet};

/// Tells of a report as one of many like it. `what`: what they have in common, so that it is told once.
pub fn fold(told: &mut Told, what: String) {
    if let Content::SyncReport(report) = &told.content {
        told.content = Content::Cycles(report.clone());
        (told.what, told.revision) = (what, 0);
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

    #[test]
    fn a_third_decision_of_one_source_within_the_hour_is_a_cycle_and_those_of_others_do_not_count() {
        let other = Summary { source_chat_id: ChatId(-8), ..summary() };
        assert!(!is_cycle(&summary(), &[summary(), summary(), other.clone(), other]));
        assert!(is_cycle(&summary(), &[summary(), summary(), summary()]));
        let undone = Summary { origin: domain::sync::Origin::UndoneHere, ..summary() };
        assert!(!is_cycle(&undone, &[summary(), summary(), summary()]), "what somebody asked for is told");
    }
}
