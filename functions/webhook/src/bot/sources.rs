//! Chats whose bans are carried over to here: let in, blocked, as yet unknown.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::{NotNow, Webhook};
use aws::store::users::Listed;
use domain::chat::{Chat, MOST_IGNORED, MOST_KNOWN};
use domain::ids::ChatId;
use domain::lang::Lang;
use domain::settings::ShareBans;
use std::collections::BTreeMap;
use telegram::render::fold;
use telegram::text;
use telegram::text::Html;

/// Sources of a kind that are shown.
const SHOWN: usize = 20;

/// Sources that a line names.
const IN_A_LINE: usize = 3;

impl Webhook {
    /// The sources that a chat knows and those that it keeps out, with a button each.
    pub async fn sources(&self, asker: &Asker, room: &Room) -> Result<Screen, NotNow> {
        let lang = asker.lang;
        let blocked = &room.chat.ignores.sources;
        let known: Vec<_> = room.chat.known_sources.difference(blocked).copied().collect();
        let shown: Vec<_> = known.iter().copied().take(SHOWN).collect();
        let shown_blocked: Vec<_> = blocked.iter().copied().take(SHOWN).collect();
        let chats = self.users.chats(shown.iter().chain(&shown_blocked).copied()).await?;
        let here = |then| Action::In { chat: room.id, then };
        let mut lines = vec![text!(lang, "sources", chat = room.title())];
        let mut screen = Screen::default();
        if known.is_empty() && blocked.is_empty() {
            lines.push(text!(lang, "sources-none"));
        }
        for source in shown {
            lines.push(format!("✅ {}", named(lang, &chats, source).0));
            let block = text!(lang, "button-block", chat = label(&chats, source));
            screen = screen.row([Choice::new(block, here(InChat::Block { source }))]);
        }
        for source in shown_blocked {
            lines.push(format!("⛔️ {}", named(lang, &chats, source).0));
            let unblock = text!(lang, "button-unblock", chat = label(&chats, source));
            screen = screen.row([Choice::new(unblock, here(InChat::Unblock { source }))]);
        }
        let hidden = (known.len() + blocked.len()).saturating_sub(screen.rows.len());
        if hidden > 0 {
            lines.push(text!(lang, "and-more", count = hidden));
        }
        lines.push(text!(lang, "sources-how"));
        let settings = Choice::new(text!(lang, "button-settings"), here(InChat::Settings));
        Ok(Screen { text: fold(&lines), ..screen }.row([settings]))
    }

    /// How many sources a chat knows, and what some of them are called; `None`: it knows none.
    pub async fn sources_in_a_line(&self, lang: Lang, room: &Room) -> anyhow::Result<Option<String>> {
        let known: Vec<_> = room.chat.known_sources.difference(&room.chat.ignores.sources).copied().collect();
        if known.is_empty() {
            return Ok(None);
        }
        let named_ones: Vec<_> = known.iter().copied().take(IN_A_LINE).collect();
        let chats = self.users.chats(named_ones.iter().copied()).await?;
        let mut names = named_ones.iter().map(|&source| named(lang, &chats, source).0).collect::<Vec<_>>().join(", ");
        let more = known.len() - named_ones.len();
        if more > 0 {
            names = format!("{names} {}", text!(lang, "and-more", count = more));
        }
        Ok(Some(text!(lang, "list-sources", count = known.len(), sources = Html(names))))
    }

    /// Carries no bans of a source over to here any more; what was carried over stays.
    pub async fn block(&self, asker: &Asker, room: &Room, source: ChatId) -> Result<Screen, Stop> {
        let lang = asker.lang;
        if source == room.id {
            return Ok(Screen::text(text!(lang, "cannot-block-itself")));
        }
        let chats = self.users.chats([source]).await?;
        let source_chat = named(lang, &chats, source);
        if !self.users.enlist(room.id, Listed::IgnoredSource(source)).await? {
            return Ok(Screen::text(text!(lang, "ignore-list-full", most = MOST_IGNORED)));
        }
        let undo = Choice::new(text!(lang, "button-unblock", chat = label(&chats, source)), self.leads(room, InChat::Unblock { source }));
        Ok(Screen::text(text!(lang, "blocked", source = source_chat, chat = room.title())).row([undo]))
    }

    /// Lets a blocked source in again. Whether its next ban is asked about is as it was before.
    pub async fn unblock(&self, asker: &Asker, room: &Room, source: ChatId) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let chats = self.users.chats([source]).await?;
        let source_chat = named(lang, &chats, source);
        if !self.users.delist(room.id, Listed::IgnoredSource(source)).await? {
            return Ok(Screen::text(text!(lang, "not-blocked", source = source_chat)));
        }
        let screen = Screen::text(text!(lang, "unblocked", source = source_chat, chat = room.title()));
        if room.chat.knows(source) {
            return Ok(screen.row([Choice::new(text!(lang, "button-forget"), self.leads(room, InChat::Forget { source }))]));
        }
        Ok(screen.row([Choice::new(text!(lang, "button-let-in"), self.leads(room, InChat::LetIn { source }))]))
    }

    /// The first ban of a source is carried over without a question.
    pub async fn let_in(&self, asker: &Asker, room: &Room, source: ChatId) -> Result<Screen, Stop> {
        let source_chat = named(asker.lang, &self.users.chats([source]).await?, source);
        Ok(Screen::text(match self.users.enlist(room.id, Listed::KnownSource(source)).await? {
            true => text!(asker.lang, "let-in", source = source_chat),
            false => text!(asker.lang, "known-list-full", most = MOST_KNOWN),
        }))
    }

    /// The next ban of a source is a first one again.
    pub async fn forget(&self, asker: &Asker, room: &Room, source: ChatId) -> Result<Screen, Stop> {
        let source_chat = named(asker.lang, &self.users.chats([source]).await?, source);
        self.users.delist(room.id, Listed::KnownSource(source)).await?;
        Ok(Screen::text(text!(asker.lang, "forgotten", source = source_chat)))
    }

    fn leads(&self, room: &Room, then: InChat) -> Action {
        Action::In { chat: room.id, then }
    }
}

/// A source by its title, where its chat shares it, and id.
fn named(lang: Lang, chats: &BTreeMap<ChatId, Chat>, source: ChatId) -> Html {
    match title(chats, source) {
        Some(title) => Html(text!(lang, "decision-source", chat = title, id = source)),
        None => Html(text!(lang, "subject-unnamed", id = source)),
    }
}

/// What a button calls a source.
fn label(chats: &BTreeMap<ChatId, Chat>, source: ChatId) -> String {
    title(chats, source).map_or_else(|| source.to_string(), |title| title.chars().take(20).collect())
}

fn title(chats: &BTreeMap<ChatId, Chat>, source: ChatId) -> Option<&String> {
    chats.get(&source).filter(|chat| chat.settings.share_bans == ShareBans::Full).and_then(|chat| chat.title.as_ref())
}
