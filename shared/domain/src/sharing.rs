//! What somebody may see of a decision that was made in a chat. This is the one place that decides it, for cards, questions, lists, files and
//! whatever else shows a decision to people.
//!
//! | the chat shares | that it happened, and when | its title | the reason | who decided |
//! |---|---|---|---|---|
//! | nothing | – | if the chat was public then | – | – |
//! | events | yes | if the chat was public then | – | – |
//! | full | yes | yes | yes | yes |
//!
//! A chat's own admins see all of it. A chat's id is no secret: it leads nowhere for those who are not in it, and by it a source can be blocked.

use crate::ban::BanEvent;
use crate::chat::Chat;
use crate::ids::ChatId;
use crate::settings::ShareBans;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody may see of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    step: ShareBans,
    /// Anybody could look the chat up by its username when it was decided.
    public: bool,
}

/// What is known of the chats that somebody is shown decisions of.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// With those that groups have become.
    pub chats: BTreeMap<ChatId, Chat>,
    /// Those that the reader is an admin of.
    pub own: BTreeSet<ChatId>,
}

/// A chat as it is now: of a group that became a supergroup, that one. What the group chose nobody can change any more.
pub fn present(chats: &BTreeMap<ChatId, Chat>, chat: ChatId) -> Option<&Chat> {
    let known = chats.get(&chat)?;
    known.migrated_to.and_then(|to| chats.get(&to)).or(Some(known))
}

impl Sight {
    /// See [`present`].
    pub fn present(&self, chat: ChatId) -> Option<&Chat> {
        present(&self.chats, chat)
    }

    /// What the reader may see of a decision in `chat`. `public`: see [`BanEvent::chat_public`].
    pub fn of(&self, chat: ChatId, public: bool) -> Shared {
        let present = self.present(chat);
        let own = self.own.contains(&chat) || present.is_some_and(|present| self.own.contains(&present.chat_id));
        if own { Shared::ALL } else { Shared::with_others(present, public) }
    }

    /// The event as the reader may see it; `None`: its chat keeps it to itself. A title that is left is what the chat is to be called.
    pub fn event(&self, event: BanEvent) -> Option<BanEvent> {
        let shared = self.of(event.chat_id, event.chat_public);
        shared.happened().then(|| BanEvent {
            chat_title: shared.title(self.present(event.chat_id), event.chat_title.as_deref()),
            reason: shared.reason(event.reason),
            initiator_user_id: shared.decider(event.initiator_user_id),
            initiator_bot: shared.decider(event.initiator_bot),
            metadata: shared.reason(Some(event.metadata)).unwrap_or_default(),
            ..event
        })
    }

    /// The event as the person that it was done to may see it. What is said of them is theirs to read, whatever the chat shares: that it happened,
    /// and the reason.
    pub fn event_of_reader(&self, event: BanEvent) -> BanEvent {
        let shared = self.of(event.chat_id, event.chat_public);
        BanEvent {
            chat_title: shared.title(self.present(event.chat_id), event.chat_title.as_deref()),
            initiator_user_id: shared.decider(event.initiator_user_id),
            initiator_bot: shared.decider(event.initiator_bot),
            metadata: shared.reason(Some(event.metadata)).unwrap_or_default(),
            ..event
        }
    }
}

impl Shared {
    /// A decision in a chat of the reader's own.
    pub const ALL: Self = Self { step: ShareBans::Full, public: true };

    /// A decision in a chat that the reader is no admin of. Of a chat that nothing is known of nobody has chosen anything.
    pub fn with_others(chat: Option<&Chat>, public: bool) -> Self {
        Self { step: chat.map_or_else(ShareBans::default, |chat| chat.settings.share_bans), public }
    }

    /// The step that this comes from, to say why something is left out.
    pub fn step(self) -> ShareBans {
        self.step
    }

    /// Is it listed, with its time?
    pub fn happened(self) -> bool {
        self.step >= ShareBans::Events
    }

    /// When it happened.
    pub fn time(self, at: i64) -> Option<i64> {
        self.happened().then_some(at)
    }

    /// What the chat may be called. `then`: its title when it was decided. A title of now is for those who may see it anyway: the chat may be
    /// public no longer.
    pub fn title(self, now: Option<&Chat>, then: Option<&str>) -> Option<String> {
        match self.step {
            ShareBans::Full => now.and_then(|chat| chat.title.as_deref()).or(then).map(str::to_owned),
            ShareBans::Events | ShareBans::Nothing => then.filter(|_| self.public).map(str::to_owned),
        }
    }

    /// The reason, and whatever else was said of it.
    pub fn reason<T>(self, reason: Option<T>) -> Option<T> {
        reason.filter(|_| self.step == ShareBans::Full)
    }

