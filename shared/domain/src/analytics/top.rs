//! People, chats and sources with the most.

use super::fact::{Fact, What, Work};
use super::sums::{Counts, counts};
use crate::ids::{ChatId, UserId};
use crate::member::Action;
use crate::sync::Outcome;
use std::cmp::Reverse;
use std::fmt::Debug;
use std::ops::AddAssign;

counts! {
    /// What happened to a person.
    pub struct UserCounts {
        /// Decisions to ban them, in any chat.
        pub bans: i64,
        /// Syncs of decisions on them.
        pub syncs: i64,
    }

    /// What happened in a chat.
    pub struct ChatCounts {
        /// Decisions to ban, made there.
        pub bans: i64,
        /// Bans that syncs brought there.
        pub received: i64,
    }

    /// What came of a source's bans, counted by chat.
    pub struct SourceCounts {
        /// Bans that were applied in other chats.
        pub carried: i64,
        /// Those that an admin there, or of the source, took back.
        pub undone: i64,
        /// Those that were lifted since the source lifted its ban.
        pub lifted: i64,
        /// Appeals against them.
        pub appealed: i64,
    }
}

/// A row of a ranking.
pub trait Row: AddAssign + Copy + Debug + Default + PartialEq {
    /// Whose row it is.
    type Key: Copy + Debug + Ord;

    /// What a fact adds to whose row. `None`: nothing to any.
    fn of(fact: &Fact) -> Option<(Self::Key, Self)>;

    /// What rows are ordered by: the highest comes first.
    fn rank(self) -> impl Ord;
}

/// People with the most bans; of as many, those with the most syncs.
pub type TopUsers = Top<UserCounts>;

/// Chats with the most bans, made there or received; of as many, those that made the most.
pub type TopChats = Top<ChatCounts>;

/// Sources whose bans were carried to the most chats.
pub type TopSources = Top<SourceCounts>;

impl Row for UserCounts {
    type Key = UserId;

    fn of(fact: &Fact) -> Option<(UserId, Self)> {
        let (weight, none) = (fact.weight(), Self::default());
        let counts = match fact.what {
            What::Decided(Action::Ban) => Self { bans: weight, ..none },
            What::Synced(_) => Self { syncs: weight, ..none },
            _ => return None,
        };
        (fact.user != UserId::FORGOTTEN).then_some((fact.user, counts))
    }

    fn rank(self) -> impl Ord {
        (self.bans, self.syncs)
    }
}

impl Row for ChatCounts {
    type Key = ChatId;

    fn of(fact: &Fact) -> Option<(ChatId, Self)> {
        let (weight, none) = (fact.weight(), Self::default());
        let counts = match fact.what {
            What::Decided(Action::Ban) => Self { bans: weight, ..none },
            What::Result(Work::Ban, Outcome::Applied) => Self { received: weight, ..none },
            _ => return None,
        };
        Some((fact.chat, counts))
    }

    fn rank(self) -> impl Ord {
        (self.bans + self.received, self.bans)
    }
}

impl Row for SourceCounts {
    type Key = ChatId;

    fn of(fact: &Fact) -> Option<(ChatId, Self)> {
        let (weight, none) = (fact.weight(), Self::default());
        let counts = match fact.what {
            What::Result(Work::Ban, Outcome::Applied) => Self { carried: weight, ..none },
            What::Result(Work::Undo, Outcome::Applied) => Self { undone: weight, ..none },
            What::Result(Work::Lift, Outcome::Applied) => Self { lifted: weight, ..none },
            What::Appealed => Self { appealed: weight, ..none },
            _ => return None,
        };
        Some((fact.source?, counts))
    }

    fn rank(self) -> impl Ord {
        self.carried
    }
}

/// A ranking, from facts in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct Top<R: Row>(Counts<R::Key, R>);

impl<R: Row> Default for Top<R> {
    fn default() -> Self {
        Self(Counts::default())
    }
}

