//! Whom a chat keeps out of the bans that are carried into it, and taking back what was.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::{NotNow, Webhook};
use aws::store::users::Listed;
use domain::chat::MOST_IGNORED;
use domain::ids::UserId;
use telegram::render::{fold, name_of, subject};
use telegram::text;

/// People and chats that are shown of the list.
const SHOWN: usize = 20;

impl Webhook {
    pub async fn ignore(&self, asker: &Asker, room: &Room, user: UserId) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let who = subject(lang, user, self.names(&[user]).await?.get(&user).map(String::as_str));
        let ignored = self.users.enlist(room.id, Listed::IgnoredUser(user)).await?;
        if ignored {
            self.syncs.end_all_pending(room.id, user).await?;
        }
        Ok(Screen::text(match ignored {
            true => text!(lang, "ignored", who = who),
            false => text!(lang, "ignore-list-full", most = MOST_IGNORED),
        }))
    }

    pub async fn unignore(&self, asker: &Asker, room: &Room, user: UserId) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let who = subject(lang, user, self.names(&[user]).await?.get(&user).map(String::as_str));
        Ok(Screen::text(match self.users.delist(room.id, Listed::IgnoredUser(user)).await? {
            true => text!(lang, "no-longer-ignored", who = who),
            false => text!(lang, "not-ignored", who = who),
        }))
    }

    /// The list, with a button each to take it off.
    pub async fn ignored(&self, asker: &Asker, room: &Room) -> Result<Screen, NotNow> {
        let lang = asker.lang;
        let ignores = &room.chat.ignores;
        let settings = Choice::new(text!(lang, "button-settings"), Action::In { chat: room.id, then: InChat::Settings });
        if ignores.users.is_empty() && ignores.sources.is_empty() {
            return Ok(Screen::text(text!(lang, "ignored-nobody", chat = room.title())).row([settings]));
        }
        let users: Vec<_> = ignores.users.iter().copied().take(SHOWN).collect();
        let sources: Vec<_> = ignores.sources.iter().copied().take(SHOWN).collect();
        let (names, sight) = (self.names(&users).await?, self.sight(asker, sources.iter().copied()).await?);
        let hidden = ignores.users.len() + ignores.sources.len() - users.len() - sources.len();
        let mut lines = vec![text!(lang, "ignored-list", chat = room.title())];
        let mut screen = Screen::default();
        for user in users {
            let name = names.get(&user).map(String::as_str);
            lines.push(format!("• {}", subject(lang, user, name).0));
            let label = format!("✖️ {}", name_of(user, name));
            screen = screen.row([Choice::new(label, Action::In { chat: room.id, then: InChat::Unignore { user } })]);
        }
        for source in sources {
            let title = sight.of(source, false).title(sight.present(source), None).unwrap_or_else(|| source.to_string());
            lines.push(format!("• {}", text!(lang, "ignored-source", chat = &title)));
            let label = format!("✖️ {}", telegram::render::escape(&title));
            screen = screen.row([Choice::new(label, Action::In { chat: room.id, then: InChat::Unblock { source } })]);
        }
        if hidden > 0 {
            lines.push(text!(lang, "and-more", count = hidden));
        }
        Ok(Screen { text: fold(&lines), ..screen }.row([settings]))
    }

    pub async fn undo_command(&self, asker: &Asker, room: &Room, user: Option<UserId>) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let Some(undone) = self.undo(room.id, user, asker.id).await? else {
            return Ok(Screen::text(match user {
                Some(user) => {
                    let who = subject(lang, user, self.names(&[user]).await?.get(&user).map(String::as_str));
                    text!(lang, "nothing-to-undo-of", who = who)
                }
                None => text!(lang, "nothing-to-undo"),
            }));
        };
        let who = subject(lang, undone.user, self.names(&[undone.user]).await?.get(&undone.user).map(String::as_str));
        Ok(Screen::text(match undone.everywhere {
            true => text!(lang, "undoing-everywhere", who = who),
            false => text!(lang, "undoing", who = who),
        }))
    }
}
