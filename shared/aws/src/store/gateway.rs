//! Table `gateway`: short-lived state that functions share.
//!
//! # Layout
//! - here: the limiter of calls and its breaker
//! - [`updates`]: an update is answered once; [`people`]: one sync at a time acts on a person; [`windows`]: the next message to a chat;
//!   [`answers`]: a request of the API is carried out once; [`refusals`]: who was refused in a group lately
//!
//! | access | by |
//! |---|---|
//! | answer an update once | UpdateItem `UPDATE#<update id>`, if it is not done and not taken; PutItem when it is done; DeleteItem when it is to wait, UpdateItem when it failed |
//! | one sync at a time acts on a person | UpdateItem `PERSON#<user>` |
//! | carry a request of the API out once; its answer | UpdateItem `REQUEST#<hash of caller, route and key>` |
//! | the next message to a chat; its flood wait of messages; the answers of its last minute | UpdateItem, GetItem `WINDOW#<chat>` |
//! | the private chat that took no message last | UpdateItem `FLOODED` |
//! | one refusal an hour to a person in a group | GetItem, PutItem, DeleteItem `REFUSED#<chat>#<user>` |
//! | the limiter of calls to Telegram and its breaker; a first read that opens the connection | GetItem, UpdateItem `LIMITER` |

mod answers;
mod people;
mod refusals;
mod updates;
mod windows;

pub use answers::{KeptAnswer, LONGEST_ANSWER, Repeated};
pub use people::Taken;
pub use refusals::Refused;
pub use windows::FloodScope;

