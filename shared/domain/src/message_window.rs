//! When a chat takes the bot's next answer, and whose.
//!
//! Telegram takes 20 messages a minute in a group, and about one a second in any chat with short bursts (Bot FAQ, "My bot is hitting limits",
//! <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>). Anybody in a group can ask for answers, so a part of its
//! minute is kept for those who decide there, and people without rights have few answers in an hour.

use crate::ids::ChatId;
use serde::{Deserialize, Serialize};

/// Messages and edits a minute in a group: "Limits for message editing and sending are shared" (tdlib/td#3034).
const GROUP_MESSAGES: usize = 20;

/// Those of them that people may have who cannot ban there. The rest of the minute is kept for who can.
const UNRESERVED: usize = 12;

/// Answers an hour in a group to people who are no administrators of it. Ten say to a whole group whom the bot listens to; more would be
/// noise. Even all in one minute, they leave the reserved part alone.
const STRANGERS: usize = 10;

/// A minute, and as long as a message may be on its way to Telegram after its place was taken, in milliseconds.
const GROUP_WINDOW_MS: i64 = 63_000;

/// Between two messages in a group, in milliseconds.
const GROUP_INTERVAL_MS: i64 = 1000;

/// Messages a minute that somebody is told without having asked; what is more comes together later.
const TOLD: usize = 20;

/// A minute, and as long as a message may be on its way, in milliseconds.
const TOLD_WINDOW_MS: i64 = 63_000;

/// Between two of them, in milliseconds.
const TOLD_INTERVAL_MS: i64 = 1000;

/// Messages in private: so many at once, and one a second in the long run.
const PRIVATE_MESSAGES: usize = 5;
const PRIVATE_WINDOW_MS: i64 = 5000;

/// Messages and edits in private. Whoever goes through menus presses quickly for a while.
const PRIVATE_WRITES: usize = 20;
const PRIVATE_WRITES_WINDOW_MS: i64 = 20_000;

const HOUR_MS: i64 = 3_600_000;

/// Who is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// May ban in the group; or it is a private chat.
    Decides,
    /// An administrator of the group without the right to ban.
    Looks,
    /// Anybody else.
    Stranger,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    Message,
    /// A change of a message: it counts in the long run and not by the second.
    Edit,
}

/// Why a message that nobody asked for has no place now, and in how many milliseconds it may have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// Another has just gone there.
    Busy(i64),
    /// Its reader was told enough within the minute.
    Full(i64),
}

impl NoPlace {
    /// Milliseconds until there may be one.
    pub fn wait_ms(self) -> i64 {
        match self {
            Self::Busy(ms) | Self::Full(ms) => ms,
        }
    }
}

/// What a chat was sent lately; the default is a quiet one. Milliseconds since the Unix epoch, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageWindow {
    /// No message and no edit before this: Telegram said so.
    pub flooded_until_ms: i64,
    /// No message before this that nobody asked for.
    pub busy_until_ms: i64,
    /// Messages and edits of the last minute; in private, of the last twenty seconds.
    pub written_ms: Vec<i64>,
    /// The last message.
    pub sent_ms: i64,
    /// Answers to strangers of the last hour.
    pub strangers_ms: Vec<i64>,
    /// In private: messages of the last minute that nobody asked for.
    pub told_ms: Vec<i64>,
    /// Places taken so far: tells one state from the next.
    pub taken: i64,
}

impl MessageWindow {
    /// Takes a place at `now_ms` for a message in private that nobody asked for; the state after that.
    pub fn tell(&self, now_ms: i64) -> Result<Self, NoPlace> {
        let busy_for = self.busy_until_ms.max(self.flooded_until_ms) - now_ms;
        if busy_for > 0 {
            return Err(NoPlace::Busy(busy_for));
        }
        let mut told = within(&self.told_ms, TOLD_WINDOW_MS, now_ms);
        match wait(&told, TOLD, TOLD_WINDOW_MS, now_ms) {
            0 => told.push(now_ms),
            ms => return Err(NoPlace::Full(ms)),
        }
        Ok(Self { busy_until_ms: now_ms + TOLD_INTERVAL_MS, told_ms: told, ..self.clone() })
    }

