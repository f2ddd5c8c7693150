//! Calls of the Bot API by REST.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::subscription::{Mode, Source, Subscription};
use serde_json::json;
use telegram_sim::AdminRights;
use telegram_sim::control::{CallFilter, Fault, FaultAction};

const SCOPES: [&str; 2] = ["telegram:read", "telegram:write"];

#[tokio::test]
async fn a_program_sends_bans_unbans_and_looks() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let seconds = json!({ "chat_id": chat, "user_id": mallory, "until_date": aws::time::now_ms() + 3_600_000 });
    let refused = caller.post("/api/ban_user", seconds).await?;
    let hint = refused.body["message"].as_str().is_some_and(|message| message.contains("looks like milliseconds"));
    assert!(refused.status == 400 && hint, "{} {}", refused.status, refused.body);

    let message = json!({ "chat_id": chat, "text": "<b>Hello</b>", "parse_mode": "HTML" });
    let sent = caller.post("/api/send_message", message).await?;
    assert!(sent.status == 200 && sent.body["message_id"].is_i64(), "{} {}", sent.status, sent.body);
    play.telegram.wait_until_sees(boris, "Hello", PATIENCE).await?;

    let until = aws::time::now() + 3600;
    let ban = json!({ "chat_id": chat, "user_id": mallory, "until_date": until });
    let banned = caller.post("/api/ban_user", ban.clone()).await?;
    assert_eq!((banned.status, &banned.body), (200, &ban));
    assert_eq!(play.telegram.member(chat, mallory).await?.until_date, Some(until));
    let member = format!("/api/chat_member?chat_id={chat}&user_id={mallory}");
    let seen = caller.get(&member).await?.body;
    assert_eq!((&seen["status"], &seen["until_date"], &seen["name"]), (&json!("kicked"), &json!(until), &json!("Mallory")));

    let unban = json!({ "chat_id": chat, "user_id": mallory });
    assert_eq!(caller.post("/api/unban_user", unban).await?.status, 200);
    assert!(!play.telegram.is_banned(chat, mallory).await?);
    // Who is not banned is not removed.
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert_eq!(caller.post("/api/unban_user", json!({ "chat_id": chat, "user_id": boris })).await?.status, 200);

    let admins = caller.get(&format!("/api/chat_admins?chat_id={chat}")).await?.body;
    let ids: Vec<_> = admins["administrators"].as_array().into_iter().flatten().map(|admin| admin["user_id"].as_i64()).collect();
    assert!(ids.contains(&Some(boris)) && ids.contains(&Some(play.stack.bot_id)), "{admins}");
    Ok(())
}

