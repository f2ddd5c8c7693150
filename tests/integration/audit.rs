//! What programs change is noted, and a request that comes again is carried out once.

use crate::caller::Caller;
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use domain::ids::{ChatId, UserId};
use domain::subscription::{Source, Subscription};
use futures_util::future::join_all;
use serde_json::{Value, json};
use telegram_sim::control::{CallFilter, Fault, FaultAction};

impl Caller<'_> {
    /// What the log says of a request, looked for among the newest. Others change things at the same time.
    async fn noted(&self, correlation_id: &str) -> Result<Option<Value>> {
        let newest = self.list_some("audit", 5).await?;
        Ok(newest.into_iter().find(|entry| entry["correlation_id"] == correlation_id))
    }

    /// The items of a list's first pages.
    async fn list_some(&self, path: &str, pages: usize) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        for _ in 0..pages {
            let body = self.there(&format!("{path}?limit=100{cursor}")).await?;
            items.extend(body["items"].as_array().context("a page has items")?.iter().cloned());
            match body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(items)
    }
}

#[tokio::test]
async fn whoever_changes_something_by_a_key_is_found_in_the_log_by_ids_alone() -> Result<()> {
    let play = Play::begin().await?;
    let (operator, auditor) = (play.operator().await?, play.caller(&["audit:read"]).await?);
    let user = play.person("Mallory").await?;
    let begun = aws::time::now();
    let made = operator.post("users", json!({ "user_id": user, "first_name": "Secretname" })).await?;
    ensure!(made.status == 201, "{}", made.body);
    let id = made.headers["x-correlation-id"].to_str()?.to_owned();
    let entry = auditor.noted(&id).await?.context("the change is noted")?;
    assert_eq!((&entry["operation"], &entry["status"]), (&json!("POST /api/v1/users"), &json!(201)), "{entry}");
    assert_eq!(entry["objects"], json!({ "user_id": [user] }));
    assert!(entry["subject"].as_str().is_some_and(|subject| subject.starts_with("key:")) && entry["at"].as_i64() >= Some(begun), "{entry}");
    assert!(!entry.to_string().contains("Secretname"), "{entry}");

    // What was refused has changed nothing, and neither has a look.
    for answer in
        [operator.post("users", json!({ "user_id": user, "first_name": "B" })).await?, operator.get(&format!("users/{user}")).await?]
    {
        let id = answer.headers["x-correlation-id"].to_str()?;
        assert_eq!(auditor.noted(id).await?, None, "{}", answer.status);
    }
    let gone = operator.delete(&format!("users/{user}")).await?;
    assert_eq!(gone.status, 204);
    let entry = auditor.noted(gone.headers["x-correlation-id"].to_str()?).await?.context("the change is noted")?;
    assert_eq!((&entry["operation"], &entry["objects"]["user_id"]), (&json!("DELETE /api/v1/users/{user_id}"), &json!([user])), "{entry}");

    let newest = auditor.list_some("audit", 1).await?;
    let at: Vec<_> = newest.iter().filter_map(|entry| entry["at"].as_i64()).collect();
    assert!(at.is_sorted_by(|newer, older| newer >= older), "{at:?}");
    let (first, rest) = (auditor.there("audit?limit=1").await?, operator.get("audit").await?);
    assert_eq!((first["items"].as_array().map(Vec::len), rest.status), (Some(1), 403));
    assert_eq!(auditor.get("audit?cursor=x").await?.body["code"], "bad_cursor");
    Ok(())
}

#[tokio::test]
async fn a_ban_of_a_program_is_noted_even_where_no_more_than_the_ban_was_done() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS knows no faults");
    }
    let (caller, auditor) = (play.caller(&["telegram:write"]).await?, play.caller(&["audit:read"]).await?);
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let down = json!({ "service": "dynamodb", "resource": play.stack.tables["bans"], "contains": mallory.to_string() });
    let down = play.stack.fail(down).await?;
    let ban = json!({ "chat_id": chat, "user_id": mallory });
    let failed = caller.post_once("/api/ban_user", "b-1", &ban).await?;
    assert_eq!((failed.status, play.telegram.is_banned(chat, mallory).await?), (503, true), "{}", failed.body);
    down.heal().await?;
    let entry = auditor.noted(failed.headers["x-correlation-id"].to_str()?).await?.context("the change is noted")?;
    assert_eq!((&entry["operation"], &entry["status"]), (&json!("POST /api/ban_user"), &json!(503)), "{entry}");
    assert_eq!(entry["objects"], json!({ "chat_id": [chat], "user_id": [mallory] }));
    // The same request does it again.
    let done = caller.post_once("/api/ban_user", "b-1", &ban).await?;
    assert_eq!(done.status, 200, "{}", done.body);
    let events = play.registrar().await?.there(&format!("events/chat/{chat}")).await?["items"].take();
    assert_eq!((&events[0]["event_type"], &events[0]["user_id"]), (&json!("ban"), &json!(mallory)), "{events}");
    Ok(())
}

