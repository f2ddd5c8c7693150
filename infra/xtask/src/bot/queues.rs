//! What waits in a queue, and what was given up (`GetQueueAttributes`).

use serde_json::{Value, json};

use super::finding::Finding;

/// Of chunks and messages, which are worked on at up to 30 calls of Telegram a second: what waits longer than some minutes.
const MANY: u64 = 1000;

/// The attributes that are judged.
pub fn attributes() -> Value {
    json!(["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible"])
}

/// `name`: its key in `Stack::queues`; dead letter queues end in `_dlq`.
pub fn judge(name: &str, answer: &Value) -> Finding {
    let number = |attribute: &str| answer["Attributes"][attribute].as_str().and_then(|number| number.parse::<u64>().ok());
    let Some(waiting) = number("ApproximateNumberOfMessages") else {
        return Finding::notice(format!("queue {name}: AWS does not tell how many messages wait"), "try again later");
    };
    let [delayed, taken] =
        ["ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible"].map(|name| number(name).unwrap_or_default());
    match name.strip_suffix("_dlq") {
        // Who looks at the messages hides them for a while.
        Some(_) if waiting + taken == 0 => Finding::well(format!("queue {name}: nothing was given up")),
        Some(of) => Finding::wrong(
            format!("queue {name}: {} given up", waiting + taken),
            format!("`cargo xtask dlq show {of}` tells what and why; mend the cause, then `cargo xtask dlq redrive {of}`"),
        ),
        None => {
            let text = format!("queue {name}: {waiting} wait, {delayed} are for later, {taken} are being worked on");
            if waiting < MANY {
                Finding::well(text)
            } else {
                Finding::notice(text, "look again in a minute: there should be fewer; a flood wait of Telegram stops the work for a while")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level::{self, Notice, Well, Wrong};
    use super::*;

    #[test]
    fn a_queue_may_be_busy_and_a_dead_letter_queue_is_empty() {
        let check = |name: &str, [waiting, delayed, taken]: [u64; 3], expected: Level| {
            let answer = json!({"Attributes": {"ApproximateNumberOfMessages": waiting.to_string(),
                "ApproximateNumberOfMessagesDelayed": delayed.to_string(), "ApproximateNumberOfMessagesNotVisible": taken.to_string()}});
            let finding = judge(name, &answer);
            assert_eq!(finding.level, expected, "{finding}");
            finding.to_string()
        };
        check("sync", [0, 0, 0], Well);
        check("sync", [3, 2000, 10], Well);
        check("notification", [1000, 0, 0], Notice);
        check("sync_dlq", [0, 0, 0], Well);
        check("events_dlq", [0, 0, 1], Wrong);
        assert!(check("notification_dlq", [2, 0, 0], Wrong).contains("`cargo xtask dlq show notification`"));
    }

    #[test]
    fn an_answer_without_a_number_is_not_taken_for_an_empty_queue() {
        assert_eq!(judge("sync_dlq", &json!({})).level, Notice);
    }
}