    /// Who decided it, or took it back.
    pub fn decider<T>(self, decider: Option<T>) -> Option<T> {
        decider.filter(|_| self.step == ShareBans::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ban::Occurred;
    use crate::chat::{ChatState, Ignores};
    use crate::ids::UserId;
    use crate::member::Action;
    use crate::settings::ChatSettings;
    use uuid::Uuid;

    fn chat(id: i64, share_bans: ShareBans, migrated_to: Option<i64>) -> (ChatId, Chat) {
        let settings = ChatSettings { share_bans, ..ChatSettings::default() };
        let (chat_id, title, migrated_to) = (ChatId(id), Some(format!("title of {id}")), migrated_to.map(ChatId));
        let (state, migrated_from, ignores) = (ChatState::Active, None, Ignores::default());
        (chat_id, Chat { chat_id, title, state, migrated_to, migrated_from, settings, ignores, known_sources: BTreeSet::new() })
    }

    fn event(chat_id: i64, chat_public: bool) -> BanEvent {
        BanEvent {
            event_id: Uuid::nil(),
            user_id: UserId(5),
            chat_id: ChatId(chat_id),
            event_type: Action::Ban,
            until: None,
            reason: Some("reason".to_owned()),
            initiator_user_id: Some(UserId(7)),
            initiator_bot: None,
            event_timestamp: 100,
            occurred: Occurred::new(100, 1),
            tracked: true,
            chat_title: Some("then".to_owned()),
            chat_public,
            user_name: None,
            metadata: [("ticket".to_owned(), "42".to_owned())].into(),
        }
    }

    /// Title, reason, decider and what else was said; `None`: it is not listed.
    type Seen = Option<(Option<String>, bool, bool, bool)>;

    fn seen(sight: &Sight, event: BanEvent) -> Seen {
        let seen = sight.event(event)?;
        Some((seen.chat_title, seen.reason.is_some(), seen.initiator_user_id.is_some(), !seen.metadata.is_empty()))
    }

    #[test]
    fn each_step_shows_others_what_it_says_and_a_chats_own_admins_all() {
        use ShareBans::{Events, Full, Nothing};
        for (step, public, expected) in [
            (Nothing, false, None),
            (Nothing, true, None),
            (Events, false, Some((None, false, false, false))),
            (Events, true, Some((Some("then".to_owned()), false, false, false))),
            (Full, false, Some((Some("title of -1".to_owned()), true, true, true))),
            (Full, true, Some((Some("title of -1".to_owned()), true, true, true))),
        ] {
            let chats: BTreeMap<_, _> = [chat(-1, step, None)].into();
            let others = Sight { chats: chats.clone(), own: BTreeSet::new() };
            assert_eq!(seen(&others, event(-1, public)), expected, "{step:?} {public}");
            let own = Sight { chats, own: [ChatId(-1)].into() };
            assert_eq!(seen(&own, event(-1, public)), Some((Some("title of -1".to_owned()), true, true, true)), "{step:?} {public}");
        }
    }

    #[test]
    fn a_ban_that_is_carried_over_tells_of_a_chat_that_shares_nothing_no_more_than_its_id() {
        let shared = |step, public| Shared::with_others(Some(&chat(-1, step, None).1), public);
        let of = |shared: Shared| (shared.title(None, Some("then")), shared.time(9), shared.reason(Some("why")), shared.decider(Some(7)));
        assert_eq!(of(shared(ShareBans::Nothing, false)), (None, None, None, None));
        assert_eq!(of(shared(ShareBans::Nothing, true)), (Some("then".to_owned()), None, None, None));
        assert_eq!(of(shared(ShareBans::Events, false)), (None, Some(9), None, None));
        assert_eq!(of(shared(ShareBans::Full, false)), (Some("then".to_owned()), Some(9), Some("why"), Some(7)));
    }

    #[test]
    fn what_a_supergroup_chose_holds_for_what_was_decided_in_the_group_that_it_was() {
        let chats: BTreeMap<_, _> = [chat(-1, ShareBans::Full, Some(-100)), chat(-100, ShareBans::Nothing, None)].into();
        assert_eq!(seen(&Sight { chats: chats.clone(), own: BTreeSet::new() }, event(-1, false)), None);
        let own = Sight { chats, own: [ChatId(-100)].into() };
        assert_eq!(seen(&own, event(-1, false)).unwrap().0.as_deref(), Some("title of -100"));
    }

    #[test]
    fn who_was_banned_reads_that_and_why_in_any_case_and_where_and_by_whom_as_the_chat_shares() {
        for (step, title, decider) in
            [(ShareBans::Nothing, None, false), (ShareBans::Events, None, false), (ShareBans::Full, Some("title of -1"), true)]
        {
            let sight = Sight { chats: [chat(-1, step, None)].into(), own: BTreeSet::new() };
            let seen = sight.event_of_reader(event(-1, false));
            assert_eq!((seen.chat_title.as_deref(), seen.initiator_user_id.is_some()), (title, decider), "{step:?}");
            assert_eq!((seen.reason.as_deref(), seen.chat_id), (Some("reason"), ChatId(-1)), "{step:?}");
        }
    }

    #[test]
    fn of_an_unknown_chat_only_that_it_happened_is_seen() {
        assert_eq!(seen(&Sight::default(), event(-1, false)), Some((None, false, false, false)));
    }
}