impl<R: Row> Top<R> {
    pub fn add(&mut self, fact: &Fact) {
        if let Some((key, counts)) = R::of(fact) {
            self.0.add(key, counts);
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// The first `most` rows, the highest first; of equals, the one with the lower id. Rows of which all was taken back are left out.
    pub fn first(&self, most: usize) -> Vec<(R::Key, R)> {
        let mut rows: Vec<_> = self.0.iter().map(|(key, counts)| (*key, counts)).collect();
        rows.sort_unstable_by_key(|(key, counts)| (Reverse(counts.rank()), *key));
        rows.truncate(most);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::pack::tests::facts;
    use crate::sync::{Reason, SyncStatus};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const BAN: What = What::Decided(Action::Ban);
    const SYNC: What = What::Synced(SyncStatus::Partial);
    const APPLIED: What = What::Result(Work::Ban, Outcome::Applied);

    fn fact(what: What, chat: i64, source: Option<i64>, user: i64) -> Fact {
        let source = source.map(ChatId);
        Fact { id: 0, at: 0, what, taken_back: false, chat: ChatId(chat), source, user: UserId(user), millis: 0 }
    }

    fn top<'a, R: Row>(facts: impl IntoIterator<Item = &'a Fact>) -> Top<R> {
        let mut top = Top::default();
        facts.into_iter().for_each(|fact| top.add(fact));
        top
    }

    #[test]
    fn people_are_ordered_by_bans_then_syncs_then_ids() {
        let facts = [(BAN, 4), (BAN, 4), (SYNC, 4), (BAN, 3), (BAN, 2), (SYNC, 2), (BAN, 1), (SYNC, 9), (What::Decided(Action::Kick), 8)];
        let facts = facts.map(|(what, user)| fact(what, -1, None, user));
        let row = |user, bans, syncs| (UserId(user), UserCounts { bans, syncs });
        let expected = [row(4, 2, 1), row(2, 1, 1), row(1, 1, 0), row(3, 1, 0), row(9, 0, 1)];
        for most in [0, 1, 3, 5, 100] {
            assert_eq!(top::<UserCounts>(&facts).first(most), expected[..most.min(5)]);
        }
    }

    #[test]
    fn chats_are_ordered_by_bans_made_or_received_then_made_then_ids() {
        let facts = [(APPLIED, -1), (APPLIED, -1), (BAN, -2), (APPLIED, -2), (BAN, -3), (BAN, -4), (APPLIED, -5)];
        let other = [What::Result(Work::Ban, Outcome::Already), What::Result(Work::Lift, Outcome::Applied), What::Followed];
        let facts = facts.into_iter().chain(other.map(|what| (what, -6))).map(|(what, chat)| fact(what, chat, Some(-9), 1));
        let row = |chat, bans, received| (ChatId(chat), ChatCounts { bans, received });
        let expected = [row(-2, 1, 1), row(-1, 0, 2), row(-4, 1, 0), row(-3, 1, 0), row(-5, 0, 1)];
        assert_eq!(top::<ChatCounts>(&facts.collect::<Vec<_>>()).first(10), expected);
    }

    #[test]
    fn sources_are_ordered_by_bans_carried_and_show_what_became_of_them() {
        let result = |work| What::Result(work, Outcome::Applied);
        let failed = What::Result(Work::Ban, Outcome::Failed(Reason::NoRights));
        let facts = [
            (APPLIED, Some(-1)),
            (result(Work::Undo), Some(-1)),
            (What::Appealed, Some(-1)),
            (APPLIED, Some(-2)),
            (APPLIED, Some(-2)),
            (result(Work::Lift), Some(-2)),
            (APPLIED, Some(-3)),
            (What::Appealed, None),
            (failed, Some(-4)),
        ];
        let facts = facts.map(|(what, source)| fact(what, -9, source, 1));
        let row = |chat, [carried, undone, lifted, appealed]: [i64; 4]| (ChatId(chat), SourceCounts { carried, undone, lifted, appealed });
        assert_eq!(top::<SourceCounts>(&facts).first(10), [row(-2, [2, 0, 1, 0]), row(-3, [1, 0, 0, 0]), row(-1, [1, 1, 0, 1])]);
    }

    #[test]
    fn a_row_of_which_all_was_taken_back_is_left_out() {
        let (ban, sync) = (fact(BAN, -1, None, 5), fact(SYNC, -1, None, 5));
        assert_eq!(top::<UserCounts>(&[ban.take_back(), sync, ban]).first(9), [(UserId(5), UserCounts { bans: 0, syncs: 1 })]);
        assert_eq!(top::<UserCounts>(&[ban.take_back(), sync, ban, sync.take_back()]).first(9), []);
    }

    /// Whatever is counted: neither order nor splitting matters, what is taken back had never been, and rows are those of a plain recount.
    fn check<R: Row>(facts: &[Fact], shuffled: &[Fact], cut: usize) -> Result<(), TestCaseError> {
        let (first, rest) = shuffled.split_at(cut.min(shuffled.len()));
        let mut merged = top::<R>(first);
        merged.merge(top(rest));
        prop_assert_eq!(&merged, &top(facts));

        let standing: Vec<_> = facts.iter().map(|fact| Fact { taken_back: false, ..*fact }).collect();
        let back: Vec<_> = standing.iter().map(|fact| fact.take_back()).collect();
        prop_assert_eq!(&top::<R>(back.iter().chain(shuffled).chain(&standing)), &merged);

        let mut recount = BTreeMap::<R::Key, R>::new();
        for (key, counts) in facts.iter().filter_map(R::of) {
            *recount.entry(key).or_default() += counts;
        }
        recount.retain(|_, counts| *counts != R::default());
        let rows = merged.first(usize::MAX);
        prop_assert_eq!(rows.iter().copied().collect::<BTreeMap<_, _>>(), recount);
        prop_assert!(rows.is_sorted_by_key(|(key, counts)| (Reverse(counts.rank()), *key)));
        prop_assert_eq!(merged.first(cut), &rows[..cut.min(rows.len())]);
        Ok(())
    }

    proptest! {
        #[test]
        fn a_ranking_depends_on_nothing_but_the_facts_that_stand(
            (facts, shuffled) in facts(60).prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
            cut in 0..60_usize,
        ) {
            check::<UserCounts>(&facts, &shuffled, cut)?;
            check::<ChatCounts>(&facts, &shuffled, cut)?;
            check::<SourceCounts>(&facts, &shuffled, cut)?;
        }
    }
}
