//! A message on its way to Telegram: its place, its call, and what a refusal means.

use crate::parcel::Parcel;
use crate::{Sender, Sent, seconds};
use anyhow::bail;
use aws::queue::Message;
use aws::store::digests::Digests;
use aws::store::gateway::FloodScope;
use aws::store::notifications::{Claimed, Earlier, End, LEASE};
use aws::{metrics, time};
use domain::ids::{ChatId, UserId};
use domain::limiter::Health;
use domain::message_window::NoPlace;
use domain::notification::{Content, Notification};
use telegram::client::Failure;
use telegram::message::{OutgoingMessage, Posted};
use telegram::reaction::{Mend, Reaction};
use telegram::render;

/// A report is edited for this long after it was first sent, in seconds: the decisions of one hand are carried over within it. An edit makes no
/// sound, and nobody looks for news in an old card.
const REPORT_EDITED_WITHIN: i64 = 60;

/// What a failed call means for its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// It was sent all the same.
    Sent,
    /// The recipient takes no messages from the bot.
    Refused,
    /// Telegram takes nothing in this chat for this many seconds.
    Wait(u32),
    /// The group became this supergroup.
    Moved(ChatId),
    /// It may be taken another time.
    Again,
}

fn after(reaction: Reaction) -> After {
    match reaction {
        Reaction::Fine => After::Sent,
        Reaction::NoPrivateMessages | Reaction::ChatGone | Reaction::SendPrivately => After::Refused,
        Reaction::RetryAfter(seconds) => After::Wait(seconds),
        Reaction::Migrated(chat) => After::Moved(chat),
        _ => After::Again,
    }
}

/// Does a message take the place of an earlier one? A question is edited for as long as it is open.
fn may_edit(content: &Content, earlier: Earlier, now: i64) -> bool {
    matches!(content, Content::Question(_)) || now - earlier.first_at <= REPORT_EDITED_WITHIN
}

/// Does a message stand as it was to be, after the call that edits it? `false`: it is gone, or cannot be edited any more.
fn stands(edited: Result<(), Failure>) -> Result<bool, Failure> {
    match edited {
        Ok(()) | Err(Failure::UnreadableResult) => Ok(true),
        Err(failure) if failure.reaction() == Reaction::Fine => Ok(failure.is_not_modified()),
        Err(failure) => Err(failure),
    }
}

impl Sender {
    pub(crate) async fn notification(&self, parcel: &Parcel, health: &mut Health) -> anyhow::Result<Sent> {
        let notification = &parcel.notification;
        let chat = notification.recipient.private_chat();
        let templates = self.templates.now().await?;
        // First the place: of many at once to one person all but one have none, and taking each of them is paid for.
        if let Err(none) = self.gateway.reserve_message(chat).await? {
            return self.without_a_place(parcel, none).await;
        }
        let replaces = match self.notifications.claim(notification, parcel.parts_sent).await? {
            Claimed::Mine { replaces } => replaces,
            Claimed::Done => return Ok(Sent::Ended),
            // Should he have died with it, it is free when this comes again; a receive of the queue is for what fails.
            Claimed::Taken => return Ok(Sent::Later(LEASE)),
        };
        let (mut message, is_last) = parcel.part(&templates);
        let is_only = is_last && parcel.parts_sent == 0;
        // A message of several parts is sent anew.
        let replaces = replaces.filter(|&earlier| is_only && may_edit(&notification.content, earlier, time::now()));
        let replaces = replaces.and_then(|earlier| i32::try_from(earlier.message_id).ok());
        let mut called = self.call(replaces, &message).await;
        if called.as_ref().is_err_and(|failure| failure.reaction() == Reaction::Mend(Mend::PlainText)) {
            tracing::error!(correlation_id = notification.correlation_id, "a notification's markup is wrong; it is sent as plain text");
            message = OutgoingMessage { text: render::plain_text(&message.text), html: false, ..message };
            called = self.call(replaces, &message).await;
        }
        health.add(called.as_ref().is_err_and(Failure::is_no_answer));
        match called {
            Ok(message_id) => self.sent(parcel, is_last, message_id.filter(|_| is_only)).await,
            Err(failure) => self.failed(parcel, is_last, &failure).await,
        }
    }

    async fn without_a_place(&self, parcel: &Parcel, none: NoPlace) -> anyhow::Result<Sent> {
        match none {
            NoPlace::Full(ms) if parcel.may_be_held() && Digests::takes(&parcel.notification)? => {
                let moment = time::now() + seconds(ms);
                self.digests.hold(&parcel.notification, moment - moment.rem_euclid(60) + 60).await?;
                Ok(Sent::Ended)
            }
            NoPlace::Full(ms) | NoPlace::Busy(ms) => Ok(Sent::Behind(parcel.notification.recipient, seconds(ms))),
        }
    }

    /// Edits the message that this one replaces, or sends it where that cannot be; its id.
    async fn call(&self, replaces: Option<i32>, message: &OutgoingMessage) -> Result<Option<i64>, Failure> {
        if let Some(id) = replaces
            && self.edit(id, message).await?
        {
            return Ok(Some(id.into()));
        }
        self.telegram.send(message).await
    }

    /// `false`: the message to edit is gone, or a press has settled it and taken its buttons. The buttons go first: so nobody presses one in
    /// between, and that there are none to take is the only sign of a press.
    async fn edit(&self, id: i32, message: &OutgoingMessage) -> Result<bool, Failure> {
        if !message.buttons.is_empty() {
            match self.telegram.set_buttons(message.chat_id, Posted::Public(id), &[]).await {
                Ok(()) | Err(Failure::UnreadableResult) => {}
                Err(failure) if failure.reaction() == Reaction::Fine => return Ok(false),
                Err(failure) => return Err(failure),
            }
        }
        stands(self.telegram.edit(Posted::Public(id), message).await)
    }

