//! `cargo xtask deploy`: to an account, as the SAM CLI does it, with what it does not look at: the functions' binaries, their secrets, and
//! whether the stack can be updated at all.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build::{self, Architecture};
use crate::target::{self, Target};
use crate::{binary, cloudformation, secrets, setup, workspace};

/// The template's parameter.
const ARCHITECTURE: &str = "Architecture=";

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    target: target::Options,
    /// The settings in samconfig.toml: `default` (a developer's stack, bansync-dev) or `prod` (bansync)
    #[arg(long, value_name = "NAME", default_value = "default")]
    config_env: String,
    /// Deploy what is in target/lambda already
    #[arg(long)]
    built: bool,
    /// Further arguments of `sam deploy`, after `--`
    #[arg(last = true)]
    sam: Vec<String>,
}

pub fn deploy(options: &Options) -> Result<()> {
    setup::local_aws()?;
    setup::deploy_tools()?;
    let config = fs::read_to_string(workspace::root()?.join("samconfig.toml")).context("samconfig.toml cannot be read")?;
    let target = target(options, &config)?;
    println!("Stack {} in {} at {}", target.name, target.aws.region, target.aws.name());
    let deployed = cloudformation::find(&target)?;
    // Before the minutes that building takes.
    if let Some(why) = deployed.as_deref().and_then(|status| hopeless(status, &target)) {
        bail!("{why}");
    }
    secrets(&target)?;
    let architecture = architecture(options, &config, deployed.as_ref().map(|_| &target))?;
    if !options.built {
        build::for_lambda(architecture, false)?;
    }
    binary::check(architecture)?;
    println!("Afterwards: `cargo xtask bot set-up{0}`, then `cargo xtask verify{0}`", target.options());
    let mut sam = Command::new(setup::tool("sam")?);
    sam.current_dir(workspace::root()?).env("SAM_CLI_TELEMETRY", "0");
    sam.args(["deploy", "--config-env", &options.config_env, "--template-file", "template.yaml"]);
    sam.args(["--stack-name", &target.name, "--region", &target.aws.region]).args(&options.sam);
    target.aws.environment(&mut sam);
    // In this process's place: it may ask whether to go on, and only the terminal's own process can read the answer.
    Err(sam.exec()).context("sam cannot be started")
}

/// Without `--stack`, the name that samconfig.toml has. Without `--endpoint`, the account: what runs here is `up`'s.
fn target(options: &Options, config: &str) -> Result<Target> {
    let environment = &options.config_env;
    let named = || section(config, &format!("{environment}.global.parameters")).and_then(|text| value(text, "stack_name"));
    let stack = options.target.stack.clone().or_else(named);
    let stack = stack.with_context(|| format!("samconfig.toml has no stack_name for --config-env {environment}"))?;
    let endpoint = options.target.endpoint.clone().unwrap_or("aws".to_owned());
    target::Options { endpoint: Some(endpoint), stack: Some(stack), ..options.target.clone() }.named()
}

/// Why CloudFormation will refuse an update of a stack of this status, and what to do. See "Stack status codes", CloudFormation User Guide.
fn hopeless(status: &str, target: &Target) -> Option<String> {
    let Target { name, aws } = target;
    match status {
        // Of a create that failed nothing is left but the stack itself.
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED" => Some(format!(
            "the stack {name} is {status}: it can only be deleted. `aws cloudformation describe-stack-events --stack-name {name} --region {0}` \
             tells why; then `aws cloudformation delete-stack --stack-name {name} --region {0}`, and this command again",
            aws.region
        )),
        "UPDATE_ROLLBACK_FAILED" => Some(format!(
            "the stack {name} is {status}: `aws cloudformation continue-update-rollback --stack-name {name} --region {}`, then this command again",
            aws.region
        )),
        // The SAM CLI creates a stack by a change set, and goes on with one that is under review.
        "REVIEW_IN_PROGRESS" => None,
        status if status.ends_with("_IN_PROGRESS") => Some(format!("the stack {name} is {status}: wait until that has ended")),
        _ => None,
    }
}

