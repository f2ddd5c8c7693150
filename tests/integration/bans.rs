//! Ban events that programs register, and how they are found.

use crate::made_up::{chat, ids, past, path, told, unique, user, with};
use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::search::Search;
use domain::sync::sync_id;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn an_event_is_stored_once_by_its_id_however_many_tell_it_at_once() -> Result<()> {
    let play = Play::begin().await?;
    let registrar = play.registrar().await?;
    let (user, chat, now) = (user(), chat(), aws::time::now());
    let id = format!("row {}", unique());
    let event = |n: usize| {
        let fields = json!({"event_id": id, "reason": format!("told {n}"), "initiator_user_id": 5, "ban_duration": 3600, "metadata": {"n": n.to_string()}});
        with(told(user, chat, "restrict", now - n as i64), fields)
    };
    let events: Vec<_> = (0..20).map(event).collect();
    let answers = try_join_all(events.iter().map(|event| registrar.register(event))).await?;
    let (created, there): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((created.len(), there.len()), (1, 19));
    let stored = &created[0].body;
    assert!(there.iter().all(|answer| answer.status == 200 && answer.body == *stored), "{there:?}");

    let n = stored["metadata"]["n"].as_str().unwrap_or_default();
    assert_eq!((&stored["reason"], &stored["ban_duration"]), (&json!(format!("told {n}")), &json!(3600)));
    let (status, found) = registrar.get(&format!("events/ban/{}", stored["event_id"].as_str().unwrap_or_default())).await?.parts();
    assert_eq!((status, &found), (200, stored));
    assert_eq!(registrar.list(&format!("events/user/{user}"), 50).await?, std::slice::from_ref(stored));
    assert_eq!(registrar.list(&format!("events/chat/{chat}"), 50).await?, std::slice::from_ref(stored));
    assert_eq!(registrar.get("events/ban/1b671a64-40d5-491e-99b0-da01ff1f3341").await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn what_the_bot_has_seen_is_not_stored_twice() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, mallory) = (play.admin("Alice", "en").await?, play.person("Mallory").await?);
    let source = play.chat("A", alice, &[mallory]).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let (status, body) = play.registrar().await?.register(&told(mallory, source, "ban", event.event_timestamp)).await?.parts();
    assert_eq!((status, &body["event_id"]), (200, &json!(event.event_id)));
    assert_eq!((&body["user_name"], &body["chat_title"]), (&json!("Mallory"), &json!("A")));
    Ok(())
}

