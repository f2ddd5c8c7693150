//! In private: which chat is meant, among those that the asker is an admin of.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Stop};
use crate::Webhook;
use aws::store::page::{PageError, Wanted};
use domain::chat::Chat;
use domain::lang::Lang;
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
        Ok(page_of(lang, &chats, then, page))
    }

    /// The chats that somebody is known to be an admin of, and the bot is in, by title. Whether he still is, is asked when one is chosen.
    pub async fn chats_of(&self, asker: &Asker) -> anyhow::Result<Vec<Chat>> {
        let page = self.users.roles(asker.id, &Wanted { limit: MOST, cursor: None }).await.map_err(|error| match error {
            PageError::Store(error) => error,
            PageError::BadCursor => anyhow::anyhow!("a first page has no cursor"),
        })?;
        let ids: Vec<_> = page.items.iter().filter(|item| item.role().is_some()).map(|item| item.chat_id).collect();
        let chats = self.users.chats(ids).await?;
        Ok(present(chats.into_values()))
    }
}

/// Those that the bot is in, by title.
fn present(chats: impl Iterator<Item = Chat>) -> Vec<Chat> {
    let mut chats: Vec<_> = chats.filter(|chat| chat.state.is_present()).collect();
    chats.sort_by(|a, b| (&a.title, a.chat_id).cmp(&(&b.title, b.chat_id)));
    chats
}

/// A button for each chat of a page, and buttons to the pages beside it.
fn page_of(lang: Lang, chats: &[Chat], then: &InChat, page: usize) -> Screen {
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
    screen
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use domain::chat::{ChatState, Ignores};
    use domain::ids::ChatId;
    use domain::settings::ChatSettings;

    fn chat(id: i64, title: Option<&str>, state: ChatState) -> Chat {
        let (title, settings) = (title.map(str::to_owned), ChatSettings::default());
        Chat {
            chat_id: ChatId(id),
            title,
            state,
            migrated_to: None,
            migrated_from: None,
            settings,
            ignores: Ignores::default(),
            known_sources: Default::default(),
        }
    }

    #[test]
    fn chats_are_offered_by_title_where_the_bot_still_is() {
        let chats = [
            chat(-1, Some("Zebra"), ChatState::Active),
            chat(-2, Some("Ant"), ChatState::Suspended),
            chat(-3, Some("Gone"), ChatState::Removed),
            chat(-4, Some("Old"), ChatState::Migrated),
            chat(-5, None, ChatState::Active),
            chat(-6, Some("Ant"), ChatState::Active),
        ];
        assert_eq!(present(chats.into_iter()).iter().map(|chat| chat.chat_id.0).collect::<Vec<_>>(), [-5, -6, -2, -1]);
    }

    #[test]
    fn a_page_has_eight_chats_and_leads_to_the_pages_beside_it() {
        let then = InChat::Stats;
        let check = |count: usize, page: usize, shown: std::ops::Range<usize>, turns: &[usize]| {
            let chats: Vec<_> = (0..count).map(|n| chat(-(n as i64) - 1, Some("<T>"), ChatState::Active)).collect();
            let screen = page_of(Lang::En, &chats, &then, page);
            let leads: Vec<_> = screen.rows.iter().flatten().map(|choice| choice.to.clone()).collect();
            let to_chats = shown.map(|n| Action::In { chat: ChatId(-(n as i64) - 1), then: then.clone() });
            let to_pages = turns.iter().map(|&page| Action::Choose { then: then.clone(), page });
            let expected: Vec<_> = to_chats.chain(to_pages).map(|action| To::Action(Box::new(action))).collect();
            assert_eq!(leads, expected, "page {page} of {count} chats");
        };
        check(1, 0, 0..1, &[]);
        check(8, 0, 0..8, &[]);
        check(9, 0, 0..8, &[1]);
        check(9, 1, 8..9, &[0]);
        check(24, 1, 8..16, &[0, 2]);
        // Chats have gone since the page before was shown.
        check(9, 2, 9..9, &[1]);
    }

    #[test]
    fn a_chat_is_called_by_its_title_and_without_one_by_its_id() {
        let chats = [chat(-1, Some("A <b> & c"), ChatState::Active), chat(-2, None, ChatState::Active)];
        let screen = page_of(Lang::En, &chats, &InChat::Stats, 0);
        assert_eq!(screen.rows.iter().flatten().map(|choice| choice.label.as_str()).collect::<Vec<_>>(), ["A <b> & c", "-2"]);
    }

    #[test]
    fn settings_of_a_chat_are_offered_beside_the_askers_own() {
        let of = |then: InChat| page_of(Lang::En, &[chat(-1, None, ChatState::Active)], &then, 0).rows.len();
        assert_eq!((of(InChat::Settings), of(InChat::Stats)), (2, 1));
    }
}
