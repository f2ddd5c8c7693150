//! A ban event: what was done to whom, where, by whom and when, under an id that a redelivery of the same update derives again.

use crate::ids::{ChatId, UserId};
use crate::member::Action;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Namespace of the ids this project derives.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x6f0c_64bb_2f7c_4d0e_9d5b_8c0f_3a51_7e21);

/// How the ban of a source is told of in `ban_type` of `ban.detected`.
pub const PERMANENT: &str = "permanent";
/// See [`PERMANENT`].
pub const TEMPORARY: &str = "temporary";

/// The name in an event's metadata under which the id of the API key stands whose program decided it.
pub const API_KEY: &str = "api_key";

/// Seconds after which an event is history. Telegram brings an update again for a day: what is older comes from somebody who loads
/// what he has kept, and must not carry out bans that nobody asks for any more.
pub const NEWS: i64 = 24 * 3600;

/// When something happened, in an order that holds within one second too: Telegram's dates are whole seconds, its update ids rise
/// within any short while. Compares as text: `<unix seconds, 12 digits>#<update id, 16 digits>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Occurred(String);

impl Occurred {
    /// `at`: Unix seconds. `update_id`: of the update, 0 where there was none.
    pub fn new(at: i64, update_id: i64) -> Self {
        Self(format!("{:012}#{:016}", at.max(0), update_id.max(0)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Was it told by an update?
    fn has_update(&self) -> bool {
        self.0.get(13..).is_some_and(|update| update.bytes().any(|digit| digit != b'0'))
    }

    /// Unix seconds; `None` where the text was not made here.
    pub fn at(&self) -> Option<i64> {
        self.0.get(..12)?.parse().ok()
    }
}

/// Something that an admin did to a member of a chat, as stored and as put on the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanEvent {
    /// Also the correlation id of everything that follows from this event.
    pub event_id: Uuid,
    pub user_id: UserId,
    pub chat_id: ChatId,
    pub event_type: Action,
    /// End of the ban in Unix seconds; `None` is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who did it; [`UserId::ANONYMOUS_ADMIN`] where an admin acted anonymously.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_user_id: Option<UserId>,
    /// Username of the bot that did it, without the `@`, or its name where it has none; `None`: it was no bot, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_bot: Option<String>,
    /// Unix seconds.
    pub event_timestamp: i64,
    pub occurred: Occurred,
    /// Does anybody follow this person? Then the event goes on as `ban.detected`.
    pub tracked: bool,
    /// Title of the chat at that time, for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_title: Option<String>,
    /// The chat had a username at that time: whoever wanted could look it up, title and all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chat_public: bool,
    /// Name of the user at that time, for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// What else the one who registered the event had to say of it. Text only, so that the archive's readers have one type for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl BanEvent {
    /// May this event be tracked, if somebody follows the person, at `now` (Unix seconds)? Only what changes who is banned, and only as
    /// long as it is news: see [`NEWS`].
    pub fn may_be_tracked(&self, now: i64) -> bool {
        matches!(self.event_type, Action::Ban | Action::Unban) && now.saturating_sub(self.event_timestamp) <= NEWS
    }

    /// `there`: what is stored under this event's id. Is it this one, told again? Telegram's dates are whole seconds: two guard bots may ban in
    /// one, or somebody may ban, unban and ban. A program that tells of what the bot sees too has no update; ids of its own choice may be of anything.
    pub fn is_told_again(&self, there: &Self) -> bool {
        let told = |event: &Self| (event.chat_id, event.user_id, event.event_type, event.event_timestamp, event.until);
        self.occurred == there.occurred || !there.occurred.has_update() && told(self) == told(there)
    }

    /// The event under an id of its own, where another one has its.
    pub fn beside_another(self) -> Self {
        Self { event_id: derive(&["ban beside", &self.event_id.to_string(), self.occurred.as_str()]), ..self }
    }

    /// Length of the ban in seconds from its start; `None` is for ever.
    pub fn ban_duration(&self) -> Option<i64> {
        self.until.map(|until| until - self.event_timestamp)
    }

    /// [`PERMANENT`] or [`TEMPORARY`].
    pub fn ban_type(&self) -> &'static str {
        if self.until.is_some() { TEMPORARY } else { PERMANENT }
    }
}

/// The id of what an update tells: the same for every delivery of that update.
///
/// From chat, user, date and what was done; from the update's id where the update has no date.
pub fn event_id(chat: ChatId, user: UserId, action: Action, date: Option<i64>, update_id: Option<i64>) -> Uuid {
    let when = match (date, update_id) {
        (Some(date), _) => format!("date:{date}"),
        (None, Some(update)) => format!("update:{update}"),
        (None, None) => "never".to_owned(),
    };
    derive(&["ban", &chat.0.to_string(), &user.0.to_string(), action.name(), &when])
}

/// An id derived from `parts`: the same parts give the same id, whoever asks and however often.
pub fn derive(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(event_type: Action, at: i64, update: i64) -> BanEvent {
        BanEvent {
            event_id: event_id(ChatId(-1), UserId(1), event_type, Some(at), None),
            user_id: UserId(1),
            chat_id: ChatId(-1),
            event_type,
            until: None,
            reason: None,
            initiator_user_id: None,
            initiator_bot: None,
            event_timestamp: at,
            occurred: Occurred::new(at, update),
            tracked: true,
            chat_title: None,
            chat_public: false,
            user_name: None,
            metadata: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_older_than_a_day_is_history_and_never_tracked() {
        for (event_type, age, expected) in [
            (Action::Ban, 0, true),
            (Action::Ban, -60, true),
            (Action::Ban, NEWS, true),
            (Action::Ban, NEWS + 1, false),
            (Action::Unban, 60, true),
            (Action::Unban, NEWS + 1, false),
            (Action::Kick, 0, false),
            (Action::Restrict, 0, false),
            (Action::Unrestrict, 0, false),
        ] {
            let now = 1_700_000_000;
            assert_eq!(event(event_type, now - age, 1).may_be_tracked(now), expected, "{event_type:?} {age}");
        }
    }

    #[test]
    fn two_bans_in_one_second_are_two_and_one_told_twice_is_one() {
        let (first, second) = (event(Action::Ban, 100, 7), event(Action::Ban, 100, 8));
        assert_eq!(first.event_id, second.event_id);
        assert!(first.is_told_again(&first) && !second.is_told_again(&first));
        let told = BanEvent { occurred: Occurred::new(100, 0), ..first.clone() };
        assert!(first.is_told_again(&told), "a program told of it first");
        let other = BanEvent { until: Some(900), ..told.clone() };
        assert!(!first.is_told_again(&other), "a program told of another end");
        for another in [
            BanEvent { user_id: UserId(77), ..told.clone() },
            BanEvent { chat_id: ChatId(-77), ..told.clone() },
            BanEvent { event_type: Action::Unrestrict, ..told.clone() },
            BanEvent { event_timestamp: 90, ..told.clone() },
        ] {
            assert!(!first.is_told_again(&another), "a program has taken the id for something else: {another:?}");
        }
        let ids = [first.event_id, second.clone().beside_another().event_id, event(Action::Ban, 100, 9).beside_another().event_id];
        assert!(ids[0] != ids[1] && ids[1] != ids[2]);
        assert_eq!(second.clone().beside_another(), second.beside_another());
    }

    #[test]
    fn ids_of_events_stay_what_they_are() {
        let id = |action| event_id(ChatId(-100), UserId(5), action, Some(1_767_225_600), None).to_string();
        let ids = [Action::Ban, Action::Kick, Action::Restrict, Action::Unban, Action::Unrestrict].map(id);
        assert_eq!(
            ids,
            [
                "06d1a39d-b917-5e5d-bdf2-4079dd431257",
                "55978f7b-d072-5b6e-bd97-3b4b67d7ac1b",
                "cf75eb80-1364-5ca5-826e-815a9905f97a",
                "4498cb9a-8b1a-540e-b04a-18b0717e5726",
                "4c5e50f4-6852-5421-a1a4-1c7a4ced7987"
            ]
        );
    }

    proptest! {
        #[test]
        fn text_order_of_occurred_is_order_in_time(a in 0i64..1_000_000_000_000, b in 0i64..1_000_000_000_000, i in 0i64..1 << 52, j in 0i64..1 << 52) {
            prop_assert_eq!(Occurred::new(a, i).at(), Some(a));
            prop_assert_eq!(Occurred::new(a, i).cmp(&Occurred::new(b, j)), (a, i).cmp(&(b, j)));
        }
    }

    #[test]
    fn the_same_update_derives_the_same_id_and_another_one_does_not() {
        let id = |user, action, date| event_id(ChatId(-1), UserId(user), action, date, Some(5));
        assert_eq!(id(1, Action::Ban, Some(9)), id(1, Action::Ban, Some(9)));
        assert_ne!(id(1, Action::Ban, Some(9)), id(2, Action::Ban, Some(9)));
        assert_ne!(id(1, Action::Ban, Some(9)), id(1, Action::Unban, Some(9)));
        assert_ne!(id(1, Action::Ban, Some(9)), id(1, Action::Ban, Some(10)));
        assert_ne!(id(1, Action::Ban, None), id(1, Action::Ban, Some(5)));
    }
}
