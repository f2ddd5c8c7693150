//! People and chats: kept as Telegram tells of them, and as operators do.

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::Result;
use domain::ids::UserId;
use domain::profile::ProfileChange;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use telegram_sim::control::NewUser;

fn named(first: &str, username: Option<&str>) -> ProfileChange {
    ProfileChange {
        first_name: Some(first.to_owned()),
        last_name: Some(None),
        username: Some(username.map(str::to_owned)),
        language_code: Some(None),
        ..ProfileChange::default()
    }
}

#[tokio::test]
async fn a_username_is_its_newest_owners_in_any_case() -> Result<()> {
    let play = Play::begin().await?;
    let (a, b) = (UserId(play.person("A").await?), UserId(play.person("B").await?));
    let (name, other) = (format!("Owner_{a}"), format!("other_{a}"));
    let owner = async || anyhow::Ok(play.users.by_username(&name.to_uppercase()).await?.map(|profile| profile.user_id));

    play.users.seen(a, &named("A", Some(&name))).await?;
    assert_eq!(owner().await?, Some(a));
    let changed_hands = async || anyhow::Ok(play.users.holder(&name).await?.and_then(|holder| holder.taken_at).is_some());
    assert!(!changed_hands().await?);
    // B has it now, in another case; A has not been seen since.
    play.users.seen(b, &named("B", Some(&name.to_lowercase()))).await?;
    assert_eq!(owner().await?, Some(b));
    assert!(changed_hands().await?);
    assert_eq!(play.users.profile(a).await?.and_then(|profile| profile.username), None);
    // B gave it up, and nobody has it.
    play.users.seen(b, &named("B", Some(&other))).await?;
    assert_eq!(owner().await?, None);
    // A has it again.
    play.users.seen(a, &named("A", Some(&name))).await?;
    play.users.seen(b, &named("B", None)).await?;
    assert_eq!(owner().await?, Some(a));
    assert!(changed_hands().await?, "though nobody had it in between");
    assert_eq!(play.users.by_username(&other).await?, None);
    Ok(())
}

#[tokio::test]
async fn whoever_writes_again_unchanged_costs_nothing_for_five_minutes_and_then_a_write() -> Result<()> {
    // Each process of the webhook remembers whom it has seen. New settings end them all, and calls one after the other are one process's.
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS does not count calls");
    }
    play.quiet(&[]).await?;
    let _one_process = play.reconfigure("webhook", &[("STARTED_ANEW", "by a test")])?;
    let user = play.person("Mallory").await?;
    let says = async |last_name: &str, username: &str| {
        play.stack.count_calls(&user.to_string()).await?;
        let person = json!({"id": user, "is_bot": false, "first_name": "Mallory", "last_name": last_name, "username": username});
        let message = json!({"update_id": user, "message": {"message_id": 1, "date": aws::time::now(), "from": person, "text": "hello",
            "chat": {"id": -1_009_000_000_002_i64, "type": "supergroup", "title": "T"}}});
        let (status, answer) = play.post(message.to_string(), Some(&play.stack.webhook_secret)).await?;
        anyhow::ensure!(status == 200, "{status} {answer}");
        play.webhook_calls(user).await
    };
    let (name, other) = (format!("first_{user}"), format!("second_{user}"));
    // The first word in a chat asks whether he is waited for there, once a minute.
    let first = ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:UpdateItem", "dynamodb:UpdateItem"];
    assert_eq!(says("One", &name).await?, first);
    assert_eq!(says("One", &name).await?, [""; 0], "fresh and the same");
    assert_eq!(says("Two", &name).await?, ["dynamodb:UpdateItem", "dynamodb:UpdateItem"], "another name, the same username");
    let renamed = ["dynamodb:UpdateItem"; 4];
    assert_eq!(says("Two", &other).await?, renamed);
    let profile = play.users.profile(UserId(user)).await?;
    assert_eq!(profile.map(|profile| (profile.name(), profile.username)), Some(("Mallory Two".to_owned(), Some(other))));
    Ok(())
}

