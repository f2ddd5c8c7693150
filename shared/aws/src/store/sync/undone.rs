//! Bans that were taken back everywhere. That is a decision which is kept: whatever would carry the ban over later finds it.

use super::Syncs;
use crate::store::{Attributes, key};
use anyhow::Context;
use domain::ids::UserId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Who took a ban back, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Undone {
    undone_event: Uuid,
    /// `None`: a program.
    undone_by: Option<UserId>,
}

impl Syncs {
    /// Takes a ban back for good; the first who does so stays. `by`: `None` is a program.
    pub async fn undo_event(&self, event_id: Uuid, by: Option<UserId>) -> anyhow::Result<()> {
        let item = serde_dynamo::to_item(Undone { undone_event: event_id, undone_by: by })?;
        self.put_new(undone_key(event_id), item).await.context("taking a ban back")?;
        Ok(())
    }

    /// Those of these ban events that were taken back everywhere, and by whom; `None`: by a program.
    pub async fn undone(&self, events: impl IntoIterator<Item = Uuid>) -> anyhow::Result<BTreeMap<Uuid, Option<UserId>>> {
        let keys: BTreeSet<_> = events.into_iter().collect();
        let items = self.table.get_newest(keys.into_iter().map(undone_key).collect()).await.context("looking for what was taken back")?;
        let undone: Vec<Undone> = serde_dynamo::from_items(items)?;
        Ok(undone.into_iter().map(|undone| (undone.undone_event, undone.undone_by)).collect())
    }
}

pub(super) const UNDONE: &str = "UNDONE";

pub(super) fn undone_key(event_id: Uuid) -> Attributes {
    key(format!("EVENT#{event_id}"), UNDONE)
}
