//! `cargo xtask sam-local`: the running stack's functions in the SAM CLI's containers, one call at a time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::aws::is_loopback;
use crate::build::Architecture;
use crate::stack::Stack;
use crate::target::{self, Target};
use crate::{secret, setup, workspace};

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: target::Options,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write the functions' environment for `sam local … --env-vars`, and print the commands
    Env {
        /// This machine, as a container calls it
        #[arg(long, value_name = "HOST", default_value = HOST)]
        host: String,
    },
}

/// Docker's name of the machine that containers run on. Docker Desktop knows it; on Linux each container has to be told of it.
const HOST: &str = "host.docker.internal";

/// The address that a container on Linux sees of the machine, unless Docker was configured otherwise.
const BRIDGE: &str = "172.17.0.1";

/// The webhook's secret in the payloads of events/.
const SECRET: &str = "local-secret";

pub fn sam_local(options: &Options) -> Result<()> {
    setup::local_aws()?;
    let Command::Env { host } = &options.command;
    let Target { aws, .. } = options.target.target()?;
    // The commands that are printed have the local AWS's own credentials.
    ensure!(aws.is_local(), "{} is not on this machine: `sam-local` is for a stack that runs here (`cargo xtask up`)", aws.name());
    let stack = options.target.stack()?;
    let names = logical_names(&stack.target())?;
    let folder = workspace::state()?.join("sam-local");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let file = folder.join("env.json");
    secret::write(&file, &serde_json::to_string_pretty(&environments(&stack, &names, host)?)?)?;
    print(&stack, &names, &file, &folder, host)
}

/// The functions' logical ids, by which `sam local` knows them, by their names in AWS.
fn logical_names(target: &Target) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    let mut page = json!({"StackName": target.name});
    loop {
        let mut answer = target.aws.call("cloudformation", "list_stack_resources", &page)?;
        for resource in answer["StackResourceSummaries"].as_array().into_iter().flatten() {
            if resource["ResourceType"] == "AWS::Lambda::Function" {
                let text = |field: &str| resource[field].as_str().unwrap_or_default().to_owned();
                names.insert(text("PhysicalResourceId"), text("LogicalResourceId"));
            }
        }
        match answer["NextToken"].take() {
            next if next.is_string() => page["NextToken"] = next,
            _ => return Ok(names),
        }
    }
}

/// Each function's variables as it was deployed with, and the AWS that a container reaches.
fn environments(stack: &Stack, names: &BTreeMap<String, String>, host: &str) -> Result<Value> {
    let mut all = Map::new();
    for (physical, logical) in names {
        let of = json!({ "FunctionName": physical });
        let mut answer = stack.aws().call("lambda", "get_function_configuration", &of)?;
        let mut variables = match answer["Environment"]["Variables"].take() {
            Value::Object(variables) => variables,
            _ => Map::new(),
        };
        if let Some(endpoint) = &stack.endpoint {
            variables.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.clone().into());
        }
        variables.values_mut().for_each(|value| *value = seen_from_a_container(value, host));
        all.insert(logical.clone(), variables.into());
    }
    Ok(all.into())
}

/// Inside a container 127.0.0.1 is the container: `http://127.0.0.1:1/x` → `http://<host>:1/x`.
fn seen_from_a_container(value: &Value, host: &str) -> Value {
    let moved = value.as_str().filter(|text| is_loopback(text)).and_then(|text| {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let port = authority.rsplit_once(':').map_or(String::new(), |(_, port)| format!(":{port}"));
        Some(format!("{scheme}://{host}{port}{path}"))
    });
    moved.map_or_else(|| value.clone(), Value::from)
}

