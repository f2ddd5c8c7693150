//! Table `gateway`: short-lived state that functions share.
//!
//! | access | by |
//! |---|---|
//! | has this update been dealt with? | GetItem, PutItem `UPDATE#<update id>` |
//! | the limiter of calls to Telegram; a first read that opens the connection | GetItem, UpdateItem `LIMITER` |

use super::{Attributes, Table, VERSION, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use domain::limiter::Limiter;
use std::collections::HashMap;

/// Telegram tries to deliver an update for 24 hours; twice that is kept, in seconds.
const UPDATE_KEPT: i64 = 48 * 3600;

/// Rounds of asking the limiter while others ask at the same time.
const LIMITER_ROUNDS: usize = 4;

/// What an asker is told to wait when the limiter is too busy to ask, in milliseconds.
const CONTENDED_WAIT_MS: i64 = 1000;

/// The shared state.
pub struct Gateway {
    table: Table,
}

impl Gateway {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Opens the connection to the store by one read. A function's start has a whole CPU; its first event, at 128 MB, a fourteenth: there a
    /// TLS handshake takes tens of milliseconds.
    pub async fn connect(&self) {
        if let Err(error) = self.limiter().await {
            tracing::warn!(error = format!("{error:#}"), "the store does not answer; the first event tries again");
        }
    }

    pub async fn update_is_done(&self, update_id: i64) -> anyhow::Result<bool> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(pk(format!("UPDATE#{update_id}"))));
        Ok(get.send().await.context("looking up an update")?.item.is_some())
    }

    pub async fn update_done(&self, update_id: i64) -> anyhow::Result<()> {
        self.table
            .client
            .put_item()
            .table_name(&self.table.name)
            .item("pk", s(format!("UPDATE#{update_id}")))
            .item("expires_at", n(time::now() + UPDATE_KEPT))
            .item("version", n(i64::from(VERSION)))
            .send()
            .await
            .context("recording an update")?;
        Ok(())
    }

    /// Takes `calls` to Telegram out of everybody's allowance, or answers how many milliseconds to wait before asking again.
    pub async fn reserve_calls(&self, calls: usize) -> anyhow::Result<Result<(), i64>> {
        for _ in 0..LIMITER_ROUNDS {
            let (limiter, now) = (self.limiter().await?, time::now_ms());
            let next = match limiter.reserve(calls, now) {
                Ok(next) => next,
                Err(wait) => return Ok(Err(wait)),
            };
            let update = self
                .limiter_update()
                .update_expression("SET busy_until_ms = :next, version = :version")
                .condition_expression(
                    "(attribute_not_exists(busy_until_ms) OR busy_until_ms = :read) AND (attribute_not_exists(blocked_until_ms) OR blocked_until_ms <= :now)",
                )
                .expression_attribute_values(":next", n(next.busy_until_ms))
                .expression_attribute_values(":read", n(limiter.busy_until_ms))
                .expression_attribute_values(":now", n(now))
                .expression_attribute_values(":version", n(i64::from(VERSION)));
            match update.send().await {
                Ok(_) => return Ok(Ok(())),
                // Somebody else asked in between.
                Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
                Err(error) => return Err(error).context("reserving calls"),
            }
        }
        Ok(Err(CONTENDED_WAIT_MS))
    }

    /// How many milliseconds nobody may call Telegram; 0 when everybody may.
    pub async fn blocked_for_ms(&self) -> anyhow::Result<i64> {
        Ok((self.limiter().await?.blocked_until_ms - time::now_ms()).max(0))
    }

    /// Telegram answered `retry_after` (seconds): nobody calls before that has passed. A longer wait stays.
    pub async fn block_calls(&self, retry_after: u32) -> anyhow::Result<()> {
        let until = time::now_ms() + i64::from(retry_after) * 1000;
        let update = self
            .limiter_update()
            .update_expression("SET blocked_until_ms = :until")
            .condition_expression("attribute_not_exists(blocked_until_ms) OR blocked_until_ms < :until")
            .expression_attribute_values(":until", n(until));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("recording a flood wait"),
        }
    }

    async fn limiter(&self) -> anyhow::Result<Limiter> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(pk("LIMITER"))).consistent_read(true);
        let item = get.send().await.context("reading the limiter")?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?.unwrap_or_default())
    }

    fn limiter_update(&self) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(pk("LIMITER")))
    }
}

fn pk(pk: impl Into<String>) -> Attributes {
    HashMap::from([("pk".to_owned(), s(pk))])
}
