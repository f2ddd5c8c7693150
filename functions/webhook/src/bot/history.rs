//! What admins decided: in a chat, or on a person in all chats that the asker may look into.

use super::action::{Action, InChat};
use super::lists::turns;
use super::screen::{Choice, Screen};
use super::timeline::{Happened, Place};
use super::{Asker, Room, Stop, csv};
use crate::Webhook;
use aws::store::page::{PageError, Wanted};
use domain::ban::BanEvent;
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member;
use domain::search::{Order, Search};
use domain::sharing::Sight;
use domain::sync::Kind;
use domain::sync::ledger::Entry;
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};
use telegram::render::{self, fold, subject};
use telegram::text;
use telegram::text::Html;

/// Events on a page.
const ON_A_PAGE: usize = 10;

/// The most events of a file.
const IN_A_FILE: usize = 2000;

/// Events that are read at a time for a file.
const AT_A_TIME: usize = 200;

/// What the list can be narrowed to.
const FILTERS: [Option<member::Action>; 4] = [None, Some(member::Action::Ban), Some(member::Action::Unban), Some(member::Action::Kick)];

impl Webhook {
    /// What the asker may see of decisions in these chats. Theirs are those where the bot is told of every change of a role: elsewhere a role that
    /// has ended may still be known.
    pub async fn sight(&self, asker: &Asker, chats: impl IntoIterator<Item = ChatId>) -> anyhow::Result<Sight> {
        let chats: BTreeSet<_> = chats.into_iter().collect();
        let own = self.chats_of(asker).await?.into_iter().filter(|chat| chat.state == ChatState::Active).map(|chat| chat.chat_id);
        Ok(Sight { own: own.collect(), chats: self.users.chats_with_successors(chats).await? })
    }

