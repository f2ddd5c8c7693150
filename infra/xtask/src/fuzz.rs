//! The deployed REST API against its own description: schemathesis makes up requests of every operation, good and bad, and looks whether
//! the answers are those that infra/openapi.json promises.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::stack::Stack;
use crate::test::Count;
use crate::{keys, run, setup, workspace};

/// By this name it is run alone: `cargo xtask test api`.
pub const NAME: &str = "api";

/// Requests of one operation in the random part; those by rule (limits, missing and wrong fields) come besides.
const EXAMPLES: &str = "25";

/// The same requests at every run: a change of the code, not chance, makes it fail.
const SEED: &str = "20250115";

/// `false` where an answer was not as promised; its output is shown. Counts a test an operation.
pub fn api(count: &mut Count) -> Result<bool> {
    setup::api()?;
    let (stack, root) = (Stack::load()?, workspace::root()?);
    let description = root.join("infra/openapi.json");
    let mut command = Command::new(setup::api_tool("schemathesis")?);
    command.arg("--config-file").arg(root.join("infra/local/schemathesis.toml")).arg("run").arg(&description);
    command.args(["--url", &stack.api_url, "--max-examples", EXAMPLES, "--seed", SEED]);
    // Read by the configuration: the key is not seen in the process list.
    command.env("BANSYNC_API_KEY", keys::for_tests(&stack)?);
    // It keeps what it found in a folder of the current one.
    command.current_dir(workspace::state()?);
    let passed = run::lines(&mut command, |line| println!("{line}"))?.success();
    match passed {
        true => count.passed += operations(&fs::read_to_string(&description).context("infra/openapi.json cannot be read")?)?,
        false => count.failed += 1,
    }
    Ok(passed)
}

/// How many operations a description has.
fn operations(description: &str) -> Result<u32> {
    let description: Value = serde_json::from_str(description).context("infra/openapi.json is no JSON")?;
    let paths = description["paths"].as_object().context("infra/openapi.json has no paths")?;
    Ok(u32::try_from(paths.values().filter_map(Value::as_object).map(serde_json::Map::len).sum::<usize>())?)
}
