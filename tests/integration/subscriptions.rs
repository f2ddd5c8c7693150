//! Subscriptions by REST.

use crate::play::Play;
use crate::stack::skipped;
use anyhow::Result;
use aws::store::subscriptions::Followed;
use domain::ids::{ChatId, UserId};
use domain::subscription::{MAX_PER_ADMIN, Source, Subscription};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use telegram_sim::AdminRights;

const SCOPES: [&str; 2] = ["subscriptions:read", "subscriptions:write"];

const PATH: &str = "subscriptions";

fn body(admin: i64, chat: i64, tracked: i64) -> Value {
    json!({ "admin_user_id": admin, "admin_chat_id": chat, "tracked_user_id": tracked })
}

#[tokio::test]
async fn a_subscription_is_made_found_changed_ended_and_begun_again() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;

    let new = json!({ "admin_user_id": boris, "admin_chat_id": chat, "tracked_user_id": mallory, "mode": "confirm" });
    let made = caller.post(PATH, new.clone()).await?;
    assert_eq!((made.status, &made.body["mode"], &made.body["is_active"]), (201, &json!("confirm"), &json!(true)), "{}", made.body);
    assert_eq!(made.body["source"], format!("user:{mallory}"));
    let path = format!("{PATH}/{}", made.body["subscription_id"].as_str().unwrap());
    let again = caller.post(PATH, new).await?;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("already_exists")));

    assert_eq!(caller.get(&path).await?.body, made.body);
    let check = format!("{PATH}/check?admin_user_id={boris}&admin_chat_id={chat}&tracked_user_id={mallory}");
    assert_eq!(caller.get(&check).await?.body["exists"], true);
    let followers = caller.get(&format!("{PATH}/user/{mallory}")).await?;
    assert_eq!(followers.body["items"], json!([made.body]));

    let changed = caller.patch(&path, json!({ "mode": "notify" })).await?;
    assert_eq!((changed.status, &changed.body["mode"]), (200, &json!("notify")));
    assert_eq!(caller.delete(&path).await?.status, 204);
    assert_eq!(caller.delete(&path).await?.status, 404);
    assert_eq!(caller.get(&check).await?.body["exists"], false);
    assert_eq!(caller.get(&path).await?.body["is_active"], false, "it stays as history");
    assert_eq!(caller.patch(&path, json!({ "mode": "auto" })).await?.status, 409);
    let of_admin = format!("{PATH}/admin/{boris}");
    assert_eq!(caller.get(&format!("{of_admin}?is_active=true")).await?.body["items"], json!([]));
    assert_eq!(caller.get(&of_admin).await?.body["items"].as_array().unwrap().len(), 1);

    let begun = caller.patch(&path, json!({ "is_active": true })).await?;
    assert_eq!((&begun.body["is_active"], &begun.body["mode"]), (&json!(true), &json!("notify")), "{}", begun.body);
    let stats = caller.get(&format!("{PATH}/stats?admin_id={boris}&user_id={mallory}")).await?.body;
    assert_eq!((&stats["admin"], &stats["user"]), (&json!({ "active": 1, "limit": 100 }), &json!({ "subscribers": 1 })));
    assert!(stats["total"]["created"].as_i64() >= Some(2) && stats["total"]["ended"].as_i64() >= Some(1), "{stats}");
    Ok(())
}

#[tokio::test]
async fn nobody_follows_himself_the_bot_an_admin_of_his_chat_or_an_id_of_nobody() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, bella, mallory) = (play.admin("Boris", "en").await?, play.admin("Bella", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[bella, mallory]).await?;
    play.telegram.promote(chat, bella, telegram_sim::AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(crate::play::PATIENCE).await?;
    for (admin, tracked, code) in [
        (boris, boris, "self_subscription"),
        (boris, play.stack.bot_id, "bot"),
        (boris, UserId::ANONYMOUS_ADMIN.0, "reserved_id"),
        (boris, bella, "chat_admin"),
        (mallory, bella, "not_an_admin"),
    ] {
        let answer = caller.post(PATH, body(admin, chat, tracked)).await?;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!(code)), "{}", answer.body);
        assert!(answer.body["message"].is_string() && answer.body["correlation_id"].is_string(), "{}", answer.body);
    }
    let answer = play.command(chat, boris, &format!("/subscribe {bella}")).await?;
    assert!(answer.text.contains("admin of the chat"), "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_reason() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    for (method, path, sent) in [
        ("POST", PATH.to_owned(), Some(json!({}))),
        ("POST", PATH.to_owned(), Some(json!([1, -100, 5]))),
        ("POST", PATH.to_owned(), Some(body(-1, -100, 5))),
        ("POST", PATH.to_owned(), Some(json!({ "admin_user_id": 1, "admin_chat_id": -1, "tracked_user_id": 2, "modus": "auto" }))),
        ("GET", format!("{PATH}/admin/x"), None),
        ("GET", format!("{PATH}/admin/1?limit=0"), None),
        ("GET", format!("{PATH}/admin/1?limit=101"), None),
        ("GET", format!("{PATH}/not-a-uuid"), None),
        ("GET", format!("{PATH}/check?admin_user_id=1"), None),
    ] {
        let answer = caller.call(method, &path, sent).await?;
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("invalid_request")), "{path} {}", answer.body);
    }
    let answer = caller.call("PUT", PATH, None).await?;
    assert_eq!((answer.status, &answer.body["code"]), (405, &json!("method_not_allowed")));
    let answer = caller.get(&format!("{PATH}/a/b/c")).await?;
    assert_eq!((answer.status, &answer.body["code"]), (404, &json!("not_found")));
    Ok(())
}

