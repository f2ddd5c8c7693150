//! Shows a screen where it belongs: in the group what is short and everybody's, the rest in private. What stands in a group goes by itself.

use super::action::Action;
use super::link;
use super::menu::MenuButton;
use super::screen::{Choice, Screen, To};
use super::{Asker, is_for_the_group};
use crate::{NotNow, Webhook};
use aws::queue::Message;
use aws::store::dialogue::Menu;
use domain::ids::{ChatId, UserId};
use domain::message_window::Writes;
use domain::tidy::Tidy;
use telegram::message::{Button, Ephemeral, Keyboard, OutgoingMessage, Posted};
use telegram::reaction::Reaction;
use telegram::render;
use telegram::text;
use telegram::update::{Command, Press, Under};
use uuid::Uuid;

/// How long an answer stands in a group, in seconds.
const STANDS: i64 = 60;

/// How long one with buttons does, in seconds.
const STANDS_OPEN: i64 = 180;

/// How long a group's other messages wait at most until its answer has a place in somebody's private chat, in seconds: no pace makes it longer.
const LONGEST_WAIT: i64 = 20;

/// Where something was asked.
#[derive(Clone, Debug)]
pub struct Spot {
    pub chat_id: ChatId,
    pub thread_id: Option<i32>,
    /// The message that asked.
    pub reply_to: Option<i64>,
    /// The command is seen by the asker alone, and so is the answer: it stands in nobody's way, and nothing has to go later.
    pub ephemeral: Option<Ephemeral>,
    /// The bot's own message that changes instead.
    pub edit: Option<Edit>,
}

/// A message of the bot's that is to change.
#[derive(Clone, Debug)]
pub struct Edit {
    pub posted: Posted,
    pub menu: Uuid,
    /// Its buttons as they are now.
    pub before: Menu,
}

/// An answer, and where it belongs.
pub struct Reply {
    pub asker: Asker,
    pub spot: Spot,
    pub screen: Screen,
    /// What it came of; `None`: it is what stands in the way.
    pub action: Option<Action>,
    /// It is shown in the group, and whoever is there may press its buttons.
    pub for_anybody: bool,
    /// The press that it answers: its id, and what is shown for a moment.
    pub press: Option<(String, String)>,
}

/// Where a message ended up.
pub enum Shown {
    /// Its id where it is a new one that others see.
    There(Option<i64>),
    /// The bot may not write to this person.
    NotAllowed,
}

impl Spot {
    pub fn of(command: &Command) -> Self {
        // Nobody can be told alone who writes in the name of the chat.
        let answers = command.ephemeral_id.filter(|_| !command.anonymous);
        let ephemeral = answers.map(|id| Ephemeral { receiver: command.from.id, answers: Some(id), press: None });
        Self { chat_id: command.chat_id, thread_id: command.thread_id, reply_to: command.message_id, ephemeral, edit: None }
    }

    /// Place of the pressed button; what changes there is `edit`.
    pub fn under(under: &Under, press: &Press, edit: Edit) -> Self {
        let ephemeral = match under.posted {
            Posted::Public(_) => None,
            Posted::Ephemeral { receiver, .. } => Some(Ephemeral { receiver, answers: None, press: Some(press.callback_id.clone()) }),
        };
        Self { chat_id: under.chat_id, thread_id: under.thread_id, reply_to: None, ephemeral, edit: Some(edit) }
    }

    pub fn private(user: UserId) -> Self {
        Self { chat_id: user.private_chat(), thread_id: None, reply_to: None, ephemeral: None, edit: None }
    }

    pub fn is_private(&self) -> bool {
        self.chat_id.0 > 0
    }
}

impl Edit {
    fn revision(&self) -> u32 {
        self.before.revision.saturating_add(1)
    }
}

impl Reply {
    pub fn new(asker: Asker, spot: Spot, screen: Screen, action: Option<Action>) -> Self {
        Self { asker, spot, screen, action, for_anybody: false, press: None }
    }

