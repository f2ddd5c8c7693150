//! What a change of a chat member's status means.
//!
//! Source of the table: Bot API `ChatMemberUpdated` and the server's behaviour. A "kick" pressed in a supergroup arrives as a ban
//! followed by an unban about a second later; only a basic group knows `member → left` by somebody else.

use serde::{Deserialize, Serialize};

/// A member's status as Telegram names it; one that is not known yet reads as [`Status::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Creator,
    Administrator,
    Member,
    Restricted,
    Left,
    Kicked,
    #[serde(other)]
    Unknown,
}

/// One side of a change: the status and what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub status: Status,
    /// End of a ban or restriction in Unix seconds; `None` is for ever.
    pub until: Option<i64>,
    /// A bit for each permission of a restricted member that is granted; means something only for [`Status::Restricted`].
    pub permissions: u32,
    /// A restricted person may be in the chat or not (Bot API `ChatMemberRestricted`, `is_member`); means something only for them.
    pub is_member: bool,
    /// `can_restrict_members` of an administrator; an owner always can.
    pub can_restrict: bool,
    /// `can_promote_members` of an administrator; an owner always can.
    pub can_promote: bool,
}

/// A restriction that a ban has put an end to, and that can be set again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// As in [`Member`].
    pub permissions: u32,
    /// End in Unix seconds; `None` is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

impl Member {
    /// Somebody of whom nothing but the status is known.
    pub fn of(status: Status) -> Self {
        let is_member = status == Status::Restricted;
        Self { status, until: None, permissions: 0, is_member, can_restrict: false, can_promote: false }
    }

    /// Is this person in the chat? `None`: nobody knows.
    pub fn is_present(&self) -> Option<bool> {
        match self.status {
            Status::Creator | Status::Administrator | Status::Member => Some(true),
            Status::Restricted => Some(self.is_member),
            Status::Left | Status::Kicked => Some(false),
            Status::Unknown => None,
        }
    }

    /// The restriction that this person is under.
    pub fn mute(&self) -> Option<Mute> {
        (self.status == Status::Restricted).then_some(Mute { permissions: self.permissions, until: self.until })
    }

    pub fn is_admin(&self) -> bool {
        matches!(self.status, Status::Creator | Status::Administrator)
    }

    /// May this member ban others?
    pub fn may_ban(&self) -> bool {
        self.status == Status::Creator || (self.status == Status::Administrator && self.can_restrict)
    }
}

/// What somebody did to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Ban,
    Kick,
    Restrict,
    Unban,
    Unrestrict,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Kick => "kick",
            Self::Restrict => "restrict",
            Self::Unban => "unban",
            Self::Unrestrict => "unrestrict",
        }
    }
}

/// What was done to a member by somebody, or `None` when nothing was: joins, leaves, changes of rights, unknown statuses.
/// `by_himself`: the member is the one who acted.
pub fn action(old: &Member, new: &Member, by_himself: bool) -> Option<Action> {
    use Status::*;
    match (old.status, new.status) {
        (Kicked, Kicked) => (old.until != new.until).then_some(Action::Ban),
        (_, Kicked) => Some(Action::Ban),
        // Also when the lifted ban becomes a restriction: the ban no longer stands.
        (Kicked, Left | Member | Restricted | Administrator | Creator) => Some(Action::Unban),
        (Member | Administrator | Creator, Left) => (!by_himself).then_some(Action::Kick),
        (Restricted, Left) => None,
        // Nobody restricts themselves: an update names the person where a restriction runs out, and where they come back into one that stands.
        (_, Restricted) if by_himself => None,
        (Restricted, Restricted) => {
            let (now, before) = (new.permissions.count_ones(), old.permissions.count_ones());
            (now < before || new.until != old.until && now == before).then_some(Action::Restrict)
        }
        (Left | Member | Administrator | Creator | Unknown, Restricted) => Some(Action::Restrict),
        (Restricted, Member) => (!by_himself).then_some(Action::Unrestrict),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMISSIONS: u32 = 0b111;

    fn member(status: Status) -> Member {
        Member { permissions: PERMISSIONS, ..super::Member::of(status) }
    }

    #[test]
    fn a_change_of_status_means_what_telegram_means_by_it() {
        use Status::*;
        for (old, new, by_himself, expected) in [
            (Member, Kicked, false, Some(Action::Ban)),
            (Left, Kicked, false, Some(Action::Ban)),
            (Restricted, Kicked, false, Some(Action::Ban)),
            (Administrator, Kicked, false, Some(Action::Ban)),
            (Unknown, Kicked, false, Some(Action::Ban)),
            (Kicked, Left, false, Some(Action::Unban)),
            (Kicked, Member, false, Some(Action::Unban)),
            (Kicked, Restricted, false, Some(Action::Unban)),
            (Kicked, Unknown, false, None),
            (Member, Left, true, None),
            (Member, Left, false, Some(Action::Kick)),
            (Member, Restricted, false, Some(Action::Restrict)),
            (Left, Restricted, false, Some(Action::Restrict)),
            (Restricted, Member, false, Some(Action::Unrestrict)),
            (Restricted, Left, true, None),
            (Left, Member, true, None),
            (Member, Administrator, false, None),
            (Creator, Creator, false, None),
            (Member, Unknown, false, None),
        ] {
            assert_eq!(action(&member(old), &member(new), by_himself), expected, "{old:?} -> {new:?} by himself: {by_himself}");
        }
    }

    #[test]
    fn what_becomes_of_a_restriction_without_anybody_is_nothing() {
        let muted = super::Member { permissions: 0, until: Some(1_000), ..member(Status::Restricted) };
        let for_ever = super::Member { until: None, ..muted };
        for (old, new) in [
            (muted, for_ever),
            (for_ever, muted),
            (member(Status::Restricted), muted),
            (member(Status::Left), muted),
            (member(Status::Member), muted),
            (member(Status::Unknown), muted),
            (muted, member(Status::Member)),
            (muted, member(Status::Left)),
        ] {
            assert_eq!(action(&old, &new, true), None, "{old:?} -> {new:?}");
        }
        // Somebody else did the same.
        assert_eq!(action(&muted, &for_ever, false), Some(Action::Restrict));
        assert_eq!(action(&muted, &member(Status::Member), false), Some(Action::Unrestrict));
    }

    #[test]
    fn a_ban_with_another_end_is_a_new_ban_and_one_with_the_same_end_is_nothing() {
        let banned = member(Status::Kicked);
        let longer = super::Member { until: Some(2_000_000_000), ..banned };
        assert_eq!(action(&banned, &banned, false), None);
        assert_eq!(action(&longer, &banned, false), Some(Action::Ban));
    }

    #[test]
    fn a_restriction_counts_when_permissions_are_taken_and_not_when_they_are_given() {
        let muted = super::Member { permissions: 0, ..member(Status::Restricted) };
        let partly = super::Member { permissions: 0b101, ..muted };
        assert_eq!(action(&partly, &muted, false), Some(Action::Restrict));
        assert_eq!(action(&muted, &partly, false), None);
        assert_eq!(action(&muted, &muted, false), None);
    }
}
