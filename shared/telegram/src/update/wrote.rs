//! What somebody writes to the bot in private that is no command: it may be the answer to what the bot asked.

use super::{Person, raw};
use domain::ids::UserId;
use serde_json::value::RawValue;

/// A private message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrote {
    /// Of the update, where it had one: a redelivery has the same.
    pub update_id: Option<i64>,
    pub from: Person,
    pub message_id: Option<i64>,
    pub what: Written,
}

/// What stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    Text(String),
    Forward(Forwarded),
    /// People chosen by the button with this number.
    Shared {
        request_id: i64,
        people: Vec<Person>,
    },
}

/// Where a forwarded message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forwarded {
    From(Person),
    /// Its author does not let forwards name him.
    Hidden,
    /// A chat, a channel, or somebody writing in their name.
    FromChat,
}

/// `None`: nothing in a message that anybody could answer with.
pub fn read(message: &raw::Message, update_id: Option<i64>) -> Option<Wrote> {
    if !message.chat.is_private() || message.via_bot.is_some() {
        return None;
    }
    let from = message.from.as_ref().map(raw::User::person).filter(|from| !from.is_bot && from.id == UserId(message.chat.id.0))?;
    let what = if let Some(origin) = message.forward_origin {
        Written::Forward(forwarded(origin)?)
    } else if let Some((request_id, people)) = message.users_shared() {
        Written::Shared { request_id, people }
    } else {
        Written::Text(message.text()?)
    };
    Some(Wrote { update_id, from, message_id: message.message_id(), what })
}

/// Reads a `MessageOrigin` of the Bot API.
pub fn forwarded(origin: &RawValue) -> Option<Forwarded> {
    let origin: raw::Origin = serde_json::from_str(origin.get()).ok()?;
    Some(match (&origin.sender_user, origin.hidden_name()) {
        (Some(user), _) => Forwarded::From(user.person()),
        (None, Some(_)) => Forwarded::Hidden,
        (None, None) => Forwarded::FromChat,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Update, read};
    use super::*;

    fn wrote(more: &str) -> Option<Written> {
        let body = format!(
            r#"{{"update_id":3,"message":{{"message_id":9,"from":{{"id":1,"is_bot":false,"first_name":"A"}},
            "chat":{{"id":1,"type":"private"}},"date":1,{more}}}}}"#
        );
        match read(body.as_bytes(), UserId(99), 0).unwrap() {
            Update::Wrote(wrote) => Some(wrote.what),
            _ => None,
        }
    }

    #[test]
    fn a_forward_names_its_author_unless_he_hides_or_is_a_chat() {
        let of = |origin: &str| wrote(&format!(r#""text":"/list","forward_date":1,"forward_origin":{origin}"#));
        let from = of(r#"{"type":"user","date":1,"sender_user":{"id":5,"is_bot":false,"first_name":"Mal"}}"#);
        assert!(matches!(from, Some(Written::Forward(Forwarded::From(person))) if person.id == UserId(5)));
        let hidden = of(r#"{"type":"hidden_user","date":1,"sender_user_name":"Mal"}"#);
        assert_eq!(hidden, Some(Written::Forward(Forwarded::Hidden)));
        let channel = of(r#"{"type":"channel","date":1,"chat":{"id":-1,"type":"channel"},"message_id":3}"#);
        assert_eq!(channel, Some(Written::Forward(Forwarded::FromChat)));
    }

    #[test]
    fn people_that_were_chosen_have_the_names_that_were_asked_for() {
        let shared = wrote(r#""users_shared":{"request_id":7,"user_ids":[5,6],"users":[{"user_id":5,"first_name":"Mal"},{"user_id":6}]}"#);
        let Some(Written::Shared { request_id: 7, people }) = shared else { panic!("{shared:?}") };
        assert_eq!(
            people.iter().map(|person| (person.id.0, person.name())).collect::<Vec<_>>(),
            [(5, "Mal".to_owned()), (6, String::new())]
        );
    }

    #[test]
    fn a_text_is_what_it_says_and_a_picture_says_nothing() {
        assert_eq!(wrote(r#""text":"Europe/Moscow""#), Some(Written::Text("Europe/Moscow".to_owned())));
        assert_eq!(wrote(r#""photo":[]"#), None);
        assert_eq!(wrote(r#""text":"x","via_bot":{"id":3,"is_bot":true,"first_name":"x"}"#), None);
    }
}
