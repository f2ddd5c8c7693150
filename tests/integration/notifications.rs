//! The REST API of messages: sending them, their log, how they are worded.

use crate::caller::Caller;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use domain::settings::{Topic, UserChange, When};
use domain::subscription::MAX_PER_ADMIN;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Nobody has this id, nor those after it.
pub const UNKNOWN: i64 = 4_503_599_600_000_000;

impl Play {
    /// A program that does with messages.
    pub async fn messenger(&self) -> Result<Caller<'_>> {
        self.caller(&["notifications:read", "notifications:write"]).await
    }
}

impl Caller<'_> {
    async fn logged(&self, user: i64, status: &str) -> Result<Vec<Value>> {
        let body = self.there(&format!("notifications/logs?user_id={user}&status={status}")).await?;
        Ok(body["items"].as_array().context("a page has items")?.clone())
    }
}

fn system(user: i64, text: &str) -> Value {
    json!({ "user_id": user, "template_id": "system", "values": { "text": text } })
}

#[tokio::test]
async fn a_message_of_a_program_is_told_once_and_logged() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    let mut message = system(boris, "The bot <b>moves</b> tonight");
    message["id"] = json!(Uuid::new_v4());
    let sent = caller.post("notifications/send", message.clone()).await?;
    assert_eq!((sent.status, &sent.body["status"]), (202, &json!("queued")), "{}", sent.body);
    play.telegram.wait_until_sees(boris, "The bot <b>moves</b> tonight", PATIENCE).await?;
    let again = caller.post("notifications/send", message).await?;
    assert_eq!((again.status, &again.body), (202, &sent.body));
    play.quiet(&[boris]).await?;
    assert_eq!(play.notices(boris).await?.len(), 1);
    let logged = caller.logged(boris, "sent").await?;
    let [line] = &logged[..] else { anyhow::bail!("{logged:?}") };
    assert_eq!(
        (&line["notification_id"], &line["type"], &line["channel"]),
        (&sent.body["notification_id"], &json!("system"), &json!("telegram"))
    );
    Ok(())
}

#[tokio::test]
async fn what_waits_and_what_nobody_wants_is_said_and_logged() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    play.is_night_for(boris).await?;
    let held = caller.post("notifications/send", system(boris, "In the morning")).await?;
    assert_eq!((held.status, &held.body["status"]), (202, &json!("held")), "{}", held.body);
    let log = caller.there(&format!("notifications/logs?user_id={boris}")).await?;
    let waiting = log["waiting"].as_array().context("what waits")?;
    let [line] = &waiting[..] else { anyhow::bail!("{log}") };
    assert_eq!(
        (&line["due_at"], &line["notification_id"], &line["status"]),
        (&held.body["due_at"], &held.body["notification_id"], &json!("pending"))
    );
    play.wants(boris, UserChange { topics: [(Topic::System, When::Off)].into(), ..UserChange::default() }).await?;
    let unwanted = caller.post("notifications/send", system(boris, "Never")).await?;
    assert_eq!((unwanted.status, &unwanted.body["status"]), (202, &json!("suppressed")), "{}", unwanted.body);
    let logged = async || Ok(caller.logged(boris, "suppressed").await.ok().filter(|lines| lines.len() == 1));
    let logged = play.telegram.wait_until("the log", PATIENCE, logged).await?;
    assert_eq!(logged[0]["error_message"], "the recipient wants no messages about this");
    play.quiet(&[boris]).await?;
    assert_eq!(play.notices(boris).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_message_that_cannot_be_told_is_refused_with_a_reason() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    let of = |template: &str, values: Value| json!({ "user_id": boris, "template_id": template, "values": values });
    for (message, status, code) in [
        (system(UNKNOWN, "Nobody"), 404, "not_found"),
        (of("system", json!({})), 422, "invalid"),
        (of("system", json!({ "text": " \u{200b}\n" })), 422, "invalid"),
        (of("system", json!({ "text": "a", "secret": "b" })), 422, "invalid"),
        (of("system", json!({ "text": "x".repeat(1001) })), 422, "invalid"),
        (of("sync_success", json!({ "username": "a", "user_id": "5" })), 422, "invalid"),
        (of("nothing", json!({})), 400, "invalid_request"),
        (of("system", json!({ "text": 5 })), 400, "invalid_request"),
    ] {
        let answer = caller.post("notifications/send", message.clone()).await?;
        assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)), "{message} {}", answer.body);
    }
    Ok(())
}

