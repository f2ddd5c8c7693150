//! The ledger: what we did in each chat, by the time of the decision that was carried over. What was done long after that stands once more by the
//! time when it was done.

use super::chat_log::{LATE, Listed, prefix};
use super::{Results, Summary, Syncs};
use crate::store::page::PageError;
use crate::store::{Attributes, VERSION, count_to, key, n, s};
use anyhow::Context;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, Select, WriteRequest};
use domain::ban::{BanEvent, Occurred};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::sync::ledger::Entry;
use domain::sync::{ChunkMessage, Kind, Order, Origin, Outcome, Reason, TargetResult, sync_id};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An entry as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    #[serde(flatten)]
    pub entry: Entry,
    /// Calls that had failed before.
    #[serde(default)]
    pub tries: u8,
}

/// What a sync did in the chats of some of its chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncLog {
    pub entries: Vec<LogEntry>,
    /// Where the rest begins.
    pub next: Option<String>,
}

/// Chunks of a sync whose entries are read at a time: as many as one BatchGetItem takes.
const LOGGED_CHUNKS: i32 = 4;

impl Syncs {
    /// Writes entries; one of the same sync and chat is replaced.
    pub async fn enter(&self, entries: &[LogEntry]) -> anyhow::Result<()> {
        let mut requests = Vec::new();
        for log in entries {
            let Entry { chat_id, sync_id, ref occurred, at, .. } = log.entry;
            let mut item: Attributes = serde_dynamo::to_item(log)?;
            item.insert("expires_at".to_owned(), n(Summary::expiry()));
            item.insert("version".to_owned(), n(i64::from(VERSION)));
            // First: an entry that is marked so is read only there by whoever lists what was done.
            if log.entry.is_late() {
                requests.push(put(&item, late_key(chat_id, at, sync_id))?);
                item.insert(LATE.to_owned(), AttributeValue::Bool(true));
            }
            requests.push(put(&item, entry_key(chat_id, occurred, sync_id))?);
        }
        self.table.write_all(requests).await.context("writing the ledger")
    }

    /// Enters what we did in a chat in its own name, because a program asked for it: a ban or an unban, which `event` tells of. The entry is
    /// that of the event's own sync, which acts in all other chats and never in this one.
    pub async fn enter_own(&self, event: &BanEvent) -> anyhow::Result<()> {
        let (kind, origin) = match event.event_type {
            Action::Ban => (Kind::Ban, Origin::Ban),
            Action::Unban => (Kind::Lift, Origin::Unban),
            Action::Kick | Action::Restrict | Action::Unrestrict => anyhow::bail!("only bans and unbans have entries"),
        };
        let sync_id = sync_id(event.event_id);
        let entry = Entry {
            sync_id,
            ban_event_id: event.event_id,
            kind,
            origin,
            user_id: event.user_id,
            chat_id: event.chat_id,
            source_chat_id: event.chat_id,
            occurred: event.occurred.clone(),
            outcome: Outcome::Applied,
            at: event.event_timestamp,
            millis: 0,
            until: event.until,
            prior: None,
            was_member: false,
            begun: false,
            mute: None,
            term: None,
        };
        self.name(event.user_id, sync_id, &event.occurred, Summary::expiry()).await?;
        self.enter(&[LogEntry { entry, tries: 0 }]).await
    }

    /// All that we did to a person in a chat, in the order of what was carried over.
    pub async fn entries(&self, chat: ChatId, user: UserId) -> anyhow::Result<Vec<Entry>> {
        Ok(self.entries_in([chat], user).await?.remove(&chat).unwrap_or_default())
    }

