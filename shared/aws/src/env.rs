//! Settings of a function, from its environment; the one place that reads it.

use anyhow::Context;
use std::str::FromStr;

/// The variable's value; the error names what is missing.
pub fn required(name: &str) -> anyhow::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
    std::env::var(name).with_context(|| format!("environment variable {name} is missing"))
}

/// The variable's value; `None` where it is missing or empty: what it names is not there.
pub fn optional(name: &str) -> Option<String> {
    required(name).ok().filter(|value| !value.is_empty())
}

/// The variable's value as a number or another type that parses.
pub fn parsed<T: FromStr>(name: &str) -> anyhow::Result<T> {
    required(name)?.parse().ok().with_context(|| format!("environment variable {name} cannot be read"))
}
