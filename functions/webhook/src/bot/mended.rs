//! A message that Telegram refuses goes again without what it was refused for.

use super::Asker;
use super::show::{Shown, Spot};
use crate::{NotNow, Webhook};
use domain::ids::UserId;
use telegram::client::Failure;
use telegram::message::OutgoingMessage;
use telegram::reaction::{Mend, Reaction};
use telegram::render;

impl Webhook {
    /// Sends a message; in private where the bot may not write there, or where it would not be for the asker alone.
    pub async fn send_mended(&self, asker: &Asker, spot: &Spot, mut message: OutgoingMessage) -> Result<Shown, NotNow> {
        // Each mend takes something away, so this ends.
        loop {
            let failure = match self.telegram.send(&message).await {
                Ok(id) => return Ok(Shown::There(id.filter(|_| message.chat_id == spot.chat_id))),
                Err(failure) => failure,
            };
            if let Failure::Public { left } = failure {
                if let Some(message_id) = left {
                    self.tidy_in(0, spot.chat_id, vec![message_id]).await;
                }
                privately(&mut message, asker.id);
                continue;
            }
            let reaction = failure.reaction();
            if mend(&mut message, reaction, spot, asker.id) {
                if reaction == Reaction::Mend(Mend::PlainText) {
                    tracing::error!(%failure, "an answer's markup is wrong; it is sent as plain text");
                }
                continue;
            }
            match reaction {
                Reaction::NoPrivateMessages => {
                    self.users.set_can_write(asker.id, false).await?;
                    return Ok(Shown::NotAllowed);
                }
                _ => {
                    let given_up = self.again_or_given_up(message.chat_id, failure, "an answer was not taken").await;
                    return given_up.map(|()| Shown::There(None));
                }
            }
        }
    }
}

/// Changes a message so that Telegram may take it after this reaction; `false`: nothing is left to change. Each change takes something away
/// that does not come back, so that trying again ends.
fn mend(message: &mut OutgoingMessage, reaction: Reaction, spot: &Spot, asker: UserId) -> bool {
    let mended = match reaction {
        // A reply is sent into the thread of what it replies to, named or not.
        Reaction::Mend(Mend::WithoutThread) => message.thread_id.take().is_some() || message.reply_to.take().is_some(),
        Reaction::Mend(Mend::WithoutReply) => message.reply_to.take().is_some(),
        Reaction::Mend(Mend::PlainText) if message.html => {
            (message.text, message.html) = (render::plain_text(&message.text), false);
            true
        }
        // Its messages have other numbers there.
        Reaction::Migrated(to) if message.chat_id == spot.chat_id && to != spot.chat_id => {
            (message.chat_id, message.thread_id, message.reply_to) = (to, None, None);
            true
        }
        Reaction::SendPrivately if message.chat_id == spot.chat_id && !spot.is_private() => {
            privately(message, asker);
            true
        }
        _ => false,
    };
    // A message that was sent already is not sent again.
    mended || !reaction.ends_by_itself() && reaction != Reaction::Fine && for_one(message, asker)
}

/// A message that is refused as an answer for one person alone goes without saying what it answers, and then in private. There is no list of the refusals
/// (Bot API, "Ephemeral messages and commands"; BOT_NOT_ADMIN, USER_NOT_PARTICIPANT and MESSAGE_ID_INVALID were seen).
fn for_one(message: &mut OutgoingMessage, asker: UserId) -> bool {
    let Some(to) = &mut message.ephemeral else { return false };
    if to.answers.take().is_none() && to.press.take().is_none() {
        privately(message, asker);
    }
    true
}

