//! What somebody who was banned has to say to those who decided: once a ban and chat, and once a chat in a month. Each appeal is noted under its
//! person, so that it can be shown to them and erased.

use super::lists::person_pk;
use super::{Summary, Syncs};
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{Attributes, DAY, VERSION, key, n, s, value};
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
    /// Where it came from; an older appeal does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_chat_id: Option<ChatId>,
    /// Unix seconds.
    pub at: i64,
    /// The ban is lifted; `None`: nobody has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<bool>,
}

/// So long a person waits from one appeal in a chat to the next, in seconds: 30 days.
const MONTH: i64 = 30 * DAY;

/// The last appeal of a person in a chat.
#[derive(Debug, Deserialize)]
struct Turn {
    appeal_id: Uuid,
    expires_at: i64,
}

impl Syncs {
    /// Takes a person's turn to appeal in a chat; again for the same appeal. `Some`: it was taken for another one, and is free at that time (Unix
    /// seconds).
    pub async fn take_turn(&self, appeal: &Appeal) -> anyhow::Result<Option<i64>> {
        let mut item = turn_key(appeal.chat_id, appeal.user_id);
        item.insert("appeal_id".to_owned(), value(appeal.appeal_id)?);
        item.insert("expires_at".to_owned(), n(appeal.at + MONTH));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(item))
            // What has run out may be there for days (DynamoDB Developer Guide, "Using time to live").
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now OR appeal_id = :its")
            .expression_attribute_values(":now", n(appeal.at))
            .expression_attribute_values(":its", value(appeal.appeal_id)?);
        match put.send().await {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(Some(self.turn(appeal.chat_id, appeal.user_id).await?.map_or(appeal.at + MONTH, |turn| turn.expires_at)))
            }
            Err(error) => Err(error).context("taking a turn to appeal"),
        }
    }

    /// When a person may appeal in a chat again, Unix seconds; `None`: now, or once more in words for `appeal_id`.
    pub async fn next_turn(&self, chat: ChatId, user: UserId, appeal_id: Uuid, now: i64) -> anyhow::Result<Option<i64>> {
        let turn = self.turn(chat, user).await?.filter(|turn| turn.appeal_id != appeal_id && turn.expires_at > now);
        Ok(turn.map(|turn| turn.expires_at))
    }

    async fn turn(&self, chat: ChatId, user: UserId) -> anyhow::Result<Option<Turn>> {
        self.read(turn_key(chat, user)).await.context("reading a turn to appeal")
    }

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

fn turn_key(chat: ChatId, user: UserId) -> Attributes {
    key(format!("APPEALS#{chat}"), format!("USER#{user}"))
}

fn note_key(user: UserId, appeal_id: Uuid) -> Attributes {
    key(person_pk(user), format!("A#{appeal_id}"))
}

fn appeal_key(appeal_id: Uuid) -> Attributes {
    key(format!("APPEAL#{appeal_id}"), "APPEAL")
}
