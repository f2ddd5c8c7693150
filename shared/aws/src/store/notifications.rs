//! Table `notifications`: the log of messages to people, and the guard that each is sent once.
//!
//! | access | by |
//! |---|---|
//! | take a message for sending | UpdateItem `USER#<recipient>`, `N#<notification id>`, if not sent and not taken, or if it tells more than what was sent |
//! | give it back | UpdateItem on the same key |
//! | record how it ended | UpdateItem on the same key |
//! | record that its recipient wants none | UpdateItem on the same key, if there is none |
//! | somebody's messages, newest first | Query `by_due`: `LOG#<recipient>`; BatchGetItem |
//!
//! [`digests`](super::digests) holds what waits.

use super::page::{Page, PageError, Wanted};
use super::{Attributes, DAY, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::UserId;
use domain::notification::{Content, Notification};
use serde::Deserialize;
use uuid::Uuid;

/// How long the log is kept, in seconds.
pub(super) const RETENTION: i64 = 90 * DAY;

/// A sender that has taken a message and not recorded its end by then is taken for dead, in seconds; longer than its time-out.
pub const LEASE: i64 = 70;

/// Less than any revision.
const NONE_SENT: i64 = -1;

/// Is a message ours to send?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// `replaces`: what told less of the same thing, where it was one message.
    Mine { replaces: Option<Earlier> },
    /// It was sent before, or it has failed for good, or one that tells more was sent or will be.
    Done,
    /// Another has it.
    Taken,
}

/// A message that was sent and tells less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    pub message_id: i64,
    /// When the first message under this id was begun, Unix seconds.
    pub first_at: i64,
}

/// A key of the table.
#[derive(Deserialize)]
struct Key {
    pk: String,
    sk: String,
}

/// A message in the log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Logged {
    /// `N#<notification id>`.
    #[serde(rename = "sk")]
    key: String,
    pub notification_type: String,
    pub channel: String,
    /// `pending`, `sent`, `failed` or `suppressed`.
    pub status: String,
    #[serde(default)]
    pub correlation_id: String,
    /// Why it failed or was suppressed.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Unix seconds, as those that follow.
    pub created_at: i64,
    #[serde(default)]
    pub sent_at: Option<i64>,
    #[serde(default)]
    pub failed_at: Option<i64>,
    /// Of a digest: the ids of what it tells.
    #[serde(default)]
    pub tells: Vec<Uuid>,
}

impl Logged {
    pub fn notification_id(&self) -> Option<Uuid> {
        self.key.strip_prefix("N#")?.parse().ok()
    }
}