#[tokio::test]
async fn a_programs_ban_that_stands_in_the_history_alone_is_one_decision_when_it_is_asked_for_again() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS knows no faults");
    }
    let caller = play.caller(&["telegram:write"]).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    // The ledger cannot be written.
    let down = json!({ "service": "dynamodb", "resource": play.stack.tables["sync"], "contains": mallory.to_string() });
    let down = play.stack.fail(down).await?;
    let ban = json!({ "chat_id": chat, "user_id": mallory });
    let failed = caller.post_once("/api/ban_user", "b-1", &ban).await?;
    assert_eq!(failed.status, 503, "{}", failed.body);
    down.heal().await?;
    let done = caller.post_once("/api/ban_user", "b-1", &ban).await?;
    assert_eq!(done.status, 200, "{}", done.body);
    let events = play.registrar().await?.there(&format!("events/chat/{chat}")).await?["items"].take();
    assert_eq!(events.as_array().map(Vec::len), Some(1), "{events}");
    assert_eq!(play.syncs.entries(ChatId(chat), UserId(mallory)).await?.len(), 1);
    // A key that is free again may come with another request.
    let kim = play.person("Kim").await?;
    let down =
        play.stack.fail(json!({ "service": "dynamodb", "resource": play.stack.tables["sync"], "contains": kim.to_string() })).await?;
    assert_eq!(caller.post_once("/api/ban_user", "b-2", &json!({ "chat_id": chat, "user_id": kim })).await?.status, 503);
    down.heal().await?;
    let other = json!({ "chat_id": chat, "user_id": mallory });
    assert_eq!(caller.post_once("/api/ban_user", "b-2", &other).await?.status, 200);
    let events = play.registrar().await?.there(&format!("events/chat/{chat}")).await?["items"].take();
    let of = |user: i64| events.as_array().into_iter().flatten().filter(|event| event["user_id"] == user).count();
    assert_eq!((of(mallory), of(kim)), (2, 1), "{events}");
    Ok(())
}

#[tokio::test]
async fn a_ban_of_which_telegram_says_nothing_in_time_is_noted_and_may_be_asked_for_again() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, auditor) = (play.caller(&["telegram:write"]).await?, play.caller(&["audit:read"]).await?);
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let late = Fault::new(FaultAction::Slow { ms: 7000 }).after_effect().method("banChatMember").chat(chat).times(1);
    let _late = play.fault(late).await?;
    let ban = json!({ "chat_id": chat, "user_id": mallory });
    let failed = caller.post_once("/api/ban_user", "b-1", &ban).await?;
    assert_eq!(failed.status, 503, "{}", failed.body);
    let entry = auditor.noted(failed.headers["x-correlation-id"].to_str()?).await?.context("the change is noted")?;
    assert_eq!((&entry["status"], &entry["objects"]["user_id"]), (&json!(503), &json!([mallory])), "{entry}");
    let done = caller.post_once("/api/ban_user", "b-1", &ban).await?;
    assert_eq!(done.status, 200, "{}", done.body);
    Ok(())
}

#[tokio::test]
async fn a_bulk_of_long_nonsense_is_answered_shortly_and_what_it_did_is_noted() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, auditor) = (play.caller(&["bans:write"]).await?, play.caller(&["audit:read"]).await?);
    let user = play.person("Mallory").await?;
    let good = json!({ "user_id": user, "chat_id": -1_009_000_000_001_i64, "event_type": "ban", "event_timestamp": aws::time::now() - 60 });
    // Quoted and written as JSON, a byte of this is seven.
    let nonsense = || json!({ "user_id": "\u{7f}".repeat(65_000) });
    let rows: Vec<_> = std::iter::once(good).chain((0..15).map(|_| nonsense())).collect();
    let told = caller.post("events/bulk", json!({ "events": rows })).await?;
    assert_eq!((told.status, &told.body["created"], &told.body["invalid"]), (200, &json!(1), &json!(15)));
    ensure!(told.body.to_string().len() < 20_000, "{} bytes", told.body.to_string().len());
    let entry = auditor.noted(told.headers["x-correlation-id"].to_str()?).await?.context("the bulk is noted")?;
    assert_eq!(entry["objects"]["event_id"][0], told.body["results"][0]["event_id"], "{entry}");
    Ok(())
}

