//! `cargo xtask …`: the developer's and the operator's commands.
//!
//! # Layout
//! - one module a command: [`setup`], [`build`], [`deploy`], [`up`], [`down`], [`poll`], [`demo`], [`test`], [`soak`], [`logs`], [`keys`],
//!   [`analytics`], [`dlq`], [`bot`] (and `verify`), [`secrets`], [`sam_local`], [`openapi`], [`lint`];
//! - of the tests: [`plan`] (which run, side by side), [`suite`] (what one program ran), [`beside`] (those on a stack of their own), [`fuzz`];
//! - what they share: [`workspace`] (paths), [`run`] (a command in the foreground), [`progress`] (how far it is), [`binary`] (what was built for Lambda), [`service`] (a process that
//!   stays), [`process`] (what runs on this machine), [`target`] (which deployment is meant), [`stack`] (what it is made of),
//!   [`cloudformation`], [`aws`], [`telegram`], [`secret`].
//!
//! Everything that runs is started in a process group of its own and stopped by that group, never by name.

mod analytics;
mod aws;
mod beside;
mod binary;
mod bot;
mod bot_api;
mod build;
mod cloudformation;
mod demo;
mod deploy;
mod dlq;
mod down;
mod fuzz;
mod interrupt;
mod keys;
mod lint;
mod local_aws;
mod logs;
mod openapi;
mod plan;
mod poll;
mod process;
mod progress;
mod run;
mod sam_local;
mod secret;
mod secrets;
mod service;
mod setup;
mod simulator;
mod soak;
mod stack;
mod suite;
mod target;
mod telegram;
mod test;
mod traces;
mod up;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Develop, try and test Bansync on one machine.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install the local AWS and the deploy tools under target/local
    Setup,
    /// Build every function: for this machine to target/local/lambda, optimised to target/lambda
    Build(build::Options),
    /// Start everything on this machine and deploy to it; it keeps running in the background
    Up(up::Options),
    /// Build for Lambda, look whether it will start there, and deploy by the SAM CLI
    Deploy(deploy::Options),
    /// Stop everything that `up` started
    Down,
    /// Carry updates from Telegram to the local webhook (`up` starts this when it uses real Telegram)
    Poll,
    /// Play a ban through five simulated chats and print what everybody saw
    Demo(demo::Options),
    /// Run every test: what a change must pass
    Test(test::Options),
    /// Run the model, benchmarks and fuzzing at full length: what a release must pass besides
    Soak(soak::Options),
    /// Print the functions' logs
    Logs(logs::Options),
    /// Write the REST API's description to infra/openapi.json
    Openapi,
    /// Make, list and revoke API keys; change the signing key of tokens
    Keys(keys::Options),
    /// Read, try again or drop what the functions gave up
    Dlq(dlq::Options),
    /// Make what is counted anew
    Analytics(analytics::Options),
    /// Tell Telegram of the bot, and find out what keeps it from working
    Bot(bot::Options),
    /// Write the secrets that the functions read, and put new ones in their place
    Secrets(secrets::Options),
    /// Look whether a stack that was just deployed works
    Verify(bot::verify::Options),
    /// Call the running stack's functions in the SAM CLI's containers
    SamLocal(sam_local::Options),
    /// Check format, lints, licences and templates
    Lint,
}

fn main() -> ExitCode {
    let done = interrupt::install().and_then(|()| match Cli::parse().command {
        Command::Setup => setup::setup(),
        Command::Build(options) => build::build(&options),
        Command::Up(options) => up::up(&options).map(drop),
        Command::Deploy(options) => deploy::deploy(&options),
        Command::Down => down::down(),
        Command::Poll => poll::poll(),
        Command::Demo(options) => demo::demo(&options),
        Command::Test(options) => test::test(&options),
        Command::Soak(options) => soak::soak(&options),
        Command::Logs(options) => logs::logs(&options),
        Command::Openapi => openapi::openapi(),
        Command::Keys(options) => keys::keys(&options),
        Command::Dlq(options) => dlq::dlq(&options),
        Command::Analytics(options) => analytics::analytics(&options),
        Command::Bot(options) => bot::bot(&options),
        Command::Secrets(options) => secrets::secrets(&options),
        Command::Verify(options) => bot::verify::verify(&options),
        Command::SamLocal(options) => sam_local::sam_local(&options),
        Command::Lint => lint::lint(),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The cause of a failing child may be that we are being stopped: then stopping has the last word.
            interrupt::wait_if_stopping();
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
