//! Messages for one person alone (Bot API 10.2 and 10.3, "Ephemeral messages and commands").

use serde_json::Value;

use super::Params;
use crate::world::{ApiError, Message, World};

/// How long after a press or an ephemeral command any bot may answer, milliseconds.
const ANSWERABLE_MS: i64 = 15_000;

/// Receiver of an ephemeral message; `None`: it is for everybody.
///
/// # Errors
/// The words are those that other bots were told: the documentation has none.
pub fn receiver(world: &World, params: &Params, chat: i64) -> Result<Option<i64>, ApiError> {
    let Some(given) = params.json("ephemeral_message_parameters") else { return answers_none(world, params, chat).map(|()| None) };
    // An older server ignores parameters that it does not know.
    if world.chats.get(&chat).is_some_and(|chat| chat.ignores_ephemeral) {
        return Ok(None);
    }
    let refused = |what| Err(ApiError::bad_request(what));
    let Some(person) = given.get("receiver_user_id").and_then(Value::as_i64) else {
        return refused("receiver user identifier is not specified");
    };
    let is_human = world.users.get(&person).is_some_and(|user| !user.is_bot);
    if !is_human || !world.status(chat, person).is_present() {
        return refused("USER_NOT_PARTICIPANT");
    }
    let now_ms = world.now_ms();
    let pressed = given.get("callback_query_id").and_then(Value::as_str).map(|id| world.queries.get(id));
    let by_press = pressed.flatten().is_some_and(|q| q.by == person && q.answer.is_none() && now_ms - q.at_ms < ANSWERABLE_MS);
    let answered = answered(params).and_then(|id| incoming(world, chat, id));
    let by_answer = answered.is_some_and(|m| m.only_for == Some(person) && now_ms - m.at_ms < ANSWERABLE_MS);
    if pressed.is_some() && !by_press {
        return refused("query is too old and response timeout expired or query ID is invalid");
    }
    if by_press || by_answer || world.bot_status(chat).is_admin() { Ok(Some(person)) } else { refused("BOT_NOT_ADMIN") }
}

/// An answer to an ephemeral message must be one itself.
fn answers_none(world: &World, params: &Params, chat: i64) -> Result<(), ApiError> {
    let answers = answered(params).is_some_and(|id| incoming(world, chat, id).is_some());
    if answers { Err(ApiError::bad_request("MESSAGE_ID_INVALID")) } else { Ok(()) }
}

fn answered(params: &Params) -> Option<i64> {
    params.json("reply_parameters")?.get("ephemeral_message_id")?.as_i64()
}

