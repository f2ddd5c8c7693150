//! What the bot may do in a chat, by Telegram's word now; what was believed of it is put right.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::Webhook;
use domain::ban::Occurred;
use domain::chat::ChatState;
use telegram::text;

impl Webhook {
    pub async fn verify(&self, asker: &Asker, room: &Room) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let rights = match self.of_chat(room.id, async |chat| self.telegram.own_rights(chat).await).await? {
            Ok((_, rights)) => rights,
            Err(failure) => return Err(self.cannot_check(asker, failure).await),
        };
        // A status that is not known says nothing.
        let state = ChatState::of_bot(&rights.member).unwrap_or(room.chat.state);
        if state != room.chat.state {
            self.users.set_membership(room.id, None, state, &Occurred::new(aws::time::now(), 0)).await?;
        }
        let mark = |right: bool| if right { "✅" } else { "❌" };
        let mut text = text!(
            lang,
            "verify",
            chat = room.title(),
            ban = mark(state == ChatState::Active),
            invite = mark(rights.can_invite),
            delete = mark(rights.can_delete)
        );
        text.push_str("\n\n");
        text.push_str(&match state {
            ChatState::Active => text!(lang, "verify-good"),
            _ => text!(lang, "verify-bad"),
        });
        let again = Choice::new(text!(lang, "button-look-again"), Action::In { chat: room.id, then: InChat::Verify });
        Ok(Screen::text(text).row((state != ChatState::Active).then_some(again)))
    }
}
