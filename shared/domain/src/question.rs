//! A question to the admins of a chat, with buttons. The first who may ban there and presses decides.

use crate::ban::derive;
use crate::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a question can be answered, in seconds: 7 days.
pub const OPEN: i64 = 7 * 24 * 3600;

/// The most bans that one question is about. What comes after them in the same hour has questions of its own.
pub const MOST_EVENTS: usize = 100;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Is this person to be banned here, too?
    Ban,
    /// The source bans so much that its bans are held: are they to be carried over here?
    Held,
    /// To the source's own admins: are these bans meant, and to go on to all who follow?
    Release,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Ban here, or let go on.
    Ban,
    /// Not this time.
    Ignore,
    /// Not now and not any more from this source.
    Never,
}

/// Where a question stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub question_id: Uuid,
    pub about: About,
    /// Whose admins are asked.
    pub chat_id: ChatId,
    pub user_id: UserId,
    pub source_chat_id: ChatId,
    /// Unix seconds.
    pub asked_at: i64,
    #[serde(default)]
    pub choice: Option<Choice>,
    #[serde(default)]
    pub decided_by: Option<UserId>,
}

impl Question {
    /// Can it still be answered at `now` (Unix seconds)?
    pub fn is_open(&self, now: i64) -> bool {
        self.choice.is_none() && now < self.asked_at + OPEN
    }
}

/// Of a ban in a chat.
pub fn id_of_ban(sync_id: Uuid, chat: ChatId) -> Uuid {
    derive(&["question", &sync_id.to_string(), &chat.to_string()])
}

/// Of all bans of one source that are held in an hour. `asked`: the chat whose admins are asked; the source itself, too. `at`: Unix
/// seconds of the ban.
pub fn id_of_held(source: ChatId, asked: ChatId, at: i64) -> Uuid {
    derive(&["question", "held", &source.to_string(), &asked.to_string(), &at.div_euclid(3600).to_string()])
}

/// A button: which question, and what is answered. As callback data: 38 bytes of Telegram's 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Button {
    pub question_id: Uuid,
    pub choice: Choice,
}

impl Button {
    pub fn data(&self) -> String {
        let choice = match self.choice {
            Choice::Ban => 'b',
            Choice::Ignore => 'i',
            Choice::Never => 'n',
        };
        format!("q:{}:{choice}", self.question_id.simple())
    }

    /// `None`: the data is of no such button.
    pub fn read(data: &str) -> Option<Self> {
        let (id, choice) = data.strip_prefix("q:")?.split_once(':')?;
        let choice = match choice {
            "b" => Choice::Ban,
            "i" => Choice::Ignore,
            "n" => Choice::Never,
            _ => return None,
        };
        Some(Self { question_id: Uuid::try_parse(id).ok()?, choice })
    }
}

/// A button that takes a sync back in a chat. As callback data: at most 55 bytes of Telegram's 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndoButton {
    pub sync_id: Uuid,
    pub chat_id: ChatId,
}

impl UndoButton {
    pub fn data(&self) -> String {
        format!("u:{}:{}", self.sync_id.simple(), self.chat_id)
    }

    /// `None`: the data is of no such button.
    pub fn read(data: &str) -> Option<Self> {
        let (id, chat) = data.strip_prefix("u:")?.split_once(':')?;
        Some(Self { sync_id: Uuid::try_parse(id).ok()?, chat_id: ChatId(chat.parse().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_reads_back_and_fits_into_telegrams_limit() {
        for choice in [Choice::Ban, Choice::Ignore, Choice::Never] {
            let button = Button { question_id: Uuid::from_u128(u128::MAX), choice };
            assert_eq!(Button::read(&button.data()), Some(button));
            assert!(button.data().len() <= 64);
        }
        let undo = UndoButton { sync_id: Uuid::from_u128(7), chat_id: ChatId(-(1 << 52)) };
        assert_eq!(UndoButton::read(&undo.data()), Some(undo));
        assert!(undo.data().len() <= 64);
    }

    #[test]
    fn what_somebody_made_up_is_no_button() {
        for data in
            ["", "q:", "q::b", "q:xyz:b", "q:00000000000000000000000000000007:", "q:00000000000000000000000000000007:x", "u:1:2:3", "u:7"]
        {
            assert_eq!((Button::read(data), UndoButton::read(data)), (None, None), "{data}");
        }
    }

    #[test]
    fn a_question_is_open_for_seven_days_or_until_it_is_answered() {
        let question = Question {
            question_id: Uuid::nil(),
            about: About::Ban,
            chat_id: ChatId(-1),
            user_id: UserId(5),
            source_chat_id: ChatId(-2),
            asked_at: 1000,
            choice: None,
            decided_by: None,
        };
        assert!(question.is_open(1000 + OPEN - 1) && !question.is_open(1000 + OPEN));
        assert!(!Question { choice: Some(Choice::Ignore), ..question }.is_open(1001));
    }

    #[test]
    fn bans_that_are_held_within_an_hour_are_one_question() {
        let (a, b) = (ChatId(-1), ChatId(-2));
        assert_eq!(id_of_held(a, b, 7200), id_of_held(a, b, 10_799));
        assert_ne!(id_of_held(a, b, 7200), id_of_held(a, b, 10_800));
        assert_ne!(id_of_held(a, b, 7200), id_of_held(b, a, 7200));
    }
}
