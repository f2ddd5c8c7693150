//! Estimated cost of a month so far: counts at the prices of README.md ("What it costs", `FrontDoor=http-api`, us-east-1).
//!
//! A model, not a bill: updates that decide nothing are counted nowhere, and in lively chats they are the larger part.

use super::sums::Tally;

/// Dollars per million, a line of README's table each.
mod per_million {
    /// A decision comes in, is stored, and is told on the bus; its fact is counted.
    pub const DECISION: f64 = 4.7 + 1.5;
    /// Its events, plan, first chunk and end, one admin who is told, and its fact.
    pub const SYNC: f64 = 4.7 + 3.1 + 7.2 + 0.9 + 5.7 + 1.5;
    /// A chat: looked up, banned in, noted, its echo, and its fact, which comes together with others.
    pub const RESULT: f64 = 0.06 + 0.7 + 1.2 + 0.07 + 0.2;
    /// A subscription begins or ends: the item, its two indexes, the count, its turn, and its fact.
    pub const SUBSCRIPTION: f64 = 4.0 + 1.5;
}

/// Dollars of a month without an event: polled queues, alarms, the clock, and the metrics that are counted.
const IDLE: f64 = 0.52 + 0.60 + 0.03 + 0.04 + 19.0 * 0.30;

/// What something is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostOf {
    BanEvent,
    Sync,
    Target,
    Subscription,
    Clock,
}

/// Cost of some of a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    pub of: CostOf,
    pub count: i64,
    pub usd: f64,
}

/// Cost of what was counted since the month began, of which this many seconds of so many are over.
pub fn so_far(tally: &Tally, results: i64, seconds: i64, of_seconds: i64) -> Vec<Cost> {
    let decisions = tally.decisions;
    let decided = decisions.bans + decisions.kicks + decisions.restrictions + decisions.unbans + decisions.unrestrictions;
    let cost = |of, count: i64, price: f64| Cost { of, count, usd: count.max(0) as f64 * price / 1e6 };
    vec![
        cost(CostOf::BanEvent, decided, per_million::DECISION),
        cost(CostOf::Sync, tally.syncs.completed + tally.syncs.partial + tally.syncs.failed, per_million::SYNC),
        cost(CostOf::Target, results, per_million::RESULT),
        cost(CostOf::Subscription, tally.followed + tally.unfollowed, per_million::SUBSCRIPTION),
        Cost { of: CostOf::Clock, count: seconds / 3600, usd: IDLE * seconds as f64 / of_seconds.max(1) as f64 },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::sums::{Decisions, Syncs};

    #[test]
    fn a_million_bans_into_one_chat_cost_about_what_the_readme_says() {
        let tally = Tally {
            decisions: Decisions { bans: 1_000_000, ..Decisions::default() },
            syncs: Syncs { completed: 1_000_000, ..Syncs::default() },
            ..Tally::default()
        };
        for (targets, readme) in [(1, 28.0), (25, 78.0), (100, 256.0)] {
            let usd: f64 = so_far(&tally, targets * 1_000_000, 0, 1).iter().map(|cost| cost.usd).sum();
            // Facts cost 0.2 to 1.5 each by how many come together, and further chunks their own: within half.
            assert!((readme * 0.8..readme * 1.5).contains(&usd), "{targets}: {usd}");
        }
    }

    #[test]
    fn half_a_month_without_an_event_costs_half_of_what_an_idle_month_does() {
        let cost = so_far(&Tally::default(), 0, 15, 30);
        assert_eq!(cost.iter().map(|cost| cost.usd).sum::<f64>(), IDLE / 2.0);
        let back = Tally { followed: -1, ..Tally::default() };
        assert_eq!(
            so_far(&back, -5, 0, 1).iter().map(|cost| cost.usd).sum::<f64>(),
            0.0,
            "what was taken back before it came costs nothing"
        );
    }
}
