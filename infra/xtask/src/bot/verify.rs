//! `cargo xtask verify`: whether a stack that was just deployed works, from outside: a line a check. It changes nothing, but for the ban of a
//! test user where one is named.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::doctor::{self, all_alarms, not_told};
use super::finding::{Finding, Level};
use super::set_up::PATIENCE;
use super::{Deployment, alarms, deployment, identity, queues};
use crate::stack::Stack;
use crate::telegram::{Bot, agent};
use crate::{cloudformation, secret, setup, target, workspace};

/// A first call starts a function.
const FIRST_CALL: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
#[group(id = "verify")]
pub struct Options {
    /// A test chat in which the bot may ban
    #[arg(long, value_name = "ID", allow_negative_numbers = true, requires = "user")]
    chat: Option<i64>,
    /// A test user, whom the bot bans there and lets in again
    #[arg(long, value_name = "ID", requires = "chat")]
    user: Option<i64>,
    #[command(flatten)]
    target: target::Options,
}

pub fn verify(options: &Options) -> Result<()> {
    setup::local_aws()?;
    let Deployment { stack, bot } = deployment(&options.target)?;
    println!("Stack {} in {} at {}", stack.name, stack.region, stack.aws().name());
    let mut wrong = 0;
    let mut tell = |what: &str, found: Result<Vec<Finding>>| {
        for finding in found.unwrap_or_else(|error| vec![not_told(what, &error)]) {
            wrong += usize::from(finding.level == Level::Wrong);
            println!("{finding}");
        }
    };
    tell("stack", of_stack(&stack));
    for (name, function) in &stack.functions {
        tell(&format!("function {name}"), of_function(&stack, name, function).map(|finding| vec![finding]));
    }
    tell("REST API", health(&stack));
    tell("webhook", webhook(&stack));
    tell("token", bot.ask("getMe", &json!({}), PATIENCE).map(|me| identity::judge(&me, &stack.target())));
    tell("webhook", doctor::updates(&stack, &bot));
    tell("alarms", all_alarms(&stack.target()).map(|found| alarms::judge(&found)));
    for (name, url) in stack.queues.iter().filter(|(name, _)| name.ends_with("_dlq")) {
        let attributes = json!({"QueueUrl": url, "AttributeNames": queues::attributes()});
        tell(
            &format!("queue {name}"),
            stack.aws().call("sqs", "get_queue_attributes", &attributes).map(|answer| vec![queues::judge(name, &answer)]),
        );
    }
    if let (Some(chat), Some(user)) = (options.chat, options.user) {
        tell("ban", ban(&bot, chat, user).map(|finding| vec![finding]));
    }
    match wrong {
        0 => {
            println!("All is well.");
            Ok(())
        }
        1 => bail!("1 check failed, see above"),
        _ => bail!("{wrong} checks failed, see above"),
    }
}

fn of_stack(stack: &Stack) -> Result<Vec<Finding>> {
    Ok(vec![judge_status(&cloudformation::status(&stack.target())?)])
}

/// See "Stack status codes", CloudFormation User Guide.
fn judge_status(status: &str) -> Finding {
    let text = format!("stack: {status}");
    match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Finding::well(text),
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => Finding::notice(text, "it deletes what the update replaced; look again in a minute"),
        _ if status.contains("ROLLBACK") => Finding::wrong(text, "the last deploy failed: the stack's events tell why; deploy again"),
        _ => Finding::wrong(text, "wait for its end, and look at the stack's events"),
    }
}

fn of_function(stack: &Stack, name: &str, function: &str) -> Result<Finding> {
    Ok(judge_function(name, &stack.aws().call("lambda", "get_function_configuration", &json!({"FunctionName": function}))?))
}

/// `State` and `LastUpdateStatus` of GetFunctionConfiguration in the Lambda API reference.
fn judge_function(name: &str, answer: &Value) -> Finding {
    let text = |field: &str| answer[field].as_str().unwrap_or_default();
    let code: String = text("CodeSha256").chars().take(12).collect();
    if code.is_empty() {
        return Finding::wrong(format!("function {name}: it has no code"), "deploy again");
    }
    match (text("State"), text("LastUpdateStatus")) {
        // Lambda puts away what was not called for weeks, and wakes it at the next call.
        ("Active" | "Inactive", "Successful") => Finding::well(format!("function {name}: active, code {code}…")),
        ("Pending", _) | (_, "InProgress") => Finding::notice(format!("function {name}: it is being made ready"), "look again in a minute"),
        (state, update) => {
            let why = [text("StateReason"), text("LastUpdateStatusReason")].join(" ");
            Finding::wrong(format!("function {name}: {state}, last update {update} {}", why.trim()), "deploy again")
        }
    }
}

