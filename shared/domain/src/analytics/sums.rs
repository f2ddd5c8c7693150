//! What facts come to. Sums can be added in any order: facts to sums, and sums to sums.

use super::fact::{Fact, What, Work};
use super::period::Buckets;
use crate::ids::{ChatId, UserId};
use crate::member::Action;
use crate::sync::{Outcome, SyncStatus};
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// A struct of counts, which are added field by field.
macro_rules! counts {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                $(self.$field += other.$field;)+
            }
        }
    )+};
}
pub(super) use counts;

counts! {
    /// Decisions on members, by what was decided.
    pub struct Decisions {
        pub bans: i64,
        pub kicks: i64,
        pub restrictions: i64,
        pub unbans: i64,
        pub unrestrictions: i64,
    }

    /// Syncs that have ended, by how.
    pub struct Syncs {
        pub completed: i64,
        pub partial: i64,
        pub failed: i64,
    }

    /// What syncs came to, counted by chat.
    pub struct Results {
        pub applied: i64,
        pub already: i64,
        pub skipped: i64,
        pub failed: i64,
    }

    /// Facts counted by what happened.
    pub struct Tally {
        pub decisions: Decisions,
        pub syncs: Syncs,
        /// Of syncs that were to ban: [`Work::Ban`].
        pub synced_bans: Results,
        pub followed: i64,
        pub unfollowed: i64,
        pub appeals: i64,
    }
}

impl Decisions {
    fn count(&mut self, action: Action, weight: i64) {
        *match action {
            Action::Ban => &mut self.bans,
            Action::Kick => &mut self.kicks,
            Action::Restrict => &mut self.restrictions,
            Action::Unban => &mut self.unbans,
            Action::Unrestrict => &mut self.unrestrictions,
        } += weight;
    }
}

impl Syncs {
    fn count(&mut self, status: SyncStatus, weight: i64) {
        *match status {
            // It has not ended.
            SyncStatus::Running => return,
            SyncStatus::Completed => &mut self.completed,
            SyncStatus::Partial => &mut self.partial,
            SyncStatus::Failed => &mut self.failed,
        } += weight;
    }

    /// Which part of the syncs that ended has completed, 0 to 1: completed / (completed + partial + failed). A sync in which some chats failed
    /// (partial) is no success; one whose chats were all skipped has completed. `None`: none has ended.
    pub fn success_rate(&self) -> Option<f64> {
        let ended = self.completed + self.partial + self.failed;
        (ended > 0).then(|| self.completed as f64 / ended as f64)
    }
}

impl Results {
    fn count(&mut self, outcome: Outcome, weight: i64) {
        *match outcome {
            Outcome::Applied => &mut self.applied,
            Outcome::Already => &mut self.already,
            Outcome::Skipped(_) => &mut self.skipped,
            Outcome::Failed(_) => &mut self.failed,
        } += weight;
    }
}

impl Tally {
    pub fn add(&mut self, fact: &Fact) {
        let weight = fact.weight();
        match fact.what {
            What::Decided(action) => self.decisions.count(action, weight),
            What::Followed => self.followed += weight,
            What::Unfollowed => self.unfollowed += weight,
            What::Synced(status) => self.syncs.count(status, weight),
            What::Result(Work::Ban, outcome) => self.synced_bans.count(outcome, weight),
            What::Result(Work::Lift | Work::Undo, _) => {}
            What::Appealed => self.appeals += weight,
        }
    }
}

/// Sums by key. A key that comes to nothing is removed, so that equal sums compare equal, whatever was taken back on the way. Sums below 0 are
/// kept: the fact that was taken back may come later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts<K, V = i64>(BTreeMap<K, V>);

impl<K, V> Default for Counts<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Copy + Ord, V: AddAssign + Copy + Default + PartialEq> Counts<K, V> {
    pub fn add(&mut self, key: K, value: V) {
        let sum = self.0.entry(key).or_default();
        *sum += value;
        if *sum == V::default() {
            self.0.remove(&key);
        }
    }

