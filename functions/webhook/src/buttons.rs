//! Pressed buttons. A press is answered as long as its presser keeps to the pace; whoever presses must have the right at that moment, by
//! Telegram's own word. A press of a button that was not offered leads to no other call.

mod decisions;

use crate::bot::{Asker, MenuButton, Pace};
use crate::{NotNow, Webhook, budget};
use domain::appeal::AppealButton;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::question::{BanButton, BlockButton, Button, UndoButton};
use serde_json::Value;
use telegram::reaction::Reaction;
use telegram::text;
use telegram::update::{Press, Under};

/// A button of ours, by its data.
enum Pressed {
    Menu(MenuButton),
    Decision(Decision),
}

/// A button that decides something.
enum Decision {
    Question(Button),
    Undo(UndoButton),
    Ban(BanButton),
    Block(BlockButton),
    Appeal(AppealButton),
}

impl Pressed {
    /// `None`: data that no button of ours has, or none of the message that it comes from.
    fn read(press: &Press) -> Option<Self> {
        let data = press.data.as_str();
        let read = MenuButton::read(data).map(Self::Menu).or_else(|| Decision::read(data).map(Self::Decision));
        read.filter(|_| press.offered)
    }
}

impl Decision {
    fn read(data: &str) -> Option<Self> {
        let read = Button::read(data).map(Self::Question).or_else(|| UndoButton::read(data).map(Self::Undo));
        let read = read.or_else(|| BanButton::read(data).map(Self::Ban));
        read.or_else(|| BlockButton::read(data).map(Self::Block)).or_else(|| AppealButton::read(data).map(Self::Appeal))
    }
}

/// What a press comes to.
struct Answer {
    /// HTML.
    text: String,
    done_with: DoneWith,
}

/// The buttons that a press is the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DoneWith {
    Nothing,
    /// The pressed one: the others are about other chats, or decide something else.
    Itself,
    /// All of the message: the question is answered.
    All,
}

impl Answer {
    fn open(text: String) -> Self {
        Self { text, done_with: DoneWith::Nothing }
    }

    fn done(text: String) -> Self {
        Self { text, done_with: DoneWith::Itself }
    }

    fn settled(text: String) -> Self {
        Self { text, done_with: DoneWith::All }
    }

    /// Change of the message.
    fn change<'a>(&self, under: &'a Under) -> Change<'a> {
        match self.done_with {
            DoneWith::Nothing => Change::None,
            DoneWith::Itself if !under.others.is_empty() => Change::Buttons(&under.others),
            DoneWith::Itself | DoneWith::All => Change::Text(format!("{}\n\n{}", under.text, plain(&self.text))),
        }
    }
}

/// Change of the message under which a button was pressed.
#[derive(Debug, PartialEq, Eq)]
enum Change<'a> {
    None,
    /// Only these rows of buttons are left.
    Buttons(&'a [Value]),
    /// This text, without buttons.
    Text(String),
}

impl Webhook {
    /// A press that is brought again has the same outcome: whose answer counts, stays.
    pub async fn pressed(&self, press: &Press) -> Result<(), NotNow> {
        if self.is_silent(press.from.id) {
            return Ok(());
        }
        let pressed = Pressed::read(press);
        // A decision is carried out even while its message cannot be edited.
        let may = if matches!(pressed, Some(Pressed::Menu(_))) { self.may_write().await } else { self.may_call().await };
        if let Err(wait) = may {
            return if pressed.is_some() { Err(wait) } else { Ok(()) };
        }
        let its_lang = Lang::of(None, press.from.language_code.as_deref());
        let pressed = match (self.pace(press.from.id, press.update_id).await?, pressed) {
            (Pace::Fine, Some(pressed)) => pressed,
            (Pace::Fine, None) => {
                self.answer_press(&press.callback_id, &text!(its_lang, "stale-button")).await;
                return Ok(());
            }
            (Pace::Told, _) => {
                self.answer_press(&press.callback_id, &text!(its_lang, "too-fast")).await;
                return Ok(());
            }
            (Pace::Silent, _) => return Ok(()),
        };
        let asker = self.asker(&press.from, press.group()).await?;
        let decision = match pressed {
            Pressed::Menu(button) => return self.menu_pressed(button, press, asker).await,
            Pressed::Decision(decision) => decision,
        };
        // All that is decided bears being decided again: what takes too long comes again.
        let Some(answer) = budget::within(self.decide(decision, &asker)).await else {
            return Err(NotNow::Failed(anyhow::anyhow!("a press takes longer than an update may")));
        };
        let answer = answer?;
        if budget::is_spent() && answer.done_with != DoneWith::Nothing {
            return Err(NotNow::Failed(anyhow::anyhow!("a press has no time left for its message")));
        }
        if let Some(under) = &press.under {
            self.change(under, answer.change(under)).await?;
        }
        self.answer_press(&press.callback_id, &answer.text).await;
        Ok(())
    }

