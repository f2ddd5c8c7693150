//! EventBridge: putting events on the bus. Refused entries are told one by one.

use crate::Aws;
use anyhow::Context;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::event::Envelope;
use serde::Serialize;

/// Entries in one PutEvents (an EventBridge limit).
const BATCH: usize = 10;

/// The bus to put events on.
pub struct Bus {
    client: aws_sdk_eventbridge::Client,
    name: String,
}

/// An event, ready to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    source: &'static str,
    event_type: String,
    detail: String,
}

impl Event {
    /// `source`: such as [`domain::event::BANS`].
    pub fn new(source: &'static str, envelope: &Envelope<impl Serialize>) -> anyhow::Result<Self> {
        Ok(Self { source, event_type: envelope.event_type.clone(), detail: serde_json::to_string(envelope)? })
    }

    pub fn event_type(&self) -> &str {
        &self.event_type
    }
}

impl Bus {
    pub fn new(aws: &Aws, name: String) -> Self {
        Self { client: aws.eventbridge(), name }
    }

    /// Puts `events` in their order, ten at a time, and stops at the first that is refused: answers how many were put before it.
    pub async fn put(&self, events: &[Event]) -> usize {
        let mut put = 0;
        for batch in events.chunks(BATCH) {
            match self.put_batch(batch).await {
                Ok(None) => put += batch.len(),
                Ok(Some(refused)) => return put + refused,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "events could not be put on the bus");
                    return put;
                }
            }
        }
        put
    }

    /// The index of the first entry that was refused.
    async fn put_batch(&self, batch: &[Event]) -> anyhow::Result<Option<usize>> {
        let entries = batch.iter().map(|event| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source(event.source)
                .detail_type(&event.event_type)
                .detail(&event.detail)
                .build()
        });
        let answer = self.client.put_events().set_entries(Some(entries.collect())).send().await.context("PutEvents")?;
        let refused = answer.entries().iter().position(|entry| entry.error_code().is_some());
        if let Some(refused) = refused {
            tracing::warn!(code = answer.entries()[refused].error_code(), "the bus refused an event");
        }
        Ok(refused)
    }
}
