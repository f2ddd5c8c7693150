//! A function whose settings are other than the deployed ones for a while.

use crate::guard::now;
use crate::play::Play;
use anyhow::Result;
use serde_json::{Value, json};

/// A function whose settings are not the deployed ones, until the end of this.
pub struct Reconfigured<'a> {
    play: &'a Play,
    function: &'static str,
    usual: Value,
}

impl Drop for Reconfigured<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.play.configure(self.function, &self.usual) {
            println!("the settings of {} stay changed: {error:#}", self.function);
        }
    }
}

impl Play {
    /// Other values of variables of a function's environment.
    pub fn reconfigure(&self, function: &'static str, changes: &[(&str, &str)]) -> Result<Reconfigured<'_>> {
        self.reconfigured(function, |settings| {
            for (name, value) in changes {
                settings["Environment"]["Variables"][*name] = json!(value);
            }
        })
    }

    /// Another time-out, in seconds.
    pub fn with_timeout(&self, function: &'static str, seconds: u32) -> Result<Reconfigured<'_>> {
        self.reconfigured(function, |settings| settings["Timeout"] = json!(seconds))
    }

    fn reconfigured(&self, function: &'static str, change: impl FnOnce(&mut Value)) -> Result<Reconfigured<'_>> {
        let mut found = now(self.stack.configuration(&self.stack.functions[function]))?;
        let usual = json!({"Environment": {"Variables": found["Environment"]["Variables"].take()}, "Timeout": found["Timeout"]});
        let mut settings = usual.clone();
        change(&mut settings);
        let reconfigured = Reconfigured { play: self, function, usual };
        self.configure(function, &settings)?;
        Ok(reconfigured)
    }

    fn configure(&self, function: &str, settings: &Value) -> Result<()> {
        now(self.stack.configure(&self.stack.functions[function], settings))
    }
}