    /// `message_id`: of the only message that it is.
    async fn sent(&self, parcel: &Parcel, is_last: bool, message_id: Option<i64>) -> anyhow::Result<Sent> {
        if is_last {
            return self.end(&parcel.notification, End::Sent { message_id }).await;
        }
        self.notifications.release(&parcel.notification, parcel.parts_sent + 1).await?;
        Ok(Sent::InPart)
    }

    async fn failed(&self, parcel: &Parcel, is_last: bool, failure: &Failure) -> anyhow::Result<Sent> {
        let Parcel { notification, parts_sent, .. } = parcel;
        match after(failure.reaction()) {
            After::Sent => self.sent(parcel, is_last, None).await,
            After::Refused => {
                // The operators' chat is no person.
                if notification.recipient.0 > 0 {
                    self.users.set_can_write(notification.recipient, false).await?;
                }
                self.end(notification, End::Failed("the recipient takes no messages from the bot")).await
            }
            After::Wait(seconds) => {
                let chat = notification.recipient.private_chat();
                let scope = self.gateway.block_messages(chat, seconds).await?;
                self.notifications.release(notification, *parts_sent).await?;
                Ok(match scope {
                    FloodScope::Chat => Sent::Later(i64::from(seconds)),
                    FloodScope::AllMessages => Sent::Wait(i64::from(seconds)),
                })
            }
            After::Moved(chat) => {
                self.notifications.release(notification, *parts_sent).await?;
                let notification = Notification { recipient: UserId(chat.0), ..notification.clone() };
                self.queue.send(Message::new(&notification, 0)?).await?;
                Ok(Sent::Ended)
            }
            // Comes again when the queue's visibility time-out ends; after the last try it is in the DLQ.
            After::Again => {
                self.notifications.release(notification, *parts_sent).await?;
                bail!("Telegram did not take the message: {failure}")
            }
        }
    }

    pub(crate) async fn end(&self, notification: &Notification, end: End) -> anyhow::Result<Sent> {
        self.notifications.end(notification, end).await?;
        let status = if matches!(end, End::Sent { .. }) { "sent" } else { "failed" };
        metrics::count("notifications_total", Some(("status", status)), 1);
        Ok(Sent::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use telegram::client::Parameters;

    #[test]
    fn a_refused_message_is_given_up_only_where_its_recipient_takes_none() {
        let answer = |code, description: &str| {
            let parameters = Parameters { retry_after: (code == 429).then_some(7), ..Parameters::default() };
            Failure::Answer { code, description: description.to_owned(), parameters }
        };
        for (failure, expected) in [
            (answer(403, "Forbidden: bot was blocked by the user"), After::Refused),
            (answer(403, "Forbidden: bot can't initiate conversation with a user"), After::Refused),
            (answer(403, "Forbidden: user is deactivated"), After::Refused),
            (answer(400, "Bad Request: chat not found"), After::Refused),
            (answer(429, "Too Many Requests: retry after 7"), After::Wait(7)),
            (answer(502, "Bad Gateway"), After::Again),
            (answer(401, "Unauthorized"), After::Again),
            (answer(400, "Bad Request: can't parse entities: unexpected end tag"), After::Again),
            (answer(400, "Bad Request: something new"), After::Again),
            (Failure::NoAnswer("time-out".to_owned()), After::Again),
            (Failure::UnreadableResult, After::Sent),
        ] {
            assert_eq!(after(failure.reaction()), expected, "{failure}");
        }
    }

    #[test]
    fn a_message_that_cannot_be_edited_any_more_is_sent_anew_and_one_that_stands_is_not() {
        let answer =
            |code, description: &str| Failure::Answer { code, description: description.to_owned(), parameters: Parameters::default() };
        for (edited, expected) in [
            (Ok(()), Ok(true)),
            (Err(Failure::UnreadableResult), Ok(true)),
            (Err(answer(400, "Bad Request: message is not modified: specified new message content")), Ok(true)),
            (Err(answer(400, "Bad Request: message to edit not found")), Ok(false)),
            (Err(answer(400, "Bad Request: message can't be edited")), Ok(false)),
            (Err(answer(400, "Bad Request: MESSAGE_ID_INVALID")), Ok(false)),
            (Err(answer(502, "Bad Gateway")), Err(answer(502, "Bad Gateway"))),
        ] {
            assert_eq!(stands(edited.clone()), expected, "{edited:?}");
        }
    }

    #[test]
    fn a_report_is_edited_while_it_is_news_and_a_question_for_as_long_as_it_is_asked() {
        let decision = json!({ "source_chat": "One", "reason": null, "at": null });
        let of = |kind: &str, others: serde_json::Value| {
            let mut content = json!({ "type": kind, "user_id": 5, "user_name": null });
            for fields in [&decision, &others] {
                content.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            }
            serde_json::from_value::<Content>(content).unwrap()
        };
        let report = of("sync_report", json!({ "sync_id": "00000000-0000-0000-0000-000000000000", "chats": [] }));
        let question = of("question", json!({ "question_id": "00000000-0000-0000-0000-000000000000", "held": false, "chat": "Two" }));
        let earlier = Earlier { message_id: 7, first_at: 1000 };
        for (content, now, expected) in [(&report, 1060, true), (&report, 1061, false), (&question, 1061, true)] {
            assert_eq!(may_edit(content, earlier, now), expected, "{} {now}", content.type_name());
        }
    }
}
