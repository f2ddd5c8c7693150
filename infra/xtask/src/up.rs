//! `cargo xtask up`: everything on this machine, deployed and running in the background.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::aws::{Aws, is_loopback};
use crate::cloudformation::FrontDoor;
use crate::service::Service;
use crate::stack::Stack;
use crate::target::Target;
use crate::telegram::{Bot, TELEGRAM};
use crate::{bot, build, cloudformation, interrupt, local_aws, poll, secret, service, setup, simulator, stack, target};

#[derive(clap::Args, Clone, Default)]
#[group(id = "up")] // `demo` and `test` take these among their own, and groups are named after their types
pub struct Options {
    #[command(flatten)]
    pub target: target::Options,
    /// Another Bot API than the simulator. One on this machine is given the token in target/local/bot-token (made when there is
    /// none); elsewhere it needs --telegram-token-file
    #[arg(long, value_name = "URL")]
    pub telegram_api: Option<String>,
    /// The token of a real bot (from @BotFather), in a file; alone it means real Telegram
    #[arg(long, value_name = "FILE")]
    pub telegram_token_file: Option<PathBuf>,
    /// How long a ban must stand before it is carried over: 5 where nothing is said, 2 in tests
    #[arg(long, value_name = "N")]
    pub settle_seconds: Option<u32>,
    /// How updates come in: API Gateway, or the webhook's own URL
    #[arg(long, value_enum)]
    pub front_door: Option<FrontDoor>,
    /// MiniStack as it is, without what this project adds: to see what depends on that
    #[arg(long, conflicts_with = "endpoint")]
    pub plain: bool,
    /// Where the simulated Telegram listens; another address than 127.0.0.1 lets functions in containers reach it, and others on the network
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
}

/// The template's default.
const SETTLE_SECONDS: u32 = 5;

impl Options {
    /// Everything is started here, nothing is somebody else's.
    pub fn is_all_local(&self) -> bool {
        self.target.endpoint.is_none() && self.simulates_telegram()
    }

    /// Telegram is this project's simulator.
    pub fn simulates_telegram(&self) -> bool {
        self.telegram_api.is_none() && self.telegram_token_file.is_none()
    }
}

pub fn up(options: &Options) -> Result<Stack> {
    // Before the minutes that compiling takes.
    ensure_here(options)?;
    prepare(false, build::for_local)?;
    start(options)
}

/// Installs what runs here while `build` compiles. `fuzz`: also what tries the REST API.
pub fn prepare<T>(fuzz: bool, build: impl FnOnce() -> Result<T>) -> Result<T> {
    // Before the minutes that compiling takes.
    setup::check_python()?;
    setup::meanwhile(|| setup::local_aws().and_then(|()| if fuzz { setup::api() } else { Ok(()) }), build)
}

/// Starts everything that is installed and built, and deploys to it.
pub fn start(options: &Options) -> Result<Stack> {
    let began = Instant::now();
    interrupt::own_services();
    let ran_before = !service::all()?.is_empty();
    match start_and_deploy(options) {
        Ok(stack) => {
            println!("Up after {} s. Everything a test needs to know: {}", began.elapsed().as_secs(), stack::path()?.display());
            println!("  Webhook   {}\n  Bot API   {}", stack.webhook_url, stack.telegram_api);
            println!("Logs: `cargo xtask logs --follow`. New code: `cargo xtask up` again. The end: `cargo xtask down`.");
            Ok(stack)
        }
        // What ran before still holds somebody's data.
        Err(error) if ran_before => Err(error.context("not deployed; `cargo xtask down` first makes the next `up` begin with nothing")),
        Err(error) => {
            service::stop_all()?;
            Err(error)
        }
    }
}

fn start_and_deploy(options: &Options) -> Result<Stack> {
    let bot = bot(options)?;
    ensure_here(options)?;
    let (aws, control, token) = services(options, bot.as_ref())?;
    let telegram_api = match (&bot, &control) {
        (Some(bot), _) => bot.api.clone(),
        (None, Some(control)) => control.clone(),
        (None, None) => TELEGRAM.to_owned(),
    };
    let webhook_secret = secret::read(&secret::webhook_secret_file()?)?;
    println!("Deploying …");
    let settle_seconds = options.settle_seconds.unwrap_or(SETTLE_SECONDS);
    let settings = cloudformation::Settings {
        token: &token,
        webhook_secret: &webhook_secret,
        telegram_api: &telegram_api,
        settle_seconds,
        front_door: options.front_door.unwrap_or_default(),
    };
    let target = Target { aws, name: options.target.stack.clone().unwrap_or(target::HERE.to_owned()) };
    let outputs = cloudformation::deploy(&target, &settings)?;
    let mut stack = Stack::from_outputs(&outputs, &target, webhook_secret, telegram_api, secret::bot_id(&token)?)?;
    (stack.control, stack.settle_seconds) = (control, settle_seconds);
    stack.save()?;
    connect(&stack, &Bot { api: stack.telegram_api.clone(), token })?;
    Ok(stack)
}

