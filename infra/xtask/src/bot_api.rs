//! What went between the bot and the simulated Telegram in a run, against the Bot API's documentation.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::progress::Counter;
use crate::stack::Stack;
use crate::suite::Suite;
use crate::telegram::agent;
use crate::{secret, setup, workspace};

/// By this name the client is run alone: `cargo xtask test aiogram`.
pub const CLIENT: &str = "aiogram";

/// The simulator answers at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// The simulator has compared every call, answer and update with the documentation: none may differ.
pub fn schema(stack: &Stack) -> Result<Suite> {
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
    Suite::of_a_look("Bot API schema", figure, violations.collect())
}

/// Another client reads the updates of the run and calls the simulator.
pub fn client(stack: &Stack, progress: &Counter) -> Result<Suite> {
    let Ok(python) = setup::strict_client() else { return Ok(Suite::skipped(CLIENT, "aiogram cannot be installed")) };
    let mut command = Command::new(python);
    command.arg(workspace::root()?.join("tests/telegram-sim/strict_client.py")).arg(&stack.telegram_api).arg(secret::token_file()?);
    Suite::run(CLIENT, progress, [command])
}