    pub fn merge(&mut self, other: Self) {
        for (key, value) in other.0 {
            self.add(key, value);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, V)> {
        self.0.iter().map(|(key, value)| (key, *value))
    }
}

impl<K: Ord> Counts<K> {
    /// Those above 0.
    fn positive(&self) -> impl Iterator<Item = (&K, u64)> {
        self.0.iter().filter_map(|(key, count)| Some((key, u64::try_from(*count).ok()?)))
    }
}

/// What facts come to. What is taken back counts -1, so that sums of facts without those that they take back can be below 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub tally: Tally,
    results: Counts<(Work, Outcome)>,
    /// Of syncs that have ended, by milliseconds.
    durations: Counts<u32>,
    /// Bans by person.
    banned: Counts<UserId>,
    /// Decisions and results by chat.
    active: Counts<ChatId>,
}

impl Sums {
    pub fn add(&mut self, fact: &Fact) {
        self.tally.add(fact);
        let weight = fact.weight();
        match fact.what {
            What::Decided(action) => {
                self.active.add(fact.chat, weight);
                if action == Action::Ban && fact.user != UserId::FORGOTTEN {
                    self.banned.add(fact.user, weight);
                }
            }
            What::Result(work, outcome) => {
                self.active.add(fact.chat, weight);
                self.results.add((work, outcome), weight);
            }
            What::Synced(SyncStatus::Completed | SyncStatus::Partial | SyncStatus::Failed) => self.durations.add(fact.millis, weight),
            What::Synced(SyncStatus::Running) | What::Followed | What::Unfollowed | What::Appealed => {}
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.tally += other.tally;
        self.results.merge(other.results);
        self.durations.merge(other.durations);
        self.banned.merge(other.banned);
        self.active.merge(other.active);
    }

    /// What syncs of this work came to.
    pub fn results(&self, work: Work) -> Results {
        let mut results = Results::default();
        for (outcome, count) in self.outcomes(work) {
            results.count(outcome, count);
        }
        results
    }

    /// What syncs of this work skipped and failed for: outcomes that have a reason, the most frequent first.
    pub fn reasons(&self, work: Work) -> Vec<(Outcome, i64)> {
        let mut reasons: Vec<_> = self.outcomes(work).filter(|(outcome, count)| outcome.reason().is_some() && *count > 0).collect();
        reasons.sort_by_key(|(outcome, count)| (std::cmp::Reverse(*count), *outcome));
        reasons
    }

    fn outcomes(&self, work: Work) -> impl Iterator<Item = (Outcome, i64)> {
        self.results.iter().filter(move |((of, _), _)| *of == work).map(|((_, outcome), count)| (*outcome, count))
    }

    /// How long a sync took in the mean, in milliseconds, rounded to the nearest. `None`: none has ended.
    pub fn mean_ms(&self) -> Option<u64> {
        let count: u64 = self.durations.positive().map(|(_, syncs)| syncs).sum();
        let sum: u64 = self.durations.positive().map(|(millis, syncs)| u64::from(*millis) * syncs).sum();
        (sum + count / 2).checked_div(count)
    }

    /// How long a sync took at most among the faster half, in milliseconds: the 50th percentile by nearest rank. `None`: none has ended.
    ///
    /// By nearest rank, the p-th percentile of n durations is the one at place ⌈p / 100 · n⌉ in ascending order: the shortest one that at least p
    /// percent of the syncs did not exceed ([source](https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method)). It is always a duration
    /// that a sync has had.
    pub fn p50_ms(&self) -> Option<u32> {
        self.percentile_ms(50)
    }

    /// The same of 95 in 100 syncs.
    pub fn p95_ms(&self) -> Option<u32> {
        self.percentile_ms(95)
    }

    fn percentile_ms(&self, percent: u64) -> Option<u32> {
        let count: u64 = self.durations.positive().map(|(_, syncs)| syncs).sum();
        let rank = (percent * count).div_ceil(100);
        let mut up_to_here = 0;
        self.durations.positive().find_map(|(millis, syncs)| {
            up_to_here += syncs;
            (up_to_here >= rank).then_some(*millis)
        })
    }

    /// People with a ban.
    pub fn unique_banned_users(&self) -> usize {
        self.banned.positive().count()
    }

    /// Chats with a decision, or in which a sync came to something, whatever it was.
    pub fn active_chats(&self) -> usize {
        self.active.positive().count()
    }
}

/// A timeline: what the facts of each part of a span come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    buckets: Buckets,
    /// One for each bucket.
    points: Vec<Tally>,
}

