//! When a chat takes the next message.

use super::{CONTENDED_WAIT_MS, Gateway, LIMITER_ROUNDS, WINDOW_KEPT, pk};
use crate::store::{VERSION, n, value};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::ids::ChatId;
use domain::limiter::PrivateFlood;
use domain::message_window::{MessageWindow, NoPlace, Standing, Writes};

/// Scope of a flood wait that Telegram answered to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloodScope {
    /// Messages to this chat.
    Chat,
    /// Messages to any chat.
    AllMessages,
}

/// How long it is kept which private chat was refused last, in seconds.
const FLOOD_KEPT: i64 = 60;

/// A flood wait that is told while a place is being taken takes it away.
const NOT_FLOODED: &str = "(attribute_not_exists(flooded_until_ms) OR flooded_until_ms <= :now)";

impl Gateway {
    /// Takes the next place for a message in private that nobody asked for, or answers why there is none now. A read, and a write where a place is taken.
    pub async fn reserve_message(&self, chat: ChatId) -> anyhow::Result<Result<(), NoPlace>> {
        let (window, now) = (self.window(chat).await?, time::now_ms());
        let next = match window.tell(now) {
            Ok(next) => next,
            Err(none) => return Ok(Err(none)),
        };
        let update = self
            .update_window(chat)
            .update_expression("SET busy_until_ms = :until, told_ms = :told, expires_at = :expires, version = :version")
            // Whoever takes a place keeps others out for a while: what was read is as it was.
            .condition_expression(format!("(attribute_not_exists(busy_until_ms) OR busy_until_ms = :read) AND {NOT_FLOODED}"))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":until", n(next.busy_until_ms))
            .expression_attribute_values(":told", value(&next.told_ms)?)
            .expression_attribute_values(":read", n(window.busy_until_ms))
            .expression_attribute_values(":expires", n(next.busy_until_ms / 1000 + WINDOW_KEPT))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        match update.send().await {
            Ok(_) => Ok(Ok(())),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(Err(NoPlace::Busy(next.busy_until_ms - now)))
            }
            Err(error) => Err(error).context("taking a place for a message"),
        }
    }

    /// Takes a place for an answer in `chat`, or answers how many milliseconds there is none. A read, and a write where a place is taken.
    pub async fn reserve_answer(&self, chat: ChatId, standing: Standing, writes: Writes) -> anyhow::Result<Result<(), i64>> {
        for _ in 0..LIMITER_ROUNDS {
            let (window, now) = (self.window(chat).await?, time::now_ms());
            let next = match window.take(chat, standing, writes, now) {
                Ok(next) => next,
                Err(wait) => return Ok(Err(wait)),
            };
            let update = self
                .update_window(chat)
                .update_expression(
                    "SET written_ms = :written, sent_ms = :sent, strangers_ms = :strangers, taken = :taken, expires_at = :expires, version = :version",
                )
                .condition_expression(format!("(attribute_not_exists(taken) OR taken = :read) AND {NOT_FLOODED}"))
                .expression_attribute_values(":now", n(now))
                .expression_attribute_values(":written", value(&next.written_ms)?)
                .expression_attribute_values(":sent", n(next.sent_ms))
                .expression_attribute_values(":strangers", value(&next.strangers_ms)?)
                .expression_attribute_values(":taken", n(next.taken))
                .expression_attribute_values(":read", n(window.taken))
                .expression_attribute_values(":expires", n(now / 1000 + WINDOW_KEPT))
                .expression_attribute_values(":version", n(i64::from(VERSION)));
            match update.send().await {
                Ok(_) => return Ok(Ok(())),
                // Somebody else took one in between.
                Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
                Err(error) => return Err(error).context("taking a place for an answer"),
            }
        }
        Ok(Err(CONTENDED_WAIT_MS))
    }

    /// Records a 429 (`retry_after` in seconds) to a message in `chat`, or to an edit of one: no message goes there until it has passed. A group has a limit
    /// of its own, 20 messages a minute (Bot FAQ, "My bot is hitting limits"), which anybody in it can use up by commands; for private chats see
    /// [`PrivateFlood`]. A longer wait stays. One write; in private one or two more.
    pub async fn block_messages(&self, chat: ChatId, retry_after: u32) -> anyhow::Result<FloodScope> {
        let now = time::now_ms();
        let until = now + i64::from(retry_after) * 1000;
        let update = self
            .update_window(chat)
            .update_expression("SET flooded_until_ms = :until, expires_at = :expires, version = :version")
            .condition_expression("attribute_not_exists(flooded_until_ms) OR flooded_until_ms < :until")
            .expression_attribute_values(":until", n(until))
            .expression_attribute_values(":expires", n(until / 1000 + WINDOW_KEPT))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        match update.send().await {
            Ok(_) => {}
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
            Err(error) => return Err(error).context("recording a chat's flood wait"),
        }
        if chat.0 < 0 {
            return Ok(FloodScope::Chat);
        }
        let noted = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk("FLOODED")))
            .update_expression("SET chat_id = :chat, at_ms = :now, expires_at = :expires, version = :version")
            .expression_attribute_values(":chat", n(chat.0))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":expires", n(now / 1000 + FLOOD_KEPT))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .return_values(ReturnValue::AllOld);
        let before = noted.send().await.context("recording a private chat's flood wait")?.attributes;
        let before: Option<PrivateFlood> = before.map(serde_dynamo::from_item).transpose()?;
        if !before.is_some_and(|before| before.is_of_all(chat, now)) {
            return Ok(FloodScope::Chat);
        }
        let all = self
            .limiter_update()
            .update_expression("SET messages_blocked_until_ms = :until")
            .condition_expression("attribute_not_exists(messages_blocked_until_ms) OR messages_blocked_until_ms < :until")
            .expression_attribute_values(":until", n(until));
        match all.send().await {
            Ok(_) => Ok(FloodScope::AllMessages),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(FloodScope::AllMessages),
            Err(error) => Err(error).context("recording a flood wait of all messages"),
        }
    }

    /// How many milliseconds nothing is written in this chat though it may be in others: see [`Gateway::block_messages`]. One read.
    pub async fn messages_blocked_for_ms(&self, chat: ChatId) -> anyhow::Result<i64> {
        Ok((self.window(chat).await?.flooded_until_ms - time::now_ms()).max(0))
    }

    async fn window(&self, chat: ChatId) -> anyhow::Result<MessageWindow> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(pk(window_key(chat)))).consistent_read(true);
        let item = get.send().await.context("reading when a chat takes messages")?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?.unwrap_or_default())
    }

    fn update_window(&self, chat: ChatId) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(pk(window_key(chat))))
    }
}

fn window_key(chat: ChatId) -> String {
    format!("WINDOW#{chat}")
}
