//! Messages as they are sent, and how the bot's own are named afterwards.
//!
//! Written as our own payloads: teloxide-core knows neither ephemeral messages (Bot API 10.2) nor styles of buttons (9.4).

use domain::ids::{ChatId, UserId};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    pub chat_id: ChatId,
    pub text: String,
    /// The text has Telegram's HTML tags, and names in it are escaped.
    pub html: bool,
    /// Forum topic.
    pub thread_id: Option<i32>,
    /// Message that it answers; sent all the same where that is gone.
    pub reply_to: Option<i64>,
    /// Only one member of the group sees it.
    pub ephemeral: Option<Ephemeral>,
    /// Rows of buttons under it.
    pub buttons: Vec<Vec<Button>>,
    /// In the place of the keyboard; only in private, and not along with `buttons`.
    pub keyboard: Option<Keyboard>,
    /// Comes without a sound.
    pub silent: bool,
}

/// Receiver and grounds of an ephemeral message. An administrator may send one to any member; any other bot within 15 seconds of what it answers (Bot API,
/// "Ephemeral messages and commands").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ephemeral {
    pub receiver: UserId,
    /// The ephemeral message that it answers.
    pub answers: Option<i64>,
    /// The press that it answers.
    pub press: Option<String>,
}

/// How a message of a chat is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    Public(i32),
    /// For one person alone. Its number is given anew when the message is over (Bot API, `Message.ephemeral_message_id`).
    Ephemeral {
        receiver: UserId,
        id: i64,
    },
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub text: String,
    pub leads: Leads,
    pub style: Option<Style>,
}

/// Effect of a press of a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Comes back with the press: 64 bytes at most.
    Data(String),
    /// Opens there.
    Url(String),
}

/// The colour of a button (Bot API 9.4, `InlineKeyboardButton.style`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Bans somebody, or erases something.
    Danger,
    /// Takes a ban back, or lets somebody in.
    Success,
}

/// A keyboard in the place of a person's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyboard {
    /// A button by which people are chosen; `request_id` comes back with them.
    ChoosePeople { request_id: i32, label: String, most: u8 },
    /// His own again.
    Remove,
}

impl Button {
    pub fn data(text: impl Into<String>, data: impl Into<String>) -> Self {
        Self { text: text.into(), leads: Leads::Data(data.into()), style: None }
    }

    pub fn url(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self { text: text.into(), leads: Leads::Url(url.into()), style: None }
    }

    pub fn styled(self, style: Style) -> Self {
        Self { style: Some(style), ..self }
    }

    /// Data that comes back with a press; `None`: the button opens something.
    pub fn callback(&self) -> Option<&str> {
        match &self.leads {
            Leads::Data(data) => Some(data),
            Leads::Url(_) => None,
        }
    }
}

impl OutgoingMessage {
    pub fn html(chat_id: ChatId, text: String) -> Self {
        let (thread_id, reply_to, ephemeral, keyboard) = (None, None, None, None);
        Self { chat_id, text, html: true, thread_id, reply_to, ephemeral, buttons: Vec::new(), keyboard, silent: false }
    }

    fn parse_mode(&self) -> Option<&'static str> {
        self.html.then_some("HTML")
    }

    fn markup(&self) -> Option<Value> {
        match &self.keyboard {
            None => (!self.buttons.is_empty()).then(|| markup_of(&self.buttons)),
            Some(Keyboard::Remove) => Some(json!({ "remove_keyboard": true })),
            Some(Keyboard::ChoosePeople { request_id, label, most }) => {
                let request = json!({
                    "request_id": request_id, "user_is_bot": false, "max_quantity": most, "request_name": true, "request_username": true,
                });
                Some(json!({
                    "keyboard": [[{ "text": label, "request_users": request }]], "resize_keyboard": true, "one_time_keyboard": true,
                }))
            }
        }
    }
}

impl Posted {
    /// The method for such a message, of the two that there are.
    pub fn method(self, public: &'static str, ephemeral: &'static str) -> &'static str {
        match self {
            Self::Public(_) => public,
            Self::Ephemeral { .. } => ephemeral,
        }
    }
}

