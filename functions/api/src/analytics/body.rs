//! Figures, as a caller sees them.

use super::asked::{Asked, PeriodName};
use super::figures::Figures;
use domain::analytics::sums::{Decisions, Results};
use domain::analytics::{Sums, Work};
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
    pub fn new(figures: &Figures) -> Self {
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
    pub fn new(sums: &Sums) -> Self {
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
    pub fn new(figures: &Figures) -> Self {
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
