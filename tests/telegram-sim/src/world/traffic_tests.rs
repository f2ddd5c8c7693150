use serde_json::{Value, json};

use super::*;

const CHAT: Option<i64> = Some(-5);

fn fired(traffic: &mut Traffic, n: usize) -> Vec<bool> {
    let met = |_| matches!(traffic.admit(0, "banChatMember", CHAT, Some(1)), Verdict::Fault { .. });
    (0..n).map(met).collect()
}

fn retry_after(verdict: Verdict) -> Option<Value> {
    match verdict {
        Verdict::Refuse(error) => Some(error.parameters?["retry_after"].clone()),
        _ => None,
    }
}

#[test]
fn a_fault_meets_the_calls_it_names() {
    let mut traffic = Traffic::default();
    traffic.add_fault(Fault::internal_server_error().method("BanChatMember").chat(-5).user(1));
    let met = |traffic: &mut Traffic, method: &str, chat, user| traffic.admit(0, method, Some(chat), Some(user)) != Verdict::Proceed;
    assert!(met(&mut traffic, "banChatMember", -5, 1));
    assert!(!met(&mut traffic, "unbanChatMember", -5, 1));
    assert!(!met(&mut traffic, "banChatMember", -6, 1));
    assert!(!met(&mut traffic, "banChatMember", -5, 2));
}

#[test]
fn a_fault_fires_so_many_times_or_every_nth_time() {
    let mut traffic = Traffic::default();
    traffic.add_fault(Fault::internal_server_error().times(2));
    assert_eq!(fired(&mut traffic, 3), [true, true, false]);
    assert_eq!(traffic.faults()[0].fired, 2);
    traffic.clear_faults();
    traffic.add_fault(Fault::internal_server_error().every(2));
    assert_eq!(fired(&mut traffic, 4), [false, true, false, true]);
}

#[test]
fn a_fault_is_removed_by_its_id_and_the_others_stay() {
    let mut traffic = Traffic::default();
    let first = traffic.add_fault(Fault::internal_server_error().chat(-5));
    let second = traffic.add_fault(Fault::internal_server_error().chat(-5));
    traffic.remove_fault(first);
    traffic.remove_fault(first);
    assert_eq!(traffic.faults().iter().map(|report| report.id).collect::<Vec<_>>(), [second]);
    assert!(matches!(traffic.admit(0, "getChat", Some(-5), None), Verdict::Fault { id, .. } if id == second));
}