/// The parameters that name the message.
impl Serialize for Posted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Public(message_id) => json!({ "message_id": message_id }),
            Self::Ephemeral { receiver, id } => json!({ "receiver_user_id": receiver, "ephemeral_message_id": id }),
        }
        .serialize(serializer)
    }
}

/// `InlineKeyboardMarkup` of the Bot API.
pub fn markup_of(rows: &[Vec<Button>]) -> Value {
    let button = |button: &Button| {
        let mut shown = match &button.leads {
            Leads::Data(data) => json!({ "text": button.text, "callback_data": data }),
            Leads::Url(url) => json!({ "text": button.text, "url": url }),
        };
        if let Some(style) = button.style {
            shown["style"] = json!(style);
        }
        shown
    };
    json!({ "inline_keyboard": rows.iter().map(|row| row.iter().map(button).collect::<Vec<_>>()).collect::<Vec<_>>() })
}

/// Parameters of `sendMessage`.
#[derive(Serialize)]
pub struct SendMessage<'a> {
    chat_id: ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i32>,
    /// A server that does not know it would send to everybody: [`crate::client::Client::send`] looks at the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_message_parameters: Option<EphemeralParameters<'a>>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parse_mode: Option<&'static str>,
    link_preview_options: LinkPreviewOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_notification: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<ReplyParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<Value>,
}

/// `EphemeralMessageParameters` of the Bot API.
#[derive(Serialize)]
struct EphemeralParameters<'a> {
    receiver_user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_query_id: Option<&'a str>,
}

/// `ReplyParameters` of the Bot API. For ephemeral messages `allow_sending_without_reply` is always false.
#[derive(Serialize)]
#[serde(untagged)]
enum ReplyParameters {
    Public { message_id: i64, allow_sending_without_reply: bool },
    Ephemeral { ephemeral_message_id: i64 },
}

/// Names may look like addresses: nothing is to be fetched for them.
#[derive(Serialize)]
struct LinkPreviewOptions {
    is_disabled: bool,
}

const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions { is_disabled: true };

impl<'a> SendMessage<'a> {
    pub fn of(message: &'a OutgoingMessage) -> Self {
        let ephemeral = message.ephemeral.as_ref();
        let reply_parameters = match ephemeral {
            Some(to) => to.answers.map(|ephemeral_message_id| ReplyParameters::Ephemeral { ephemeral_message_id }),
            None => message.reply_to.map(|message_id| ReplyParameters::Public { message_id, allow_sending_without_reply: true }),
        };
        Self {
            chat_id: message.chat_id,
            message_thread_id: message.thread_id,
            ephemeral_message_parameters: ephemeral
                .map(|to| EphemeralParameters { receiver_user_id: to.receiver, callback_query_id: to.press.as_deref() }),
            text: &message.text,
            parse_mode: message.parse_mode(),
            link_preview_options: NO_PREVIEW,
            disable_notification: message.silent.then_some(true),
            reply_parameters,
            reply_markup: message.markup(),
        }
    }
}

/// Parameters of `editMessageText` and `editEphemeralMessageText`.
#[derive(Serialize)]
pub struct EditText<'a> {
    chat_id: ChatId,
    #[serde(flatten)]
    posted: Posted,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parse_mode: Option<&'static str>,
    link_preview_options: LinkPreviewOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<Value>,
}

impl<'a> EditText<'a> {
    pub fn of(posted: Posted, message: &'a OutgoingMessage) -> Self {
        let reply_markup = (!message.buttons.is_empty()).then(|| markup_of(&message.buttons));
        let (text, parse_mode) = (message.text.as_str(), message.parse_mode());
        Self { chat_id: message.chat_id, posted, text, parse_mode, link_preview_options: NO_PREVIEW, reply_markup }
    }
}

/// Parameters of `editMessageReplyMarkup` and `editEphemeralMessageReplyMarkup`.
#[derive(Serialize)]
pub struct EditButtons<'a> {
    chat_id: ChatId,
    #[serde(flatten)]
    posted: Posted,
    reply_markup: InlineRows<'a>,
}

