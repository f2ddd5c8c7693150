//! SQS: sending on. What a queue refuses is an error, never lost.

use crate::Aws;
use anyhow::{Context, anyhow};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::Serialize;

/// Messages in one SendMessageBatch (an SQS limit).
const BATCH: usize = 10;

/// Longest delay of a message in seconds (an SQS limit).
pub const MAX_DELAY: i64 = 900;

/// Bytes of a message at most (an SQS limit).
pub const LARGEST: usize = 1_048_576;

/// A queue to send to.
#[derive(Clone)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

/// A message and the seconds until it may be received.
pub struct Message {
    body: String,
    delay: i32,
}

impl Message {
    /// `delay`: seconds, cut to 0…[`MAX_DELAY`].
    pub fn new(body: &impl Serialize, delay: i64) -> anyhow::Result<Self> {
        Ok(Self { body: serde_json::to_string(body)?, delay: delay.clamp(0, MAX_DELAY) as i32 })
    }

    pub fn bytes(&self) -> usize {
        self.body.len()
    }
}

impl Queue {
    pub fn new(aws: &Aws, url: String) -> Self {
        Self { client: aws.sqs(), url }
    }

    pub async fn send(&self, message: Message) -> anyhow::Result<()> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(message.body)
            .delay_seconds(message.delay)
            .send()
            .await
            .context("sending a message")?;
        Ok(())
    }

    /// Sends all, ten at a time. An error when any was refused: then some may have been sent, so receivers must bear doubles.
    pub async fn send_all(&self, messages: Vec<Message>) -> anyhow::Result<()> {
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            let entries = messages.by_ref().take(BATCH).enumerate().map(|(n, message)| {
                SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(message.body).delay_seconds(message.delay).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let answer = self
                .client
                .send_message_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries))
                .send()
                .await
                .context("sending messages")?;
            if let [refused, ..] = answer.failed() {
                let why = anyhow!("{} messages were refused, the first with {}", answer.failed().len(), refused.code());
                return Err(why.context("sending messages"));
            }
        }
        Ok(())
    }
}