#[test]
fn a_random_fault_fires_in_the_same_order_for_the_same_seed() {
    let run = |seed| {
        let mut traffic = Traffic::default();
        traffic.add_fault(Fault::internal_server_error().probability(0.3, seed));
        fired(&mut traffic, 1000)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let count = run(1).into_iter().filter(|hit| *hit).count();
    assert!((250..350).contains(&count), "{count}");
}

#[test]
fn calls_during_a_flood_wait_are_refused_and_counted() {
    let mut traffic = Traffic::default();
    traffic.add_fault(Fault::too_many_requests(3).times(1).method("banChatMember"));
    assert!(matches!(traffic.admit(0, "banChatMember", CHAT, None), Verdict::Fault { .. }));
    assert_eq!(retry_after(traffic.admit(500, "sendMessage", Some(-9), None)), Some(json!(3)));
    assert_eq!(retry_after(traffic.admit(2500, "getMe", None, None)), Some(json!(1)));
    assert_eq!(traffic.admit(3000, "getMe", None, None), Verdict::Proceed);
    assert_eq!(traffic.counts().calls_during_flood_wait, 2);
}

#[test]
fn calls_within_the_grace_are_refused_but_not_counted() {
    let mut traffic = Traffic::default();
    traffic.limits.flood_grace_ms = 100;
    traffic.add_fault(Fault::too_many_requests(3).times(1));
    traffic.admit(0, "getMe", None, None);
    assert!(retry_after(traffic.admit(99, "getMe", None, None)).is_some());
    assert_eq!(traffic.counts().calls_during_flood_wait, 0);
    traffic.admit(100, "getMe", None, None);
    assert_eq!(traffic.counts().calls_during_flood_wait, 1);
}

#[test]
fn a_flood_wait_can_be_of_one_chat() {
    let mut traffic = Traffic::default();
    let action = FaultAction::TooManyRequests { retry_after: 3, same_chat_only: true };
    traffic.add_fault(Fault::new(action).times(1));
    traffic.admit(0, "sendMessage", CHAT, None);
    assert_eq!(traffic.admit(1, "sendMessage", Some(-6), None), Verdict::Proceed);
    assert!(retry_after(traffic.admit(1, "sendMessage", CHAT, None)).is_some());
}

#[test]
fn the_calls_of_any_one_second_are_limited() {
    let mut traffic = Traffic::default();
    traffic.limits.calls_per_second = Some(2);
    assert_eq!(traffic.admit(0, "getMe", None, None), Verdict::Proceed);
    assert_eq!(traffic.admit(500, "getMe", None, None), Verdict::Proceed);
    assert_eq!(retry_after(traffic.admit(900, "getMe", None, None)), Some(json!(1)));
    assert_eq!(traffic.admit(1000, "getMe", None, None), Verdict::Proceed);
    assert_eq!(traffic.counts().calls_during_flood_wait, 0);
}

#[test]
fn the_messages_to_one_group_are_limited_by_second_and_minute() {
    let mut traffic = Traffic::default();
    traffic.limits.burst_per_chat = 1;
    traffic.limits.messages_per_group_per_minute = Some(2);
    let mut send = |now_ms| retry_after(traffic.admit(now_ms, "sendMessage", CHAT, None));
    assert_eq!(send(0), None);
    assert_eq!(send(10), Some(json!(1)));
    assert_eq!(send(1000), None);
    assert_eq!(send(3000), Some(json!(57)));
    assert_eq!(send(60_000), None);
}

#[test]
fn a_group_with_too_many_messages_takes_no_more_of_them_and_all_else_goes_on() {
    let mut traffic = Traffic::default();
    traffic.limits.messages_per_group_per_minute = Some(2);
    assert_eq!(traffic.admit(0, "sendMessage", CHAT, None), Verdict::Proceed);
    assert_eq!(traffic.admit(1000, "editMessageText", CHAT, None), Verdict::Proceed, "an edit counts as a message");
    assert_eq!(retry_after(traffic.admit(2000, "sendMessage", CHAT, None)), Some(json!(58)));
    for (method, chat) in [("banChatMember", CHAT), ("getChatMember", CHAT), ("answerCallbackQuery", None), ("sendMessage", Some(-6))] {
        assert_eq!(traffic.admit(3000, method, chat, None), Verdict::Proceed, "{method}");
    }
    assert_eq!(traffic.counts().calls_during_flood_wait, 0);
    assert_eq!(retry_after(traffic.admit(3000, "editMessageText", CHAT, None)), Some(json!(57)));
    assert_eq!(traffic.counts().calls_during_flood_wait, 1, "the bot was told to wait");
    assert_eq!(traffic.admit(60_000, "sendMessage", CHAT, None), Verdict::Proceed);
}

#[test]
fn a_chat_takes_a_short_burst_and_then_a_message_a_second() {
    let mut traffic = Traffic::default();
    let mut send = |now_ms| retry_after(traffic.admit(now_ms, "sendMessage", Some(5), None));
    assert_eq!([0; 8].map(&mut send), [const { None }; 8]);
    assert_eq!(send(0), Some(json!(1)));
    assert_eq!([1000, 2000, 2000].map(send), [None, None, Some(json!(1))]);
}

#[test]
fn thirty_messages_a_second_are_taken_in_all_and_other_calls_go_on() {
    let mut traffic = Traffic::default();
    for chat in 1..=30 {
        assert_eq!(traffic.admit(0, "sendMessage", Some(chat), None), Verdict::Proceed);
    }
    assert_eq!(retry_after(traffic.admit(999, "sendMessage", Some(31), None)), Some(json!(1)));
    assert_eq!(traffic.admit(999, "banChatMember", CHAT, None), Verdict::Proceed);
    assert_eq!(traffic.admit(1000, "sendMessage", Some(31), None), Verdict::Proceed);
}

#[test]
fn messages_in_private_have_no_limit_by_the_minute() {
    let mut traffic = Traffic::default();
    traffic.limits.messages_per_group_per_minute = Some(1);
    for _ in 0..3 {
        assert_eq!(traffic.admit(0, "sendMessage", Some(5), None), Verdict::Proceed);
    }
}
