//! `cargo xtask bot doctor`: asks Telegram and AWS, and prints what is well and what is not.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::commands::{LANGUAGES, Scope};
use super::finding::{Finding, Level};
use super::set_up::PATIENCE;
use super::{Deployment, alarms, chat, delivery, identity, queues};
use crate::poll;
use crate::stack::Stack;
use crate::target::Target;
use crate::telegram::Bot;

/// Fails where anything is wrong.
pub fn doctor(deployment: &Deployment, chats: &[i64]) -> Result<()> {
    let Deployment { stack, bot } = deployment;
    let mut wrong = 0;
    let mut tell = |findings: Vec<Finding>| {
        for finding in findings {
            wrong += usize::from(finding.level == Level::Wrong);
            println!("{finding}");
        }
    };
    // Without an answer to this there is none to the others.
    match bot.ask("getMe", &json!({}), PATIENCE) {
        Ok(me) => {
            tell(identity::judge(&me, &stack.target()));
            if let Some(id) = me["result"]["id"].as_i64() {
                tell(updates(stack, bot).unwrap_or_else(|error| vec![not_told("webhook", &error)]));
                tell(vec![commands(bot).unwrap_or_else(|error| not_told("commands", &error))]);
                for of in chats {
                    tell(in_chat(bot, id, *of).unwrap_or_else(|error| vec![not_told(&format!("chat {of}"), &error)]));
                }
            }
        }
        Err(error) => tell(vec![not_told("token", &error)]),
    }
    let target = stack.target();
    for (name, url) in &stack.queues {
        let answer = target.aws.call("sqs", "get_queue_attributes", &json!({"QueueUrl": url, "AttributeNames": queues::attributes()}));
        tell(vec![answer.map_or_else(|error| not_told(&format!("queue {name}"), &error), |answer| queues::judge(name, &answer))]);
    }
    tell(match all_alarms(&target) {
        Ok(found) => alarms::judge(&found),
        // Not every AWS has them, and what they watch is looked at above.
        Err(error) => vec![Finding::notice(format!("alarms: they cannot be read: {error:#}"), "look at them in CloudWatch")],
    });
    match wrong {
        0 => Ok(()),
        1 => bail!("1 thing is wrong, see above"),
        _ => bail!("{wrong} things are wrong, see above"),
    }
}

pub(super) fn not_told(what: &str, error: &anyhow::Error) -> Finding {
    Finding::wrong(format!("{what}: no answer: {error:#}"), "see that it runs and can be reached from here, then try again")
}

pub(super) fn updates(stack: &Stack, bot: &Bot) -> Result<Vec<Finding>> {
    let info = bot.call("getWebhookInfo", &json!({}), PATIENCE)?;
    if stack.is_polled() {
        return Ok(delivery::judge_polling(&info, poll::find()?.is_some()));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?;
    Ok(delivery::judge_webhook(&info, &stack.webhook_url, i64::try_from(now.as_secs())?))
}

fn commands(bot: &Bot) -> Result<Finding> {
    let mut missing = Vec::new();
    for scope in Scope::ALL {
        for (language, lang) in LANGUAGES {
            let set = bot.call("getMyCommands", &scope.audience(language), PATIENCE)?;
            if set != scope.commands(lang) {
                missing.push(format!("{} ({})", scope.describe(), if language.is_empty() { "all other languages" } else { language }));
            }
        }
    }
    if missing.is_empty() {
        return Ok(Finding::well("commands: set for all scopes and languages"));
    }
    Ok(Finding::wrong(format!("commands: others are set {}", missing.join(", ")), "run `cargo xtask bot set-up`"))
}

fn in_chat(bot: &Bot, id: i64, of: i64) -> Result<Vec<Finding>> {
    let mut findings = match chat::judge_chat(of, &bot.ask("getChat", &json!({"chat_id": of}), PATIENCE)?) {
        Ok(findings) => findings,
        Err(finding) => return Ok(vec![finding]),
    };
    let member = bot.ask("getChatMember", &json!({"chat_id": of, "user_id": id}), PATIENCE)?;
    findings.extend(chat::judge_member(of, &member));
    Ok(findings)
}

/// CloudFormation begins the names of alarms with that of the stack.
pub(super) fn all_alarms(target: &Target) -> Result<Vec<Value>> {
    let mut parameters = json!({"AlarmNamePrefix": format!("{}-", target.name)});
    let mut found = Vec::new();
    loop {
        let mut page = target.aws.call("cloudwatch", "describe_alarms", &parameters)?;
        if let Value::Array(alarms) = page["MetricAlarms"].take() {
            found.extend(alarms);
        }
        match page["NextToken"].as_str() {
            Some(next) => parameters["NextToken"] = next.into(),
            None => return Ok(found),
        }
    }
}
