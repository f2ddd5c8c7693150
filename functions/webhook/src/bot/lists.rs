//! Whom somebody follows from a chat, page by page.

use super::action::{Action, InChat, Purpose};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop, options};
use crate::Webhook;
use aws::store::page::Wanted;
use domain::subscription::{Mode, Source};
use telegram::render::{fold, subject};
use telegram::text;

/// People on a page: as many as two rows of buttons hold.
const ON_A_PAGE: usize = 10;

/// Buttons in a row.
const IN_A_ROW: usize = 5;

impl Webhook {
    pub async fn list(&self, asker: &Asker, room: &Room, after: &[String]) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let wanted = Wanted { limit: ON_A_PAGE, cursor: after.last().cloned() };
        let page = self.subscriptions.page_of_admin(asker.id, Some(room.id), Some(true), &wanted).await;
        let page = page.map_err(super::history::unreadable(asker.lang))?;
        let here = |then| Action::In { chat: room.id, then };
        let others = Choice::new(text!(lang, "button-others"), here(InChat::Others { after: Vec::new() }));
        if page.items.is_empty() && after.is_empty() {
            let begin = Choice::new(text!(lang, "button-subscribe"), here(InChat::AskWhom(Purpose::Follow)));
            let empty = Screen::text(text!(lang, "list-empty", chat = room.title())).row([begin]);
            return Ok(if room.is_owner { empty.row([others]) } else { empty });
        }
        let most = options::mode(&room.chat.settings);
        let users: Vec<_> = page
            .items
            .iter()
            .map(|item| {
                let Source::User(user) = item.subscription.source;
                (user, item.mode.weaker(most), item.suspended)
            })
            .collect();
        let names = self.names(&users.iter().map(|(user, ..)| *user).collect::<Vec<_>>()).await?;
        let first = after.len() * ON_A_PAGE + 1;
        let count = self.subscriptions.of_admin(asker.id, room.id).await?.len();
        let mut lines = vec![text!(lang, "list", chat = room.title(), count = count)];
        // Before the people, who are folded from some number on.
        lines.extend(self.sources_in_a_line(lang, room).await?);
        if users.iter().any(|(_, mode, suspended)| *suspended || *mode != Mode::Auto) {
            lines.push(text!(lang, "list-marks"));
        }
        for (number, (user, mode, suspended)) in (first..).zip(&users) {
            let mark = match mode {
                _ if *suspended => "⏸",
                Mode::Auto => "⚡️",
                Mode::Confirm => "❓",
                Mode::Notify => "🔔",
            };
            lines.push(format!("{number}. {mark} {}", subject(lang, *user, names.get(user).map(String::as_str)).0));
        }
        let mut screen = Screen::text(fold(&lines));
        let numbered: Vec<_> = (first..)
            .zip(&users)
            .map(|(number, (user, ..))| Choice::new(number.to_string(), here(InChat::Followed { user: *user })))
            .collect();
        for row in numbered.chunks(IN_A_ROW) {
            screen = screen.row(row.to_vec());
        }
        let turn = |after| here(InChat::List { after });
        let sources = Choice::new(text!(lang, "button-sources"), here(InChat::Sources));
        let screen = screen.row(turns(lang, after, page.next, turn)).row([sources]);
        Ok(if room.is_owner { screen.row([others]) } else { screen })
    }
}

/// Buttons to the page before and the one after. `after`: the cursors of the pages before this one.
pub fn turns(lang: domain::lang::Lang, after: &[String], next: Option<String>, to: impl Fn(Vec<String>) -> Action) -> Vec<Choice> {
    let back = after.split_last().map(|(_, before)| Choice::new(text!(lang, "button-back"), to(before.to_vec())));
    let on = next.map(|next| Choice::new(text!(lang, "button-more"), to(after.iter().cloned().chain([next]).collect())));
    back.into_iter().chain(on).collect()
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use domain::lang::Lang;

    #[test]
    fn a_page_leads_back_by_the_cursors_before_it_and_on_by_its_own() {
        let check = |after: &[&str], next: Option<&str>, expected: &[&[&str]]| {
            let owned = |cursors: &[&str]| cursors.iter().map(|&cursor| cursor.to_owned()).collect::<Vec<_>>();
            let to = |after| Action::Person { user: domain::ids::UserId(5), filter: None, after };
            let turns = turns(Lang::En, &owned(after), next.map(str::to_owned), to);
            let leads: Vec<_> = turns.into_iter().map(|choice| choice.to).collect();
            let expected: Vec<_> = expected.iter().map(|after| To::Action(Box::new(to(owned(after))))).collect();
            assert_eq!(leads, expected, "{after:?} {next:?}");
        };
        check(&[], None, &[]);
        check(&[], Some("a"), &[&["a"]]);
        check(&["a"], None, &[&[]]);
        check(&["a", "b"], Some("c"), &[&["a"], &["a", "b", "c"]]);
    }
}
