//! A stack by CloudFormation: what was deployed, and deploying to the AWS on this machine.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::build::Architecture;
use crate::stack::Outputs;
use crate::target::Target;
use crate::{keys, run, setup, workspace};

/// The secrets that functions read, and the deployed template's parameters.
pub struct Settings<'a> {
    pub token: &'a str,
    pub webhook_secret: &'a str,
    pub telegram_api: &'a str,
    pub settle_seconds: u32,
    pub front_door: FrontDoor,
}

/// How updates come in: the template's parameter of this name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FrontDoor {
    #[default]
    HttpApi,
    FunctionUrl,
}

/// Refuses an AWS that is not on this machine: what is built for this machine is neither optimised nor for Lambda's processors.
pub fn ensure_here(aws: &Aws) -> Result<()> {
    ensure!(aws.is_local(), "{} is not on this machine: `cargo xtask deploy` builds for Lambda and deploys there", aws.name());
    Ok(())
}

/// Puts the secrets, creates or updates the stack with what is built for this machine, and returns its outputs.
pub fn deploy(target: &Target, settings: &Settings) -> Result<Outputs> {
    ensure_here(&target.aws)?;
    let root = workspace::root()?;
    let request = json!({
        "stack": target.name,
        "template": root.join("template.yaml"),
        "code": workspace::functions_here()?,
        "parameters": settings.parameters(),
        "secrets": {"bot-token": settings.token, "webhook-secret": settings.webhook_secret},
        "first_secrets": {"jwt-keys": keys::signing::first()?},
    });
    let mut command = Command::new(setup::python()?);
    command.args(["-m", "bansync_local.deploy"]).current_dir(root.join("infra/local"));
    target.aws.environment(&mut command)?;
    // By a pipe: no secret is seen in the process list.
    let outputs = run::output_with(&mut command, &request.to_string()).context("the deploy failed")?;
    serde_json::from_str(&outputs).context("the stack's outputs are no JSON")
}

impl FrontDoor {
    fn name(self) -> &'static str {
        match self {
            Self::HttpApi => "http-api",
            Self::FunctionUrl => "function-url",
        }
    }
}

impl Settings<'_> {
    fn parameters(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("Stage", "local".to_owned()),
            // Functions run as processes of this machine.
            ("Architecture", Architecture::of_this_machine().name().to_owned()),
            ("TelegramApiUrl", self.telegram_api.to_owned()),
            ("FrontDoor", self.front_door.name().to_owned()),
            ("SettleSeconds", self.settle_seconds.to_string()),
        ])
    }
}

/// The outputs of the deployed stack.
pub fn outputs(target: &Target) -> Result<Outputs> {
    Ok(named(&mut described(target)?, "Output"))
}

/// The values of the template's parameters that the stack was deployed with.
pub fn parameters(target: &Target) -> Result<BTreeMap<String, String>> {
    Ok(named(&mut described(target)?, "Parameter"))
}

/// The same, where the stack may not be deployed yet.
pub fn parameters_if_any(target: &Target) -> Result<BTreeMap<String, String>> {
    if find(target)?.is_none() { Ok(BTreeMap::new()) } else { parameters(target) }
}

/// The stack's status, `CREATE_COMPLETE` and others.
pub fn status(target: &Target) -> Result<String> {
    described(target)?["StackStatus"].as_str().map(str::to_owned).context("CloudFormation tells no status")
}

/// As [`status`]; `None`: there is no such stack.
pub fn find(target: &Target) -> Result<Option<String>> {
    // Unlike DescribeStacks, a list is no error where there is none. Deleted ones stay in it for 90 days.
    let mut page = json!({});
    loop {
        let mut answer = target.aws.call("cloudformation", "list_stacks", &page)?;
        let stacks = answer["StackSummaries"].as_array().into_iter().flatten();
        let mut states =
            stacks.filter(|stack| stack["StackName"] == target.name.as_str()).filter_map(|stack| stack["StackStatus"].as_str());
        if let Some(status) = states.find(|status| *status != "DELETE_COMPLETE") {
            return Ok(Some(status.to_owned()));
        }
        match answer["NextToken"].take() {
            next if next.is_string() => page["NextToken"] = next,
            _ => return Ok(None),
        }
    }
}

/// What CloudFormation says of the stack.
fn described(target: &Target) -> Result<Value> {
    let stack = json!({"StackName": target.name});
    let mut answer = target.aws.call("cloudformation", "describe_stacks", &stack).with_context(|| {
        format!(
            "there is no stack {} in {} at {}; --stack, --region and --endpoint name another",
            target.name,
            target.aws.region,
            target.aws.name()
        )
    })?;
    Ok(answer["Stacks"][0].take())
}

/// `what`: what CloudFormation's lists of names and values are called by.
fn named(stack: &mut Value, what: &str) -> BTreeMap<String, String> {
    let list = stack[format!("{what}s")].take();
    let text = |of: &Value, part: &str| of[format!("{what}{part}")].as_str().unwrap_or_default().to_owned();
    list.as_array().into_iter().flatten().map(|of| (text(of, "Key"), text(of, "Value"))).collect()
}
