//! `cargo xtask keys`: the API keys that programs call the REST API with, and the signing keys of the tokens that they get for them.

pub mod signing;
mod table;

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use domain::access::{ApiKey, ApiKeyRecord, KeyId, Scope};

use crate::stack::Stack;
use crate::target::Target;
use crate::{secret, setup, target};
use table::Table;

const DAY: i64 = 24 * 3600;

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: target::Options,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an API key; it is printed this once and kept nowhere
    Create {
        /// Whose it is and what for
        #[arg(long)]
        name: String,
        /// What it may do: <concern>:read or <concern>:write
        #[arg(long = "scope", value_name = "SCOPE", required = true, num_args = 1..)]
        scopes: Vec<Scope>,
        /// How long it is good for; otherwise until it is revoked
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
    },
    /// List the API keys
    List,
    /// Refuse an API key from now on
    Revoke { key_id: KeyId },
    /// Sign access tokens with a new key from now on; those signed with the key before it stay good
    Rotate,
}

pub fn keys(options: &Options) -> Result<()> {
    setup::local_aws()?;
    match &options.command {
        Command::Create { name, scopes, days } => create(&table(options)?, name, scopes, *days),
        Command::List => list(&table(options)?),
        Command::Revoke { key_id } => revoke(&table(options)?, key_id),
        Command::Rotate => rotate(&options.target.target()?),
    }
}

fn table(options: &Options) -> Result<Table> {
    of(&options.target.stack()?)
}

fn of(stack: &Stack) -> Result<Table> {
    let name = stack.tables.get("auth").cloned();
    Ok(Table {
        name: name.with_context(|| format!("the stack {} has no table for keys; deploy this version first", stack.name))?,
        aws: stack.aws(),
    })
}

/// A new key that may do everything, for an hour or so of tests against `stack`.
pub fn for_tests(stack: &Stack) -> Result<String> {
    let table = of(stack)?;
    let key = ApiKey::new(secret::bytes()?, secret::bytes()?);
    table.put(&ApiKeyRecord::new(&key, "tests", Scope::all().collect(), now()?, Some(DAY)))?;
    Ok(key.reveal().to_owned())
}

/// The key alone goes to standard output, so that a script can take it from there.
fn create(table: &Table, name: &str, scopes: &[Scope], days: Option<u16>) -> Result<()> {
    let key = ApiKey::new(secret::bytes()?, secret::bytes()?);
    let scopes = scopes.iter().copied().collect();
    let record = ApiKeyRecord::new(&key, name, scopes, now()?, days.map(|days| i64::from(days) * DAY));
    table.put(&record)?;
    eprintln!("Key {} for {name}: {}. It is shown this once:", record.key_id, record.scopes);
    println!("{}", key.reveal());
    Ok(())
}

fn list(table: &Table) -> Result<()> {
    let records = table.all()?;
    if records.is_empty() {
        println!("There are no keys; `cargo xtask keys create` makes one.");
        return Ok(());
    }
    let now = now()?;
    for record in records {
        println!("{}  {}  {}", record.key_id, state(&record, now), record.name);
        println!("              {}", record.scopes);
        let moments = [("created", Some(record.created_at)), ("expires", record.expires_at), ("last used", record.last_used_at)];
        let of = |(name, at): (&str, Option<i64>)| at.map(|at| format!("{name} {}", moment(at)));
        println!("              {}", moments.into_iter().filter_map(of).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}

fn state(record: &ApiKeyRecord, now: i64) -> String {
    match (record.usable(now), record.revoked_at) {
        (Ok(()), _) => "good".to_owned(),
        (Err(_), Some(at)) => format!("revoked {}", moment(at)),
        (Err(refused), None) => refused.to_string(),
    }
}

fn revoke(table: &Table, key_id: &KeyId) -> Result<()> {
    table.revoke(key_id, now()?)?;
    println!("Revoked. API Gateway may remember the key for another minute, and a token got for it is good for 15 minutes.");
    Ok(())
}

/// Also `cargo xtask secrets rotate jwt-keys`.
pub fn rotate(target: &Target) -> Result<()> {
    let keys = signing::rotate(target, now()?)?;
    println!(
        "Tokens are signed with {} in 90 seconds, when all who look at tokens know it. Signing keys that are believed: {}.",
        keys.current().0,
        signing::names(&keys)
    );
    println!("Not again before 18 minutes: tokens that are still good may be signed with the key that would go.");
    Ok(())
}

/// Unix seconds.
fn now() -> Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?;
    Ok(i64::try_from(since.as_secs())?)
}

fn moment(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Cli::try_parse_from(line.split(' ')).map(|cli| cli.options.command)
    }

    #[test]
    fn scopes_and_ids_are_checked_before_anything_is_done() {
        let Ok(Command::Create { scopes, days, .. }) = parse("keys create --name x --scope users:read bans:write --days 30") else {
            panic!("it is a good command line")
        };
        assert_eq!((scopes.len(), days), (2, Some(30)));
        for line in [
            "keys create --name x",
            "keys create --scope users:read",
            "keys create --name x --scope users",
            "keys create --name x --scope users:read --days 0",
            "keys revoke bsk_abc",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("keys revoke abcdefghijkl").is_ok());
    }

    #[test]
    fn a_key_is_listed_as_good_revoked_or_expired() {
        let key = ApiKey::new([1; 12], [1; 32]);
        let record = ApiKeyRecord::new(&key, "x", Default::default(), 0, Some(60));
        assert_eq!(state(&record, 59), "good");
        assert_eq!(state(&record, 60), "the key has expired");
        assert_eq!(state(&ApiKeyRecord { revoked_at: Some(1), ..record }, 60), "revoked 1970-01-01T00:00:01Z");
    }
}
