//! A chat's last month in numbers. All of it is counted, page by page; what takes longer than an update may goes on by a button, which holds the sums
//! so far.

use super::action::{Action, InChat};
use super::charts::periods;
use super::history::unreadable;
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::{Webhook, budget};
use aws::store::page::{Page, Wanted};
use aws::store::sync::Listed;
use domain::ban::BanEvent;
use domain::lang::Lang;
use domain::member;
use domain::search::{Order, Search};
use domain::sync::ledger::Entry;
use domain::sync::{Kind, Outcome};
use serde::{Deserialize, Serialize};
use telegram::text;

/// Seconds that are looked back.
const MONTH: i64 = 30 * 24 * 3600;

/// Events, or results, that are read at a time.
const AT_A_TIME: usize = 500;

/// Sums so far, and where counting goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// The month ends then, Unix seconds.
    to: i64,
    bans: usize,
    unbans: usize,
    kicks: usize,
    applied: usize,
    already: usize,
    skipped: usize,
    failed: usize,
    lifted: usize,
    events: Rest,
    log: Rest,
    /// Late entries: done this month for a decision of long before.
    late: Rest,
}

/// Rest of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rest {
    #[default]
    All,
    From(String),
    Nothing,
}

impl Rest {
    /// The next page of it; `None`: there is none.
    fn wanted(&self) -> Option<Wanted> {
        let cursor = match self {
            Self::All => None,
            Self::From(cursor) => Some(cursor.clone()),
            Self::Nothing => return None,
        };
        Some(Wanted { limit: AT_A_TIME, cursor })
    }

    fn after<T>(page: &Page<T>) -> Self {
        page.next.clone().map_or(Self::Nothing, Self::From)
    }
}

impl Tally {
    fn until(to: i64) -> Self {
        Self { to, ..Self::default() }
    }

    /// Rest of a part of the ledger.
    fn part(&mut self, part: Listed) -> &mut Rest {
        match part {
            Listed::OnTime => &mut self.log,
            Listed::Late => &mut self.late,
        }
    }

    fn is_whole(&self) -> bool {
        [&self.events, &self.log, &self.late].into_iter().all(|rest| *rest == Rest::Nothing)
    }

    fn add_event(&mut self, event: &BanEvent) {
        match event.event_type {
            member::Action::Ban => self.bans += 1,
            member::Action::Unban => self.unbans += 1,
            member::Action::Kick => self.kicks += 1,
            member::Action::Restrict | member::Action::Unrestrict => {}
        }
    }

    fn add_entry(&mut self, entry: &Entry) {
        match (entry.kind, entry.outcome) {
            // A program's ban in the chat's own name is among the chat's decisions.
            _ if entry.is_chats_own() && entry.origin.is_news() => {}
            (Kind::Ban, Outcome::Applied) => self.applied += 1,
            (Kind::Ban, Outcome::Already) => self.already += 1,
            (Kind::Lift, Outcome::Applied) => self.lifted += 1,
            (Kind::Lift, Outcome::Already) => {}
            (_, Outcome::Skipped(_)) => self.skipped += 1,
            (_, Outcome::Failed(_)) => self.failed += 1,
        }
    }
}

impl Webhook {
    /// `tally`: what was counted before.
    pub async fn stats(&self, asker: &Asker, room: &Room, tally: Option<Tally>) -> Result<Screen, Stop> {
        let tally = tally.unwrap_or_else(|| Tally::until(aws::time::now()));
        let tally = self.counted(asker.lang, room, tally).await?;
        let follows = self.subscriptions.of_chat(room.id).await?.len();
        let screen = shown(asker.lang, room, tally, follows);
        Ok(if self.facts.is_some() { screen.row(periods(asker.lang, room.id, false)) } else { screen })
    }

