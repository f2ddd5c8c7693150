//! Syncs by REST: asked for, looked at, tried again; and what a chat keeps out of them.

use crate::made_up::told;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use aws::store::users::Listed;
use domain::chat::MOST_IGNORED;
use domain::ids::{ChatId, UserId};
use domain::subscription::Mode;
use domain::sync::{Kind, Origin, Request, SyncStatus, Whom};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use telegram_sim::AdminRights;
use telegram_sim::control::{CallFilter, Fault, FaultAction};
use uuid::Uuid;

const DAY: i64 = 24 * 3600;

/// A ban of two days ago, which was carried nowhere, and chats whose admin follows the person.
struct History {
    boris: i64,
    mallory: i64,
    source: i64,
    chats: Vec<i64>,
    /// When it happened, Unix seconds.
    at: i64,
    event_id: String,
}

impl Play {
    async fn history(&self, chats: usize) -> Result<History> {
        let (alice, boris, mallory) = (self.admin("Alice", "en").await?, self.admin("Boris", "en").await?, self.person("Mallory").await?);
        let source = self.chat("Source", alice, &[mallory]).await?;
        let at = aws::time::now() - 2 * DAY;
        let (status, event) = self.registrar().await?.register(&told(mallory, source, "ban", at)).await?.parts();
        ensure!(status == 201, "{status} {event}");
        let event_id = event["event_id"].as_str().context("an event has an id")?.to_owned();
        let mut history = History { boris, mallory, source, chats: Vec::new(), at, event_id };
        for n in 0..chats {
            let chat = self.chat(&format!("Chat {n}"), boris, &[mallory]).await?;
            self.subscribe(chat, boris, mallory).await?;
            history.chats.push(chat);
        }
        Ok(history)
    }
}

fn left(chat: i64, reason: &str) -> (i64, String, Option<String>) {
    (chat, "nothing".to_owned(), Some(reason.to_owned()))
}