#[tokio::test]
async fn what_telegram_refuses_is_told_in_the_apis_words() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, bella, mallory) = (play.admin("Boris", "en").await?, play.admin("Bella", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[bella, mallory]).await?;
    play.telegram.promote(chat, bella, AdminRights::moderator()).await?;
    let now = aws::time::now();
    for (path, body, status, code) in [
        ("/api/ban_user", json!({ "chat_id": -1, "user_id": mallory }), 404, "not_found"),
        ("/api/ban_user", json!({ "chat_id": chat, "user_id": bella }), 422, "is_admin"),
        ("/api/ban_user", json!({ "chat_id": chat, "user_id": play.stack.bot_id }), 422, "reserved_id"),
        ("/api/ban_user", json!({ "chat_id": chat, "user_id": mallory, "until_date": now + 5 }), 422, "end_out_of_range"),
        ("/api/ban_user", json!({ "chat_id": chat, "user_id": "x" }), 400, "invalid_request"),
        ("/api/send_message", json!({ "chat_id": mallory, "text": "hello" }), 422, "cannot_write"),
        ("/api/send_message", json!({ "chat_id": chat, "text": "<b>", "parse_mode": "HTML" }), 422, "telegram_refused"),
        ("/api/send_message", json!({ "chat_id": chat, "text": "" }), 400, "invalid_request"),
    ] {
        let answer = caller.post(path, body.clone()).await?;
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{body} {}", answer.body);
    }
    assert!(!play.telegram.is_banned(chat, mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_flood_wait_of_one_caller_is_everybodys() -> Result<()> {
    let play = Play::alone().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    for (method, path, body) in [
        ("banChatMember", "/api/ban_user", json!({ "chat_id": chat, "user_id": mallory })),
        ("unbanChatMember", "/api/unban_user", json!({ "chat_id": chat, "user_id": mallory })),
    ] {
        let _flood = play.fault(Fault::too_many_requests(3).method(method).times(1)).await?;
        let call = async || caller.post(path, body.clone()).await;
        let refused = call().await?;
        assert_eq!((refused.status, &refused.body["code"]), (429, &json!("too_many_requests")));
        assert_eq!(refused.headers["retry-after"], "3");
        let waiting = caller.get(&format!("/api/chat_admins?chat_id={chat}")).await?;
        assert_eq!(waiting.status, 429, "{}", waiting.body);
        let done = async || Ok(call().await.ok().filter(|answer| answer.status != 429));
        assert_eq!(play.telegram.wait_until("the flood wait to end", PATIENCE, done).await?.status, 200);
    }
    Ok(())
}

#[tokio::test]
async fn a_program_that_only_looks_takes_its_places_in_the_pace_of_all() -> Result<()> {
    let play = Play::alone().await?;
    let caller = play.caller(&SCOPES).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    for look in [format!("chat_member?chat_id={chat}&user_id={mallory}"), format!("chat_admins?chat_id={chat}")] {
        play.promise_calls(60_000).await?;
        let refused = caller.get(&format!("/api/{look}")).await?;
        play.promise_calls(0).await?;
        assert_eq!((refused.status, &refused.body["code"]), (429, &json!("too_many_requests")), "{look}");
        assert_eq!(caller.get(&format!("/api/{look}")).await?.status, 200, "{look}");
    }
    assert_eq!(
        play.telegram.calls(CallFilter::method("getChatMember").chat(chat).user(mallory)).await?.len(),
        1,
        "who was refused called nothing"
    );
    // Two fifths of the pace are left to others: a look finds no room where a ban does.
    let mut refused = false;
    for _ in 0..20 {
        play.promise_calls(900).await?;
        refused |= caller.get(&format!("/api/chat_admins?chat_id={chat}")).await?.status == 429;
    }
    assert!(refused, "a look takes what is left to bans");
    play.promise_calls(900).await?;
    assert_eq!(caller.post("/api/ban_user", json!({ "chat_id": chat, "user_id": mallory })).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_group_with_too_many_messages_takes_no_more_of_them_and_all_else_goes_on() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&SCOPES).await?;
    let boris = play.admin("Boris", "en").await?;
    let (chat, other) = (play.chat("B", boris, &[]).await?, play.chat("C", boris, &[]).await?);
    let full = FaultAction::Error {
        code: 429,
        description: "Too Many Requests: retry after 4".to_owned(),
        parameters: Some(json!({ "retry_after": 4 })),
    };
    let _full = play.fault(Fault::new(full).method("sendMessage").chat(chat).times(1)).await?;
    let send = async |chat: i64| caller.post("/api/send_message", json!({ "chat_id": chat, "text": "hello" })).await;
    for asked in 1..=2 {
        let refused = send(chat).await?;
        assert_eq!((refused.status, &refused.body["code"]), (429, &json!("too_many_requests")), "{asked}");
        let wait: u32 = refused.headers["retry-after"].to_str()?.parse()?;
        assert!((1..=4).contains(&wait), "{wait}");
    }
    assert_eq!(play.telegram.calls(CallFilter::method("sendMessage").chat(chat)).await?.len(), 1, "Telegram is not asked again");
    for receiver in [other, boris] {
        assert_eq!(send(receiver).await?.status, 200);
    }
    assert_eq!(caller.get(&format!("/api/chat_admins?chat_id={chat}")).await?.status, 200);
    let sent = async || Ok(send(chat).await.ok().filter(|answer| answer.status != 429));
    let answer = play.telegram.wait_until("the group to take messages again", PATIENCE, sent).await?;
    assert!(answer.body["message_id"].is_i64(), "{}", answer.body);
    Ok(())
}

#[tokio::test]
async fn a_programs_ban_is_explained_and_lifted_in_the_chat_as_any_other() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:write"]).await?;
    let registrar = play.registrar().await?;
    let pair = play.pair(Mode::Auto).await?;
    let ban = json!({ "chat_id": pair.source, "user_id": pair.mallory });
    assert_eq!(caller.post("/api/ban_user", ban.clone()).await?.status, 200);
    let events = registrar.there(&format!("events/chat/{}", pair.source)).await?["items"].take();
    assert_eq!((&events[0]["event_type"], &events[0]["user_id"]), (&json!("ban"), &json!(pair.mallory)), "{events}");
    assert!(events[0]["metadata"]["api_key"].is_string() && events[0]["initiator_user_id"].is_null(), "{events}");
    // The key may not register bans: this one stays in the chat.
    assert_eq!(events[0]["tracked"], false, "{events}");

    play.telegram.say_private(pair.alice, &format!("/why {}", pair.mallory)).await?;
    let why = play.telegram.wait_until_sees(pair.alice, "banned here by", PATIENCE).await?;
    assert!(why.text.contains("banned here by a program"), "{}", why.text);
    assert_eq!(why.text.matches("banned").count(), 1, "told once: {}", why.text);

    let answer = play.command(pair.source, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    assert!(answer.text.starts_with("↩️ Undoing my ban"), "{}", answer.text);
    play.telegram.wait_until_not_banned(pair.source, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_programs_ban_is_carried_over_where_its_key_may_register_bans_and_taken_back_with_it() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:write", "bans:write"]).await?;
    let pair = play.pair(Mode::Auto).await?;
    let ban = json!({ "chat_id": pair.source, "user_id": pair.mallory });
    assert_eq!(caller.post("/api/ban_user", ban).await?.status, 200);
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.quiet(&pair.ids()).await?;

    let answer = play.command(pair.source, pair.alice, &format!("/undo {}", pair.mallory)).await?;
    assert!(answer.text.starts_with("↩️ Undoing this ban in every chat"), "{}", answer.text);
    play.telegram.wait_until_not_banned(pair.source, pair.mallory, PATIENCE).await?;
    play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_program_that_unbans_lifts_what_was_carried_over_though_nobody_follows_any_more() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:write", "bans:write"]).await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_unban: Some(true), ..ChatChange::default() }).await?;
    let whom = json!({ "chat_id": pair.source, "user_id": pair.mallory });
    assert_eq!(caller.post("/api/ban_user", whom.clone()).await?.status, 200);
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.quiet(&pair.ids()).await?;
    let (admin_user_id, admin_chat_id, source) = (UserId(pair.boris), ChatId(pair.target), Source::User(UserId(pair.mallory)));
    assert!(play.subscriptions.unfollow(&Subscription { admin_user_id, admin_chat_id, source }).await?);
    let left = async || Ok(play.subscriptions.is_followed(source).await.is_ok_and(|followed| !followed).then_some(()));
    play.telegram.wait_until("the index to follow", PATIENCE, left).await?;
    assert_eq!(caller.post("/api/unban_user", whom).await?.status, 200);
    Ok(play.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?)
}

/// The source's admin lifts its ban; the program's own decision in the target is not the source's to lift.
#[tokio::test]
async fn a_programs_ban_stays_when_another_source_lifts_its_own() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:write"]).await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_unban: Some(true), ..ChatChange::default() }).await?;
    let ban = json!({ "chat_id": pair.target, "user_id": pair.mallory });
    assert_eq!(caller.post("/api/ban_user", ban.clone()).await?.status, 200);
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&event).await?;
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&play.last_event(pair.source, pair.mallory).await?).await?;
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?);

    // Unbanned by the program, nothing is left to undo.
    assert_eq!(caller.post("/api/unban_user", ban).await?.status, 200);
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    let nothing = play.command(pair.target, pair.boris, &format!("/undo {}", pair.mallory)).await?;
    assert!(nothing.text.starts_with("Nothing to undo"), "{}", nothing.text);
    Ok(())
}