    /// Takes a place at `now_ms`; the state after that, or how many milliseconds there is none.
    pub fn take(&self, chat: ChatId, standing: Standing, writes: Writes, now_ms: i64) -> Result<Self, i64> {
        let group = chat.0 < 0;
        let (most, window_ms) = match standing {
            _ if !group => (PRIVATE_WRITES, PRIVATE_WRITES_WINDOW_MS),
            Standing::Decides => (GROUP_MESSAGES, GROUP_WINDOW_MS),
            Standing::Looks | Standing::Stranger => (UNRESERVED, GROUP_WINDOW_MS),
        };
        let written = within(&self.written_ms, window_ms, now_ms);
        let strangers = within(&self.strangers_ms, HOUR_MS, now_ms);
        let mut waits = vec![wait(&written, most, window_ms, now_ms), self.flooded_until_ms - now_ms];
        if writes == Writes::Message {
            waits.push(match group {
                true => self.sent_ms + GROUP_INTERVAL_MS - now_ms,
                false => wait(&within(&self.written_ms, PRIVATE_WINDOW_MS, now_ms), PRIVATE_MESSAGES, PRIVATE_WINDOW_MS, now_ms),
            });
        }
        if standing == Standing::Stranger {
            waits.push(wait(&strangers, STRANGERS, HOUR_MS, now_ms));
        }
        match waits.into_iter().max() {
            Some(wait) if wait > 0 => return Err(wait),
            _ => {}
        }
        let mut next = Self { written_ms: written, strangers_ms: strangers, taken: self.taken + 1, ..self.clone() };
        next.written_ms.push(now_ms);
        if writes == Writes::Message {
            next.sent_ms = now_ms;
        }
        if standing == Standing::Stranger {
            next.strangers_ms.push(now_ms);
        }
        Ok(next)
    }
}

fn within(times: &[i64], window_ms: i64, now_ms: i64) -> Vec<i64> {
    times.iter().copied().filter(|at| now_ms - at < window_ms).collect()
}

