//! Deploying template.yaml by the SAM CLI.

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
pub fn put_secrets(aws: &Aws, token: &str, webhook_secret: &str) -> Result<()> {
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

/// Creates or updates the stack (samconfig.toml, environment `local`) and returns its outputs.
pub fn deploy(aws: &Aws, telegram_api: &str, settle_seconds: u32) -> Result<Outputs> {
    let root = workspace::root()?;
    let mut command = Command::new(setup::tool("sam")?);
    command.current_dir(&root).env("SAM_CLI_TELEMETRY", "0");
    command.args(["deploy", "--config-env", "local", "--template-file", "template.yaml", "--stack-name", STACK]);
    command.args(["--region", &aws.region(), "--parameter-overrides", "Stage=local"]);
    command.arg(format!("Architecture={}", architecture()));
    command.arg(format!("TelegramApiUrl={telegram_api}")).arg(format!("SettleSeconds={settle_seconds}"));
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
