//! A subscription acts only while its admin may ban in its chat. One that is suspended is out of the index of followers, so that no ban finds
//! it; it still counts, and its admin sees it and can end it.

use super::{Subscriptions, key_of, n, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::subscription::Subscription;

impl Subscriptions {
    /// The admin may not ban there any more; `false` where it was suspended already, or has ended.
    pub async fn suspend(&self, subscription: &Subscription) -> anyhow::Result<bool> {
        let change = "SET suspended = :true, updated_at = :now REMOVE source_key";
        self.change_active(subscription, change, "attribute_not_exists(suspended)").await
    }

    /// The admin may ban there again; `false` where it was not suspended, or has ended.
    pub async fn resume(&self, subscription: &Subscription) -> anyhow::Result<bool> {
        let change = "SET source_key = #source, updated_at = :now REMOVE suspended";
        self.change_active(subscription, change, "attribute_exists(suspended)").await
    }

    async fn change_active(&self, subscription: &Subscription, change: &str, and: &str) -> anyhow::Result<bool> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression(change)
            .condition_expression(format!("is_active = :true AND {and}"))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":now", n(time::now()));
        let update = if change.contains("#source") { update.expression_attribute_names("#source", "source") } else { update };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("suspending or resuming a subscription"),
        }
    }
}
