//! The examples in infra/openapi.json are real answers: they are played here, and compared by their form.
//!
//! `BANSYNC_RECORD=1 cargo xtask test examples` writes them anew (functions/api/examples.json); `cargo xtask openapi` then takes them over.

use crate::made_up;
use crate::notifications::UNKNOWN;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::store::analytics::Facts;
use domain::access::Scope;
use domain::analytics::{Fact, What, Work};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason, SyncStatus};
use serde_json::{Map, Value, json};
use std::fs;
use telegram_sim::control::Fault;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/api/examples.json");

/// Requests with their answers, by operation id.
#[derive(Default)]
struct Recorder {
    examples: Map<String, Value>,
}

impl Recorder {
    /// Calls the API and keeps what it answers as an example of `operation`.
    async fn call(&mut self, play: &Play, token: &str, operation: &str, call: (&str, String), body: Value) -> Result<Value> {
        let (method, path) = call;
        let sent = (!body.is_null()).then_some(&body);
        let answer = play.api(method, &path, Some(token), sent).await?;
        ensure!(answer.status < 300, "{operation}: {} {}", answer.status, answer.body);
        self.keep(operation, &body, answer.status, &answer.body);
        Ok(answer.body)
    }

    fn keep(&mut self, operation: &str, request: &Value, status: u16, answer: &Value) {
        let example = self.examples.entry(operation).or_insert_with(|| json!({ "request": request, "responses": {} }));
        if !answer.is_null() {
            example["responses"][status.to_string()] = answer.clone();
        }
    }
}

/// The form of a value: the names of its fields, and what they hold.
fn form(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), form(value))).collect::<Map<_, _>>().into(),
        Value::Array(items) => items.first().map_or_else(|| json!([]), |first| json!([form(first)])),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "flag".into(),
        Value::Null => Value::Null,
    }
}

