//! `cargo xtask secrets`: the SecureStrings that the functions read, in the SSM Parameter Store as `/<stack>/<name>`. No secret is ever an
//! argument or printed. Functions read them again within minutes, and the webhook at once when an update's secret is another: nothing has to
//! be deployed after a change.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use domain::access::SigningKeys;
use serde_json::json;

use crate::bot::set_up::PATIENCE;
use crate::stack::Stack;
use crate::target::{self, Target};
use crate::telegram::{Bot, TELEGRAM};
use crate::{bot, cloudformation, keys, secret, setup};

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    target: target::Options,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Write a secret; it comes from a file or from standard input
    Set {
        #[arg(value_enum)]
        name: Name,
        /// The file that holds it
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
        /// Make a new one, where there is none yet; not for the bot's token, which @BotFather gives
        #[arg(long, conflicts_with = "from_file")]
        random: bool,
        /// Do not ask Telegram whether the token is good
        #[arg(long)]
        unchecked: bool,
    },
    /// Put a new random secret in the place of the one that is used, without losing an update or turning a caller away
    Rotate {
        #[arg(value_enum)]
        name: Name,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Name {
    /// The bot's token, from @BotFather
    BotToken,
    /// What Telegram sends with each update, to show that it is Telegram
    WebhookSecret,
    /// The keys that access tokens are signed with
    JwtKeys,
}

impl Name {
    pub const ALL: [Self; 3] = [Self::BotToken, Self::WebhookSecret, Self::JwtKeys];

    /// Of its parameter, behind the stack's name.
    pub fn text(self) -> &'static str {
        match self {
            Self::BotToken => "bot-token",
            Self::WebhookSecret => "webhook-secret",
            Self::JwtKeys => "jwt-keys",
        }
    }

    /// Whether a text can be this secret; the error does not hold it.
    fn check(self, text: &str) -> Result<()> {
        match self {
            Self::BotToken => secret::bot_id(text).map(drop),
            Self::WebhookSecret => {
                // `secret_token` of setWebhook in the Bot API.
                let good = (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
                ensure!(good, "a webhook's secret has 1–256 characters A-Z, a-z, 0-9, _ and -");
                Ok(())
            }
            // Not the cause: it could quote what was read.
            Self::JwtKeys => match serde_json::from_str::<SigningKeys>(text) {
                Ok(_) => Ok(()),
                Err(_) => bail!("these are no signing keys; `--random` makes the first"),
            },
        }
    }
}

pub fn secrets(options: &Options) -> Result<()> {
    setup::local_aws()?;
    match &options.action {
        Action::Set { name, from_file, random, unchecked } => {
            let target = options.target.target()?;
            match random {
                true => first(&target, *name),
                false => set(&target, *name, &given(*name, from_file.as_ref())?, *unchecked),
            }
        }
        Action::Rotate { name: Name::WebhookSecret } => rotate_webhook_secret(&options.target),
        Action::Rotate { name: Name::JwtKeys } => keys::rotate(&options.target.target()?),
        Action::Rotate { name: Name::BotToken } => {
            bail!("only @BotFather makes tokens: /revoke there, which ends the old one at once, then `cargo xtask secrets set bot-token`")
        }
    }
}

/// The secret; `None`: there is no such parameter.
pub fn find(target: &Target, name: Name) -> Result<Option<String>> {
    let names = [target.parameter(name.text())];
    let answer = target.aws.call("ssm", "get_parameters", &json!({"Names": names, "WithDecryption": true}))?;
    Ok(answer["Parameters"][0]["Value"].as_str().map(str::to_owned))
}

/// The secret as the functions read it.
pub fn read(target: &Target, name: Name) -> Result<String> {
    let text = name.text();
    let advice =
        || format!("there is no parameter {}; `cargo xtask secrets set {text}{}` writes it", target.parameter(text), target.options());
    find(target, name)?.with_context(advice)
}

/// Those of which there is no parameter yet. Nothing is decrypted.
pub fn missing(target: &Target) -> Result<Vec<Name>> {
    let names = Name::ALL.map(|name| target.parameter(name.text()));
    let answer = target.aws.call("ssm", "get_parameters", &json!({"Names": names}))?;
    let invalid: Vec<&str> = answer["InvalidParameters"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
    Ok(Name::ALL.into_iter().filter(|name| invalid.contains(&target.parameter(name.text()).as_str())).collect())
}

pub fn put(target: &Target, name: Name, value: &str) -> Result<()> {
    let parameters = json!({"Name": target.parameter(name.text()), "Value": value, "Type": "SecureString", "Overwrite": true});
    target.aws.call("ssm", "put_parameter", &parameters).map(drop)
}

fn set(target: &Target, name: Name, value: &str, unchecked: bool) -> Result<()> {
    name.check(value)?;
    if name == Name::BotToken && !unchecked {
        let bot = Bot { api: telegram_api(target)?, token: value.to_owned() };
        let me =
            bot.call("getMe", &json!({}), PATIENCE).context("the token was not written; --unchecked writes it without asking Telegram")?;
        println!("It is the token of @{}.", me["username"].as_str().unwrap_or_default());
    }
    put(target, name, value)?;
    remember(target, name, value)?;
    println!("{} is written.", target.parameter(name.text()));
    if name == Name::WebhookSecret {
        println!("Where the stack is deployed, Telegram has to be told: `cargo xtask bot set-up{}`", target.options());
    }
    Ok(())
}

/// Replaces nothing: whoever has the old one would be turned away.
fn first(target: &Target, name: Name) -> Result<()> {
    let value = match name {
        Name::BotToken => bail!("only @BotFather makes tokens"),
        Name::WebhookSecret => secret::random(64)?,
        Name::JwtKeys => keys::signing::first()?,
    };
    let text = name.text();
    let parameter = target.parameter(text);
    ensure!(
        find(target, name)?.is_none(),
        "there is a parameter {parameter} already; `cargo xtask secrets rotate {text}` puts a new one in its place"
    );
    put(target, name, &value)?;
    println!("{parameter} is written.");
    Ok(())
}

/// First the parameter, then Telegram: until functions have read the new secret, they refuse an update that has it, and Telegram sends it again.
fn rotate_webhook_secret(options: &target::Options) -> Result<()> {
    let bot::Deployment { mut stack, bot } = bot::deployment(options)?;
    let target = stack.target();
    let value = secret::random(64)?;
    let again = format!("`cargo xtask secrets rotate webhook-secret{}`", target.options());
    put(&target, Name::WebhookSecret, &value)
        .with_context(|| format!("Telegram has the old secret, and so have functions unless the answer alone was lost: {again} again"))?;
    stack.webhook_secret.clone_from(&value);
    bot::set_up::webhook(&stack, &bot).with_context(|| {
        format!(
            "the new secret is in {}, and Telegram may have the old one, whose updates are refused soon: {again} again",
            target.parameter("webhook-secret"),
        )
    })?;
    remember(&target, Name::WebhookSecret, &value)
        .context("AWS and Telegram have the new secret, only target/local has the old one: `cargo xtask up` before tests and the demo")?;
    println!("The webhook has a new secret. Updates that are refused until all functions have read it come again.");
    Ok(())
}

/// What is on this machine of the stack that runs here stays what the functions read.
fn remember(target: &Target, name: Name, value: &str) -> Result<()> {
    let Some(mut stack) = Stack::load().ok().filter(|stack| stack.target() == *target) else { return Ok(()) };
    match name {
        Name::BotToken => {
            stack.bot_id = secret::bot_id(value)?;
            secret::write(&secret::token_file()?, value)?;
        }
        Name::WebhookSecret => {
            stack.webhook_secret = value.to_owned();
            secret::write(&secret::webhook_secret_file()?, value)?;
        }
        Name::JwtKeys => return Ok(()),
    }
    stack.save()
}

/// The Bot API of the stack, where it is deployed already.
///
/// # Errors
/// When AWS does not tell. The token must not go to Telegram's own server because of that: the bot may be of another.
fn telegram_api(target: &Target) -> Result<String> {
    let deployed = cloudformation::parameters_if_any(target)
        .context("the token was not written: whom to ask about it is not known; --unchecked writes it without asking")?;
    Ok(deployed.get("TelegramApiUrl").cloned().unwrap_or(TELEGRAM.to_owned()))
}

fn given(name: Name, file: Option<&PathBuf>) -> Result<String> {
    let text = match file {
        Some(file) => fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?,
        None if io::stdin().is_terminal() => asked(name)?,
        None => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("standard input is no text")?;
            text
        }
    };
    Ok(text.trim().to_owned())
}

/// Asks at the terminal, which shows nothing of it. By a shell, whose trap has the terminal show again what is typed after Ctrl-C, too.
fn asked(name: Name) -> Result<String> {
    const SCRIPT: &str = "stty -echo; trap 'stty echo' EXIT; trap 'exit 130' INT TERM; IFS= read -r line; printf %s \"$line\"";
    eprintln!("{} (it is not shown), then Enter:", name.text());
    let output = Command::new("sh").args(["-c", SCRIPT]).stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
    String::from_utf8(output.context("sh cannot be started")?.stdout).context("it is no text")
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

    #[test]
    fn what_cannot_be_such_a_secret_is_refused_and_not_repeated() {
        let check = |name: Name, text: &str, good: bool| {
            let checked = name.check(text);
            assert_eq!(checked.is_ok(), good, "{name:?}");
            assert!(text.len() < 5 || checked.err().is_none_or(|error| !format!("{error:#}").contains(text)));
        };
        check(Name::BotToken, "7000000001:abcdef", true);
        check(Name::BotToken, "abcdef-123", false);
        check(Name::WebhookSecret, &secret::random(64).unwrap(), true);
        check(Name::WebhookSecret, "with space", false);
        check(Name::WebhookSecret, "", false);
        check(Name::WebhookSecret, &"a".repeat(257), false);
        check(Name::JwtKeys, &keys::signing::first().unwrap(), true);
        check(Name::JwtKeys, r#"{"keys": "secret"}"#, false);
    }

    #[test]
    fn no_secret_is_taken_from_the_command_line() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        assert!(parse("secrets set bot-token 7000000001:abc").is_err());
        assert!(parse("secrets set bot-token --from-file f --random").is_err());
        assert!(parse("secrets set webhook-secret --random --endpoint aws --stack bansync").is_ok());
        assert!(matches!(parse("secrets rotate webhook-secret").unwrap().options.action, Action::Rotate { name: Name::WebhookSecret }));
    }
}
