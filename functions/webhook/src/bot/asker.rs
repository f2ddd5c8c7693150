//! Who asks, and what he may by Telegram's own word at this moment.

use super::Stop;
use super::screen::Screen;
use crate::{NotNow, Webhook};
use aws::store::dialogue::Talk;
use aws::store::page::{PageError, Wanted};
use aws::store::users::{ChatItem, Profile};
use domain::chat::{Chat, ChatState};
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member::{Member, Status};
use domain::role::Role;
use domain::settings::ChatSettings;
use serde::{Deserialize, Serialize};
use telegram::client::Failure;
use telegram::reaction::Reaction;
use telegram::text;
use telegram::update::Person;
use uuid::Uuid;

/// Somebody who asks for something.
pub struct Asker {
    pub id: UserId,
    /// In a group the group's, where its admins chose one; else an anonymous admin's is that of most known admins of the group, and anybody
    /// else's their own.
    pub lang: Lang,
    /// The group he asks in; `None`: in private.
    pub group: Option<ChatId>,
    /// What Telegram has said of him there at this request, where it was asked.
    pub member: Option<Member>,
}

/// A chat that the asker is an admin of.
pub struct Room {
    pub id: ChatId,
    pub chat: Chat,
    /// The asker owns the chat.
    pub is_owner: bool,
}

/// What is remembered of a talk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The chat that was spoken of last.
    pub chat: Option<ChatId>,
    pub asks: Option<Asks>,
}

/// What the bot has asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// A person. `request_id`: of the button by which he can be chosen.
    Whom {
        chat: ChatId,
        purpose: super::action::Purpose,
        request_id: i32,
    },
    Zone,
    Appeal {
        chat: ChatId,
        sync_id: Uuid,
    },
}

/// Admins of a chat whose language is looked at, where the chat has chosen none.
const VOICES: usize = 20;

fn most_spoken(languages: impl Iterator<Item = Lang>) -> Option<Lang> {
    let (mut ru, mut en) = (0, 0);
    for language in languages {
        match language {
            Lang::Ru => ru += 1,
            Lang::En => en += 1,
        }
    }
    match (ru, en) {
        (0, 0) => None,
        _ if ru >= en => Some(Lang::Ru),
        _ => Some(Lang::En),
    }
}

impl Room {
    /// What messages call the chat.
    pub fn title(&self) -> String {
        self.chat.title.clone().unwrap_or_else(|| self.id.to_string())
    }
}

impl Webhook {
    pub async fn asker(&self, person: &Person, group: Option<ChatId>) -> anyhow::Result<Asker> {
        let chosen = self.people.seen(&self.users, person).await?;
        let of_group = match group {
            Some(chat) => self.users.chat(chat).await?.and_then(|chat| chat.settings.language),
            None => None,
        };
        // Telegram tells no language of an anonymous admin.
        let of_group = match (of_group, group) {
            (None, Some(chat)) if person.id == UserId::ANONYMOUS_ADMIN => self.language_of_admins(chat).await?,
            (chosen, _) => chosen,
        };
        let lang = of_group.unwrap_or_else(|| Lang::of(chosen, person.language_code.as_deref()));
        Ok(Asker { id: person.id, lang, group, member: None })
    }

    /// The language that most of a chat's known admins are spoken to in; `None`: none of them is known.
    async fn language_of_admins(&self, chat: ChatId) -> anyhow::Result<Option<Lang>> {
        let page = match self.users.admins(chat, &Wanted { limit: VOICES, cursor: None }).await {
            Ok(page) => page,
            Err(PageError::Store(error)) => return Err(error),
            Err(PageError::BadCursor) => return Ok(None),
        };
        let profiles = self.users.profiles(page.items.iter().map(|admin| admin.user_id)).await?;
        Ok(most_spoken(profiles.values().map(Profile::lang)))
    }

    /// A chat, if the asker is its admin now; `bans`: if he may ban there.
    pub async fn room(&self, asker: &Asker, chat: ChatId, bans: bool) -> Result<Room, Stop> {
        let (room, member) = self.room_with_member(asker, chat).await?;
        if bans && !member.may_ban() {
            return Err(Screen::text(text!(asker.lang, "may-not-decide")).into());
        }
        Ok(room)
    }