#[tokio::test]
async fn the_examples_of_the_description_are_what_the_api_answers() -> Result<()> {
    let play = Play::begin().await?;
    let scopes: Vec<_> = Scope::all().map(|scope| scope.to_string()).collect();
    let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
    let token = &play.token(&scopes).await?;
    let (boris, mallory) = (play.admin("Boris", "ru").await?, play.person("Mallory").await?);
    let chat = play.chat("Chess club", boris, &[mallory]).await?;
    let said = play.telegram.say(chat, mallory, "hello").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.telegram.say(chat, boris, "hello").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let now = aws::time::now();
    let mut recorder = Recorder::default();
    let get = |path: String| ("GET", path);

    let new = json!({ "admin_user_id": boris, "admin_chat_id": chat, "tracked_user_id": mallory, "mode": "auto" });
    let made = recorder.call(&play, token, "create_subscription", ("POST", "/api/v1/subscriptions".into()), new).await?;
    let path = format!("/api/v1/subscriptions/{}", made["subscription_id"].as_str().context("it has an id")?);
    recorder.call(&play, token, "get_subscription", get(path.clone()), Value::Null).await?;
    recorder.call(&play, token, "update_subscription", ("PATCH", path.clone()), json!({ "mode": "confirm" })).await?;
    for (operation, path) in [
        ("list_subscriptions_of_admin", format!("/api/v1/subscriptions/admin/{boris}")),
        ("list_subscribers_of_user", format!("/api/v1/subscriptions/user/{mallory}")),
        ("check_subscription", format!("/api/v1/subscriptions/check?admin_user_id={boris}&admin_chat_id={chat}&tracked_user_id={mallory}")),
        ("subscription_stats", format!("/api/v1/subscriptions/stats?admin_id={boris}&user_id={mallory}")),
    ] {
        recorder.call(&play, token, operation, get(path), Value::Null).await?;
    }

    // History, so that the example bans nobody.
    let event = json!({ "user_id": mallory, "chat_id": chat, "event_type": "ban", "ban_duration": 86400, "reason": "spam",
        "initiator_user_id": boris, "event_timestamp": now - 2 * 86400, "metadata": { "source": "an old bot" } });
    let stored = recorder.call(&play, token, "register_ban_event", ("POST", "/api/v1/events/ban".into()), event.clone()).await?;
    let id = stored["event_id"].as_str().context("it has an id")?;
    recorder.call(&play, token, "get_ban_event", get(format!("/api/v1/events/ban/{id}")), Value::Null).await?;
    let second = json!({ "user_id": mallory, "chat_id": chat, "event_type": "unban", "event_timestamp": now - 86400 });
    let bulk = json!({ "events": [event, second] });
    recorder.call(&play, token, "register_ban_events", ("POST", "/api/v1/events/bulk".into()), bulk).await?;
    for (operation, path) in [
        ("list_ban_events_of_user", format!("/api/v1/events/user/{mallory}")),
        ("list_ban_events_of_chat", format!("/api/v1/events/chat/{chat}")),
        ("search_ban_events", format!("/api/v1/events/search?user_id={mallory}&event_type=ban&reason=spam")),
    ] {
        recorder.call(&play, token, operation, get(path), Value::Null).await?;
    }

    for (operation, path) in [
        ("get_user", format!("/api/v1/users/{boris}")),
        ("get_user_settings", format!("/api/v1/users/{boris}/settings")),
        ("get_user_data", format!("/api/v1/users/{boris}/data")),
        ("get_chat", format!("/api/v1/chats/{chat}")),
        ("get_chat_settings", format!("/api/v1/chats/{chat}/settings")),
        ("verify_admin", format!("/api/v1/admins/verify?user_id={boris}&chat_id={chat}")),
        ("list_chat_admins", format!("/api/v1/chats/{chat}/admins")),
        ("chat_member", format!("/api/chat_member?chat_id={chat}&user_id={mallory}")),
        ("chat_admins", format!("/api/chat_admins?chat_id={chat}")),
    ] {
        recorder.call(&play, token, operation, get(path), Value::Null).await?;
    }
    let settings = json!({ "language": "en", "timezone": "Europe/Moscow", "quiet_hours": { "from": "22:00", "to": "07:00" } });
    recorder.call(&play, token, "update_user_settings", ("PUT", format!("/api/v1/users/{boris}/settings")), settings).await?;
    let settings = json!({ "sync_ban_type": "temporary", "ban_duration_seconds": 86400, "sync_delay_seconds": 60 });
    recorder.call(&play, token, "update_chat_settings", ("PUT", format!("/api/v1/chats/{chat}/settings")), settings).await?;
    let change = json!({ "last_name": "Ivanov" });
    recorder.call(&play, token, "update_user", ("PUT", format!("/api/v1/users/{boris}")), change).await?;
    let message = json!({ "chat_id": chat, "text": "Hello", "reply_to_message_id": said });
    recorder.call(&play, token, "send_message", ("POST", "/api/send_message".into()), message).await?;
    let ban = json!({ "chat_id": chat, "user_id": mallory, "until_date": now + 86400 });
    recorder.call(&play, token, "ban_user", ("POST", "/api/ban_user".into()), ban).await?;
    let unban = json!({ "chat_id": chat, "user_id": mallory });
    recorder.call(&play, token, "unban_user", ("POST", "/api/unban_user".into()), unban).await?;

    // Of a ban that was carried nowhere, by a chat that follows now; it fails once.
    let trudy = play.person("Trudy").await?;
    let follows = play.chat("Go club", boris, &[trudy]).await?;
    play.subscribe(follows, boris, trudy).await?;
    let event = json!({ "user_id": trudy, "chat_id": chat, "event_type": "ban", "event_timestamp": now - 2 * 86400 });
    let event = play.api("POST", "/api/v1/events/ban", Some(token), Some(&event)).await?.body;
    let dispatcher = play.dispatcher().await?;
    let mut sync = json!({ "ban_event_id": event["event_id"], "chat_ids": [follows], "dry_run": true });
    recorder.call(&play, token, "trigger_sync", ("POST", "/api/v1/sync/trigger".into()), sync.clone()).await?;
    sync["dry_run"] = false.into();
    let refusal = Fault::error(400, "Bad Request: NOT_TODAY").method("banChatMember").chat(follows).times(1);
    let _refusal = play.fault(refusal).await?;
    let asked = recorder.call(&play, token, "trigger_sync", ("POST", "/api/v1/sync/trigger".into()), sync).await?;
    let id = asked["sync_id"].as_str().context("it has an id")?;
    dispatcher.ended(id).await?;
    recorder.call(&play, token, "get_sync_status", get(format!("/api/v1/sync/status/{id}")), Value::Null).await?;
    recorder.call(&play, token, "list_sync_log", get(format!("/api/v1/sync/logs?sync_id={id}")), Value::Null).await?;
    let again = recorder.call(&play, token, "retry_sync", ("POST", format!("/api/v1/sync/retry/{id}")), Value::Null).await?;
    dispatcher.ended(again["sync_id"].as_str().context("it has an id")?).await?;
    let ignored = format!("/api/v1/chats/{follows}/ignored");
    for path in [format!("{ignored}/users/{trudy}"), format!("{ignored}/sources/{chat}")] {
        let answer = play.api("PUT", &path, Some(token), None).await?;
        ensure!(answer.status == 204, "{path}: {} {}", answer.status, answer.body);
    }
    recorder.call(&play, token, "get_ignored", get(ignored), Value::Null).await?;
    let undo = json!({ "chat_id": follows });
    recorder.call(&play, token, "undo_sync", ("POST", format!("/api/v1/syncs/{id}/undo")), undo).await?;
    let asks = play.pair(Mode::Confirm).await?;
    play.ban(asks.source, asks.alice, asks.mallory).await?;
    play.telegram.wait_until_sees(asks.boris, "Ban them in Target too?", PATIENCE).await?;
    let questions = format!("/api/v1/sync/questions?chat_id={}", asks.target);
    recorder.call(&play, token, "list_open_questions", get(questions), Value::Null).await?;
    messages(&mut recorder, &play, token, boris, asks.boris).await?;
    figures(&mut recorder, &play, token).await?;
    // Others play at the same time: one item of each list will do, and it is to be of this test.
    recorder.call(&play, token, "list_chats", get("/api/v1/chats?limit=1".into()), Value::Null).await?;
    let changed = recorder.call(&play, token, "list_changes", get("/api/v1/audit?limit=1".into()), Value::Null).await?;
    ensure!(changed["items"][0]["objects"].is_object(), "{changed}");
    let item = recorder.examples["get_chat"]["responses"]["200"].clone();
    recorder.examples.get_mut("list_chats").context("it is recorded")?["responses"]["200"]["items"] = json!([item]);
    recorder.examples.get_mut("list_changes").context("it is recorded")?["responses"]["200"]["items"][0]["objects"] =
        json!({ "chat_id": [chat], "user_id": [mallory] });

    // Not of this run's secrets and counts.
    recorder.examples.get_mut("subscription_stats").context("stats are recorded")?["responses"]["200"]["total"] =
        json!({ "active": 3, "created": 5, "ended": 2 });
    compare_or_record(&recorder.examples)
}

