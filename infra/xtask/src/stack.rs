//! What a deployment is made of: target/local/stack.json, which tests and the demo read.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, is_loopback};
use crate::{secret, workspace};

/// One deployment. Written with mode 0600: it holds the webhook's secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stack {
    /// `None`: the AWS of the environment's credentials.
    pub endpoint: Option<String>,
    pub region: String,
    pub webhook_url: String,
    pub webhook_secret: String,
    pub api_url: String,
    pub telegram_api: String,
    pub bot_id: i64,
    pub tables: BTreeMap<String, String>,
    pub queues: BTreeMap<String, String>,
    pub buckets: BTreeMap<String, String>,
    pub bus: String,
    pub functions: BTreeMap<String, String>,
    pub log_group: Option<String>,
    pub settle_seconds: u32,
    /// Where the simulator takes commands, when there is one.
    pub control: Option<String>,
}

/// The values of a stack's outputs by name.
pub type Outputs = BTreeMap<String, String>;

impl Stack {
    /// Reads the outputs by their names: `TableBans` → `tables.bans`, `QueueSyncDlq` → `queues.sync_dlq`,
    /// `BucketArchive` → `buckets.archive`, `FunctionSyncPlanner` → `functions["sync-planner"]`.
    pub fn from_outputs(outputs: &Outputs, aws: &Aws, webhook_secret: String, telegram_api: String, bot_id: i64) -> Result<Self> {
        let output = |name: &str| outputs.get(name).cloned().with_context(|| format!("template.yaml has no output `{name}`"));
        let named = |prefix: &str, separator| {
            let of = |(name, value): (&String, &String)| Some((separated(name.strip_prefix(prefix)?, separator), value.clone()));
            outputs.iter().filter_map(of).collect()
        };
        let (webhook_url, api_url) = match &aws.endpoint {
            Some(endpoint) if aws.is_local() => {
                // Host names such as <api>.execute-api.<region>.amazonaws.com lead nowhere on this machine.
                let api = format!("{}/_aws/execute-api/{}/$default", endpoint.trim_end_matches('/'), output("ApiId")?);
                (format!("{api}/telegram/webhook"), api)
            }
            _ => (output("WebhookUrl")?, output("ApiUrl")?),
        };
        Ok(Self {
            endpoint: aws.endpoint.clone(),
            region: aws.region(),
            webhook_url,
            webhook_secret,
            api_url,
            telegram_api,
            bot_id,
            tables: named("Table", '_'),
            queues: named("Queue", '_'),
            buckets: named("Bucket", '_'),
            bus: output("Bus")?,
            functions: named("Function", '-'),
            log_group: outputs.get("LogGroup").cloned(),
            settle_seconds: 0,
            control: None,
        })
    }

    /// The deployment that `up` made.
    pub fn load() -> Result<Self> {
        let text = fs::read(path()?).context("nothing is deployed on this machine; run `cargo xtask up` first")?;
        serde_json::from_slice(&text).context("target/local/stack.json is from another version; run `cargo xtask up` again")
    }

    pub fn save(&self) -> Result<()> {
        secret::write(&path()?, &serde_json::to_string_pretty(self)?)
    }

    /// Whether updates are fetched by long polling: Telegram delivers to public addresses only. A Bot API on this machine reaches
    /// this machine.
    pub fn is_polled(&self) -> bool {
        is_loopback(&self.webhook_url) && !is_loopback(&self.telegram_api)
    }

    pub fn aws(&self) -> Aws {
        Aws { endpoint: self.endpoint.clone() }
    }
}

pub fn path() -> Result<PathBuf> {
    Ok(workspace::state()?.join("stack.json"))
}

/// `SyncDlq` → `sync_dlq`, `sync-dlq`.
fn separated(name: &str, separator: char) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push(separator);
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_by_their_names() {
        let outputs =
            [("TableBans", "t"), ("QueueSyncDlq", "q"), ("FunctionSyncPlanner", "f"), ("BucketArchive", "s"), ("Bus", "b"), ("ApiId", "a")];
        let outputs: Outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let aws = Aws { endpoint: Some("http://127.0.0.1:1/".to_owned()) };
        let stack = Stack::from_outputs(&outputs, &aws, "s".to_owned(), "http://sim".to_owned(), 7).unwrap();
        assert_eq!(stack.tables["bans"], "t");
        assert_eq!(stack.queues["sync_dlq"], "q");
        assert_eq!(stack.functions["sync-planner"], "f");
        assert_eq!(stack.buckets["archive"], "s");
        assert_eq!(stack.webhook_url, "http://127.0.0.1:1/_aws/execute-api/a/$default/telegram/webhook");
    }

    #[test]
    fn a_missing_output_is_named() {
        let aws = Aws { endpoint: None };
        let error = Stack::from_outputs(&Outputs::new(), &aws, String::new(), String::new(), 7).unwrap_err();
        assert!(error.to_string().contains("WebhookUrl"));
    }
}