fn banned(chat: i64) -> (i64, String, Option<String>) {
    (chat, "ban".to_owned(), None)
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

/// The chats of a log.
fn chats(log: &[Value]) -> Vec<i64> {
    sorted(log.iter().filter_map(|entry| entry["chat_id"].as_i64()).collect())
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_done_in_every_chat_and_does_nothing() -> Result<()> {
    let play = Play::begin().await?;
    let (dispatcher, registrar) = (play.dispatcher().await?, play.registrar().await?);
    let history = play.history(3).await?;
    let History { boris, mallory, source, at, .. } = history;
    let (b, c, d) = (history.chats[0], history.chats[1], history.chats[2]);
    let stranger = play.chat("Nobody follows from here", boris, &[mallory]).await?;
    play.telegram.promote(c, mallory, AdminRights::moderator()).await?;
    // Carried over to one of them before.
    let before = dispatcher.asks_for("trigger", Some(&json!({ "ban_event_id": history.event_id, "chat_ids": [d] }))).await?;
    dispatcher.ended(&before).await?;

    let all = json!({ "ban_event_id": history.event_id, "dry_run": true });
    let of_followers = vec![banned(b), left(c, "is_admin"), left(d, "already")];
    assert_eq!(sorted(dispatcher.dry_run(&all).await?), sorted(of_followers.clone()));
    let named = json!({ "ban_event_id": history.event_id, "dry_run": true, "chat_ids": [source, b, c, d, stranger] });
    let mut of_named = of_followers;
    of_named.extend([left(source, "source_chat"), left(stranger, "not_followed")]);
    assert_eq!(sorted(dispatcher.dry_run(&named).await?), sorted(of_named));

    // Decided since: in one chat, then in the source.
    assert_eq!(registrar.register(&told(mallory, b, "unban", at + 10)).await?.status, 201);
    let local = vec![left(b, "local_decision"), left(c, "is_admin"), left(d, "already")];
    assert_eq!(sorted(dispatcher.dry_run(&all).await?), sorted(local));
    assert_eq!(registrar.register(&told(mallory, source, "unban", at + 20)).await?.status, 201);
    assert_eq!(sorted(dispatcher.dry_run(&all).await?), sorted(history.chats.iter().map(|&chat| left(chat, "lifted")).collect()));

    assert!(play.telegram.calls(CallFilter::method("banChatMember").chat(b)).await?.is_empty());
    assert_eq!(chats(&dispatcher.list(&format!("sync/logs?user_id={mallory}"), 50).await?), [d]);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_over_many_chats_comes_in_pages() -> Result<()> {
    let play = Play::begin().await?;
    let dispatcher = play.dispatcher().await?;
    let history = play.history(1).await?;
    let unknown: Vec<i64> = (0..120).map(|n| crate::made_up::chat() - n * 1_000_000).collect();
    let asked: Vec<i64> = unknown.iter().copied().chain([history.chats[0]]).collect();
    let body = json!({ "ban_event_id": history.event_id, "dry_run": true, "chat_ids": asked });
    let (status, page) = dispatcher.post("sync/trigger", body.clone()).await?.parts();
    assert_eq!((status, page["chats"].as_array().map(Vec::len)), (200, Some(50)), "{page}");
    let told = dispatcher.dry_run(&body).await?;
    let expected: BTreeSet<_> = unknown.iter().map(|&chat| left(chat, "not_followed")).chain([banned(history.chats[0])]).collect();
    assert_eq!((told.len(), told.into_iter().collect::<BTreeSet<_>>()), (121, expected));
    Ok(())
}

#[tokio::test]
async fn a_sync_that_is_asked_for_is_carried_out_logged_and_tried_again_where_it_failed() -> Result<()> {
    let play = Play::begin().await?;
    let dispatcher = play.dispatcher().await?;
    let history = play.history(3).await?;
    let mallory = history.mallory;
    let (b, c, other) = (history.chats[0], history.chats[1], history.chats[2]);
    // An answer that no further try can change.
    let refusal = Fault::error(400, "Bad Request: NOT_TODAY").method("banChatMember").chat(c).user(mallory).times(1);
    let _refusal = play.fault(refusal).await?;
    let begun = aws::time::now();
    let body = json!({ "ban_event_id": history.event_id, "chat_ids": [b, c], "idempotency_key": "once" });
    let id = dispatcher.asks_for("trigger", Some(&body)).await?;
    assert_eq!(dispatcher.asks_for("trigger", Some(&body)).await?, id, "asked for again, it is the same");

    let sync = dispatcher.ended(&id).await?;
    assert_eq!(sync["totals"], json!({ "applied": 1, "already": 0, "skipped": 0, "failed": 1 }), "{sync}");
    let expected = json!({ "ban_event_id": history.event_id, "kind": "ban", "origin": "triggered", "user_id": mallory,
        "source_chat_id": history.source, "status": "partial", "total_chats": 2, "parts": 1, "taken_back": false });
    for (name, value) in expected.as_object().into_iter().flatten() {
        assert_eq!(&sync[name], value, "{name}: {sync}");
    }
    assert!(play.telegram.is_banned(b, mallory).await?);
    assert!(!play.telegram.is_banned(c, mallory).await? && !play.telegram.is_banned(other, mallory).await?);

    let log = dispatcher.list(&format!("sync/logs?sync_id={id}"), 50).await?;
    let of = |chat: i64| log.iter().find(|entry| entry["chat_id"] == chat).with_context(|| format!("no entry of {chat}: {log:?}"));
    assert_eq!((&of(b)?["status"], &of(b)?["reason"]), (&json!("applied"), &Value::Null));
    assert_eq!((&of(c)?["status"], &of(c)?["reason"]), (&json!("failed"), &json!("telegram_error")));
    assert!(of(c)?["at"].as_i64().is_some_and(|at| at >= begun) && of(c)?["retry_count"].is_u64(), "{log:?}");
    for (query, expected) in [
        (format!("sync_id={id}"), vec![b, c]),
        (format!("user_id={mallory}"), vec![b, c]),
        (format!("chat_id={b}"), vec![b]),
        (format!("chat_id={other}"), vec![]),
        (format!("sync_id={id}&status=failed"), vec![c]),
        (format!("sync_id={id}&chat_id={c}"), vec![c]),
        (format!("sync_id={id}&user_id={}", history.boris), vec![]),
        (format!("sync_id={id}&from={}", begun + 3600), vec![]),
        (format!("user_id={mallory}&chat_id={c}"), vec![c]),
        (format!("user_id={mallory}&status=applied"), vec![b]),
        (format!("user_id={mallory}&from={begun}"), vec![b, c]),
        (format!("user_id={mallory}&to={}", begun - 60), vec![]),
        (format!("chat_id={c}&status=applied"), vec![]),
        (format!("chat_id={c}&from={}&to={}", history.at, history.at), vec![c]),
    ] {
        for limit in [1, 50] {
            assert_eq!(
                chats(&dispatcher.list(&format!("sync/logs?{query}"), limit).await?),
                sorted(expected.clone()),
                "{query} by {limit}"
            );
        }
    }
    // Others' syncs stand between them.
    let of_period = dispatcher.list(&format!("sync/logs?from={begun}"), 100).await?;
    let ours: Vec<_> = of_period.into_iter().filter(|entry| entry["sync_id"] == id.as_str()).collect();
    assert_eq!(chats(&ours), sorted(vec![b, c]));

    let retry = dispatcher.asks_for(&format!("retry/{id}"), None).await?;
    let again = dispatcher.ended(&retry).await?;
    assert_eq!((&again["origin"], &again["status"], &again["total_chats"]), (&json!("retried"), &json!("completed"), &json!(1)), "{again}");
    assert!(play.telegram.is_banned(c, mallory).await?);
    assert_eq!(play.telegram.calls(CallFilter::method("banChatMember").chat(b)).await?.len(), 1, "what was done is not done again");
    let entries = dispatcher.list(&format!("sync/logs?user_id={mallory}&chat_id={c}"), 1).await?;
    let statuses: Vec<_> = entries.iter().map(|entry| entry["status"].as_str()).collect();
    assert_eq!(statuses, [Some("applied"), Some("failed")], "the newest first");
    let (status, refused) = dispatcher.call("POST", &format!("sync/retry/{retry}"), None).await?.parts();
    assert_eq!((status, &refused["code"]), (409, &json!("nothing_failed")));
    Ok(())
}

#[tokio::test]
async fn what_has_not_begun_is_requested_and_cannot_be_tried_again() -> Result<()> {
    let play = Play::begin().await?;
    let dispatcher = play.dispatcher().await?;
    let history = play.history(0).await?;
    let ban_event_id = history.event_id.parse()?;
    let sync_id = domain::sync::further_sync_id(ban_event_id, Origin::Triggered, "waits");
    let request =
        Request { sync_id, ban_event_id, kind: Kind::Ban, origin: Origin::Triggered, whom: Whom::Followers, by: None, waits: true };
    play.syncs.request(&request).await?;
    let (status, sync) = dispatcher.get(&format!("sync/status/{sync_id}")).await?.parts();
    assert_eq!((status, &sync["status"], &sync["user_id"]), (200, &json!("requested"), &json!(history.mallory)), "{sync}");
    assert!(sync["started_at"].is_null() && sync["completed_at"].is_null(), "{sync}");
    let (status, refused) = dispatcher.call("POST", &format!("sync/retry/{sync_id}"), None).await?.parts();
    assert_eq!((status, &refused["code"]), (409, &json!("still_running")));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_in_words() -> Result<()> {
    let play = Play::begin().await?;
    let (dispatcher, registrar) = (play.dispatcher().await?, play.registrar().await?);
    let history = play.history(0).await?;
    let (_, unban) = registrar.register(&told(history.mallory, history.source, "unban", history.at + 5)).await?.parts();
    let (id, nobody) = (&history.event_id, "1b671a64-40d5-491e-99b0-da01ff1f3341");
    let many: Vec<i64> = (1..=2001).map(|n| -n).collect();
    for (path, body, status, code) in [
        ("trigger", json!({}), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": "x" }), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": id, "more": 1 }), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": id, "chat_ids": [] }), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": id, "chat_ids": [5] }), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": id, "chat_ids": [-5, -5] }), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": id, "chat_ids": many }), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": id, "idempotency_key": "" }), 400, "invalid_request"),
        ("trigger", json!({ "ban_event_id": nobody }), 404, "not_found"),
        ("trigger", json!({ "ban_event_id": unban["event_id"] }), 422, "not_a_ban"),
        ("trigger?cursor=x", json!({ "ban_event_id": id, "dry_run": true }), 422, "bad_cursor"),
        ("trigger?cursor=x", json!({ "ban_event_id": id, "dry_run": true, "chat_ids": [-5] }), 422, "bad_cursor"),
        ("retry/1b671a64-40d5-491e-99b0-da01ff1f3341", json!({}), 404, "not_found"),
        ("retry/x", json!({}), 400, "invalid_request"),
    ] {
        let (answered, answer) = dispatcher.post(&format!("sync/{path}"), body).await?.parts();
        assert_eq!((answered, &answer["code"]), (status, &json!(code)), "{path} {answer}");
    }
    let now = aws::time::now();
    for (path, status, code) in [
        (format!("status/{nobody}"), 404, "not_found"),
        ("status/x".to_owned(), 400, "invalid_request"),
        ("logs".to_owned(), 422, "log_too_wide"),
        (format!("logs?status=failed&to={now}"), 422, "log_too_wide"),
        (format!("logs?from={}", now - 40 * DAY), 422, "period_too_long"),
        (format!("logs?user_id=5&from={now}&to={}", now - 1), 422, "empty_period"),
        ("logs?user_id=5&status=done".to_owned(), 400, "invalid_request"),
        ("logs?user_id=5&limit=0".to_owned(), 400, "invalid_request"),
        ("logs?user_id=5&cursor=x".to_owned(), 422, "bad_cursor"),
        ("logs?chat_id=-5&cursor=x".to_owned(), 422, "bad_cursor"),
    ] {
        let (answered, answer) = dispatcher.get(&format!("sync/{path}")).await?.parts();
        assert_eq!((answered, &answer["code"]), (status, &json!(code)), "{path} {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_chat_ignores_is_left_out_of_syncs() -> Result<()> {
    let play = Play::begin().await?;
    let (dispatcher, operator) = (play.dispatcher().await?, play.operator().await?);
    let history = play.history(1).await?;
    let (chat, mallory, source) = (history.chats[0], history.mallory, history.source);
    let list = format!("chats/{chat}/ignored");
    assert_eq!(operator.there(&list).await?, json!({ "users": [], "sources": [] }));
    let all = json!({ "ban_event_id": history.event_id, "dry_run": true });
    for path in [format!("{list}/users/{mallory}"), format!("{list}/sources/{source}")] {
        assert_eq!(operator.delete(&path).await?.status, 404, "{path}");
        for _ in 0..2 {
            assert_eq!(operator.call("PUT", &path, None).await?.parts(), (204, Value::Null), "{path}");
        }
        assert_eq!(dispatcher.dry_run(&all).await?, [left(chat, "ignored")], "{path}");
        assert_eq!(operator.delete(&path).await?.status, 204, "{path}");
        assert_eq!(dispatcher.dry_run(&all).await?, [banned(chat)], "{path}");
    }

    let ignore = |n: usize| play.users.enlist(ChatId(chat), Listed::IgnoredUser(UserId(1 + n as i64)));
    try_join_all((0..MOST_IGNORED).map(ignore)).await?;
    let (status, full) = operator.call("PUT", &format!("{list}/users/{mallory}"), None).await?.parts();
    assert_eq!((status, &full["code"]), (409, &json!("list_full")));
    assert_eq!(operator.call("PUT", &format!("{list}/users/1"), None).await?.status, 204, "who is on it stays on it");
    assert_eq!(operator.there(&list).await?["users"].as_array().map(Vec::len), Some(MOST_IGNORED));
    for path in ["chats/-999999999999/ignored", "chats/-999999999999/ignored/users/5"] {
        let method = if path.ends_with('5') { "PUT" } else { "GET" };
        let (status, unknown) = operator.call(method, path, None).await?.parts();
        assert_eq!((status, &unknown["code"]), (404, &json!("chat_unknown")), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_program_takes_a_sync_back_in_one_chat_and_then_everywhere() -> Result<()> {
    let play = Play::begin().await?;
    let dispatcher = play.dispatcher().await?;
    let history = play.history(2).await?;
    let (mallory, b, c) = (history.mallory, history.chats[0], history.chats[1]);
    let id = dispatcher.asks_for("trigger", Some(&json!({ "ban_event_id": history.event_id }))).await?;
    dispatcher.ended(&id).await?;
    assert!(play.telegram.is_banned(b, mallory).await? && play.telegram.is_banned(c, mallory).await?);

    let path = format!("syncs/{id}/undo");
    let (status, here) = dispatcher.post(&path, json!({ "chat_id": b })).await?.parts();
    assert_eq!((status, &here["status"]), (202, &json!("requested")), "{here}");
    let here = here["sync_id"].as_str().context("it has an id")?.to_owned();
    assert_eq!(dispatcher.ended(&here).await?["origin"], "undone_here");
    assert!(!play.telegram.is_banned(b, mallory).await? && play.telegram.is_banned(c, mallory).await?);

    let (status, everywhere) = dispatcher.post(&path, json!({})).await?.parts();
    assert_eq!(status, 202, "{everywhere}");
    let everywhere = everywhere["sync_id"].as_str().context("it has an id")?;
    assert_eq!(dispatcher.ended(everywhere).await?["origin"], "undone_everywhere");
    assert!(!play.telegram.is_banned(c, mallory).await?);
    // It is taken back for good: carried over again, it bans nobody.
    let again = dispatcher.asks_for("trigger", Some(&json!({ "ban_event_id": history.event_id }))).await?;
    assert_eq!(dispatcher.ended(&again).await?["totals"]["applied"], 0);
    assert!(!play.telegram.is_banned(c, mallory).await?);

    let (status, refused) = dispatcher.post(&format!("syncs/{here}/undo"), json!({})).await?.parts();
    assert_eq!((status, &refused["code"]), (409, &json!("not_a_ban")), "{refused}");
    let unknown = dispatcher.post("syncs/00000000-0000-4000-8000-000000000000/undo", json!({})).await?;
    assert_eq!(unknown.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_program_stops_a_sync_that_is_under_way() -> Result<()> {
    let play = Play::begin().await?;
    let dispatcher = play.dispatcher().await?;
    let history = play.history(1).await?;
    let slow = Fault::new(FaultAction::Slow { ms: 3000 }).method("banChatMember").chat(history.chats[0]).times(1);
    let _slow = play.fault(slow).await?;
    let id = dispatcher.asks_for("trigger", Some(&json!({ "ban_event_id": history.event_id }))).await?;
    let sync_id: Uuid = id.parse()?;
    let running = async || {
        let summary = play.syncs.summary(sync_id).await.ok().flatten();
        Ok(summary.filter(|summary| summary.status == SyncStatus::Running).map(drop))
    };
    play.telegram.wait_until("the sync to be under way", PATIENCE, running).await?;
    let everywhere = dispatcher.post(&format!("syncs/{id}/undo"), json!({})).await?;
    assert_eq!(everywhere.status, 202, "{}", everywhere.body);
    dispatcher.ended(&id).await?;
    play.quiet(&[history.mallory, history.chats[0], history.source]).await?;
    assert!(!play.telegram.is_banned(history.chats[0], history.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn what_a_chats_admins_are_asked_is_listed_until_somebody_answers() -> Result<()> {
    let play = Play::begin().await?;
    let dispatcher = play.dispatcher().await?;
    let pair = play.pair(Mode::Confirm).await?;
    let path = format!("sync/questions?chat_id={}", pair.target);
    assert_eq!(dispatcher.list(&path, 50).await?, [Value::Null; 0]);
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let card = play.telegram.wait_until_sees(pair.boris, "Ban them in Target too?", PATIENCE).await?;
    let open = dispatcher.list(&path, 50).await?;
    let [question] = open.as_slice() else { anyhow::bail!("one question: {open:?}") };
    assert_eq!((&question["about"], &question["user_id"]), (&json!("ban"), &json!(pair.mallory)), "{question}");
    assert_eq!((&question["source_chat_id"], &question["ban_event_ids"]), (&json!(pair.source), &json!([event.event_id])));
    assert_eq!(dispatcher.list(&format!("sync/questions?chat_id={}", pair.source), 50).await?, [Value::Null; 0], "others' questions");
    play.telegram.press_button(pair.boris, &card, "Don’t ban").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert_eq!(dispatcher.list(&path, 50).await?, [Value::Null; 0]);
    Ok(())
}
