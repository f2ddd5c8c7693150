//! Banning and unbanning.

use super::State;
use super::record::Told;
use crate::access::Caller;
use crate::bounded::Moment;
use crate::changes::ChangeId;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::ids::{GroupId, PersonId};
use aws::time;
use axum::extract;
use domain::ids::UserId;
use domain::member::Action;
use domain::sync::{LONGEST_BAN, MARGIN, SHORTEST_BAN, ends_too_soon};
use serde::{Deserialize, Serialize};
use telegram::client::Failure;
use telegram::reaction::Reaction;
use utoipa::ToSchema;

/// Somebody to ban.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBan {
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    user_id: PersonId,
    /// End of the ban, Unix seconds: 40 seconds to 366 days from now. For ever where it is left out.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100_000_000_000_i64)]
    until_date: Option<Moment<0>>,
}

/// Somebody to unban.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUnban {
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    user_id: PersonId,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    user_id: PersonId,
    /// End of the ban, Unix seconds; `null`: permanent, or where nobody is banned now.
    until_date: Option<i64>,
}

/// Ban somebody in a chat, member or not.
///
/// The ban stands in the chat's history and in the bot's ledger: `/why` tells of it, and the chat's admins lift it by `/undo`. It is the
/// chat's own decision, as an event that is registered: whom somebody follows is banned in the chats that follow as well, where the key
/// also has `bans:write`.
#[utoipa::path(
    post,
    path = "/api/ban_user",
    responses(
        (status = 200, description = "They are banned.", body = Done),
        (status = 404, description = "The bot is in no such chat, or Telegram knows no such person.", body = ErrorBody),
        (status = 409, description = "The group became a supergroup.", body = ErrorBody),
        (status = 422, description = "The end is too near or too far; the bot may not ban there; the person is an administrator; or nobody can be banned by this id.", body = ErrorBody),
    )
)]
pub async fn ban_user(
    extract::State(state): extract::State<State>,
    caller: Caller,
    extract::Extension(change): extract::Extension<ChangeId>,
    Json(ban): Json<NewBan>,
) -> Result<axum::Json<Done>, ApiError> {
    let (GroupId(chat), PersonId(user)) = (ban.chat_id, ban.user_id);
    let until_date = ban.until_date.map(|Moment(until)| until);
    state.is_a_person(user)?;
    has_an_end(until_date, time::now())?;
    state.pace.reserve().await?;
    // Again: the pace may have taken its time.
    let at = time::now();
    has_an_end(until_date, at)?;
    if let Err(failure) = state.telegram.ban(chat, user, until_date).await
        && failure.reaction() != Reaction::Fine
    {
        return Err(state.failed(failure).await);
    }
    state.record(&caller, change, Told { chat, user, action: Action::Ban, until: until_date, at }).await?;
    Ok(axum::Json(Done { chat_id: ban.chat_id, user_id: ban.user_id, until_date }))
}

/// Will Telegram take a ban that is sent at `now` for one that ends?
fn has_an_end(until_date: Option<i64>, now: i64) -> Result<(), ApiError> {
    match until_date {
        Some(until) if ends_too_soon(until, now) || until - now > LONGEST_BAN => {
            let seconds = SHORTEST_BAN + MARGIN;
            Err(ApiError::refused("end_out_of_range", format!("a ban ends {seconds} seconds to 366 days from now, or never")))
        }
        _ => Ok(()),
    }
}

/// Lift somebody's ban in a chat. Whoever is not banned stays as they are.
///
/// This is the chat's own decision, and recorded as a ban is. Chats that lift what their sources lift do so, where the key also has
/// `bans:write`.
#[utoipa::path(
    post,
    path = "/api/unban_user",
    responses(
        (status = 200, description = "They are not banned.", body = Done),
        (status = 404, description = "The bot is in no such chat, or Telegram knows no such person.", body = ErrorBody),
        (status = 409, description = "The group became a supergroup.", body = ErrorBody),
        (status = 422, description = "The bot may not do this there; or nobody can be banned by this id.", body = ErrorBody),
    )
)]
pub async fn unban_user(
    extract::State(state): extract::State<State>,
    caller: Caller,
    extract::Extension(change): extract::Extension<ChangeId>,
    Json(unban): Json<NewUnban>,
) -> Result<axum::Json<Done>, ApiError> {
    let (GroupId(chat), PersonId(user)) = (unban.chat_id, unban.user_id);
    state.is_a_person(user)?;
    state.pace.reserve().await?;
    let at = time::now();
    if let Err(failure) = state.telegram.unban(chat, user).await
        && failure.reaction() != Reaction::Fine
    {
        return Err(state.failed(failure).await);
    }
    state.record(&caller, change, Told { chat, user, action: Action::Unban, until: None, at }).await?;
    Ok(axum::Json(Done { chat_id: unban.chat_id, user_id: unban.user_id, until_date: None }))
}

impl State {
    /// What Telegram has not answered it may have done.
    async fn failed(&self, failure: Failure) -> ApiError {
        let may_be_done = failure.is_no_answer();
        let error = self.pace.refused(failure).await;
        if may_be_done { error.half_done() } else { error }
    }

    /// Is this somebody who can be banned at all?
    fn is_a_person(&self, user: UserId) -> Result<(), ApiError> {
        match user.is_reserved() || user == self.telegram.bot() {
            true => Err(ApiError::refused("reserved_id", "this id stands for no single person, or for the bot itself")),
            false => Ok(()),
        }
    }
}
