//! The simulator over real HTTP, with a webhook of the tests' own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Simulator;
use crate::config::Config;
use crate::control::*;

const PATIENCE: Duration = Duration::from_secs(5);

struct Bot {
    simulator: Simulator,
    control: Control,
    http: reqwest::Client,
    received: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    /// What the webhook answers; when used up, 200.
    answers: Arc<Mutex<Vec<Response>>>,
}

impl Bot {
    async fn start() -> Self {
        let config = Config { kick_pause: Duration::from_millis(50), retry_base: Duration::from_millis(50), ..Config::default() };
        let simulator = Simulator::start(config).await.unwrap();
        let (received, answers) = (Arc::default(), Arc::default());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { control: simulator.control.clone(), simulator, http, received, answers }
    }

    /// With a webhook that hears of everything this project needs.
    async fn with_webhook() -> Self {
        let bot = Self::start().await;
        let (received, answers) = (bot.received.clone(), bot.answers.clone());
        let handle = move |headers: HeaderMap, body: Bytes| async move {
            let update = serde_json::from_slice(&body).unwrap_or(Value::Null);
            received.lock().unwrap().push((headers, update));
            answers.lock().unwrap().pop().unwrap_or_else(|| StatusCode::OK.into_response())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = axum::Router::new().route("/hook", axum::routing::post(handle));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let kinds = ["message", "chat_member", "my_chat_member", "callback_query"];
        let hook = json!({"url": url, "secret_token": "hush", "allowed_updates": kinds});
        assert_eq!(bot.call("setWebhook", hook).await["ok"], true);
        bot
    }

    fn method_url(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.simulator.url, Config::default().token)
    }

    async fn send(&self, method: &str, params: Value) -> reqwest::Result<reqwest::Response> {
        self.http.post(self.method_url(method)).json(&params).send().await
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        self.send(method, params).await.unwrap().json().await.unwrap()
    }

    fn answer_next(&self, answer: impl IntoResponse) {
        self.answers.lock().unwrap().insert(0, answer.into_response());
    }

    fn updates(&self) -> Vec<Value> {
        self.received.lock().unwrap().iter().map(|(_, update)| update.clone()).collect()
    }

    /// Owner, member and a supergroup the bot moderates; what was heard of it is forgotten.
    async fn supergroup(&self) -> (i64, i64, i64) {
        let owner = self.control.create_user(NewUser::named("Olga")).await.unwrap();
        let member = self.control.create_user(NewUser::named("Mira")).await.unwrap();
        let role = BotRole::Administrator(AdminRights::moderator());
        let chat = NewChat::supergroup("Lake", owner).members(&[member]).bot(role);
        let chat = self.control.create_chat(chat).await.unwrap();
        self.control.wait_until_accepted(PATIENCE).await.unwrap();
        self.received.lock().unwrap().clear();
        (chat, owner, member)
    }
}

#[tokio::test]
async fn a_ban_reaches_the_webhook_with_its_secret() {
    let bot = Bot::with_webhook().await;
    let (chat, owner, member) = bot.supergroup().await;
    bot.control.ban(chat, owner, member, None).await.unwrap();
    bot.control.wait_until_accepted(PATIENCE).await.unwrap();
    let received = bot.received.lock().unwrap();
    assert_eq!(received[0].0["X-Telegram-Bot-Api-Secret-Token"], "hush");
    let banned = received.iter().filter(|(_, u)| u["chat_member"]["new_chat_member"]["user"]["id"] == member);
    assert_eq!(banned.count(), 1);
}

