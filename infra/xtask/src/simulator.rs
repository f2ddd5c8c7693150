//! The Telegram simulator as a service.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::local_aws::free_port;
use crate::service::Service;
use crate::{build, secret, workspace};

pub const NAME: &str = "telegram-sim";
const BOT_USERNAME: &str = "bansync_bot";

/// The running one, unless it was built anew since.
pub fn find() -> Result<Option<Service>> {
    let built = fs::metadata(workspace::binaries(build::LOCAL)?.join(NAME)).and_then(|binary| binary.modified()).ok();
    Ok(Service::find(NAME)?.filter(|service| service.fresh(built)))
}

/// Starts one for the token in [`secret::token_file`].
pub fn start() -> Result<Service> {
    let mut command = Command::new(workspace::binaries(build::LOCAL)?.join(NAME));
    let port = free_port()?.to_string();
    command.args(["--port", &port, "--bot-username", BOT_USERNAME, "--token-file"]).arg(secret::token_file()?);
    let service = Service::start(NAME, &format!("http://127.0.0.1:{port}"), &mut command)?;
    // It prints a line of JSON with its URL as soon as it listens.
    service.wait_until(Duration::from_secs(15), || {
        let log = fs::read_to_string(&service.log).ok()?;
        log.lines().find(|line| serde_json::from_str::<Value>(line).is_ok_and(|said| said["url"].is_string())).map(drop)
    })?;
    Ok(service)
}
