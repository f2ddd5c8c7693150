//! `cargo xtask down`: nothing that `up` started runs any more, or it says what does.

use anyhow::Result;

use crate::{service, up};

pub fn down() -> Result<()> {
    let stopped = service::stop_all()?;
    up::forget()?;
    match stopped.as_slice() {
        [] => println!("Nothing was running."),
        names => println!("Stopped {}; no process is left.", names.join(", ")),
    }
    Ok(())
}