/// The bot at a Bot API that is not the simulator started here, when one is named.
fn bot(options: &Options) -> Result<Option<Bot>> {
    let api = options.telegram_api.clone();
    let token = match (&options.telegram_token_file, &api) {
        (None, None) => return Ok(None),
        (Some(file), _) => {
            let token = secret::read(file)?;
            secret::bot_id(&token).with_context(|| format!("{} holds no token", file.display()))?;
            token
        }
        (None, Some(api)) => {
            ensure!(is_loopback(api), "{api} is not on this machine: name the file of its bot's token by --telegram-token-file");
            secret::read(&secret::token_file()?).or_else(|_| secret::new_token())?
        }
    };
    Ok(Some(Bot { api: api.unwrap_or(TELEGRAM.to_owned()), token }))
}

/// Reuses what runs and is up to date, or starts all anew: a new AWS knows no old token, and an old one no new.
/// Returns the AWS, the simulator's URL if there is one, and the token.
fn services(options: &Options, bot: Option<&Bot>) -> Result<(Aws, Option<String>, String)> {
    let local_aws = if options.target.endpoint.is_none() { local_aws::find(options.plain)? } else { None };
    let simulator = if bot.is_none() { simulator::find()? } else { None };
    let (token_file, secret_file) = (secret::token_file()?, secret::webhook_secret_file()?);
    let whole = (options.target.endpoint.is_some() || local_aws.is_some()) && (bot.is_some() || simulator.is_some());
    let same_bot = bot.is_none_or(|bot| secret::read(&token_file).is_ok_and(|token| token == bot.token));
    if whole && same_bot && token_file.is_file() && secret_file.is_file() {
        println!("Using what runs already.");
        return Ok((aws(options, local_aws)?, simulator.map(|service| service.url), secret::read(&token_file)?));
    }

    service::stop_all()?;
    let token = bot.map_or_else(secret::new_token, |bot| Ok(bot.token.clone()))?;
    secret::write(&token_file, &token)?;
    secret::write(&secret_file, &secret::random(64)?)?;
    println!("Starting …");
    let simulator = if bot.is_none() { Some(simulator::start(options.bind)?.url) } else { None };
    let local_aws = if options.target.endpoint.is_none() { Some(local_aws::start(options.plain)?) } else { None };
    Ok((aws(options, local_aws)?, simulator, token))
}

/// Refuses another AWS that is not on this machine, and a name that no stack can have.
fn ensure_here(options: &Options) -> Result<()> {
    options.target.check()?;
    if options.target.endpoint.is_some() {
        cloudformation::ensure_here(&aws(options, None)?)?;
    }
    Ok(())
}

/// The AWS that is named, else the one that was started here.
fn aws(options: &Options, local_aws: Option<Service>) -> Result<Aws> {
    let target::Options { endpoint, region, .. } = &options.target;
    let endpoint = endpoint.clone().or(local_aws.map(|service| service.url));
    Aws::at(endpoint.as_deref(), region.as_deref())
}

/// Has Telegram's updates reach the webhook, and the bot show what it can do.
fn connect(stack: &Stack, bot: &Bot) -> Result<()> {
    bot::set_up::webhook(stack, bot)?;
    if stack.is_polled() {
        poll::start()?;
        println!("Telegram's updates come by long polling; a webhook that the bot had is removed.");
    }
    // The stack works without a menu and a description, and Telegram limits how often they are changed.
    if let Err(error) = bot::set_up::menu_button(stack, bot).and_then(|()| bot::set_up::profile(bot)) {
        eprintln!("The bot's profile is not as it should be; `cargo xtask bot set-up` tries again: {error:#}");
    }
    Ok(())
}

/// Forgets a deployment that no longer runs.
pub fn forget() -> Result<()> {
    for file in [stack::path()?, secret::token_file()?, secret::webhook_secret_file()?] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be deleted", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
