//! [`Control`]: one method for everything people do.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::command::{Command, Delivered, Refusal};
use super::types::*;
use super::wait::wait_until;
use crate::rights::{AdminRights, Permissions};

/// Why a control command failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Telegram's clients would not let the user do this, or the ids are unknown.
    #[error("the simulator refused: {0}")]
    Refused(String),
    #[error("the simulator could not be reached")]
    Unreachable(#[from] reqwest::Error),
    #[error("the simulator's answer has another form")]
    Form(#[from] serde_json::Error),
    #[error("waited {after:?} for {what}")]
    TimedOut { what: String, after: Duration },
}

type Result<T> = std::result::Result<T, ControlError>;

/// A client of the control API of a running simulator. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    url: String,
    http: reqwest::Client,
}

impl Control {
    /// `url`: base URL of the simulator, e.g. `http://127.0.0.1:8081`.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// The base URL, to be given to the bot as that of the Bot API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends any command and reads its answer as `T`.
    pub async fn send<T: DeserializeOwned>(&self, command: Command) -> Result<T> {
        let (name, body) = command.split()?;
        let answer = self
            .http
            .post(format!("{}/control/{name}", self.url))
            .json(&body)
            .send()
            .await?;
        let accepted = answer.status().is_success();
        let bytes = answer.bytes().await?;
        if !accepted {
            let refusal: Refusal = serde_json::from_slice(&bytes)?;
            return Err(ControlError::Refused(refusal.error));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    // --- people and chats

    /// Creates a user and returns the id.
    pub async fn create_user(&self, user: NewUser) -> Result<i64> {
        self.send(Command::CreateUser(user)).await
    }

    /// Changes names; `None` leaves one as it is, `""` removes it. No update is sent, as on Telegram.
    pub async fn rename_user(
        &self,
        user: i64,
        first_name: Option<&str>,
        last_name: Option<&str>,
        username: Option<&str>,
    ) -> Result<()> {
        let [first_name, last_name, username] =
            [first_name, last_name, username].map(|n| n.map(str::to_owned));
        self.send(Command::RenameUser {
            user,
            first_name,
            last_name,
            username,
        })
        .await
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

    /// Basic group → supergroup; returns the new id. The bot keeps what it was.
    pub async fn migrate(&self, chat: i64) -> Result<i64> {
        self.send(Command::Migrate { chat, bot: None }).await
    }

    /// Like [`migrate`](Self::migrate), the bot being `bot` in the new chat.
    pub async fn migrate_with(&self, chat: i64, bot: BotRole) -> Result<i64> {
        self.send(Command::Migrate {
            chat,
            bot: Some(bot),
        })
        .await
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
        self.say_with(
            chat,
            user,
            text,
            SayOptions {
                reply_to: Some(to),
                ..SayOptions::default()
            },
        )
        .await
    }

    /// A member writes something with mentions, a forward, a topic, …
    pub async fn say_with(
        &self,
        chat: i64,
        user: i64,
        text: &str,
        options: SayOptions,
    ) -> Result<i64> {
        self.send(Command::Say {
            chat,
            user,
            text: text.to_owned(),
            options,
        })
        .await
    }

    /// The user writes to the bot in private; returns the `message_id`.
    pub async fn say_private(&self, user: i64, text: &str) -> Result<i64> {
        self.say_private_with(user, text, SayOptions::default())
            .await
    }

    /// Like [`say_private`](Self::say_private), with a reply or a forward.
    pub async fn say_private_with(
        &self,
        user: i64,
        text: &str,
        options: SayOptions,
    ) -> Result<i64> {
        self.send(Command::SayPrivate {
            user,
            text: text.to_owned(),
            options,
        })
        .await
    }

    /// The user answers a `request_users` button of the private chat; returns the `message_id`.
    pub async fn share_users(&self, user: i64, request_id: i64, users: &[i64]) -> Result<i64> {
        self.send(Command::ShareUsers {
            user,
            request_id,
            users: users.to_vec(),
        })
        .await
    }

    /// The user presses Start: unblocks the bot if need be and sends `/start`; returns the `message_id`.
    pub async fn start_bot(&self, user: i64) -> Result<i64> {
        self.send(Command::StartBot {
            user,
            payload: None,
        })
        .await
    }

    /// Start through a deep link: sends `/start <payload>`.
    pub async fn start_bot_with(&self, user: i64, payload: &str) -> Result<i64> {
        self.send(Command::StartBot {
            user,
            payload: Some(payload.to_owned()),
        })
        .await
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
    pub async fn press(
        &self,
        user: i64,
        chat: i64,
        message_id: i64,
        data: &str,
    ) -> Result<Pressed> {
        self.press_as(user, chat, message_id, data, false).await
    }

    /// Sends callback data that no button of the message holds (a client that was tampered with).
    pub async fn press_forged(
        &self,
        user: i64,
        chat: i64,
        message_id: i64,
        data: &str,
    ) -> Result<Pressed> {
        self.press_as(user, chat, message_id, data, true).await
    }

    /// Presses the first button of `message` whose label contains `label`.
    pub async fn press_button(&self, user: i64, message: &Seen, label: &str) -> Result<Pressed> {
        let missing =
            || ControlError::Refused(format!("no button {label:?} under {:?}", message.text));
        let data = message.data_of(label).ok_or_else(missing)?;
        self.press(user, message.chat_id, message.message_id, data)
            .await
    }

    async fn press_as(
        &self,
        user: i64,
        chat: i64,
        message_id: i64,
        data: &str,
        forged: bool,
    ) -> Result<Pressed> {
        let data = data.to_owned();
        self.send(Command::Press {
            user,
            chat,
            message_id,
            data,
            forged,
            timeout_ms: None,
        })
        .await
    }

    // --- membership

    /// An admin bans; `until` Unix seconds, `None` = for ever. In a basic group it only removes.
    pub async fn ban(&self, chat: i64, admin: i64, user: i64, until: Option<i64>) -> Result<()> {
        self.send(Command::Ban {
            chat,
            admin,
            user,
            until,
        })
        .await
    }

    /// An admin removes a member. In a supergroup: a ban for 60 s now, an unban about 1 s later, as clients do.
    pub async fn kick(&self, chat: i64, admin: i64, user: i64) -> Result<()> {
        self.send(Command::Kick { chat, admin, user }).await
    }

    /// An admin lifts a ban.
    pub async fn unban(&self, chat: i64, admin: i64, user: i64) -> Result<()> {
        self.send(Command::Unban { chat, admin, user }).await
    }

    /// An admin restricts; `until` Unix seconds, `None` = for ever. Naming the bot's id mutes the bot.
    pub async fn restrict(
        &self,
        chat: i64,
        admin: i64,
        user: i64,
        permissions: Permissions,
        until: Option<i64>,
    ) -> Result<()> {
        self.send(Command::Restrict {
            chat,
            admin,
            user,
            permissions,
            until,
        })
        .await
    }

    /// An admin lifts the restrictions.
    pub async fn unrestrict(&self, chat: i64, admin: i64, user: i64) -> Result<()> {
        self.send(Command::Unrestrict { chat, admin, user }).await
    }

    /// The user joins (refused while banned).
    pub async fn join(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::Join { chat, user }).await
    }

    /// The user asks to be let in.
    pub async fn request_to_join(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::RequestToJoin { chat, user }).await
    }

    /// The user leaves.
    pub async fn leave(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::Leave { chat, user }).await
    }

    /// The owner makes a member an administrator with these rights, or changes an administrator's.
    pub async fn promote(&self, chat: i64, user: i64, rights: AdminRights) -> Result<()> {
        self.send(Command::Promote {
            chat,
            user,
            rights,
            by: None,
        })
        .await
    }

    /// The owner makes an administrator a plain member.
    pub async fn demote(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::Demote {
            chat,
            user,
            by: None,
        })
        .await
    }