use super::{Attributes, Table, VERSION, n, s};
use crate::{Aws, env, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::limiter::{Appointments, FAILURES, Grant, Health, Lane, Limiter, OPEN_MS};
use std::collections::HashMap;

/// How long it is kept what a chat was sent, in seconds: strangers' answers are counted by the hour.
const WINDOW_KEPT: i64 = 2 * 3600;

/// Rounds of asking the limiter while others ask at the same time.
const LIMITER_ROUNDS: usize = 4;

/// What an asker is told to wait when the limiter is too busy to ask, in milliseconds.
const CONTENDED_WAIT_MS: i64 = 1000;

/// The shared state.
pub struct Gateway {
    table: Table,
    calls_per_second: usize,
}

impl Gateway {
    /// Its table and the pace of calls to Telegram as the environment names them.
    pub fn from_env(aws: &Aws) -> anyhow::Result<Self> {
        let calls_per_second = env::parsed("TELEGRAM_CALLS_PER_SECOND")?;
        anyhow::ensure!(calls_per_second > 0, "TELEGRAM_CALLS_PER_SECOND is 0: nothing could ever be done");
        Ok(Self { table: Table::new(aws, env::required("GATEWAY_TABLE")?), calls_per_second })
    }

    /// Opens the connection to the store by one read. A function's start has a whole CPU; its first event, at 128 MB, a fourteenth: there a
    /// TLS handshake takes tens of milliseconds.
    pub async fn connect(&self) {
        if let Err(error) = self.limiter().await {
            tracing::warn!(error = format!("{error:#}"), "the store does not answer; the first event tries again");
        }
    }

    /// Takes up to `calls` calls to Telegram out of everybody's allowance, or answers how many milliseconds to wait before asking again.
    pub async fn reserve_calls(&self, calls: usize, lane: Lane) -> anyhow::Result<Result<Grant, i64>> {
        self.reserve_by(lane, |limiter, now| limiter.reserve(calls, lane, self.calls_per_second, now)).await
    }

    /// As [`Gateway::reserve_calls`], where nobody will [`Gateway::report`] how they went; how many calls.
    pub async fn reserve_unreported(&self, calls: usize, lane: Lane) -> anyhow::Result<Result<usize, i64>> {
        let reserved = self.reserve_by(lane, |limiter, now| limiter.reserve_unreported(calls, lane, self.calls_per_second, now)).await?;
        Ok(reserved.map(|grant| grant.calls))
    }

    async fn reserve_by(
        &self,
        lane: Lane,
        reserve: impl Fn(Limiter, i64) -> Result<(Limiter, Grant), i64>,
    ) -> anyhow::Result<Result<Grant, i64>> {
        for _ in 0..LIMITER_ROUNDS {
            let (limiter, now) = (self.limiter().await?, time::now_ms());
            let (next, grant) = match reserve(limiter, now) {
                Ok(reserved) => reserved,
                Err(wait) => return Ok(Err(wait)),
            };
            let condition = "(attribute_not_exists(busy_until_ms) OR busy_until_ms = :read) AND (attribute_not_exists(blocked_until_ms) OR blocked_until_ms <= :now) \
                             AND (attribute_not_exists(open_until_ms) OR open_until_ms = :read_open)";
            let of_messages = " AND (attribute_not_exists(messages_blocked_until_ms) OR messages_blocked_until_ms <= :now)";
            let update = self
                .limiter_update()
                .update_expression("SET busy_until_ms = :next, messages_until_ms = :messages, open_until_ms = :open, version = :version")
                .condition_expression(if lane.is_of_messages() { format!("{condition}{of_messages}") } else { condition.to_owned() })
                .expression_attribute_values(":next", n(next.busy_until_ms))
                .expression_attribute_values(":messages", n(next.messages_until_ms))
                .expression_attribute_values(":open", n(next.open_until_ms))
                .expression_attribute_values(":read", n(limiter.busy_until_ms))
                .expression_attribute_values(":read_open", n(limiter.open_until_ms))
                .expression_attribute_values(":now", n(now))
                .expression_attribute_values(":version", n(i64::from(VERSION)));
            match update.send().await {
                Ok(_) => return Ok(Ok(grant)),
                // Somebody else asked in between.
                Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
                Err(error) => return Err(error).context("reserving calls"),
            }
        }
        Ok(Err(CONTENDED_WAIT_MS))
    }

    /// Tells when `calls` that found no room for `wait_ms` are to come again, in turn with all others that found none.
    pub async fn appoint(&self, calls: usize, wait_ms: i64) -> anyhow::Result<Appointments> {
        for _ in 0..LIMITER_ROUNDS {
            let (limiter, now) = (self.limiter().await?, time::now_ms());
            let (next, appointments) = limiter.appoint(calls, wait_ms, self.calls_per_second, now);
            if next == limiter {
                return Ok(appointments);
            }
            let update = self
                .limiter_update()
                .update_expression("SET appointed_until_ms = :next, version = :version")
                .condition_expression("attribute_not_exists(appointed_until_ms) OR appointed_until_ms = :read")
                .expression_attribute_values(":next", n(next.appointed_until_ms))
                .expression_attribute_values(":read", n(limiter.appointed_until_ms))
                .expression_attribute_values(":version", n(i64::from(VERSION)));
            match update.send().await {
                Ok(_) => return Ok(appointments),
                Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
                Err(error) => return Err(error).context("appointing calls"),
            }
        }
        // Others were told meanwhile: they come at the same time, and some once more.
        Ok(self.limiter().await?.appoint(calls, wait_ms, self.calls_per_second, time::now_ms()).1)
    }

    /// Tells how calls went, where that is news: failures in a row open the breaker, an answer after failures closes it.
    pub async fn report(&self, health: Health, grant: Grant) -> anyhow::Result<()> {
        if health.answered && (grant.on_trial || health.failed > 0) {
            let update = self
                .limiter_update()
                .update_expression("SET failures = :none, open_until_ms = :none")
                .condition_expression("failures > :none")
                .expression_attribute_values(":none", n(0));
            match update.send().await {
                Ok(_) => {}
                Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
                Err(error) => return Err(error).context("closing the breaker"),
            }
        }
        if health.failed == 0 {
            return Ok(());
        }
        let update = self
            .limiter_update()
            .update_expression("ADD failures :failed")
            .expression_attribute_values(":failed", n(i64::from(health.failed)))
            .return_values(ReturnValue::UpdatedNew);
        let answer = update.send().await.context("counting failures")?;
        let failures: Option<u32> = answer.attributes.and_then(|item| item.get("failures")?.as_n().ok()?.parse().ok());
        if failures.is_some_and(|failures| failures >= FAILURES) {
            let until = time::now_ms() + OPEN_MS;
            let open =
                self.limiter_update().update_expression("SET open_until_ms = :until").expression_attribute_values(":until", n(until));
            open.send().await.context("opening the breaker")?;
            tracing::error!(failures, "Telegram does not answer: no calls for a minute");
        }
        Ok(())
    }

    /// How many milliseconds nobody may call Telegram; 0 when everybody may.
    pub async fn blocked_for_ms(&self) -> anyhow::Result<i64> {
        Ok(self.limiter().await?.blocked_for(time::now_ms()))
    }

    /// How many milliseconds no message may be sent to any chat; 0 when messages may be sent.
    pub async fn all_messages_blocked_for_ms(&self) -> anyhow::Result<i64> {
        Ok(self.limiter().await?.messages_blocked_for(time::now_ms()))
    }

    /// As [`Limiter::flooded_for`].
    pub async fn flooded_for_ms(&self) -> anyhow::Result<i64> {
        Ok(self.limiter().await?.flooded_for(time::now_ms()))
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