#[tokio::test]
async fn what_is_against_the_description_is_400_and_what_cannot_have_happened_422() -> Result<()> {
    let play = Play::begin().await?;
    let registrar = play.registrar().await?;
    let (user, chat, now) = (user(), chat(), aws::time::now());
    let good = || told(user, chat, "ban", now);
    for (event, expected, code) in [
        (with(good(), json!({"user_id": 0})), 400, "invalid_request"),
        (with(good(), json!({"chat_id": 5})), 400, "invalid_request"),
        (with(good(), json!({"event_type": "mute"})), 400, "invalid_request"),
        (with(good(), json!({"ban_duration": 0})), 400, "invalid_request"),
        (with(good(), json!({"more": 1})), 400, "invalid_request"),
        (with(good(), json!({"reason": "x".repeat(1001)})), 400, "invalid_request"),
        (with(good(), json!({"user_id": UserId::ANONYMOUS_ADMIN})), 422, "not_a_person"),
        (with(good(), json!({"event_type": "kick", "ban_duration": 60})), 422, "bad_duration"),
        (with(good(), json!({"event_timestamp": now + 900})), 422, "in_future"),
        (with(good(), json!({"metadata": {"": "x"}})), 422, "bad_metadata"),
        (with(good(), json!({"metadata": {"a": "x".repeat(4096)}})), 422, "bad_metadata"),
    ] {
        let (status, body) = registrar.register(&event).await?.parts();
        assert_eq!((status, &body["code"]), (expected, &json!(code)), "{body}");
    }
    for (query, expected, code) in [
        ("events/search", 422, "search_too_wide"),
        ("events/search?reason=spam", 422, "search_too_wide"),
        ("events/search?from=1400000000&to=1500000000", 422, "period_too_long"),
        ("events/search?user_id=5&from=2&to=1", 422, "empty_period"),
        ("events/search?user_id=x", 400, "invalid_request"),
        ("events/search?reason=", 400, "invalid_request"),
        ("events/user/5?limit=0", 400, "invalid_request"),
        ("events/user/5?cursor=x", 422, "bad_cursor"),
        ("events/user/0", 400, "invalid_request"),
        ("events/ban/x", 400, "invalid_request"),
    ] {
        let (status, body) = registrar.get(query).await?.parts();
        assert_eq!((status, &body["code"]), (expected, &json!(code)), "{query}: {body}");
    }
    let (_, body) = registrar.register_all(&[good()]).await?.parts();
    assert_eq!(body["created"], 1, "{body}");
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_another_list_or_of_somebodys_own_making_is_refused() -> Result<()> {
    let play = Play::begin().await?;
    let registrar = play.registrar().await?;
    let (user, chat, at) = (user(), chat(), aws::time::now() - 400 * DAY);
    let events: Vec<_> = (0..3).map(|n| told(user, chat, "ban", at + n)).collect();
    registrar.register_all(&events).await?;
    let (_, page) = registrar.get(&format!("events/user/{user}?limit=1")).await?.parts();
    let cursor = page["next_cursor"].as_str().unwrap_or_default();
    assert_eq!(registrar.get(&format!("events/user/{user}?limit=2&cursor={cursor}")).await?.status, 200);
    for path in [format!("events/chat/{chat}?cursor={cursor}"), format!("events/search?user_id={user}&event_type=ban&cursor={cursor}")] {
        assert_eq!(registrar.get(&path).await?.status, 422, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn each_event_of_a_bulk_has_its_own_result() -> Result<()> {
    let play = Play::begin().await?;
    let registrar = play.registrar().await?;
    let (user, chat, now) = (user(), chat(), aws::time::now());
    let event = |n: i64| told(user, chat, "kick", now - n);
    let events = [event(1), event(2), event(1), event(-900), event(3)];
    let (status, body) = registrar.register_all(&events).await?.parts();
    assert_eq!(status, 200, "{body}");
    assert_eq!([&body["created"], &body["duplicate"], &body["invalid"], &body["failed"]], [3, 1, 1, 0]);
    let results = body["results"].as_array().cloned().unwrap_or_default();
    assert_eq!(results.iter().map(|result| result["index"].as_u64()).collect::<Vec<_>>(), (0..5).map(Some).collect::<Vec<_>>());
    assert_eq!((&results[3]["status"], &results[3]["error"]["code"]), (&json!("invalid"), &json!("in_future")));
    assert_eq!(results[0]["event_id"], results[2]["event_id"]);
    let (_, again) = registrar.register_all(&events).await?.parts();
    assert_eq!([&again["created"], &again["duplicate"]], [0, 4]);

    assert_eq!(registrar.register_all(&[]).await?.status, 400);
    let (status, body) = registrar.register_all(&vec![event(1); 501]).await?.parts();
    assert_eq!((status, &body["code"]), (413, &json!("too_large")));
    Ok(())
}

#[tokio::test]
async fn a_ban_told_while_it_is_news_is_carried_over_and_history_is_not() -> Result<()> {
    let play = Play::begin().await?;
    let registrar = play.registrar().await?;
    let (boris, mallory, nick) = (play.admin("Boris", "en").await?, play.person("Mallory").await?, play.person("Nick").await?);
    let target = play.chat("B", boris, &[mallory, nick]).await?;
    for person in [mallory, nick] {
        play.subscribe(target, boris, person).await?;
    }
    let (source, now) = (chat(), aws::time::now());
    let old = with(told(nick, source, "ban", now - 25 * 3600), json!({"reason": "long ago"}));
    let (status, old) = registrar.register(&old).await?.parts();
    assert_eq!((status, &old["tracked"]), (201, &json!(false)));
    let (_, bulk) =
        registrar.register_all(&[told(nick, source, "ban", now - 26 * 3600), told(mallory, source, "ban", now - 60)]).await?.parts();
    assert_eq!(bulk["created"], 2, "{bulk}");

    play.telegram.wait_until_banned(target, mallory, PATIENCE).await?;
    for event in registrar.list(&format!("events/user/{nick}"), 50).await? {
        assert_eq!(event["tracked"], false);
        let id = serde_json::from_value::<domain::ban::BanEvent>(as_stored(&event))?.event_id;
        assert!(play.syncs.summary(sync_id(id)).await?.is_none(), "history starts no sync");
    }
    assert!(!play.telegram.is_banned(target, nick).await?);
    Ok(())
}

/// What the API answers, as the domain has it.
fn as_stored(event: &Value) -> Value {
    let at = event["event_timestamp"].as_i64().unwrap_or_default();
    with(event.clone(), json!({ "occurred": domain::ban::Occurred::new(at, 0) }))
}

#[tokio::test]
async fn every_filter_and_every_two_of_them_find_what_they_are_to_find() -> Result<()> {
    let play = Play::begin().await?;
    let registrar = play.registrar().await?;
    // Days of this test's own.
    let (start, run) = (past(1_500_000_000, 3), unique());
    let (users, chats) = ([user(), user()], [chat(), chat()]);
    let (types, reasons) = (["ban", "kick", "unban"], ["Реклама", "spam and scam", "SPAM", ""]);
    let event = |n: usize| {
        // Many within one second, and over the border of a day.
        let at = start + (n as i64 / 3) * 7200;
        with(told(users[n % 2], chats[n / 2 % 2], types[n % 3], at), json!({"event_id": format!("{run} {n}"), "reason": reasons[n % 4]}))
    };
    let events: Vec<_> = (0..60).map(event).collect();
    let (_, body) = registrar.register_all(&events).await?.parts();
    assert_eq!(body["created"], 60, "{body}");
    let all = registrar.list(&format!("events/search?from={start}&to={}", start + 2 * DAY), 100).await?;
    assert_eq!(all.len(), 60);
    let stored = all.iter().map(|event| Ok(serde_json::from_value(as_stored(event))?)).collect::<Result<Vec<BanEvent>>>()?;

    let filters = [
        Search { user_id: Some(UserId(users[0])), ..Search::default() },
        Search { chat_id: Some(ChatId(chats[1])), ..Search::default() },
        Search { from: Some(start + 7200), to: Some(start + DAY), ..Search::default() },
        Search { event_type: Some(Action::Kick), ..Search::default() },
        Search { reason: Some("spam".to_owned()), ..Search::default() },
        Search { reason: Some("реклама".to_owned()), ..Search::default() },
    ];
    for one in &filters {
        for other in &filters {
            let search = both(one, other);
            // A search has to be of somebody, of a chat, or of a period.
            let search = if search.order(0).is_ok() {
                search
            } else {
                both(&search, &Search { from: Some(start), to: Some(start + 2 * DAY), ..Search::default() })
            };
            let mut expected: Vec<_> = stored.iter().filter(|event| search.finds(event)).collect();
            expected.sort_by(|a, b| (&b.occurred, b.event_id).cmp(&(&a.occurred, a.event_id)));
            let expected: Vec<_> = expected.into_iter().map(|event| event.event_id.to_string()).collect();
            for limit in [7, 100] {
                let found = registrar.list(&path(&search), limit).await?;
                assert_eq!(ids(&found), expected, "{search:?}");
            }
        }
    }
    Ok(())
}

fn both(one: &Search, other: &Search) -> Search {
    Search {
        user_id: one.user_id.or(other.user_id),
        chat_id: one.chat_id.or(other.chat_id),
        from: one.from.or(other.from),
        to: one.to.or(other.to),
        event_type: one.event_type.or(other.event_type),
        reason: one.reason.clone().or(other.reason.clone()),
    }
}