impl Series {
    pub fn new(buckets: Buckets) -> Self {
        let points = vec![Tally::default(); buckets.starts.len()];
        Self { buckets, points }
    }

    /// Facts outside the span are left out.
    pub fn add(&mut self, fact: &Fact) {
        if let Some(n) = self.buckets.index(fact.at) {
            self.points[n].add(fact);
        }
    }

    /// `other`: of the same buckets. Points of other buckets would be counted where they begin.
    pub fn merge(&mut self, other: Self) {
        for (start, tally) in other.points() {
            if let Some(n) = self.buckets.index(start) {
                self.points[n] += *tally;
            }
        }
    }

    /// Each point with its start (Unix seconds), in the order of time.
    pub fn points(&self) -> impl Iterator<Item = (i64, &Tally)> {
        self.buckets.starts.iter().copied().zip(&self.points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::pack::{DAY, tests::facts};
    use crate::analytics::period::{Interval, Span};
    use crate::sync::Reason;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    const FACT: Fact =
        Fact { id: 0, at: 0, what: What::Followed, taken_back: false, chat: ChatId(-1), source: None, user: UserId(1), millis: 0 };

    fn sums<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Sums {
        let mut sums = Sums::default();
        facts.into_iter().for_each(|fact| sums.add(fact));
        sums
    }

    fn syncs(durations: &[u32]) -> Sums {
        let facts: Vec<_> =
            durations.iter().map(|millis| Fact { what: What::Synced(SyncStatus::Completed), millis: *millis, ..FACT }).collect();
        sums(&facts)
    }

    fn of_result(work: Work, outcome: Outcome) -> Fact {
        Fact { what: What::Result(work, outcome), ..FACT }
    }

    #[test]
    fn the_nearest_rank_is_a_duration_that_a_sync_has_had() {
        for (durations, mean, p50, p95) in [
            (vec![], None, None, None),
            (vec![7], Some(7), Some(7), Some(7)),
            (vec![1, 2], Some(2), Some(1), Some(2)),
            (vec![40, 10, 30, 20], Some(25), Some(20), Some(40)),
            ((1..=100).collect(), Some(51), Some(50), Some(95)),
            (vec![5, 5, 5, 900], Some(229), Some(5), Some(900)),
            (vec![u32::MAX; 3], Some(u32::MAX.into()), Some(u32::MAX), Some(u32::MAX)),
        ] {
            let sums = syncs(&durations);
            assert_eq!((sums.mean_ms(), sums.p50_ms(), sums.p95_ms()), (mean, p50, p95), "{durations:?}");
        }
    }

    #[test]
    fn a_sync_succeeds_when_no_chat_failed() {
        use SyncStatus::*;
        for (statuses, expected) in [
            (vec![], None),
            (vec![Running], None),
            (vec![Completed], Some(1.0)),
            (vec![Completed, Partial, Failed, Completed, Running], Some(0.5)),
            (vec![Failed], Some(0.0)),
        ] {
            let facts: Vec<_> = statuses.iter().map(|status| Fact { what: What::Synced(*status), ..FACT }).collect();
            assert_eq!(sums(&facts).tally.syncs.success_rate(), expected, "{statuses:?}");
        }
    }

    #[test]
    fn a_sync_that_has_not_ended_has_no_duration() {
        assert_eq!(sums(&[Fact { what: What::Synced(SyncStatus::Running), ..FACT }]), Sums::default());
    }

    #[test]
    fn reasons_are_told_by_work_and_the_most_frequent_comes_first() {
        let (skipped, failed) = (Outcome::Skipped(Reason::IsAdmin), Outcome::Failed(Reason::NoRights));
        let outcomes = [Outcome::Applied, failed, skipped, failed, Outcome::Skipped(Reason::Asked), Outcome::Already];
        let mut facts: Vec<_> = outcomes.into_iter().map(|outcome| of_result(Work::Ban, outcome)).collect();
        facts.push(of_result(Work::Undo, Outcome::Skipped(Reason::NotOurs)));
        let sums = sums(&facts);
        assert_eq!(sums.reasons(Work::Ban), [(failed, 2), (Outcome::Skipped(Reason::Asked), 1), (skipped, 1)]);
        assert_eq!(sums.reasons(Work::Undo), [(Outcome::Skipped(Reason::NotOurs), 1)]);
        assert_eq!(sums.reasons(Work::Lift), []);
        assert_eq!(sums.results(Work::Ban), Results { applied: 1, already: 1, skipped: 2, failed: 2 });
        assert_eq!(sums.results(Work::Undo), Results { skipped: 1, ..Results::default() });
    }

    #[test]
    fn people_and_chats_are_counted_once_and_not_at_all_when_all_of_theirs_is_taken_back() {
        let ban = |user, chat| Fact { what: What::Decided(Action::Ban), user: UserId(user), chat: ChatId(chat), ..FACT };
        let kick = Fact { what: What::Decided(Action::Kick), ..ban(9, -9) };
        let count = |facts: &[Fact]| (sums(facts).unique_banned_users(), sums(facts).active_chats());
        assert_eq!(count(&[ban(1, -1), ban(1, -2), ban(2, -1), kick]), (2, 3));
        assert_eq!(count(&[ban(1, -1), ban(1, -2), ban(1, -2).take_back()]), (1, 1));
        assert_eq!(count(&[ban(1, -1).take_back(), ban(1, -1)]), (0, 0));
        assert_eq!(count(&[ban(1, -1).take_back(), ban(2, -2)]), (1, 1), "below 0 is none");
        assert_eq!(count(&[FACT, Fact { what: What::Appealed, ..FACT }]), (0, 0));
    }

    #[test]
    fn a_point_has_the_facts_of_its_part_and_no_point_those_outside() {
        let buckets = Interval::Hour.buckets(Span { from: 1800, to: 7200 }, &TimeZone::UTC).unwrap();
        let mut series = Series::new(buckets);
        [1799, 1800, 3599, 3600, 7199, 7200].into_iter().for_each(|at| series.add(&Fact { at, ..FACT }));
        let twice = Tally { followed: 2, ..Tally::default() };
        assert_eq!(series.points().collect::<Vec<_>>(), [(1800, &twice), (3600, &twice)]);
        let mut both = series.clone();
        both.merge(series);
        assert_eq!(both.points().map(|(_, tally)| tally.followed).collect::<Vec<_>>(), [4, 4]);
    }

    /// Facts, and the same in another order.
    fn shuffled() -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
        facts(60).prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
    }

    proptest! {
        #[test]
        fn sums_do_not_depend_on_the_order_of_facts_and_how_they_are_split((facts, shuffled) in shuffled(), cuts in [0..60_usize, 0..60]) {
            let (first, rest) = shuffled.split_at(cuts[0].min(shuffled.len()));
            let (second, third) = rest.split_at(cuts[1].min(rest.len()));
            let mut merged = sums(second);
            merged.merge(sums(third));
            merged.merge(sums(first));
            prop_assert_eq!(merged, sums(&facts));
        }

        #[test]
        fn sums_are_what_a_plain_recount_gives(facts in facts(60)) {
            let sums = sums(&facts);
            let count = |is: &dyn Fn(What) -> bool| facts.iter().filter(|fact| is(fact.what)).map(Fact::weight).sum::<i64>();
            let decided = |action| count(&|what| what == What::Decided(action));
            let synced = |status| count(&|what| what == What::Synced(status));
            prop_assert_eq!(sums.tally, Tally {
                decisions: Decisions {
                    bans: decided(Action::Ban),
                    kicks: decided(Action::Kick),
                    restrictions: decided(Action::Restrict),
                    unbans: decided(Action::Unban),
                    unrestrictions: decided(Action::Unrestrict),
                },
                syncs: Syncs {
                    completed: synced(SyncStatus::Completed),
                    partial: synced(SyncStatus::Partial),
                    failed: synced(SyncStatus::Failed),
                },
                synced_bans: sums.results(Work::Ban),
                followed: count(&|what| what == What::Followed),
                unfollowed: count(&|what| what == What::Unfollowed),
                appeals: count(&|what| what == What::Appealed),
            });
            for work in [Work::Ban, Work::Lift, Work::Undo] {
                let of = |status: &str| count(&|what| matches!(what, What::Result(of, outcome) if of == work && outcome.status() == status));
                let expected = Results { applied: of("applied"), already: of("already"), skipped: of("skipped"), failed: of("failed") };
                prop_assert_eq!(sums.results(work), expected);
                for (outcome, reasons) in sums.reasons(work) {
                    prop_assert_eq!(reasons, count(&|what| what == What::Result(work, outcome)));
                }
            }
            let bans_of = |user| facts.iter().filter(|fact| fact.what == What::Decided(Action::Ban) && fact.user == user).map(Fact::weight).sum::<i64>();
            let users: std::collections::BTreeSet<_> = facts.iter().map(|fact| fact.user).filter(|user| bans_of(*user) > 0).collect();
            prop_assert_eq!(sums.unique_banned_users(), users.len());
            let is_active = |what| matches!(what, What::Decided(_) | What::Result(..));
            let in_chat = |chat| facts.iter().filter(|fact| is_active(fact.what) && fact.chat == chat).map(Fact::weight).sum::<i64>();
            let chats: std::collections::BTreeSet<_> = facts.iter().map(|fact| fact.chat).filter(|chat| in_chat(*chat) > 0).collect();
            prop_assert_eq!(sums.active_chats(), chats.len());
        }

        #[test]
        fn sums_are_as_if_what_is_taken_back_had_never_been((facts, shuffled) in shuffled(), (taken, _) in shuffled()) {
            let taken: Vec<_> = taken.into_iter().map(|fact| Fact { taken_back: false, ..fact }).collect();
            let back: Vec<_> = taken.iter().map(|fact| fact.take_back()).collect();
            prop_assert_eq!(sums(back.iter().chain(&shuffled).chain(&taken)), sums(&facts));
        }

        #[test]
        fn durations_are_those_of_a_sorted_list(mut durations in prop::collection::vec(prop_oneof![0..20_u32, any::<u32>()], 1..300)) {
            let sums = syncs(&durations);
            durations.sort_unstable();
            let count = durations.len();
            // The smallest that at least p percent do not exceed.
            let rank = |percent: usize| durations.iter().copied().find(|one| durations.iter().filter(|other| *other <= one).count() * 100 >= percent * count);
            prop_assert_eq!((sums.p50_ms(), sums.p95_ms()), (rank(50), rank(95)));
            prop_assert_eq!(sums.p95_ms(), Some(durations[(95 * count).div_ceil(100) - 1]));
            let mean = durations.iter().copied().map(f64::from).sum::<f64>() / count as f64;
            prop_assert!((sums.mean_ms().unwrap() as f64 - mean).abs() <= 0.5 + 1e-6);
        }

        #[test]
        fn a_timeline_comes_to_the_sums_of_its_span((facts, shuffled) in shuffled(), cut in 0..60_usize, from in 0..DAY, length in 0..DAY) {
            let span = Span { from: 20_000 * DAY + from, to: 20_000 * DAY + from + length };
            let new = || Series::new(Interval::Hour.buckets(span, &TimeZone::UTC).unwrap());
            let mut series = new();
            facts.iter().for_each(|fact| series.add(fact));
            let mut total = Tally::default();
            series.points().for_each(|(_, tally)| total += *tally);
            prop_assert_eq!(total, sums(facts.iter().filter(|fact| span.contains(fact.at))).tally);
            let (mut merged, mut other) = (new(), new());
            let (first, rest) = shuffled.split_at(cut.min(shuffled.len()));
            rest.iter().for_each(|fact| merged.add(fact));
            first.iter().for_each(|fact| other.add(fact));
            merged.merge(other);
            prop_assert_eq!(merged, series);
        }
    }
}
