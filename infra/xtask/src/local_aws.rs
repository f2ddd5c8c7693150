//! The local AWS as a service.

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::service::Service;
use crate::telegram::agent;
use crate::{setup, workspace};

pub const NAME: &str = "local-aws";

/// MiniStack without what this project adds to it.
pub const PLAIN: &str = "plain-ministack";

fn name(plain: bool) -> &'static str {
    if plain { PLAIN } else { NAME }
}

/// From 32768 on the kernel hands ports out to connections.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Seconds between sweeps of expired items (AWS promises days; tests do not wait that long).
const TTL_SWEEP_SECONDS: &str = "1";

/// The running one if it answers and its sources are unchanged.
pub fn find(plain: bool) -> Result<Option<Service>> {
    let sources = workspace::newest_change(&workspace::root()?.join("infra/local"));
    Ok(Service::find(name(plain))?.filter(|service| service.fresh(sources) && healthy(&service.url)))
}

/// Starts one with nothing in it. `plain`: without our patches and control endpoints.
pub fn start(plain: bool) -> Result<Service> {
    let (root, state) = (workspace::root()?, workspace::state()?.join("aws"));
    // What an earlier one left: its data is gone with it.
    _ = std::fs::remove_dir_all(&state);
    let port = free_port()?;
    let mut command = Command::new(setup::python()?);
    command.args(["-m", "bansync_local", "--port", &port.to_string(), "--state"]).arg(&state);
    command.current_dir(root.join("infra/local"));
    if plain {
        command.arg("--plain");
    }
    if std::env::var_os("BANSYNC_TTL_SWEEP_SECONDS").is_none() {
        command.env("BANSYNC_TTL_SWEEP_SECONDS", TTL_SWEEP_SECONDS);
    }
    let service = Service::start(name(plain), &format!("http://127.0.0.1:{port}"), &mut command)?;
    // A busy machine takes long.
    service.wait_until(Duration::from_secs(180), || healthy(&service.url).then_some(()))?;
    Ok(service)
}

/// A port on 127.0.0.1 that is free now, and that no other command of this checkout is given as long as this process lives: several start
/// stacks at once, and what is started listens only later.
pub fn free_port() -> Result<u16> {
    let claims = workspace::tools()?.join("ports");
    fs::create_dir_all(&claims).with_context(|| format!("{} cannot be created", claims.display()))?;
    // Elsewhere for each process: other checkouts know nothing of these claims.
    let first = u16::try_from(std::process::id() % u32::try_from(PORTS.len())?)?;
    let ports = (0..PORTS.end - PORTS.start).map(|step| PORTS.start + (first + step) % (PORTS.end - PORTS.start));
    for port in ports {
        let claim = File::create(claims.join(port.to_string())).context("no port can be claimed")?;
        if claim.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            // Given back when the process ends.
            std::mem::forget(claim);
            return Ok(port);
        }
    }
    bail!("no port between 20000 and 32000 is free on 127.0.0.1")
}

fn healthy(url: &str) -> bool {
    let answer = agent(url, Duration::from_secs(2)).get(format!("{url}/_ministack/health")).call();
    answer.is_ok_and(|answer| answer.status().is_success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let (one, other) = (free_port().unwrap(), free_port().unwrap());
        assert_ne!(one, other);
        assert!(PORTS.contains(&one) && PORTS.contains(&other));
    }
}
