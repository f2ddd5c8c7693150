//! `cargo xtask deploy`: to an account, as the SAM CLI does it, with what it does not look at: the functions' binaries, their secrets, and
//! whether the stack can be updated at all.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::build::{self, Architecture};
use crate::target::{self, Target};
use crate::{binary, cloudformation, secrets, setup, workspace};

/// The template's parameters that are looked at here.
const ARCHITECTURE: &str = "Architecture";
const STAGE: &str = "Stage";

/// The option of `sam deploy` that takes values of the template's parameters.
const OVERRIDES: &str = "--parameter-overrides";

/// Options of `sam deploy` that would have it deploy something else than what is looked at here, and what names that here.
const ELSEWHERE: [(&str, &str); 8] = [
    ("--stack-name", "--stack, before the `--`"),
    ("--region", "--region, before the `--`"),
    ("--config-env", "--config-env, before the `--`"),
    ("--config-file", "samconfig.toml and --config-env"),
    ("--template-file", "template.yaml"),
    ("--template", "template.yaml"),
    ("-t", "template.yaml"),
    ("--profile", "AWS_PROFILE in the environment"),
];

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
    only_further(&options.sam)?;
    let config = fs::read_to_string(workspace::root()?.join("samconfig.toml")).context("samconfig.toml cannot be read")?;
    let target = target(options, &config)?;
    let sent = overrides(options, &config)?;
    setup::local_aws()?;
    setup::deploy_tools()?;
    println!("Stack {} in {} at {}", target.name, target.aws.region, target.aws.name());
    let deployed = cloudformation::find(&target)?;
    // Before the minutes that building takes.
    if let Some(why) = deployed.as_deref().and_then(|status| hopeless(status, &target)) {
        bail!("{why}");
    }
    let before = if deployed.is_some() { cloudformation::parameters(&target)? } else { BTreeMap::new() };
    keeps_its_stage(&target.name, &sent, &before)?;
    let architecture = architecture(&sent, &before)?;
    secrets(&target)?;
    if !options.built {
        build::for_lambda(architecture, false)?;
    }
    binary::check(architecture)?;
    println!("Afterwards: `cargo xtask bot set-up{0}`, then `cargo xtask verify{0}`", target.options());
    let mut sam = Command::new(setup::tool("sam")?);
    sam.current_dir(workspace::root()?).env("SAM_CLI_TELEMETRY", "0");
    sam.args(["deploy", "--config-env", &options.config_env, "--template-file", "template.yaml"]);
    sam.args(["--stack-name", &target.name, "--region", &target.aws.region]).args(&options.sam);
    target.aws.environment(&mut sam)?;
    // In this process's place: it may ask whether to go on, and only the terminal's own process can read the answer.
    Err(sam.exec()).context("sam cannot be started")
}

/// Without `--stack`, the name that samconfig.toml has. Without `--endpoint`, the account: what runs here is `up`'s.
fn target(options: &Options, config: &str) -> Result<Target> {
    let environment = &options.config_env;
    let stack = match &options.target.stack {
        Some(stack) => {
            let of_another = stacks(config).find(|(other, name)| name == stack && other != environment);
            if let Some((other, _)) = of_another {
                bail!("the stack {stack} is the one of --config-env {other}, and {environment} would give it other settings: name that");
            }
            stack.clone()
        }
        None => {
            let named = stacks(config).find(|(name, _)| name == environment);
            named.with_context(|| format!("samconfig.toml has no stack_name for --config-env {environment}"))?.1
        }
    };
    let endpoint = options.target.endpoint.clone().unwrap_or("aws".to_owned());
    target::Options { endpoint: Some(endpoint), stack: Some(stack), ..options.target.clone() }.named()
}

/// The environments of samconfig.toml, each with its stack.
fn stacks(config: &str) -> impl Iterator<Item = (String, String)> {
    let environments = config.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(".global.parameters]"));
    environments.filter_map(|name| Some((name.to_owned(), value(section(config, &format!("{name}.global.parameters"))?, "stack_name")?)))
}

/// Refuses arguments of `sam deploy` that name what is named here.
fn only_further(arguments: &[String]) -> Result<()> {
    for argument in arguments {
        let name = argument.split('=').next().unwrap_or_default();
        if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == name) {
            bail!("`{name}` after `--` would deploy something else than what is looked at before: use {ours}");
        }
    }
    Ok(())
}

