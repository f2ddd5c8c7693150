//! Many subscriptions: lists, checks, counts.

use super::body::SubscriptionBody;
use super::{State, subscription};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::ids::{GroupId, PersonId};
use crate::page::{PageBody, PageQuery};
use axum::extract;
use domain::subscription::{MAX_PER_ADMIN, Source};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfAdmin {
    /// Only from this chat.
    #[param(inline)]
    chat_id: Option<GroupId>,
    /// Only those that are active, or are not.
    is_active: Option<bool>,
}

/// What an admin follows, by chat.
///
/// Subscriptions that have ended are listed too, unless `is_active` leaves them out.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/admin/{admin_id}",
    params(("admin_id" = inline(PersonId), Path), OfAdmin, PageQuery),
    responses((status = 200, description = "A page.", body = PageBody<SubscriptionBody>))
)]
pub async fn list_subscriptions_of_admin(
    extract::State(state): extract::State<State>,
    Path(PersonId(admin)): Path<PersonId>,
    Query(filter): Query<OfAdmin>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<SubscriptionBody>>, ApiError> {
    let chat = filter.chat_id.map(|GroupId(chat)| chat);
    let page = state.subscriptions.page_of_admin(admin, chat, filter.is_active, &page.wanted()?).await?;
    Ok(axum::Json(PageBody::new(page, SubscriptionBody::from)))
}

/// Who follows a person: the active subscriptions, by chat.
///
/// These are the chats to which a ban of this person is carried.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/user/{user_id}",
    params(("user_id" = inline(PersonId), Path), PageQuery),
    responses((status = 200, description = "A page.", body = PageBody<SubscriptionBody>))
)]
pub async fn list_subscribers_of_user(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<SubscriptionBody>>, ApiError> {
    let page = state.subscriptions.page_of_source(Source::User(user), &page.wanted()?).await?;
    Ok(axum::Json(PageBody::new(page, SubscriptionBody::from)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CheckQuery {
    #[param(inline)]
    admin_user_id: PersonId,
    #[param(inline)]
    admin_chat_id: GroupId,
    #[param(inline)]
    tracked_user_id: PersonId,
}

/// Whether somebody follows.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckBody {
    /// Is there an active subscription?
    exists: bool,
    /// It, active or not; `null` where there never was one.
    subscription: Option<SubscriptionBody>,
}

/// Does this admin follow this person from this chat?
///
/// One read, where listing the admin's subscriptions would be several.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/check",
    params(CheckQuery),
    responses((status = 200, description = "Whether he does.", body = CheckBody))
)]
pub async fn check_subscription(
    extract::State(state): extract::State<State>,
    Query(query): Query<CheckQuery>,
) -> Result<axum::Json<CheckBody>, ApiError> {
    let item = state.subscriptions.get(&subscription(query.admin_user_id, query.admin_chat_id, query.tracked_user_id)).await?;
    Ok(axum::Json(CheckBody { exists: item.as_ref().is_some_and(|item| item.is_active), subscription: item.map(SubscriptionBody::from) }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatsQuery {
    /// Also of this admin.
    #[param(inline)]
    admin_id: Option<PersonId>,
    /// Also of who follows this person.
    #[param(inline)]
    user_id: Option<PersonId>,
}

/// Counts of subscriptions.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsBody {
    total: TotalStats,
    /// Where an admin was asked for.
    admin: Option<AdminStats>,
    /// Where a person was asked for.
    user: Option<UserStats>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TotalStats {
    active: i64,
    /// Begun ever; beginning again counts anew.
    created: i64,
    ended: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AdminStats {
    active: u32,
    /// How many he may have.
    limit: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UserStats {
    /// Active subscriptions to him.
    subscribers: i64,
}

/// How many subscriptions there are: in all, of an admin, to a person.
///
/// An admin's count tells how much is left of the limit.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/stats",
    params(StatsQuery),
    responses((status = 200, description = "Counts.", body = StatsBody))
)]
pub async fn subscription_stats(
    extract::State(state): extract::State<State>,
    Query(query): Query<StatsQuery>,
) -> Result<axum::Json<StatsBody>, ApiError> {
    let total = state.subscriptions.stats().await?;
    let admin = match query.admin_id {
        Some(PersonId(admin)) => Some(AdminStats { active: state.subscriptions.count_of(admin).await?, limit: MAX_PER_ADMIN }),
        None => None,
    };
    let user = match query.user_id {
        Some(PersonId(user)) => Some(UserStats { subscribers: state.subscriptions.count_of_source(Source::User(user)).await? }),
        None => None,
    };
    let total = TotalStats { active: total.active, created: total.created, ended: total.ended };
    Ok(axum::Json(StatsBody { total, admin, user }))
}
