//! Rare AWS calls, by the Python module `bansync_local.aws`: xtask compiles no AWS SDK for them.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{run, setup, workspace};

/// The region where none is named.
const REGION: &str = "us-east-1";

/// What names a region in the environment. boto3 and version 1 of the AWS CLI read the second only.
const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Directs AWS SDKs and the SAM CLI to an endpoint; with `_` and a service's name behind it that service only, which goes before this.
/// See "Service-specific endpoints", AWS SDKs and Tools Reference Guide.
const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL";

/// Has them ignore the above.
const ENDPOINTS_IGNORED: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// A region of an AWS: at an endpoint, or the real one of the environment's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aws {
    pub endpoint: Option<String>,
    pub region: String,
}

impl Aws {
    /// What `--endpoint` (a URL, or `aws`) and `--region` name.
    pub fn at(endpoint: Option<&str>, region: Option<&str>) -> Result<Self> {
        let endpoint = endpoint.filter(|endpoint| *endpoint != "aws").map(str::to_owned);
        let url = endpoint.as_deref().unwrap_or("https://");
        ensure!(url.starts_with("http://") || url.starts_with("https://"), "--endpoint {url}: it is a URL, or `aws`");
        // The developer's own account has no part in what runs on this machine.
        let region = if is_loopback(url) { region.map(str::to_owned) } else { named_region(region, |name| env::var(name).ok()) };
        Ok(Self { endpoint, region: region.unwrap_or(REGION.to_owned()) })
    }

    /// As `--endpoint` takes it.
    pub fn name(&self) -> &str {
        self.endpoint.as_deref().unwrap_or("aws")
    }

    /// Whether it is an AWS on this machine.
    pub fn is_local(&self) -> bool {
        self.endpoint.as_deref().is_some_and(is_loopback)
    }

    /// One call. `operation` is boto3's name ("put_parameter"). The parameters go through a pipe: no secret is seen in
    /// the process list.
    pub fn call(&self, service: &str, operation: &str, parameters: &Value) -> Result<Value> {
        let mut command = Command::new(setup::python()?);
        command.args(["-m", "bansync_local.aws", service, operation, "-"]).current_dir(workspace::root()?.join("infra/local"));
        self.environment(&mut command)?;
        let text = run::output_with(&mut command, &parameters.to_string()).with_context(|| format!("AWS refused {service} {operation}"))?;
        serde_json::from_str(&text).with_context(|| format!("the answer to {service} {operation} is no JSON"))
    }

    /// Directs a command (boto3, sam) to this AWS.
    ///
    /// # Errors
    /// When the account is meant, and this process's own environment would direct the command somewhere else.
    pub fn environment(&self, command: &mut Command) -> Result<()> {
        // Not `vars`, which panics at what is no text.
        let elsewhere = endpoint_variables(env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))));
        if let Some(endpoint) = &self.endpoint {
            for name in &elsewhere {
                command.env_remove(name);
            }
            command.env_remove(ENDPOINTS_IGNORED).env(ENDPOINT_VARIABLE, endpoint);
        } else if let Some(name) = elsewhere.first() {
            bail!("{name} is set, and the account of your credentials is meant: `unset {name}`, or name that endpoint by --endpoint");
        }
        command.envs(REGION_VARIABLES.map(|name| (name, &self.region)));
        if self.is_local() {
            // The developer's own account has no part in this.
            for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"] {
                command.env_remove(name);
            }
            command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_EC2_METADATA_DISABLED", "true");
            command.env("NO_PROXY", "127.0.0.1,localhost").env("no_proxy", "127.0.0.1,localhost");
        }
        Ok(())
    }
}

/// The variables that name an endpoint, of one service or of all. An empty one names none.
fn endpoint_variables(variables: impl Iterator<Item = (String, OsString)>) -> Vec<String> {
    let names = variables.filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
    let mut names: Vec<String> =
        names.filter(|name| name.strip_prefix(ENDPOINT_VARIABLE).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))).collect();
    names.sort();
    names
}

/// The region of an option, else of the environment.
fn named_region(option: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    option.map(str::to_owned).or_else(|| REGION_VARIABLES.into_iter().filter_map(variable).find(|region| !region.is_empty()))
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

    #[test]
    fn an_endpoint_in_the_environment_is_noticed() {
        let check = |variables: &[(&str, &str)], expected: &[&str]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
            assert_eq!(endpoint_variables(variables), expected);
        };
        let url = "http://127.0.0.1:1";
        check(
            &[("AWS_ENDPOINT_URL_S3", url), ("AWS_ENDPOINT_URL", url), ("AWS_REGION", "a")],
            &["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"],
        );
        check(&[("AWS_ENDPOINT_URL", ""), (ENDPOINTS_IGNORED, "true"), ("AWS_ENDPOINT_URLS", url)], &[]);
    }

    #[test]
    fn a_command_is_directed_to_the_named_endpoint_whatever_the_environment_says() {
        let mut command = Command::new("sam");
        Aws::at(Some("http://127.0.0.1:1"), None).unwrap().environment(&mut command).unwrap();
        let of = |name: &str| command.get_envs().find(|(known, _)| *known == name).map(|(_, value)| value.and_then(|value| value.to_str()));
        assert_eq!(of(ENDPOINT_VARIABLE), Some(Some("http://127.0.0.1:1")));
        assert_eq!(of(ENDPOINTS_IGNORED), Some(None));
    }

    #[test]
    fn a_region_is_named_by_the_option_then_by_either_variable() {
        let check = |option, variables: &[(&str, &str)], expected| {
            let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(named_region(option, variable).as_deref(), expected);
        };
        let both = [("AWS_REGION", "b"), ("AWS_DEFAULT_REGION", "c")];
        check(Some("a"), &both, Some("a"));
        check(None, &both, Some("b"));
        check(None, &[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "c")], Some("c"));
        check(None, &[], None);
        assert_eq!(Aws::at(Some("http://127.0.0.1:1"), None).unwrap().region, REGION);
        assert!(Aws::at(Some("127.0.0.1:1"), None).is_err());
    }
}