/// Why CloudFormation will refuse an update of a stack of this status, and what to do. See "Stack status codes", CloudFormation User Guide.
fn hopeless(status: &str, target: &Target) -> Option<String> {
    let Target { name, aws } = target;
    match status {
        // Deleting the stack would keep its tables: their DeletionPolicy RetainExceptOnCreate deletes in the create's own rollback only.
        "ROLLBACK_FAILED" => Some(format!(
            "the stack {name} is {status}: its first deploy failed, and what it had made could not all be deleted, such as production's tables, \
             which are empty but protected. Take their protection off, delete them, then the stack: README.md, \"A first deploy that failed\", \
             has the commands for region {}. Then this command again",
            aws.region
        )),
        // Of a create that failed nothing is left but the stack itself.
        "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "DELETE_FAILED" => Some(format!(
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

/// Refuses to make one stage of another: of production a stack whose tables can be deleted. `sent`: what is named now; a stage that is not
/// stays as it was `before`.
fn keeps_its_stage(stack: &str, sent: &BTreeMap<String, String>, before: &BTreeMap<String, String>) -> Result<()> {
    if let (Some(now), Some(was)) = (sent.get(STAGE), before.get(STAGE)) {
        ensure!(
            now == was,
            "the stack {stack} was deployed with {STAGE}={was}, and this would make it {STAGE}={now}. A stack keeps its stage, which says \
             whether its tables are protected; there is no option to change it"
        );
    }
    Ok(())
}

/// The parameter `Architecture` that the stack will have: what is named now, else what it was deployed with, else the template's default.
fn architecture(sent: &BTreeMap<String, String>, before: &BTreeMap<String, String>) -> Result<Architecture> {
    let Some(name) = sent.get(ARCHITECTURE).or_else(|| before.get(ARCHITECTURE)) else { return Ok(Architecture::Arm64) };
    Architecture::ALL.into_iter().find(|known| known.name() == name).with_context(|| format!("Lambda has no processors called {name}"))
}

/// The template's parameters that `sam deploy` is given: those after `--`, which replace the file's, else the file's.
fn overrides(options: &Options, config: &str) -> Result<BTreeMap<String, String>> {
    let mut replaced = None;
    let mut arguments = options.sam.iter().peekable();
    while let Some(argument) = arguments.next() {
        let Some(first) = argument.strip_prefix(OVERRIDES) else { continue };
        // Of several such options the SAM CLI takes the last. Its values end where the next option begins.
        let mut values: Vec<&str> = first.strip_prefix('=').into_iter().collect();
        while let Some(value) = arguments.next_if(|argument| !argument.starts_with('-')) {
            values.push(value);
        }
        replaced = Some(values.join(" "));
    }
    let of_file = || value(section(config, &format!("{}.deploy.parameters", options.config_env))?, "parameter_overrides");
    replaced.or_else(of_file).map_or(Ok(BTreeMap::new()), |text| pairs(&text))
}

/// `Stage=prod AlarmEmail="a b"`: names and values.
///
/// # Errors
/// The SAM CLI knows two more forms: a file, and `ParameterKey=…,ParameterValue=…`, beside which it drops all others.
fn pairs(text: &str) -> Result<BTreeMap<String, String>> {
    let mut quoted = false;
    let words = text.split(|letter: char| {
        quoted ^= letter == '"';
        letter.is_whitespace() && !quoted
    });
    let mut pairs = BTreeMap::new();
    for word in words.filter(|word| !word.is_empty()) {
        let pair = word.split_once('=').filter(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let (name, value) = pair.filter(|(name, _)| *name != "ParameterKey").with_context(|| {
            format!("`{word}` in parameter overrides: write Name=value, such as Stage=dev; other forms are not read here")
        })?;
        pairs.insert(name.to_owned(), value.replace('"', ""));
    }
    Ok(pairs)
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
    fn the_stack_of_another_environment_is_refused() {
        let check = |line: &str, environment: Option<&str>| {
            let refused = target(&parse(line), CONFIG).err().map(|error| error.to_string());
            assert_eq!(refused.is_some(), environment.is_some(), "{line}");
            assert!(environment.is_none_or(|name| refused.unwrap().contains(&format!("--config-env {name}"))), "{line}");
        };
        check("deploy --stack bansync", Some("prod"));
        check("deploy --stack bansync-dev --config-env prod", Some("default"));
        check("deploy --stack bansync --config-env prod", None);
        check("deploy --stack bansync-dev", None);
    }

    #[test]
    fn a_stack_keeps_its_stage() {
        let check = |line: &str, before: &str, expected: bool| {
            let kept = keeps_its_stage("a-stack", &overrides(&parse(line), CONFIG).unwrap(), &pairs(before).unwrap());
            assert_eq!(kept.is_ok(), expected, "{line}, {before}");
        };
        check("deploy", "Stage=prod", false);
        check("deploy", "Stage=dev", true);
        check("deploy", "", true);
        check("deploy --config-env prod", "Stage=prod", true);
        check("deploy --config-env prod -- --parameter-overrides Stage=dev", "Stage=prod", false);
        check("deploy --config-env prod -- --parameter-overrides=Stage=dev", "Stage=prod", false);
        // What is not named is what it was.
        check("deploy -- --parameter-overrides LogLevel=WARN", "Stage=prod", true);
    }

    #[test]
    fn the_architecture_is_the_one_that_the_stack_will_have() {
        let of = |line: &str, config: &str, before| architecture(&overrides(&parse(line), config)?, &pairs(before)?);
        let check = |line: &str, config: &str, before, expected| assert_eq!(of(line, config, before).unwrap(), expected, "{line}");
        check("deploy", CONFIG, "", Architecture::Arm64);
        check("deploy", CONFIG, "Architecture=x86_64", Architecture::X86_64);
        check("deploy -- --parameter-overrides Architecture=x86_64 Stage=dev", CONFIG, "", Architecture::X86_64);
        check("deploy -- --parameter-overrides Stage=dev --parameter-overrides Architecture=x86_64", CONFIG, "", Architecture::X86_64);
        let config = "\n[default.deploy.parameters]\nparameter_overrides = \"Stage=dev Architecture=x86_64\"\n[x]\n";
        check("deploy", config, "", Architecture::X86_64);
        check("deploy -- --no-confirm-changeset", config, "", Architecture::X86_64);
        check("deploy -- --parameter-overrides Stage=prod", config, "", Architecture::Arm64);
        assert!(of("deploy -- --parameter-overrides Architecture=mips", CONFIG, "").is_err());
    }

    #[test]
    fn overrides_are_read_in_one_form_and_others_are_refused() {
        let one = pairs("Stage=prod BrowserOrigins=\"https://a.example, https://b.example/?x=1\"  LogLevel=\"WARN\"").unwrap();
        assert_eq!(one["BrowserOrigins"], "https://a.example, https://b.example/?x=1");
        assert_eq!((one.len(), one[STAGE].as_str(), one["LogLevel"].as_str()), (3, "prod", "WARN"));
        for other in ["ParameterKey=Stage,ParameterValue=dev", "file://parameters.yaml", "[\"Stage=dev\"]", "{\"Stage\": \"dev\"}"] {
            assert!(pairs(other).unwrap_err().to_string().contains("Name=value"), "{other}");
        }
    }

    #[test]
    fn what_is_named_before_the_dashes_is_refused_after_them() {
        let check = |line: &str, ours: Option<&str>| {
            let refused = only_further(&parse(line).sam).err().map(|error| error.to_string());
            assert_eq!(refused.is_some(), ours.is_some(), "{line}");
            assert!(ours.is_none_or(|ours| refused.unwrap().contains(ours)), "{line}");
        };
        check("deploy -- --stack-name bansync", Some("--stack,"));
        check("deploy -- --stack-name=bansync", Some("--stack,"));
        check("deploy -- --region eu-west-1", Some("--region,"));
        check("deploy -- --config-env=prod", Some("--config-env,"));
        check("deploy -- --config-file other.toml", Some("samconfig.toml"));
        check("deploy -- -t other.yaml", Some("template.yaml"));
        check("deploy -- --profile other", Some("AWS_PROFILE"));
        check("deploy -- --no-confirm-changeset --parameter-overrides Stage=dev", None);
    }

    #[test]
    fn no_region_is_in_samconfig_which_would_be_another_than_the_one_of_the_secrets() {
        assert!(CONFIG.lines().all(|line| !line.starts_with("region")));
    }

    #[test]
    fn a_stack_that_cannot_be_updated_says_what_to_do() {
        let target = Target { aws: Aws::at(None, Some("eu-west-1")).unwrap(), name: "a-stack".to_owned() };
        for status in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"] {
            assert_eq!(hopeless(status, &target), None);
        }
        assert!(hopeless("ROLLBACK_COMPLETE", &target).unwrap().contains("delete-stack --stack-name a-stack --region eu-west-1"));
        assert!(hopeless("ROLLBACK_FAILED", &target).unwrap().contains("protection"));
        assert!(hopeless("UPDATE_IN_PROGRESS", &target).unwrap().contains("wait"));
    }
}
