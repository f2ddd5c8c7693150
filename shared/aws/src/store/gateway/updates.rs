//! Updates are answered once.

use super::{Gateway, pk};
use crate::store::{Claim, VERSION, n, s};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

/// Telegram tries to deliver an update for 24 hours; twice that is kept, in seconds.
const UPDATE_KEPT: i64 = 48 * 3600;

/// A webhook that has taken an update and is not done by then is taken for dead, in milliseconds; longer than the webhook's time-out
/// (`Timeout` in template.yaml).
const UPDATE_LEASE_MS: i64 = 12_000;

impl Gateway {
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
}

fn is_taken(error: &PutItemError) -> bool {
    let PutItemError::ConditionalCheckFailedException(failed) = error else { return false };
    failed.item().is_some_and(|item| item.contains_key("taken_until_ms"))
}

fn update_key(update_id: i64) -> String {
    format!("UPDATE#{update_id}")
}