    /// A chat's history, newest first: what its admins decided, and what I did there.
    pub async fn chat_history(&self, asker: &Asker, room: &Room, filter: Option<member::Action>, after: &[String]) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let place = after.last().and_then(|text| Place::read(text)).unwrap_or_else(|| Place::first(aws::time::now()));
        let (happened, next) = self.timeline(room.id, filter, place, ON_A_PAGE).await?;
        let here = |then| Action::In { chat: room.id, then };
        let filters = filters(lang, filter, |filter| here(InChat::History { filter, after: Vec::new() }));
        if happened.is_empty() && after.is_empty() {
            return Ok(Screen::text(empty(lang, filter, &room.title())).row(filters));
        }
        let synced: Vec<_> = happened.iter().filter_map(Happened::of_sync).collect();
        let sight = self.sight(asker, synced.iter().map(|entry| entry.source_chat_id)).await?;
        // The person may never have been seen but in the ban itself.
        let events = try_join_all(synced.iter().map(|entry| self.bans.get(entry.ban_event_id))).await?;
        let events: BTreeMap<_, _> = events.into_iter().flatten().map(|event| (event.event_id, event)).collect();
        let mut lines = vec![text!(lang, "history-of-chat", chat = room.title())];
        lines.extend(happened.iter().map(|happened| match happened {
            Happened::Decided(event) => line(lang, event, subject(lang, event.user_id, event.user_name.as_deref()).0),
            Happened::Synced(entry) => {
                let event = events.get(&entry.ban_event_id);
                let who = subject(lang, entry.user_id, event.and_then(|event| event.user_name.as_deref()));
                of_sync(lang, entry, who, &source(&sight, entry.source_chat_id, event))
            }
        }));
        Ok(Screen::text(fold(&lines))
            .row(filters)
            .row(turns(lang, after, next.map(Place::write), |after| here(InChat::History { filter, after })))
            .row([Choice::new(text!(lang, "button-csv"), here(InChat::HistoryFile { filter }))]))
    }

    pub async fn chat_file(&self, asker: &Asker, room: &Room, filter: Option<member::Action>) -> Result<Screen, Stop> {
        let (mut happened, mut next) = (Vec::new(), Some(Place::first(aws::time::now())));
        while let Some(place) = next.filter(|_| happened.len() < IN_A_FILE) {
            let (page, further) = self.timeline(room.id, filter, place, AT_A_TIME).await?;
            happened.extend(page);
            next = further;
        }
        happened.truncate(IN_A_FILE);
        let people: BTreeSet<_> = happened.iter().filter_map(Happened::of_sync).map(|entry| entry.user_id).collect();
        let names = self.names(&people.into_iter().collect::<Vec<_>>()).await?;
        let me = self.telegram.bot();
        let rows = happened.iter().map(|happened| match happened {
            Happened::Decided(event) => csv::Row::of_event(event, &room.title()),
            Happened::Synced(entry) => csv::Row::of_sync(entry, names.get(&entry.user_id).cloned(), &room.title(), me),
        });
        let file = csv::file(&format!("history{}", room.id), rows, &self.zone_of(asker).await?)?;
        Ok(Screen { file: Some(file), ..Screen::text(text!(asker.lang, "history-file", count = happened.len(), most = IN_A_FILE)) })
    }

    /// The time zone that somebody has chosen; UTC unless they have.
    async fn zone_of(&self, asker: &Asker) -> anyhow::Result<String> {
        Ok(self.users.profile(asker.id).await?.map(|profile| profile.settings).unwrap_or_default().timezone)
    }

    /// What was decided on a person, where the asker may see it.
    pub async fn person_history(
        &self,
        asker: &Asker,
        user: UserId,
        filter: Option<member::Action>,
        after: &[String],
    ) -> Result<Screen, Stop> {
        let lang = asker.lang;
        self.admin_of_something(asker).await?;
        let search = Search { user_id: Some(user), event_type: filter, ..Search::default() };
        let wanted = Wanted { limit: ON_A_PAGE, cursor: after.last().cloned() };
        let page = self.bans.search(&search, Order::User(user), &wanted).await.map_err(unreadable)?;
        let sight = self.sight(asker, page.items.iter().map(|event| event.chat_id)).await?;
        let who = subject(lang, user, self.names(&[user]).await?.get(&user).map(String::as_str));
        let here = |filter, after| Action::Person { user, filter, after };
        let filters = filters(lang, filter, |filter| here(filter, Vec::new()));
        let read = page.items.len();
        let seen: Vec<_> = page.items.into_iter().filter_map(|event| sight.event(event)).collect();
        if seen.is_empty() && after.is_empty() && page.next.is_none() {
            return Ok(Screen::text(text!(lang, "history-empty-person", who = who)).row(filters));
        }
        let mut lines = vec![text!(lang, "history-of-person", who = who)];
        lines.extend(seen.iter().map(|event| line(lang, event, telegram::render::escape(&place(event)))));
        let hidden = read - seen.len();
        if hidden > 0 {
            lines.push(text!(lang, "history-hidden", count = hidden));
        }
        Ok(Screen::text(fold(&lines))
            .row(filters)
            .row(turns(lang, after, page.next, |after| here(filter, after)))
            .row([Choice::new(text!(lang, "button-csv"), Action::PersonFile { user, filter })]))
    }

    pub async fn person_file(&self, asker: &Asker, user: UserId, filter: Option<member::Action>) -> Result<Screen, Stop> {
        self.admin_of_something(asker).await?;
        let search = Search { user_id: Some(user), event_type: filter, ..Search::default() };
        let events = self.many(&search, Order::User(user)).await?;
        let sight = self.sight(asker, events.iter().map(|event| event.chat_id)).await?;
        let events: Vec<_> = events.into_iter().filter_map(|event| sight.event(event)).collect();
        let rows = events.iter().map(|event| csv::Row::of_event(event, &place(event)));
        let file = csv::file(&format!("history-{user}"), rows, &self.zone_of(asker).await?)?;
        Ok(Screen { file: Some(file), ..Screen::text(text!(asker.lang, "history-file", count = events.len(), most = IN_A_FILE)) })
    }

    async fn many(&self, search: &Search, order: Order) -> Result<Vec<BanEvent>, Stop> {
        let (mut events, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.decided_in(search, order, &Wanted { limit: AT_A_TIME, cursor }).await.map_err(unreadable)?;
            events.extend(page.items);
            cursor = page.next;
            if cursor.is_none() || events.len() >= IN_A_FILE {
                events.truncate(IN_A_FILE);
                return Ok(events);
            }
        }
    }

    /// What other chats share, they share with admins; Telegram is asked about one of his chats.
    async fn admin_of_something(&self, asker: &Asker) -> Result<(), Stop> {
        if let Some(group) = asker.group {
            return self.room(asker, group, false).await.map(drop);
        }
        match self.chats_of(asker).await?.first() {
            Some(chat) => self.room(asker, chat.chat_id, false).await.map(drop),
            None => Err(Screen::text(text!(asker.lang, "only-for-admins")).into()),
        }
    }
}

