//! The web page of admins, as a browser asks for it.

use crate::caller::Answer;
use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use anyhow::{Context, Result, ensure};
use domain::ids::ChatId;
use domain::settings::{ChatChange, ShareBans};
use domain::subscription::Mode;
use reqwest::StatusCode;
use serde_json::{Value, json};
use telegram_sim::control::Seen;

/// Somebody who has the page open.
pub struct Visitor<'a> {
    play: &'a Play,
    token: String,
}

impl Play {
    /// Signs in with launch data.
    pub async fn sign_in(&self, data: &str) -> Result<Answer> {
        self.api("POST", "/app/api/session", None, Some(&json!({ "init_data": data }))).await
    }

    /// Opens the Mini App.
    pub async fn visitor(&self, user: i64) -> Result<Visitor<'_>> {
        let answer = self.sign_in(&self.telegram.open_web_app(user, None, None).await?).await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
        let token = answer.body["token"].as_str().context("a session")?.to_owned();
        Ok(Visitor { play: self, token })
    }
}

impl Visitor<'_> {
    async fn asks(&self, method: &str, path: &str, body: Value) -> Result<Answer> {
        let body = (!body.is_null()).then_some(&body);
        self.play.api_with(method, &format!("/app/api/chats{path}"), Some(&self.token), body, &[("accept-language", "en")]).await
    }

    /// An answer that is none of an error.
    async fn gets(&self, path: String) -> Result<Value> {
        self.does("GET", path, Value::Null).await
    }

    async fn does(&self, method: &str, path: String, body: Value) -> Result<Value> {
        let answer = self.asks(method, &path, body).await?;
        ensure!(answer.status == 200, "{method} {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Status and code of a refusal, which has a sentence.
    async fn refused(&self, method: &str, path: String, body: Value) -> Result<(u16, String)> {
        let answer = self.asks(method, &path, body).await?;
        ensure!(answer.body["message"].as_str().is_some_and(|text| text.len() > 10), "{method} {path}: {} {}", answer.status, answer.body);
        Ok((answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned()))
    }
}

#[tokio::test]
async fn only_this_bots_fresh_launch_data_opens_the_page() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "ru").await?;
    let now = aws::time::now();
    let launch = async |at, token| play.telegram.open_web_app(boris, at, token).await;
    let good = launch(None, None).await?;
    for (data, code) in [
        (launch(None, Some("7000000001:another-token")).await?, "bad_init_data"),
        (launch(None, Some("8000000001:simulated-token")).await?, "bad_init_data"),
        (launch(Some(now - 3700), None).await?, "old_init_data"),
        (good.replace(&boris.to_string(), &(boris + 1).to_string()), "bad_init_data"),
        (format!("{good}&user=%7B%22id%22%3A1%7D"), "bad_init_data"),
        (String::new(), "bad_init_data"),
    ] {
        let answer = play.sign_in(&data).await?;
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!(code)), "{data}");
    }
    let answer = play.sign_in(&good).await?;
    assert_eq!((answer.status, &answer.body["user"]["name"], &answer.body["lang"]), (200, &json!("Boris"), &json!("ru")));
    assert_eq!(answer.body["expires_in"], 900);

    // A session is renewed by itself, and is no launch data; launch data is no session.
    let token = answer.body["token"].as_str().context("a session")?;
    let renewed = play.api("POST", "/app/api/session", Some(token), Some(&json!({}))).await?;
    assert_eq!((renewed.status, &renewed.body["user"]["id"]), (200, &json!(boris.to_string())));
    assert_eq!(play.sign_in(token).await?.status, 401);
    for wrong in [Some(good.as_str()), Some("x"), None] {
        for path in ["/app/api/chats", "/app/api/chats/-100", "/app/api/chats/-100/history"] {
            let answer = play.api("GET", path, wrong, None).await?;
            assert_eq!((answer.status, &answer.body["code"]), (401, &json!("signed_out")), "{path}");
        }
    }
    assert_eq!(play.api("POST", "/app/api/session", None, Some(&json!({"init_data": good, "x": 1}))).await?.status, 400);
    assert_eq!(play.api("GET", "/app/api/nothing", Some(token), None).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_link_of_the_bot_opens_the_page_in_any_browser() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let said = play.privately(boris, "/web").await?;
    let url = url_of(&said).context("a button with a link")?;
    let (page, fragment) = url.split_once('#').context("what signs in is sent to no server")?;
    assert!(page.ends_with("/app/admin"), "{page}");
    let data = form(fragment).remove("tgWebAppData").context("launch data")?;
    let answer = play.sign_in(&data).await?;
    assert_eq!((answer.status, &answer.body["user"]["id"]), (200, &json!(boris.to_string())), "{}", answer.body);

    // In a group the link is for the one who asks alone.
    let chat = play.chat("Book club", boris, &[]).await?;
    play.telegram.say(chat, boris, "/web").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let seen = play.telegram.sees(boris).await?;
    assert!(!seen.iter().any(|seen| seen.chat_id == chat && url_of(seen).is_some()), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn whoever_runs_the_bot_learns_the_number_of_a_chat_for_operators() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("Duty", boris, &[]).await?;
    let said = play.command(chat, boris, "/operators").await?;
    assert!(said.text.contains(&format!("OperatorsChat={chat}")), "{}", said.text);
    Ok(())
}

#[tokio::test]
async fn an_admin_sees_their_chats_and_changes_what_they_may() -> Result<()> {
    let play = Play::begin().await?;
    let Pair { boris, alice, mallory, source, target } = play.pair(Mode::Auto).await?;
    play.telegram.say(source, mallory, "hello").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let visitor = play.visitor(boris).await?;
    let chats = visitor.gets(String::new()).await?;
    assert_eq!(chats["chats"], json!([{ "id": target.to_string(), "title": "Target", "state": "active" }]));
    let chat = visitor.gets(format!("/{target}")).await?;
    assert_eq!((&chat["may_ban"], &chat["settings"]["new_sources"]), (&json!(true), &json!("ban")));
    assert_eq!(chat["follows"][0]["user"], json!({ "id": mallory.to_string(), "name": "Mallory" }));

    // Settings by the rules of the REST API.
    let changed =
        visitor.does("PATCH", format!("/{target}/settings"), json!({"require_confirmation": true, "sync_delay_seconds": 60})).await?;
    assert_eq!((&changed["settings"]["require_confirmation"], &changed["settings"]["sync_delay_seconds"]), (&json!(true), &json!(60)));
    let chat = visitor.gets(format!("/{target}")).await?;
    assert_eq!((&chat["follows"][0]["mode"], &chat["follows"][0]["acts"]), (&json!("auto"), &json!("confirm")), "what happens is said");
    for (change, status) in [
        (json!({"sync_delay_seconds": -1}), 422),
        (json!({"sync_ban_type": "temporary"}), 422),
        (json!({"timezone": "Mars"}), 422),
        (json!({"settings": {}}), 400),
        (json!([]), 400),
        (json!({"sync_unban": "yes"}), 400),
    ] {
        assert_eq!(visitor.refused("PATCH", format!("/{target}/settings"), change.clone()).await?.0, status, "{change}");
    }
    visitor.does("PATCH", format!("/{target}/settings"), json!({"require_confirmation": false, "sync_delay_seconds": 0})).await?;

    // Whom they follow.
    let trudy = play.person("Trudy").await?;
    let follows = format!("/{target}/follows");
    let followed = visitor.does("POST", follows.clone(), json!({"who": trudy.to_string(), "mode": "notify"})).await?;
    assert_eq!((&followed["result"], &followed["mode"]), (&json!("new"), &json!("notify")));
    let again = visitor.does("POST", follows.clone(), json!({"who": trudy.to_string()})).await?;
    assert_eq!(again["result"], "already");
    let changed = visitor.does("PATCH", format!("{follows}/{trudy}"), json!({"mode": "confirm"})).await?;
    assert_eq!(changed["mode"], "confirm");
    for (who, status) in
        [(boris.to_string(), 422), ("nobody at all".to_owned(), 422), ("@nobody_there".to_owned(), 422), (String::new(), 422)]
    {
        assert_eq!(visitor.refused("POST", follows.clone(), json!({ "who": who })).await?.0, status, "{who}");
    }
    visitor.does("DELETE", format!("{follows}/{trudy}"), Value::Null).await?;
    assert_eq!(visitor.refused("DELETE", format!("{follows}/{trudy}"), Value::Null).await?, (404, "not_found".to_owned()));
    assert_eq!(visitor.refused("PATCH", format!("{follows}/{trudy}"), json!({"mode": "auto"})).await?.0, 404);

    // A ban arrives, is seen, and is undone.
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    let history = visitor.gets(format!("/{target}/history?filter=ban")).await?;
    let item = &history["items"][0];
    assert_eq!(item["user_id"], mallory.to_string(), "{history}");
    assert!(item["text"].as_str().is_some_and(|text| text.contains("Mallory") && !text.contains('<')), "{item}");
    let undo = json!({ "sync_id": item["undo"] });
    let undone = visitor.does("POST", format!("/{target}/undo"), undo.clone()).await?;
    assert_eq!(undone["user"]["name"], "Mallory");
    play.telegram.wait_until_not_banned(target, mallory, PATIENCE).await?;
    play.quiet(&[source, target, mallory]).await?;
    let again = visitor.gets(format!("/{target}/history?filter=ban")).await?;
    assert_eq!(again["items"][0]["undo"], Value::Null, "it is undone: {again}");
    // What somebody else's chat did cannot be found out, and not be undone.
    let elsewhere = play.pair(Mode::Auto).await?;
    let event = play.ban(elsewhere.source, elsewhere.alice, elsewhere.mallory).await?;
    let (sync, _) = play.sync_of(&event).await?;
    for sync_id in [sync.sync_id, uuid::Uuid::new_v4()] {
        let refused = visitor.refused("POST", format!("/{target}/undo"), json!({ "sync_id": sync_id })).await?;
        assert_eq!(refused, (404, "not_found".to_owned()));
    }
    assert!(play.telegram.is_banned(elsewhere.target, elsewhere.mallory).await?);
    for after in ["-1.0", "9999999999.5", "1764000000.50000000"] {
        assert_eq!(visitor.refused("GET", format!("/{target}/history?after={after}"), Value::Null).await?.0, 400, "{after}");
    }
    assert_eq!(visitor.gets(format!("/{target}/history?filter=kick")).await?["items"], json!([]));
    assert_eq!(visitor.refused("GET", format!("/{target}/history?filter=x"), Value::Null).await?.0, 400);
    assert_eq!(visitor.refused("GET", format!("/{target}/history?after=x"), Value::Null).await?.0, 400);

    // Sources.
    let sources = format!("/{target}/sources/{source}");
    let changed = visitor.does("POST", sources.clone(), json!({"to": "blocked"})).await?;
    assert_eq!(
        changed["sources"],
        json!([{ "id": source.to_string(), "title": null, "known": true, "blocked": true }]),
        "its title is not shared"
    );
    let share = ChatChange { share_bans: Some(ShareBans::Full), ..ChatChange::default() };
    play.users.choose_for_chat(ChatId(source), &share).await?;
    let changed = visitor.does("POST", sources.clone(), json!({"to": "unblocked"})).await?;
    assert_eq!(changed["sources"], json!([{ "id": source.to_string(), "title": "Source", "known": true, "blocked": false }]));
    assert_eq!(visitor.does("POST", sources, json!({"to": "unknown"})).await?["sources"], json!([]));
    assert_eq!(visitor.refused("POST", format!("/{target}/sources/{target}"), json!({"to": "blocked"})).await?.0, 422);

    // Charts are drawings; others' chats are nobody's business.
    let picture = visitor.asks("GET", &format!("/{target}/chart.svg?chart=bans&period=month&theme=dark"), Value::Null).await?;
    assert_eq!(picture.status, 200);
    assert!(picture.body.as_str().is_some_and(|svg| svg.starts_with("<svg")), "{}", picture.body);
    for path in ["", "/history", "/chart.svg?chart=bans"] {
        assert_eq!(visitor.refused("GET", format!("/{source}{path}"), Value::Null).await?, (403, "forbidden".to_owned()), "{path}");
    }
    for (method, path, body) in [
        ("PATCH", "settings".to_owned(), json!({"sync_unban": true})),
        ("POST", "follows".to_owned(), json!({ "who": trudy.to_string() })),
        ("POST", "undo".to_owned(), undo),
        ("POST", format!("sources/{target}"), json!({"to": "blocked"})),
    ] {
        assert_eq!(visitor.refused(method, format!("/{source}/{path}"), body).await?, (403, "forbidden".to_owned()), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_question_is_answered_on_the_page_by_whoever_may_ban() -> Result<()> {
    let play = Play::begin().await?;
    let asks = play.pair(Mode::Confirm).await?;
    let (looker, stranger) = (play.admin("Lena", "en").await?, play.admin("Stan", "en").await?);
    play.telegram.join(asks.target, looker).await?;
    let may_look = telegram_sim::AdminRights { can_delete_messages: true, ..Default::default() };
    play.telegram.promote(asks.target, looker, may_look).await?;
    play.ban(asks.source, asks.alice, asks.mallory).await?;
    play.telegram.wait_until_sees(asks.boris, "Ban them in Target too?", PATIENCE).await?;

    let visitor = play.visitor(asks.boris).await?;
    let target = asks.target;
    let chat = visitor.gets(format!("/{target}")).await?;
    let question = &chat["questions"][0];
    assert_eq!((&question["about"], &question["user"]["name"], &question["bans"]), (&json!("ban"), &json!("Mallory"), &json!(1)));
    let path = format!("/{target}/questions/{}", question["id"].as_str().context("its id")?);
    let other = path.replace(&target.to_string(), &asks.source.to_string());
    assert_eq!(visitor.refused("POST", other, json!({"choice": "ban"})).await?.0, 403, "it is another chat's");
    for (who, status) in [(looker, 422), (stranger, 403)] {
        let visitor = play.visitor(who).await?;
        assert_eq!(visitor.refused("POST", path.clone(), json!({"choice": "ban"})).await?.0, status);
        assert_eq!(visitor.refused("POST", path.clone(), json!({"choice": "both"})).await?.0, 400);
        assert_eq!(visitor.refused("GET", format!("/{target}"), Value::Null).await.is_ok(), who == stranger, "who may not decide may look");
    }
    // An admin without the right looks, and decides nothing.
    let at_looker = play.visitor(looker).await?;
    assert_eq!(at_looker.gets(format!("/{target}")).await?["may_ban"], false);
    let change = json!({"sync_unban": true});
    assert_eq!(at_looker.refused("PATCH", format!("/{target}/settings"), change).await?, (403, "forbidden".to_owned()));

    let decided = visitor.does("POST", path.clone(), json!({"choice": "ban"})).await?;
    assert!(decided["text"].as_str().is_some_and(|text| text.contains("Decided: ban")), "{decided}");
    play.telegram.wait_until_banned(target, asks.mallory, PATIENCE).await?;
    assert_eq!(visitor.gets(format!("/{target}")).await?["questions"], json!([]));
    let again = visitor.does("POST", path, json!({"choice": "ignore"})).await?;
    assert!(again["text"].as_str().is_some_and(|text| text.contains("Decided: ban")), "whose answer counts, stays: {again}");
    Ok(())
}

#[tokio::test]
async fn the_page_is_files_that_a_browser_keeps_and_may_do_little() -> Result<()> {
    let play = Play::begin().await?;
    let base = play.stack.api_url.clone().context("the stack has an API")?;
    let get = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = reqwest::Client::new().get(format!("{base}/app/{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    };
    for page in ["admin", "operators"] {
        let answer = get(page, &[]).await?;
        assert_eq!(answer.status(), StatusCode::OK, "{page}");
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert_eq!((header("cache-control"), header("content-type")), ("no-cache".to_owned(), "text/html; charset=utf-8".to_owned()));
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let etag = header("etag");
        let text = answer.text().await?;
        assert_eq!(get(page, &[("if-none-match", &etag)]).await?.status(), StatusCode::NOT_MODIFIED);

        let parts: Vec<_> = text.split('"').filter(|part| part.starts_with("assets/")).collect();
        assert!(parts.len() >= 2, "{text}");
        for part in parts {
            let plain = get(part, &[]).await?;
            assert_eq!(plain.headers()["cache-control"], "public, max-age=31536000, immutable");
            let plain = plain.bytes().await?;
            let packed = get(part, &[("accept-encoding", "gzip")]).await?;
            assert_eq!(packed.headers()["content-encoding"], "gzip");
            let packed = packed.bytes().await?;
            assert_eq!(packed[..2], [0x1f, 0x8b], "{part}");
            assert!(packed.len() < plain.len(), "{part}");
        }
    }
    for nothing in ["", "assets/0/app.js", "../template.yaml", "admin/x"] {
        assert_eq!(get(nothing, &[]).await?.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
    Ok(())
}

#[tokio::test]
async fn a_person_who_asks_too_much_waits() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let visitor = play.visitor(boris).await?;
    // As if most of the minute's were over, in each minute that this may take.
    for minute in 0..5 {
        let key = format!("PACE#WEB#{boris}#{}", aws::time::now() / 60 + minute);
        let item = json!({"pk": {"S": key}, "requests": {"N": "118"}});
        play.stack.aws("dynamodb", "PutItem", json!({"TableName": play.stack.tables["gateway"], "Item": item})).await?;
    }
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(visitor.asks("GET", "", Value::Null).await?);
    }
    assert_eq!(answers[0].status, 200);
    let refused = answers.iter().find(|answer| answer.status == 429).context("nobody asks for more than 120 a minute")?;
    assert_eq!(refused.headers["retry-after"], "60");
    // A year of figures is dear to read.
    let carol = play.admin("Carol", "en").await?;
    let (visitor, chat) = (play.visitor(carol).await?, play.chat("C", carol, &[]).await?);
    let year = format!("/{chat}/chart.svg?chart=bans&period=year");
    let mut answers = Vec::new();
    for _ in 0..49 {
        answers.push(visitor.asks("GET", &year, Value::Null).await?.status);
    }
    assert!(answers[..24].iter().all(|status| *status == 200) && answers.contains(&429), "{answers:?}");
    assert_eq!(visitor.asks("GET", &format!("/{chat}"), Value::Null).await?.status, 200, "all else goes on");
    let sign_in = play.sign_in(&play.telegram.open_web_app(boris, None, None).await?).await?;
    assert!([200, 429].contains(&sign_in.status), "{}", sign_in.body);
    Ok(())
}

/// Where the button leads that opens the page.
fn url_of(seen: &Seen) -> Option<&String> {
    seen.buttons.iter().flatten().find(|button| button.text.contains("Open the page"))?.url.as_ref()
}

/// The fields of a form.
fn form(text: &str) -> std::collections::BTreeMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