    /// As [`Syncs::entries`], of several chats. It reads by the keys of the person's syncs: a chat's ledger of a year is far longer.
    pub async fn entries_in(&self, chats: impl IntoIterator<Item = ChatId>, user: UserId) -> anyhow::Result<BTreeMap<ChatId, Vec<Entry>>> {
        let (syncs, chats) = (self.names_of(user).await?, chats.into_iter().collect::<BTreeSet<_>>());
        let of_chat = |chat: ChatId| syncs.iter().map(move |of| entry_key(chat, &of.occurred, of.of_sync));
        let keys: Vec<_> = chats.into_iter().flat_map(of_chat).collect();
        let items = self.table.get_newest(keys).await.context("reading the ledger")?;
        let mut entries: BTreeMap<ChatId, Vec<Entry>> = BTreeMap::new();
        for log in serde_dynamo::from_items::<_, LogEntry>(items)? {
            entries.entry(log.entry.chat_id).or_default().push(log.entry);
        }
        for of_chat in entries.values_mut() {
            of_chat.sort_by(|a, b| (&a.occurred, a.sync_id).cmp(&(&b.occurred, b.sync_id)));
        }
        Ok(entries)
    }

    /// In which of these chats one of these syncs has banned, or found the person banned.
    pub async fn banned_in(&self, chats: &[ChatId], syncs: &[(Occurred, Uuid)]) -> anyhow::Result<BTreeSet<ChatId>> {
        let chats: BTreeSet<_> = chats.iter().copied().collect();
        let keys = chats.into_iter().flat_map(|chat| syncs.iter().map(move |(occurred, sync)| entry_key(chat, occurred, *sync)));
        let items = self.table.get_all(keys.collect()).await.context("reading the ledger")?;
        let entries: Vec<LogEntry> = serde_dynamo::from_items(items)?;
        let banned = entries.into_iter().filter(|log| matches!(log.entry.outcome, Outcome::Applied | Outcome::Already));
        Ok(banned.map(|log| log.entry.chat_id).collect())
    }

    /// Entries of a chunk's sync in these chats so far, under whatever number of a chunk.
    pub async fn own_entries(
        &self,
        chunk: &ChunkMessage,
        chats: impl IntoIterator<Item = ChatId>,
    ) -> anyhow::Result<BTreeMap<ChatId, Entry>> {
        let chats: BTreeSet<_> = chats.into_iter().collect();
        let keys = chats.into_iter().map(|chat| entry_key(chat, &chunk.occurred, chunk.sync_id));
        let items = self.table.get_newest(keys.collect()).await.context("reading the ledger")?;
        let entries: Vec<LogEntry> = serde_dynamo::from_items(items)?;
        Ok(entries.into_iter().map(|log| (log.entry.chat_id, log.entry)).collect())
    }

    /// What a sync did in these chats; where nothing has ended yet there is no entry.
    pub async fn entries_of(&self, sync: &Summary, chats: impl IntoIterator<Item = ChatId>) -> anyhow::Result<BTreeMap<ChatId, LogEntry>> {
        let chats: BTreeSet<_> = chats.into_iter().collect();
        let keys = chats.into_iter().map(|chat| entry_key(chat, &sync.occurred, sync.sync_id));
        let items = self.table.get_all(keys.collect()).await.context("reading the ledger")?;
        let entries: Vec<LogEntry> = serde_dynamo::from_items(items)?;
        Ok(entries.into_iter().map(|log| (log.entry.chat_id, log)).collect())
    }

    /// A part of what a sync did, in the order of its chunks. `after`: the `next` of the part before.
    pub async fn log_of_sync(&self, sync: &Summary, after: Option<String>) -> Result<SyncLog, PageError> {
        if after.as_deref().is_some_and(|place| !is_chunk(place)) {
            return Err(PageError::BadCursor);
        }
        let Results { results, next } = self.results_from(sync.sync_id, after, LOGGED_CHUNKS).await?;
        let mut entries = self.entries_of(sync, results.iter().map(|result| result.chat_id)).await?;
        let log = |result: TargetResult| entries.remove(&result.chat_id).unwrap_or_else(|| of_result(sync, &result));
        Ok(SyncLog { entries: results.into_iter().map(log).collect(), next })
    }