    /// A chat, if the asker is its admin now, and what Telegram says of him there.
    pub async fn room_with_member(&self, asker: &Asker, chat: ChatId) -> Result<(Room, Member), Stop> {
        let mut known = self.users.chats_with_successors([chat]).await?;
        let id = known.get(&chat).and_then(|chat| chat.migrated_to).unwrap_or(chat);
        let known_as = id;
        let (id, member) = match asker.member.filter(|_| asker.group == Some(id)) {
            Some(member) => (id, member),
            None => match self.of_chat(id, async |chat| self.telegram.member(chat, asker.id).await).await? {
                Ok(found) => found,
                Err(failure) => return Err(self.cannot_check(asker, failure).await),
            },
        };
        if id != known_as {
            known.extend(self.users.chats([id]).await?);
        }
        self.note_role(id, asker.id, Role::of(&member)).await;
        if !member.is_admin() {
            return Err(Screen::text(text!(asker.lang, "admins-only")).into());
        }
        let chat = known.remove(&id).unwrap_or_else(|| ChatItem::new(id, ChatState::Active, ChatSettings::default()).into());
        Ok((Room { id, chat, is_owner: member.status == Status::Creator }, member))
    }

    /// A chat, whatever the asker is there: no call.
    pub async fn room_of_anybody(&self, chat: ChatId) -> anyhow::Result<Room> {
        let mut known = self.users.chats_with_successors([chat]).await?;
        let id = known.get(&chat).and_then(|chat| chat.migrated_to).unwrap_or(chat);
        let chat = known.remove(&id).unwrap_or_else(|| ChatItem::new(id, ChatState::Active, ChatSettings::default()).into());
        Ok(Room { id, chat, is_owner: false })
    }

    /// What Telegram answered instead of somebody's place in a chat.
    pub async fn cannot_check(&self, asker: &Asker, failure: Failure) -> Stop {
        match failure.reaction() {
            reaction if reaction.ends_by_itself() => self.not_now(failure).await.into(),
            Reaction::Skip(_) => Screen::text(text!(asker.lang, "admins-only")).into(),
            // Bringing the update again would change nothing and hold back what comes after it.
            Reaction::RetryFew | Reaction::Fine => Screen::text(text!(asker.lang, "telegram-does-not-tell")).into(),
            _ => Screen::text(text!(asker.lang, "cannot-check-admins")).into(),
        }
    }

    /// Roles of before the bot came are known from what their holders ask for. What is known already, updates keep right.
    async fn note_role(&self, chat: ChatId, user: UserId, role: Option<Role>) {
        if !self.people.is_new_role(chat, user, role) {
            return;
        }
        if let Err(error) = self.users.observe_role(chat, user, role, None).await {
            tracing::warn!(error = format!("{error:#}"), "a role could not be written; it is noted at the next command");
        }
    }

    /// Where the talk with somebody stands.
    pub async fn context(&self, user: UserId) -> anyhow::Result<Context> {
        let talk = self.dialogue.talk(user).await?;
        Ok(talk.and_then(|talk| serde_json::from_str(&talk.context).ok()).unwrap_or_default())
    }

    /// Remembers the chat that was spoken of.
    pub async fn remember(&self, asker: &Asker, command: &str, chat: ChatId) -> Result<(), NotNow> {
        self.set_context(asker.id, command, &Context { chat: Some(chat), asks: None }).await
    }

    pub async fn set_context(&self, user: UserId, command: &str, context: &Context) -> Result<(), NotNow> {
        let context = serde_json::to_string(context).map_err(anyhow::Error::from)?;
        let talk = Talk { last_command: command.to_owned(), context, timestamp: aws::time::now() };
        Ok(self.dialogue.set_talk(user, &talk).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_speaks_as_most_of_its_admins_do() {
        for (languages, expected) in [
            (&[][..], None),
            (&[Lang::En], Some(Lang::En)),
            (&[Lang::En, Lang::Ru, Lang::En], Some(Lang::En)),
            (&[Lang::En, Lang::Ru], Some(Lang::Ru)),
        ] {
            assert_eq!(most_spoken(languages.iter().copied()), expected, "{languages:?}");
        }
    }
}