/// Functions without their secrets would start and fail.
fn secrets(target: &Target) -> Result<()> {
    let missing = secrets::missing(target)?;
    if !missing.is_empty() {
        let of = |name: &secrets::Name| {
            let random = if *name == secrets::Name::BotToken { "" } else { " --random" };
            format!("cargo xtask secrets set {}{random}{}", name.text(), target.options())
        };
        bail!("secrets come before the stack; these are missing:\n  {}", missing.iter().map(of).collect::<Vec<_>>().join("\n  "));
    }
    Ok(())
}

/// The parameter `Architecture` that the stack will have: what is named now, else what it was deployed with, else the template's default.
/// `deployed`: the stack, where there is one already; what is not named stays as it was there.
fn architecture(options: &Options, config: &str, deployed: Option<&Target>) -> Result<Architecture> {
    let in_arguments = options.sam.iter().find_map(|argument| overridden(argument));
    let named = in_arguments.or_else(|| {
        // Overrides on the command line replace those of the file.
        let replaced = options.sam.iter().any(|argument| argument.starts_with("--parameter-overrides"));
        section(config, &format!("{}.deploy.parameters", options.config_env)).filter(|_| !replaced).and_then(overridden)
    });
    let name = match (named, deployed) {
        (Some(name), _) => Some(name),
        (None, Some(target)) => cloudformation::parameters(target)?.remove("Architecture"),
        (None, None) => None,
    };
    let Some(name) = name else { return Ok(Architecture::Arm64) };
    Architecture::ALL.into_iter().find(|known| known.name() == name).with_context(|| format!("Lambda has no processors called {name}"))
}

/// `Stage=prod Architecture=x86_64` → `x86_64`.
fn overridden(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(ARCHITECTURE)?;
    Some(rest.trim_start_matches('"').split([' ', '"', '\n']).next()?.to_owned())
}

/// A table of a TOML file as it is written in samconfig.toml: one value a line.
fn section<'a>(config: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = config.split_once(&format!("\n[{name}]\n"))?;
    Some(rest.split("\n[").next().unwrap_or(rest))
}

/// A text of such a table.
fn value(section: &str, name: &str) -> Option<String> {
    let line = section.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='))?;
    Some(line.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Aws;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    const CONFIG: &str = include_str!("../../../samconfig.toml");

    fn parse(line: &str) -> Options {
        Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{error}")).options
    }

    #[test]
    fn each_environment_has_its_own_stack_and_a_plain_deploy_never_means_production() {
        let name = |line: &str| target(&parse(line), CONFIG).map(|target| target.name);
        assert_eq!(name("deploy").unwrap(), target::DEVELOPMENT);
        assert_eq!(name("deploy --config-env prod").unwrap(), "bansync");
        assert_eq!(name("deploy --config-env prod --stack second").unwrap(), "second");
        assert!(name("deploy --config-env nowhere").unwrap_err().to_string().contains("nowhere"));
        assert_eq!(target(&parse("deploy"), CONFIG).unwrap().aws.endpoint, None);
    }

    #[test]
    fn the_architecture_is_the_one_that_the_stack_will_have() {
        let check = |line: &str, config: &str, expected| assert_eq!(architecture(&parse(line), config, None).unwrap(), expected, "{line}");
        check("deploy", CONFIG, Architecture::Arm64);
        check("deploy -- --parameter-overrides Architecture=x86_64 Stage=dev", CONFIG, Architecture::X86_64);
        let config = "\n[default.deploy.parameters]\nparameter_overrides = \"Stage=dev Architecture=x86_64\"\n[x]\n";
        check("deploy", config, Architecture::X86_64);
        check("deploy -- --parameter-overrides Stage=prod", config, Architecture::Arm64);
        assert!(architecture(&parse("deploy -- Architecture=mips"), CONFIG, None).is_err());
    }

    #[test]
    fn a_stack_that_cannot_be_updated_says_what_to_do() {
        let target = Target { aws: Aws::at(None, Some("eu-west-1")).unwrap(), name: "a-stack".to_owned() };
        for status in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"] {
            assert_eq!(hopeless(status, &target), None);
        }
        assert!(hopeless("ROLLBACK_COMPLETE", &target).unwrap().contains("delete-stack --stack-name a-stack --region eu-west-1"));
        assert!(hopeless("UPDATE_IN_PROGRESS", &target).unwrap().contains("wait"));
    }
}
