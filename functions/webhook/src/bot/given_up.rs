//! Somebody waits for an answer that can never be given: they are told so, and their update is brought no more.

use super::show::Spot;
use crate::{NotNow, Webhook};
use aws::time;
use domain::ids::ChatId;
use telegram::message::OutgoingMessage;
use telegram::text;
use telegram::update::{Command, Person, Press, Wrote};

/// What has failed for this long, in seconds, is not mended by bringing the update again: an outage of the store or of Telegram is shorter, and
/// the sender's other updates wait behind it.
const PATIENCE: i64 = 3600;

/// Somebody who asked for something, as far as their update alone tells.
pub struct Unanswered {
    update_id: Option<i64>,
    person: Person,
    /// The group they asked in; `None`: in private.
    group: Option<ChatId>,
    spot: Spot,
    /// The press of a button.
    press: Option<String>,
}

impl Unanswered {
    pub fn by_command(command: &Command) -> Self {
        let group = (!command.private).then_some(command.chat_id);
        Self { update_id: command.update_id, person: command.from.clone(), group, spot: Spot::of(command), press: None }
    }

    pub fn by_words(wrote: &Wrote) -> Self {
        let (person, spot) = (wrote.from.clone(), Spot::private(wrote.from.id));
        Self { update_id: wrote.update_id, person, group: None, spot, press: None }
    }

    pub fn by_press(press: &Press) -> Self {
        let (spot, callback) = (Spot::private(press.from.id), press.callback_id.clone());
        Self { update_id: press.update_id, person: press.from.clone(), group: press.group(), spot, press: Some(callback) }
    }
}

impl Webhook {
    /// As `handled` says. Where that is never, or has failed for too long, it is said and done with.
    pub async fn or_give_up(&self, unanswered: &Unanswered, handled: Result<(), NotNow>) -> Result<(), NotNow> {
        let error = match handled {
            Err(NotNow::Failed(error)) if self.has_failed_long(unanswered).await => error,
            Err(NotNow::Never(error)) => error,
            handled => return handled,
        };
        self.say_so(unanswered).await;
        if let Some(update_id) = unanswered.update_id
            && let Err(error) = self.gateway.update_done(update_id).await
        {
            tracing::warn!(error = format!("{error:#}"), "that an update is given up could not be recorded");
        }
        Err(NotNow::Never(error))
    }

    /// Notes a failure, and lets the next try have the update.
    async fn has_failed_long(&self, unanswered: &Unanswered) -> bool {
        let Some(update_id) = unanswered.update_id else { return false };
        match self.gateway.update_failed(update_id).await {
            Ok(since) => time::now() - since > PATIENCE,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "an update that could not be handled is held until its lease runs out");
                false
            }
        }
    }

    /// What comes of saying it is nobody's to wait for.
    async fn say_so(&self, unanswered: &Unanswered) {
        // As they would have been answered; the store may be what has failed.
        let asker = self.asker(&unanswered.person, unanswered.group).await;
        let lang = asker.map_or_else(|_| unanswered.person.lang(), |asker| asker.lang);
        let words = text!(lang, "cannot-be-done");
        if let Some(callback_id) = &unanswered.press {
            return self.answer_press(callback_id, &words).await;
        }
        let Spot { chat_id, thread_id, reply_to, ref ephemeral, .. } = unanswered.spot;
        let reply_to = reply_to.filter(|_| !unanswered.spot.is_private());
        let message = OutgoingMessage { thread_id, reply_to, ephemeral: ephemeral.clone(), ..OutgoingMessage::html(chat_id, words) };
        if let Err(failure) = self.telegram.send(&message).await {
            tracing::warn!(%failure, "somebody does not read that they get no answer");
        }
    }
}
