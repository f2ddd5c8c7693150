//! A chat's last month in numbers.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::Webhook;
use aws::store::page::Wanted;
use domain::member;
use domain::search::{Order, Search};
use domain::sync::{Kind, Outcome};
use telegram::text;

/// Seconds that are looked back.
const MONTH: i64 = 30 * 24 * 3600;

/// The most events, and the most results, that are counted; of more it is said that there are more.
const MOST: usize = 500;

impl Webhook {
    pub async fn stats(&self, asker: &Asker, room: &Room) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let now = aws::time::now();
        let unreadable = super::history::unreadable;
        let search = Search { chat_id: Some(room.id), from: Some(now - MONTH), to: Some(now), ..Search::default() };
        let wanted = Wanted { limit: MOST, cursor: None };
        let decided = self.decided_in(&search, Order::Chat(room.id), &wanted).await.map_err(unreadable)?;
        let (log, more_of_log) = self.log(room.id, now - MONTH, now, MOST).await?;
        let follows = self.subscriptions.of_chat(room.id).await?.len();
        let of_kind = |action| decided.items.iter().filter(|event| event.event_type == action).count();
        let ours = |wanted: &dyn Fn(Kind, Outcome) -> bool| log.iter().filter(|log| wanted(log.entry.kind, log.entry.outcome)).count();
        let mut text = text!(
            lang,
            "stats",
            chat = room.title(),
            follows = follows,
            bans = of_kind(member::Action::Ban),
            unbans = of_kind(member::Action::Unban),
            kicks = of_kind(member::Action::Kick),
            applied = ours(&|kind, outcome| kind == Kind::Ban && outcome == Outcome::Applied),
            already = ours(&|kind, outcome| kind == Kind::Ban && outcome == Outcome::Already),
            skipped = ours(&|_, outcome| matches!(outcome, Outcome::Skipped(_))),
            failed = ours(&|_, outcome| matches!(outcome, Outcome::Failed(_))),
            lifted = ours(&|kind, outcome| kind == Kind::Lift && outcome == Outcome::Applied)
        );
        if decided.next.is_some() || more_of_log {
            text.push_str("\n\n");
            text.push_str(&text!(lang, "stats-more", most = MOST));
        }
        let here = |then| Action::In { chat: room.id, then };
        Ok(Screen::text(text).row([
            Choice::new(text!(lang, "button-history"), here(InChat::History { filter: None, after: Vec::new() })),
            Choice::new(text!(lang, "button-list"), here(InChat::List { after: Vec::new() })),
        ]))
    }
}