/// Of a chat that nobody else has.
async fn figures(recorder: &mut Recorder, play: &Play, token: &str) -> Result<()> {
    let (chat, source, user, yesterday) = (made_up::chat(), made_up::chat(), made_up::user(), aws::time::now() - 86_400);
    let facts = Facts::new(&Aws::patient_at(&play.stack.endpoint).await, play.stack.tables["analytics"].clone());
    let fact = |n: u64, what: What, source: Option<i64>| Fact {
        id: n,
        at: yesterday,
        what,
        taken_back: false,
        chat: ChatId(chat),
        source: source.map(ChatId),
        user: UserId(user),
        millis: 6200,
    };
    let failed = What::Result(Work::Ban, Outcome::Failed(Reason::NoRights));
    let whats =
        [(What::Decided(Action::Ban), None), (What::Synced(SyncStatus::Completed), None), (What::Followed, None), (failed, Some(source))];
    let synced = (What::Result(Work::Ban, Outcome::Applied), Some(source));
    facts.add((1..).zip(whats.into_iter().chain([synced])).map(|(n, (what, source))| fact(n, what, source))).await?;
    for operation in ["overview", "bans", "sync", "subscriptions", "timeline"] {
        let path = format!("/api/v1/analytics/{operation}?period=week&chat_id={chat}");
        recorder.call(play, token, &format!("analytics_{operation}"), ("GET", path), Value::Null).await?;
    }
    for operation in ["queues", "cost"] {
        let path = format!("/api/v1/analytics/{operation}");
        recorder.call(play, token, &format!("analytics_{operation}"), ("GET", path), Value::Null).await?;
    }
    for top in ["users", "chats", "sources", "syncs"] {
        let path = format!("/api/v1/analytics/top/{top}?period=week&chat_id={chat}");
        recorder.call(play, token, &format!("top_{top}"), ("GET", path), Value::Null).await?;
    }
    Ok(())
}

