//! Endpoints in the table `notifications`: where people have their messages posted to.
//!
//! | access | by |
//! |---|---|
//! | register one, rotate its secret | PutItem `USER#<person>`, `ENDPOINT`, if it is as it was read |
//! | read it | GetItem on the same key |
//! | leave it alone for a while | UpdateItem on the same key, if it is registered as it was |
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
    /// It did not take a message, and is left alone until this moment, Unix seconds.
    #[serde(default)]
    pub rests_until: Option<i64>,
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
    /// How many seconds it is still left alone at `now` (Unix seconds).
    pub fn rests_for(&self, now: i64) -> Option<i64> {
        self.rests_until.map(|until| until - now).filter(|seconds| *seconds > 0)
    }

    /// The secrets that sign at `now` (Unix seconds), the newest first.
    pub fn secrets(&self, now: i64) -> Vec<&str> {
        let old = self.old_secret.as_deref().filter(|_| self.old_until.is_some_and(|until| now < until));
        std::iter::once(self.secret.as_str()).chain(old).collect()
    }
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

    /// Leaves alone an endpoint that did not take a message, as it was registered, until a moment (Unix seconds).
    pub async fn rest(&self, of: UserId, endpoint: &Endpoint, until: i64) -> anyhow::Result<()> {
        let update = self.table.client.update_item().table_name(&self.table.name).set_key(Some(key_of(of)));
        let update = update
            .update_expression("SET rests_until = :until")
            .condition_expression("registered = :registered")
            .expression_attribute_values(":until", n(until))
            .expression_attribute_values(":registered", n(endpoint.registered));
        met(update.send().await, "leaving an endpoint alone").map(drop)
    }

    /// Switches off an endpoint that takes nothing, as it was registered. `false`: it is off, or gone, or was registered anew.
    pub async fn switch_off(&self, of: UserId, endpoint: &Endpoint, why: &str) -> anyhow::Result<bool> {
        let update = self.table.client.update_item().table_name(&self.table.name).set_key(Some(key_of(of)));
        let update = update
            .update_expression("SET #status = :off, error_message = :why, failed_at = :now")
            .condition_expression("registered = :registered AND #status = :active")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":off", s("off"))
            .expression_attribute_values(":active", s("active"))
            .expression_attribute_values(":why", s(why))
            .expression_attribute_values(":now", n(time::now()))
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
            rests_until: None,
            created_at: 0,
            registered: 2,
        };
        assert_eq!(endpoint.secrets(99), ["new", "old"]);
        assert_eq!(endpoint.secrets(100), ["new"]);
    }
}