fn privately(message: &mut OutgoingMessage, asker: UserId) {
    (message.chat_id, message.thread_id, message.reply_to, message.ephemeral) = (asker.private_chat(), None, None, None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::ChatId;
    use telegram::message::Ephemeral;

    const ASKER: UserId = UserId(5);
    const GROUP: ChatId = ChatId(-100);

    #[test]
    fn a_refused_message_loses_what_it_was_refused_for_and_then_nothing_more() {
        let group = Spot { chat_id: GROUP, thread_id: Some(2), reply_to: Some(9), ephemeral: None, edit: None };
        let message =
            || OutgoingMessage { thread_id: Some(2), reply_to: Some(9), ..OutgoingMessage::html(GROUP, "<b>a</b> &lt; b".to_owned()) };
        // The thread goes, and then the reply, which is sent into the thread of what it replies to.
        let mut mended = message();
        for (thread_id, reply_to, more) in [(None, Some(9), true), (None, None, true), (None, None, false)] {
            assert_eq!(mend(&mut mended, Reaction::Mend(Mend::WithoutThread), &group, ASKER), more);
            assert_eq!(mended, OutgoingMessage { thread_id, reply_to, ..message() });
        }
        let moved = OutgoingMessage { chat_id: ChatId(-200), thread_id: None, reply_to: None, ..message() };
        let privately = OutgoingMessage { chat_id: ChatId(5), thread_id: None, reply_to: None, ..message() };
        for (reaction, expected) in [
            (Reaction::Mend(Mend::WithoutReply), OutgoingMessage { reply_to: None, ..message() }),
            (Reaction::Mend(Mend::PlainText), OutgoingMessage { text: "a < b".to_owned(), html: false, ..message() }),
            (Reaction::SendPrivately, privately),
            (Reaction::Migrated(ChatId(-200)), moved),
        ] {
            let mut mended = message();
            assert!(mend(&mut mended, reaction, &group, ASKER), "{reaction:?}");
            assert_eq!(mended, expected, "{reaction:?}");
            assert!(!mend(&mut mended, reaction, &group, ASKER), "{reaction:?} twice");
            assert_eq!(mended, expected, "{reaction:?} twice");
        }
    }

    #[test]
    fn what_cannot_be_shown_to_one_alone_in_the_group_goes_to_them_in_private() {
        let spot = Spot { chat_id: GROUP, thread_id: None, reply_to: None, ephemeral: None, edit: None };
        let to = |answers, press: Option<&str>| Some(Ephemeral { receiver: ASKER, answers, press: press.map(str::to_owned) });
        for refused in [Reaction::OurBug, Reaction::RetryFew, Reaction::Skip(domain::sync::Reason::UnknownUser)] {
            let mut message = OutgoingMessage { ephemeral: to(Some(7), Some("q")), ..OutgoingMessage::html(GROUP, "a".to_owned()) };
            for (chat_id, left) in [(GROUP, to(None, Some("q"))), (GROUP, to(None, None)), (ASKER.private_chat(), None)] {
                assert!(mend(&mut message, refused, &spot, ASKER));
                assert_eq!((message.chat_id, &message.ephemeral), (chat_id, &left));
            }
            assert!(!mend(&mut message, refused, &spot, ASKER), "{refused:?}");
        }
        for stays in [Reaction::RetryAfter(3), Reaction::Retry, Reaction::Fine] {
            let mut waits = OutgoingMessage { ephemeral: to(Some(7), None), ..OutgoingMessage::html(GROUP, "a".to_owned()) };
            assert!(!mend(&mut waits, stays, &spot, ASKER), "{stays:?}");
        }
    }

    #[test]
    fn other_refusals_leave_a_message_as_it_is() {
        let private = Spot::private(ASKER);
        let message = OutgoingMessage::html(private.chat_id, "a".to_owned());
        for reaction in [
            Reaction::Mend(Mend::WithoutThread),
            Reaction::Mend(Mend::WithoutReply),
            Reaction::Mend(Mend::Split),
            Reaction::SendPrivately,
            Reaction::NoPrivateMessages,
            Reaction::RetryAfter(3),
            Reaction::Retry,
        ] {
            let mut same = message.clone();
            assert!(!mend(&mut same, reaction, &private, ASKER), "{reaction:?}");
            assert_eq!(same, message, "{reaction:?}");
        }
    }
}
