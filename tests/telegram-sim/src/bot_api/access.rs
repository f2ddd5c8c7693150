//! Who and where a call is about, and whether the bot has anything to do there.

use super::Params;
use crate::control::ChatKind;
use crate::rights::AdminRights;
use crate::world::{ApiError, Chat, Life, Status, User, World};

impl World {
    /// The chat a call names by id or `@username`, if there is any.
    pub(super) fn chat_of(&self, params: &Params) -> Option<i64> {
        if let Some(id) = params.int("chat_id") {
            return Some(id);
        }
        let name = params.text("chat_id").strip_prefix('@')?;
        let called = |chat: &&Chat| chat.username.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name));
        self.chats.values().find(called).map(|chat| chat.id)
    }

    fn named_chat(&self, params: &Params) -> Result<i64, ApiError> {
        if params.get("chat_id").is_none() || params.get("chat_id").is_some_and(|v| v == "") {
            return Err(ApiError::bad_request("chat_id is empty"));
        }
        self.chat_of(params).ok_or_else(|| ApiError::bad_request("chat not found"))
    }

    /// The group the call is about, the bot being in it.
    ///
    /// # Errors
    /// `chat not found` also for chats the bot never was in; 403 where it is no longer; the new id of an upgraded
    /// group; `in_private` for the private chat of somebody known.
    pub(super) fn group(&self, params: &Params, in_private: &str) -> Result<&Chat, ApiError> {
        let id = self.named_chat(params)?;
        if self.users.contains_key(&id) {
            return Err(ApiError::bad_request(in_private));
        }
        self.reachable(id)
    }

    pub(super) fn reachable(&self, id: i64) -> Result<&Chat, ApiError> {
        let unknown = || ApiError::bad_request("chat not found");
        let chat = self.chats.get(&id).ok_or_else(unknown)?;
        let kind = chat.kind_name();
        let known = chat.members.contains_key(&self.bot.id);
        match (chat.life, self.bot_status(id)) {
            _ if !known => Err(unknown()),
            (Life::MigratedTo(new), _) => Err(upgraded(new)),
            (Life::Deleted, _) if chat.kind == ChatKind::Group => Err(ApiError::forbidden("the group chat was deleted")),
            (Life::Deleted, _) => Err(unknown()),
            (Life::Active, status) if status.is_present() => Ok(chat),
            (Life::Active, status) => {
                let removed = chat.bot_was_removed && chat.kind == ChatKind::Group;
                if removed || matches!(status, Status::Kicked { .. }) {
                    Err(ApiError::forbidden(&format!("bot was kicked from the {kind} chat")))
                } else {
                    Err(ApiError::forbidden(&format!("bot is not a member of the {kind} chat")))
                }
            }
        }
    }

    /// The user the call is about.
    pub(super) fn known_user(&self, params: &Params) -> Result<&User, ApiError> {
        let id = params.int("user_id").filter(|id| *id > 0);
        let id = id.ok_or_else(|| ApiError::bad_request("invalid user_id specified"))?;
        self.users.get(&id).ok_or_else(|| ApiError::bad_request("user not found"))
    }

    pub(super) fn bot_may(&self, chat: i64, right: fn(&AdminRights) -> bool, refusal: &str) -> Result<(), ApiError> {
        if right(&self.bot_status(chat).rights()) { Ok(()) } else { Err(ApiError::bad_request(refusal)) }
    }
}

fn upgraded(new: i64) -> ApiError {
    let error = ApiError::bad_request("group chat was upgraded to a supergroup chat");
    ApiError { parameters: Some(serde_json::json!({"migrate_to_chat_id": new})), ..error }
}
