//! A guard bot's answers to those who ask to be let in.

use serde_json::json;

use super::{Answer, Params};
use crate::world::{ApiError, World};

/// How long a query waits, milliseconds (Bot API 10.1, `answerChatJoinRequestQuery`). The words of a late answer's refusal are not documented:
/// they are those of a late answer to a button.
const QUERY_LIFE_MS: i64 = 10_000;

/// Each query is answered once.
pub fn answer_chat_join_request_query(world: &mut World, params: &Params) -> Answer {
    let (id, now_ms) = (params.text("chat_join_request_query_id"), world.now_ms());
    let verdict = params.text("result").to_owned();
    let too_late = || ApiError::bad_request("query is too old and response timeout expired or query ID is invalid");
    let query = world.join_queries.get_mut(id).ok_or_else(too_late)?;
    if now_ms - query.at_ms >= QUERY_LIFE_MS || query.result.is_some() {
        return Err(too_late());
    }
    if !["approve", "decline", "queue"].contains(&verdict.as_str()) {
        return Err(ApiError::bad_request("invalid result specified"));
    }
    query.result = Some(verdict.clone());
    let (chat, user) = (query.chat, query.user);
    if let Some(chat) = world.chats.get_mut(&chat).filter(|_| verdict != "queue") {
        chat.join_requests.retain(|id| *id != user);
    }
    if verdict == "approve" {
        let status = world.entering(chat, user).map_err(|_| ApiError::bad_request("USER_ALREADY_PARTICIPANT"))?;
        let bot = world.bot.id;
        world.set_status_with(chat, user, status, bot, json!({"via_join_request": true}));
    }
    Ok(json!(true))
}
