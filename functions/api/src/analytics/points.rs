//! Figures in the parts of a period, as a caller sees them: what happened when.

use super::asked::{InParts, IntervalName};
use super::body::{DecisionsBody, PeriodBody, SubscriptionCountsBody, SyncedBody, SyncsBody};
use super::figures::Compared;
use crate::sync::body::OutcomeBody;
use domain::analytics::Work;
use domain::analytics::sums::{Decisions, Series, Tally};
use domain::sync::Reason;
use serde::Serialize;
use utoipa::ToSchema;

/// Decisions in a part of the period.
#[derive(Debug, Serialize, ToSchema)]
pub struct BansPoint {
    /// Beginning of the part, Unix seconds.
    #[schema(example = 1763942400)]
    pub at: i64,
    pub bans: i64,
    pub kicks: i64,
    pub restrictions: i64,
    pub unbans: i64,
    pub unrestrictions: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BanFiguresBody {
    #[schema(inline)]
    period: PeriodBody,
    figures: DecisionsBody,
    /// As many days right before; `null` where they are not kept.
    previous: Option<DecisionsBody>,
    #[schema(inline)]
    interval: IntervalName,
    pub points: Vec<BansPoint>,
}

impl BanFiguresBody {
    pub fn new(asked: &InParts, compared: &Compared, series: &Series) -> Self {
        let point = |(at, tally): (i64, &Tally)| {
            let Decisions { bans, kicks, restrictions, unbans, unrestrictions } = tally.decisions;
            BansPoint { at, bans, kicks, restrictions, unbans, unrestrictions }
        };
        Self {
            period: PeriodBody::new(asked),
            figures: DecisionsBody::new(&compared.figures),
            previous: compared.previous.as_ref().map(DecisionsBody::new),
            interval: asked.interval,
            points: series.points().map(point).collect(),
        }
    }
}

/// How often something was not done.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonCount {
    #[schema(inline)]
    work: WorkName,
    #[schema(inline)]
    status: OutcomeBody,
    /// Why, as in `GET /api/v1/sync/logs`.
    #[schema(example = "no_rights")]
    reason: &'static str,
    #[schema(minimum = 1)]
    count: i64,
}

/// Kind of work: `ban`; `lift`, since the source did; `undo`, since an admin wanted it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WorkName {
    Ban,
    Lift,
    Undo,
}

/// How syncs of a part of the period ended, and what bans came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncPoint {
    /// Beginning of the part, Unix seconds.
    #[schema(example = 1763942400)]
    pub at: i64,
    pub successful_syncs: i64,
    pub partial_syncs: i64,
    pub failed_syncs: i64,
    pub applied: i64,
    pub already: i64,
    pub skipped: i64,
    pub failed: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SyncFiguresBody {
    #[schema(inline)]
    period: PeriodBody,
    figures: SyncsBody,
    /// As many days right before; `null` where they are not kept.
    previous: Option<SyncsBody>,
    /// Results of bans in chats.
    bans: SyncedBody,
    /// Bans of ours that were to be lifted since the source lifted its own.
    lifts: SyncedBody,
    /// Bans of ours that an admin wanted undone.
    undos: SyncedBody,
    /// The most frequent first.
    reasons: Vec<ReasonCount>,
    #[schema(inline)]
    interval: IntervalName,
    pub points: Vec<SyncPoint>,
}

