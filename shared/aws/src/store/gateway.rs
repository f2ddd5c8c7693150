//! Table `gateway`: short-lived state that functions share.
//!
//! | access | by |
//! |---|---|
//! | answer an update once | PutItem `UPDATE#<update id>`, if it is not done and not taken; PutItem when it is done; DeleteItem when it is not |
//! | one sync at a time acts on a person | UpdateItem `PERSON#<user>` |
//! | the next message to a chat; a group's flood wait of messages | UpdateItem, GetItem `WINDOW#<chat>` |
//! | the limiter of calls to Telegram and its breaker; a first read that opens the connection | GetItem, UpdateItem `LIMITER` |

use super::{Attributes, Claim, Table, VERSION, n, s};
use crate::{Aws, env, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::{ChatId, UserId};
use domain::limiter::{FAILURES, Grant, Health, Lane, Limiter, OPEN_MS, has_own_wait, message_interval_ms};
use std::collections::HashMap;
use uuid::Uuid;

/// Telegram tries to deliver an update for 24 hours; twice that is kept, in seconds.
const UPDATE_KEPT: i64 = 48 * 3600;

/// A webhook that has taken an update and is not done by then is taken for dead, in milliseconds; longer than the webhook's time-out
/// (`Timeout` in template.yaml).
const UPDATE_LEASE_MS: i64 = 12_000;

/// Who has taken a person and has not let him go by then is taken for dead, in milliseconds; longer than a worker's time-out.
const HELD_MS: i64 = 70_000;

/// How long it is kept when a chat was last written to, in seconds.
const WINDOW_KEPT: i64 = 3600;

/// Rounds of asking the limiter while others ask at the same time.
const LIMITER_ROUNDS: usize = 4;

/// What an asker is told to wait when the limiter is too busy to ask, in milliseconds.
const CONTENDED_WAIT_MS: i64 = 1000;

/// Whether a person is taken: see [`Gateway::take_person`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nobody else had him since this sync had him last.
    Mine,
    /// Another sync acted on him before.
    FromAnother,
    /// Another sync acts on him now.
    No,
}

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

    /// Takes an update for answering. Whoever has taken it ends that by [`Gateway::update_done`] or [`Gateway::release_update`].
    pub async fn claim_update(&self, update_id: i64) -> anyhow::Result<Claim> {
        let now = time::now_ms();
        let claim = self
            .put_update(update_id)
            .item("taken_until_ms", n(now + UPDATE_LEASE_MS))
            .condition_expression("attribute_not_exists(pk) OR taken_until_ms < :now")
            .expression_attribute_values(":now", n(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match claim.send().await {
            Ok(_) => Ok(Claim::Mine),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(if is_taken(error.err()) { Claim::Taken } else { Claim::Done })
            }
            Err(error) => Err(error).context("taking an update"),
        }
    }

    /// Nobody takes it again.
    pub async fn update_done(&self, update_id: i64) -> anyhow::Result<()> {
        self.put_update(update_id).send().await.context("recording an update")?;
        Ok(())
    }

    /// Gives an update back, done or not: it can be taken again.
    pub async fn release_update(&self, update_id: i64) -> anyhow::Result<()> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(pk(update_key(update_id))));
        delete.send().await.context("giving an update back")?;
        Ok(())
    }

    fn put_update(&self, update_id: i64) -> PutItemFluentBuilder {
        self.table
            .client
            .put_item()
            .table_name(&self.table.name)
            .item("pk", s(update_key(update_id)))
            .item("expires_at", n(time::now() + UPDATE_KEPT))
            .item("version", n(i64::from(VERSION)))
    }

    /// Takes up to `calls` calls to Telegram out of everybody's allowance, or answers how many milliseconds to wait before asking again.
    pub async fn reserve_calls(&self, calls: usize, lane: Lane) -> anyhow::Result<Result<Grant, i64>> {
        for _ in 0..LIMITER_ROUNDS {
            let (limiter, now) = (self.limiter().await?, time::now_ms());
            let (next, grant) = match limiter.reserve(calls, lane, self.calls_per_second, now) {
                Ok(reserved) => reserved,
                Err(wait) => return Ok(Err(wait)),
            };
            let update = self
                .limiter_update()
                .update_expression("SET busy_until_ms = :next, open_until_ms = :open, version = :version")
                .condition_expression(
                    "(attribute_not_exists(busy_until_ms) OR busy_until_ms = :read) AND (attribute_not_exists(blocked_until_ms) OR blocked_until_ms <= :now) \
                     AND (attribute_not_exists(open_until_ms) OR open_until_ms = :read_open)",
                )
                .expression_attribute_values(":next", n(next.busy_until_ms))
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

    /// Takes a person for one sync, whose workers share him. Each that has taken him lets him go.
    ///
    /// What a sync sees of a person in a chat, what it does there and what it writes into the ledger are one thing to other syncs.
    pub async fn take_person(&self, user: UserId, sync_id: Uuid) -> anyhow::Result<Taken> {
        let now = time::now_ms();
        let free = "attribute_not_exists(holder) OR holders <= :none OR (holder = :sync AND held_until_ms >= :now)";
        let join = self
            .person(user, sync_id, now)
            .update_expression("SET holder = :sync, held_until_ms = :until, expires_at = :expires ADD holders :one")
            .condition_expression(free)
            .expression_attribute_values(":none", n(0));
        match taken(join.send().await, sync_id)? {
            Taken::No => {}
            taken => return Ok(taken),
        }
        // The one who had him has died, perhaps.
        let inherit = self
            .person(user, sync_id, now)
            .update_expression("SET holder = :sync, held_until_ms = :until, expires_at = :expires, holders = :one")
            .condition_expression("held_until_ms < :now");
        taken(inherit.send().await, sync_id)
    }

    /// See [`Gateway::take_person`].
    pub async fn let_person_go(&self, user: UserId, sync_id: Uuid) -> anyhow::Result<()> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(format!("PERSON#{user}"))))
            .update_expression("ADD holders :less")
            .condition_expression("holder = :sync AND holders > :none")
            .expression_attribute_values(":less", n(-1))
            .expression_attribute_values(":none", n(0))
            .expression_attribute_values(":sync", s(sync_id));
        taken(update.send().await, sync_id).map(drop)
    }

    fn person(&self, user: UserId, sync_id: Uuid, now: i64) -> UpdateItemFluentBuilder {
        self.table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(format!("PERSON#{user}"))))
            .expression_attribute_values(":sync", s(sync_id))
            .expression_attribute_values(":until", n(now + HELD_MS))
            .expression_attribute_values(":expires", n(now / 1000 + WINDOW_KEPT))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllOld)
    }

    /// Takes the next place for a message to `chat`, or answers how many milliseconds to wait before asking again.
    pub async fn reserve_message(&self, chat: ChatId) -> anyhow::Result<Result<(), i64>> {
        let now = time::now_ms();
        let until = now + message_interval_ms(chat);
        let update = self
            .window_until(chat, until)
            .condition_expression("attribute_not_exists(busy_until_ms) OR busy_until_ms <= :now")
            .expression_attribute_values(":now", n(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(_) => return Ok(Ok(())),
            Err(error) => error,
        };
        if let Some(UpdateItemError::ConditionalCheckFailedException(busy)) = error.as_service_error() {
            let busy = busy.item().and_then(busy_until_ms);
            return Ok(Err((busy.unwrap_or(until) - now).max(1)));
        }
        Err(error).context("taking a place for a message")
    }

    /// Telegram answered `retry_after` (seconds) to a message, or to a change of one. In a group that holds messages to this group, and nothing
    /// else; in private it is as [`Gateway::block_calls`]. A longer wait stays.
    pub async fn block_messages(&self, chat: ChatId, retry_after: u32) -> anyhow::Result<()> {
        if !has_own_wait(chat) {
            return self.block_calls(retry_after).await;
        }
        let update = self
            .window_until(chat, time::now_ms() + i64::from(retry_after) * 1000)
            .condition_expression("attribute_not_exists(busy_until_ms) OR busy_until_ms < :until");
        match update.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("recording a group's flood wait"),
        }
    }

    /// How many milliseconds this chat takes no messages though others do: see [`Gateway::block_messages`]. No call where that cannot be.
    pub async fn messages_blocked_for_ms(&self, chat: ChatId) -> anyhow::Result<i64> {
        if !has_own_wait(chat) {
            return Ok(0);
        }
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(pk(window_key(chat)))).consistent_read(true);
        let item = get.send().await.context("reading when a chat takes messages")?.item;
        Ok(item.as_ref().and_then(busy_until_ms).map_or(0, |until| (until - time::now_ms()).max(0)))
    }

    fn window_until(&self, chat: ChatId, until_ms: i64) -> UpdateItemFluentBuilder {
        self.table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(window_key(chat))))
            .update_expression("SET busy_until_ms = :until, expires_at = :expires, version = :version")
            .expression_attribute_values(":until", n(until_ms))
            .expression_attribute_values(":expires", n(until_ms / 1000 + WINDOW_KEPT))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
    }

    /// How many milliseconds nobody may call Telegram; 0 when everybody may.
    pub async fn blocked_for_ms(&self) -> anyhow::Result<i64> {
        Ok(self.limiter().await?.blocked_for(time::now_ms()))
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

/// Did the condition hold, and who was there before?
fn taken(answer: Result<UpdateItemOutput, SdkError<UpdateItemError>>, sync_id: Uuid) -> anyhow::Result<Taken> {
    match answer {
        Ok(answer) => {
            let before = answer.attributes.as_ref().and_then(|item| item.get("holder")?.as_s().ok());
            Ok(if before.is_none_or(|before| *before == sync_id.to_string()) { Taken::Mine } else { Taken::FromAnother })
        }
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(Taken::No),
        Err(error) => Err(error).context("taking a person, or letting him go"),
    }
}

fn is_taken(error: &PutItemError) -> bool {
    let PutItemError::ConditionalCheckFailedException(failed) = error else { return false };
    failed.item().is_some_and(|item| item.contains_key("taken_until_ms"))
}

fn busy_until_ms(window: &Attributes) -> Option<i64> {
    window.get("busy_until_ms")?.as_n().ok()?.parse().ok()
}

fn update_key(update_id: i64) -> String {
    format!("UPDATE#{update_id}")
}

fn window_key(chat: ChatId) -> String {
    format!("WINDOW#{chat}")
}

fn pk(pk: impl Into<String>) -> Attributes {
    HashMap::from([("pk".to_owned(), s(pk))])
}
