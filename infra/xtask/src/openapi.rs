//! `cargo xtask openapi`: the description of the REST API, from its code. A test of the function `api` fails where it was forgotten.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{build, run, workspace};

pub fn openapi() -> Result<()> {
    build::for_local()?;
    let text = run::output(Command::new(workspace::binaries(build::LOCAL)?.join("api")).arg("openapi"))?;
    let path = workspace::root()?.join("infra/openapi.json");
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("Written: infra/openapi.json");
    Ok(())
}