    /// Counts as far as there is time for.
    async fn counted(&self, lang: Lang, room: &Room, mut tally: Tally) -> Result<Tally, Stop> {
        let (from, to) = (tally.to - MONTH, tally.to);
        let search = Search { chat_id: Some(room.id), from: Some(from), to: Some(to), ..Search::default() };
        while let Some(wanted) = tally.events.wanted().filter(|_| !budget::is_spent()) {
            let page = self.decided_in(&search, Order::Chat(room.id), &wanted).await.map_err(unreadable(lang))?;
            page.items.iter().for_each(|event| tally.add_event(event));
            tally.events = Rest::after(&page);
        }
        for part in [Listed::OnTime, Listed::Late] {
            while let Some(wanted) = tally.part(part).wanted().filter(|_| !budget::is_spent()) {
                let page = self.log_page(room.id, part, from, to, &wanted).await.map_err(unreadable(lang))?;
                page.items.iter().for_each(|log| tally.add_entry(&log.entry));
                *tally.part(part) = Rest::after(&page);
            }
        }
        Ok(tally)
    }
}

fn shown(lang: Lang, room: &Room, tally: Tally, follows: usize) -> Screen {
    let mut text = text!(
        lang,
        "stats",
        chat = room.title(),
        follows = follows,
        bans = tally.bans,
        unbans = tally.unbans,
        kicks = tally.kicks,
        applied = tally.applied,
        already = tally.already,
        skipped = tally.skipped,
        failed = tally.failed,
        lifted = tally.lifted
    );
    let here = |then| Action::In { chat: room.id, then };
    let further = (!tally.is_whole()).then(|| Choice::new(text!(lang, "button-go-on"), here(InChat::StatsFurther { tally })));
    if further.is_some() {
        text.push_str("\n\n");
        text.push_str(&text!(lang, "stats-more"));
    }
    Screen::text(text).row(further).row([
        Choice::new(text!(lang, "button-history"), here(InChat::History { filter: None, after: Vec::new() })),
        Choice::new(text!(lang, "button-list"), here(InChat::List { after: Vec::new() })),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use aws::store::users::ChatItem;
    use domain::chat::ChatState;
    use domain::ids::ChatId;
    use domain::settings::ChatSettings;

    fn room() -> Room {
        Room { id: ChatId(-5), chat: ChatItem::new(ChatId(-5), ChatState::Active, ChatSettings::default()).into(), is_owner: false }
    }

    #[test]
    fn what_is_not_counted_yet_goes_on_by_a_button_with_the_sums_so_far() {
        let part = Tally { bans: 700, events: Rest::Nothing, log: Rest::From("x".to_owned()), ..Tally::until(9) };
        let screen = shown(Lang::En, &room(), part.clone(), 3);
        let on = Action::In { chat: ChatId(-5), then: InChat::StatsFurther { tally: part.clone() } };
        assert_eq!(screen.rows[0][0].to, To::Action(Box::new(on.clone())));
        assert!(screen.text.contains("bans: 700") && screen.text.contains(&text!(Lang::En, "stats-more")), "{}", screen.text);
        let stored = serde_json::to_string(&on).unwrap();
        assert_eq!(serde_json::from_str::<Action>(&stored).unwrap(), on);
        let late = Tally { log: Rest::Nothing, ..part };
        assert!(!late.is_whole(), "what was done late is counted, too");
        let whole = shown(Lang::En, &room(), Tally { late: Rest::Nothing, ..late }, 3);
        assert!(!whole.text.contains(&text!(Lang::En, "stats-more")) && whole.rows.len() == 1, "{}", whole.text);
    }

    #[test]
    fn a_list_is_read_to_its_end() {
        assert_eq!(Rest::All.wanted(), Some(Wanted { limit: AT_A_TIME, cursor: None }));
        let page = |next: Option<&str>| Page { items: vec![0], next: next.map(str::to_owned) };
        assert_eq!(Rest::after(&page(Some("x"))).wanted(), Some(Wanted { limit: AT_A_TIME, cursor: Some("x".to_owned()) }));
        assert_eq!(Rest::after(&page(None)).wanted(), None);
    }
}
