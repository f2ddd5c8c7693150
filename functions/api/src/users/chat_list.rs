//! The chats where the bot is.

use super::State;
use super::chats::ChatBody;
use crate::error::ApiError;
use crate::extract::Query;
use crate::page::{PageBody, PageQuery};
use axum::extract;

/// The chats where the bot is, in no order that means anything.
///
/// A chat that the bot has left, or that became another one, is not listed; `GET /api/v1/chats/{chat_id}` still tells of it.
#[utoipa::path(
    get,
    path = "/api/v1/chats",
    params(PageQuery),
    responses((status = 200, description = "A page.", body = PageBody<ChatBody>))
)]
pub async fn list_chats(
    extract::State(state): extract::State<State>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<ChatBody>>, ApiError> {
    let page = state.users.page_of_chats(&page.wanted()?).await?;
    Ok(axum::Json(PageBody::new(page, ChatBody::from)))
}
