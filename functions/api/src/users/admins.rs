//! Who may do what where.

use super::State;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Path, Query};
use crate::ids::{GroupId, PersonId};
use crate::page::{PageBody, PageQuery};
use aws::store::users::AdminItem;
use axum::extract;
use domain::role::Rank;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Somebody's place in a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminBody {
    #[schema(inline)]
    user_id: PersonId,
    #[schema(inline)]
    chat_id: GroupId,
    is_admin: bool,
    /// `null` where he is no administrator.
    #[schema(inline)]
    role: Option<RankBody>,
    /// May he ban others there?
    can_ban: bool,
    /// When Telegram told it, Unix seconds.
    checked_at: i64,
}

/// Who made the chat or was given it (`owner`), who may make administrators (`admin`), any other administrator (`moderator`).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RankBody {
    Owner,
    Admin,
    Moderator,
}

impl From<AdminItem> for AdminBody {
    fn from(item: AdminItem) -> Self {
        let role = item.role();
        Self {
            user_id: PersonId(item.user_id),
            chat_id: GroupId(item.chat_id),
            is_admin: role.is_some(),
            can_ban: role.is_some_and(|role| role.can_ban),
            role: role.map(|role| match role.role {
                Rank::Owner => RankBody::Owner,
                Rank::Admin => RankBody::Admin,
                Rank::Moderator => RankBody::Moderator,
            }),
            checked_at: item.observed_at,
        }
    }
}

/// The administrators of a chat that are known.
///
/// Those whose role changed while the bot was there, and those who were asked for. `GET /api/chat_admins` asks Telegram for all of them.
#[utoipa::path(
    get,
    path = "/api/v1/chats/{chat_id}/admins",
    params(("chat_id" = inline(GroupId), Path), PageQuery),
    responses((status = 200, description = "A page.", body = PageBody<AdminBody>))
)]
pub async fn list_chat_admins(
    extract::State(state): extract::State<State>,
    Path(GroupId(chat)): Path<GroupId>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<AdminBody>>, ApiError> {
    let page = state.users.admins(chat, &page.wanted()?).await?;
    Ok(axum::Json(PageBody::new(page, AdminBody::from)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    #[param(inline)]
    user_id: PersonId,
    #[param(inline)]
    chat_id: GroupId,
}

/// Is somebody an administrator of a chat?
///
/// The answer is at most five minutes old: what is older is asked of Telegram again.
#[utoipa::path(
    get,
    path = "/api/v1/admins/verify",
    params(VerifyQuery),
    responses(
        (status = 200, description = "What he is there.", body = AdminBody),
        (status = 404, description = "`chat_unknown`: the bot is in no such chat.", body = ErrorBody),
        (status = 409, description = "`chat_migrated`: the chat has another id now.", body = ErrorBody),
        (status = 422, description = "The bot may not look there.", body = ErrorBody),
    )
)]
pub async fn verify_admin(
    extract::State(state): extract::State<State>,
    Query(query): Query<VerifyQuery>,
) -> Result<axum::Json<AdminBody>, ApiError> {
    let (GroupId(chat), PersonId(user)) = (query.chat_id, query.user_id);
    Ok(axum::Json(state.roles.record(chat, user).await?.into()))
}