#[tokio::test]
async fn pages_go_through_a_list_without_gap_or_double_and_belong_to_it() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let (admin, other) = (play.admin("Boris", "en").await?, play.admin("Other", "en").await?);
    for n in 1..=23 {
        let source = Source::User(UserId(admin * 1000 + n));
        play.subscriptions.follow(&Subscription { admin_user_id: UserId(admin), admin_chat_id: ChatId(-100), source }).await?;
    }
    let (mut seen, mut cursor, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = caller.get(&format!("{PATH}/admin/{admin}?limit=5{cursor}")).await?;
        assert_eq!(page.status, 200, "{}", page.body);
        for item in page.body["items"].as_array().unwrap() {
            assert!(seen.insert(item["tracked_user_id"].as_i64().unwrap()), "{item} twice");
        }
        pages += 1;
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        let elsewhere = caller.get(&format!("{PATH}/admin/{other}?limit=5{cursor}")).await?;
        assert_eq!(elsewhere.status, 422, "another list does not take this cursor");
    }
    assert_eq!((seen.len(), pages), (23, 5));
    Ok(())
}

#[tokio::test]
async fn fifty_at_once_at_ninety_five_leave_exactly_a_hundred_and_the_limit_is_told_of_once() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let tracked = |n: i64| boris * 1000 + n;
    for n in 0..95 {
        let source = Source::User(UserId(tracked(n)));
        let subscription = Subscription { admin_user_id: UserId(boris), admin_chat_id: ChatId(chat), source };
        assert_eq!(play.subscriptions.follow(&subscription).await?, Followed::New);
    }
    let mut listener = play.listen("limit-reached", "subscription.limit_reached").await?;
    let answers = join_all((100..150).map(|n| caller.post(PATH, body(boris, chat, tracked(n))))).await;
    let mut made = 0;
    for answer in answers {
        let answer = answer?;
        match answer.status {
            201 => made += 1,
            _ => assert_eq!((answer.status, &answer.body["code"]), (409, &json!("limit_reached")), "{}", answer.body),
        }
    }
    assert_eq!(made, 5);
    assert_eq!(play.subscriptions.count_of(UserId(boris)).await?, MAX_PER_ADMIN);
    assert_eq!(play.subscriptions.of_admin(UserId(boris), ChatId(chat)).await?.len(), 100);
    let heard = listener.hear(|payload| payload["admin_user_id"] == boris, &[boris, chat]).await?;
    assert_eq!(heard, [json!({ "admin_user_id": boris, "active": 100 })]);
    Ok(())
}

#[tokio::test]
async fn one_subscription_asked_for_by_many_at_once_is_made_once() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let body = body(boris, chat, mallory);
    let answers = join_all((0..20).map(|_| caller.post(PATH, body.clone()))).await;
    let mut statuses: Vec<_> = answers.into_iter().map(|answer| answer.map(|answer| answer.status)).collect::<Result<_>>()?;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201], vec![409; 19]].concat());
    assert_eq!(play.subscriptions.count_of(UserId(boris)).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_503_and_comes_back() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    let caller = play.caller(&SCOPES).await?;
    // What the health check reads, and an admin of this test's own.
    let path = format!("{PATH}/admin/{}", play.person("Boris").await?);
    assert_eq!(caller.get(&path).await?.status, 200);
    let (function, admin) = (&play.stack.functions["api-subscriptions"], path.rsplit('/').next());
    let rule = |contains: Option<&str>| json!({ "service": "dynamodb", "function": function, "contains": contains });
    let down = play.stack.fail(json!([rule(admin), rule(Some("HEALTH"))])).await?;
    let failed = caller.get(&path).await?;
    let ready = play.api("GET", "/subscriptions/health/ready", None, None).await?;
    let live = play.api("GET", "/subscriptions/health/live", None, None).await?;
    down.heal().await?;
    assert_eq!((failed.status, &failed.body["code"]), (503, &json!("unavailable")), "{}", failed.body);
    assert!(failed.headers.contains_key("retry-after"));
    assert_eq!((ready.status, live.status), (503, 200));
    assert_eq!(play.api("GET", "/subscriptions/health/ready", None, None).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn an_admin_who_may_not_ban_bans_through_no_subscription_of_a_program() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, carol, mallory) = (play.admin("Boris", "en").await?, play.admin("Carol", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[carol, mallory]).await?;
    let helper = AdminRights { can_restrict_members: false, ..AdminRights::moderator() };
    play.telegram.promote(chat, carol, helper).await?;
    play.accepted_in(&[chat]).await?;
    let refused = caller.post(PATH, body(carol, chat, mallory)).await?;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("cannot_ban")), "{}", refused.body);

    play.telegram.promote(chat, carol, AdminRights::moderator()).await?;
    play.accepted_in(&[chat]).await?;
    let made =
        caller.post(PATH, json!({ "admin_user_id": carol, "admin_chat_id": chat, "tracked_user_id": mallory, "mode": "notify" })).await?;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("{PATH}/{}", made.body["subscription_id"].as_str().unwrap());
    play.telegram.promote(chat, carol, helper).await?;
    play.accepted_in(&[chat]).await?;
    let stronger = caller.patch(&path, json!({ "mode": "auto" })).await?;
    assert_eq!((stronger.status, &stronger.body["code"]), (422, &json!("cannot_ban")), "{}", stronger.body);
    assert_eq!(caller.get(&path).await?.body["mode"], "notify");
    assert_eq!(caller.delete(&path).await?.status, 204, "ending needs no right");
    Ok(())
}
