//! What admins decided: in a chat, or on a person in all chats that the asker may look into.

use super::action::{Action, FilePart, InChat};
use super::lists::turns;
use super::screen::{Choice, Screen};
use super::timeline::{Happened, Place};
use super::{Asker, Room, Stop, csv};
use crate::{Webhook, budget};
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
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use telegram::bot::Document;
use telegram::render::{self, fold, subject};
use telegram::text;
use telegram::text::Html;

/// Events on a page.
const ON_A_PAGE: usize = 10;

/// The events of a file: ten reads.
const IN_A_FILE: usize = 10 * AT_A_TIME;

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
        let (mut happened, next) = self.timeline(lang, room.id, filter, place, ON_A_PAGE).await?;
        // A delay of up to an hour is not minded by the pages.
        happened.sort_by_key(|happened| Reverse(happened.at()));
        let here = |then| Action::In { chat: room.id, then };
        let filters = filters(lang, filter, |filter| here(InChat::History { filter, after: Vec::new() }));
        if happened.is_empty() && next.is_none() && after.is_empty() {
            return Ok(Screen::text(empty(lang, filter, &room.title())).row(filters));
        }
        let mut lines = vec![text!(lang, "history-of-chat", chat = room.title())];
        lines.extend(happened.is_empty().then(|| found_nothing(lang, next.map(Place::moment))));
        lines.extend(self.told(asker, &happened).await?);
        Ok(Screen::text(fold(&lines))
            .row(filters)
            .row(turns(lang, after, next.map(Place::write), |after| here(InChat::History { filter, after })))
            .row([Choice::new(text!(lang, "button-csv"), here(InChat::HistoryFile { filter, part: None }))]))
    }

    /// A line of HTML for each thing that happened, as far as the asker may see it.
    pub async fn told(&self, asker: &Asker, happened: &[Happened]) -> anyhow::Result<Vec<String>> {
        let lang = asker.lang;
        let synced: Vec<_> = happened.iter().filter_map(Happened::of_sync).collect();
        let sight = self.sight(asker, synced.iter().map(|entry| entry.source_chat_id)).await?;
        // The person may never have been seen but in the ban itself.
        let events = try_join_all(synced.iter().map(|entry| self.bans.get(entry.ban_event_id))).await?;
        let events: BTreeMap<_, _> = events.into_iter().flatten().map(|event| (event.event_id, event)).collect();
        let told = happened.iter().map(|happened| match happened {
            Happened::Decided(event) => line(lang, event, subject(lang, event.user_id, event.user_name.as_deref()).0),
            Happened::Synced(act) => {
                let entry = &act.entry;
                let event = events.get(&entry.ban_event_id);
                let who = subject(lang, entry.user_id, event.and_then(|event| event.user_name.as_deref()));
                of_sync(lang, entry, who, &source(&sight, entry.source_chat_id, event))
            }
        });
        Ok(told.collect())
    }

    /// A file of a chat's history, and a button to the next one where there is more.
    pub async fn chat_file(
        &self,
        asker: &Asker,
        room: &Room,
        filter: Option<member::Action>,
        part: Option<&FilePart>,
    ) -> Result<Screen, Stop> {
        let first = part.and_then(|part| Place::read(&part.from)).unwrap_or_else(|| Place::first(aws::time::now()));
        let (mut happened, mut next) = (Vec::new(), Some(first));
        while let Some(place) = next.filter(|_| happened.len() < IN_A_FILE) {
            let (page, further) = self.timeline(asker.lang, room.id, filter, place, AT_A_TIME).await?;
            happened.extend(page);
            next = further;
            if budget::is_spent() {
                break;
            }
        }
        happened.sort_by_key(|happened| Reverse(happened.at()));
        let people: BTreeSet<_> = happened.iter().filter_map(Happened::of_sync).map(|entry| entry.user_id).collect();
        let names = self.names(&people.into_iter().collect::<Vec<_>>()).await?;
        let me = self.telegram.bot();
        let rows = happened.iter().map(|happened| match happened {
            Happened::Decided(event) => csv::Row::of_event(event, &room.title()),
            Happened::Synced(act) => csv::Row::of_sync(&act.entry, names.get(&act.entry.user_id).cloned(), &room.title(), me),
        });
        let file = csv::file(&file_name(&format!("history{}", room.id), part), rows, &self.zone_of(asker).await?)?;
        let further = |part| Action::In { chat: room.id, then: InChat::HistoryFile { filter, part: Some(part) } };
        Ok(as_file(asker.lang, file, happened.len(), part, next.map(Place::write), further))
    }

    /// The time zone that somebody has chosen; UTC unless they have.
    pub async fn zone_of(&self, asker: &Asker) -> anyhow::Result<String> {
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
        let page = self.bans.search(&search, Order::User(user), &wanted).await.map_err(unreadable(asker.lang))?;
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
            .row([Choice::new(text!(lang, "button-csv"), Action::PersonFile { user, filter, part: None })]))
    }

    /// A file of what was decided on a person, where the asker may see it, and a button to the next one where there is more.
    pub async fn person_file(
        &self,
        asker: &Asker,
        user: UserId,
        filter: Option<member::Action>,
        part: Option<&FilePart>,
    ) -> Result<Screen, Stop> {
        self.admin_of_something(asker).await?;
        let search = Search { user_id: Some(user), event_type: filter, ..Search::default() };
        let (mut events, mut next) = (Vec::new(), part.map(|part| part.from.clone()));
        loop {
            let wanted = Wanted { limit: AT_A_TIME, cursor: next };
            let page = self.bans.search(&search, Order::User(user), &wanted).await.map_err(unreadable(asker.lang))?;
            events.extend(page.items);
            next = page.next;
            if next.is_none() || events.len() >= IN_A_FILE || budget::is_spent() {
                break;
            }
        }
        let sight = self.sight(asker, events.iter().map(|event| event.chat_id)).await?;
        let events: Vec<_> = events.into_iter().filter_map(|event| sight.event(event)).collect();
        let rows = events.iter().map(|event| csv::Row::of_event(event, &place(event)));
        let file = csv::file(&file_name(&format!("history-{user}"), part), rows, &self.zone_of(asker).await?)?;
        let further = |part| Action::PersonFile { user, filter, part: Some(part) };
        Ok(as_file(asker.lang, file, events.len(), part, next, further))
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

/// Text of a page without an entry. `until`: how far was looked, Unix seconds; `None`: to the end.
fn found_nothing(lang: Lang, until: Option<i64>) -> String {
    match until {
        Some(until) => text!(lang, "history-none-so-far", time = render::date(until, lang)),
        None => text!(lang, "history-no-more"),
    }
}

/// `part`: a further one than the first.
fn file_name(list: &str, part: Option<&FilePart>) -> String {
    part.map_or_else(|| list.to_owned(), |part| format!("{list}-{}", part.number))
}

/// A file of `count` entries, and a button to the one after it, which begins at `next`.
fn as_file(
    lang: Lang,
    file: Document,
    count: usize,
    part: Option<&FilePart>,
    next: Option<String>,
    further: impl Fn(FilePart) -> Action,
) -> Screen {
    let next = next.map(|from| FilePart { number: part.map_or(1, |part| part.number) + 1, from });
    let mut lines = vec![text!(lang, "history-file", count = count)];
    lines.extend(next.is_some().then(|| text!(lang, "history-file-more")));
    let button = next.map(|next| Choice::new(text!(lang, "button-data-next", part = i64::from(next.number)), further(next)));
    Screen { file: Some(file), ..Screen::text(lines.join(" ")) }.row(button)
}

/// Name of a source for somebody who reads of it. `event`: what it decided, where that is still stored.
fn source(sight: &Sight, source: ChatId, event: Option<&BanEvent>) -> String {
    let shared = sight.of(source, event.is_some_and(|event| event.chat_public));
    let title = shared.title(sight.present(source), event.and_then(|event| event.chat_title.as_deref()));
    title.unwrap_or_else(|| source.to_string())
}

/// Line of what the bot did for a decision in `source`, which is its title or id.
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

/// Why a page cannot be read. A button's cursor may be of a list that is no more, such as that of a group before it became a supergroup: however
/// often the button were pressed, it would lead nowhere.
pub fn unreadable(lang: Lang) -> impl Fn(PageError) -> Stop {
    move |error| match error {
        PageError::Store(error) => error.into(),
        PageError::BadCursor => Screen::toast(text!(lang, "stale-button")).into(),
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

    #[test]
    fn a_file_leads_to_the_next_one_where_there_is_more() {
        let to = |part| Action::PersonFile { user: UserId(5), filter: None, part: Some(part) };
        let file = || Document { file_name: "history.csv".to_owned(), content: Vec::new(), is_photo: false };
        let more = as_file(Lang::En, file(), 2000, None, Some("x".to_owned()), to);
        let next = FilePart { number: 2, from: "x".to_owned() };
        assert_eq!((&more.rows[0][0].label[..], &more.rows[0][0].to), ("📄 Part 2", &To::Action(Box::new(to(next.clone())))));
        assert_eq!(more.text, "2000 entries in this file. Press the button for the next part.");
        let last = as_file(Lang::En, file(), 1, Some(&next), None, to);
        assert_eq!((&last.text[..], last.rows.len()), ("1 entry in this file.", 0));
        assert_eq!((file_name("history-5", None), file_name("history-5", Some(&next))), ("history-5".to_owned(), "history-5-2".to_owned()));
    }

    #[test]
    fn a_page_without_entries_tells_whether_there_may_be_older_ones() {
        assert_eq!(found_nothing(Lang::En, None), "No older entries.");
        assert!(found_nothing(Lang::En, Some(1_764_000_000)).contains("I’ll go on"), "{}", found_nothing(Lang::En, Some(1_764_000_000)));
    }

    #[test]
    fn a_cursor_of_a_list_that_is_no_more_is_a_stale_button() {
        let Stop::Show(screen) = unreadable(Lang::En)(PageError::BadCursor) else { panic!("it would be brought again") };
        assert!(screen.only_toast && screen.text == text!(Lang::En, "stale-button"), "{}", screen.text);
    }
}