fn print(stack: &Stack, names: &BTreeMap<String, String>, env: &Path, folder: &Path, host: &str) -> Result<()> {
    let architecture = Architecture::of_this_machine().name();
    let linux = host == HOST && cfg!(target_os = "linux");
    let network = if linux { format!(" --add-host {HOST}:host-gateway") } else { String::new() };
    let given = format!(" --env-vars {}{network} --parameter-overrides Architecture={architecture} Stage=local", shown(env));
    println!("# {} holds the variables of {} functions. In the repository's folder, with Docker:", shown(env), names.len());
    println!("cargo xtask build --release --architecture {architecture}");
    println!("export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION={0} AWS_DEFAULT_REGION={0}", stack.region);
    if linux {
        println!("# Containers do not reach what listens on 127.0.0.1 of a Linux machine; these let them, and nobody else:");
        for port in [stack.endpoint.as_deref(), Some(&*stack.telegram_api)].into_iter().flatten().filter_map(loopback_port) {
            println!("socat TCP-LISTEN:{port},bind={BRIDGE},fork TCP:127.0.0.1:{port} &");
        }
    }
    for event in events()? {
        let Some(logical) = of(&event, &stack.functions).and_then(|physical| names.get(physical)) else { continue };
        let event = with_secret(stack, &event, folder)?;
        println!("sam local invoke {logical} --event {}{given}", shown(&event));
    }
    println!("sam local start-api{given}");
    println!("sam local start-lambda{given}");
    Ok(())
}

/// The port of what is on this machine.
fn loopback_port(url: &str) -> Option<&str> {
    let (_, port) = url.trim_end_matches('/').rsplit_once(':')?;
    Some(port).filter(|port| is_loopback(url) && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn events() -> Result<Vec<PathBuf>> {
    let folder = workspace::root()?.join("events");
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut events: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    events.sort();
    Ok(events)
}

/// The function that a payload is for: its file's name begins with the function's.
fn of<'a>(event: &Path, functions: &'a BTreeMap<String, String>) -> Option<&'a String> {
    let name = event.file_stem()?.to_str()?;
    let named = functions.iter().filter(|(function, _)| name.strip_prefix(function.as_str()).is_some_and(|rest| rest.starts_with('-')));
    named.max_by_key(|(function, _)| function.len()).map(|(_, physical)| physical)
}

/// A payload for the webhook has the running stack's secret; it is a file that only the user can read.
fn with_secret(stack: &Stack, event: &Path, folder: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(event).with_context(|| format!("{} cannot be read", event.display()))?;
    if stack.webhook_secret.is_empty() || !text.contains(SECRET) {
        return Ok(event.to_owned());
    }
    let copy = folder.join(event.file_name().context("a payload has a name")?);
    secret::write(&copy, &text.replace(SECRET, &stack.webhook_secret))?;
    Ok(copy)
}

/// A path as it is typed in the repository's folder.
fn shown(path: &Path) -> String {
    let root = workspace::root().unwrap_or_default();
    path.strip_prefix(&root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_machine_is_named_as_a_container_sees_it() {
        let check = |text: &str, expected: &str| assert_eq!(seen_from_a_container(&text.into(), "host"), expected);
        check("http://127.0.0.1:24001", "http://host:24001");
        check("http://localhost:24001/000000000000/a-queue", "http://host:24001/000000000000/a-queue");
        check("http://[::1]:80", "http://host:80");
        check("https://api.telegram.org", "https://api.telegram.org");
        check("bansync-BansTable-1EXAMPLE", "bansync-BansTable-1EXAMPLE");
        check("30", "30");
    }

    #[test]
    fn only_ports_of_this_machine_are_forwarded() {
        assert_eq!(loopback_port("http://127.0.0.1:24001/"), Some("24001"));
        assert_eq!(loopback_port("https://api.telegram.org"), None);
        assert_eq!(loopback_port("http://172.17.0.1:24001"), None);
    }

    #[test]
    fn a_payload_is_for_the_function_whose_name_is_the_longest_beginning() {
        let functions = ["sync", "sync-planner", "relay"].map(|name| (name.to_owned(), format!("{name}-physical"))).into();
        let check = |file: &str, expected: Option<&str>| assert_eq!(of(Path::new(file), &functions).map(String::as_str), expected);
        check("events/sync-planner-ban-detected.json", Some("sync-planner-physical"));
        check("events/relay-ban-insert.json", Some("relay-physical"));
        check("events/relays.json", None);
    }
}
