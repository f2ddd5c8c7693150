use serde_json::json;

use super::*;

const SECOND: i64 = 1000;

fn outbox() -> Outbox {
    let mut outbox = Outbox::new(&Config::default(), 0);
    outbox.webhook = Some(Webhook::new("http://localhost/".into(), None, None));
    outbox.allowed = Some(["chat_member", "message"].map(str::to_owned).into());
    outbox
}

fn push(outbox: &mut Outbox, queue: Queue) -> u32 {
    outbox.push(0, "chat_member", queue, &json!({}));
    outbox.next_update_id - 1
}

fn due_ids(outbox: &mut Outbox, now_ms: i64) -> Vec<u32> {
    outbox.due(now_ms).into_iter().map(|post| post.update_id).collect()
}

fn status(status: u16) -> Outcome {
    Outcome { status: Some(status), error: (status != 200).then(|| format!("{status}")), ..Outcome::default() }
}

#[test]
fn a_failing_update_blocks_its_own_queue_only() {
    let mut outbox = outbox();
    let first = push(&mut outbox, Queue::TargetUser(1));
    let second = push(&mut outbox, Queue::TargetUser(1));
    let other = push(&mut outbox, Queue::TargetUser(2));
    assert_eq!(due_ids(&mut outbox, 0), [first, other]);
    outbox.finished(other, 0, status(200));
    outbox.finished(first, 0, status(500));
    assert_eq!(due_ids(&mut outbox, 0), [first], "the first retry comes at once");
    outbox.finished(first, 0, status(200));
    assert_eq!(due_ids(&mut outbox, 0), [second]);
    assert_eq!(outbox.pending(), 1);
}

#[test]
fn pauses_double_from_two_seconds_to_a_cap_between_one_and_two_minutes() {
    let pauses: Vec<i64> = (1..=5).map(|attempts| pause_ms(attempts, 2 * SECOND, 9) / SECOND).collect();
    assert_eq!(pauses, [0, 2, 4, 8, 16]);
    for attempts in [8, 40, 500] {
        let pause = pause_ms(attempts, 2 * SECOND, 9);
        assert!((60 * SECOND..=120 * SECOND).contains(&pause), "{pause}");
    }
}

#[test]
fn retry_after_is_honoured_up_to_an_hour() {
    let mut outbox = outbox();
    let id = push(&mut outbox, Queue::Chat(1));
    due_ids(&mut outbox, 0);
    outbox.finished(id, 0, Outcome { retry_after: Some(10), ..status(503) });
    assert_eq!(outbox.next_due(), Some(10 * SECOND));
    assert!(due_ids(&mut outbox, 10 * SECOND - 1).is_empty());
    assert_eq!(due_ids(&mut outbox, 10 * SECOND), [id]);
    outbox.finished(id, 0, Outcome { retry_after: Some(90_000), ..status(503) });
    assert_eq!(outbox.next_due(), Some(3600 * SECOND));
}

#[test]
fn no_more_requests_at_once_than_max_connections() {
    let mut outbox = outbox();
    outbox.webhook = Some(Webhook::new("http://localhost/".into(), None, Some(2)));
    let ids: Vec<u32> = (0..3).map(|user| push(&mut outbox, Queue::TargetUser(user))).collect();
    assert_eq!(due_ids(&mut outbox, 0), ids[..2]);
    outbox.finished(ids[1], 0, status(200));
    assert_eq!(due_ids(&mut outbox, 0), ids[2..]);
}

#[test]
fn an_update_expires_after_24_hours() {
    let mut outbox = outbox();
    push(&mut outbox, Queue::Chat(1));
    assert!(due_ids(&mut outbox, EXPIRY_MS).is_empty());
    assert_eq!(outbox.deliveries()[0].state, DeliveryState::Dropped);
    assert_eq!(outbox.pending(), 0);
}

#[test]
fn kinds_not_asked_for_are_not_kept() {
    let mut outbox = outbox();
    outbox.push(0, "my_chat_member", Queue::Chat(1), &json!({}));
    assert_eq!(outbox.pending(), 0);
    outbox.allowed = None;
    outbox.push(0, "chat_member", Queue::TargetUser(1), &json!({}));
    assert_eq!(outbox.pending(), 0);
    outbox.push(0, "my_chat_member", Queue::Chat(1), &json!({}));
    assert_eq!(outbox.pending(), 1);
}

#[test]
fn a_webhook_gone_for_23_hours_is_removed() {
    let mut outbox = outbox();
    let id = push(&mut outbox, Queue::Chat(1));
    for now_ms in [0, GONE_MS] {
        assert_eq!(due_ids(&mut outbox, now_ms), [id]);
        outbox.finished(id, now_ms, status(410));
    }
    assert!(outbox.webhook.is_none());
}

#[test]
fn update_ids_follow_each_other_and_later_starts_begin_higher() {
    let mut outbox = outbox();
    let first = push(&mut outbox, Queue::Chat(1));
    assert_eq!(push(&mut outbox, Queue::Chat(2)), first + 1);
    let now_ms = 1_795_000_000_000;
    assert!(first_update_id(now_ms + 60_000) > first_update_id(now_ms));
    assert!(first_update_id(now_ms) < i32::MAX as u32);
}

#[test]
fn polling_confirms_what_lies_before_the_offset() {
    let mut outbox = outbox();
    let first = push(&mut outbox, Queue::Chat(1));
    push(&mut outbox, Queue::Chat(2));
    assert_eq!(outbox.poll(0, 0, 100).len(), 2);
    assert_eq!(outbox.poll(0, i64::from(first) + 1, 100).len(), 1);
    assert_eq!(outbox.poll(0, -1, 100).len(), 1);
    assert_eq!(outbox.pending(), 1);
}

#[test]
fn the_last_error_is_shown() {
    let mut outbox = outbox();
    let id = push(&mut outbox, Queue::Chat(1));
    due_ids(&mut outbox, 0);
    outbox.finished(id, 7 * SECOND, status(500));
    let info = outbox.info();
    assert_eq!(info["last_error_message"], "500");
    assert_eq!(info["last_error_date"], 7);
    assert_eq!(info["pending_update_count"], 1);
}