/// What the chat of an event is called to who sees it.
pub fn place(event: &BanEvent) -> String {
    event.chat_title.clone().unwrap_or_else(|| event.chat_id.to_string())
}

fn filters(lang: Lang, chosen: Option<member::Action>, to: impl Fn(Option<member::Action>) -> Action) -> Vec<Choice> {
    let label = |filter: Option<member::Action>| match filter {
        Some(member::Action::Ban) => text!(lang, "filter-bans"),
        Some(member::Action::Unban) => text!(lang, "filter-unbans"),
        Some(member::Action::Kick) => text!(lang, "filter-kicks"),
        _ => text!(lang, "filter-all"),
    };
    let others = FILTERS.into_iter().filter(|filter| *filter != chosen);
    others.map(|filter| Choice::new(label(filter), to(filter))).collect()
}

fn empty(lang: Lang, filter: Option<member::Action>, chat: &str) -> String {
    match filter {
        Some(member::Action::Ban) => text!(lang, "history-empty-bans", chat = chat),
        Some(member::Action::Unban) => text!(lang, "history-empty-unbans", chat = chat),
        Some(member::Action::Kick) => text!(lang, "history-empty-kicks", chat = chat),
        _ => text!(lang, "history-empty-chat", chat = chat),
    }
}

/// What a source is called to who sees it. `event`: what it decided, where that is still stored.
fn source(sight: &Sight, source: ChatId, event: Option<&BanEvent>) -> String {
    let shared = sight.of(source, event.is_some_and(|event| event.chat_public));
    let title = shared.title(sight.present(source), event.and_then(|event| event.chat_title.as_deref()));
    title.unwrap_or_else(|| source.to_string())
}

/// What I did for a decision in `source`, which is its title or id.
fn of_sync(lang: Lang, entry: &Entry, whom: Html, source: &str) -> String {
    let time = render::moment(entry.at, lang);
    match (entry.kind, entry.until) {
        (Kind::Ban, None) => text!(lang, "event-synced", time = time, whom = whom, chat = source),
        (Kind::Ban, Some(until)) => {
            text!(lang, "event-synced-until", time = time, whom = whom, chat = source, until = render::moment(until, lang))
        }
        (Kind::Lift, _) => text!(lang, "event-unsynced", time = time, whom = whom, chat = source),
    }
}

/// `whom`: HTML of whom, or where.
fn line(lang: Lang, event: &BanEvent, whom: String) -> String {
    let whom = Html(whom);
    let time = render::moment(event.event_timestamp, lang);
    let mut line = match (event.event_type, event.until) {
        (member::Action::Ban, None) => text!(lang, "event-ban", time = time, whom = whom),
        (member::Action::Ban, Some(until)) => text!(lang, "event-ban-until", time = time, whom = whom, until = render::moment(until, lang)),
        (member::Action::Unban, _) => text!(lang, "event-unban", time = time, whom = whom),
        (member::Action::Kick, _) => text!(lang, "event-kick", time = time, whom = whom),
        (member::Action::Restrict, _) => text!(lang, "event-restrict", time = time, whom = whom),
        (member::Action::Unrestrict, _) => text!(lang, "event-unrestrict", time = time, whom = whom),
    };
    if let Some(reason) = &event.reason {
        line.push_str(" — ");
        line.push_str(&telegram::render::escape(reason));
    }
    line
}

/// Cursors are kept here, so one that is not understood is as old as its list.
pub fn unreadable(error: PageError) -> Stop {
    match error {
        PageError::Store(error) => error.into(),
        PageError::BadCursor => anyhow::anyhow!("a kept cursor belongs to another list").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;

    #[test]
    fn a_list_can_be_narrowed_to_whatever_it_does_not_show_now() {
        use member::Action::{Ban, Kick, Unban};
        let to = |filter| Action::Person { user: UserId(5), filter, after: Vec::new() };
        for (chosen, expected) in [
            (None, [Some(Ban), Some(Unban), Some(Kick)]),
            (Some(Ban), [None, Some(Unban), Some(Kick)]),
            (Some(Kick), [None, Some(Ban), Some(Unban)]),
        ] {
            let leads: Vec<_> = filters(Lang::En, chosen, to).into_iter().map(|choice| choice.to).collect();
            assert_eq!(leads, expected.map(|filter| To::Action(Box::new(to(filter)))), "{chosen:?}");
        }
    }
}
