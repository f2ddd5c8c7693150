//! What Telegram says of a chat and of somebody in it, now. A group that became a supergroup is looked at where it is: an old link, an old button or
//! a sync of before leads there.

use crate::{NotNow, Webhook, budget};
use domain::ids::{ChatId, UserId};
use telegram::client::Failure;
use telegram::reaction::Reaction;
use telegram::update::ChatMember;

/// What a look at somebody shows.
pub enum Looked {
    There(Box<ChatMember>),
    /// Telegram does not tell: nobody is known there by that id, or the bot sees nothing of that chat.
    Unknown,
    /// Telegram did not answer in time: another look may tell.
    Late,
}

impl Looked {
    pub fn member(self) -> Option<ChatMember> {
        match self {
            Self::There(member) => Some(*member),
            Self::Unknown | Self::Late => None,
        }
    }
}

impl Webhook {
    /// What `call` answers of a chat, and the chat's id now. Telegram may say at random that it does not know a member: it is asked once more.
    pub async fn of_chat<T>(
        &self,
        chat: ChatId,
        call: impl AsyncFn(ChatId) -> Result<T, Failure>,
    ) -> anyhow::Result<Result<(ChatId, T), Failure>> {
        let failure = match call(chat).await {
            Ok(answer) => return Ok(Ok((chat, answer))),
            Err(failure) => failure,
        };
        let present = match failure.reaction() {
            reaction if reaction.ends_by_itself() => return Ok(Err(failure)),
            Reaction::Migrated(to) => {
                self.moved(chat, to).await?;
                to
            }
            Reaction::RetryFew => self.users.present_id(chat).await?,
            // An old id may answer as if the chat were gone.
            _ => match self.users.present_id(chat).await? {
                same if same == chat => return Ok(Err(failure)),
                present => present,
            },
        };
        Ok(call(present).await.map(|answer| (present, answer)))
    }

    /// Telegram's word that a group is a supergroup now, as the service message of it would be: that may not have come.
    async fn moved(&self, from: ChatId, to: ChatId) -> anyhow::Result<()> {
        self.users.migrated(from, to, None).await?;
        self.users.inherit_settings(from, to).await
    }

    /// What Telegram tells of somebody in a chat; a name that it tells is kept.
    pub async fn look_at(&self, chat: ChatId, user: UserId) -> Result<Looked, NotNow> {
        let looked = budget::look(self.of_chat(chat, async |chat| self.telegram.chat_member(chat, user).await)).await;
        let Some(looked) = looked else { return Ok(Looked::Late) };
        let failure = match looked? {
            Ok((_, member)) => {
                if !member.person.first_name.is_empty() {
                    self.people.named(&self.users, &member.person).await?;
                }
                return Ok(Looked::There(Box::new(member)));
            }
            Err(failure) => failure,
        };
        match failure.reaction() {
            Reaction::RetryAfter(_) | Reaction::StopEverything => Err(self.not_now(failure).await),
            Reaction::Retry => Ok(Looked::Late),
            _ => Ok(Looked::Unknown),
        }
    }
}
