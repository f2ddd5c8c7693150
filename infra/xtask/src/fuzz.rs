//! The deployed REST API against its own description: schemathesis makes up requests of every operation, good and bad, and looks whether
//! the answers are those that infra/openapi.json promises.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::progress::Counter;
use crate::stack::Stack;
use crate::suite::Suite;
use crate::{keys, setup, workspace};

/// By this name it is run alone: `cargo xtask test api-fuzz`. `api` runs all tests of the API.
pub const NAME: &str = "api-fuzz";

/// Requests of one operation in the random part; those by rule (limits, missing and wrong fields) come besides.
const EXAMPLES: &str = "25";

/// More than the stage lets through a second (`DefaultRouteSettings` in template.yaml) is refused before anybody looks at it.
const RATE: &str = "80/s";

/// The same requests at every run: a change of the code, not chance, makes it fail.
const SEED: &str = "20250115";

/// Counts a test an operation.
pub fn api(progress: &Counter) -> Result<Suite> {
    let (stack, root) = (Stack::load()?, workspace::root()?);
    let api_url = stack.api_url.as_deref().context("the stack has no REST API")?;
    let description = root.join("infra/openapi.json");
    let mut command = Command::new(setup::api_tool("schemathesis")?);
    command.arg("--config-file").arg(root.join("infra/local/schemathesis.toml")).arg("run").arg(&description);
    command.args(["--url", api_url, "--max-examples", EXAMPLES, "--seed", SEED, "--rate-limit", RATE]);
    // Read by the configuration: the key is not seen in the process list.
    command.env("BANSYNC_API_KEY", keys::for_tests(&stack)?);
    // It keeps what it found in a folder of the current one.
    command.current_dir(workspace::state()?);
    let operations = operations(&fs::read_to_string(&description).context("infra/openapi.json cannot be read")?)?;
    Suite::of_one("API fuzz", progress, command, operations)
}

/// How many operations a description has.
fn operations(description: &str) -> Result<u32> {
    let description: Value = serde_json::from_str(description).context("infra/openapi.json is no JSON")?;
    let paths = description["paths"].as_object().context("infra/openapi.json has no paths")?;
    Ok(u32::try_from(paths.values().filter_map(Value::as_object).map(serde_json::Map::len).sum::<usize>())?)
}