#[tokio::test]
async fn a_profile_of_an_older_version_is_read_and_becomes_a_new_one_when_he_is_seen() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let user = UserId(play.person("Mal").await?);
    let (pk, username) = (format!("USER#{user}"), format!("Old_{user}"));
    let old = json!({"name": {"S": "Mal Lory"}, "username": {"S": username}, "user_id": {"N": user.to_string()},
        "language_code": {"NULL": true}, "version": {"N": "1"}});
    play.set_item(&pk, "PROFILE", old).await?;
    let body = operator.there(&format!("users/{user}")).await?;
    assert_eq!((&body["first_name"], &body["username"], &body["is_active"]), (&json!("Mal Lory"), &json!(username), &json!(true)));

    play.users.seen(user, &named("Mal", Some(&username))).await?;
    let items = play.items("users").await?;
    let item = items.iter().find(|item| item["pk"]["S"] == pk && item["sk"]["S"] == "PROFILE").unwrap();
    assert_eq!((&item["version"]["N"], &item["first_name"]["S"]), (&json!("2"), &json!("Mal")));
    assert!(item["name"].is_null() && item["language_code"].is_null(), "{item}");
    Ok(())
}

#[tokio::test]
async fn a_person_is_registered_found_changed_and_deactivated() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let user = play.person("Boris").await?;
    let path = format!("users/{user}");
    assert_eq!(operator.get(&path).await?.status, 404);
    let new = json!({"user_id": user, "first_name": "Boris", "username": format!("Boris_{user}"), "language_code": "en"});
    let (status, made) = operator.post("users", new.clone()).await?.parts();
    assert_eq!((status, &made["is_active"], &made["last_seen"]), (201, &json!(true), &Value::Null), "{made}");
    let (status, again) = operator.post("users", new).await?.parts();
    assert_eq!((status, &again["code"]), (409, &json!("already_exists")));
    assert_eq!(operator.there(&format!("users?username=bORIS_{user}")).await?, made);
    assert_eq!(operator.get("users?username=nobody_has_it").await?.status, 404);
    assert_eq!(operator.get("users?username=@boris").await?.status, 400);

    let (status, changed) = operator.put(&path, json!({"last_name": "Petrov", "username": null})).await?.parts();
    assert_eq!((status, &changed["first_name"], &changed["last_name"]), (200, &json!("Boris"), &json!("Petrov")));
    assert_eq!((&changed["username"], operator.get(&format!("users?username=boris_{user}")).await?.status), (&Value::Null, 404));
    let (status, refused) = operator.put(&path, json!({"username": "a b", "first_name": ""})).await?.parts();
    let fields: Vec<_> = refused["details"]["problems"].as_array().unwrap().iter().map(|problem| &problem["field"]).collect();
    assert_eq!((status, fields), (422, vec![&json!("username"), &json!("first_name")]));
    assert_eq!(operator.put(&path, json!({"nickname": "B"})).await?.status, 400);

    assert_eq!(operator.delete(&path).await?.status, 204);
    assert_eq!(operator.there(&path).await?["is_active"], false);
    assert_eq!(operator.put(&path, json!({"is_active": true})).await?.body["is_active"], true);
    let nobody = UserId::TELEGRAM.0;
    assert_eq!(operator.post("users", json!({"user_id": nobody, "first_name": "T"})).await?.body["code"], "reserved_id");
    Ok(())
}