/// The log.
pub struct Notifications {
    table: Table,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `message_id`: of the one message that it is; `None`: it is several.
    Sent { message_id: Option<i64> },
    /// The recipient cannot be written to.
    Failed(&'static str),
}

impl Notifications {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Takes a message for sending, or its next part where `parts_sent` have arrived. One that tells more waits while another is being sent or
    /// has parts to come; one that tells less than what was taken before is not sent any more.
    pub async fn claim(&self, notification: &Notification, parts_sent: usize) -> anyhow::Result<Claimed> {
        let now = time::now();
        // An older version has recorded no revision: what tells more than the one message that it sent is not known to have been told.
        let tells_more = match notification.revision {
            0 => "revision < :revision",
            _ => "(attribute_not_exists(revision) OR revision < :revision)",
        };
        let told: &[Uuid] = if let Content::Digest { told, .. } = &notification.content { told } else { &[] };
        let tells = AttributeValue::L(told.iter().map(|id| s(id.to_string())).collect());
        let claim = self
            .update(notification)
            .update_expression(
                "SET tells = :tells, #status = :pending, taken_until = :until, taken_revision = :revision, notification_type = :type, channel = :channel, \
                 correlation_id = :correlation, created_at = if_not_exists(created_at, :now), due_shard = :log, due_at = if_not_exists(due_at, :now), revision = if_not_exists(revision, :none), \
                 expires_at = :expires, version = :version REMOVE next_part, error_message",
            )
            .condition_expression(format!(
                "attribute_not_exists(pk) OR #status = :suppressed OR (#status = :sent AND {tells_more}) OR (#status = :pending AND \
                 ((taken_until < :now AND (attribute_not_exists(taken_revision) OR taken_revision <= :revision) \
                 AND (attribute_not_exists(next_part) OR next_part <= :part)) \
                 OR (taken_revision = :revision AND next_part = :part)))"
            ))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":sent", s("sent"))
            // What is told now tells of something else than what its recipient wanted none of, or they want it by now.
            .expression_attribute_values(":suppressed", s("suppressed"))
            .expression_attribute_values(":none", n(NONE_SENT))
            .expression_attribute_values(":revision", n(notification.revision))
            .expression_attribute_values(":part", n(parts_sent as i64))
            .expression_attribute_values(":until", n(now + LEASE))
            .expression_attribute_values(":type", s(notification.content.type_name()))
            .expression_attribute_values(":channel", s(notification.channel.name()))
            .expression_attribute_values(":correlation", s(&notification.correlation_id))
            .expression_attribute_values(":tells", tells)
            .expression_attribute_values(":log", s(log_of(notification.recipient)))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":expires", n(now + RETENTION))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match claim {
            Ok(answer) => Ok(Claimed::Mine { replaces: answer.attributes.as_ref().and_then(earlier) }),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(if is_pending(error.err(), notification.revision) { Claimed::Taken } else { Claimed::Done })
            }
            Err(error) => Err(error).context("taking a notification"),
        }
    }

    /// Gives a message back, for another try later or for its next part. Where `parts_sent` have arrived, one that tells more does not come
    /// between them before a lease has run out.
    pub async fn release(&self, notification: &Notification, parts_sent: usize) -> anyhow::Result<()> {
        let until = if parts_sent == 0 { 0 } else { time::now() + LEASE };
        let release = self
            .update(notification)
            .update_expression("SET taken_until = :until, next_part = :part")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":until", n(until))
            .expression_attribute_values(":part", n(parts_sent as i64));
        unless_erased(release.send().await, "giving a notification back")
    }

    pub async fn end(&self, notification: &Notification, end: End) -> anyhow::Result<()> {
        let mut update = self
            .update(notification)
            .update_expression(match end {
                End::Sent { message_id: Some(_) } => {
                    "SET #status = :status, sent_at = :now, revision = :revision, message_id = :message REMOVE taken_until"
                }
                End::Sent { message_id: None } => {
                    "SET #status = :status, sent_at = :now, revision = :revision REMOVE taken_until, message_id"
                }
                End::Failed(_) => "SET #status = :status, failed_at = :now, error_message = :error REMOVE taken_until",
            })
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":now", n(time::now()));
        update = match end {
            End::Sent { message_id } => {
                update = update.expression_attribute_values(":revision", n(notification.revision));
                if let Some(message_id) = message_id {
                    update = update.expression_attribute_values(":message", n(message_id));
                }
                update.expression_attribute_values(":status", s("sent"))
            }
            End::Failed(error) => {
                update.expression_attribute_values(":status", s("failed")).expression_attribute_values(":error", s(error))
            }
        };
        unless_erased(update.condition_expression("attribute_exists(pk)").send().await, "recording the end of a notification")
    }

    /// Records that a message was not sent because its recipient wants none, unless it is known.
    pub async fn suppress(&self, notification: &Notification) -> anyhow::Result<()> {
        let now = time::now();
        let update = self
            .update(notification)
            .update_expression(
                "SET #status = :suppressed, error_message = :why, notification_type = :type, channel = :channel, correlation_id = :correlation, \
                 created_at = :now, due_shard = :log, due_at = :now, expires_at = :expires, version = :version",
            )
            .condition_expression("attribute_not_exists(pk)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":suppressed", s("suppressed"))
            .expression_attribute_values(":why", s("the recipient wants no messages about this"))
            .expression_attribute_values(":type", s(notification.content.type_name()))
            .expression_attribute_values(":channel", s(notification.channel.name()))
            .expression_attribute_values(":correlation", s(&notification.correlation_id))
            .expression_attribute_values(":log", s(log_of(notification.recipient)))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":expires", n(now + RETENTION))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("recording a message that nobody wants"),
        }
    }

    /// A page of the log of somebody's messages, newest first. `status`: of those that ended so, of which a page may have few.
    pub async fn log(&self, recipient: UserId, status: Option<&str>, wanted: &Wanted) -> Result<Page<Logged>, PageError> {
        let query = self.table.client.query().index_name("by_due").key_condition_expression("due_shard = :log");
        let query = query.expression_attribute_values(":log", s(log_of(recipient))).scan_index_forward(false);
        let keys: Page<Key> = self.table.page(query, &format!("log of {recipient} {}", status.unwrap_or_default()), wanted).await?;
        let found = self.table.get_all(keys.items.into_iter().map(|Key { pk, sk }| key(pk, sk)).collect()).await?;
        let mut items: Vec<Logged> = serde_dynamo::from_items(found).context("reading the log of messages")?;
        items.retain(|logged| status.is_none_or(|status| logged.status == status));
        items.sort_by_key(|logged| std::cmp::Reverse(logged.created_at));
        Ok(Page { items, next: keys.next })
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    fn update(&self, notification: &Notification) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(key_of(notification)))
    }
}

/// Of somebody who was erased meanwhile nothing is written.
fn unless_erased(answer: Result<UpdateItemOutput, SdkError<UpdateItemError>>, what: &'static str) -> anyhow::Result<()> {
    match answer {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
        Err(error) => Err(error).context(what),
    }
}

pub(super) fn key_of(notification: &Notification) -> Attributes {
    key(format!("USER#{}", notification.recipient), sort_key(notification))
}

pub(super) fn sort_key(notification: &Notification) -> String {
    format!("N#{}", notification.notification_id)
}

/// Where the log of somebody's messages stands in the index, by when they were due.
pub(super) fn log_of(recipient: UserId) -> String {
    format!("LOG#{recipient}")
}

fn earlier(item: &Attributes) -> Option<Earlier> {
    Some(Earlier { message_id: number(item, "message_id")?, first_at: number(item, "created_at")? })
}

/// Is it still to be sent, and not only because of one that tells more?
fn is_pending(error: &UpdateItemError, revision: i64) -> bool {
    let UpdateItemError::ConditionalCheckFailedException(failed) = error else { return false };
    let Some(item) = failed.item() else { return false };
    let is_pending = item.get("status").and_then(|status| status.as_s().ok()).is_some_and(|status| status == "pending");
    is_pending && number(item, "taken_revision").is_none_or(|taken| taken <= revision)
}

fn number(item: &Attributes, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
