//! A supergroup's past as a group is found under the id that it had then.

use crate::{Webhook, budget};
use aws::store::page::{Page, PageError, Wanted};
use aws::store::sync::LogEntry;
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::search::{Order, Search};
use domain::sync::Kind;
use domain::sync::ledger::Entry;

/// Begins a cursor into what is older than the migration: no cursor of a store has it.
const FORMERLY: char = '<';

/// Entries of a ledger that are read at a time where most of them say that nothing was done.
const SIFTED: usize = 200;

impl Webhook {
    /// The ids that a chat has, and has had.
    pub async fn ids_of(&self, chat: ChatId) -> anyhow::Result<Vec<ChatId>> {
        let former = self.users.former_id(chat).await?;
        Ok([Some(chat), former].into_iter().flatten().collect())
    }

    /// All that we did to a person in a chat.
    pub async fn entries(&self, chat: ChatId, user: UserId) -> anyhow::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for id in self.ids_of(chat).await? {
            entries.extend(self.syncs.entries(id, user).await?);
        }
        Ok(entries)
    }

    /// Our entries about a chat between two moments (Unix seconds), newest first: at most `most`, and whether there are more.
    pub async fn log(&self, chat: ChatId, from: i64, to: i64, most: usize) -> anyhow::Result<(Vec<LogEntry>, bool)> {
        let (mut entries, mut more) = (Vec::new(), false);
        for id in self.ids_of(chat).await? {
            let wanted = Wanted { limit: most, cursor: None };
            let page = self.syncs.log_of_chat(id, from, to, &wanted).await.map_err(first_page)?;
            entries.extend(page.items);
            more |= page.next.is_some();
        }
        more |= entries.len() > most;
        entries.truncate(most);
        Ok((entries, more))
    }

    /// A page of our entries about a chat between two moments (Unix seconds), newest first.
    pub async fn log_page(&self, chat: ChatId, from: i64, to: i64, wanted: &Wanted) -> Result<Page<LogEntry>, PageError> {
        let before = wanted.cursor.as_deref().and_then(|cursor| cursor.strip_prefix(FORMERLY));
        let former = self.users.former_id(chat).await?;
        match (before, former) {
            (Some(before), Some(former)) => {
                let cursor = Some(before.to_owned()).filter(|cursor| !cursor.is_empty());
                let page = self.syncs.log_of_chat(former, from, to, &Wanted { limit: wanted.limit, cursor }).await?;
                Ok(Page { next: page.next.map(|next| format!("{FORMERLY}{next}")), ..page })
            }
            (_, former) => {
                let page = self.syncs.log_of_chat(chat, from, to, wanted).await?;
                Ok(Page { next: page.next.or(former.map(|_| FORMERLY.to_string())), ..page })
            }
        }
    }

    /// What syncs have done in a chat by decisions of `to` (Unix seconds) or before, newest first: at least `most` where there are so many, and
    /// whether there are more. `kind`: only these.
    pub async fn done_in(&self, chat: ChatId, to: i64, kind: Option<Kind>, most: usize) -> Result<(Vec<LogEntry>, bool), PageError> {
        let mut done = Vec::new();
        for id in self.ids_of(chat).await? {
            let mut cursor = None;
            loop {
                let page = self.syncs.done_in_chat(id, to, kind, &Wanted { limit: SIFTED, cursor }).await?;
                done.extend(page.items);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
                if done.len() >= most || budget::is_spent() {
                    return Ok((done, true));
                }
            }
        }
        Ok((done, false))
    }

    /// Decisions in the chat of `search`, newest first.
    pub async fn decided_in(&self, search: &Search, order: Order, wanted: &Wanted) -> Result<Page<BanEvent>, PageError> {
        let Some(chat) = search.chat_id else { return self.bans.search(search, order, wanted).await };
        let before = wanted.cursor.as_deref().and_then(|cursor| cursor.strip_prefix(FORMERLY));
        let mut page = match before {
            Some(_) => Page { items: Vec::new(), next: None },
            None => self.bans.search(search, order, wanted).await?,
        };
        if page.next.is_some() {
            return Ok(page);
        }
        let Some(former) = self.users.former_id(chat).await? else { return Ok(page) };
        let limit = wanted.limit - page.items.len();
        if limit == 0 {
            return Ok(Page { next: Some(FORMERLY.to_string()), ..page });
        }
        let search = Search { chat_id: Some(former), ..search.clone() };
        let order = if let Order::Chat(_) = order { Order::Chat(former) } else { order };
        let cursor = before.filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        let older = self.bans.search(&search, order, &Wanted { limit, cursor }).await?;
        page.items.extend(older.items);
        Ok(Page { next: older.next.map(|next| format!("{FORMERLY}{next}")), ..page })
    }
}

fn first_page(error: PageError) -> anyhow::Error {
    match error {
        PageError::Store(error) => error,
        PageError::BadCursor => anyhow::anyhow!("a first page has no cursor"),
    }
}