    /// The owner adds the bot as a plain member.
    pub async fn add_bot(&self, chat: i64) -> Result<()> {
        self.set_bot_role(chat, BotRole::Member, None).await
    }

    /// The owner adds the bot, or promotes it, with these rights.
    pub async fn promote_bot(&self, chat: i64, rights: AdminRights) -> Result<()> {
        self.set_bot_role(chat, BotRole::Administrator(rights), None)
            .await
    }

    /// The owner changes the rights of the bot.
    pub async fn set_bot_rights(&self, chat: i64, rights: AdminRights) -> Result<()> {
        self.promote_bot(chat, rights).await
    }

    /// The owner makes the bot a plain member.
    pub async fn demote_bot(&self, chat: i64) -> Result<()> {
        self.set_bot_role(chat, BotRole::Member, None).await
    }

    /// The owner removes the bot (kicked in a supergroup, left in a basic group).
    pub async fn remove_bot(&self, chat: i64) -> Result<()> {
        self.set_bot_role(chat, BotRole::Absent, None).await
    }

    /// Any of the five above, done by `by` (`None` = the owner).
    pub async fn set_bot_role(&self, chat: i64, role: BotRole, by: Option<i64>) -> Result<()> {
        self.send(Command::SetBotRole { chat, role, by }).await
    }

    // --- looking

    /// Everything this user sees: the private chat with the bot and the chats he is in, oldest first.
    pub async fn sees(&self, user: i64) -> Result<Vec<Seen>> {
        self.send(Command::Sees { user }).await
    }

