//! Accounts, chats, and what people write and press.

use super::client::{Control, ControlError, Result};
use super::command::Command;
use super::types::*;

impl Control {
    /// Creates a user and returns the id.
    pub async fn create_user(&self, user: NewUser) -> Result<i64> {
        self.send(Command::CreateUser(user)).await
    }

    /// Opens the bot's Mini App; its launch data. `at`: Unix seconds, `None` is now. `token`: of another bot, whose Mini App it is.
    pub async fn open_web_app(&self, user: i64, at: Option<i64>, token: Option<&str>) -> Result<String> {
        self.send(Command::OpenWebApp { user, at, token: token.map(str::to_owned) }).await
    }

    /// Changes names; `None` leaves one as it is, `""` removes it. No update is sent, as on Telegram.
    pub async fn rename_user(&self, user: i64, first_name: Option<&str>, last_name: Option<&str>, username: Option<&str>) -> Result<()> {
        let [first_name, last_name, username] = [first_name, last_name, username].map(|n| n.map(str::to_owned));
        self.send(Command::RenameUser { user, first_name, last_name, username }).await
    }

    /// The user deletes the account: private messages answer 403 `user is deactivated`.
    pub async fn delete_account(&self, user: i64) -> Result<()> {
        self.send(Command::DeleteAccount { user }).await
    }

    /// Creates a chat and returns the id.
    pub async fn create_chat(&self, chat: NewChat) -> Result<i64> {
        self.send(Command::CreateChat(chat)).await
    }

    /// Opens a topic in a forum and returns its `message_thread_id`.
    pub async fn create_topic(&self, chat: i64) -> Result<i64> {
        self.send(Command::CreateTopic { chat }).await
    }

    /// Closes a topic: nobody but admins may write there.
    pub async fn close_topic(&self, chat: i64, thread: i64) -> Result<()> {
        self.send(Command::CloseTopic { chat, thread }).await
    }

    /// From now on the server sends ephemeral messages to everybody in this chat, as one does that does not know them.
    pub async fn ignore_ephemeral(&self, chat: i64) -> Result<()> {
        self.send(Command::IgnoreEphemeral { chat }).await
    }

    /// Basic group → supergroup; returns the new id. The bot keeps what it was.
    pub async fn migrate(&self, chat: i64) -> Result<i64> {
        self.send(Command::Migrate { chat, bot: None }).await
    }

    /// Like [`migrate`](Self::migrate), the bot being `bot` in the new chat.
    pub async fn migrate_with(&self, chat: i64, bot: BotRole) -> Result<i64> {
        self.send(Command::Migrate { chat, bot: Some(bot) }).await
    }

    /// The owner deletes the chat. The bot gets no update.
    pub async fn delete_chat(&self, chat: i64) -> Result<()> {
        self.send(Command::DeleteChat { chat }).await
    }

    // --- writing

    /// A member writes; returns the `message_id`. An anonymous admin writes in the name of the chat.
    pub async fn say(&self, chat: i64, user: i64, text: &str) -> Result<i64> {
        self.say_with(chat, user, text, SayOptions::default()).await
    }

    /// A member writes in answer to a message.
    pub async fn reply(&self, chat: i64, user: i64, to: i64, text: &str) -> Result<i64> {
        self.say_with(chat, user, text, SayOptions { reply_to: Some(to), ..SayOptions::default() }).await
    }

    /// A member writes something with mentions, a forward, a topic, …
    pub async fn say_with(&self, chat: i64, user: i64, text: &str, options: SayOptions) -> Result<i64> {
        self.send(Command::Say { chat, user, text: text.to_owned(), options }).await
    }

    /// A member sends one of the bot's ephemeral commands: nobody else sees it. Returns its id, as [`Seen::message_id`] has it.
    pub async fn say_ephemeral(&self, chat: i64, user: i64, text: &str) -> Result<i64> {
        self.say_with(chat, user, text, SayOptions { ephemeral: true, ..SayOptions::default() }).await
    }

    /// The user writes to the bot in private; returns the `message_id`.
    pub async fn say_private(&self, user: i64, text: &str) -> Result<i64> {
        self.say_private_with(user, text, SayOptions::default()).await
    }

    /// Like [`say_private`](Self::say_private), with a reply or a forward.
    pub async fn say_private_with(&self, user: i64, text: &str, options: SayOptions) -> Result<i64> {
        self.send(Command::SayPrivate { user, text: text.to_owned(), options }).await
    }

    /// The author edits a message that he sees; `chat` is his own id in private. The bot hears `edited_message`.
    pub async fn edit_message(&self, chat: i64, user: i64, message_id: i64, text: &str) -> Result<()> {
        self.send(Command::EditMessage { chat, user, message_id, text: text.to_owned() }).await
    }

    /// The user answers the `request_users` button with this `request_id` of the keyboard the bot shows in private;
    /// returns the `message_id`. Of the users, the bot hears what the button asks for.
    pub async fn share_users(&self, user: i64, request_id: i64, users: &[i64]) -> Result<i64> {
        self.send(Command::ShareUsers { user, request_id, users: users.to_vec() }).await
    }

    /// The user presses Start: unblocks the bot if need be and sends `/start`; returns the `message_id`.
    pub async fn start_bot(&self, user: i64) -> Result<i64> {
        self.send(Command::StartBot { user, payload: None }).await
    }

    /// Start through a deep link: sends `/start <payload>`.
    pub async fn start_bot_with(&self, user: i64, payload: &str) -> Result<i64> {
        self.send(Command::StartBot { user, payload: Some(payload.to_owned()) }).await
    }

    /// The user blocks the bot.
    pub async fn block_bot(&self, user: i64) -> Result<()> {
        self.send(Command::BlockBot { user }).await
    }

    /// The user unblocks the bot.
    pub async fn unblock_bot(&self, user: i64) -> Result<()> {
        self.send(Command::UnblockBot { user }).await
    }

    /// Presses an inline button and waits up to 10 s for the answer. `chat` is the user's own id in private.
    pub async fn press(&self, user: i64, chat: i64, message_id: i64, data: &str) -> Result<Pressed> {
        self.press_as(user, chat, message_id, data, false).await
    }

    /// Sends callback data that no button of the message holds (a client that was tampered with).
    pub async fn press_forged(&self, user: i64, chat: i64, message_id: i64, data: &str) -> Result<Pressed> {
        self.press_as(user, chat, message_id, data, true).await
    }

    /// Presses a button, offered or not, and does not wait for the answer.
    pub async fn press_and_leave(&self, user: i64, chat: i64, message_id: i64, data: &str) -> Result<Pressed> {
        let data = data.to_owned();
        self.send(Command::Press { user, chat, message_id, data, forged: true, timeout_ms: Some(0) }).await
    }

    /// Presses the first button of `message` whose label contains `label`. A button that opens a link is refused: the
    /// bot hears nothing of it.
    pub async fn press_button(&self, user: i64, message: &Seen, label: &str) -> Result<Pressed> {
        let refused = |what| ControlError::Refused(format!("{what} {label:?} under {:?}", message.text));
        let button = message.button(label).ok_or_else(|| refused("no button"))?;
        let data = button.callback_data.as_deref().ok_or_else(|| refused("a link, nothing to press:"))?;
        self.press(user, message.chat_id, message.message_id, data).await
    }

    async fn press_as(&self, user: i64, chat: i64, message_id: i64, data: &str, forged: bool) -> Result<Pressed> {
        let data = data.to_owned();
        self.send(Command::Press { user, chat, message_id, data, forged, timeout_ms: None }).await
    }
}