#[tokio::test]
async fn each_of_a_batch_is_changed_on_its_own() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let people = try_join_all((0..20).map(|_| play.person("P"))).await?;
    for user in &people[..19] {
        play.users.seen(UserId(*user), &named("P", None)).await?;
    }
    let mut users: Vec<_> = people.iter().map(|user| json!({"user_id": user, "change": {"last_name": user.to_string()}})).collect();
    users[3]["change"]["username"] = json!("no");
    let (status, body) = operator.post("users/batch", json!({ "users": users })).await?.parts();
    assert_eq!(status, 200, "{body}");
    for (n, (user, result)) in people.iter().zip(body["results"].as_array().unwrap()).enumerate() {
        let expected = match n {
            3 => "invalid",
            19 => "not_found",
            _ => "updated",
        };
        assert_eq!((&result["user_id"], &result["status"]), (&json!(user), &json!(expected)), "{result}");
        assert_eq!(result["user"]["last_name"] == json!(user.to_string()), expected == "updated", "{result}");
    }
    assert_eq!(body["results"][3]["problems"][0]["field"], "username");
    // One that is named twice and one that cannot be read do not spoil the others.
    let mixed = json!({"users": [users[0], users[0], {"user_id": "x", "change": {}}, 5, users[1]]});
    let (status, body) = operator.post("users/batch", mixed).await?.parts();
    let results = body["results"].as_array().cloned().unwrap_or_default();
    let told: Vec<_> = results.iter().map(|result| (result["index"].as_i64(), result["status"].as_str().unwrap_or_default())).collect();
    let expected = [(Some(0), "updated"), (Some(1), "invalid"), (Some(2), "invalid"), (Some(3), "invalid"), (Some(4), "updated")];
    assert_eq!((status, told.as_slice()), (200, &expected[..]), "{body}");
    assert_eq!((&results[1]["problems"][0]["field"], &results[2]["problems"][0]["field"]), (&json!("user_id"), &json!("user_id")));
    assert_eq!(operator.post("users/batch", json!({ "users": [] })).await?.status, 400);
    let many: Vec<_> = (1..=101).map(|user| json!({"user_id": user, "change": {}})).collect();
    assert_eq!(operator.post("users/batch", json!({ "users": many })).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn people_and_chats_choose_within_the_rules_and_are_told_all_that_is_wrong() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    play.users.seen(UserId(boris), &named("Boris", None)).await?;
    let (of_user, of_chat) = (format!("users/{boris}/settings"), format!("chats/{chat}/settings"));
    let topics = json!({"user_banned": "now", "ban_synced": "now", "sync_error": "now", "subscription_created": "now", "limit_reached": "now", "system": "now"});
    let defaults = json!({"notifications_enabled": true, "language": "ru", "timezone": "UTC", "quiet_hours": null, "settings": {},
        "urgent_in_quiet_hours": true, "topics": topics, "digest_hours": 24, "channels": ["telegram"]});
    assert_eq!(operator.there(&of_user).await?, defaults);
    let large = json!({"a": "x".repeat(5000)});
    for (path, change, wrong) in [
        (&of_user, json!({"timezone": "europe/moscow", "settings": {"theme": [1, {"a": null}]}}), json!([])),
        (&of_user, json!({"timezone": "Mars/Olympus", "settings": large}), json!(["timezone", "settings"])),
        (&of_user, json!({"quiet_hours": {"from": "24:00", "to": "07:00"}, "timezone": "x"}), json!(["timezone", "quiet_hours"])),
        (&of_user, json!({"quiet_hours": {"from": "07:00", "to": "07:00"}}), json!(["quiet_hours"])),
        (&of_user, json!({"quiet_hours": {"from": "13:00", "to": "14:00"}}), json!([])),
        (&of_user, json!({"quiet_hours": null}), json!([])),
        (&of_user, json!({"quiet_hours": {"from": "22:00", "to": "07:00"}}), json!([])),
        (&of_user, json!({"digest_hours": 169, "timezone": "x"}), json!(["timezone", "digest_hours"])),
        (&of_user, json!({"digest_hours": -1}), json!(["digest_hours"])),
        (&of_user, json!({"digest_hours": 6.0, "topics": {"system": "off"}, "channels": ["sns", "telegram"]}), json!([])),
        (&of_user, json!({"topics": {"ban_synced": "digest"}, "urgent_in_quiet_hours": false}), json!([])),
        (&of_chat, json!({"sync_ban_type": "temporary"}), json!(["ban_duration_seconds"])),
        (&of_chat, json!({"sync_ban_type": "temporary", "ban_duration_seconds": 31_622_401}), json!(["ban_duration_seconds"])),
        (&of_chat, json!({"sync_delay_seconds": 604_801, "timezone": "x"}), json!(["timezone", "sync_delay_seconds"])),
        (&of_chat, json!({"sync_ban_type": "temporary", "ban_duration_seconds": 86_400}), json!([])),
        (&of_chat, json!({"sync_delay_seconds": 604_800, "require_confirmation": true, "chat_title": "Beekeepers"}), json!([])),
        (&of_chat, json!({"ban_duration_seconds": null}), json!(["ban_duration_seconds"])),
    ] {
        let (status, body) = operator.put(path, change.clone()).await?.parts();
        let problems = body["details"]["problems"].as_array().cloned().unwrap_or_default();
        let fields: Vec<_> = problems.iter().map(|problem| problem["field"].clone()).collect();
        assert_eq!((json!(fields), status), (wrong.clone(), if wrong == json!([]) { 200 } else { 422 }), "{change} {body}");
    }
    for change in [
        json!({"language": "de"}),
        json!({"notifications": true}),
        json!({"timezone": 5}),
        json!({"quiet_hours": ["22:00", "07:00"]}),
        json!({"topics": {"weather": "now"}}),
        json!({"topics": {"system": "later"}}),
        json!({"topics": ["now"]}),
        json!({"channels": ["pigeon"]}),
        json!([]),
    ] {
        assert_eq!(operator.put(&of_user, change.clone()).await?.status, 400, "{change}");
    }
    let user = operator.there(&of_user).await?;
    assert_eq!((&user["timezone"], &user["settings"]), (&json!("Europe/Moscow"), &json!({"theme": [1, {"a": null}]})));
    assert_eq!(user["quiet_hours"], json!({"from": "22:00", "to": "07:00"}));
    assert_eq!(
        (&user["topics"]["system"], &user["topics"]["ban_synced"], &user["topics"]["sync_error"]),
        (&json!("off"), &json!("digest"), &json!("now"))
    );
    assert_eq!((&user["digest_hours"], &user["urgent_in_quiet_hours"]), (&json!(6), &json!(false)));
    assert_eq!(user["channels"], json!(["telegram", "sns"]));
    let settings = operator.there(&of_chat).await?;
    assert_eq!((&settings["ban_duration_seconds"], &settings["sync_delay_seconds"]), (&json!(86_400), &json!(604_800)), "{settings}");
    assert_eq!((&settings["chat_title"], &settings["auto_sync_enabled"]), (&json!("Beekeepers"), &json!(true)));
    assert_eq!(operator.there(&format!("chats/{chat}")).await?["title"], "B");
    for path in ["users/999999999999/settings", "chats/-999999999999/settings"] {
        assert_eq!((operator.get(path).await?.status, operator.put(path, json!({})).await?.status), (404, 404), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn of_choices_that_meet_none_is_lost() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let boris = play.admin("Boris", "en").await?;
    let path = format!("chats/{}/settings", play.chat("B", boris, &[]).await?);
    let changes = [
        json!({"auto_sync_enabled": false}),
        json!({"require_confirmation": true}),
        json!({"sync_unban": true}),
        json!({"spare_bots": true}),
        json!({"sync_delay_seconds": 60}),
        json!({"timezone": "Asia/Tokyo"}),
        json!({"language": "en"}),
        json!({"chat_title": "Bees"}),
        json!({"settings": {"a": 1}}),
    ];
    let answers = try_join_all(changes.iter().map(|change| operator.put(&path, change.clone()))).await?;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let settings = operator.there(&path).await?;
    for (name, value) in changes.iter().flat_map(|change| change.as_object().unwrap()) {
        assert_eq!(&settings[name], value, "{settings}");
    }
    Ok(())
}

#[tokio::test]
async fn whoever_chose_a_language_is_spoken_to_in_it_and_whoever_wants_no_messages_gets_none() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    // Before the bot sees them: what it has seen it remembers for some minutes.
    for (user, settings) in [(boris, json!({"language": "ru"})), (alice, json!({"notifications_enabled": false}))] {
        let (status, body) = operator.post("users", json!({"user_id": user, "first_name": "X"})).await?.parts();
        assert_eq!(status, 201, "{body}");
        assert_eq!(operator.put(&format!("users/{user}/settings"), settings).await?.status, 200);
    }
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[]).await?);
    let answer = play.subscribe(b, boris, mallory).await?;
    assert!(answer.contains("Новая подписка"), "{answer}");
    let c = play.chat("C", alice, &[]).await?;
    play.subscribe(c, alice, mallory).await?;
    play.ban(a, alice, mallory).await?;
    play.telegram.wait_until_sees(boris, "успешно синхронизирован", PATIENCE).await?;
    play.telegram.wait_until_banned(c, mallory, PATIENCE).await?;
    assert_eq!(play.notices(alice).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_chat_is_registered_where_the_bot_is_in_it() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let boris = play.telegram.create_user(NewUser::named("Boris")).await?;
    let chat = play.chat("B", boris, &[]).await?;
    let (status, body) = operator.post("chats", json!({ "chat_id": chat })).await?.parts();
    assert_eq!((status, &body["code"]), (409, &json!("already_exists")));
    // As if it had been there before the store.
    let key = json!({"pk": {"S": format!("CHAT#{chat}")}, "sk": {"S": "CHAT"}});
    play.stack.aws("dynamodb", "DeleteItem", json!({"TableName": play.stack.tables["users"], "Key": key})).await?;
    let new = json!({"chat_id": chat, "settings": {"sync_ban_type": "permanent"}});
    let (status, body) = operator.post("chats", new).await?.parts();
    assert_eq!((status, &body["state"], &body["settings"]["sync_ban_type"]), (201, &json!("active"), &json!("permanent")), "{body}");
    assert_eq!(operator.there(&format!("chats/{chat}")).await?, body);
    let (status, body) = operator.post("chats", json!({"chat_id": -1_009_999_999_999_i64})).await?.parts();
    assert_eq!((status, &body["code"]), (404, &json!("chat_unknown")));
    let wrong = json!({"chat_id": -1_009_999_999_999_i64, "settings": {"timezone": "x"}});
    assert_eq!(operator.post("chats", wrong).await?.status, 422);
    Ok(())
}