#[tokio::test]
async fn a_refused_update_is_brought_again_and_those_behind_it_wait() {
    let bot = Bot::with_webhook().await;
    let (chat, owner, member) = bot.supergroup().await;
    for _ in 0..3 {
        bot.answer_next(StatusCode::INTERNAL_SERVER_ERROR);
    }
    bot.control.pause_webhook(true).await.unwrap();
    bot.control.restrict(chat, owner, member, Permissions::none(), None).await.unwrap();
    bot.control.unrestrict(chat, owner, member).await.unwrap();
    bot.control.pause_webhook(false).await.unwrap();
    bot.control.wait_until_accepted(PATIENCE).await.unwrap();
    let ids: Vec<u64> = bot.updates().iter().map(|u| u["update_id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), 5);
    assert!(ids[..4].iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(ids[4], ids[0] + 1);
    let deliveries = bot.control.deliveries().await.unwrap();
    let first = deliveries.iter().find(|d| u64::from(d.update_id) == ids[0]).unwrap();
    assert_eq!((first.attempts, first.last_status, first.state), (4, Some(200), DeliveryState::Accepted));
    let info = bot.call("getWebhookInfo", json!({})).await;
    assert_eq!(info["result"]["last_error_message"], "Wrong response from the webhook: 500 Internal Server Error");
}

#[tokio::test]
async fn retry_after_of_the_webhook_is_waited_for() {
    let bot = Bot::with_webhook().await;
    let (chat, owner, member) = bot.supergroup().await;
    bot.answer_next((StatusCode::SERVICE_UNAVAILABLE, [("Retry-After", "1")]));
    let begin = Instant::now();
    bot.control.restrict(chat, owner, member, Permissions::none(), None).await.unwrap();
    bot.control.wait_until_accepted(PATIENCE).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(900));
}

#[tokio::test]
async fn a_kick_makes_two_updates_a_pause_apart() {
    let bot = Bot::with_webhook().await;
    let (chat, owner, member) = bot.supergroup().await;
    bot.control.kick(chat, owner, member).await.unwrap();
    assert!(bot.control.is_banned(chat, member).await.unwrap());
    bot.control.wait_until_accepted(PATIENCE).await.unwrap();
    assert_eq!(bot.control.member(chat, member).await.unwrap().status, "left");
    let kinds: Vec<Value> = bot.updates().iter().filter_map(|u| u.get("chat_member").cloned()).collect();
    assert_eq!(kinds.len(), 2);
}

#[tokio::test]
async fn a_call_in_the_webhooks_answer_is_carried_out() {
    let bot = Bot::with_webhook().await;
    let (chat, _, member) = bot.supergroup().await;
    bot.answer_next(Json(json!({"method": "sendMessage", "chat_id": chat, "text": "pong"})));
    bot.control.say(chat, member, "ping").await.unwrap();
    let seen = bot.control.wait_until_sees(member, "pong", PATIENCE).await.unwrap();
    assert_eq!(seen.chat_title, "Lake");
    let calls = bot.control.calls(CallFilter::method("sendMessage").chat(chat)).await.unwrap();
    assert!(calls[0].in_webhook_answer);
}

#[tokio::test]
async fn an_update_can_be_brought_again_and_any_body_delivered() {
    let bot = Bot::with_webhook().await;
    let (chat, _, member) = bot.supergroup().await;
    bot.control.say(chat, member, "once").await.unwrap();
    bot.control.wait_until_accepted(PATIENCE).await.unwrap();
    let id = bot.control.deliveries().await.unwrap().last().unwrap().update_id;
    assert_eq!(bot.control.redeliver(id).await.unwrap().status, Some(200));
    assert_eq!(bot.control.deliver_raw("{\"no\":").await.unwrap().status, Some(200));
    bot.control.deliver_raw_with_secret("{}", "wrong").await.unwrap();
    bot.control.deliver_raw_with_secret("{}", "").await.unwrap();
    let received = bot.received.lock().unwrap();
    assert_eq!(received[0].1, received[1].1);
    assert_eq!(received[2].1, Value::Null);
    let secret = |i: usize| received[i].0.get("X-Telegram-Bot-Api-Secret-Token").map(|v| v.to_str().unwrap());
    assert_eq!((secret(2), secret(3), secret(4)), (Some("hush"), Some("wrong"), None));
}

#[tokio::test]
async fn a_pressed_button_waits_for_the_bots_answer() {
    let bot = Bot::with_webhook().await;
    let user = bot.control.create_user(NewUser::named("Mira")).await.unwrap();
    bot.control.start_bot(user).await.unwrap();
    let markup = json!({"inline_keyboard": [[{"text": "Yes, please", "callback_data": "y"}]]});
    bot.call("sendMessage", json!({"chat_id": user, "text": "Sure?", "reply_markup": markup})).await;
    let seen = bot.control.wait_until_sees(user, "Sure?", PATIENCE).await.unwrap();
    let press = bot.control.press_button(user, &seen, "Yes");
    let answer = async {
        let asked = async || Ok(bot.updates().iter().find_map(|u| u["callback_query"]["id"].as_str().map(str::to_owned)));
        let id = wait_until("the query", PATIENCE, asked).await.unwrap();
        let link = "https://t.me/bansync_bot?start=x";
        bot.call("answerCallbackQuery", json!({"callback_query_id": id, "text": "Done", "show_alert": true, "url": link})).await;
    };
    let (pressed, ()) = tokio::join!(press, answer);
    let pressed = pressed.unwrap();
    assert_eq!((pressed.answered, pressed.text.as_deref(), pressed.show_alert), (true, Some("Done"), true));
    assert_eq!(pressed.url.as_deref(), Some("https://t.me/bansync_bot?start=x"));
    assert!(bot.control.press(user, user, seen.message_id, "n").await.is_err(), "no such button");
}

#[tokio::test]
async fn a_button_with_a_link_cannot_be_pressed() {
    let bot = Bot::start().await;
    let user = bot.control.create_user(NewUser { started: true, ..NewUser::named("Mira") }).await.unwrap();
    let markup = json!({"inline_keyboard": [[{"text": "Open", "url": "https://example.org/"}]]});
    bot.call("sendMessage", json!({"chat_id": user, "text": "Here", "reply_markup": markup})).await;
    let seen = bot.control.wait_until_sees(user, "Here", PATIENCE).await.unwrap();
    assert_eq!(seen.button("Open").unwrap().url.as_deref(), Some("https://example.org/"));
    let error = bot.control.press_button(user, &seen, "Open").await.unwrap_err();
    assert_eq!(error.to_string(), "the simulator refused: a link, nothing to press: \"Open\" under \"Here\"");
}

#[tokio::test]
async fn a_file_is_uploaded_by_a_multipart_form() {
    let bot = Bot::start().await;
    let user = bot.control.create_user(NewUser { started: true, ..NewUser::named("Mira") }).await.unwrap();
    let post = async |body: String| {
        let request = bot.http.post(bot.method_url("sendDocument")).header("content-type", "multipart/form-data; boundary=cut");
        request.body(body).send().await.unwrap().json::<Value>().await.unwrap()
    };
    let field = |name: &str, value: &str| format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = "--cut\r\nContent-Disposition: form-data; name=\"f\"; filename=\"bans.csv\"\r\nContent-Type: text/csv\r\n\r\nid\n7\n\r\n";
    let fields = field("chat_id", &user.to_string()) + &field("caption", "Bans") + &field("document", "attach://f");
    let answer = post(format!("{fields}{file}--cut--\r\n")).await;
    assert_eq!(answer["result"]["document"]["file_name"], "bans.csv");
    let seen = bot.control.wait_until_sees(user, "Bans", PATIENCE).await.unwrap();
    assert_eq!(
        seen.document,
        Some(Document { file_name: "bans.csv".into(), size: 5, text: Some("id\n7\n".into()), pixels: None, is_photo: false })
    );
    assert_eq!(post("no form".into()).await["description"], "Bad Request: can't parse multipart form data");
}

#[tokio::test]
async fn a_person_edits_a_message_and_shares_users_over_http() {
    let bot = Bot::with_webhook().await;
    let (chat, owner, member) = bot.supergroup().await;
    bot.control.start_bot(member).await.unwrap();
    let id = bot.control.say(chat, member, "a").await.unwrap();
    bot.control.edit_message(chat, member, id, "b").await.unwrap();
    assert_eq!(bot.control.sees(owner).await.unwrap().last().unwrap().text, "b");
    assert!(bot.control.share_users(member, 1, &[owner]).await.is_err());
    let markup = json!({"keyboard": [[{"text": "Whom?", "request_users": {"request_id": 1, "request_name": true}}]]});
    bot.call("sendMessage", json!({"chat_id": member, "text": "Whom?", "reply_markup": markup})).await;
    bot.control.share_users(member, 1, &[owner]).await.unwrap();
    bot.control.wait_until_accepted(PATIENCE).await.unwrap();
    let shared = bot.updates().iter().find_map(|u| u["message"].get("users_shared").map(|s| s["users"].clone()));
    assert_eq!(shared, Some(json!([{"user_id": owner, "first_name": "Olga"}])));
}

#[tokio::test]
async fn the_api_takes_json_forms_and_queries_and_knows_its_token() {
    let bot = Bot::start().await;
    let me = bot.http.get(bot.method_url("getMe")).send().await.unwrap();
    assert_eq!(me.json::<Value>().await.unwrap()["result"]["username"], "bansync_bot");
    let form = bot.http.post(bot.method_url("sendMessage")).header("content-type", "application/x-www-form-urlencoded");
    let answer = form.body("chat_id=-5&text=a%20b").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["description"], "Bad Request: chat not found");
    let calls = bot.control.calls(CallFilter::method("sendMessage")).await.unwrap();
    assert_eq!(calls[0].params, json!({"chat_id": "-5", "text": "a b"}));
    let wrong = bot.http.get(format!("{}/bot1:x/getMe", bot.simulator.url)).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    let unknown = bot.http.get(bot.method_url("getNothing")).send().await.unwrap();
    assert_eq!(unknown.json::<Value>().await.unwrap(), json!({"ok": false, "error_code": 404, "description": "Not Found"}));
}

#[tokio::test]
async fn polling_waits_for_the_first_update() {
    let bot = Bot::start().await;
    let user = bot.control.create_user(NewUser::named("Mira")).await.unwrap();
    let begin = Instant::now();
    let poll = bot.call("getUpdates", json!({"timeout": 5}));
    let say = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bot.control.say_private(user, "hi").await.unwrap();
    };
    let (updates, ()) = tokio::join!(poll, say);
    assert_eq!(updates["result"][0]["message"]["text"], "hi");
    assert!(begin.elapsed() < Duration::from_secs(3));
    let offset = updates["result"][0]["update_id"].as_u64().unwrap() + 1;
    assert_eq!(bot.call("getUpdates", json!({"offset": offset})).await["result"], json!([]));
    assert_eq!(bot.control.pending().await.unwrap(), 0);
}

