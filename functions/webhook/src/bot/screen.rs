//! What the bot shows: a text, and buttons that lead to actions.

use super::action::Action;
use telegram::bot::Document;
use telegram::message::{Keyboard, Style};

/// A message to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// HTML.
    pub text: String,
    pub rows: Vec<Vec<Choice>>,
    /// Shown for a moment where a button was pressed; then the message says what is new.
    pub toast: Option<String>,
    pub file: Option<Document>,
    pub keyboard: Option<Keyboard>,
    /// A keyboard was shown before, and goes now, with a message that says this. HTML.
    pub ends_keyboard: Option<String>,
    /// The message goes.
    pub close: bool,
    /// Only a moment's word: what stands in the message stays.
    pub only_toast: bool,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub label: String,
    pub to: To,
    pub style: Option<Style>,
}

/// Where a button leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    Action(Box<Action>),
    Url(String),
}

impl Choice {
    pub fn new(label: impl Into<String>, action: Action) -> Self {
        Self { label: plain(label.into()), to: To::Action(Box::new(action)), style: None }
    }

    pub fn url(label: impl Into<String>, url: String) -> Self {
        Self { label: plain(label.into()), to: To::Url(url), style: None }
    }

    pub fn styled(self, style: Style) -> Self {
        Self { style: Some(style), ..self }
    }
}

/// Labels have no markup.
fn plain(label: String) -> String {
    telegram::render::plain_text(&label)
}

impl Screen {
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Only for who pressed, for a moment.
    pub fn toast(text: impl Into<String>) -> Self {
        Self { only_toast: true, ..Self::text(text) }
    }

    pub fn row(mut self, choices: impl IntoIterator<Item = Choice>) -> Self {
        let row: Vec<_> = choices.into_iter().collect();
        if !row.is_empty() {
            self.rows.push(row);
        }
        self
    }
}
