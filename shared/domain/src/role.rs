//! What an administrator of a chat is to us, from Telegram's status and rights.

use crate::member::{Member, Status};
use serde::{Deserialize, Serialize};

/// The rank of an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    /// Who made the chat, or was given it.
    Owner,
    /// May make others administrators.
    Admin,
    /// Any other administrator.
    Moderator,
}

impl Rank {
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Moderator => "moderator",
        }
    }
}

/// An administrator's place in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub role: Rank,
    /// May he ban others? An owner always, another administrator with `can_restrict_members`.
    pub can_ban: bool,
}

impl Role {
    /// `None`: no administrator.
    pub fn of(member: &Member) -> Option<Self> {
        let role = match member.status {
            Status::Creator => Rank::Owner,
            Status::Administrator if member.can_promote => Rank::Admin,
            Status::Administrator => Rank::Moderator,
            Status::Member | Status::Restricted | Status::Left | Status::Kicked | Status::Unknown => return None,
        };
        Some(Self { role, can_ban: member.may_ban() })
    }
}

/// Did a change of a member make, change or end a role? A status that is not known says nothing.
pub fn changed(old: &Member, new: &Member) -> bool {
    new.status != Status::Unknown && Role::of(old) != Role::of(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::{Administrator, Creator, Kicked, Left, Restricted, Unknown};

    fn member(status: Status, can_promote: bool, can_restrict: bool) -> Member {
        Member { can_restrict, can_promote, ..Member::of(status) }
    }

    #[test]
    fn rank_and_right_to_ban_follow_from_status_and_rights() {
        for (status, can_promote, can_restrict, expected) in [
            (Creator, false, false, Some((Rank::Owner, true))),
            (Administrator, true, true, Some((Rank::Admin, true))),
            (Administrator, true, false, Some((Rank::Admin, false))),
            (Administrator, false, true, Some((Rank::Moderator, true))),
            (Administrator, false, false, Some((Rank::Moderator, false))),
            (Status::Member, true, true, None),
            (Restricted, false, true, None),
            (Left, false, false, None),
            (Kicked, true, true, None),
            (Unknown, true, true, None),
        ] {
            let role = Role::of(&member(status, can_promote, can_restrict)).map(|role| (role.role, role.can_ban));
            assert_eq!(role, expected, "{status:?} promote: {can_promote} restrict: {can_restrict}");
        }
    }

    #[test]
    fn only_a_change_of_rank_or_of_the_right_to_ban_is_a_change_of_role() {
        let moderator = member(Administrator, false, true);
        for (old, new, expected) in [
            (member(Status::Member, false, false), moderator, true),
            (member(Unknown, false, false), moderator, true),
            (moderator, member(Administrator, false, false), true),
            (moderator, member(Kicked, false, false), true),
            (moderator, member(Left, false, false), true),
            (moderator, moderator, false),
            (moderator, member(Unknown, false, false), false),
            (member(Status::Member, false, false), member(Kicked, false, false), false),
            (member(Left, false, false), member(Status::Member, false, false), false),
        ] {
            assert_eq!(changed(&old, &new), expected, "{old:?} -> {new:?}");
        }
    }
}