/// A message to the bot alone.
pub fn incoming(world: &World, chat: i64, ephemeral_message_id: i64) -> Option<&Message> {
    let message = world.messages.get(&(chat, -ephemeral_message_id))?;
    (message.only_for == Some(message.from) && !message.deleted).then_some(message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bot_api::tests::{call, refusal};
    use crate::control::{BotRole, ChatKind, SayOptions};
    use crate::world::tests::Scene;

    fn registered(s: &mut Scene) {
        let commands = json!([{"command": "list", "description": "People", "is_ephemeral": true}]);
        for scope in ["all_chat_administrators", "all_group_chats"] {
            call(s, "setMyCommands", json!({"scope": {"type": scope}, "commands": commands})).unwrap();
        }
    }

    /// The member sends an ephemeral command; its number.
    fn asked(s: &mut Scene) -> i64 {
        let command = format!("/list@{}", s.world.bot.username.as_deref().unwrap());
        let options = SayOptions { ephemeral: true, ..SayOptions::default() };
        -s.world.say(s.chat, s.member, command, options).unwrap()
    }

    fn to(s: &Scene, user: i64, more: Value) -> Value {
        let mut params = json!({"chat_id": s.chat, "text": "x", "ephemeral_message_parameters": {"receiver_user_id": user}});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    #[test]
    fn a_command_and_its_answer_are_seen_by_one_person_alone() {
        let mut s = Scene::new();
        registered(&mut s);
        let command = asked(&mut s);
        let heard = s.heard().remove(0).1;
        assert_eq!((&heard["message_id"], &heard["ephemeral_message_id"]), (&json!(0), &json!(command)));
        assert_eq!(heard["receiver_user"]["id"], json!(s.world.bot.id));
        let params = to(&s, s.member, json!({"reply_parameters": {"ephemeral_message_id": command}}));
        let answer = call(&mut s, "sendMessage", params).unwrap();
        assert_eq!((&answer["message_id"], &answer["receiver_user"]["id"]), (&json!(0), &json!(s.member)));
        assert_eq!((s.world.sees(s.member).unwrap().len(), s.world.sees(s.admin).unwrap().len()), (2, 0));
        let id = answer["ephemeral_message_id"].as_i64().unwrap();
        let named = |user: i64, s: &Scene| json!({"chat_id": s.chat, "receiver_user_id": user, "ephemeral_message_id": id});
        let with_text = |mut params: Value| {
            params["text"] = json!("y");
            params
        };
        assert_eq!(
            refusal(&mut s, "deleteMessage", json!({"chat_id": heard["chat"]["id"], "message_id": 0})),
            "message to delete not found"
        );
        let others = named(s.admin, &s);
        assert_eq!(refusal(&mut s, "editEphemeralMessageText", with_text(others)), "message to edit not found");
        let theirs = named(s.member, &s);
        assert_eq!(call(&mut s, "editEphemeralMessageText", with_text(theirs.clone())), Ok(json!(true)));
        assert_eq!(s.world.sees(s.member).unwrap()[1].text, "y");
        assert_eq!(call(&mut s, "deleteEphemeralMessage", theirs.clone()), Ok(json!(true)));
        assert_eq!(refusal(&mut s, "deleteEphemeralMessage", theirs), "message to delete not found");
    }

    #[test]
    fn a_bot_that_is_no_admin_answers_within_fifteen_seconds_and_never_strangers_or_bots() {
        let mut s = Scene::of(ChatKind::Supergroup, BotRole::Member);
        registered(&mut s);
        let plain = to(&s, s.member, json!({}));
        assert_eq!(refusal(&mut s, "sendMessage", plain), "BOT_NOT_ADMIN");
        let command = asked(&mut s);
        let answer = to(&s, s.member, json!({"reply_parameters": {"ephemeral_message_id": command}}));
        assert!(call(&mut s, "sendMessage", answer.clone()).is_ok());
        let others = to(&s, s.admin, json!({"reply_parameters": {"ephemeral_message_id": command}}));
        assert_eq!(refusal(&mut s, "sendMessage", others), "BOT_NOT_ADMIN");
        let stranger = to(&s, s.stranger, json!({}));
        assert_eq!(refusal(&mut s, "sendMessage", stranger), "USER_NOT_PARTICIPANT");
        let public = json!({"chat_id": s.chat, "text": "x", "reply_parameters": {"ephemeral_message_id": command}});
        assert_eq!(refusal(&mut s, "sendMessage", public), "MESSAGE_ID_INVALID");
        let later = s.world.now_ms() + super::ANSWERABLE_MS;
        s.world.at(later);
        assert_eq!(refusal(&mut s, "sendMessage", answer), "BOT_NOT_ADMIN");
    }

    #[test]
    fn a_press_is_answered_to_who_pressed_as_long_as_it_waits() {
        let mut s = Scene::of(ChatKind::Supergroup, BotRole::Member);
        let buttons = json!({"inline_keyboard": [[{"text": "b", "callback_data": "d"}]]});
        let menu = json!({"chat_id": s.chat, "text": "x", "reply_markup": buttons});
        let shown = call(&mut s, "sendMessage", menu).unwrap();
        let query = s.world.press(s.member, s.chat, shown["message_id"].as_i64().unwrap(), "d", false).unwrap();
        let pressed = |user: i64, s: &Scene| json!({"chat_id": s.chat, "text": "x", "ephemeral_message_parameters": {"receiver_user_id": user, "callback_query_id": query}});
        let (theirs, others) = (pressed(s.member, &s), pressed(s.admin, &s));
        assert!(call(&mut s, "sendMessage", theirs.clone()).is_ok());
        let too_old = "query is too old and response timeout expired or query ID is invalid";
        assert_eq!(refusal(&mut s, "sendMessage", others), too_old);
        call(&mut s, "answerCallbackQuery", json!({"callback_query_id": query})).unwrap();
        assert_eq!(refusal(&mut s, "sendMessage", theirs), too_old);
    }

    #[test]
    fn an_older_server_sends_to_everybody() {
        let mut s = Scene::new();
        s.world.ignore_ephemeral(s.chat).unwrap();
        let params = to(&s, s.member, json!({}));
        let sent = call(&mut s, "sendMessage", params).unwrap();
        assert!(sent.get("ephemeral_message_id").is_none() && sent["message_id"].as_i64().unwrap() > 0);
        assert_eq!(s.world.sees(s.admin).unwrap().len(), 1);
    }
}
