//! Telegram's ids in requests: read only where they can be ids at all.

use crate::bounded::Integer;
use domain::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Telegram's ids need 52 bits (Bot API, `User.id` and `Chat.id`).
const LARGEST: i64 = 1 << 52;

/// A person or a bot.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(try_from = "Integer", into = "i64")]
#[schema(value_type = i64, minimum = 1, maximum = 4_503_599_627_370_496_i64, example = 987654321)]
pub struct PersonId(pub UserId);

/// A group, supergroup or channel.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(try_from = "Integer", into = "i64")]
#[schema(value_type = i64, minimum = -4_503_599_627_370_496_i64, maximum = -1, example = -1001234567890_i64)]
pub struct GroupId(pub ChatId);

/// A chat of any kind; a person's private chat has his id.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(try_from = "Integer", into = "i64")]
#[schema(value_type = i64, minimum = -4_503_599_627_370_496_i64, maximum = 4_503_599_627_370_496_i64, example = -1001234567890_i64)]
pub struct AnyChatId(pub ChatId);

impl TryFrom<Integer> for AnyChatId {
    type Error = &'static str;

    fn try_from(Integer(id): Integer) -> Result<Self, &'static str> {
        if (-LARGEST..=LARGEST).contains(&id) { Ok(Self(ChatId(id))) } else { Err("a chat's id has at most 52 bits") }
    }
}

impl From<AnyChatId> for i64 {
    fn from(id: AnyChatId) -> Self {
        id.0.0
    }
}

impl TryFrom<Integer> for PersonId {
    type Error = &'static str;

    fn try_from(Integer(id): Integer) -> Result<Self, &'static str> {
        if (1..=LARGEST).contains(&id) { Ok(Self(UserId(id))) } else { Err("a person's id is positive and has at most 52 bits") }
    }
}

impl TryFrom<Integer> for GroupId {
    type Error = &'static str;

    fn try_from(Integer(id): Integer) -> Result<Self, &'static str> {
        if (-LARGEST..0).contains(&id) { Ok(Self(ChatId(id))) } else { Err("a group's id is negative and has at most 52 bits") }
    }
}

impl From<PersonId> for i64 {
    fn from(id: PersonId) -> Self {
        id.0.0
    }
}

impl From<GroupId> for i64 {
    fn from(id: GroupId) -> Self {
        id.0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_id_is_not_read() {
        let person = |json: &str| serde_json::from_str::<PersonId>(json).is_ok();
        let group = |json: &str| serde_json::from_str::<GroupId>(json).is_ok();
        assert!(person("1") && person("1.0") && person("4503599627370496") && group("-1") && group("-1001234567890"));
        for json in ["0", "-5", "4503599627370497", "\"1\"", "1.5", "true"] {
            assert!(!person(json), "{json}");
        }
        for json in ["0", "5", "-4503599627370497"] {
            assert!(!group(json), "{json}");
        }
    }

    #[test]
    fn an_id_in_a_query_is_read_as_in_a_body() {
        #[derive(Deserialize)]
        struct Asked {
            #[expect(dead_code, reason = "only read")]
            id: PersonId,
        }
        let query = |id: &str| axum::extract::Query::<Asked>::try_from_uri(&format!("/?id={id}").parse().unwrap()).is_ok();
        assert!(query("5") && query("5.0") && query("4503599627370496"));
        for id in ["5.5", "x", "inf", "nan", "0", "4503599627370497", ""] {
            assert!(!query(id), "{id}");
        }
    }
}
