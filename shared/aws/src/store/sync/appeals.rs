//! What somebody who was banned has to say to those who decided: once a ban and chat.

use super::{Summary, Syncs};
use crate::store::{Attributes, VERSION, key, n};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An appeal. Its words are with those who were asked, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    pub appeal_id: Uuid,
    pub user_id: UserId,
    pub chat_id: ChatId,
    pub ban_event_id: Uuid,
    /// The sync that banned.
    pub sync_id: Uuid,
    /// Unix seconds.
    pub at: i64,
    /// The ban is lifted; `None`: nobody has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<bool>,
}

impl Syncs {
    /// `false`: there is one.
    pub async fn appeal(&self, appeal: &Appeal) -> anyhow::Result<bool> {
        let mut item: Attributes = serde_dynamo::to_item(appeal)?;
        item.insert("expires_at".to_owned(), n(Summary::expiry()));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        self.put_new(appeal_key(appeal.appeal_id), item).await.context("writing an appeal")
    }

    pub async fn appealed(&self, appeal_id: Uuid) -> anyhow::Result<Option<Appeal>> {
        self.read(appeal_key(appeal_id)).await.context("reading an appeal")
    }

    /// The first decision counts: `None` where there is one, or no such appeal.
    pub async fn decide_appeal(&self, appeal_id: Uuid, lifted: bool) -> anyhow::Result<Option<Appeal>> {
        let update = self
            .update(appeal_key(appeal_id))
            .update_expression("SET lifted = :lifted")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(lifted)")
            .expression_attribute_values(":lifted", AttributeValue::Bool(lifted))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => Ok(answer.attributes.map(serde_dynamo::from_item).transpose()?),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(None),
            Err(error) => Err(error).context("deciding an appeal"),
        }
    }
}

fn appeal_key(appeal_id: Uuid) -> Attributes {
    key(format!("APPEAL#{appeal_id}"), "APPEAL")
}
