//! A supergroup's past as a group is found under the id that it had then.

use crate::{Webhook, budget};
use aws::store::bans::read_down_to;
use aws::store::page::{Page, PageError, Wanted};
use aws::store::sync::{Act, Listed, LogEntry};
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::search::{Order, Search};
use domain::sync::Kind;
use domain::sync::ledger::Entry;

/// Begins a cursor into what is older than the migration: no cursor of a store has it.
const FORMERLY: char = '<';

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

    /// Our newest entries about a chat, and the newest of those that were done late: at most `most` of either, of decisions and acts of `to` (Unix
    /// seconds) or before.
    pub async fn newest_entries(&self, chat: ChatId, to: i64, most: usize) -> anyhow::Result<Vec<Entry>> {
        let mut newest = Vec::new();
        for part in [Listed::OnTime, Listed::Late] {
            let mut entries = Vec::new();
            for id in self.ids_of(chat).await? {
                let wanted = Wanted { limit: most, cursor: None };
                let page = self.syncs.part_of_log(id, part, 0, to, &wanted).await.map_err(first_page)?;
                entries.extend(page.items.into_iter().map(|log| log.entry));
            }
            entries.truncate(most);
            newest.extend(entries);
        }
        Ok(newest)
    }

    /// A page of a part of our entries about a chat between two moments (Unix seconds), newest first.
    pub async fn log_page(&self, chat: ChatId, part: Listed, from: i64, to: i64, wanted: &Wanted) -> Result<Page<LogEntry>, PageError> {
        let before = wanted.cursor.as_deref().and_then(|cursor| cursor.strip_prefix(FORMERLY));
        let former = self.users.former_id(chat).await?;
        match (before, former) {
            (Some(before), Some(former)) => {
                let cursor = Some(before.to_owned()).filter(|cursor| !cursor.is_empty());
                let page = self.syncs.part_of_log(former, part, from, to, &Wanted { limit: wanted.limit, cursor }).await?;
                Ok(Page { next: page.next.map(|next| format!("{FORMERLY}{next}")), ..page })
            }
            (_, former) => {
                let page = self.syncs.part_of_log(chat, part, from, to, wanted).await?;
                Ok(Page { next: page.next.or(former.map(|_| FORMERLY.to_string())), ..page })
            }
        }
    }

    /// Acts of syncs in a chat, of a part of its ledger, newest first: what is listed at `to` (Unix seconds) or before, at least `most` where
    /// there are so many and there is time. `kind`: only these. With them comes how far was read, Unix seconds; `None`: to the end.
    pub async fn acts_in(
        &self,
        chat: ChatId,
        part: Listed,
        to: i64,
        kind: Option<Kind>,
        most: usize,
    ) -> anyhow::Result<(Vec<Act>, Option<i64>)> {
        let mut all: Vec<Act> = Vec::new();
        for id in self.ids_of(chat).await? {
            let mut after = None;
            loop {
                let acts = self.syncs.acts_in(id, part, to, kind, after).await?;
                let reached = acts.read_down_to();
                // A function that died before its results were written may have entered a late act twice, under two moments.
                let new = acts.acts.into_iter().filter(|act| all.iter().all(|known| known.entry.sync_id != act.entry.sync_id));
                all.extend(new.collect::<Vec<_>>());
                after = acts.next;
                if after.is_none() {
                    break;
                }
                if all.len() >= most || budget::is_spent() {
                    return Ok((all, reached));
                }
            }
        }
        Ok((all, None))
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

/// How far a page of decisions was read, Unix seconds, by its `next`; `None`: the cursor does not tell, because the rest stands under the id that the
/// chat had before.
pub fn decisions_read_down_to(next: &str) -> Option<i64> {
    read_down_to(next.strip_prefix(FORMERLY).unwrap_or(next))
}
