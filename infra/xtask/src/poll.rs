//! `cargo xtask poll`: the bridge between real Telegram and a webhook on this machine. Telegram delivers only to public
//! addresses, so this asks for updates by long polling and posts them to the webhook as Telegram would.

use std::env;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::service::Service;
use crate::stack::Stack;
use crate::telegram::{ALLOWED_UPDATES, Bot, agent};
use crate::{secret, workspace};

const NAME: &str = "telegram-poll";

/// How long Telegram may hold a question open; the answer comes at once when there is an update.
const LONG_POLL: Duration = Duration::from_secs(50);
/// The webhook's own limit is that of API Gateway, 30 s.
const DELIVERY: Duration = Duration::from_secs(35);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Starts the bridge in the background.
pub fn start() -> Result<Service> {
    let program = env::current_exe().context("xtask does not know its own program")?;
    Service::start(NAME, "", Command::new(program).arg("poll").current_dir(workspace::root()?))
}

/// The bridge, where it was started and still runs.
pub fn find() -> Result<Option<Service>> {
    Ok(Service::find(NAME)?.filter(Service::alive))
}

/// Runs the bridge until it is stopped.
pub fn poll() -> Result<()> {
    let stack = Stack::load()?;
    let bot = Bot { api: stack.telegram_api.clone(), token: secret::read(&secret::token_file()?)? };
    // While a webhook is set, getUpdates answers 409. Updates that wait are kept.
    patiently(|| bot.call("deleteWebhook", &json!({"drop_pending_updates": false}), Duration::from_secs(30)));
    let mut offset = 0;
    loop {
        let parameters = json!({"offset": offset, "timeout": LONG_POLL.as_secs(), "allowed_updates": ALLOWED_UPDATES});
        let updates = patiently(|| bot.call("getUpdates", &parameters, LONG_POLL + Duration::from_secs(15)));
        for update in updates.as_array().into_iter().flatten() {
            let id = update["update_id"].as_i64().context("an update without an id")?;
            // Read again at each try: the secret may have been rotated.
            patiently(|| deliver(&Stack::load()?, update));
            println!("update {id} delivered");
            // Only now: an offset beyond an update tells Telegram to forget it.
            offset = id + 1;
        }
    }
}

fn deliver(stack: &Stack, update: &Value) -> Result<()> {
    let request = agent(&stack.webhook_url, DELIVERY).post(&stack.webhook_url);
    let answer = request.header("X-Telegram-Bot-Api-Secret-Token", &stack.webhook_secret).send_json(update)?;
    ensure!(answer.status().is_success(), "the webhook answered {} to update {}", answer.status(), update["update_id"]);
    Ok(())
}

/// Tries until it works, with growing pauses.
fn patiently<T>(mut action: impl FnMut() -> Result<T>) -> T {
    let mut pause = Duration::from_secs(1);
    loop {
        match action() {
            Ok(value) => return value,
            Err(error) => eprintln!("{error:#}; again in {} s", pause.as_secs()),
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
