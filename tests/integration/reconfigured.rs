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
    pub fn reconfigure(&self, function: &'static str, changes: &[(&str, &str)]) -> Result<Reconfigured<'_>> {
        let name = &self.stack.functions[function];
        let usual = now(self.stack.configuration(name))?["Environment"]["Variables"].take();
        let mut variables = usual.clone();
        for (name, value) in changes {
            variables[*name] = json!(value);
        }
        let reconfigured = Reconfigured { play: self, function, usual };
        self.configure(function, &variables)?;
        Ok(reconfigured)
    }

    fn configure(&self, function: &str, variables: &Value) -> Result<()> {
        now(self.stack.set_environment(&self.stack.functions[function], variables))
    }
}
