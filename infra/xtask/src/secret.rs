//! Secrets of a local deployment: random, in files that only the user can read.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

const USER_ONLY: u32 = 0o600;
/// What Telegram allows in a webhook's secret, and uses in tokens: 64 characters, so a random byte picks evenly.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
/// A bot's id is its user id: ten digits today.
const FIRST_BOT_ID: u64 = 7_000_000_000;

/// Where the bot's token is.
pub fn token_file() -> Result<PathBuf> {
    Ok(workspace::state()?.join("bot-token"))
}

/// Where the webhook's secret is.
pub fn webhook_secret_file() -> Result<PathBuf> {
    Ok(workspace::state()?.join("webhook-secret"))
}

/// A random token as Telegram forms them: `<bot id>:<35 characters>`.
pub fn new_token() -> Result<String> {
    let number = random(4)?.bytes().fold(0u64, |number, byte| number * 64 + u64::from(byte % 64));
    Ok(format!("{}:{}", FIRST_BOT_ID + number, random(35)?))
}

/// Random characters of [`ALPHABET`].
pub fn random(length: usize) -> Result<String> {
    let mut bytes = vec![0; length];
    fill(&mut bytes)?;
    Ok(bytes.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect())
}

/// Random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes)).context("no randomness from /dev/urandom")
}

/// Writes a file that only the user can read.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(USER_ONLY).open(path)?;
        // `mode` is for a file that is new.
        file.set_permissions(Permissions::from_mode(USER_ONLY))?;
        file.write_all(text.as_bytes())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

/// The secret in a file, without the line's end.
pub fn read(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text.trim().to_owned())
}

/// The bot's user id, which its token begins with.
pub fn bot_id(token: &str) -> Result<i64> {
    let id = token.split_once(':').and_then(|(id, _)| id.parse().ok());
    id.context("this is no bot token: @BotFather gives one of the form 1234567890:AA…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_has_telegrams_form() {
        let token = new_token().unwrap();
        let (id, secret) = token.split_once(':').unwrap();
        assert_eq!((id.len(), secret.len()), (10, 35));
        assert_eq!(bot_id(&token).unwrap().to_string(), id);
        assert!(secret.bytes().all(|byte| ALPHABET.contains(&byte)));
    }

    #[test]
    fn something_else_is_no_token() {
        for text in ["", "12", "x:y"] {
            assert!(bot_id(text).is_err(), "{text}");
        }
    }
}
