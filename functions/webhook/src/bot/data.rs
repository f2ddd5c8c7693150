//! All that is held on a person, as files for them: a part a press. So neither memory nor the time of an update grows with how much there is, and
//! nothing is cut off.

use super::action::Action;
use super::screen::{Choice, Screen};
use super::{Asker, Stop};
use crate::Webhook;
use aws::store::page::{Page, Wanted};
use aws::store::sync::Summary;
use domain::ban::BanEvent;
use domain::sharing::Sight;
use domain::subscription::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use telegram::bot::Document;
use telegram::text;

/// Entries of a file at most: half a megabyte as a rule.
const IN_A_FILE: usize = 1000;

/// Entries that are read at a time.
const AT_A_TIME: usize = 250;

/// Reads for a file at most, of some 50 ms each: filtered pages may be short.
const READS: usize = 20;

/// A list of what is held, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    Roles,
    Subscriptions,
    /// What was done to them.
    BanEvents,
    /// What they decided.
    Decisions,
    /// Which of those bans the bot carried over.
    Syncs,
    Appeals,
    /// The log of what the bot wrote to them.
    Messages,
}

impl List {
    const ALL: [Self; 7] = [Self::Roles, Self::Subscriptions, Self::BanEvents, Self::Decisions, Self::Syncs, Self::Appeals, Self::Messages];

    fn name(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Subscriptions => "subscriptions",
            Self::BanEvents => "ban_events",
            Self::Decisions => "decisions",
            Self::Syncs => "syncs",
            Self::Appeals => "appeals",
            Self::Messages => "messages",
        }
    }

    fn next(self) -> Option<Self> {
        Self::ALL.into_iter().skip_while(|list| *list != self).nth(1)
    }
}

/// Where a file begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Of the file, from 1.
    pub part: u32,
    pub list: List,
    /// In the list; `None`: at its beginning.
    pub cursor: Option<String>,
}

impl Default for Place {
    fn default() -> Self {
        Self { part: 1, list: List::Roles, cursor: None }
    }
}

impl Place {
    /// Where it goes on after a page of the list; `None`: that was all.
    fn after(&self, next: Option<String>) -> Option<Self> {
        match next {
            Some(_) => Some(Self { cursor: next, ..self.clone() }),
            None => Some(Self { list: self.list.next()?, cursor: None, ..self.clone() }),
        }
    }
}

impl Webhook {
    /// A file of what is held on the asker, and a button to the next one where there is more.
    pub async fn my_data_file(&self, asker: &Asker, from: &Place) -> Result<Screen, Stop> {
        let mut data = Map::new();
        data.insert("user_id".to_owned(), json!(asker.id));
        data.insert("part".to_owned(), json!(from.part));
        if from.part == 1 {
            data.insert("profile".to_owned(), json!(self.users.held(asker.id).await?));
            data.insert("followers".to_owned(), json!(self.subscriptions.count_of_source(Source::User(asker.id)).await?));
        }
        let (mut place, mut left) = (Some(from.clone()), IN_A_FILE);
        for _ in 0..READS {
            let Some(at) = place.as_ref().filter(|_| left > 0) else { break };
            let wanted = Wanted { limit: left.min(AT_A_TIME), cursor: at.cursor.clone() };
            let page = self.held_on(asker, at.list, &wanted).await?;
            left = left.saturating_sub(page.items.len());
            let list = data.entry(at.list.name()).or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|list| list.extend(page.items.iter().cloned()));
            place = at.after(page.next);
        }
        data.insert("goes_on".to_owned(), json!(place.is_some()));
        let content = serde_json::to_vec_pretty(&data).map_err(anyhow::Error::from)?;
        let file = Document { file_name: format!("my-data-{}-{}.json", asker.id, from.part), content, is_photo: false };
        let lang = asker.lang;
        let screen = Screen { file: Some(file), ..Screen::text(text!(lang, "my-data-file", part = i64::from(from.part))) };
        Ok(match place {
            None => screen,
            Some(place) => {
                let next = Place { part: from.part + 1, ..place };
                let label = text!(lang, "button-data-next", part = i64::from(next.part));
                screen.row([Choice::new(label, Action::MyDataPart(next))])
            }
        })
    }

    async fn held_on(&self, asker: &Asker, list: List, wanted: &Wanted) -> Result<Page<Value>, Stop> {
        let unreadable = super::history::unreadable(asker.lang);
        let user = asker.id;
        match list {
            List::Roles => values(self.users.roles(user, wanted).await.map_err(&unreadable)?),
            List::Subscriptions => values(self.subscriptions.page_of_admin(user, None, None, wanted).await.map_err(&unreadable)?),
            List::BanEvents => {
                let page = self.held.bans(user, wanted).await.map_err(&unreadable)?;
                let chats = page.items.iter().map(|event| event.chat_id).collect::<std::collections::BTreeSet<_>>();
                let sight = Sight { chats: self.users.chats_with_successors(chats).await?, ..Sight::default() };
                values(page.map(|event| sight.event_of_reader(event)))
            }
            List::Decisions => values(self.held.decisions(user, wanted).await.map_err(&unreadable)?.map(decision)),
            List::Syncs => values(self.syncs.page_of_person(user, wanted).await.map_err(&unreadable)?.map(sync)),
            List::Appeals => values(self.syncs.appeals_of(user, wanted).await.map_err(&unreadable)?),
            List::Messages => values(self.held.notifications(user, wanted).await.map_err(&unreadable)?),
        }
    }
}

fn values<T: Serialize>(page: Page<T>) -> Result<Page<Value>, Stop> {
    let items = page.items.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(anyhow::Error::from)?;
    Ok(Page { items, next: page.next })
}

/// Something that the reader decided. What the other person is called is no data of theirs.
fn decision(event: BanEvent) -> BanEvent {
    BanEvent { user_name: None, ..event }
}

/// A sync about the reader. Its source's title and decision are told with the ban event.
fn sync(sync: Summary) -> Value {
    json!({
        "sync_id": sync.sync_id,
        "ban_event_id": sync.ban_event_id,
        "kind": sync.kind,
        "origin": sync.origin,
        "source_chat_id": sync.source_chat_id,
        "user_name": sync.user_name,
        "reason": sync.reason,
        "started_at": sync.started_at_ms / 1000,
        "status": sync.status,
        "totals": sync.totals,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_list_follows_the_other_to_the_end_and_each_page_its_cursor() {
        let mut place = Place::default();
        let mut lists = vec![place.list];
        let on = place.after(Some("x".to_owned())).unwrap();
        assert_eq!((on.list, on.cursor.as_deref()), (List::Roles, Some("x")));
        while let Some(next) = place.after(None) {
            assert_eq!(next.cursor, None);
            lists.push(next.list);
            place = next;
        }
        assert_eq!(lists, List::ALL);
    }

    #[test]
    fn a_lists_name_in_a_file_is_that_in_a_button() {
        for list in List::ALL {
            assert_eq!(serde_json::to_value(list).unwrap(), list.name());
        }
    }
}
