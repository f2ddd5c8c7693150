//! Calls, answers and updates between the bot and the simulated Telegram in a run, against the Bot API's documentation.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::beside::Group;
use crate::progress::Counter;
use crate::stack::Stack;
use crate::suite::Suite;
use crate::telegram::agent;
use crate::traces::Trace;
use crate::{secret, setup, workspace};

/// By this name the client is run alone: `cargo xtask test aiogram`.
pub const CLIENT: &str = "aiogram";

/// The simulator answers at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// The simulator has compared every call, answer and update with the documentation: none may differ. `whole`: all tests of the stack have run, so
/// that there must be some of each.
pub fn schema(stack: &Stack, whole: bool) -> Result<Suite> {
    let url = format!("{}/control/schema", stack.telegram_api);
    let report: Value = agent(&url, PATIENCE).post(&url).send_json(json!({}))?.body_mut().read_json()?;
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    let figure = format!(
        "schema: {}: {} updates, {} calls, {} answers, {} refused",
        report["version"].as_str().context("the simulator has no schema")?,
        count("updates"),
        count("calls"),
        count("answers"),
        count("refused"),
    );
    let violations = report["violations"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let unseen = whole.then(|| unseen(&report)).into_iter().flatten();
    Suite::of_a_look("Bot API schema", figure, violations.chain(unseen).collect())
}

/// Kinds of which the simulator has compared none: that none of them differs says nothing.
fn unseen(report: &Value) -> Vec<String> {
    let kinds = ["updates", "calls", "answers"].into_iter().filter(|kind| report[kind].as_u64().unwrap_or_default() == 0);
    kinds.map(|kind| format!("the simulator has compared no {kind}")).collect()
}

/// Another client reads the updates of the run, also those that were sent on stacks beside this one, and calls the simulator. `whole`: as for
/// [`schema`].
pub fn client(stack: &Stack, beside: &[Group], progress: &Counter, whole: bool) -> Result<Suite> {
    let Ok(python) = setup::strict_client() else { return Ok(Suite::skipped(CLIENT, "aiogram cannot be installed")) };
    let mut command = Command::new(python);
    command.arg(workspace::root()?.join("tests/telegram-sim/strict_client.py")).args(whole.then_some("--whole"));
    command.arg(&stack.telegram_api).arg(secret::token_file()?).args(Trace::Updates.beside(beside)?);
    Suite::run(CLIENT, progress, [command])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_which_nothing_was_compared_is_told_so() {
        let none = ["updates", "calls", "answers"].map(|kind| format!("the simulator has compared no {kind}"));
        assert_eq!(unseen(&json!({ "version": "10.3", "updates": 0, "calls": 0 })), none);
        assert_eq!(unseen(&json!({ "updates": 1, "calls": 0, "answers": 2 })), ["the simulator has compared no calls"]);
        assert!(unseen(&json!({ "updates": 1, "calls": 1, "answers": 1 })).is_empty());
    }
}
