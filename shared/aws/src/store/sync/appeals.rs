//! What somebody who was banned has to say to those who decided: once a ban and chat. Each appeal is noted under its person, so that it can be
//! shown to them and erased.

use super::lists::person_pk;
use super::{Summary, Syncs};
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{Attributes, VERSION, key, n, s};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// That an appeal is a person's.
#[derive(Serialize, Deserialize)]
struct OfPerson {
    of_appeal: Uuid,
}

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
        self.note_appeal(appeal).await?;
        let mut item: Attributes = serde_dynamo::to_item(appeal)?;
        item.insert("expires_at".to_owned(), n(Summary::expiry()));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        self.put_new(appeal_key(appeal.appeal_id), item).await.context("writing an appeal")
    }

    /// First: an appeal that is not noted could never be found for its person. A note without its appeal says nothing.
    async fn note_appeal(&self, appeal: &Appeal) -> anyhow::Result<()> {
        let mut item: Attributes = serde_dynamo::to_item(OfPerson { of_appeal: appeal.appeal_id })?;
        item.extend(note_key(appeal.user_id, appeal.appeal_id));
        item.insert("expires_at".to_owned(), n(Summary::expiry()));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).send().await.context("noting an appeal")?;
        Ok(())
    }

    /// A page of a person's appeals.
    pub async fn appeals_of(&self, user: UserId, wanted: &Wanted) -> Result<Page<Appeal>, PageError> {
        let page: Page<OfPerson> = self.table.page(self.noted(user), &format!("appeals of {user}"), wanted).await?;
        let keys = page.items.into_iter().map(|of| appeal_key(of.of_appeal)).collect();
        let items = serde_dynamo::from_items(self.table.get_all(keys).await?).context("reading appeals")?;
        Ok(Page { items, next: page.next })
    }

    /// Erases a person's appeals, at most `limit` of them, but for those after `until` (Unix seconds); how many.
    pub async fn erase_appeals(&self, user: UserId, until: i64, limit: usize) -> anyhow::Result<usize> {
        let mut items = self.noted(user).into_paginator().items().send();
        let mut erased = 0;
        while erased < limit {
            let Some(item) = items.next().await else { break };
            let OfPerson { of_appeal } = serde_dynamo::from_item(item.context("listing a person's appeals")?)?;
            if self.appealed(of_appeal).await?.is_some_and(|appeal| appeal.at > until) {
                continue;
            }
            for key in [appeal_key(of_appeal), note_key(user, of_appeal)] {
                let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(key));
                delete.send().await.context("erasing an appeal")?;
            }
            erased += 1;
        }
        Ok(erased)
    }

    fn noted(&self, user: UserId) -> QueryFluentBuilder {
        self.query()
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(person_pk(user)))
            .expression_attribute_values(":sk", s("A#"))
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

fn note_key(user: UserId, appeal_id: Uuid) -> Attributes {
    key(person_pk(user), format!("A#{appeal_id}"))
}

fn appeal_key(appeal_id: Uuid) -> Attributes {
    key(format!("APPEAL#{appeal_id}"), "APPEAL")
}