    /// The private messages the bot has sent to this user, oldest first.
    pub async fn private_messages(&self, user: i64) -> Result<Vec<Seen>> {
        let mut seen = self.sees(user).await?;
        seen.retain(|m| m.private && m.from != user && !m.deleted);
        Ok(seen)
    }

    /// What the user is in the chat right now.
    pub async fn member(&self, chat: i64, user: i64) -> Result<MemberState> {
        self.send(Command::Member { chat, user }).await
    }

    /// Whether the user is banned in the chat right now.
    pub async fn is_banned(&self, chat: i64, user: i64) -> Result<bool> {
        Ok(self.member(chat, user).await?.status == "kicked")
    }

    /// The whole state.
    pub async fn world(&self) -> Result<Value> {
        self.send(Command::World).await
    }

    /// The log of Bot API calls.
    pub async fn calls(&self, filter: CallFilter) -> Result<Vec<Call>> {
        self.send(Command::Calls(filter)).await
    }

    pub async fn call_counts(&self) -> Result<CallCounts> {
        self.send(Command::CallCounts).await
    }

    /// The bot's commands, descriptions: `{"commands": [{scope, language_code, commands}], …}` as it set them.
    pub async fn commands(&self) -> Result<Value> {
        self.send(Command::Commands).await
    }

    // --- faults

    pub async fn set_limits(&self, limits: Limits) -> Result<()> {
        self.send(Command::SetLimits(limits)).await
    }

    /// Adds a fault and returns its id. Of several that match, the oldest fires.
    pub async fn add_fault(&self, fault: Fault) -> Result<u64> {
        self.send(Command::AddFault(fault)).await
    }

    /// Removes all faults and ends a running flood wait.
    pub async fn clear_faults(&self) -> Result<()> {
        self.send(Command::ClearFaults).await
    }

    pub async fn faults(&self) -> Result<Vec<FaultReport>> {
        self.send(Command::Faults).await
    }

    // --- updates

    /// Every update so far and how its delivery stands, oldest first.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>> {
        self.send(Command::Deliveries).await
    }

    /// How many updates the bot has not accepted yet (including those of actions under way, such as a kick).
    pub async fn pending(&self) -> Result<u64> {
        self.send(Command::Pending).await
    }

    /// Sends an update again, same body, out of turn.
    pub async fn redeliver(&self, update_id: u32) -> Result<Delivered> {
        self.send(Command::Redeliver { update_id }).await
    }

    /// Sends any body to the webhook, with the right secret.
    pub async fn deliver_raw(&self, body: &str) -> Result<Delivered> {
        self.send(Command::DeliverRaw {
            body: body.to_owned(),
            secret: None,
        })
        .await
    }

    /// Sends any body to the webhook with another secret; `""` sends no secret header.
    pub async fn deliver_raw_with_secret(&self, body: &str, secret: &str) -> Result<Delivered> {
        self.send(Command::DeliverRaw {
            body: body.to_owned(),
            secret: Some(secret.to_owned()),
        })
        .await
    }

    /// Holds deliveries back while something is set up, or lets them go.
    pub async fn pause_webhook(&self, paused: bool) -> Result<()> {
        self.send(Command::SetWebhookDelivery { paused }).await
    }

    /// Forgets users, chats, messages, faults, limits and logs. The webhook, the bot's commands and the counters of
    /// ids stay, so nothing that comes later looks like something earlier.
    pub async fn reset(&self) -> Result<()> {
        self.send(Command::Reset).await
    }

    // --- waiting

    /// See [`wait_until`].
    pub async fn wait_until<T, F>(&self, what: &str, timeout: Duration, question: F) -> Result<T>
    where
        F: AsyncFnMut() -> Result<Option<T>>,
    {
        wait_until(what, timeout, question).await
    }

    /// Waits until the bot has accepted every update.
    pub async fn wait_until_accepted(&self, timeout: Duration) -> Result<()> {
        wait_until("all updates to be accepted", timeout, async || {
            Ok((self.pending().await? == 0).then_some(()))
        })
        .await
    }

    /// Waits until the user is banned in the chat.
    pub async fn wait_until_banned(&self, chat: i64, user: i64, timeout: Duration) -> Result<()> {
        let what = format!("user {user} to be banned in {chat}");
        wait_until(&what, timeout, async || {
            Ok(self.is_banned(chat, user).await?.then_some(()))
        })
        .await
    }

    /// Waits until the user sees a message (not deleted) of somebody else whose text contains `text`; the newest one.
    pub async fn wait_until_sees(&self, user: i64, text: &str, timeout: Duration) -> Result<Seen> {
        let what = format!("user {user} to see {text:?}");
        wait_until(&what, timeout, async || {
            let seen = self.sees(user).await?;
            Ok(seen
                .into_iter()
                .rev()
                .find(|m| m.from != user && !m.deleted && m.text.contains(text)))
        })
        .await
    }
}