/// Every health route of the API's description.
fn health(stack: &Stack) -> Result<Vec<Finding>> {
    let Some(api) = &stack.api_url else { return Ok(vec![Finding::well("REST API: the stack has none")]) };
    let description = fs::read_to_string(workspace::root()?.join("infra/openapi.json")).context("infra/openapi.json cannot be read")?;
    let description: Value = serde_json::from_str(&description).context("infra/openapi.json is no JSON")?;
    let paths: Vec<&String> =
        description["paths"].as_object().into_iter().flat_map(|paths| paths.keys()).filter(|path| is_health(path)).collect();
    let mut findings = Vec::new();
    for path in &paths {
        let answer = agent(api, FIRST_CALL).get(format!("{api}{path}")).call()?;
        if answer.status() != 200 {
            findings.push(Finding::wrong(
                format!("REST API: {path} answers {}", answer.status()),
                "read the log of its function: `cargo xtask logs`",
            ));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::well(format!("REST API: {} health routes answer 200", paths.len())));
    }
    Ok(findings)
}

fn is_health(path: &str) -> bool {
    path.split('/').any(|part| part == "health")
}

/// What Telegram would do with an update of a kind that is not read, and what somebody else would.
fn webhook(stack: &Stack) -> Result<Vec<Finding>> {
    let signed = post(stack, &stack.webhook_secret)?;
    let forged = post(stack, &secret::random(64)?)?;
    Ok(vec![
        match signed {
            200 => Finding::well("webhook: it takes an update with its secret"),
            401 | 403 => Finding::wrong(
                format!("webhook: it answers {signed} to an update with its secret"),
                "a function reads a changed secret again within 5 minutes; then look again, and at the log of the function webhook",
            ),
            _ => Finding::wrong(
                format!("webhook: it answers {signed} to an update"),
                "read the log of the function webhook: `cargo xtask logs webhook`",
            ),
        },
        match forged {
            401 | 403 => Finding::well(format!("webhook: it refuses another secret ({forged})")),
            _ => Finding::wrong(
                format!("webhook: it answers {forged} to an update with a wrong secret"),
                "anybody could send updates: take the webhook down",
            ),
        },
    ])
}

/// The status of the answer.
fn post(stack: &Stack, secret: &str) -> Result<u16> {
    // An id that Telegram gives nobody, and a kind that the bot never asks for.
    let update = json!({"update_id": 0, "poll": {}});
    let request = agent(&stack.webhook_url, FIRST_CALL).post(&stack.webhook_url);
    Ok(request.header("X-Telegram-Bot-Api-Secret-Token", secret).send_json(update)?.status().as_u16())
}

/// Bans a test user and lifts the ban. Not one who is banned already, or an administrator: that would be taken away.
fn ban(bot: &Bot, chat: i64, user: i64) -> Result<Finding> {
    let of = json!({"chat_id": chat, "user_id": user});
    let before = bot.call("getChatMember", &of, PATIENCE)?;
    if let status @ ("creator" | "administrator" | "kicked" | "restricted") = before["status"].as_str().unwrap_or_default() {
        return Ok(Finding::wrong(
            format!("ban: user {user} is {status} in chat {chat}"),
            "name a test user who is a plain member, or none",
        ));
    }
    bot.call("banChatMember", &of, PATIENCE)?;
    let banned = bot.call("getChatMember", &of, PATIENCE);
    bot.call("unbanChatMember", &json!({"chat_id": chat, "user_id": user, "only_if_banned": true}), PATIENCE)
        .with_context(|| format!("user {user} is still banned in chat {chat}: lift it by hand"))?;
    Ok(if banned?["status"] == "kicked" {
        Finding::well(format!("ban: user {user} was banned in chat {chat} and let in again; who was a member has to join anew"))
    } else {
        Finding::wrong(
            format!("ban: user {user} was not banned in chat {chat}"),
            "look at the bot's rights: `cargo xtask bot doctor --chat`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level::{Notice, Well, Wrong};
    use super::*;

    #[test]
    fn only_a_stack_whose_last_deploy_succeeded_is_well() {
        let check = |status: &str, expected: Level| assert_eq!(judge_status(status).level, expected, "{status}");
        check("CREATE_COMPLETE", Well);
        check("UPDATE_COMPLETE", Well);
        check("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Notice);
        for status in ["UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS", "DELETE_FAILED"] {
            check(status, Wrong);
        }
    }

    #[test]
    fn a_function_is_active_and_has_code() {
        let check = |state: &str, update: &str, code: &str, expected: Level| {
            let finding = judge_function("relay", &json!({"State": state, "LastUpdateStatus": update, "CodeSha256": code}));
            assert_eq!(finding.level, expected, "{finding}");
        };
        check("Active", "Successful", "pxFaZ7qt+4rzYPWP=", Well);
        check("Active", "InProgress", "pxFaZ7qt+4rzYPWP=", Notice);
        check("Active", "Failed", "pxFaZ7qt+4rzYPWP=", Wrong);
        check("Failed", "Successful", "pxFaZ7qt+4rzYPWP=", Wrong);
        check("Active", "Successful", "", Wrong);
    }

    #[test]
    fn health_routes_are_told_from_others() {
        assert!(is_health("/bans/health/ready") && is_health("/users/health"));
        assert!(!is_health("/api/v1/users/{user_id}"));
    }
}
