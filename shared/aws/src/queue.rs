//! SQS: sending on, and taking what the clock has somebody take. What a queue refuses is an error, never lost.

use crate::Aws;
use anyhow::{Context, anyhow};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, QueueAttributeName, SendMessageBatchRequestEntry};
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

/// How many messages a queue has, as SQS counts them: about (SQS Developer Guide, "Approximate queue metrics").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    pub waiting: i64,
    /// Received, and neither deleted nor given back.
    pub in_flight: i64,
    /// To be received later.
    pub delayed: i64,
}

/// A message and the seconds until it may be received.
pub struct Message {
    body: String,
    delay: i32,
}

/// A message that was received, and is to be deleted.
pub struct Received {
    pub body: String,
    receipt: String,
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

    pub async fn depth(&self) -> anyhow::Result<Depth> {
        use QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed, ApproximateNumberOfMessagesNotVisible};
        let names = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible, ApproximateNumberOfMessagesDelayed];
        let asked = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(names.to_vec()));
        let counts = asked.send().await.context("counting a queue's messages")?.attributes.unwrap_or_default();
        let [waiting, in_flight, delayed] = names.map(|name| counts.get(&name).and_then(|count| count.parse().ok()).unwrap_or_default());
        Ok(Depth { waiting, in_flight, delayed })
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

    /// Takes ten messages at most, and hides them for so many seconds; none where there are none now.
    pub async fn receive(&self, hidden: i32) -> anyhow::Result<Vec<Received>> {
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(BATCH as i32).visibility_timeout(hidden);
        // Only a long poll asks all of the queue's servers (SQS Developer Guide, "Amazon SQS short and long polling").
        let receive = receive.wait_time_seconds(1);
        let messages = receive.send().await.context("receiving messages")?.messages.unwrap_or_default();
        let of = |message: aws_sdk_sqs::types::Message| Some(Received { body: message.body?, receipt: message.receipt_handle? });
        Ok(messages.into_iter().filter_map(of).collect())
    }

    /// Deletes messages, ten at a time. What is refused comes again.
    pub async fn delete_all(&self, messages: &[Received]) -> anyhow::Result<()> {
        for messages in messages.chunks(BATCH) {
            let entries = messages
                .iter()
                .enumerate()
                .map(|(n, message)| DeleteMessageBatchRequestEntry::builder().id(n.to_string()).receipt_handle(&message.receipt).build());
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let delete = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            if let [refused, ..] = delete.send().await.context("deleting messages")?.failed() {
                tracing::warn!(code = refused.code(), "messages could not be deleted; they come again");
            }
        }
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
