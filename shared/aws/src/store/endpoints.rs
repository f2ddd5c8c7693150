//! Endpoints in the table `notifications`: where people have their messages posted to.
//!
//! | access | by |
//! |---|---|
//! | register one, rotate its secret | PutItem `USER#<person>`, `ENDPOINT`, if it is as it was read |
//! | read it | GetItem on the same key |
//! | leave a host alone for a while | PutItem, GetItem `HOST#<host>`, `REST` |
//! | switch it off | UpdateItem on the same key, if it is registered as it was |
//! | take it away | DeleteItem on the same key |
//!
//! It goes with all else that is held on its owner.

use super::{Attributes, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use domain::ids::UserId;
use serde::{Deserialize, Serialize};

/// How long an old secret signs beside a new one, in seconds.
pub const ROTATION: i64 = 24 * 3600;

/// Somebody's endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub url: String,
    /// As its owner has it: `whsec_` and base64.
    pub secret: String,
    /// The one before, until the moment that follows, Unix seconds.
    #[serde(default)]
    pub old_secret: Option<String>,
    #[serde(default)]
    pub old_until: Option<i64>,
    /// `active` or `off`.
    pub status: Status,
    /// Why it is off.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Counts its registrations.
    pub registered: i64,
}

/// Is anything sent there?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Off,
}

impl Endpoint {
    /// The secrets that sign at `now` (Unix seconds), the newest first.
    pub fn secrets(&self, now: i64) -> Vec<&str> {
        let old = self.old_secret.as_deref().filter(|_| self.old_until.is_some_and(|until| now < until));
        std::iter::once(self.secret.as_str()).chain(old).collect()
    }
}

/// A host that took long, or did not answer, is left alone: it would hold up what goes to everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// Unix seconds.
    pub until: i64,
    /// It did not answer at all.
    pub failed: bool,
}

/// The endpoints.
pub struct Endpoints {
    table: Table,
}

impl Endpoints {
    /// `table`: the name of `notifications`.
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    pub async fn get(&self, of: UserId) -> anyhow::Result<Option<Endpoint>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key_of(of))).consistent_read(true);
        let item = get.send().await.context("reading an endpoint")?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?)
    }

    /// Registers an endpoint after `before`. `false`: another was registered meanwhile.
    pub async fn put(&self, of: UserId, before: Option<&Endpoint>, endpoint: &Endpoint) -> anyhow::Result<bool> {
        let mut item: Attributes = serde_dynamo::to_item(endpoint)?;
        item.extend(key_of(of));
        // As the log of messages has it, so that what is held on a person can be shown.
        item.insert("notification_type".to_owned(), s("endpoint"));
        item.insert("channel".to_owned(), s("webhook"));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put.condition_expression("registered = :before").expression_attribute_values(":before", n(before.registered)),
        };
        met(put.send().await, "registering an endpoint")
    }

    /// How a host is left alone at `now` (Unix seconds); `None`: it is not.
    pub async fn rest_of(&self, host: &str, now: i64) -> anyhow::Result<Option<Rest>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key(host_key(host), "REST")));
        let item = get.send().await.context("reading whether a host is left alone")?.item;
        let rest: Option<Rest> = item.map(serde_dynamo::from_item).transpose()?;
        Ok(rest.filter(|rest| rest.until > now))
    }

    /// Leaves a host alone.
    pub async fn rest(&self, host: &str, rest: Rest) -> anyhow::Result<()> {
        let mut item: Attributes = serde_dynamo::to_item(rest)?;
        item.extend(key(host_key(host), "REST"));
        item.insert("expires_at".to_owned(), n(rest.until));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).send().await.context("leaving a host alone")?;
        Ok(())
    }

    /// Switches off an endpoint that takes nothing, as it was registered. `false`: it is off, or gone, or was registered anew.
    pub async fn switch_off(&self, of: UserId, endpoint: &Endpoint, why: &str) -> anyhow::Result<bool> {
        let update = self.table.client.update_item().table_name(&self.table.name).set_key(Some(key_of(of)));
        let update = update
            .update_expression("SET #status = :off, error_message = :why, failed_at = :now")
            // One that was taken away counts from 1 again.
            .condition_expression("registered = :registered AND created_at = :created AND #status = :active")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":off", s("off"))
            .expression_attribute_values(":active", s("active"))
            .expression_attribute_values(":why", s(why))
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":created", n(endpoint.created_at))
            .expression_attribute_values(":registered", n(endpoint.registered));
        met(update.send().await, "switching an endpoint off")
    }

    /// `false`: there was none.
    pub async fn delete(&self, of: UserId) -> anyhow::Result<bool> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(key_of(of)));
        met(delete.condition_expression("attribute_exists(pk)").send().await, "taking an endpoint away")
    }
}

/// Was a conditional write made?
fn met<T, E>(answer: Result<T, SdkError<E>>, what: &'static str) -> anyhow::Result<bool>
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if error.err().code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(error).context(what),
    }
}

fn host_key(host: &str) -> String {
    format!("HOST#{host}")
}

fn key_of(of: UserId) -> Attributes {
    key(format!("USER#{of}"), "ENDPOINT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_secret_signs_beside_the_new_one_until_its_time_is_over() {
        let endpoint = Endpoint {
            url: "https://example.org".to_owned(),
            secret: "new".to_owned(),
            old_secret: Some("old".to_owned()),
            old_until: Some(100),
            status: Status::Active,
            error_message: None,
            created_at: 0,
            registered: 2,
        };
        assert_eq!(endpoint.secrets(99), ["new", "old"]);
        assert_eq!(endpoint.secrets(100), ["new"]);
    }
}