    /// It changes a message, or takes one away, and sends none.
    pub fn is_edit(&self) -> bool {
        let Screen { file, keyboard, .. } = &self.screen;
        self.spot.edit.is_some() && file.is_none() && keyboard.is_none()
    }
}

impl Webhook {
    /// Gives an answer.
    pub async fn show(&self, reply: Reply) -> Result<(), NotNow> {
        let Reply { asker, spot, screen, action, for_anybody, press } = reply;
        if for_anybody {
            self.deliver_or_give_up(&asker, &spot, screen, None).await?;
        } else {
            self.show_to(&asker, &spot, screen, action.as_ref()).await?;
        }
        if let Some((callback_id, toast)) = press {
            self.answer_press(&callback_id, &toast).await;
        }
        Ok(())
    }

    /// Shows what came of `action` to who asked; `None`: what stands in its way.
    async fn show_to(&self, asker: &Asker, spot: &Spot, screen: Screen, action: Option<&Action>) -> Result<(), NotNow> {
        if spot.is_private() || action.is_none_or(is_for_the_group) {
            return self.deliver_or_give_up(asker, spot, screen, Some(asker.id)).await;
        }
        let lang = asker.lang;
        // A person who asks in several groups at once has one private chat all the same. The group's other updates wait behind this one, and for a
        // flood wait of that chat they do not.
        match self.place_in_private(asker.id, Writes::Message).await {
            // Behind a press nothing waits but its author's own.
            Err(NotNow::Wait(seconds)) if seconds > LONGEST_WAIT && spot.edit.is_none() => {
                let too_fast = Screen::text(text!(lang, "too-fast"));
                return self.deliver_or_give_up(asker, spot, too_fast, Some(asker.id)).await;
            }
            place => place?,
        }
        let pointer = match self.deliver(asker, &Spot::private(asker.id), screen, Some(asker.id)).await? {
            Shown::There(_) => {
                let mut pointer = Screen::text(text!(lang, "told-privately"));
                // Without the bot's name, should it not be had now, the words are enough.
                if let Ok(name) = self.my_name().await {
                    pointer = pointer.row([Choice::url(text!(lang, "button-open-chat"), format!("https://t.me/{name}"))]);
                }
                if let Err(NotNow::Failed(error)) = self.deliver_or_give_up(asker, spot, pointer, Some(asker.id)).await {
                    tracing::warn!(error = format!("{error:#}"), "a group does not read that an answer was given in private");
                }
                // The answer is there, and is not to come again for the sake of that.
                return Ok(());
            }
            Shown::NotAllowed => {
                let payload = action.and_then(link::payload).unwrap_or_else(|| "help".to_owned());
                let url = format!("https://t.me/{}?start={payload}", self.my_name().await?);
                Screen::text(text!(lang, "write-to-me-first")).row([Choice::url(text!(lang, "button-open-chat"), url)])
            }
        };
        self.deliver_or_give_up(asker, spot, pointer, Some(asker.id)).await
    }

    async fn deliver_or_give_up(&self, asker: &Asker, spot: &Spot, screen: Screen, who: Option<UserId>) -> Result<(), NotNow> {
        // A link may go with its words; who presses a button is given the time to read.
        let open = screen.rows.iter().flatten().any(|choice| matches!(choice.to, To::Action(_)));
        let again = spot.ephemeral.is_some().then(|| screen.clone());
        let mut shown = self.deliver(asker, spot, screen, who).await?;
        if let (Shown::NotAllowed, Some(screen)) = (&shown, again) {
            // Neither there alone nor in private: as an older app's command is answered.
            shown = self.deliver(asker, &Spot { ephemeral: None, edit: None, ..spot.clone() }, screen, who).await?;
        }
        if let (Shown::There(Some(message_id)), false) = (shown, spot.is_private()) {
            let message_ids = [Some(message_id), spot.reply_to].into_iter().flatten().collect();
            self.tidy_in(if open { STANDS_OPEN } else { STANDS }, spot.chat_id, message_ids).await;
        }
        Ok(())
    }

