//! Whether the bot can work in a chat (`getChat`, `getChatMember` of the bot itself).

use serde_json::Value;

use super::finding::Finding;

/// From the whole answer to `getChat`. `Ok`: the chat's kind is one that the bot works in, and its rights are worth a look.
pub fn judge_chat(chat: i64, answer: &Value) -> Result<Vec<Finding>, Finding> {
    if answer["ok"] != true {
        return Err(refused(chat, answer));
    }
    let title = answer["result"]["title"].as_str().unwrap_or_default();
    match answer["result"]["type"].as_str().unwrap_or_default() {
        "supergroup" => Ok(vec![Finding::well(format!("chat {chat}: the supergroup “{title}”"))]),
        "group" => Ok(vec![Finding::notice(
            format!("chat {chat}: the basic group “{title}”, where Telegram knows no restrictions and no bans that end"),
            "make it a supergroup: let new members see the history, or give it a public link",
        )]),
        "channel" => Err(Finding::wrong(
            format!("chat {chat}: the channel “{title}”; the bot works in groups"),
            "add the bot to the channel's discussion group, and ask about that one",
        )),
        _ => Err(Finding::wrong(format!("chat {chat}: a private chat; the bot works in groups"), "give the id of a group")),
    }
}

/// From the whole answer to `getChatMember` about the bot.
pub fn judge_member(chat: i64, answer: &Value) -> Vec<Finding> {
    if answer["ok"] != true {
        return vec![refused(chat, answer)];
    }
    let bot = &answer["result"];
    match bot["status"].as_str().unwrap_or_default() {
        "administrator" => rights(chat, bot),
        "left" | "kicked" => vec![gone(chat, "the bot is not in it")],
        _ => vec![Finding::wrong(
            format!("chat {chat}: the bot is no administrator, and learns of no ban"),
            "let an administrator who may add others make it one with the right “Ban users”",
        )],
    }
}

fn rights(chat: i64, bot: &Value) -> Vec<Finding> {
    let has = |right: &str| bot[right] == true;
    let mut findings = Vec::new();
    findings.push(if has("can_restrict_members") {
        Finding::well(format!("chat {chat}: the bot may ban"))
    } else {
        Finding::wrong(
            format!("chat {chat}: the bot may not ban (can_restrict_members)"),
            "let an administrator who may add others give it the right “Ban users”",
        )
    });
    for (right, what, name) in [
        ("can_invite_users", "does not see who asks to join", "Add users"),
        ("can_delete_messages", "cannot delete commands", "Delete messages"),
    ] {
        if !has(right) {
            findings.push(Finding::notice(format!("chat {chat}: the bot {what} ({right})"), format!("give it the right “{name}”")));
        }
    }
    findings
}

fn refused(chat: i64, answer: &Value) -> Finding {
    let why = answer["description"].as_str().unwrap_or("no reason given");
    if let Some(new) = answer["parameters"]["migrate_to_chat_id"].as_i64() {
        return Finding::wrong(
            format!("chat {chat}: the group has become the supergroup {new}"),
            format!("ask about that one: --chat {new}; what was set for the group is moved to it by itself"),
        );
    }
    let said = why.to_lowercase();
    if said.contains("was kicked") || said.contains("is not a member") {
        return gone(chat, "the bot was removed, or has left");
    }
    if said.contains("was deleted") || said.contains("deactivated") {
        return Finding::wrong(format!("chat {chat}: it was deleted"), "nothing can be done: the bot ends what was set for it");
    }
    if said.contains("chat not found") {
        return Finding::wrong(
            format!("chat {chat}: Telegram shows the bot no such chat"),
            "look at the id (those of supergroups begin with -100); if it is right, the bot was never in it: add it",
        );
    }
    Finding::wrong(format!("chat {chat}: Telegram does not tell: {why}"), "try again later")
}

fn gone(chat: i64, what: &str) -> Finding {
    Finding::wrong(format!("chat {chat}: {what}"), "add it as an administrator with the right “Ban users”")
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level::{self, Notice, Well, Wrong};
    use super::*;
    use serde_json::json;

    #[test]
    fn the_bot_works_in_groups_only() {
        let judge = |kind: &str| judge_chat(-5, &json!({"ok": true, "result": {"id": -5, "type": kind, "title": "T"}}));
        assert_eq!(judge("supergroup").unwrap()[0].to_string(), "✓ chat -5: the supergroup “T”");
        assert_eq!(judge("group").unwrap()[0].level, Notice);
        assert!(judge("channel").unwrap_err().to_string().contains("discussion group"));
        assert!(judge("private").unwrap_err().to_string().contains("id of a group"));
    }

    #[test]
    fn a_right_that_is_missing_is_named_and_only_that_to_ban_is_needed() {
        let check = |restrict: bool, invite: bool, delete: bool, expected: &[Level]| {
            let bot = json!({"status": "administrator", "can_restrict_members": restrict, "can_invite_users": invite,
                "can_delete_messages": delete});
            let findings = judge_member(-5, &json!({"ok": true, "result": bot}));
            assert_eq!(findings.iter().map(|finding| finding.level).collect::<Vec<_>>(), expected);
        };
        check(true, true, true, &[Well]);
        check(false, true, true, &[Wrong]);
        check(true, false, true, &[Well, Notice]);
        check(false, false, false, &[Wrong, Notice, Notice]);
    }

    #[test]
    fn who_is_no_administrator_or_not_there_is_told_to_be_made_one() {
        for status in ["member", "restricted", "left", "kicked"] {
            let findings = judge_member(-5, &json!({"ok": true, "result": {"status": status}}));
            assert_eq!((findings.len(), findings[0].level), (1, Wrong), "{status}");
            assert!(findings[0].to_string().contains("“Ban users”"), "{}", findings[0]);
        }
    }

    #[test]
    fn what_telegram_refuses_is_explained() {
        let check = |answer: Value, says: &str| {
            let finding = judge_chat(-5, &answer).unwrap_err();
            assert!(finding.level == Wrong && finding.to_string().contains(says), "{finding}");
            assert_eq!(judge_member(-5, &answer), [finding]);
        };
        let error = |code: i64, description: &str| json!({"ok": false, "error_code": code, "description": description});
        let mut migrated = error(400, "Bad Request: group chat was upgraded to a supergroup chat");
        migrated["parameters"] = json!({"migrate_to_chat_id": -1005});
        check(migrated, "--chat -1005");
        check(error(403, "Forbidden: bot was kicked from the supergroup chat"), "removed");
        check(error(403, "Forbidden: bot is not a member of the channel chat"), "removed");
        check(error(403, "Forbidden: the group chat was deleted"), "it was deleted");
        check(error(400, "Bad Request: chat not found"), "begin with -100");
        check(error(429, "Too Many Requests: retry after 5"), "retry after 5");
    }
}
