//! The chat that is told of what fails. Telegram does not know who operates the bot: which chat it is, is set where the bot is deployed.

use super::screen::Screen;
use super::{Asker, Room};
use crate::Webhook;
use domain::ids::ChatId;
use domain::lang::Lang;
use telegram::text;

impl Webhook {
    /// Whether this is the chat, or how it would become it.
    pub fn operators(&self, asker: &Asker, room: &Room) -> Screen {
        Screen::text(told(asker.lang, room, self.operators))
    }
}

fn told(lang: Lang, room: &Room, operators: Option<ChatId>) -> String {
    match operators == Some(room.id) {
        true => text!(lang, "operators-here", chat = room.title()),
        // As it is written in a command: without separators of thousands.
        false => text!(lang, "operators-elsewhere", chat = room.title(), id = room.id.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::store::users::ChatItem;
    use domain::chat::ChatState;
    use domain::settings::ChatSettings;

    #[test]
    fn a_chat_is_told_that_it_is_the_operators_or_by_which_number_it_becomes_that() {
        let id = ChatId(-1_001_234_567_890);
        let room = Room { id, chat: ChatItem::new(id, ChatState::Active, ChatSettings::default()).into(), is_owner: false };
        for lang in [Lang::En, Lang::Ru] {
            let here = told(lang, &room, Some(id));
            for other in [None, Some(ChatId(-5))] {
                let text = told(lang, &room, other);
                assert!(text.contains("OperatorsChat=-1001234567890") && text != here, "{text}");
            }
            assert!(!here.contains("OperatorsChat"), "{here}");
        }
    }
}
