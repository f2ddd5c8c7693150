//! In private: which chat is meant, among those that the asker is an admin of.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Stop};
use crate::Webhook;
use aws::store::page::{PageError, Wanted};
use domain::chat::{Chat, ChatState};
use telegram::text;

/// Chats on a page.
const ON_A_PAGE: usize = 8;

/// The most chats of an admin that are shown.
const MOST: usize = 200;

impl Webhook {
    /// About the chat that was spoken of last, or the only one; else it has to be chosen.
    pub async fn in_private(&self, asker: &Asker, then: InChat) -> Result<Action, Stop> {
        if let Some(chat) = self.context(asker.id).await?.chat {
            return Ok(Action::In { chat, then });
        }
        let chats = self.chats_of(asker).await?;
        Ok(match &chats[..] {
            [only] => Action::In { chat: only.chat_id, then },
            _ => Action::Choose { then, page: 0 },
        })
    }

    pub async fn choose(&self, asker: &Asker, then: &InChat, page: usize) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let chats = self.chats_of(asker).await?;
        if chats.is_empty() {
            let add = self.link_to_a_group().await?;
            let mut none = Screen::text(text!(lang, "no-chats")).row([Choice::url(text!(lang, "button-add-to-group"), add)]);
            if *then == InChat::Settings {
                none = none.row([Choice::new(text!(lang, "button-my-settings"), Action::MySettings)]);
            }
            return Ok(none);
        }
        let mut screen = Screen::text(text!(lang, "choose-chat", count = chats.len()));
        for chat in chats.iter().skip(page * ON_A_PAGE).take(ON_A_PAGE) {
            let title = chat.title.clone().unwrap_or_else(|| chat.chat_id.to_string());
            screen = screen.row([Choice::new(telegram::render::escape(&title), Action::In { chat: chat.chat_id, then: then.clone() })]);
        }
        let turn = |page| Action::Choose { then: then.clone(), page };
        let back = (page > 0).then(|| Choice::new(text!(lang, "button-back"), turn(page - 1)));
        let on = (chats.len() > (page + 1) * ON_A_PAGE).then(|| Choice::new(text!(lang, "button-more"), turn(page + 1)));
        screen = screen.row(back.into_iter().chain(on));
        if *then == InChat::Settings {
            screen = screen.row([Choice::new(text!(lang, "button-my-settings"), Action::MySettings)]);
        }
        Ok(screen)
    }

    /// The chats that somebody is known to be an admin of, and the bot is in, by title. Whether he still is, is asked when one is chosen.
    pub async fn chats_of(&self, asker: &Asker) -> anyhow::Result<Vec<Chat>> {
        let page = self.users.roles(asker.id, &Wanted { limit: MOST, cursor: None }).await.map_err(|error| match error {
            PageError::Store(error) => error,
            PageError::BadCursor => anyhow::anyhow!("a first page has no cursor"),
        })?;
        let ids: Vec<_> = page.items.iter().filter(|item| item.role().is_some()).map(|item| item.chat_id).collect();
        let chats = self.users.chats(ids).await?;
        let mut chats: Vec<_> = chats.into_values().filter(|chat| matches!(chat.state, ChatState::Active | ChatState::Suspended)).collect();
        chats.sort_by(|a, b| (&a.title, a.chat_id).cmp(&(&b.title, b.chat_id)));
        Ok(chats)
    }
}