    /// Deletes what was said in a group after so many seconds, and the command with it where the bot may delete it.
    pub async fn tidy_in(&self, seconds: i64, chat_id: ChatId, message_ids: Vec<i64>) {
        let sent = match Message::new(&Tidy { chat_id, message_ids }, seconds) {
            Ok(message) => self.notifications.send(message).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            // The answer is there; that it stays is no reason to give the command again.
            tracing::warn!(error = format!("{error:#}"), "an answer stays in its group");
        }
    }

    async fn deliver(&self, asker: &Asker, spot: &Spot, mut screen: Screen, who: Option<UserId>) -> Result<Shown, NotNow> {
        if screen.close {
            if let Some(edit) = &spot.edit
                && let Err(failure) = self.telegram.delete(spot.chat_id, edit.posted).await
            {
                self.again_or_given_up(spot.chat_id, failure, "a message that is done with stays").await?;
            }
            return Ok(Shown::There(None));
        }
        if let Some(file) = screen.file.take() {
            let (to, caption) = (asker.id.private_chat(), screen.text.clone());
            // A message of its own: what was pressed stays as it is.
            let buttons = self.buttons(&Spot::private(asker.id), &screen, who).await?.unwrap_or_default();
            return match self.telegram.send_document(to, file, &caption, &buttons).await {
                Ok(()) => Ok(Shown::There(None)),
                Err(failure) if failure.reaction() == Reaction::NoPrivateMessages => Ok(Shown::NotAllowed),
                Err(failure) => self.again_or_given_up(to, failure, "a file was not taken").await.map(|()| Shown::There(None)),
            };
        }
        let Some(buttons) = self.buttons(spot, &screen, who).await? else {
            tracing::info!("two presses of a menu met; what the first shows stands");
            return Ok(Shown::There(None));
        };
        if let Some(text) = screen.ends_keyboard {
            // Buttons and the end of a keyboard cannot come in one message.
            let keyboard = Some(Keyboard::Remove);
            let message = OutgoingMessage { keyboard, ..OutgoingMessage::html(spot.chat_id, text) };
            if let Err(failure) = self.telegram.send(&message).await {
                self.again_or_given_up(spot.chat_id, failure, "a keyboard stays").await?;
            }
        }
        let mut pieces = render::split(&screen.text);
        let last = pieces.pop().unwrap_or_default();
        // What changes is the piece that stands first.
        let mut edit = spot.edit.as_ref();
        for piece in pieces {
            let ephemeral = spot.ephemeral.clone();
            let message = OutgoingMessage { thread_id: spot.thread_id, ephemeral, ..OutgoingMessage::html(spot.chat_id, piece) };
            if let Shown::NotAllowed = self.edit_or_send(asker, spot, edit.take(), message).await? {
                return Ok(Shown::NotAllowed);
            }
        }
        let message = OutgoingMessage {
            thread_id: spot.thread_id,
            reply_to: spot.reply_to.filter(|_| !spot.is_private()),
            ephemeral: spot.ephemeral.clone(),
            buttons,
            keyboard: screen.keyboard,
            ..OutgoingMessage::html(spot.chat_id, last)
        };
        self.edit_or_send(asker, spot, edit, message).await
    }

    async fn edit_or_send(&self, asker: &Asker, spot: &Spot, edit: Option<&Edit>, message: OutgoingMessage) -> Result<Shown, NotNow> {
        // A keyboard cannot come by an edit.
        let Some(edit) = edit.filter(|_| message.keyboard.is_none()) else { return self.send_mended(asker, spot, message).await };
        let edited = self.edit(asker, spot, edit, message).await;
        if edited.is_err() {
            // The press comes again: its button is to lead where it did.
            self.dialogue.put_menu_back(edit.menu, &edit.before).await?;
        }
        edited
    }

    async fn edit(&self, asker: &Asker, spot: &Spot, edit: &Edit, message: OutgoingMessage) -> Result<Shown, NotNow> {
        let Err(failure) = self.telegram.edit(edit.posted, &message).await else { return Ok(Shown::There(None)) };
        match failure.reaction() {
            reaction if reaction.ends_by_itself() => {
                self.again_or_given_up(spot.chat_id, failure, "a message may not have been changed").await.map(|()| Shown::There(None))
            }
            Reaction::Fine if failure.is_not_modified() => Ok(Shown::There(None)),
            // It is gone, or too old to change: another one takes its place.
            _ => self.send_mended(asker, spot, message).await,
        }
    }