#[tokio::test]
async fn a_flood_wait_is_told_kept_and_counted() {
    let bot = Bot::start().await;
    bot.control.add_fault(Fault::too_many_requests(1).method("getMe").times(1)).await.unwrap();
    let told = bot.send("getMe", json!({})).await.unwrap();
    assert_eq!(told.status(), 429);
    let told: Value = told.json().await.unwrap();
    assert_eq!(told["description"], "Too Many Requests: retry after 1");
    assert_eq!(told["parameters"], json!({"retry_after": 1}));
    assert_eq!(bot.call("getWebhookInfo", json!({})).await["error_code"], 429);
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(bot.call("getMe", json!({})).await["ok"], true);
    let counts = bot.control.call_counts().await.unwrap();
    assert_eq!((counts.calls_during_flood_wait, counts.too_many_requests, counts.total), (1, 2, 3));
}

#[tokio::test]
async fn connections_close_hang_and_answer_in_html_as_told() {
    let bot = Bot::start().await;
    bot.control.add_fault(Fault::new(FaultAction::Close).times(1)).await.unwrap();
    let error = bot.send("getMe", json!({})).await.unwrap_err();
    assert!(!error.is_timeout());
    bot.control.add_fault(Fault::new(FaultAction::Hang { ms: 200 }).times(1)).await.unwrap();
    let begin = Instant::now();
    bot.send("getMe", json!({})).await.unwrap_err();
    assert!(begin.elapsed() >= Duration::from_millis(200));
    let page = FaultAction::Html { code: 502, body: "<h1>Bad Gateway</h1>".into() };
    bot.control.add_fault(Fault::new(page).times(1)).await.unwrap();
    let answer = bot.send("getMe", json!({})).await.unwrap();
    assert_eq!(answer.status(), 502);
    assert!(answer.text().await.unwrap().starts_with("<h1>"));
    let fired: Vec<u64> = bot.control.faults().await.unwrap().iter().map(|f| f.fired).collect();
    assert_eq!(fired, [1, 1, 1]);
    let limits = Limits { latency_ms: 150, ..Limits::default() };
    bot.control.set_limits(limits).await.unwrap();
    let begin = Instant::now();
    bot.call("getMe", json!({})).await;
    assert!(begin.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_refused_command_says_why() {
    let bot = Bot::start().await;
    let error = bot.control.ban(1, 2, 3, None).await.unwrap_err();
    assert_eq!(error.to_string(), "the simulator refused: no user 3");
    let world = bot.http.get(format!("{}/world", bot.simulator.url)).send().await.unwrap();
    assert_eq!(world.json::<Value>().await.unwrap()["bot"]["username"], "bansync_bot");
}

#[tokio::test]
async fn after_stop_nobody_answers() {
    let bot = Bot::start().await;
    let url = bot.method_url("getMe");
    bot.simulator.stop().await;
    assert!(bot.http.get(url).send().await.is_err());
}
