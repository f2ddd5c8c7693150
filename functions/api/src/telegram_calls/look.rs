//! Looking at a chat's members, by Telegram's own word now.

use super::State;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::ids::{GroupId, PersonId};
use axum::extract;
use domain::member::Status;
use serde::{Deserialize, Serialize};
use telegram::update::ChatMember;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemberQuery {
    #[param(inline)]
    chat_id: GroupId,
    #[param(inline)]
    user_id: PersonId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChatQuery {
    #[param(inline)]
    chat_id: GroupId,
}

/// Somebody in a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberBody {
    user_id: i64,
    name: String,
    /// Without the `@`.
    username: Option<String>,
    is_bot: bool,
    #[schema(inline)]
    status: StatusBody,
    /// End of a ban or restriction, Unix seconds; `null`: permanent, or where there is none.
    until_date: Option<i64>,
    /// May he ban others?
    can_ban: bool,
}

/// As the Bot API names it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatusBody {
    Creator,
    Administrator,
    Member,
    Restricted,
    Left,
    Kicked,
    /// One that this version does not know.
    Unknown,
}

impl From<ChatMember> for MemberBody {
    fn from(ChatMember { person, member }: ChatMember) -> Self {
        let status = match member.status {
            Status::Creator => StatusBody::Creator,
            Status::Administrator => StatusBody::Administrator,
            Status::Member => StatusBody::Member,
            Status::Restricted => StatusBody::Restricted,
            Status::Left => StatusBody::Left,
            Status::Kicked => StatusBody::Kicked,
            Status::Unknown => StatusBody::Unknown,
        };
        Self {
            user_id: person.id.0,
            name: person.name(),
            username: person.username.clone(),
            is_bot: person.is_bot,
            status,
            until_date: member.until,
            can_ban: member.may_ban(),
        }
    }
}

/// The administrators of a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminsBody {
    administrators: Vec<MemberBody>,
}

/// What somebody is in a chat.
///
/// Asked of Telegram now. Somebody who never was there has `left`.
#[utoipa::path(
    get,
    path = "/api/chat_member",
    params(MemberQuery),
    responses(
        (status = 200, description = "What he is; whoever never was there has left.", body = MemberBody),
        (status = 404, description = "The bot is in no such chat, or Telegram knows no such person.", body = ErrorBody),
        (status = 409, description = "The group became a supergroup.", body = ErrorBody),
        (status = 422, description = "The bot may not look there.", body = ErrorBody),
    )
)]
pub async fn chat_member(
    extract::State(state): extract::State<State>,
    Query(query): Query<MemberQuery>,
) -> Result<axum::Json<MemberBody>, ApiError> {
    state.pace.reserve_look().await?;
    let (GroupId(chat), PersonId(user)) = (query.chat_id, query.user_id);
    match state.telegram.chat_member(chat, user).await {
        Ok(member) => Ok(axum::Json(member.into())),
        Err(failure) => Err(state.pace.refused(failure).await),
    }
}

/// The administrators of a chat.
///
/// Asked of Telegram now; `can_ban` tells who may ban others there.
#[utoipa::path(
    get,
    path = "/api/chat_admins",
    params(ChatQuery),
    responses(
        (status = 200, description = "All but bots other than this one.", body = AdminsBody),
        (status = 404, description = "The bot is in no such chat.", body = ErrorBody),
        (status = 409, description = "The group became a supergroup.", body = ErrorBody),
        (status = 422, description = "The bot may not look there.", body = ErrorBody),
    )
)]
pub async fn chat_admins(
    extract::State(state): extract::State<State>,
    Query(query): Query<ChatQuery>,
) -> Result<axum::Json<AdminsBody>, ApiError> {
    state.pace.reserve_look().await?;
    let GroupId(chat) = query.chat_id;
    match state.telegram.admins(chat).await {
        Ok(admins) => Ok(axum::Json(AdminsBody { administrators: admins.into_iter().map(MemberBody::from).collect() })),
        Err(failure) => Err(state.pace.refused(failure).await),
    }
}