/// Until fewer than `most` of these times are within the window, in milliseconds; 0 where they are.
fn wait(times: &[i64], most: usize, window_ms: i64, now_ms: i64) -> i64 {
    let in_the_way = times.len().checked_sub(most).and_then(|index| times.get(index));
    in_the_way.map_or(0, |at| at + window_ms - now_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GROUP: ChatId = ChatId(-100);
    const PRIVATE: ChatId = ChatId(5);
    const NOW: i64 = 1_000_000_000;

    /// A window after so many answers, as soon as each is possible; and the time then.
    fn after(answers: usize, chat: ChatId, standing: Standing) -> (MessageWindow, i64) {
        let (mut window, mut now) = (MessageWindow::default(), NOW);
        for _ in 0..answers {
            while let Err(wait) = window.take(chat, standing, Writes::Message, now) {
                now += wait;
            }
            window = window.take(chat, standing, Writes::Message, now).unwrap();
        }
        (window, now)
    }

    #[test]
    fn a_group_takes_twenty_a_minute_and_one_a_second_of_those_who_decide() {
        let (window, now) = after(20, GROUP, Standing::Decides);
        assert_eq!(now, NOW + 19 * 1000, "one a second");
        assert_eq!(window.take(GROUP, Standing::Decides, Writes::Message, now + 1000), Err(NOW + 63_000 - now - 1000));
        assert!(window.take(GROUP, Standing::Decides, Writes::Edit, now + 1000).is_err(), "edits count by the minute");
        assert!(window.take(GROUP, Standing::Decides, Writes::Edit, NOW + 63_000).is_ok());
    }

    #[test]
    fn an_edit_waits_for_no_second_and_makes_nobody_wait_one() {
        let window = MessageWindow::default().take(GROUP, Standing::Decides, Writes::Message, NOW).unwrap();
        assert_eq!(window.take(GROUP, Standing::Decides, Writes::Message, NOW + 1), Err(999));
        let window = window.take(GROUP, Standing::Decides, Writes::Edit, NOW + 1).unwrap();
        assert!(window.take(GROUP, Standing::Decides, Writes::Message, NOW + 1000).is_ok());
    }

    #[test]
    fn whatever_others_ask_for_a_part_of_the_minute_is_left_to_those_who_decide() {
        let (window, now) = after(12, GROUP, Standing::Looks);
        let later = now + 1000;
        assert!(window.take(GROUP, Standing::Looks, Writes::Message, later).is_err());
        assert!(window.take(GROUP, Standing::Stranger, Writes::Message, later).is_err());
        assert!(window.take(GROUP, Standing::Decides, Writes::Message, later).is_ok());
    }

    #[test]
    fn strangers_have_ten_answers_an_hour_in_a_group() {
        let (window, now) = after(10, GROUP, Standing::Stranger);
        assert_eq!(window.take(GROUP, Standing::Stranger, Writes::Message, now + 120_000), Err(NOW + HOUR_MS - now - 120_000));
        assert!(window.take(GROUP, Standing::Looks, Writes::Message, now + 120_000).is_ok());
        assert!(window.take(GROUP, Standing::Stranger, Writes::Message, NOW + HOUR_MS).is_ok());
    }

    #[test]
    fn in_private_a_few_are_answered_at_once_and_then_one_a_second() {
        let (window, now) = after(5, PRIVATE, Standing::Decides);
        assert_eq!(now, NOW);
        assert_eq!(window.take(PRIVATE, Standing::Decides, Writes::Message, now), Err(5000));
        assert_eq!(after(50, PRIVATE, Standing::Decides).1, NOW + 45_000);
    }

    #[test]
    fn in_private_twenty_presses_are_answered_at_once_and_a_message_after_them_when_the_last_seconds_had_few() {
        let mut window = MessageWindow::default();
        for _ in 0..20 {
            window = window.take(PRIVATE, Standing::Decides, Writes::Edit, NOW).unwrap();
        }
        assert_eq!(window.take(PRIVATE, Standing::Decides, Writes::Edit, NOW + 1), Err(19_999));
        let window = (0..5).fold(MessageWindow::default(), |window, _| window.take(PRIVATE, Standing::Decides, Writes::Edit, NOW).unwrap());
        assert_eq!(window.take(PRIVATE, Standing::Decides, Writes::Message, NOW + 1), Err(4999));
        assert!(window.take(PRIVATE, Standing::Decides, Writes::Message, NOW + 5000).is_ok());
    }

    #[test]
    fn somebody_is_told_twenty_things_a_minute_and_one_a_second() {
        let (mut window, mut now) = (MessageWindow::default(), NOW);
        for _ in 0..20 {
            while let Err(NoPlace::Busy(ms)) = window.tell(now) {
                now += ms;
            }
            window = window.tell(now).unwrap();
        }
        assert_eq!(now, NOW + 19_000);
        assert_eq!(window.tell(now + 1), Err(NoPlace::Busy(999)));
        assert_eq!(window.tell(now + 1000), Err(NoPlace::Full(63_000 - 20_000)));
        assert!(window.tell(NOW + 63_000).is_ok());
    }

    #[test]
    fn a_flood_wait_holds_its_chat_and_what_is_told_of_oneself_holds_no_answer() {
        for chat in [GROUP, PRIVATE] {
            let flooded = MessageWindow { flooded_until_ms: NOW + 700, ..MessageWindow::default() };
            assert_eq!(flooded.take(chat, Standing::Decides, Writes::Edit, NOW), Err(700), "{chat}");
            assert_eq!(flooded.tell(NOW), Err(NoPlace::Busy(700)));
            let told = MessageWindow { busy_until_ms: NOW + 700, ..MessageWindow::default() };
            assert!(told.take(chat, Standing::Decides, Writes::Message, NOW).is_ok(), "{chat}");
        }
    }

    proptest! {
        #[test]
        fn no_minute_of_a_group_has_more_than_telegram_takes(asks in prop::collection::vec((0i64..4000, 0u8..3, any::<bool>()), 1..300)) {
            let (mut window, mut now, mut written) = (MessageWindow::default(), NOW, Vec::new());
            for (pause, standing, edits) in asks {
                now += pause;
                let standing = [Standing::Decides, Standing::Looks, Standing::Stranger][usize::from(standing)];
                let writes = if edits { Writes::Edit } else { Writes::Message };
                if let Ok(next) = window.take(GROUP, standing, writes, now) {
                    (window, _) = (next, written.push(now));
                }
                prop_assert!(window.written_ms.len() <= GROUP_MESSAGES && window.strangers_ms.len() <= STRANGERS, "the item stays small");
            }
            for start in &written {
                prop_assert!(written.iter().filter(|at| (*start..start + 60_000).contains(at)).count() <= GROUP_MESSAGES);
            }
        }
    }
}
