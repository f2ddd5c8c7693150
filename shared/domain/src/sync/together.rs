//! Decisions that belong together: those of one hand on one person, in several chats within seconds.
//!
//! A ban in a community is one in each of its chats. No update says so: `ChatMemberUpdated` (Bot API 10.3) has no field for it, and no method
//! lists a community's chats. Other bots that guard several chats look the same, and are told of in the same way.

use super::Kind;
use crate::ban::Occurred;
use crate::ids::{ChatId, UserId};
use uuid::Uuid;

/// The longest between the first of them and the last, in seconds.
pub const WITHIN: i64 = 10;

/// A decision on a person, and the sync that carries it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub sync_id: Uuid,
    pub kind: Kind,
    pub by: Option<UserId>,
    pub source: ChatId,
    pub occurred: Occurred,
}

/// The syncs of the decisions that belong together with that of `sync_id`, the first decision first. `all`: decisions on one person, in any
/// order. A source that decides twice begins anew. Alone where the hand is not known: anonymous admins of two chats may be two people.
pub fn together(sync_id: Uuid, all: &[Decided]) -> Vec<Uuid> {
    let Some(of) = all.iter().find(|decided| decided.sync_id == sync_id) else { return vec![sync_id] };
    if of.by.is_none_or(UserId::is_reserved) {
        return vec![sync_id];
    }
    let mut same: Vec<_> = all.iter().filter(|decided| (decided.kind, decided.by) == (of.kind, of.by)).collect();
    same.sort_by_key(|decided| (&decided.occurred, decided.sync_id));
    let mut group: Vec<&Decided> = Vec::new();
    for decided in same {
        let joins = group.first().is_some_and(|first| seconds(&decided.occurred) - seconds(&first.occurred) <= WITHIN)
            && group.iter().all(|other| other.source != decided.source);
        if !joins {
            if group.iter().any(|other| other.sync_id == sync_id) {
                break;
            }
            group.clear();
        }
        group.push(decided);
    }
    group.into_iter().map(|decided| decided.sync_id).collect()
}

fn seconds(occurred: &Occurred) -> i64 {
    occurred.at().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(id: u128, source: i64, at: i64, by: Option<i64>) -> Decided {
        let (sync_id, by, occurred) = (Uuid::from_u128(id), by.map(UserId), Occurred::new(at, id as i64));
        Decided { sync_id, kind: Kind::Ban, by, source: ChatId(source), occurred }
    }

    fn with(id: u128, all: &[Decided]) -> Vec<u128> {
        together(Uuid::from_u128(id), all).into_iter().map(|id| id.as_u128()).collect()
    }

    #[test]
    fn decisions_of_one_hand_within_seconds_belong_together_whichever_is_asked_about() {
        let all = [decided(3, -3, 105, Some(7)), decided(1, -1, 100, Some(7)), decided(2, -2, 100, Some(7)), decided(4, -4, 111, Some(7))];
        for id in [1, 2, 3] {
            assert_eq!(with(id, &all), [1, 2, 3], "{id}");
        }
        assert_eq!(with(4, &all), [4], "longer after the first than a community takes");
    }

    #[test]
    fn another_hand_another_kind_and_a_hand_that_is_not_known_stay_apart() {
        let anonymous = Some(UserId::ANONYMOUS_ADMIN.0);
        let lift = Decided { kind: Kind::Lift, ..decided(3, -3, 100, Some(7)) };
        let all = [decided(1, -1, 100, Some(7)), decided(2, -2, 100, Some(8)), lift];
        assert_eq!([1, 2, 3].map(|id| with(id, &all)), [[1], [2], [3]]);
        for by in [None, anonymous] {
            assert_eq!(with(1, &[decided(1, -1, 100, by), decided(2, -2, 100, by)]), [1], "{by:?}");
        }
        assert_eq!(with(9, &all), [9], "one that is not among them");
    }

    #[test]
    fn a_source_that_bans_again_begins_anew() {
        let all = [decided(1, -1, 100, Some(7)), decided(2, -1, 103, Some(7)), decided(3, -2, 104, Some(7))];
        assert_eq!([1, 2, 3].map(|id| with(id, &all)), [vec![1], vec![2, 3], vec![2, 3]]);
    }
}
