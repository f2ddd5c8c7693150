//! Table `gateway`: what the bot has to remember of its talks with people. All of it goes by itself.
//!
//! | access | by |
//! |---|---|
//! | count a person's requests of a minute | UpdateItem `PACE#<user>#<minute>`, of the page `PACE#WEB#…` and `PACE#YEARS#…` |
//! | what the buttons of a message lead to | PutItem, if it is as it was read; GetItem `MENU#<id>` |
//! | what a person was asked last | PutItem, GetItem, DeleteItem `TALK#<user>` |

use super::{Attributes, Table, VERSION, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::UserId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

/// How long buttons can be pressed after the message was last changed, in seconds.
const MENU_KEPT: i64 = 48 * 3600;

/// How long a question of the bot waits for its answer, in seconds.
const TALK_KEPT: i64 = 3600;

/// Buttons of a message, and who may press them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// `None`: whoever may do what they lead to.
    pub who: Option<UserId>,
    /// Counts how often they were changed: a button of before is stale.
    pub revision: u32,
    /// What each leads to, as its writer puts it.
    pub leads: String,
}

/// Where a talk with somebody stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Without the slash.
    pub last_command: String,
    /// What is to be remembered until the answer comes, as its writer puts it.
    pub context: String,
    /// Unix seconds.
    pub timestamp: i64,
}

/// Counters of a person's web page, each of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Requests,
    /// Pictures of a year, which are dear to read.
    Years,
}

impl Counted {
    fn name(self) -> &'static str {
        match self {
            Self::Requests => "WEB",
            Self::Years => "YEARS",
        }
    }
}

/// Talks with people.
pub struct Dialogue {
    table: Table,
}

impl Dialogue {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Counts a request of a person, once however often its update is brought in a minute; how many there are in this one. One write.
    pub async fn count_request(&self, user: UserId, update_id: Option<i64>) -> anyhow::Result<usize> {
        let now = time::now();
        let request = update_id.unwrap_or_else(time::now_ms).to_string();
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(format!("PACE#{user}#{}", now / 60))))
            .update_expression("ADD updates :update SET expires_at = :expires, version = :version")
            .expression_attribute_values(":update", AttributeValue::Ns(vec![request]))
            .expression_attribute_values(":expires", n(now + 120))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .return_values(ReturnValue::UpdatedNew);
        let item = update.send().await.context("counting a person's requests")?.attributes.unwrap_or_default();
        let updates = item.get("updates").and_then(|updates| updates.as_ns().ok());
        updates.map(Vec::len).context("a count of requests has no updates")
    }

    /// Counts one of a person's web page; how many there are in this minute. None comes twice, so a number will do, however large. One write.
    pub async fn count_on_the_page(&self, user: UserId, counted: Counted) -> anyhow::Result<usize> {
        let now = time::now();
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(format!("PACE#{}#{user}#{}", counted.name(), now / 60))))
            .update_expression("ADD requests :one SET expires_at = :expires, version = :version")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":expires", n(now + 120))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .return_values(ReturnValue::UpdatedNew);
        let item = update.send().await.context("counting a page's requests")?.attributes.unwrap_or_default();
        let requests = item.get("requests").and_then(|requests| requests.as_n().ok()?.parse().ok());
        requests.context("a count of requests has no number")
    }

    /// Writes a message's buttons; `false` when they were changed since the revision before this one.
    pub async fn put_menu(&self, id: Uuid, menu: &Menu) -> anyhow::Result<bool> {
        let put = self.put(format!("MENU#{id}"), menu, MENU_KEPT)?;
        let put = match menu.revision {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            revision => if_revision(put, i64::from(revision) - 1),
        };
        held(put, menu).await
    }

    /// Makes a message's buttons what they were before their next revision, which nobody has been shown.
    pub async fn put_menu_back(&self, id: Uuid, before: &Menu) -> anyhow::Result<()> {
        let put = self.put(format!("MENU#{id}"), before, MENU_KEPT)?;
        held(if_revision(put, i64::from(before.revision) + 1), before).await.map(drop)
    }

    pub async fn menu(&self, id: Uuid) -> anyhow::Result<Option<Menu>> {
        self.read(format!("MENU#{id}")).await.context("reading a message's buttons")
    }

    /// `None` when there is none, or it has waited too long.
    pub async fn talk(&self, user: UserId) -> anyhow::Result<Option<Talk>> {
        let talk: Option<Talk> = self.read(format!("TALK#{user}")).await.context("reading where a talk stands")?;
        Ok(talk.filter(|talk| talk.timestamp + TALK_KEPT > time::now()))
    }

    pub async fn set_talk(&self, user: UserId, talk: &Talk) -> anyhow::Result<()> {
        self.put(format!("TALK#{user}"), talk, TALK_KEPT)?.send().await.context("writing where a talk stands")?;
        Ok(())
    }

    pub async fn end_talk(&self, user: UserId) -> anyhow::Result<()> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(pk(format!("TALK#{user}"))));
        delete.send().await.context("ending a talk")?;
        Ok(())
    }

    async fn read<T: DeserializeOwned>(&self, key: String) -> anyhow::Result<Option<T>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(pk(key))).consistent_read(true);
        Ok(get.send().await?.item.map(serde_dynamo::from_item).transpose()?)
    }

    fn put(&self, key: String, item: &impl Serialize, kept: i64) -> anyhow::Result<PutItemFluentBuilder> {
        let mut item: Attributes = serde_dynamo::to_item(item)?;
        item.extend(pk(key));
        item.insert("expires_at".to_owned(), n(time::now() + kept));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        Ok(self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)))
    }
}

fn if_revision(put: PutItemFluentBuilder, revision: i64) -> PutItemFluentBuilder {
    put.condition_expression("revision = :read").expression_attribute_values(":read", n(revision))
}

/// Writes a message's buttons; `false` when the condition does not hold. They may be there already: the first answer of the store was lost.
async fn held(put: PutItemFluentBuilder, menu: &Menu) -> anyhow::Result<bool> {
    let error = match put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send().await {
        Ok(_) => return Ok(true),
        Err(error) => error,
    };
    if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
        let there = failed.item().and_then(|item| serde_dynamo::from_item::<_, Menu>(item.clone()).ok());
        return Ok(there.as_ref() == Some(menu));
    }
    Err(error).context("writing a message's buttons")
}

fn pk(pk: String) -> Attributes {
    HashMap::from([("pk".to_owned(), s(pk))])
}
