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
        tell(&format!("sources of {name}"), sources(&stack, function).map(|found| judge_sources(name, &stack.region, &found)));
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

/// The event source mappings of a function: the queues and streams that Lambda reads for it.
fn sources(stack: &Stack, function: &str) -> Result<Vec<Value>> {
    let mut page = json!({"FunctionName": function});
    let mut found = Vec::new();
    loop {
        let mut answer = stack.aws().call("lambda", "list_event_source_mappings", &page)?;
        if let Value::Array(mappings) = answer["EventSourceMappings"].take() {
            found.extend(mappings);
        }
        match answer["NextMarker"].take() {
            Value::String(next) if !next.is_empty() => page["Marker"] = next.into(),
            _ => return Ok(found),
        }
    }
}

/// `State` in EventSourceMappingConfiguration, Lambda API reference. A line for all that are enabled, none for a function without any.
fn judge_sources(name: &str, region: &str, mappings: &[Value]) -> Vec<Finding> {
    let mut enabled = Vec::new();
    let mut findings = Vec::new();
    for mapping in mappings {
        let text = |field: &str| mapping[field].as_str().unwrap_or_default();
        let source = source(text("EventSourceArn"));
        match text("State") {
            "Enabled" => enabled.push(source),
            state @ ("Creating" | "Enabling" | "Updating") => {
                findings.push(Finding::notice(format!("sources of {name}: {source} is {state}"), "look again in a minute"));
            }
            state => findings.push(Finding::wrong(
                format!("sources of {name}: {source} is {state}, and nothing reads it"),
                format!("`aws lambda update-event-source-mapping --enabled --uuid {} --region {region}`, or deploy again", text("UUID")),
            )),
        }
    }
    if !enabled.is_empty() {
        findings.insert(0, Finding::well(format!("sources of {name}: enabled ({})", enabled.join(", "))));
    }
    findings
}

/// A queue's or a table's name: `arn:aws:sqs:eu-west-1:1:a-queue`, `arn:aws:dynamodb:eu-west-1:1:table/a-table/stream/2026-01-01T00:00:00.000`.
fn source(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').last().unwrap_or(arn);
    resource.strip_prefix("table/").and_then(|rest| rest.split('/').next()).unwrap_or(resource)
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

/// Whether Telegram lets the bot ban: bans a test user and lifts the ban. It is asked from here; the stack's functions have no part in it.
/// Not one who is banned already, or an administrator: that would be taken away.
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
        Finding::well(format!(
            "ban: Telegram lets the bot ban user {user} in chat {chat}; the ban is lifted, and a member has to join anew"
        ))
    } else {
        Finding::wrong(
            format!("ban: Telegram does not let the bot ban user {user} in chat {chat}: the user is not banned after it"),
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
    fn every_source_of_a_function_is_enabled() {
        const QUEUE: &str = "arn:aws:sqs:eu-west-1:1:a-queue";
        const STREAM: &str = "arn:aws:dynamodb:eu-west-1:1:table/a-table/stream/2026-01-01T00:00:00.000";
        let check = |states: &[(&str, &str)], expected: &[(Level, &str)]| {
            let mappings: Vec<Value> =
                states.iter().map(|(arn, state)| json!({"EventSourceArn": arn, "State": state, "UUID": "u-1"})).collect();
            let findings = judge_sources("relay", "eu-west-1", &mappings);
            assert_eq!(
                findings.iter().map(|finding| finding.level).collect::<Vec<_>>(),
                expected.iter().map(|(level, _)| *level).collect::<Vec<_>>()
            );
            for (finding, (_, text)) in findings.iter().zip(expected) {
                assert!(finding.to_string().contains(text), "{finding}");
            }
        };
        check(&[], &[]);
        check(&[(QUEUE, "Enabled"), (STREAM, "Enabled")], &[(Well, "enabled (a-queue, a-table)")]);
        check(&[(QUEUE, "Disabled"), (STREAM, "Enabled")], &[(Well, "(a-table)"), (Wrong, "--uuid u-1")]);
        check(&[(STREAM, "Creating")], &[(Notice, "a-table is Creating")]);
        check(&[(STREAM, "Deleting")], &[(Wrong, "a-table is Deleting")]);
        check(&[(QUEUE, "")], &[(Wrong, "nothing reads it")]);
    }

    #[test]
    fn health_routes_are_told_from_others() {
        assert!(is_health("/bans/health/ready") && is_health("/users/health"));
        assert!(!is_health("/api/v1/users/{user_id}"));
    }
}
