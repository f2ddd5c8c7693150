//! Who is an administrator where: as the store knows it, and where that is old, as Telegram tells now.

use crate::bot;
use crate::error::ApiError;
use crate::pace::Pace;
use aws::Aws;
use aws::store::users::{AdminItem, Users};
use aws::time;
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::member::Member;
use domain::role::Role;
use domain::sync::Reason;
use std::sync::Arc;
use telegram::client::{Client, Failure};
use telegram::reaction::Reaction;

/// What is known of a role is believed for this long, in seconds. Updates keep it right meanwhile, as long as they come.
const FRESH: i64 = 300;

/// Asks for roles.
#[derive(Clone)]
pub struct Roles {
    users: Arc<Users>,
    telegram: Client,
    pace: Pace,
}

impl Roles {
    pub async fn from_env(aws: &Aws, users: Arc<Users>) -> anyhow::Result<Self> {
        Ok(Self { users, telegram: bot::client(aws).await?, pace: Pace::from_env(aws).await? })
    }

    /// The bot's own id.
    pub fn bot(&self) -> UserId {
        self.telegram.bot()
    }

    /// Somebody's role in a chat, at most five minutes old; `None`: he is no administrator. 404 `chat_unknown` where the bot is in no
    /// such chat.
    pub async fn of(&self, chat: ChatId, user: UserId) -> Result<Option<Role>, ApiError> {
        Ok(self.record(chat, user).await?.role())
    }

    /// As [`Roles::of`], and when it was told.
    pub async fn record(&self, chat: ChatId, user: UserId) -> Result<AdminItem, ApiError> {
        let known = self.users.admin(chat, user).await?;
        if let Some(known) = &known
            && time::now() - known.observed_at < FRESH
        {
            return Ok(known.clone());
        }
        let role = match self.ask(chat, user).await? {
            Ok(member) => Role::of(&member),
            // Telegram knows no such person there: he is no administrator.
            Err(failure) if failure.reaction() == Reaction::Skip(Reason::UnknownUser) => None,
            Err(failure) => return Err(self.refused(failure).await),
        };
        Ok(self.users.observe_role(chat, user, role, known.as_ref()).await?)
    }

    /// What the bot itself may do in a chat, by Telegram's word now.
    pub async fn of_bot(&self, chat: ChatId) -> Result<ChatState, ApiError> {
        let bot = match self.ask(chat, self.telegram.bot()).await? {
            Ok(member) => member,
            Err(failure) => return Err(self.refused(failure).await),
        };
        match ChatState::of_bot(&bot) {
            Some(ChatState::Removed) => Err(unknown_chat()),
            state => Ok(state.unwrap_or(ChatState::Suspended)),
        }
    }

    async fn ask(&self, chat: ChatId, user: UserId) -> Result<Result<Member, Failure>, ApiError> {
        self.pace.may_look().await?;
        Ok(self.telegram.member(chat, user).await)
    }

    async fn refused(&self, failure: Failure) -> ApiError {
        match failure.reaction() {
            Reaction::ChatGone => unknown_chat(),
            _ => self.pace.refused(failure).await,
        }
    }
}

fn unknown_chat() -> ApiError {
    ApiError::not_found("the bot is in no such chat").with_code("chat_unknown")
}