#[tokio::test]
async fn an_entry_of_the_log_names_no_id_that_the_change_did_not_read() -> Result<()> {
    let play = Play::begin().await?;
    let (operator, auditor) = (play.operator().await?, play.caller(&["audit:read"]).await?);
    let (user, other) = (play.person("Mallory").await?, play.person("Nobody").await?);
    let many: Vec<i64> = (0..70_000).map(|n| 9_000_000_000 + n).collect();
    for body in [json!({ "user_id": [other], "chat_ids": [-5] }), json!({ "chat_ids": many })] {
        let done = operator.call("DELETE", &format!("users/{user}/data"), Some(body)).await?;
        ensure!((200..300).contains(&done.status), "{} {}", done.status, done.body);
        let entry = auditor.noted(done.headers["x-correlation-id"].to_str()?).await?.context("the change is noted")?;
        assert_eq!(entry["objects"], json!({ "user_id": [user] }), "{entry}");
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_may_be_there_though_telegram_broke_off_is_noted() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, auditor) = (play.caller(&["telegram:write"]).await?, play.caller(&["audit:read"]).await?);
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let _broken = play.fault(Fault::new(FaultAction::Close).after_effect().method("sendMessage").chat(chat)).await?;
    let failed = caller.post("/api/send_message", json!({ "chat_id": chat, "text": "hello" })).await?;
    ensure!(failed.status >= 500, "{} {}", failed.status, failed.body);
    let entry = auditor.noted(failed.headers["x-correlation-id"].to_str()?).await?.context("the change is noted")?;
    assert_eq!((&entry["status"], &entry["objects"]["chat_id"]), (&json!(failed.status), &json!([chat])), "{entry}");
    Ok(())
}

#[tokio::test]
async fn an_entry_of_the_log_is_kept_for_a_year() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let user = play.person("Mallory").await?;
    ensure!(operator.post("users", json!({ "user_id": user, "first_name": "B" })).await?.status == 201);
    let items = play.items("audit").await?;
    let item = items.iter().find(|item| item.to_string().contains(&user.to_string())).context("it is in the table")?;
    let number = |name: &str| item[name]["N"].as_str().and_then(|number| number.parse::<i64>().ok());
    let (at, expires) = number("at_ms").zip(number("expires_at")).context("both are numbers")?;
    assert_eq!(expires - at / 1000, 366 * 24 * 3600);
    Ok(())
}

