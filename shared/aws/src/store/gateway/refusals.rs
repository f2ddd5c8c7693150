//! Who was refused in a group lately: they are told once, and then left alone for a while.

use super::{Gateway, pk};
use crate::store::{VERSION, n};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{ChatId, UserId};
use serde::Deserialize;

/// Somebody was told in a group that they may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Refused {
    /// They may look there all the same: an administrator without the right to ban.
    pub may_look: bool,
    /// The update that was answered so: it may come again.
    #[serde(default)]
    update_id: Option<i64>,
    /// When this is over, Unix seconds.
    expires_at: i64,
}

impl Gateway {
    /// The refusal that still counts, but for that of this update itself. One read.
    pub async fn refused(&self, chat: ChatId, user: UserId, update_id: Option<i64>) -> anyhow::Result<Option<Refused>> {
        let get =
            self.table.client.get_item().table_name(&self.table.name).set_key(Some(pk(refused_key(chat, user)))).consistent_read(true);
        let item = get.send().await.context("reading who was refused")?.item;
        let refused: Option<Refused> = item.map(serde_dynamo::from_item).transpose()?;
        let its_own = |refused: &Refused| update_id.is_some() && refused.update_id == update_id;
        Ok(refused.filter(|refused| refused.expires_at > time::now() && !its_own(refused)))
    }

    /// Leaves somebody alone for so many seconds; `false`: they are already, by another update. One conditional write.
    pub async fn refuse(&self, chat: ChatId, user: UserId, may_look: bool, seconds: i64, update_id: Option<i64>) -> anyhow::Result<bool> {
        let now = time::now();
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(pk(refused_key(chat, user))))
            .item("may_look", AttributeValue::Bool(may_look))
            .item("expires_at", n(now + seconds))
            .item("update_id", n(update_id.unwrap_or_default()))
            .item("version", n(i64::from(VERSION)))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now OR (update_id = :its AND update_id > :none)")
            .expression_attribute_values(":its", n(update_id.unwrap_or_default()))
            .expression_attribute_values(":none", n(0))
            .expression_attribute_values(":now", n(now));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("recording a refusal"),
        }
    }

    /// Somebody's rights changed: their next command is looked at.
    pub async fn forget_refusal(&self, chat: ChatId, user: UserId) -> anyhow::Result<()> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(pk(refused_key(chat, user))));
        delete.send().await.context("forgetting a refusal")?;
        Ok(())
    }
}

fn refused_key(chat: ChatId, user: UserId) -> String {
    format!("REFUSED#{chat}#{user}")
}
