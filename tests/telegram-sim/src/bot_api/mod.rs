//! The bot's side: one function a method, on the [`World`], without any I/O.

mod access;
mod chats;
mod ephemeral;
mod guard;
mod html;
mod keyboard;
mod messages;
mod moderation;
mod params;
mod sending;
mod settings;
mod text;

use serde_json::{Value, json};

pub use params::Params;

use crate::control::{Call, FaultAction};
use crate::world::{ApiError, Verdict, World};

type Answer = Result<Value, ApiError>;
type Method = fn(&mut World, &Params) -> Answer;

/// Every method that is simulated, by its documented name.
const METHODS: &[(&str, Method)] = &[
    ("getMe", settings::get_me),
    ("setWebhook", settings::set_webhook),
    ("deleteWebhook", settings::delete_webhook),
    ("getWebhookInfo", settings::get_webhook_info),
    ("getUpdates", settings::get_updates),
    ("setMyCommands", settings::set_my_commands),
    ("getMyCommands", settings::get_my_commands),
    ("deleteMyCommands", settings::delete_my_commands),
    ("setMyDescription", settings::set_my_description),
    ("getMyDescription", settings::get_my_description),
    ("setMyShortDescription", settings::set_my_short_description),
    ("getMyShortDescription", settings::get_my_short_description),
    ("setMyDefaultAdministratorRights", settings::set_my_default_administrator_rights),
    ("getMyDefaultAdministratorRights", settings::get_my_default_administrator_rights),
    ("setChatMenuButton", settings::set_chat_menu_button),
    ("getChatMenuButton", settings::get_chat_menu_button),
    ("getChat", chats::get_chat),
    ("getChatMember", chats::get_chat_member),
    ("getChatAdministrators", chats::get_chat_administrators),
    ("getChatMemberCount", chats::get_chat_member_count),
    ("leaveChat", chats::leave_chat),
    ("banChatMember", moderation::ban_chat_member),
    ("unbanChatMember", moderation::unban_chat_member),
    ("restrictChatMember", moderation::restrict_chat_member),
    ("promoteChatMember", moderation::promote_chat_member),
    ("approveChatJoinRequest", moderation::approve_chat_join_request),
    ("declineChatJoinRequest", moderation::decline_chat_join_request),
    ("answerChatJoinRequestQuery", guard::answer_chat_join_request_query),
    ("sendMessage", sending::send_message),
    ("sendDocument", sending::send_document),
    ("sendPhoto", sending::send_photo),
    ("editMessageText", messages::edit_message_text),
    ("editMessageReplyMarkup", messages::edit_message_reply_markup),
    ("editEphemeralMessageText", messages::edit_ephemeral_message_text),
    ("deleteEphemeralMessage", messages::delete_ephemeral_message),
    ("deleteMessage", messages::delete_message),
    ("deleteMessages", messages::delete_messages),
    ("answerCallbackQuery", messages::answer_callback_query),
];

/// The parameter that never gets into the log.
const SECRET: &str = "secret_token";

/// What the bot is to get for a call.
#[derive(Debug, Clone)]
pub struct Reply {
    pub answer: Answer,
    /// An injected fault between the answer and the bot.
    pub wire: Wire,
}

/// What happens to an answer on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum Wire {
    Answer,
    /// The answer waits this long, milliseconds.
    Slow(u64),
    /// Nothing for this long, milliseconds, then the connection is closed.
    Hang(u64),
    Close,
    Html {
        code: u16,
        body: String,
    },
}

/// The documented name and the function of a method, which may be written in any case (libraries do).
fn find(method: &str) -> Option<(&'static str, Method)> {
    METHODS.iter().copied().find(|(name, _)| name.eq_ignore_ascii_case(method))
}

impl World {
    /// A call of the bot: limits, faults, the method itself, the log.
    pub fn call(&mut self, method: &str, params: &Params, in_webhook_answer: bool) -> Reply {
        let name = find(method).map_or(method, |(name, _)| name).to_owned();
        let documented = self.schema.call(&name, params, in_webhook_answer);
        let (chat_id, user_id) = (self.chat_of(params), params.int("user_id"));
        let mut call = Call {
            at_ms: self.now_ms(),
            chat_id,
            user_id,
            params: params.without(SECRET),
            ok: false,
            done: false,
            error_code: None,
            description: None,
            fault: None,
            in_webhook_answer,
            method: name,
        };
        // Long polling goes on while a bot may send nothing: it is no traffic the limits are about.
        let exempt = call.method == "getUpdates";
        let verdict = if exempt { Verdict::Proceed } else { self.traffic.admit(self.now_ms(), &call.method, chat_id, user_id) };
        let reply = match verdict {
            Verdict::Proceed => {
                let answer = self.carry_out(method, params, documented);
                call.done = answer.is_ok();
                Reply { answer, wire: Wire::Answer }
            }
            Verdict::Refuse(error) => Reply { answer: Err(error), wire: Wire::Answer },
            Verdict::Fault { id, action, after_effect } => {
                call.fault = Some(id);
                let carried_out = after_effect || matches!(action, FaultAction::Slow { .. });
                let answer = if carried_out { self.carry_out(method, params, documented) } else { Err(lost()) };
                call.done = answer.is_ok();
                replaced(action, answer)
            }
        };
        call.ok = reply.answer.is_ok() && matches!(reply.wire, Wire::Answer | Wire::Slow(_));
        if let Err(error) = &reply.answer {
            call.error_code = Some(error.code);
            call.description = Some(error.description.clone());
        }
        self.traffic.log(call);
        reply
    }

    /// `documented`: whether the call is as the documentation says. Telegram's own words for what is not come first; what Telegram would
    /// pass over is refused all the same, since a bot that sends it has a mistake.
    fn carry_out(&mut self, method: &str, params: &Params, documented: Result<(), String>) -> Answer {
        let (name, method) = find(method).ok_or_else(ApiError::not_found)?;
        let result = method(self, params)?;
        self.schema.answer(name, &result);
        documented.map_err(|violation| ApiError::bad_request(&format!("not in the Bot API: {violation}")))?;
        Ok(result)
    }
}

/// Stands in the log for an answer the bot never got.
fn lost() -> ApiError {
    ApiError { code: 0, description: "no answer".to_owned(), parameters: None }
}

/// A true answer after a fault has met it.
fn replaced(action: FaultAction, answer: Answer) -> Reply {
    match action {
        FaultAction::Slow { ms } => Reply { answer, wire: Wire::Slow(ms) },
        FaultAction::TooManyRequests { retry_after, .. } => {
            Reply { answer: Err(ApiError::too_many_requests(retry_after)), wire: Wire::Answer }
        }
        FaultAction::Error { code, description, parameters } => {
            Reply { answer: Err(ApiError { code, description, parameters }), wire: Wire::Answer }
        }
        FaultAction::Hang { ms } => Reply { answer: Err(lost()), wire: Wire::Hang(ms) },
        FaultAction::Close => Reply { answer: Err(lost()), wire: Wire::Close },
        FaultAction::Html { code, body } => {
            let error = ApiError { code, description: "an HTML page".to_owned(), parameters: None };
            Reply { answer: Err(error), wire: Wire::Html { code, body } }
        }
    }
}

/// The body of an answer.
pub fn answer_json(answer: &Answer) -> Value {
    match answer {
        Ok(result) => json!({"ok": true, "result": result}),
        Err(error) => error.json(),
    }
}

#[cfg(test)]
mod tests;