#[tokio::test]
async fn of_a_batch_each_message_has_its_result() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, boris, bella) = (play.messenger().await?, play.admin("Boris", "en").await?, play.admin("Bella", "ru").await?);
    for user in [boris, bella] {
        play.greeting(user).await?;
    }
    play.is_night_for(bella).await?;
    let mut rows = vec![system(boris, "One"), system(bella, "Two"), json!({ "user_id": "x" }), system(boris, ""), json!(null)];
    rows[3]["values"] = json!({ "other": "x" });
    // Nobody knows the others.
    rows.extend((rows.len() as i64..1000).map(|n| system(UNKNOWN + n, "Nobody")));
    let body = json!({ "notifications": rows });
    let answer = caller.post("notifications/batch", body).await?;
    ensure!(answer.status == 200, "{}", answer.body);
    let results = answer.body["results"].as_array().context("results")?;
    let statuses: Vec<_> = results.iter().take(5).map(|result| result["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(statuses, ["queued", "held", "invalid", "invalid", "invalid"], "{:#?}", &results[..5]);
    assert_eq!(results.len(), 1000);
    ensure!(results[5..].iter().all(|result| result["status"] == "not_found"), "{results:?}");
    ensure!(results.iter().enumerate().all(|(index, result)| result["index"] == index), "in their order");
    play.telegram.wait_until_sees(boris, "One", PATIENCE).await?;
    for count in [0, 1001] {
        let rows: Vec<_> = (0..count).map(|_| system(boris, "Too many")).collect();
        let answer = caller.post("notifications/batch", json!({ "notifications": rows })).await?;
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
    Ok(())
}

#[tokio::test]
async fn a_message_is_worded_anew_for_all_and_as_it_was_again() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "ru").await?);
    play.greeting(boris).await?;
    let path = "notifications/templates/limit_reached";
    let first = caller.there(path).await?["template"].clone();
    ensure!(first["ru"]["source"].as_str().is_some_and(|text| text.contains("{{ count }}")), "{first}");
    // Others play in English at the same time.
    let word = json!({ "ru": "⛔️ <b>{{ count }}</b> are enough" });
    let worded = caller.put(path, word.clone()).await?;
    ensure!(worded.status == 200 && worded.body["ru"]["sample"] == "⛔️ <b>100</b> are enough", "{}", worded.body);
    ensure!(worded.body["en"] == first["en"], "{}", worded.body);
    let message = json!({ "user_id": boris, "template_id": "limit_reached", "values": { "count": "7" } });
    let is_told = async |text: &str| -> Result<()> {
        // Functions read the texts again after a while.
        let began = Instant::now();
        loop {
            caller.post("notifications/send", message.clone()).await?;
            play.quiet(&[boris]).await?;
            if play.notices(boris).await?.last().is_some_and(|last| last.contains(text)) {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "{text} is not told: {:?}", play.notices(boris).await?);
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    is_told("7 are enough").await?;
    for (body, status, code) in [
        (json!({ "en": "{{ cuont }}" }), 422, "bad_template"),
        (
            json!({ "ru": "{% for a in 'xxxxxxxxx' %}{% for b in 'xxxxxxxxx' %}{% for c in 'xxxxxxxxx' %}{% for d in 'xxxxxxxxx' %}.{% endfor %}{% endfor %}{% endfor %}{% endfor %}" }),
            422,
            "bad_template",
        ),
        (json!({ "en": "<b>{{ count }}" }), 422, "bad_template"),
        (json!({ "wording": 1_000_000 }), 404, "wording_unknown"),
        (json!({ "wording": 1, "en": "x" }), 422, "invalid"),
        (json!({}), 422, "invalid"),
    ] {
        let answer = caller.put(path, body.clone()).await?;
        assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)), "{body} {}", answer.body);
    }
    let back = caller.put(path, json!({ "wording": first["wording"] })).await?;
    ensure!(back.status == 200 && back.body["ru"] == first["ru"], "{}", back.body);
    is_told("Достигнут лимит").await?;
    let history = caller.there(path).await?;
    let wordings: Vec<_> =
        history["history"].as_array().context("history")?.iter().filter_map(|worded| worded["wording"].as_i64()).collect();
    let now = back.body["wording"].as_i64().context("a wording")?;
    assert_eq!(wordings[..2], [now, now - 1], "newest first");
    let all = caller.there("notifications/templates").await?;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(6));
    assert_eq!(caller.get("notifications/templates/nothing").await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn what_somebody_wants_to_be_told_is_chosen_for_them() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    let path = format!("notifications/preferences?user_id={boris}");
    let change = json!({ "topics": { "subscription_created": "off" }, "digest_hours": 12, "channels": ["telegram", "webhook"] });
    let changed = caller.put(&path, change).await?;
    ensure!(changed.status == 200, "{}", changed.body);
    let preferences = caller.there(&path).await?;
    assert_eq!(preferences, changed.body);
    assert_eq!((&preferences["topics"]["subscription_created"], &preferences["digest_hours"]), (&json!("off"), &json!(12)));
    assert_eq!(caller.put(&path, json!({ "digest_hours": 0 })).await?.status, 422);
    assert_eq!(caller.get(&format!("notifications/preferences?user_id={UNKNOWN}")).await?.status, 404);
    assert_eq!(caller.get("notifications/preferences").await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn an_admin_is_told_of_a_subscription_that_a_program_made_and_of_the_last_that_he_may_have() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["subscriptions:write"]).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("Chess <club>", boris, &[mallory]).await?;
    play.telegram.say(chat, mallory, "hello").await?;
    play.greeting(boris).await?;
    let by_bot = play.person("Trudy").await?;
    play.subscribe(chat, boris, by_bot).await?;
    let new = json!({ "admin_user_id": boris, "admin_chat_id": chat, "tracked_user_id": mallory, "mode": "auto" });
    let made = caller.post("subscriptions", new).await?;
    ensure!(made.status == 201, "{}", made.body);
    play.telegram.wait_until_sees(boris, "You now follow Mallory in Chess <club>", PATIENCE).await?;
    play.quiet(&[boris, chat]).await?;
    let told = play.notices(boris).await?;
    assert_eq!(told.iter().filter(|text| text.contains("You now follow")).count(), 1, "{told:?}");
    for n in 2..i64::from(MAX_PER_ADMIN) {
        play.follow(chat, boris, boris * 1000 + n, domain::subscription::Mode::Auto).await?;
    }
    play.telegram.wait_until_sees(boris, "Limit reached: you follow 100 people", PATIENCE).await?;
    Ok(())
}
