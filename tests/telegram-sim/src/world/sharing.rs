//! The keyboard that the bot shows in a private chat, and the users that are shared through it.

use serde_json::{Value, json};

use super::{Message, Refused, User, World};

/// How many users a button takes when it does not say (Bot API, `KeyboardButtonRequestUsers`).
const ONE: u64 = 1;

impl World {
    pub fn share_users(&mut self, user: i64, request_id: i64, users: &[i64]) -> Result<i64, Refused> {
        let request = self.request_users(user, request_id).cloned();
        let request = request.ok_or_else(|| format!("the bot shows user {user} no button with the request_id {request_id}"))?;
        let most = request["max_quantity"].as_u64().unwrap_or(ONE);
        if users.is_empty() || users.len() as u64 > most {
            return Err(format!("the button takes 1 to {most} users, not {}", users.len()));
        }
        let mut shared = Vec::new();
        for id in users {
            shared.push(asked_for(&request, self.user(*id)?));
        }
        let extra = json!({"users_shared": {"request_id": request_id, "users": shared}});
        let extra = extra.as_object().cloned().unwrap_or_default();
        Ok(self.private_message(Message { chat: user, from: user, extra, service: true, ..Message::default() }))
    }

    /// The `request_users` with this id of the keyboard shown now: a keyboard stays until the next or until it is
    /// removed.
    fn request_users(&self, user: i64, request_id: i64) -> Option<&Value> {
        let newest_first = self.messages.range((user, i64::MIN)..=(user, i64::MAX)).rev();
        let mut markups = newest_first.filter_map(|(_, message)| message.reply_markup.as_ref());
        let shown = markups.find(|m| m.get("keyboard").is_some() || m.get("remove_keyboard").is_some())?;
        let buttons = shown.get("keyboard")?.as_array()?.iter().filter_map(Value::as_array).flatten();
        let mut requests = buttons.filter_map(|button| button.get("request_users"));
        requests.find(|request| request["request_id"] == request_id)
    }
}

/// The Bot API's `SharedUser`: the id, and the names the button asked for.
fn asked_for(request: &Value, person: &User) -> Value {
    let mut json = json!({"user_id": person.id});
    let first = Some(&person.first_name);
    for (wish, key, value) in [
        ("request_name", "first_name", first),
        ("request_name", "last_name", person.last_name.as_ref()),
        ("request_username", "username", person.username.as_ref()),
    ] {
        if let Some(value) = value.filter(|_| request[wish] == true) {
            json[key] = json!(value);
        }
    }
    json
}

#[cfg(test)]
#[path = "sharing_tests.rs"]
mod tests;
