//! Pressed buttons. Every press is answered; whoever presses must have the right at that moment, by Telegram's own word.

use crate::{NotNow, Webhook};
use aws::store::sync::{Answered, Asked};
use aws::store::users::Ignored;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::question::{About, Button, Choice, UndoButton};
use domain::sync::{Kind, Origin, Request, Whom, further_sync_id};
use telegram::reaction::Reaction;
use telegram::render::Reply;
use telegram::update::Press;

/// What a press comes to.
struct Answer {
    reply: Reply,
    /// The question or the offer is over: its buttons go.
    settled: bool,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { reply, settled: false }
    }
}

impl Webhook {
    /// A press that is brought again has the same outcome: whose answer counts, stays.
    pub async fn pressed(&self, press: &Press) -> Result<(), NotNow> {
        self.may_call().await?;
        let chosen = self.people.seen(&self.users, &press.from).await?;
        let lang = Lang::of(chosen, press.from.language_code.as_deref());
        let answer = if let Some(button) = Button::read(&press.data) {
            self.answered(button, press.from.id).await?
        } else if let Some(button) = UndoButton::read(&press.data) {
            self.undo_pressed(button, press.from.id).await?
        } else {
            Answer { reply: Reply::StaleButton, settled: false }
        };
        let text = answer.reply.text(lang);
        if answer.settled
            && let Some(under) = &press.under
            && let Err(failure) = self.telegram.replace(under.chat_id, under.message_id, &format!("{}\n\n{text}", under.text)).await
        {
            // The decision stands; only its message still looks open, and says so when it is pressed again.
            tracing::warn!(%failure, "a message whose buttons are done with could not be changed");
        }
        self.answer_press(&press.callback_id, &text).await
    }

    async fn answered(&self, button: Button, by: UserId) -> Result<Answer, NotNow> {
        let Some(asked) = self.syncs.asked(button.question_id).await? else { return Ok(Reply::StaleButton.into()) };
        let about = asked.question.about;
        if about == About::Release && button.choice == Choice::Never {
            return Ok(Reply::StaleButton.into());
        }
        if !self.may_decide(asked.question.chat_id, by).await? {
            return Ok(Reply::MayNotDecide.into());
        }
        if about == About::Release && button.choice == Choice::Ban && asked.initiators.contains(&by.0) {
            return Ok(Reply::NotTheOneWhoBanned.into());
        }
        Ok(match self.syncs.answer(button.question_id, button.choice, by).await? {
            Answered::Decided(asked) => {
                self.carry_out_answer(&asked, button.choice, by).await?;
                Answer { reply: Reply::Decided { about, choice: button.choice, by: None }, settled: true }
            }
            Answered::Before(asked) => {
                let question = asked.question;
                let choice = question.choice.unwrap_or(Choice::Ignore);
                Answer { reply: Reply::Decided { about, choice, by: question.decided_by.filter(|&first| first != by) }, settled: true }
            }
            Answered::Gone => Answer { reply: Reply::RanOut, settled: true },
        })
    }

    /// Whatever of it was done before is done no second time.
    async fn carry_out_answer(&self, asked: &Asked, choice: Choice, by: UserId) -> anyhow::Result<()> {
        let question = &asked.question;
        if choice == Choice::Never && !self.users.ignore(question.chat_id, Ignored::Source(question.source_chat_id)).await? {
            tracing::warn!(chat_id = question.chat_id.0, "a chat's ignore list is full; a source is not kept out");
        }
        if choice != Choice::Ban {
            return Ok(());
        }
        let (origin, whom) = match question.about {
            About::Ban | About::Held => (Origin::Confirmed, Whom::Chats(vec![question.chat_id])),
            About::Release => (Origin::Released, Whom::Followers),
        };
        for event_id in asked.event_ids() {
            let request = Request {
                sync_id: further_sync_id(event_id, origin, &question.chat_id.to_string()),
                ban_event_id: event_id,
                kind: Kind::Ban,
                origin,
                whom: whom.clone(),
                by: Some(by),
                waits: false,
            };
            self.syncs.request(&request).await?;
        }
        Ok(())
    }

    async fn undo_pressed(&self, button: UndoButton, by: UserId) -> Result<Answer, NotNow> {
        if !self.may_decide(button.chat_id, by).await? {
            return Ok(Reply::MayNotDecide.into());
        }
        let Some(summary) = self.syncs.summary(button.sync_id).await? else { return Ok(Reply::StaleButton.into()) };
        self.undo_here(summary.ban_event_id, button.sync_id, button.chat_id, by).await?;
        let reply = Reply::Undoing { user: summary.user_id, name: summary.user_name, everywhere: false };
        Ok(Answer { reply, settled: true })
    }

    /// May this person ban in this chat, now?
    pub async fn may_decide(&self, chat: ChatId, user: UserId) -> Result<bool, NotNow> {
        match self.telegram.member(chat, user).await {
            Ok(member) => Ok(member.may_ban()),
            Err(failure) => match failure.reaction() {
                Reaction::RetryAfter(_) | Reaction::Retry | Reaction::StopEverything => Err(self.not_now(failure).await),
                // Where the bot sees nobody, nobody can show his right.
                _ => Ok(false),
            },
        }
    }

    async fn answer_press(&self, callback_id: &str, text: &str) -> Result<(), NotNow> {
        match self.telegram.answer_button(callback_id, &plain(text)).await {
            Ok(()) => Ok(()),
            Err(failure) => match failure.reaction() {
                Reaction::RetryAfter(seconds) => self.blocked(seconds).await,
                // The button stops waiting by itself after a while.
                _ => {
                    tracing::warn!(%failure, "a button's press could not be answered");
                    Ok(())
                }
            },
        }
    }
}

/// What stands for a moment on the screen has no markup, and 200 characters at most (Bot API `answerCallbackQuery`).
fn plain(text: &str) -> String {
    telegram::render::plain_text(text).chars().take(200).collect()
}