#[tokio::test]
async fn a_program_that_lost_the_answer_and_asks_again_does_nothing_twice() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:write"]).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let message = json!({ "chat_id": chat, "text": "once" });
    let first = caller.post_once("/api/send_message", "\"m-1\"", &message).await?;
    let again = caller.post_once("/api/send_message", "m-1", &message).await?;
    assert_eq!((first.status, again.status, &again.body), (200, 200, &first.body));
    assert_eq!((first.headers.get("idempotency-replayed"), &again.headers["idempotency-replayed"]), (None, &"true".parse()?));
    let sent = async || play.telegram.calls(CallFilter::method("sendMessage").chat(chat)).await;
    assert_eq!(sent().await?.len(), 1);

    let other = caller.post_once("/api/send_message", "m-1", &json!({ "chat_id": chat, "text": "twice" })).await?;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("idempotency_key_reused")), "{}", other.body);
    let bad = caller.post_once("/api/send_message", "a b", &message).await?;
    assert_eq!((bad.status, &bad.body["code"]), (400, &json!("bad_idempotency_key")), "{}", bad.body);
    // Another key of the API, and another route, have keys of their own.
    let stranger = play.caller(&["telegram:write"]).await?;
    assert_eq!(stranger.post_once("/api/send_message", "m-1", &message).await?.status, 200);
    assert_eq!(sent().await?.len(), 2);
    let unban = json!({ "chat_id": chat, "user_id": mallory });
    assert_eq!(caller.post_once("/api/unban_user", "m-1", &unban).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_message_of_which_telegram_says_nothing_in_time_is_not_sent_again_under_its_key() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:write"]).await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let message = json!({ "chat_id": chat, "text": "once" });
    let late = Fault::new(FaultAction::Slow { ms: 7000 }).after_effect().method("sendMessage").chat(chat).times(1);
    let _late = play.fault(late).await?;
    for _ in 0..2 {
        let answer = caller.post_once("/api/send_message", "m-1", &message).await?;
        assert_eq!((answer.status, &answer.body["code"]), (504, &json!("outcome_unknown")), "{}", answer.body);
    }
    assert_eq!(play.telegram.calls(CallFilter::method("sendMessage").chat(chat)).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_was_refused_may_be_mended_and_tried_again_under_its_key() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let user = play.person("Mallory").await?;
    let refused = operator.post_once("users", "u-1", &json!({ "user_id": user, "first_name": "" })).await?;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let mended = operator.post_once("users", "u-1", &json!({ "user_id": user, "first_name": "B" })).await?;
    assert_eq!(mended.status, 201, "{}", mended.body);
    let again = operator.post_once("users", "u-1", &json!({ "user_id": user, "first_name": "B" })).await?;
    assert_eq!((again.status, &again.body), (201, &mended.body), "without the key it would be 409");
    Ok(())
}

#[tokio::test]
async fn of_the_same_request_at_the_same_time_one_is_carried_out() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:write"]).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let _slow = play.fault(Fault::new(FaultAction::Slow { ms: 2000 }).method("banChatMember").user(mallory)).await?;
    let ban = json!({ "chat_id": chat, "user_id": mallory });
    let answers = join_all((0..4).map(|_| caller.post_once("/api/ban_user", "b-1", &ban))).await;
    let answers: Vec<_> = answers.into_iter().collect::<Result<_>>()?;
    for answer in &answers {
        let told = (answer.status, answer.body["code"].as_str().unwrap_or_default());
        assert!([(200, ""), (409, "request_in_progress")].contains(&told), "{} {}", answer.status, answer.body);
    }
    assert!(answers.iter().any(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(play.telegram.calls(CallFilter::method("banChatMember").chat(chat)).await?.len(), 1);
    let done = async || Ok(caller.post_once("/api/ban_user", "b-1", &ban).await.ok().filter(|answer| answer.status == 200));
    play.telegram.wait_until("the answer to be kept", PATIENCE, done).await?;
    assert_eq!(play.telegram.calls(CallFilter::method("banChatMember").chat(chat)).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_key_that_reads_people_reads_nothing_else_of_them() -> Result<()> {
    let play = Play::begin().await?;
    let reader = play.caller(&["users:read"]).await?;
    let pair = play.pair(domain::subscription::Mode::Auto).await?;
    let source = Source::User(UserId(pair.mallory));
    let follows = Subscription { admin_user_id: UserId(pair.boris), admin_chat_id: ChatId(pair.target), source };
    assert!(play.subscriptions.get(&follows).await?.is_some());
    let path = format!("users/{}/data", pair.boris);
    for (query, needed) in [
        ("", "subscriptions:read"),
        ("?part=subscriptions", "subscriptions:read"),
        ("?part=ban_events", "bans:read"),
        ("?part=notifications", "notifications:read"),
    ] {
        let answer = reader.get(&format!("{path}{query}")).await?;
        assert_eq!((answer.status, &answer.body["details"]["needed"]), (403, &json!(needed)), "{query} {}", answer.body);
    }
    assert_eq!(reader.get(&format!("{path}?part=roles")).await?.status, 200);
    let more = play.caller(&["users:read", "subscriptions:read"]).await?;
    let body = more.there(&format!("{path}?part=subscriptions")).await?;
    assert_eq!(body["subscriptions"]["items"][0]["tracked_user_id"], pair.mallory, "{body}");
    Ok(())
}

#[tokio::test]
async fn every_chat_where_the_bot_is_stands_in_the_list_once() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let boris = play.admin("Boris", "en").await?;
    let (kept, left) = (play.chat("Kept", boris, &[]).await?, play.chat("Left", boris, &[]).await?);
    play.telegram.remove_bot(left).await?;
    play.accepted_in(&[left]).await?;
    for limit in [7, 100] {
        let chats = operator.list("chats", limit).await?;
        let of = |chat: i64| chats.iter().filter(|listed| listed["chat_id"] == chat).collect::<Vec<_>>();
        assert_eq!((of(kept).len(), of(left).len()), (1, 0));
        assert_eq!((&of(kept)[0]["title"], &of(kept)[0]["state"]), (&json!("Kept"), &json!("active")));
    }
    assert_eq!(operator.get("chats?cursor=x").await?.body["code"], "bad_cursor");
    Ok(())
}
