//! The Telegram simulator as a service.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
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

/// Starts one for the token in [`secret::token_file`]. `bind`: where it listens other than on 127.0.0.1, for functions in containers.
pub fn start(bind: Option<IpAddr>) -> Result<Service> {
    let address = bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let mut command = Command::new(workspace::binaries(build::LOCAL)?.join(NAME));
    let port = free_port()?.to_string();
    command.args(["--port", &port, "--bot-username", BOT_USERNAME, "--token-file"]).arg(secret::token_file()?);
    if bind.is_some() {
        eprintln!(
            "The simulated Telegram listens on {address}: whoever reaches that address can play its people until `cargo xtask down`."
        );
        command.args(["--bind", &address.to_string()]);
    }
    // 0.0.0.0 and :: are all addresses, of which this machine knows itself by the first.
    let reached = if address.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address };
    let url = format!("http://{}", SocketAddr::new(reached, port.parse()?));
    let service = Service::start(NAME, &url, &mut command)?;
    // It prints a line of JSON with its URL as soon as it listens.
    service.wait_until(Duration::from_secs(15), || {
        let log = fs::read_to_string(&service.log).ok()?;
        log.lines().find(|line| serde_json::from_str::<Value>(line).is_ok_and(|said| said["url"].is_string())).map(drop)
    })?;
    Ok(service)
}
