//! The log sync by sync: the newest sync first, and in it chunk by chunk.
//!
//! A page ends at a [`Position`], from which the next one goes on. Syncs that begin meanwhile are newer: they change nothing for whoever
//! pages through.

use super::order::{DAY, Filter, Of};
use crate::sync::State;
use anyhow::Context;
use aws::store::page::{Cursor, Page, PageError, Wanted};
use aws::store::sync::{LogEntry, Summary, SyncLog, Syncs};
use domain::event::date;
use domain::ids::ChatId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Reads of the store for one page, about: one a list of syncs, one a few chunks of a sync. More than a period has days, so that every
/// page comes further.
const READS: usize = 64;

/// Syncs that are listed at a time.
const SYNCS: usize = 25;

/// A place within the syncs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    started_at_ms: i64,
    sync_id: Uuid,
    /// Where the chunks begin; `None` for the first ones.
    after: Option<String>,
    /// The last chat of them that was shown.
    chat: Option<ChatId>,
}

impl Position {
    /// Nothing of the sync was shown.
    fn before(sync: &Summary) -> Self {
        Self { started_at_ms: sync.started_at_ms, sync_id: sync.sync_id, after: None, chat: None }
    }
}

impl State {
    /// A page of what these syncs did.
    pub(super) async fn log_of_syncs(&self, of: Of, filter: &Filter, wanted: &Wanted) -> Result<Page<LogEntry>, PageError> {
        let list = format!("log {}", serde_json::to_string(filter).context("naming a list")?);
        let mut resume: Option<Position> = wanted.cursor.as_deref().map(|cursor| Cursor::read(&list, cursor)).transpose()?;
        let mut line = Line::new(of, filter, resume.as_ref())?;
        let (mut items, mut reads) = (Vec::new(), READS);
        while let Some(syncs) = line.next(&self.syncs).await? {
            reads = reads.saturating_sub(1);
            for sync in syncs.into_iter().filter(|sync| filter.covers(sync)) {
                let mut place = match resume.take() {
                    Some(position) if position.sync_id == sync.sync_id => position,
                    Some(position) if position.started_at_ms == sync.started_at_ms => {
                        resume = Some(position);
                        continue;
                    }
                    _ => Position::before(&sync),
                };
                loop {
                    if reads == 0 {
                        return end(&list, items, place);
                    }
                    reads -= 1;
                    let SyncLog { entries, next } = self.part_of_log(&sync, filter.chat_id, place.after.clone()).await?;
                    for log in after(entries, place.chat).into_iter().filter(|log| filter.finds(log)) {
                        if items.len() == wanted.limit {
                            return end(&list, items, place);
                        }
                        place.chat = Some(log.entry.chat_id);
                        items.push(log);
                    }
                    let Some(next) = next else { break };
                    place = Position { after: Some(next), chat: None, ..place };
                }
            }
        }
        Ok(Page { items, next: None })
    }

    /// What a sync did: in one chat, or in those of some of its chunks.
    async fn part_of_log(&self, sync: &Summary, chat: Option<ChatId>, after: Option<String>) -> Result<SyncLog, PageError> {
        match chat {
            Some(chat) => Ok(SyncLog { entries: self.syncs.entries_of(sync, [chat]).await?.into_values().collect(), next: None }),
            None => self.syncs.log_of_sync(sync, after).await,
        }
    }
}

/// The entries behind that of `chat`; all, where it is not among them.
fn after(mut entries: Vec<LogEntry>, chat: Option<ChatId>) -> Vec<LogEntry> {
    let last = entries.iter().position(|log| Some(log.entry.chat_id) == chat);
    entries.split_off(last.map_or(0, |last| last + 1))
}

fn end(list: &str, items: Vec<LogEntry>, position: Position) -> Result<Page<LogEntry>, PageError> {
    Ok(Page { items, next: Some(Cursor::write(list, position)?) })
}

/// Syncs one after the other, newest first.
struct Line {
    of: Of,
    /// Unix milliseconds, both included.
    from_ms: i64,
    to_ms: i64,
    /// The day that is read, of those that are, days since 1970.
    day: i64,
    /// Of the list that is read.
    cursor: Option<String>,
    is_over: bool,
}

impl Line {
    /// From `position` on, where there is one.
    fn new(of: Of, filter: &Filter, position: Option<&Position>) -> Result<Self, PageError> {
        let (from, to) = match of {
            Of::Days { from, to } => (from, to),
            Of::One(_) | Of::User(_) => filter.period(),
        };
        let (from_ms, last_ms) = (from * 1000, to * 1000 + 999);
        let to_ms = position.map_or(last_ms, |position| position.started_at_ms);
        if !(from_ms..=last_ms).contains(&to_ms) {
            return Err(PageError::BadCursor);
        }
        Ok(Self { of, from_ms, to_ms, day: to_ms / 1000 / DAY, cursor: None, is_over: false })
    }

    /// The next few; `None` where there are no more.
    async fn next(&mut self, syncs: &Syncs) -> Result<Option<Vec<Summary>>, PageError> {
        if self.is_over {
            return Ok(None);
        }
        let wanted = Wanted { limit: SYNCS, cursor: self.cursor.take() };
        let page = match self.of {
            Of::One(id) => Page { items: syncs.summary(id).await?.into_iter().collect(), next: None },
            Of::User(user) => syncs.page_of_user(user, self.from_ms, self.to_ms, &wanted).await?,
            Of::Days { .. } => syncs.page_of_day(&date(self.day * DAY), self.from_ms, self.to_ms, &wanted).await?,
        };
        self.cursor = page.next;
        if self.cursor.is_none() {
            self.day -= 1;
            self.is_over = !matches!(self.of, Of::Days { from, .. } if from / DAY <= self.day);
        }
        Ok(Some(page.items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(started_at_ms: i64) -> Position {
        Position { started_at_ms, sync_id: Uuid::nil(), after: None, chat: None }
    }

    #[test]
    fn a_line_goes_on_from_a_position_within_its_period_and_from_no_other() {
        let days = Of::Days { from: 10 * DAY + 5, to: 12 * DAY + 7 };
        let line = |position: Option<&Position>| Line::new(days, &Filter::default(), position).map(|line| (line.day, line.to_ms)).ok();
        assert_eq!(line(None), Some((12, (12 * DAY + 7) * 1000 + 999)));
        assert_eq!(line(Some(&at((12 * DAY - 1) * 1000))), Some((11, (12 * DAY - 1) * 1000)));
        assert_eq!(line(Some(&at((10 * DAY + 5) * 1000 - 1))), None);
        assert_eq!(line(Some(&at((12 * DAY + 8) * 1000))), None);
    }
}
