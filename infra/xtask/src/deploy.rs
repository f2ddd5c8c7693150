//! Deploying template.yaml.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::stack::Outputs;
use crate::{keys, run, setup, workspace};

/// The name of the stack, which is also the prefix of its parameters: `/bansync/bot-token`.
pub const STACK: &str = "bansync";

/// Lines of the log shown when a deploy fails.
const TAIL: usize = 40;

/// Puts the secrets where the functions read them; a signing key of tokens only where there is none, or callers would be turned away. CloudFormation cannot create a SecureString.
fn put_secrets(aws: &Aws, token: &str, webhook_secret: &str) -> Result<()> {
    for (name, value) in [("bot-token", token), ("webhook-secret", webhook_secret)] {
        let parameters = json!({"Name": format!("/{STACK}/{name}"), "Value": value, "Type": "SecureString", "Overwrite": true});
        aws.call("ssm", "put_parameter", &parameters)?;
    }
    keys::signing::put_if_none(aws)
}

/// A secret as the functions read it when they start: `bot-token`, `webhook-secret`.
pub fn secret(aws: &Aws, name: &str) -> Result<String> {
    let name = format!("/{STACK}/{name}");
    let answer = aws.call("ssm", "get_parameter", &json!({"Name": name, "WithDecryption": true}))?;
    answer["Parameter"]["Value"].as_str().map(str::to_owned).with_context(|| format!("the parameter {name} is empty"))
}

/// The secrets that functions read when they start, and the deployed template's parameters.
pub struct Settings<'a> {
    pub token: &'a str,
    pub webhook_secret: &'a str,
    pub telegram_api: &'a str,
    pub settle_seconds: u32,
}

/// Puts the secrets, creates or updates the stack, and returns its outputs.
///
/// At an endpoint, CloudFormation does it by itself (`bansync_local.deploy`); to AWS it goes by the SAM CLI, as an operator would.
pub fn deploy(aws: &Aws, settings: &Settings) -> Result<Outputs> {
    match aws.endpoint {
        Some(_) => by_cloudformation(aws, settings),
        None => by_sam(aws, settings),
    }
}

fn by_cloudformation(aws: &Aws, settings: &Settings) -> Result<Outputs> {
    let root = workspace::root()?;
    let request = json!({
        "stack": STACK,
        "template": root.join("template.yaml"),
        "parameters": settings.parameters(),
        "secrets": {"bot-token": settings.token, "webhook-secret": settings.webhook_secret},
        "first_secrets": {"jwt-keys": keys::signing::first()?},
    });
    let mut command = Command::new(setup::python()?);
    command.args(["-m", "bansync_local.deploy"]).current_dir(root.join("infra/local"));
    aws.environment(&mut command);
    // By a pipe: no secret is seen in the process list.
    let outputs = run::output_with(&mut command, &request.to_string()).context("the deploy failed")?;
    serde_json::from_str(&outputs).context("the stack's outputs are no JSON")
}

/// samconfig.toml, environment `local`.
fn by_sam(aws: &Aws, settings: &Settings) -> Result<Outputs> {
    setup::deploy_tools()?;
    put_secrets(aws, settings.token, settings.webhook_secret)?;
    let mut command = Command::new(setup::tool("sam")?);
    command.current_dir(workspace::root()?).env("SAM_CLI_TELEMETRY", "0");
    command.args(["deploy", "--config-env", "local", "--template-file", "template.yaml", "--stack-name", STACK]);
    command.args(["--region", &aws.region(), "--parameter-overrides"]);
    command.args(settings.parameters().iter().map(|(name, value)| format!("{name}={value}")));
    aws.environment(&mut command);

    let log = workspace::state()?.join("logs/sam-deploy.log");
    log.parent().map(fs::create_dir_all).transpose().context("no folder for logs")?;
    let mut file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
    command.stderr(file.try_clone().context("no second handle of the log file")?);
    let status = run::lines(&mut command, |line| {
        // A full disk shows elsewhere soon enough.
        _ = writeln!(file, "{line}");
    })?;
    if !status.success() {
        bail!("the deploy failed; the end of {}:\n{}", log.display(), run::tail(&log, TAIL));
    }
    outputs(aws)
}

impl Settings<'_> {
    fn parameters(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("Stage", "local".to_owned()),
            ("Architecture", architecture().to_owned()),
            ("TelegramApiUrl", self.telegram_api.to_owned()),
            ("SettleSeconds", self.settle_seconds.to_string()),
        ])
    }
}

/// The outputs of the deployed stack.
pub fn outputs(aws: &Aws) -> Result<Outputs> {
    described(aws, "Output")
}

/// The values of the template's parameters that the stack was deployed with.
pub fn parameters(aws: &Aws) -> Result<BTreeMap<String, String>> {
    described(aws, "Parameter")
}

/// `what`: what CloudFormation's lists of names and values are called by.
fn described(aws: &Aws, what: &str) -> Result<BTreeMap<String, String>> {
    let mut answer = aws.call("cloudformation", "describe_stacks", &json!({"StackName": STACK}))?;
    let list = answer["Stacks"][0][format!("{what}s")].take();
    let text = |of: &Value, part: &str| of[format!("{what}{part}")].as_str().unwrap_or_default().to_owned();
    Ok(list.as_array().into_iter().flatten().map(|of| (text(of, "Key"), text(of, "Value"))).collect())
}

/// Functions run as processes of this machine.
fn architecture() -> &'static str {
    if env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" }
}
