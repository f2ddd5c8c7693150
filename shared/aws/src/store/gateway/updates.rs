//! Updates are answered once.

use super::{Gateway, pk};
use crate::store::{Claim, VERSION, n, s};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

/// Telegram tries to deliver an update for 24 hours; twice that is kept, in seconds.
const UPDATE_KEPT: i64 = 48 * 3600;

/// A webhook that has taken an update and is not done by then is taken for dead, in milliseconds; longer than the webhook's time-out
/// (`Timeout` in template.yaml).
const UPDATE_LEASE_MS: i64 = 12_000;

impl Gateway {
    /// Takes an update for answering. Whoever has taken it ends that by [`Gateway::update_done`], [`Gateway::release_update`] or
    /// [`Gateway::update_failed`].
    pub async fn claim_update(&self, update_id: i64) -> anyhow::Result<Claim> {
        let now = time::now_ms();
        let claim = self
            .update(update_id, "SET taken_until_ms = :until, expires_at = :expires, version = :version")
            .expression_attribute_values(":until", n(now + UPDATE_LEASE_MS))
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
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .item("pk", s(update_key(update_id)))
            .item("expires_at", n(time::now() + UPDATE_KEPT))
            .item("version", n(i64::from(VERSION)));
        put.send().await.context("recording an update")?;
        Ok(())
    }

    /// Gives an update back, done or not: it can be taken again.
    pub async fn release_update(&self, update_id: i64) -> anyhow::Result<()> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(pk(update_key(update_id))));
        delete.send().await.context("giving an update back")?;
        Ok(())
    }

    /// As [`Gateway::release_update`], after a failure, whether it was taken or not; when the first one was, Unix seconds.
    pub async fn update_failed(&self, update_id: i64) -> anyhow::Result<i64> {
        let (now, none) = (time::now(), n(0));
        let expression =
            "SET taken_until_ms = :none, failing_since = if_not_exists(failing_since, :now), expires_at = :expires, version = :version";
        let update = self
            .update(update_id, expression)
            .expression_attribute_values(":none", none)
            .expression_attribute_values(":now", n(now))
            .return_values(ReturnValue::UpdatedNew);
        let failed = update.send().await.context("giving an update back that failed")?;
        let since = failed.attributes.and_then(|mut item| item.remove("failing_since"));
        Ok(since.and_then(|since| since.as_n().ok()?.parse().ok()).unwrap_or(now))
    }

    fn update(&self, update_id: i64, expression: &str) -> UpdateItemFluentBuilder {
        self.table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(update_key(update_id))))
            .update_expression(expression)
            .expression_attribute_values(":expires", n(time::now() + UPDATE_KEPT))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
    }
}

fn is_taken(error: &UpdateItemError) -> bool {
    let UpdateItemError::ConditionalCheckFailedException(failed) = error else { return false };
    failed.item().is_some_and(|item| item.contains_key("taken_until_ms"))
}

fn update_key(update_id: i64) -> String {
    format!("UPDATE#{update_id}")
}
