//! Figures for operators: the slowest syncs, the queues and their DLQs, the cost of the month.

use super::asked::{Asked, PeriodName, PeriodQuery};
use super::body::PeriodBody;
use super::table::answer;
use super::{State, TopQuery};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::ids::{GroupId, PersonId};
use anyhow::Context;
use aws::Aws;
use aws::queue::Queue;
use aws::time;
use axum::extract;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::analytics::cost::{self, Cost, CostOf};
use domain::analytics::{Fact, Span, What, Work};
use domain::ids::UserId;
use domain::sync::SyncStatus;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A queue whose messages are counted.
pub struct Watched {
    name: String,
    queue: Queue,
}

/// From `name=url` of each, with spaces between.
pub fn watched(aws: &Aws, text: &str) -> anyhow::Result<Arc<[Watched]>> {
    let one = |text: &str| {
        let (name, url) = text.split_once('=').with_context(|| format!("QUEUES: `{text}` is not of the form name=url"))?;
        Ok(Watched { name: name.to_owned(), queue: Queue::new(aws, url.to_owned()) })
    };
    text.split_whitespace().map(one).collect()
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedAs {
    Completed,
    Partial,
    Failed,
}

/// A sync that took long: `chat_id` is the chat whose decision was synced, `user_id` whom it was about, `null` where that is no longer kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlowSyncBody {
    /// When it began, Unix seconds.
    #[schema(example = 1764000000)]
    at: i64,
    /// How long it took, in milliseconds.
    #[schema(example = 6200)]
    millis: u32,
    #[schema(inline)]
    status: EndedAs,
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    user_id: Option<PersonId>,
}

impl SlowSyncBody {
    fn new(fact: &Fact) -> Option<Self> {
        let status = match fact.what {
            What::Synced(SyncStatus::Completed) => EndedAs::Completed,
            What::Synced(SyncStatus::Partial) => EndedAs::Partial,
            What::Synced(SyncStatus::Failed) => EndedAs::Failed,
            _ => return None,
        };
        let user_id = (fact.user != UserId::FORGOTTEN).then_some(PersonId(fact.user));
        Some(Self { at: fact.at, millis: fact.millis, status, chat_id: GroupId(fact.chat), user_id })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SlowSyncsBody {
    #[schema(inline)]
    period: PeriodBody,
    pub items: Vec<SlowSyncBody>,
}

/// A queue and how many messages it has, about.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueBody {
    #[schema(example = "sync_dlq")]
    name: String,
    /// It takes what was given up: whatever waits there is to be looked at.
    is_dlq: bool,
    waiting: i64,
    /// Being worked on.
    in_flight: i64,
    /// To be worked on later.
    delayed: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct QueuesBody {
    pub queues: Vec<QueueBody>,
}

/// Kind of a cost: of a decision that came in, a sync, a chat of a sync, a subscription that began or ended, the hours without an event.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostOfBody {
    BanEvent,
    Sync,
    Target,
    Subscription,
    Clock,
}

/// A part of the month's cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct CostLineBody {
    #[schema(inline)]
    what: CostOfBody,
    count: i64,
    /// US dollars.
    #[schema(example = 0.0042)]
    usd: f64,
}

impl From<Cost> for CostLineBody {
    fn from(cost: Cost) -> Self {
        let what = match cost.of {
            CostOf::BanEvent => CostOfBody::BanEvent,
            CostOf::Sync => CostOfBody::Sync,
            CostOf::Target => CostOfBody::Target,
            CostOf::Subscription => CostOfBody::Subscription,
            CostOf::Clock => CostOfBody::Clock,
        };
        Self { what, count: cost.count, usd: cost.usd }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CostBody {
    /// In UTC.
    #[schema(example = "2026-11")]
    month: String,
    /// US dollars.
    #[schema(example = 3.21)]
    total_usd: f64,
    pub lines: Vec<CostLineBody>,
}

/// The syncs that took the longest.
///
/// From when they began, the pause before a ban is carried over included. Those that failed and came right later count as what they are in the end.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/top/syncs",
    params(PeriodQuery, TopQuery),
    responses(
        (status = 200, description = "The first of them; as CSV a row each.", content((SlowSyncsBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`.", body = ErrorBody),
    )
)]
pub async fn top_syncs(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(top): Query<TopQuery>,
) -> Result<Response, ApiError> {
    let asked = query.read()?;
    let slowest = state.slowest(&asked).await?.first(top.most());
    answer(&headers, SlowSyncsBody { period: PeriodBody::new(&asked), items: slowest.iter().filter_map(SlowSyncBody::new).collect() })
}

/// How many messages wait in the queues, and in those of what was given up.
///
/// As SQS counts them: about, and some seconds late.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/queues",
    responses((status = 200, description = "A row a queue.", content((QueuesBody = "application/json"), (String = "text/csv"))))
)]
pub async fn analytics_queues(extract::State(state): extract::State<State>, headers: HeaderMap) -> Result<Response, ApiError> {
    let depths = try_join_all(state.queues.iter().map(|watched| watched.queue.depth())).await?;
    let queues = state.queues.iter().zip(depths).map(|(Watched { name, .. }, depth)| QueueBody {
        name: name.clone(),
        is_dlq: name.ends_with("_dlq"),
        waiting: depth.waiting,
        in_flight: depth.in_flight,
        delayed: depth.delayed,
    });
    answer(&headers, QueuesBody { queues: queues.collect() })
}

/// Estimated cost of the month so far.
///
/// Counts at the list prices of us-east-1: a model, not a bill. Updates that decide nothing are not in it; a million of them costs 1.20.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/cost",
    responses((status = 200, description = "A line a kind of cost.", content((CostBody = "application/json"), (String = "text/csv"))))
)]
pub async fn analytics_cost(extract::State(state): extract::State<State>, headers: HeaderMap) -> Result<Response, ApiError> {
    let (month, span) = month_of(time::now())?;
    let asked = Asked {
        period: PeriodName::Custom,
        zone: TimeZone::UTC,
        tz: "UTC".to_owned(),
        chat: None,
        span,
        before: None,
        people_since: span.from,
    };
    let sums = state.sums(&asked).await?;
    let results = [Work::Ban, Work::Lift, Work::Undo].map(|work| sums.results(work));
    let results = results.iter().map(|results| results.applied + results.already + results.skipped + results.failed).sum();
    let lines = cost::so_far(&sums.tally, results, time::now() - span.from, span.to - span.from);
    let total_usd = lines.iter().map(|line| line.usd).sum();
    answer(&headers, CostBody { month, total_usd, lines: lines.into_iter().map(Into::into).collect() })
}

/// The month that a moment (Unix seconds) is in, by its name, and its first moment and the one after its last. In UTC, as bills are.
fn month_of(at: i64) -> anyhow::Result<(String, Span)> {
    let first = Timestamp::from_second(at)?.to_zoned(TimeZone::UTC).date().first_of_month();
    let begins = |date: jiff::civil::Date| anyhow::Ok(date.to_zoned(TimeZone::UTC)?.timestamp().as_second());
    let next = first.last_of_month().tomorrow()?;
    Ok((format!("{:04}-{:02}", first.year(), first.month()), Span { from: begins(first)?, to: begins(next)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_calendars_in_utc() {
        for (at, name, days) in [(1_795_910_399, "2026-11", 30), (1_772_323_199, "2026-02", 28), (1_767_225_600, "2026-01", 31)] {
            let (month, span) = month_of(at).unwrap();
            assert_eq!((month.as_str(), (span.to - span.from) / 86_400), (name, days));
            assert!(span.contains(at));
        }
    }
}
