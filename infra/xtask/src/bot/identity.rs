//! Who the bot is (`getMe`), and what its owner has set at @BotFather.

use serde_json::Value;

use super::finding::Finding;
use crate::target::Target;

/// From the whole answer to `getMe`.
pub fn judge(answer: &Value, target: &Target) -> Vec<Finding> {
    let me = &answer["result"];
    if answer["ok"] != true || !me.is_object() {
        return vec![refused(answer, target)];
    }
    let name = me["username"].as_str().unwrap_or_default();
    vec![Finding::well(format!("token: it is that of @{name}, {}", me["id"])), groups(me), privacy(me)]
}

fn refused(answer: &Value, target: &Target) -> Finding {
    let why = answer["description"].as_str().unwrap_or("no reason given");
    match answer["error_code"].as_i64() {
        Some(401 | 404) => Finding::wrong(
            format!("token: Telegram refuses it: {why}"),
            format!("`cargo xtask secrets set bot-token{}` writes the one that @BotFather shows", target.options()),
        ),
        _ => Finding::wrong(format!("token: getMe was refused: {why}"), "try again later"),
    }
}

fn groups(me: &Value) -> Finding {
    if me["can_join_groups"] == false {
        return Finding::wrong("groups: nobody can add the bot to one", "send /setjoingroups to @BotFather and enable it");
    }
    Finding::well("groups: the bot can be added")
}

/// An administrator gets every message in either mode, and the bot works as one only.
fn privacy(me: &Value) -> Finding {
    Finding::well(if me["can_read_all_group_messages"] == true {
        "privacy mode: off; the bot does not need that, /setprivacy at @BotFather turns it on"
    } else {
        "privacy mode: on; as an administrator the bot reads commands all the same"
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;
    use crate::aws::Aws;
    use serde_json::json;

    fn target() -> Target {
        Target { aws: Aws::at(None, Some("eu-west-1")).unwrap(), name: "a-stack".to_owned() }
    }

    #[test]
    fn a_bot_that_can_join_groups_is_well_in_either_privacy_mode() {
        for all in [true, false] {
            let me = json!({"id": 7, "username": "b_bot", "can_join_groups": true, "can_read_all_group_messages": all});
            let findings = judge(&json!({"ok": true, "result": me}), &target());
            assert!(findings.iter().all(|finding| finding.level == Level::Well), "{findings:?}");
            assert_eq!(findings[0].to_string(), "✓ token: it is that of @b_bot, 7");
        }
    }

    #[test]
    fn a_bot_that_can_join_no_group_is_told_whom_to_ask() {
        let me = json!({"id": 7, "username": "b_bot", "can_join_groups": false});
        let findings = judge(&json!({"ok": true, "result": me}), &target());
        assert_eq!(findings[1].level, Level::Wrong);
        assert!(findings[1].to_string().contains("/setjoingroups"));
    }

    #[test]
    fn a_refused_token_is_told_from_a_telegram_that_is_busy() {
        let check = |code: i64, advice: &str| {
            let findings = judge(&json!({"ok": false, "error_code": code, "description": "why"}), &target());
            assert_eq!((findings.len(), findings[0].level), (1, Level::Wrong));
            assert!(findings[0].to_string().contains("why") && findings[0].to_string().contains(advice), "{}", findings[0]);
        };
        check(401, "secrets set bot-token --endpoint aws --stack a-stack");
        check(404, "secrets set bot-token --endpoint aws --stack a-stack");
        check(429, "try again later");
    }
}
