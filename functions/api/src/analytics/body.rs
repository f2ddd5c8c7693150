//! Figures, as a caller sees them.

use super::asked::{Asked, InParts, IntervalName, PeriodName};
use super::figures::{Compared, Figures};
use crate::sync::body::OutcomeBody;
use domain::analytics::sums::{Decisions, Results, Series, Tally};
use domain::analytics::{Sums, Work};
use domain::sync::Reason;
use serde::Serialize;
use utoipa::ToSchema;

/// Which period it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodBody {
    #[schema(inline)]
    period: PeriodName,
    /// Its first moment, Unix seconds.
    #[schema(example = 1763942400)]
    from: i64,
    /// The first moment after it, Unix seconds.
    #[schema(example = 1764028800)]
    to: i64,
    /// Whose days it has.
    #[schema(example = "Europe/Moscow")]
    tz: String,
}

impl PeriodBody {
    pub fn new(asked: &Asked) -> Self {
        Self { period: asked.period, from: asked.span.from, to: asked.span.to, tz: asked.tz.clone() }
    }
}

/// What was decided in chats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct DecisionsBody {
    total_bans: i64,
    kicks: i64,
    restrictions: i64,
    unbans: i64,
    unrestrictions: i64,
    /// People who were banned; `null` of a period that began more than a year ago, since when nobody's id is kept.
    unique_banned_users: Option<usize>,
    /// Chats in which something was decided, or a sync came to something.
    active_chats: usize,
}

impl DecisionsBody {
    fn new(figures: &Figures) -> Self {
        let sums = &figures.sums;
        let Decisions { bans, kicks, restrictions, unbans, unrestrictions } = sums.tally.decisions;
        let (unique_banned_users, active_chats) = (figures.people_known.then(|| sums.unique_banned_users()), sums.active_chats());
        Self { total_bans: bans, kicks, restrictions, unbans, unrestrictions, unique_banned_users, active_chats }
    }
}

/// How syncs ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct SyncsBody {
    total_syncs: i64,
    /// Nothing failed.
    successful_syncs: i64,
    /// Some chats failed.
    partial_syncs: i64,
    /// All chats failed.
    failed_syncs: i64,
    /// The successful ones of all, 0 to 1; `null` where none has ended.
    #[schema(minimum = 0, maximum = 1)]
    success_rate: Option<f64>,
    /// Milliseconds from beginning to end.
    mean_sync_ms: Option<u64>,
    p50_sync_ms: Option<u32>,
    p95_sync_ms: Option<u32>,
}

impl SyncsBody {
    fn new(sums: &Sums) -> Self {
        let syncs = sums.tally.syncs;
        Self {
            total_syncs: syncs.completed + syncs.partial + syncs.failed,
            successful_syncs: syncs.completed,
            partial_syncs: syncs.partial,
            failed_syncs: syncs.failed,
            success_rate: syncs.success_rate(),
            mean_sync_ms: sums.mean_ms(),
            p50_sync_ms: sums.p50_ms(),
            p95_sync_ms: sums.p95_ms(),
        }
    }
}

/// What syncs came to in chats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct SyncedBody {
    applied: i64,
    already: i64,
    skipped: i64,
    failed: i64,
}

impl From<Results> for SyncedBody {
    fn from(Results { applied, already, skipped, failed }: Results) -> Self {
        Self { applied, already, skipped, failed }
    }
}

/// Subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct SubscriptionCountsBody {
    /// At the end of the period, or now.
    total_subscriptions: i64,
    new_subscriptions: i64,
    deleted_subscriptions: i64,
}

impl SubscriptionCountsBody {
    fn new(figures: &Figures) -> Self {
        let tally = figures.sums.tally;
        Self { total_subscriptions: figures.subscriptions, new_subscriptions: tally.followed, deleted_subscriptions: tally.unfollowed }
    }
}

/// Everything at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct FiguresBody {
    #[serde(flatten)]
    pub subscriptions: SubscriptionCountsBody,
    #[serde(flatten)]
    pub decisions: DecisionsBody,
    #[serde(flatten)]
    pub syncs: SyncsBody,
    /// Bans that syncs brought to chats.
    pub synced_bans: SyncedBody,
    /// Bans of ours that were lifted since the source lifted its own.
    pub lifted: i64,
    /// Bans of ours that an admin undid.
    pub undone: i64,
    /// Appeals against them.
    pub appeals: i64,
}

impl FiguresBody {
    pub fn new(figures: &Figures) -> Self {
        let sums = &figures.sums;
        Self {
            subscriptions: SubscriptionCountsBody::new(figures),
            decisions: DecisionsBody::new(figures),
            syncs: SyncsBody::new(sums),
            synced_bans: sums.results(Work::Ban).into(),
            lifted: sums.results(Work::Lift).applied,
            undone: sums.results(Work::Undo).applied,
            appeals: sums.tally.appeals,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OverviewBody {
    #[schema(inline)]
    pub period: PeriodBody,
    pub figures: FiguresBody,
    /// As many days right before; `null` where they are not kept.
    pub previous: Option<FiguresBody>,
}

/// What was decided in a part of the period.
#[derive(Debug, Serialize, ToSchema)]
pub struct BansPoint {
    /// Where it begins, Unix seconds.
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

/// What was to be done: `ban`; `lift`, since the source did; `undo`, since an admin wanted it.
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
    /// Where it begins, Unix seconds.
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
    /// What bans came to in chats.
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
    /// Where it begins, Unix seconds.
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
    /// Where it begins, Unix seconds.
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
