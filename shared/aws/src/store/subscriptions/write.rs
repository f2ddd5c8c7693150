//! The parts of the transactions that begin and end subscriptions.

use super::{CONFLICT_ROUNDS, RETENTION, STATS_SHARDS, Subscriptions, TurnItem, count_key, id_key, key_of, stats_key};
use crate::store::{Attributes, VERSION, key, n, s};
use crate::time;
use anyhow::{Context, bail};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use domain::ids::UserId;
use domain::subscription::{MAX_PER_ADMIN, Mode, Subscription};
use std::collections::HashMap;
use uuid::Uuid;

impl Subscriptions {
    pub(super) fn activate(&self, subscription: &Subscription, mode: Mode, by_program: bool) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression(
                "SET subscription_id = :id, admin_user_id = :admin, admin_chat_id = :chat, #source = :source, #mode = :mode, is_active = :true, \
                 created_at = if_not_exists(created_at, :now), updated_at = :now, source_key = :source, chat_key = :chat_key, \
                 follower_key = :follower, by_program = :by_program, version = :version REMOVE suspended",
            )
            .condition_expression("attribute_not_exists(pk) OR is_active = :false")
            .expression_attribute_names("#source", "source")
            .expression_attribute_names("#mode", "mode")
            .set_expression_attribute_values(Some(HashMap::from([
                (":id".to_owned(), s(subscription.id().to_string())),
                (":admin".to_owned(), n(subscription.admin_user_id.0)),
                (":chat".to_owned(), n(subscription.admin_chat_id.0)),
                (":source".to_owned(), s(subscription.source.to_string())),
                (":mode".to_owned(), s(mode.name())),
                (":chat_key".to_owned(), s(subscription.admin_chat_id.to_string())),
                (":follower".to_owned(), s(format!("{}#{}", subscription.admin_chat_id, subscription.admin_user_id))),
                (":by_program".to_owned(), AttributeValue::Bool(by_program)),
                (":true".to_owned(), AttributeValue::Bool(true)),
                (":false".to_owned(), AttributeValue::Bool(false)),
                (":now".to_owned(), n(time::now())),
                (":version".to_owned(), n(i64::from(VERSION))),
            ])));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    pub(super) fn deactivate(&self, subscription: &Subscription, remove: &str) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression(format!("SET is_active = :false, updated_at = :now {remove}, suspended"))
            .condition_expression("is_active = :true")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":now", n(time::now()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// A subscription that ended with its chat at `since` (Unix seconds) or later is none of that chat's any more.
    pub(super) fn leave_chat(&self, subscription: &Subscription, since: i64) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression("REMOVE chat_key, follower_key")
            .condition_expression("is_active = :false AND attribute_exists(chat_key) AND updated_at >= :since")
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":since", n(since));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    pub(super) fn count(&self, admin: UserId, change: i64) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(count_key(admin)))
            .update_expression("ADD active :change SET admin_user_id = :admin, updated_at = :now, version = :version")
            .condition_expression(if change > 0 { "attribute_not_exists(active) OR active < :limit" } else { "active > :limit" })
            .expression_attribute_values(":change", n(change))
            .expression_attribute_values(":admin", n(admin.0))
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":limit", n(if change > 0 { i64::from(MAX_PER_ADMIN) } else { 0 }))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Counts among all; `change`: 1 for one that begins, -1 for one that ends.
    pub(super) fn tally(&self, admin: UserId, change: i64) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(stats_key(admin.0.unsigned_abs() % STATS_SHARDS)))
            .update_expression("ADD active :change, created :created, ended :ended SET version = :version")
            .expression_attribute_values(":change", n(change))
            .expression_attribute_values(":created", n(change.max(0)))
            .expression_attribute_values(":ended", n((-change).max(0)))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Lets a subscription be found by its id, from the first moment on, which an index would not.
    pub(super) fn name(&self, subscription: &Subscription) -> anyhow::Result<TransactWriteItem> {
        let mut item: Attributes = serde_dynamo::to_item(subscription)?;
        item.extend(id_key(subscription.id()));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        Ok(TransactWriteItem::builder().put(Put::builder().table_name(&self.table.name).set_item(Some(item)).build()?).build())
    }

    /// Notes for a year that a subscription begins or ends: its item tells of the last time only.
    pub(super) fn turn(&self, subscription: &Subscription, begins: bool) -> anyhow::Result<TransactWriteItem> {
        let (turn_id, at) = (Uuid::new_v4(), time::now());
        let mut item: Attributes = serde_dynamo::to_item(TurnItem { turn_id, at, begins, chat_id: subscription.admin_chat_id })?;
        item.extend(key(format!("TURN#{turn_id}"), "TURN"));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        item.insert("expires_at".to_owned(), n(at + RETENTION));
        Ok(TransactWriteItem::builder().put(Put::builder().table_name(&self.table.name).set_item(Some(item)).build()?).build())
    }

    /// As [`Subscriptions::transact`], again and again while others are met. `None`: written; else the write that was refused.
    pub(super) async fn transact_all(&self, writes: &[TransactWriteItem]) -> anyhow::Result<Option<usize>> {
        for _ in 0..CONFLICT_ROUNDS {
            match self.transact(writes).await? {
                Transacted::Written => return Ok(None),
                Transacted::Refused(index) => return Ok(Some(index)),
                Transacted::Met => {}
            }
        }
        bail!("a subscription's transaction met others {CONFLICT_ROUNDS} times")
    }

    pub(super) async fn transact(&self, writes: &[TransactWriteItem]) -> anyhow::Result<Transacted> {
        let answer = self.table.client.transact_write_items().set_transact_items(Some(writes.to_vec())).send().await;
        let error = match answer {
            Ok(_) => return Ok(Transacted::Written),
            Err(error) => error,
        };
        let canceled = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            _ => return Err(error).context("writing a subscription"),
        };
        let of = |code: &str| canceled.iter().position(|reason| reason.code() == Some(code));
        match (of("ConditionalCheckFailed"), of("TransactionConflict")) {
            (Some(index), _) => Ok(Transacted::Refused(index)),
            (None, Some(_)) => Ok(Transacted::Met),
            (None, None) => Err(error).context("writing a subscription"),
        }
    }
}

/// What came of a transaction.
pub(super) enum Transacted {
    Written,
    /// Nothing is written: the condition of the write with this index does not hold.
    Refused(usize),
    /// Nothing is written: it met another transaction.
    Met,
}
