//! The syncs that took the longest.

use super::fact::{Fact, What};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Syncs that are remembered while facts are read. A sync that failed and came right is taken back, which may be read after it: so there are more
/// than are asked for.
const REMEMBERED: usize = 1000;

/// Syncs that have ended by how long they took, from facts in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slowest {
    /// By what they are ordered by: the slowest first; of equals the earliest.
    syncs: BTreeMap<(Reverse<u32>, i64, u64), Fact>,
    taken_back: BTreeSet<u64>,
}

impl Slowest {
    pub fn add(&mut self, fact: &Fact) {
        if !matches!(fact.what, What::Synced(_)) {
            return;
        }
        if fact.taken_back {
            self.taken_back.insert(fact.id);
            return;
        }
        self.syncs.insert((Reverse(fact.millis), fact.at, fact.id), *fact);
        if self.syncs.len() > REMEMBERED {
            self.syncs.pop_last();
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.taken_back.extend(other.taken_back);
        self.syncs.extend(other.syncs);
        while self.syncs.len() > REMEMBERED {
            self.syncs.pop_last();
        }
    }

    /// The first `most`, without those that turned out otherwise.
    pub fn first(&self, most: usize) -> Vec<Fact> {
        self.syncs.values().filter(|sync| !self.taken_back.contains(&sync.take_back().id)).take(most).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::pack::tests::facts;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_slowest_are_those_of_a_plain_recount_in_any_order(
            (facts, shuffled) in facts(60).prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
            cut in 0..60_usize,
        ) {
            let standing: Vec<_> = facts.iter().map(|fact| Fact { taken_back: false, ..*fact }).collect();
            let (back, kept) = standing.split_at(cut.min(standing.len()));
            let mut slowest = Slowest::default();
            standing.iter().chain(&back.iter().map(|fact| fact.take_back()).collect::<Vec<_>>()).for_each(|fact| slowest.add(fact));
            let mut expected: Vec<_> = kept.iter().filter(|fact| matches!(fact.what, What::Synced(_))).copied().collect();
            expected.sort_by_key(|fact| (Reverse(fact.millis), fact.at, fact.id));
            expected.dedup();
            expected.retain(|fact| !back.contains(fact));
            prop_assert_eq!(slowest.first(usize::MAX), expected);

            let of = |facts: &[Fact]| facts.iter().fold(Slowest::default(), |mut all, fact| { all.add(fact); all });
            let (first, rest) = shuffled.split_at(cut.min(shuffled.len()));
            let mut merged = of(first);
            merged.merge(of(rest));
            prop_assert_eq!(merged, of(&facts));
        }
    }
}