impl SyncFiguresBody {
    pub fn new(asked: &InParts, compared: &Compared, series: &Series) -> Self {
        let sums = &compared.figures.sums;
        let works = [(Work::Ban, WorkName::Ban), (Work::Lift, WorkName::Lift), (Work::Undo, WorkName::Undo)];
        let of_work = |(work, name)| sums.reasons(work).into_iter().map(move |(outcome, count)| (name, outcome, count));
        let mut reasons: Vec<_> = works.into_iter().flat_map(of_work).collect();
        reasons.sort_by_key(|(.., count)| std::cmp::Reverse(*count));
        let reason = |(work, outcome, count): (WorkName, domain::sync::Outcome, i64)| ReasonCount {
            work,
            status: outcome.into(),
            reason: outcome.reason().map_or("", Reason::name),
            count,
        };
        let point = |(at, tally): (i64, &Tally)| SyncPoint {
            at,
            successful_syncs: tally.syncs.completed,
            partial_syncs: tally.syncs.partial,
            failed_syncs: tally.syncs.failed,
            applied: tally.synced_bans.applied,
            already: tally.synced_bans.already,
            skipped: tally.synced_bans.skipped,
            failed: tally.synced_bans.failed,
        };
        Self {
            period: PeriodBody::new(asked),
            figures: SyncsBody::new(sums),
            previous: compared.previous.as_ref().map(|previous| SyncsBody::new(&previous.sums)),
            bans: sums.results(Work::Ban).into(),
            lifts: sums.results(Work::Lift).into(),
            undos: sums.results(Work::Undo).into(),
            reasons: reasons.into_iter().map(reason).collect(),
            interval: asked.interval,
            points: series.points().map(point).collect(),
        }
    }
}

/// Subscriptions of a part of the period.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionsPoint {
    /// Beginning of the part, Unix seconds.
    #[schema(example = 1763942400)]
    pub at: i64,
    pub new_subscriptions: i64,
    pub deleted_subscriptions: i64,
    /// At its end, or now.
    pub total_subscriptions: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionFiguresBody {
    #[schema(inline)]
    period: PeriodBody,
    figures: SubscriptionCountsBody,
    /// As many days right before; `null` where they are not kept.
    previous: Option<SubscriptionCountsBody>,
    #[schema(inline)]
    interval: IntervalName,
    pub points: Vec<SubscriptionsPoint>,
}

impl SubscriptionFiguresBody {
    pub fn new(asked: &InParts, compared: &Compared, series: &Series) -> Self {
        let Compared { figures, previous } = compared;
        let tally = figures.sums.tally;
        let mut total = figures.subscriptions - (tally.followed - tally.unfollowed);
        let points = series.points().map(|(at, tally)| {
            total += tally.followed - tally.unfollowed;
            SubscriptionsPoint {
                at,
                new_subscriptions: tally.followed,
                deleted_subscriptions: tally.unfollowed,
                total_subscriptions: total,
            }
        });
        Self {
            period: PeriodBody::new(asked),
            figures: SubscriptionCountsBody::new(figures),
            previous: previous.as_ref().map(SubscriptionCountsBody::new),
            interval: asked.interval,
            points: points.collect(),
        }
    }
}

/// A part of the period.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelinePoint {
    /// Beginning of the part, Unix seconds.
    #[schema(example = 1763942400)]
    pub at: i64,
    pub bans: i64,
    pub kicks: i64,
    pub unbans: i64,
    pub successful_syncs: i64,
    pub partial_syncs: i64,
    pub failed_syncs: i64,
    /// Bans that syncs brought to chats.
    pub applied: i64,
    pub already: i64,
    pub skipped: i64,
    pub failed: i64,
    pub new_subscriptions: i64,
    pub deleted_subscriptions: i64,
    pub appeals: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineBody {
    #[schema(inline)]
    period: PeriodBody,
    #[schema(inline)]
    interval: IntervalName,
    pub points: Vec<TimelinePoint>,
}

impl TimelineBody {
    pub fn new(asked: &InParts, series: &Series) -> Self {
        let point = |(at, tally): (i64, &Tally)| TimelinePoint {
            at,
            bans: tally.decisions.bans,
            kicks: tally.decisions.kicks,
            unbans: tally.decisions.unbans,
            successful_syncs: tally.syncs.completed,
            partial_syncs: tally.syncs.partial,
            failed_syncs: tally.syncs.failed,
            applied: tally.synced_bans.applied,
            already: tally.synced_bans.already,
            skipped: tally.synced_bans.skipped,
            failed: tally.synced_bans.failed,
            new_subscriptions: tally.followed,
            deleted_subscriptions: tally.unfollowed,
            appeals: tally.appeals,
        };
        Self { period: PeriodBody::new(asked), interval: asked.interval, points: series.points().map(point).collect() }
    }
}
