//! How updates reach the bot (`getWebhookInfo`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::Finding;
use crate::telegram::{ALLOWED_UPDATES, MAX_CONNECTIONS};

/// A failed delivery is tried again with growing pauses, the longest of which is an hour: an older failure is over.
const RECENT_SECONDS: i64 = 3600;

/// More updates than this do not wait while all goes well.
const MANY: i64 = 100;

const SET_UP: &str = "run `cargo xtask bot set-up`";

/// From the result of `getWebhookInfo`, where updates are to come to `url`. `now`: Unix seconds.
pub fn judge_webhook(info: &Value, url: &str, now: i64) -> Vec<Finding> {
    let set = info["url"].as_str().unwrap_or_default();
    if set.is_empty() {
        return vec![Finding::wrong("webhook: none is set, no update arrives", SET_UP)];
    }
    if set != url {
        return vec![Finding::wrong(format!("webhook: updates go to {set}, the stack's is {url}"), SET_UP)];
    }
    vec![Finding::well(format!("webhook: {url}")), kinds(info), connections(info), deliveries(info, now)]
}

/// From the result of `getWebhookInfo`, where updates are fetched. `fetched`: whether the service that does so runs.
pub fn judge_polling(info: &Value, fetched: bool) -> Vec<Finding> {
    let set = info["url"].as_str().unwrap_or_default();
    let webhook = if set.is_empty() {
        Finding::well("webhook: none, as updates are fetched")
    } else {
        Finding::wrong(
            format!("webhook: updates go to {set}, so that none can be fetched"),
            "run `cargo xtask up`, which removes the webhook",
        )
    };
    let service = if fetched {
        Finding::well("long polling: it runs")
    } else {
        Finding::wrong("long polling: it does not run, no update arrives", "run `cargo xtask up`, which starts it")
    };
    vec![webhook, service, waiting(info)]
}

fn kinds(info: &Value) -> Finding {
    let named: BTreeSet<&str> = info["allowed_updates"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let missing: Vec<&str> = ALLOWED_UPDATES.into_iter().filter(|kind| !named.contains(kind)).collect();
    if !missing.is_empty() {
        return Finding::wrong(format!("kinds of updates: Telegram does not send {}", missing.join(", ")), SET_UP);
    }
    let useless: Vec<&str> = named.into_iter().filter(|kind| !ALLOWED_UPDATES.contains(kind)).collect();
    if !useless.is_empty() {
        return Finding::notice(format!("kinds of updates: {} is sent and not read", useless.join(", ")), SET_UP);
    }
    Finding::well("kinds of updates: all that the bot reads")
}

/// Telegram leaves the number out where it is its default, which is ours.
fn connections(info: &Value) -> Finding {
    match info["max_connections"].as_u64() {
        Some(set) if set != u64::from(MAX_CONNECTIONS) => {
            Finding::notice(format!("connections: Telegram opens up to {set}, not {MAX_CONNECTIONS}"), SET_UP)
        }
        _ => Finding::well(format!("connections: up to {MAX_CONNECTIONS}")),
    }
}

fn deliveries(info: &Value, now: i64) -> Finding {
    let failed_at = info["last_error_date"].as_i64().filter(|at| now - at < RECENT_SECONDS);
    let Some(at) = failed_at else { return waiting(info) };
    let why = info["last_error_message"].as_str().unwrap_or("no reason given");
    let (ago, pending) = ((now - at).max(0), pending(info));
    let text = format!("deliveries: one failed {ago} s ago ({why}), {pending} wait");
    let advice = if why.contains("401") {
        "Telegram has another secret than the webhook: run `cargo xtask bot set-up`; functions read a changed secret again within 5 minutes"
    } else {
        "read the log of the function webhook; Telegram tries again by itself for a day"
    };
    if pending > 0 { Finding::wrong(text, advice) } else { Finding::notice(text, advice) }
}

fn waiting(info: &Value) -> Finding {
    match pending(info) {
        many @ MANY.. => Finding::notice(format!("deliveries: {many} updates wait"), "look again in a minute: there should be fewer"),
        few => Finding::well(format!("deliveries: {few} updates wait")),
    }
}

fn pending(info: &Value) -> i64 {
    info["pending_update_count"].as_i64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level::{self, Notice, Well, Wrong};
    use super::*;
    use serde_json::json;

    const URL: &str = "https://x.example/telegram/webhook";
    const NOW: i64 = 1_800_000_000;

    fn info() -> Value {
        json!({"url": URL, "allowed_updates": ALLOWED_UPDATES, "max_connections": MAX_CONNECTIONS, "pending_update_count": 0})
    }

    fn changed(field: &str, value: Value) -> Value {
        let mut info = info();
        info[field] = value;
        info
    }

    fn levels(findings: &[Finding]) -> Vec<Level> {
        findings.iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_webhook_is_well_or_what_is_wrong_with_it_is_told() {
        let check = |info: Value, expected: &[Level]| assert_eq!(levels(&judge_webhook(&info, URL, NOW)), expected, "{info}");
        check(info(), &[Well, Well, Well, Well]);
        check(changed("url", json!("")), &[Wrong]);
        check(changed("url", json!("https://other.example")), &[Wrong]);
        check(changed("allowed_updates", json!(["message"])), &[Well, Wrong, Well, Well]);
        check(changed("allowed_updates", Value::Null), &[Well, Wrong, Well, Well]);
        check(changed("max_connections", Value::Null), &[Well, Well, Well, Well]);
        check(changed("max_connections", json!(1)), &[Well, Well, Notice, Well]);
        check(changed("pending_update_count", json!(5)), &[Well, Well, Well, Well]);
        check(changed("pending_update_count", json!(500)), &[Well, Well, Well, Notice]);
        let mut more = info();
        more["allowed_updates"].as_array_mut().unwrap().push(json!("poll"));
        check(more, &[Well, Notice, Well, Well]);
    }

    #[test]
    fn a_kind_that_is_left_out_is_named() {
        let kinds: Vec<&str> = ALLOWED_UPDATES.into_iter().filter(|kind| *kind != "chat_member").collect();
        let findings = judge_webhook(&changed("allowed_updates", json!(kinds)), URL, NOW);
        assert!(findings[1].to_string().contains("does not send chat_member\n"), "{}", findings[1]);
    }

    #[test]
    fn a_failed_delivery_counts_while_it_is_recent_and_is_wrong_while_updates_wait() {
        let check = |at: i64, waiting: i64, expected: Level| {
            let mut info = changed("last_error_date", json!(at));
            info["last_error_message"] = json!("Wrong response from the webhook: 401 Unauthorized");
            info["pending_update_count"] = json!(waiting);
            let finding = judge_webhook(&info, URL, NOW).pop().unwrap();
            assert_eq!(finding.level, expected, "{finding}");
            assert_eq!(finding.to_string().contains("another secret"), expected != Well, "{finding}");
        };
        check(NOW - 10, 3, Wrong);
        check(NOW - 10, 0, Notice);
        check(NOW - 7200, 3, Well);
    }

    #[test]
    fn fetching_needs_its_service_and_no_webhook() {
        let none = changed("url", json!(""));
        assert_eq!(levels(&judge_polling(&none, true)), [Well, Well, Well]);
        assert_eq!(levels(&judge_polling(&none, false)), [Well, Wrong, Well]);
        assert_eq!(levels(&judge_polling(&info(), true)), [Wrong, Well, Well]);
    }
}
