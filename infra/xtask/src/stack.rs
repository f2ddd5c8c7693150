//! What a deployment is made of: target/local/stack.json, which tests and the demo read.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, is_loopback};
use crate::target::Target;
use crate::{secret, workspace};

/// One deployment. Written with mode 0600: it holds the webhook's secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stack {
    pub name: String,
    /// `None`: the AWS of the environment's credentials.
    pub endpoint: Option<String>,
    pub region: String,
    pub webhook_url: String,
    pub webhook_secret: String,
    /// `None`: the stack has no REST API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
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
    pub fn from_outputs(outputs: &Outputs, of: &Target, webhook_secret: String, telegram_api: String, bot_id: i64) -> Result<Self> {
        let output = |name: &str| outputs.get(name).cloned().with_context(|| format!("the stack {} has no output `{name}`", of.name));
        let named = |prefix: &str, separator| {
            let of = |(name, value): (&String, &String)| Some((separated(name.strip_prefix(prefix)?, separator), value.clone()));
            outputs.iter().filter_map(of).collect()
        };
        let (mut webhook_url, mut api_url) = (output("WebhookUrl")?, outputs.get("ApiUrl").cloned());
        if let Some(endpoint) = of.aws.endpoint.as_deref().filter(|_| of.aws.is_local()) {
            webhook_url = on_this_machine(endpoint, &webhook_url);
            api_url = api_url.map(|url| on_this_machine(endpoint, &url));
        }
        Ok(Self {
            name: of.name.clone(),
            endpoint: of.aws.endpoint.clone(),
            region: of.aws.region.clone(),
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
    /// this machine, and so does the simulator, whatever address it listens on.
    pub fn is_polled(&self) -> bool {
        is_loopback(&self.webhook_url) && !is_loopback(&self.telegram_api) && self.control.is_none()
    }

    pub fn aws(&self) -> Aws {
        Aws { endpoint: self.endpoint.clone(), region: self.region.clone() }
    }

    pub fn target(&self) -> Target {
        Target { aws: self.aws(), name: self.name.clone() }
    }
}

pub fn path() -> Result<PathBuf> {
    Ok(workspace::state()?.join("stack.json"))
}

/// The same front door through the local AWS: host names such as <api>.execute-api.<region>.amazonaws.com lead nowhere on this machine.
/// A function's URL is `https://<id>.lambda-url.<region>.on.aws/`, which MiniStack serves at a path, as it does with APIs.
fn on_this_machine(endpoint: &str, url: &str) -> String {
    let Some((host, path)) = url.strip_prefix("https://").map(|rest| rest.split_once('/').unwrap_or((rest, ""))) else {
        return url.to_owned();
    };
    let mut labels = host.split('.');
    let place = match (labels.next(), labels.next()) {
        (Some(id), Some("execute-api")) => format!("execute-api/{id}/$default"),
        (Some(id), Some("lambda-url")) => format!("lambda-url/{id}"),
        _ => return url.to_owned(),
    };
    let slash = if url.ends_with(host) { "" } else { "/" };
    format!("{}/_aws/{place}{slash}{path}", endpoint.trim_end_matches('/'))
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

    fn read(endpoint: Option<&str>, outputs: &[(&str, &str)]) -> Result<Stack> {
        let outputs = outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let target = Target { aws: Aws::at(endpoint, Some("eu-west-1")).unwrap(), name: "a-stack".to_owned() };
        Stack::from_outputs(&outputs, &target, "s".to_owned(), "http://sim".to_owned(), 7)
    }

    const API: (&str, &str) = ("ApiUrl", "https://a1.execute-api.eu-west-1.amazonaws.com");
    const WEBHOOK: (&str, &str) = ("WebhookUrl", "https://a1.execute-api.eu-west-1.amazonaws.com/telegram/webhook");

    #[test]
    fn outputs_are_read_by_their_names() {
        let named = [("TableBans", "t"), ("QueueSyncDlq", "q"), ("FunctionSyncPlanner", "f"), ("BucketArchive", "s"), ("Bus", "b")];
        let stack = read(None, &[&named[..], &[API, WEBHOOK]].concat()).unwrap();
        assert_eq!(stack.tables["bans"], "t");
        assert_eq!(stack.queues["sync_dlq"], "q");
        assert_eq!(stack.functions["sync-planner"], "f");
        assert_eq!(stack.buckets["archive"], "s");
        assert_eq!((stack.webhook_url.as_str(), stack.api_url.as_deref()), (WEBHOOK.1, Some(API.1)));
        assert_eq!((stack.name.as_str(), stack.region.as_str()), ("a-stack", "eu-west-1"));
    }

    #[test]
    fn either_front_door_is_reached_through_the_local_aws() {
        let at = "http://127.0.0.1:1/";
        let stack = read(Some(at), &[("Bus", "b"), API, WEBHOOK]).unwrap();
        assert_eq!(stack.webhook_url, "http://127.0.0.1:1/_aws/execute-api/a1/$default/telegram/webhook");
        assert_eq!(stack.api_url.as_deref(), Some("http://127.0.0.1:1/_aws/execute-api/a1/$default"));
        let stack = read(Some(at), &[("Bus", "b"), ("WebhookUrl", "https://b2.lambda-url.eu-west-1.on.aws/")]).unwrap();
        assert_eq!((stack.webhook_url.as_str(), stack.api_url), ("http://127.0.0.1:1/_aws/lambda-url/b2/", None));
    }

    #[test]
    fn a_stack_without_an_api_is_written_and_read_again() {
        let stack = read(None, &[("Bus", "b"), ("WebhookUrl", "https://b2.lambda-url.eu-west-1.on.aws/")]).unwrap();
        let text = serde_json::to_string(&stack).unwrap();
        assert!(!text.contains("api_url"));
        assert_eq!(serde_json::from_str::<Stack>(&text).unwrap().api_url, None);
    }

    #[test]
    fn a_missing_output_is_named() {
        let error = read(None, &[]).unwrap_err();
        assert!(error.to_string().contains("WebhookUrl"));
    }
}
