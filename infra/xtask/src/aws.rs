//! Rare AWS calls, by the Python module `bansync_local.aws`: xtask compiles no AWS SDK for them.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{run, setup, workspace};

/// Where the stacks of this project live unless the environment says otherwise.
pub const REGION: &str = "us-east-1";

/// An AWS: at an endpoint, or the real one of the environment's credentials.
#[derive(Debug, Clone)]
pub struct Aws {
    pub endpoint: Option<String>,
}

impl Aws {
    /// What `--endpoint` names: a URL, or `aws`.
    pub fn at(endpoint: Option<String>) -> Result<Self> {
        let aws = Self { endpoint: endpoint.filter(|endpoint| endpoint != "aws") };
        let url = aws.endpoint.as_deref().unwrap_or("https://");
        ensure!(url.starts_with("http://") || url.starts_with("https://"), "--endpoint {url}: it is a URL, or `aws`");
        Ok(aws)
    }

    /// Whether it is an AWS on this machine.
    pub fn is_local(&self) -> bool {
        self.endpoint.as_deref().is_some_and(is_loopback)
    }

    pub fn region(&self) -> String {
        let of_environment = || std::env::var("AWS_REGION").ok();
        if self.is_local() { None } else { of_environment() }.unwrap_or(REGION.to_owned())
    }

    /// One call. `operation` is boto3's name ("put_parameter"). The parameters go through a pipe: no secret is seen in
    /// the process list.
    pub fn call(&self, service: &str, operation: &str, parameters: &Value) -> Result<Value> {
        let mut command = Command::new(setup::python()?);
        command.args(["-m", "bansync_local.aws", service, operation, "-"]).current_dir(workspace::root()?.join("infra/local"));
        self.environment(&mut command);
        let text = run::output_with(&mut command, &parameters.to_string()).with_context(|| format!("AWS refused {service} {operation}"))?;
        serde_json::from_str(&text).with_context(|| format!("the answer to {service} {operation} is no JSON"))
    }

    /// Directs a command (boto3, sam) to this AWS.
    pub fn environment(&self, command: &mut Command) {
        if let Some(endpoint) = &self.endpoint {
            command.env("AWS_ENDPOINT_URL", endpoint);
        }
        command.env("AWS_REGION", self.region()).env("AWS_DEFAULT_REGION", self.region());
        if self.is_local() {
            // The developer's own account has no part in this.
            for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"] {
                command.env_remove(name);
            }
            command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_EC2_METADATA_DISABLED", "true");
            command.env("NO_PROXY", "127.0.0.1,localhost").env("no_proxy", "127.0.0.1,localhost");
        }
    }
}

/// Whether a URL names this machine.
pub fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    ["127.0.0.1", "localhost", "[::1]"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_other_hosts() {
        let check = |url, expected| assert_eq!(is_loopback(url), expected, "{url}");
        check("http://127.0.0.1:24001", true);
        check("http://localhost", true);
        check("http://[::1]:80/x", true);
        check("https://api.telegram.org", false);
        check("http://127.0.0.1.example/", false);
        check("https://example.org/?http://localhost", false);
    }
}
