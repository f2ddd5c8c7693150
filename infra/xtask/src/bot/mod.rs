//! `cargo xtask bot`: what Telegram is told of the bot, and whether everything the bot needs is there.
//!
//! # Layout
//! - [`set_up`]: the webhook, [`commands`] and [`texts`] that people see, the rights that a group is asked for;
//! - [`doctor`]: asks Telegram and AWS; what their answers mean is judged, without asking anybody, in [`identity`], [`delivery`], [`chat`],
//!   [`queues`] and [`alarms`];
//! - [`verify`]: asks AWS whether a stack works that was just deployed;
//! - [`finding`]: a judgement, and its lines.

mod alarms;
mod chat;
mod commands;
mod delivery;
mod doctor;
mod finding;
mod identity;
mod queues;
pub mod set_up;
mod texts;
pub mod verify;

use anyhow::{Context, Result};

use crate::stack::Stack;
use crate::telegram::Bot;
use crate::{cloudformation, secret, secrets, setup, target};

#[derive(clap::Args)]
#[group(id = "bot")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: target::Options,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Tell Telegram where updates go, the bot's commands and descriptions, and the rights that it asks a group for
    SetUp,
    /// Check token, webhook, commands, queues and alarms, and say what to do about what is wrong
    Doctor {
        /// Also whether the bot can work in this chat; may be given several times
        #[arg(long = "chat", value_name = "ID", allow_negative_numbers = true)]
        chats: Vec<i64>,
    },
}

pub fn bot(options: &Options) -> Result<()> {
    setup::local_aws()?;
    let deployment = deployment(&options.target)?;
    match &options.command {
        Command::SetUp => set_up::set_up(&deployment),
        Command::Doctor { chats } => doctor::doctor(&deployment, chats),
    }
}

/// A deployed stack and its bot.
pub struct Deployment {
    pub stack: Stack,
    pub bot: Bot,
}

/// With the secrets that the functions read, not those of files beside them, which may be others.
pub fn deployment(options: &target::Options) -> Result<Deployment> {
    let target = options.target()?;
    let token = secrets::read(&target, secrets::Name::BotToken)?;
    let webhook_secret = secrets::read(&target, secrets::Name::WebhookSecret)?;
    let stack = match options.here()?.filter(|stack| stack.target() == target) {
        Some(stack) => Stack { webhook_secret, ..stack },
        None => {
            let telegram_api =
                cloudformation::parameters(&target)?.remove("TelegramApiUrl").context("the stack has no parameter TelegramApiUrl")?;
            Stack::from_outputs(&target.outputs()?, &target, webhook_secret, telegram_api, secret::bot_id(&token)?)?
        }
    };
    let bot = Bot { api: stack.telegram_api.clone(), token };
    Ok(Deployment { stack, bot })
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

    fn parse(line: &str) -> Result<Options, clap::Error> {
        Cli::try_parse_from(line.split(' ')).map(|cli| cli.options)
    }

    #[test]
    fn chats_are_named_by_their_negative_ids() {
        let options = parse("bot doctor --chat -1001 --chat -1002 --endpoint aws").unwrap();
        assert!(matches!(options.command, Command::Doctor { chats } if chats == [-1001, -1002]));
        assert_eq!(options.target.endpoint.as_deref(), Some("aws"));
        assert!(parse("bot doctor --chat name").is_err());
        assert!(parse("bot set-up --chat -1001").is_err());
        assert!(matches!(parse("bot set-up").unwrap().command, Command::SetUp));
    }
}
