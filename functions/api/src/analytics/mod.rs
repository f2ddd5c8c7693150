//! Analytics: what was decided, followed and synced, summed up over a period.
//!
//! # Layout
//! - here: the routes;
//! - [`asked`]: of which period, and of which chat;
//! - [`figures`]: reading facts, and what they come to;
//! - [`body`], [`rankings`]: what that looks like;
//! - [`table`]: the same as CSV; [`picture`]: the same drawn;
//! - [`operations`]: for operators: slow syncs, queues, cost.

mod asked;
mod body;
mod figures;
mod operations;
mod picture;
mod points;
mod rankings;
mod table;

use crate::bounded::Whole;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::health::Ready;
use asked::{IntervalName, PeriodQuery};
use aws::store::analytics::Facts;
use aws::store::subscriptions::Subscriptions;
use aws::{Aws, env};
use axum::extract;
use axum::http::HeaderMap;
use axum::response::Response;
use body::{FiguresBody, OverviewBody, PeriodBody};
use domain::analytics::top::{Row, Top};
use operations::Watched;
use picture::PictureQuery;
use points::{BanFiguresBody, SubscriptionFiguresBody, SyncFiguresBody, TimelineBody};
use rankings::{TopChatBody, TopChatsBody, TopSourceBody, TopSourcesBody, TopUserBody, TopUsersBody};
use serde::Deserialize;
use std::sync::Arc;
use table::answer;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct State {
    facts: Facts,
    subscriptions: Arc<Subscriptions>,
    queues: Arc<[Watched]>,
}

impl State {
    pub fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let subscriptions = Arc::new(Subscriptions::new(aws, env::required("SUBSCRIPTIONS_TABLE")?));
        Ok(Self {
            facts: Facts::new(aws, env::required("ANALYTICS_TABLE")?),
            subscriptions,
            queues: operations::watched(aws, &env::required("QUEUES")?)?,
        })
    }
}

impl Ready for State {
    async fn ready(&self) -> anyhow::Result<()> {
        self.facts.reachable().await
    }
}

pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(analytics_overview))
        .routes(routes!(analytics_bans))
        .routes(routes!(analytics_sync))
        .routes(routes!(analytics_subscriptions))
        .routes(routes!(analytics_timeline))
        .routes(routes!(top_users))
        .routes(routes!(top_chats))
        .routes(routes!(top_sources))
        .routes(routes!(operations::top_syncs))
        .routes(routes!(operations::analytics_queues))
        .routes(routes!(operations::analytics_cost))
        .routes(routes!(analytics_chart))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct IntervalQuery {
    /// How long a point lasts, by the clock of `tz`: weeks begin on Monday. Left out: some 7 to 60 points.
    #[param(inline)]
    interval: Option<IntervalName>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TopQuery {
    /// Rows at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, default = 10)]
    limit: Option<Whole<1, 100>>,
}

impl TopQuery {
    fn most(&self) -> usize {
        self.limit.map_or(10, |Whole(limit)| limit as usize)
    }
}

/// Everything at a glance, and how it was in the period before.
///
/// Figures are some five minutes old. They are kept for two years: `previous` is `null` where the period before began earlier.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/overview",
    params(PeriodQuery),
    responses(
        (status = 200, description = "Figures; as CSV a row each.", content((OverviewBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`.", body = ErrorBody),
    )
)]
async fn analytics_overview(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
) -> Result<Response, ApiError> {
    let asked = query.read()?;
    let compared = state.compared(&asked).await?;
    let (figures, previous) = compared.map(|period| FiguresBody::new(&period));
    answer(&headers, OverviewBody { period: PeriodBody::new(&asked), figures, previous })
}

/// What was decided in chats: bans, kicks, restrictions, and what took them back.
///
/// By people, and by programs in a chat's own name. What syncs brought is in `GET /api/v1/analytics/sync`.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/bans",
    params(PeriodQuery, IntervalQuery),
    responses(
        (status = 200, description = "Figures; as CSV a row a point.", content((BanFiguresBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`, `too_many_points`.", body = ErrorBody),
    )
)]
async fn analytics_bans(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(interval): Query<IntervalQuery>,
) -> Result<Response, ApiError> {
    let asked = query.read()?.in_parts(interval.interval)?;
    let (compared, series) = (state.compared(&asked).await?, state.series(&asked).await?);
    answer(&headers, BanFiguresBody::new(&asked, &compared, &series))
}

/// How syncs ended, how long they took, what they came to in chats, and why not.
///
/// A sync counts when it began, once it has ended. One that came right after it had failed counts as what it is in the end. Percentiles are by nearest
/// rank, of all syncs of the period.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/sync",
    params(PeriodQuery, IntervalQuery),
    responses(
        (status = 200, description = "Figures; as CSV a row a point.", content((SyncFiguresBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`, `too_many_points`.", body = ErrorBody),
    )
)]
async fn analytics_sync(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(interval): Query<IntervalQuery>,
) -> Result<Response, ApiError> {
    let asked = query.read()?.in_parts(interval.interval)?;
    let (compared, series) = (state.compared(&asked).await?, state.series(&asked).await?);
    answer(&headers, SyncFiguresBody::new(&asked, &compared, &series))
}

/// Subscriptions that began and ended, and how many there were.
///
/// One that ends and begins again counts each time. Those of a group that becomes a supergroup end in the one and begin in the other.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/subscriptions",
    params(PeriodQuery, IntervalQuery),
    responses(
        (status = 200, description = "Figures; as CSV a row a point.", content((SubscriptionFiguresBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`, `too_many_points`.", body = ErrorBody),
    )
)]
async fn analytics_subscriptions(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(interval): Query<IntervalQuery>,
) -> Result<Response, ApiError> {
    let asked = query.read()?.in_parts(interval.interval)?;
    let (compared, series) = (state.compared(&asked).await?, state.series(&asked).await?);
    answer(&headers, SubscriptionFiguresBody::new(&asked, &compared, &series))
}

/// All of it by hours, days, weeks or months: what charts are drawn of.
///
/// Parts in which nothing happened are there, too. What is counted later than a part's own time, such as a failure that came right, changes it.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/timeline",
    params(PeriodQuery, IntervalQuery),
    responses(
        (status = 200, description = "A point a part of the period; as CSV a row each.", content((TimelineBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`, `too_many_points`.", body = ErrorBody),
    )
)]
async fn analytics_timeline(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(interval): Query<IntervalQuery>,
) -> Result<Response, ApiError> {
    let asked = query.read()?.in_parts(interval.interval)?;
    answer(&headers, TimelineBody::new(&asked, &state.series(&asked).await?))
}

/// The people who were banned most.
///
/// By bans, then by syncs about them, then by id. Nobody's id is kept for longer than a year.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/top/users",
    params(PeriodQuery, TopQuery),
    responses(
        (status = 200, description = "The first of them; as CSV a row each.", content((TopUsersBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`.", body = ErrorBody),
    )
)]
async fn top_users(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(top): Query<TopQuery>,
) -> Result<Response, ApiError> {
    let (period, items) = state.first(&query, &top, TopUserBody::from).await?;
    answer(&headers, TopUsersBody { period, items })
}

/// The most active chats.
///
/// By bans in the chat and those that were synced to it together, then by its own bans, then by id.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/top/chats",
    params(PeriodQuery, TopQuery),
    responses(
        (status = 200, description = "The first of them; as CSV a row each.", content((TopChatsBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`.", body = ErrorBody),
    )
)]
async fn top_chats(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(top): Query<TopQuery>,
) -> Result<Response, ApiError> {
    let (period, items) = state.first(&query, &top, TopChatBody::from).await?;
    answer(&headers, TopChatsBody { period, items })
}

/// The chats whose bans were synced most, and how good these were: how many were undone by admins, lifted by the source, appealed against.
///
/// By bans that were synced, then by id. With `chat_id`: the sources of that chat.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/top/sources",
    params(PeriodQuery, TopQuery),
    responses(
        (status = 200, description = "The first of them; as CSV a row each.", content((TopSourcesBody = "application/json"), (String = "text/csv"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`.", body = ErrorBody),
    )
)]
async fn top_sources(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Query(query): Query<PeriodQuery>,
    Query(top): Query<TopQuery>,
) -> Result<Response, ApiError> {
    let (period, items) = state.first(&query, &top, TopSourceBody::from).await?;
    answer(&headers, TopSourcesBody { period, items })
}

/// Bans over time, what syncs came to, and where bans came from, as a picture.
///
/// An SVG of 800 units across, without styles, scripts and references: it can stand in a page. It is the drawing of which the bot's pictures are made.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/chart.svg",
    params(PeriodQuery, IntervalQuery, PictureQuery),
    responses(
        (status = 200, description = "The picture.", content((String = "image/svg+xml"))),
        (status = 422, description = "`unknown_zone`, `incomplete_period`, `empty_period`, `period_too_long`, `too_many_points`.", body = ErrorBody),
    )
)]
async fn analytics_chart(
    extract::State(state): extract::State<State>,
    Query(query): Query<PeriodQuery>,
    Query(interval): Query<IntervalQuery>,
    Query(picture): Query<PictureQuery>,
) -> Result<Response, ApiError> {
    let asked = query.read()?.in_parts(interval.interval)?;
    Ok(state.picture(&asked, &picture).await?)
}

impl State {
    async fn first<R: Row, T>(
        &self,
        query: &PeriodQuery,
        top: &TopQuery,
        body: impl Fn((R::Key, R)) -> T,
    ) -> Result<(PeriodBody, Vec<T>), ApiError> {
        let asked = query.read()?;
        let all: Top<R> = self.top(&asked).await?;
        Ok((PeriodBody::new(&asked), all.first(top.most()).into_iter().map(body).collect()))
    }
}
