//! Looking at what was registered.

use super::State;
use super::body::{BanEventBody, EventType};
use crate::bounded::{Moment, Text};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Path, Query};
use crate::ids::{GroupId, PersonId};
use crate::page::{PageBody, PageQuery};
use aws::time;
use axum::extract;
use domain::member::Action;
use domain::search::{CannotSearch, Search};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// One ban event.
///
/// By the id that registering it answered, or that a sync names as its `ban_event_id`. Events are kept for a year.
#[utoipa::path(
    get,
    path = "/api/v1/events/ban/{event_id}",
    params(("event_id" = Uuid, Path)),
    responses(
        (status = 200, description = "It.", body = BanEventBody),
        (status = 404, description = "There is none, or it is in the archive: events are kept for a year.", body = ErrorBody),
    )
)]
pub async fn get_ban_event(
    extract::State(state): extract::State<State>,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<BanEventBody>, ApiError> {
    let event = state.bans.get(id).await?.ok_or_else(|| ApiError::not_found("there is no such ban event"))?;
    Ok(axum::Json(event.into()))
}

/// What was done to a person, in any chat, newest first.
///
/// Both what the bot saw itself and what was registered, of the last year. `GET /api/v1/events/search` narrows it.
#[utoipa::path(
    get,
    path = "/api/v1/events/user/{user_id}",
    params(("user_id" = inline(PersonId), Path), PageQuery),
    responses((status = 200, description = "A page.", body = PageBody<BanEventBody>))
)]
pub async fn list_ban_events_of_user(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<BanEventBody>>, ApiError> {
    state.page(&Search::of_user(user), page).await
}

/// What was done in a chat, newest first.
///
/// Both what the bot saw itself and what was registered, of the last year. What the bot synced to this chat is in
/// `GET /api/v1/sync/logs`.
#[utoipa::path(
    get,
    path = "/api/v1/events/chat/{chat_id}",
    params(("chat_id" = inline(GroupId), Path), PageQuery),
    responses((status = 200, description = "A page.", body = PageBody<BanEventBody>))
)]
pub async fn list_ban_events_of_chat(
    extract::State(state): extract::State<State>,
    Path(GroupId(chat)): Path<GroupId>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<BanEventBody>>, ApiError> {
    state.page(&Search::of_chat(chat), page).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Done to this person.
    #[param(inline)]
    user_id: Option<PersonId>,
    /// Done in this chat.
    #[param(inline)]
    chat_id: Option<GroupId>,
    /// Not before, Unix seconds.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 100_000_000_000_i64, example = 1763000000)]
    from: Option<Moment<0>>,
    /// Not after, Unix seconds; left out, it is now.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 100_000_000_000_i64, example = 1764000000)]
    to: Option<Moment<0>>,
    #[param(inline)]
    event_type: Option<EventType>,
    /// Part of the reason, in any case.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, example = "spam")]
    reason: Option<Text<1, 200>>,
}

/// The events that are all of what is given, newest first.
///
/// Needs `user_id`, `chat_id`, or a period of at most 31 days. Where few events are found among many, a page may be short, or empty, and
/// have a `next_cursor` all the same: the next page goes on from there.
#[utoipa::path(
    get,
    path = "/api/v1/events/search",
    params(SearchQuery, PageQuery),
    responses(
        (status = 200, description = "A page.", body = PageBody<BanEventBody>),
        (status = 422, description = "`search_too_wide`, `period_too_long`, `empty_period`.", body = ErrorBody),
    )
)]
pub async fn search_ban_events(
    extract::State(state): extract::State<State>,
    Query(query): Query<SearchQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<BanEventBody>>, ApiError> {
    let search = Search {
        user_id: query.user_id.map(|PersonId(user)| user),
        chat_id: query.chat_id.map(|GroupId(chat)| chat),
        from: query.from.map(|Moment(from)| from),
        to: query.to.map(|Moment(to)| to),
        event_type: query.event_type.map(Action::from),
        reason: query.reason.map(|Text(reason)| reason),
    };
    state.page(&search, page).await
}

impl State {
    async fn page(&self, search: &Search, page: PageQuery) -> Result<axum::Json<PageBody<BanEventBody>>, ApiError> {
        let order = search.order(time::now()).map_err(|why: CannotSearch| ApiError::refused(why.code(), why.to_string()))?;
        let page = self.bans.search(search, order, &page.wanted()?).await?;
        Ok(axum::Json(PageBody::new(page, BanEventBody::from)))
    }
}