    /// How many people who were in the chat we banned there since `since`, Unix seconds of the decision that was carried over. Nobody counts
    /// beyond `most`.
    pub async fn members_banned(&self, chat: ChatId, since: i64, until: i64, most: u32) -> anyhow::Result<u32> {
        let query = self
            .query()
            .select(Select::Count)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .filter_expression("was_member = :true AND #status = :applied")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pk", s(chat_pk(chat)))
            .expression_attribute_values(":from", s(format!("L#{}", Occurred::new(since, 0).as_str())))
            .expression_attribute_values(":to", s(format!("L#{}$", Occurred::new(until, 0).as_str())))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":applied", s("applied"));
        count_to(query, most).await.context("counting bans of a chat")
    }
}

fn put(item: &Attributes, key: Attributes) -> anyhow::Result<WriteRequest> {
    let mut item = item.clone();
    item.extend(key);
    Ok(WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build()?).build())
}

pub(super) fn chat_pk(chat: ChatId) -> String {
    format!("CHAT#{chat}")
}

fn entry_key(chat: ChatId, occurred: &Occurred, sync_id: Uuid) -> Attributes {
    key(chat_pk(chat), format!("{}{}#{sync_id}", prefix(Listed::OnTime), occurred.as_str()))
}

/// `at`: when it was done, Unix seconds.
fn late_key(chat: ChatId, at: i64, sync_id: Uuid) -> Attributes {
    key(chat_pk(chat), format!("{}{}#{sync_id}", prefix(Listed::Late), Occurred::new(at, 0).as_str()))
}

/// Is it the sort key of a chunk? A place in a sync's results may come from outside.
fn is_chunk(place: &str) -> bool {
    let numbers = place.strip_prefix("CHUNK#").and_then(|numbers| numbers.split_once('#'));
    numbers.is_some_and(|(part, chunk)| part.parse::<u32>().is_ok() && chunk.parse::<u32>().is_ok())
}

/// The entry of a result that has none under its chat's id: the group became a supergroup while it was banned in.
fn of_result(sync: &Summary, result: &TargetResult) -> LogEntry {
    let at_ms = sync.completed_at_ms.unwrap_or(sync.started_at_ms);
    entry_of(sync, result.chat_id, result.outcome, Order { at_ms: Some(at_ms), ..Order::default() })
}

/// The entry of a target that was begun by this order, and given up.
pub fn of_begun(sync: &Summary, chat: ChatId, order: Order) -> LogEntry {
    let mut log = entry_of(sync, chat, Outcome::Failed(Reason::TimedOut), order);
    log.entry.begun = true;
    log
}

fn entry_of(sync: &Summary, chat_id: ChatId, outcome: Outcome, order: Order) -> LogEntry {
    let Order { until, prior, was_member, mute, at_ms } = order;
    let at_ms = at_ms.unwrap_or(sync.started_at_ms);
    let entry = Entry {
        sync_id: sync.sync_id,
        ban_event_id: sync.ban_event_id,
        kind: sync.kind,
        origin: sync.origin,
        user_id: sync.user_id,
        chat_id,
        source_chat_id: sync.source_chat_id,
        occurred: sync.occurred.clone(),
        outcome,
        at: at_ms / 1000,
        millis: (at_ms % 1000) as u16,
        until,
        prior,
        was_member,
        begun: false,
        mute,
        term: None,
    };
    LogEntry { entry, tries: 0 }
}

#[cfg(test)]
mod tests {
    use super::super::chat_log::{moment_of, sort_key};
    use super::*;

    #[test]
    fn the_key_of_an_entry_has_the_time_by_which_it_is_listed() {
        let sk = |key: Attributes| moment_of(sort_key(&key).unwrap());
        assert_eq!(sk(entry_key(ChatId(-5), &Occurred::new(1_764_000_000, 7), Uuid::nil())), 1_764_000_000);
        assert_eq!(sk(late_key(ChatId(-5), 1_764_000_001, Uuid::nil())), 1_764_000_001);
    }

    #[test]
    fn a_place_in_a_syncs_results_is_the_key_of_a_chunk() {
        assert!(is_chunk("CHUNK#00000#00012"));
        for place in ["", "SUMMARY", "CHUNK#", "CHUNK#00000", "CHUNK#x#00000", "CHUNK#00000#00000#"] {
            assert!(!is_chunk(place), "{place}");
        }
    }
}
