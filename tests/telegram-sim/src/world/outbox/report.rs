//! How the deliveries stand.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde_json::{Value, json};

use super::{Outbox, Update};
use crate::control::Delivery;

impl Outbox {
    /// The body of any update so far.
    pub fn body(&self, id: u32) -> Option<String> {
        self.updates.get(&id).map(|u| u.body.clone())
    }

    /// The bodies of the first `limit` updates.
    pub fn bodies(&self, limit: usize) -> Vec<&str> {
        self.updates.values().take(limit).map(|update| update.body.as_str()).collect()
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.updates.iter().map(delivery).collect()
    }

    /// Those of these chats, with ids greater than `after`.
    pub fn deliveries_in(&self, chats: &[i64], after: u32) -> Vec<Delivery> {
        let later = |chat| self.of_chats.get(chat).into_iter().flat_map(|ids| ids.range((Bound::Excluded(after), Bound::Unbounded)));
        let ids: BTreeSet<u32> = chats.iter().flat_map(later).copied().collect();
        ids.iter().filter_map(|id| Some((id, self.updates.get(id)?))).map(delivery).collect()
    }

    /// The Bot API's `WebhookInfo`.
    pub fn info(&self) -> Value {
        let webhook = self.webhook.as_ref();
        let mut info = json!({
            "url": webhook.map(|w| w.url.as_str()).unwrap_or_default(),
            "has_custom_certificate": false,
            "pending_update_count": self.pending(),
        });
        if let Some(webhook) = webhook {
            info["max_connections"] = json!(webhook.max_connections);
        }
        if let Some(allowed) = &self.allowed {
            info["allowed_updates"] = json!(allowed);
        }
        if let Some((date, message)) = &self.last_error {
            info["last_error_date"] = json!(date);
            info["last_error_message"] = json!(message);
        }
        info
    }
}

fn delivery((id, update): (&u32, &Update)) -> Delivery {
    Delivery {
        update_id: *id,
        kind: update.kind.to_owned(),
        queue: format!("{:?}", update.queue),
        state: update.state,
        created_ms: update.created_ms,
        accepted_ms: update.accepted_ms,
        attempts: update.attempts,
        last_status: update.last_status,
        last_error: update.last_error.clone(),
        body: serde_json::from_str(&update.body).unwrap_or_default(),
    }
}
