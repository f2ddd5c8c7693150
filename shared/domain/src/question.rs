//! A question to the admins of a chat, with buttons. The first who may ban there and presses decides.

use crate::ban::derive;
use crate::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a question can be answered, in seconds: 7 days.
pub const OPEN: i64 = 7 * 24 * 3600;

/// The most bans that one question is about. What comes after them in the same hour is a further question.
pub const MOST_EVENTS: usize = 100;

/// The most questions to a chat about the same within an hour: a new one when the one before has its answer or is full.
pub const MOST_IN_AN_HOUR: u32 = 20;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Is this person to be banned here, too?
    Ban,
    /// The chat has never had a ban of this source: are its bans to be carried over here?
    NewSource,
    /// The source bans so much that its bans are held: are they to be carried over here?
    Held,
    /// So many of this chat's members were banned that this source's bans are held here: are they to go on all the same?
    Flooded,
    /// To the source's own admins, in older questions: are these bans meant, and to go on to all who follow? Not asked any more: whoever floods
    /// could have released it.
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

/// Of the bans that one question to a chat is about: those of one person by one source within an hour, and of whomever where the question is
/// about the source. `at`: Unix seconds of the ban. `number`: from 0, see [`MOST_IN_AN_HOUR`].
pub fn id_of(about: About, source: ChatId, user: UserId, asked: ChatId, at: i64, number: u32) -> Uuid {
    let what = match about {
        About::Ban => format!("ban of {user}"),
        About::NewSource => "new source".to_owned(),
        About::Held | About::Release => "held".to_owned(),
        About::Flooded => "flooded".to_owned(),
    };
    let hour = at.div_euclid(3600).to_string();
    derive(&["question", &what, &source.to_string(), &asked.to_string(), &hour, &number.to_string()])
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

/// A button that keeps a source's bans out of a chat. As callback data: at most 37 bytes of Telegram's 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockButton {
    pub chat_id: ChatId,
    pub source: ChatId,
}

impl BlockButton {
    pub fn data(&self) -> String {
        format!("b:{}:{}", self.chat_id, self.source)
    }

    /// `None`: the data is of no such button.
    pub fn read(data: &str) -> Option<Self> {
        let (chat, source) = data.strip_prefix("b:")?.split_once(':')?;
        let group = |id: &str| id.parse().ok().filter(|id| *id < 0).map(ChatId);
        Some(Self { chat_id: group(chat)?, source: group(source)? })
    }
}

/// A button under what an admin is only told: bans in the chat, too. As callback data: at most 55 bytes of Telegram's 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanButton {
    /// The sync that only told.
    pub sync_id: Uuid,
    pub chat_id: ChatId,
}

impl BanButton {
    pub fn data(&self) -> String {
        format!("t:{}:{}", self.sync_id.simple(), self.chat_id)
    }

    /// `None`: the data is of no such button.
    pub fn read(data: &str) -> Option<Self> {
        let (id, chat) = data.strip_prefix("t:")?.split_once(':')?;
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
        let ban = BanButton { sync_id: undo.sync_id, chat_id: undo.chat_id };
        assert_eq!(BanButton::read(&ban.data()), Some(ban));
        assert!(ban.data().len() <= 64 && UndoButton::read(&ban.data()).is_none());
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
    fn bans_of_one_person_and_held_bans_of_anybody_share_the_question_of_their_hour() {
        let (a, b, mal, eve) = (ChatId(-1), ChatId(-2), UserId(5), UserId(6));
        let first = |about, source, user, asked, at| id_of(about, source, user, asked, at, 0);
        for about in [About::Ban, About::NewSource, About::Held, About::Flooded] {
            assert_eq!(first(about, a, mal, b, 7200), first(about, a, mal, b, 10_799), "{about:?}");
            assert_ne!(first(about, a, mal, b, 7200), first(about, a, mal, b, 10_800), "{about:?}: the next hour");
            assert_ne!(first(about, a, mal, b, 7200), first(about, b, mal, a, 7200), "{about:?}: the other way round");
            assert_ne!(first(about, a, mal, b, 7200), id_of(about, a, mal, b, 7200, 1), "{about:?}: after the first");
        }
        assert_ne!(first(About::Ban, a, mal, b, 7200), first(About::Ban, a, eve, b, 7200));
        assert_eq!(first(About::Held, a, mal, b, 7200), first(About::Held, a, eve, b, 7200));
        assert_ne!(first(About::Held, a, mal, b, 7200), first(About::Flooded, a, mal, b, 7200));
    }

    #[test]
    fn a_button_that_blocks_a_source_reads_back() {
        let block = BlockButton { chat_id: ChatId(-(1 << 52)), source: ChatId(-(1 << 51)) };
        assert_eq!(BlockButton::read(&block.data()), Some(block));
        assert!(block.data().len() <= 64);
        for data in ["", "b:", "b:1", "b:-1:", "b:-1:x", "b:-1:5", "b:5:-1", "u:-1:-2", "b:-1:-2:-3"] {
            assert_eq!(BlockButton::read(data), None, "{data}");
        }
    }
}