/// Of a concern by itself. What is sent goes to `reader`, who has no quiet hours: an answer is to be the same by day and by night.
async fn messages(recorder: &mut Recorder, play: &Play, token: &str, boris: i64, reader: i64) -> Result<()> {
    let path = |rest: &str| format!("/api/v1/notifications/{rest}");
    let message = json!({ "user_id": reader, "template_id": "system", "values": { "text": "The bot moves tonight." } });
    let send = ("POST", path("send"));
    recorder.call(play, token, "send_notification", send, message.clone()).await?;
    let many = json!({ "notifications": [message, { "user_id": UNKNOWN, "template_id": "system", "values": { "text": "Hello" } }] });
    recorder.call(play, token, "send_notifications", ("POST", path("batch")), many).await?;
    // Others play at the same time: this one nobody words.
    let template = path("templates/sync_failed");
    recorder.call(play, token, "get_template", ("GET", template.clone()), Value::Null).await?;
    let list = recorder.call(play, token, "list_templates", ("GET", path("templates")), Value::Null).await?;
    let failed = list["items"].as_array().into_iter().flatten().find(|item| item["template_id"] == "sync_failed").cloned();
    recorder.examples.get_mut("list_templates").context("it is recorded")?["responses"]["200"]["items"] = json!([failed]);
    let preferences = path(&format!("preferences?user_id={boris}"));
    recorder.call(play, token, "get_preferences", ("GET", preferences.clone()), Value::Null).await?;
    let change = json!({ "topics": { "system": "now" }, "channels": ["telegram", "webhook"] });
    recorder.call(play, token, "update_preferences", ("PUT", preferences), change).await?;
    let webhook = path(&format!("webhooks/{boris}"));
    let endpoint = json!({ "url": "https://example.org/bansync" });
    recorder.call(play, token, "register_webhook", ("PUT", webhook.clone()), endpoint).await?;
    recorder.examples.get_mut("register_webhook").context("it is recorded")?["responses"]["200"]["secret"] =
        json!("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    recorder.call(play, token, "get_webhook", ("GET", webhook), Value::Null).await?;
    Ok(())
}

fn compare_or_record(played: &Map<String, Value>) -> Result<()> {
    if std::env::var_os("BANSYNC_RECORD").is_some() {
        fs::write(FILE, serde_json::to_string_pretty(played)? + "\n")?;
        return Ok(());
    }
    let examples: Map<String, Value> = serde_json::from_slice(&fs::read(FILE)?)?;
    let names = |examples: &Map<String, Value>| examples.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&examples), names(played));
    for (operation, example) in &examples {
        let (example, now) = (form(&example["responses"]), form(&played[operation]["responses"]));
        assert_eq!(example, now, "the example of {operation} is not what is answered now: record it anew");
    }
    Ok(())
}
