//! Table `notifications`: the log of messages to people, and the guard that each is sent once.
//!
//! | access | by |
//! |---|---|
//! | take a message for sending | UpdateItem `USER#<recipient>`, `N#<notification id>`, if not sent and not taken |
//! | record how it ended | UpdateItem on the same key |

use super::{Attributes, Claim, DAY, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::notification::Notification;

/// How long the log is kept, in seconds.
const RETENTION: i64 = 90 * DAY;

/// A sender that has taken a message and not recorded its end by then is taken for dead, in seconds; longer than its time-out.
pub const LEASE: i64 = 70;

/// The log.
pub struct Notifications {
    table: Table,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Sent,
    /// The recipient cannot be written to.
    Failed(&'static str),
}

impl Notifications {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Takes a message for sending.
    pub async fn claim(&self, notification: &Notification) -> anyhow::Result<Claim> {
        let now = time::now();
        let claim = self
            .update(notification)
            .update_expression(
                "SET #status = :pending, taken_until = :until, notification_type = :type, channel = :channel, correlation_id = :correlation, \
                 created_at = if_not_exists(created_at, :now), expires_at = :expires, version = :version",
            )
            .condition_expression("attribute_not_exists(pk) OR (#status = :pending AND taken_until < :now)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":until", n(now + LEASE))
            .expression_attribute_values(":type", s(notification.content.type_name()))
            .expression_attribute_values(":channel", s("telegram"))
            .expression_attribute_values(":correlation", s(&notification.correlation_id))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":expires", n(now + RETENTION))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match claim {
            Ok(_) => Ok(Claim::Mine),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(if is_pending(error.err()) { Claim::Taken } else { Claim::Done })
            }
            Err(error) => Err(error).context("taking a notification"),
        }
    }

    /// Gives a message back, for another try later.
    pub async fn release(&self, notification: &Notification) -> anyhow::Result<()> {
        let release = self.update(notification).update_expression("SET taken_until = :now").expression_attribute_values(":now", n(0));
        release.send().await.context("giving a notification back")?;
        Ok(())
    }

    pub async fn end(&self, notification: &Notification, end: End) -> anyhow::Result<()> {
        let mut update = self
            .update(notification)
            .update_expression(match end {
                End::Sent => "SET #status = :status, sent_at = :now REMOVE taken_until",
                End::Failed(_) => "SET #status = :status, failed_at = :now, error_message = :error REMOVE taken_until",
            })
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":now", n(time::now()));
        update = match end {
            End::Sent => update.expression_attribute_values(":status", s("sent")),
            End::Failed(error) => {
                update.expression_attribute_values(":status", s("failed")).expression_attribute_values(":error", s(error))
            }
        };
        update.send().await.context("recording the end of a notification")?;
        Ok(())
    }

    fn update(&self, notification: &Notification) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(key_of(notification)))
    }
}

fn key_of(notification: &Notification) -> Attributes {
    key(format!("USER#{}", notification.recipient), format!("N#{}", notification.notification_id))
}

fn is_pending(error: &UpdateItemError) -> bool {
    let UpdateItemError::ConditionalCheckFailedException(failed) = error else { return false };
    failed.item().and_then(|item| item.get("status")).and_then(|status| status.as_s().ok()).is_some_and(|status| status == "pending")
}
