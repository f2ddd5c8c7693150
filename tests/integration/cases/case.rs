//! The file of a case.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A sequence. What is expected of it stands in the file for people to read, and in the case's test.
#[derive(Deserialize)]
pub struct Case {
    pub steps: Vec<Step>,
}

/// One step of it.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    /// An update as Telegram posts it, `times` at once. `or_sim`: a command of the simulator that brings the same update about, and the state that the Bot API
    /// tells of afterwards.
    Webhook {
        update: Value,
        or_sim: Option<SimCommand>,
        #[serde(default = "once")]
        times: usize,
    },
    Sim(SimCommand),
    Rest(RestCall),
    /// Time passes, or somebody looks.
    #[serde(alias = "check", alias = "shell")]
    Wait,
}

/// `POST /control/<command>` of the simulator.
#[derive(Deserialize)]
pub struct SimCommand {
    pub command: String,
    pub body: Value,
}

/// A call of the REST API.
#[derive(Deserialize)]
pub struct RestCall {
    pub method: String,
    pub path: String,
    pub scope: String,
    pub body: Option<Value>,
    pub expect_status: Option<u16>,
}

fn once() -> usize {
    1
}

impl Case {
    /// Reads the file whose name begins with this number.
    pub fn read(folder: &Path, number: &str) -> Result<Self> {
        let mut files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let is_its = |name: &str| name.starts_with(&format!("{number}-")) && name.ends_with(".json");
        let file = files.find(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_its));
        let file = file.with_context(|| format!("no case has the number {number}"))?;
        serde_json::from_str(&fs::read_to_string(&file)?).with_context(|| file.display().to_string())
    }
}