    /// Edits the message under which the decision was pressed. On failure the decision stands; the message still looks open, and says so when it is
    /// pressed again.
    async fn change(&self, under: &Under, change: Change<'_>) -> anyhow::Result<()> {
        if change == Change::None {
            return Ok(());
        }
        let (here, anywhere) =
            tokio::try_join!(self.gateway.messages_blocked_for_ms(under.chat_id), self.gateway.all_messages_blocked_for_ms())?;
        if here.max(anywhere) > 0 {
            return Ok(());
        }
        let changed = match change {
            Change::None => Ok(()),
            Change::Buttons(rows) => self.telegram.set_buttons(under.chat_id, under.posted, rows).await,
            Change::Text(text) => self.telegram.replace(under.chat_id, under.posted, text).await,
        };
        let Err(failure) = changed else { return Ok(()) };
        tracing::warn!(%failure, "a message whose buttons are done with could not be changed");
        if let Reaction::RetryAfter(seconds) = failure.reaction() {
            self.gateway.block_messages(under.chat_id, seconds).await?;
        }
        Ok(())
    }

    async fn decide(&self, decision: Decision, asker: &Asker) -> Result<Answer, NotNow> {
        match decision {
            Decision::Question(button) => self.answered(button, asker).await,
            Decision::Undo(button) => self.undo_pressed(button, asker).await,
            Decision::Ban(button) => self.ban_pressed(button, asker).await,
            Decision::Block(button) => self.block_pressed(button, asker).await,
            Decision::Appeal(button) => self.appeal_pressed(button, asker).await,
        }
    }

    /// May this person ban in this chat, now? Of a group that became a supergroup: there.
    pub async fn may_decide(&self, chat: ChatId, user: UserId) -> Result<bool, NotNow> {
        match self.of_chat(chat, async |chat| self.telegram.member(chat, user).await).await? {
            Ok((_, member)) => Ok(member.may_ban()),
            Err(failure) if failure.reaction().ends_by_itself() => Err(self.not_now(failure).await),
            // Where the bot sees nobody, nobody can show their right.
            Err(_) => Ok(false),
        }
    }

    /// `text`: HTML; what is shown is its plain text. What was pressed for is done, and must not be done again for this: the button stops waiting
    /// by itself. A 429 is told to nobody: one person can bring it about, and the next call of others is refused by itself where they have to wait.
    pub async fn answer_press(&self, callback_id: &str, text: &str) {
        if let Err(failure) = self.telegram.answer_button(callback_id, &plain(text)).await {
            tracing::warn!(%failure, "a button's press could not be answered");
        }
    }
}

/// What stands for a moment on the screen has no markup, and 200 characters at most (Bot API `answerCallbackQuery`).
fn plain(text: &str) -> String {
    telegram::render::plain_text(text).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(-5);
    #[test]
    fn a_press_takes_only_its_own_button_away_unless_it_answers_the_question_or_is_the_last() {
        let under = |others: Vec<Value>| Under {
            chat_id: CHAT,
            posted: telegram::message::Posted::Public(7),
            thread_id: None,
            text: "A card".to_owned(),
            others,
        };
        let row = || vec![serde_json::json!([{ "text": "Ban in B too", "callback_data": "b" }])];
        let text = || Change::Text("A card\n\n<Bob>".to_owned());
        for (answer, others, expected) in [
            (Answer::open as fn(String) -> Answer, row(), Change::None),
            (Answer::open, vec![], Change::None),
            (Answer::done, row(), Change::Buttons(&row())),
            (Answer::done, vec![], text()),
            (Answer::settled, row(), text()),
        ] {
            assert_eq!(answer("<b>&lt;Bob&gt;</b>".to_owned()).change(&under(others)), expected);
        }
    }

    #[test]
    fn what_a_press_shows_has_no_markup_and_fits_where_telegram_shows_it() {
        assert_eq!(plain("<b>Bob</b> &amp; co"), "Bob & co");
        assert_eq!(plain(&"я".repeat(300)).chars().count(), 200);
    }
}