    /// Stores where the buttons lead, if any leads anywhere. `None`: another press has changed them since.
    async fn buttons(&self, spot: &Spot, screen: &Screen, who: Option<UserId>) -> anyhow::Result<Option<Vec<Vec<Button>>>> {
        let edit = spot.edit.as_ref();
        let (menu, revision) = edit.map_or_else(|| (Uuid::new_v4(), 0), |edit| (edit.menu, edit.revision()));
        let (buttons, actions) = numbered(&screen.rows, menu, revision);
        if !actions.is_empty() || edit.is_some() {
            let leads = serde_json::to_string(&actions)?;
            if !self.dialogue.put_menu(menu, &Menu { who, revision, leads }).await? {
                return Ok(None);
            }
        }
        Ok(Some(buttons))
    }
}

/// A message's buttons, and what their numbers lead to, in order.
fn numbered(rows: &[Vec<Choice>], menu: Uuid, revision: u32) -> (Vec<Vec<Button>>, Vec<&Action>) {
    let mut actions = Vec::new();
    let mut buttons = Vec::with_capacity(rows.len());
    for row in rows {
        let mut shown = Vec::with_capacity(row.len());
        for choice in row {
            let button = match &choice.to {
                To::Url(url) => Button::url(choice.label.clone(), url.clone()),
                To::Action(action) => {
                    let button = MenuButton { menu, revision, number: actions.len() };
                    actions.push(&**action);
                    Button::data(choice.label.clone(), button.data())
                }
            };
            shown.push(Button { style: choice.style, ..button });
        }
        buttons.push(shown);
    }
    (buttons, actions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::lang::Lang;
    use telegram::bot::Document;

    const ASKER: UserId = UserId(5);

    #[test]
    fn an_answer_is_an_edit_where_it_sends_no_message() {
        let menu = || Menu { who: None, revision: 0, leads: "[]".to_owned() };
        let edit = || Some(Edit { posted: Posted::Public(1), menu: Uuid::nil(), before: menu() });
        let file = || Some(Document { file_name: "x.csv".to_owned(), content: Vec::new(), is_photo: false });
        for (edit, screen, expected) in [
            (edit(), Screen::text("x"), true),
            (edit(), Screen { close: true, ..Screen::default() }, true),
            (edit(), Screen { file: file(), ..Screen::text("x") }, false),
            (edit(), Screen { keyboard: Some(Keyboard::Remove), ..Screen::text("x") }, false),
            (None, Screen::text("x"), false),
        ] {
            let asker = Asker { id: ASKER, lang: Lang::En, group: None, member: None };
            let reply = Reply::new(asker, Spot { edit, ..Spot::private(ASKER) }, screen, None);
            assert_eq!(reply.is_edit(), expected, "{:?} {:?}", reply.spot, reply.screen);
        }
    }

    #[test]
    fn each_buttons_number_leads_to_its_own_action() {
        let menu = Uuid::from_u128(7);
        let rows = [
            vec![Choice::new("Help", Action::Help), Choice::url("Add", "https://t.me/x".to_owned())],
            vec![Choice::new("Privacy", Action::Privacy), Choice::new("Close", Action::Close)],
        ];
        let (buttons, actions) = numbered(&rows, menu, 3);
        assert_eq!(actions, [&Action::Help, &Action::Privacy, &Action::Close]);
        let labels: Vec<Vec<_>> = buttons.iter().map(|row| row.iter().map(|button| button.text.as_str()).collect()).collect();
        assert_eq!(labels, [["Help", "Add"], ["Privacy", "Close"]]);
        let read: Vec<_> = buttons.iter().flatten().filter_map(|button| MenuButton::read(button.callback()?)).collect();
        assert_eq!(read, [0, 1, 2].map(|number| MenuButton { menu, revision: 3, number }));
    }
}