/// `InlineKeyboardMarkup` of rows that Telegram has told.
#[derive(Serialize)]
struct InlineRows<'a> {
    inline_keyboard: &'a [Value],
}

impl<'a> EditButtons<'a> {
    pub fn of(chat_id: ChatId, posted: Posted, rows: &'a [Value]) -> Self {
        Self { chat_id, posted, reply_markup: InlineRows { inline_keyboard: rows } }
    }
}

/// Parameters of `deleteMessage` and `deleteEphemeralMessage`.
#[derive(Serialize)]
pub struct Delete {
    pub chat_id: ChatId,
    #[serde(flatten)]
    pub posted: Posted,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(message: &OutgoingMessage) -> Value {
        serde_json::to_value(SendMessage::of(message)).unwrap()
    }

    fn message() -> OutgoingMessage {
        OutgoingMessage::html(ChatId(-100), "x".to_owned())
    }

    #[test]
    fn a_message_has_what_it_was_given_and_nothing_else() {
        let plain = json!({ "chat_id": -100, "text": "x", "parse_mode": "HTML", "link_preview_options": { "is_disabled": true } });
        assert_eq!(sent(&message()), plain);
        let buttons = vec![vec![Button::data("Ban", "q").styled(Style::Danger), Button::url("Open", "https://t.me/x")]];
        let full = OutgoingMessage { html: false, thread_id: Some(3), reply_to: Some(9), silent: true, buttons, ..message() };
        let expected = json!({
            "chat_id": -100, "text": "x", "link_preview_options": { "is_disabled": true }, "message_thread_id": 3, "disable_notification": true,
            "reply_parameters": { "message_id": 9, "allow_sending_without_reply": true },
            "reply_markup": { "inline_keyboard": [[
                { "text": "Ban", "callback_data": "q", "style": "danger" }, { "text": "Open", "url": "https://t.me/x" },
            ]] },
        });
        assert_eq!(sent(&full), expected);
    }

    #[test]
    fn an_ephemeral_message_names_its_reader_and_answers_no_message_of_the_chat() {
        let to = |answers, press: Option<&str>| {
            let ephemeral = Some(Ephemeral { receiver: UserId(5), answers, press: press.map(str::to_owned) });
            let sent = sent(&OutgoingMessage { ephemeral, reply_to: Some(9), ..message() });
            (sent["ephemeral_message_parameters"].clone(), sent.get("reply_parameters").cloned())
        };
        assert_eq!(to(None, None), (json!({ "receiver_user_id": 5 }), None));
        assert_eq!(to(Some(7), None), (json!({ "receiver_user_id": 5 }), Some(json!({ "ephemeral_message_id": 7 }))));
        assert_eq!(to(None, Some("q")), (json!({ "receiver_user_id": 5, "callback_query_id": "q" }), None));
    }

    #[test]
    fn each_kind_of_message_is_changed_and_deleted_by_its_own_name() {
        let ephemeral = Posted::Ephemeral { receiver: UserId(5), id: 7 };
        for (posted, expected) in [
            (Posted::Public(3), json!({ "chat_id": -100, "message_id": 3 })),
            (ephemeral, json!({ "chat_id": -100, "receiver_user_id": 5, "ephemeral_message_id": 7 })),
        ] {
            assert_eq!(serde_json::to_value(Delete { chat_id: ChatId(-100), posted }).unwrap(), expected);
            let edited = serde_json::to_value(EditText::of(posted, &message())).unwrap();
            assert!(expected.as_object().unwrap().iter().all(|(name, value)| edited[name] == *value), "{edited}");
            let rows = [json!([{ "text": "a", "callback_data": "b" }])];
            let edited = serde_json::to_value(EditButtons::of(ChatId(-100), posted, &rows)).unwrap();
            assert!(expected.as_object().unwrap().iter().all(|(name, value)| edited[name] == *value), "{edited}");
            assert_eq!(edited["reply_markup"], json!({ "inline_keyboard": rows }));
        }
    }
}
