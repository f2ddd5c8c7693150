//! `cargo xtask logs`: what the functions wrote to CloudWatch Logs.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::stack::Stack;
use crate::{setup, target};

const PAUSE: Duration = Duration::from_secs(1);

/// A month of logs is more than anybody reads.
const MINUTES: u32 = 10;

#[derive(clap::Args)]
pub struct Options {
    /// Only this function's, e.g. sync-worker
    function: Option<String>,
    /// Go on printing as they come
    #[arg(long)]
    follow: bool,
    /// Only what is no older; 10 unless it is on this machine, where all is printed
    #[arg(long, value_name = "N")]
    minutes: Option<u32>,
    #[command(flatten)]
    target: target::Options,
}

pub fn logs(options: &Options) -> Result<()> {
    setup::local_aws()?;
    let stack = options.target.stack()?;
    let physical = options.function.as_ref().map(|name| {
        let known: Vec<&str> = stack.functions.keys().map(String::as_str).collect();
        stack.functions.get(name).with_context(|| format!("there is no function {name}; there are {}", known.join(", ")))
    });
    let physical = physical.transpose()?.map(String::as_str);
    let Some(group) = &stack.log_group else { bail!("template.yaml has no output `LogGroup`") };
    let minutes = options.minutes.or((!stack.aws().is_local()).then_some(MINUTES));
    // CloudWatch Logs counts milliseconds.
    let mut since = match minutes {
        Some(minutes) => (Timestamp::now() - SignedDuration::from_mins(minutes.into())).as_millisecond(),
        None => 0,
    };
    let mut printed = BTreeSet::new();
    loop {
        for event in events(&stack, group, since)? {
            let time = event["timestamp"].as_i64().unwrap_or_default();
            let message = event["message"].as_str().unwrap_or_default().trim_end();
            let stream = event["logStreamName"].as_str().unwrap_or_default();
            // Not by `eventId`: the local AWS repeats it.
            let event = (time, stream.to_owned(), message.to_owned());
            // A group shared by functions has streams named <date>/<function>[<version>]<id>.
            let function = stream.rsplit('/').next().unwrap_or_default().split('[').next().unwrap_or_default();
            since = since.max(time);
            if physical.is_none_or(|physical| physical == function) && printed.insert(event) {
                let name = stack.functions.iter().find(|(_, physical)| *physical == function).map_or(function, |(name, _)| name);
                println!("{name:22} {message}");
            }
        }
        if !options.follow {
            return Ok(());
        }
        // Events of the newest millisecond may still come; older ones will not be seen again.
        printed = printed.split_off(&(since, String::new(), String::new()));
        thread::sleep(PAUSE);
    }
}

fn events(stack: &Stack, group: &str, since: i64) -> Result<Vec<Value>> {
    let mut events = Vec::new();
    let mut parameters = json!({"logGroupName": group, "startTime": since});
    loop {
        let mut answer = stack.aws().call("logs", "filter_log_events", &parameters)?;
        if let Value::Array(page) = answer["events"].take() {
            events.extend(page);
        }
        match answer["nextToken"].as_str() {
            Some(next) => parameters["nextToken"] = next.into(),
            None => return Ok(events),
        }
    }
}
