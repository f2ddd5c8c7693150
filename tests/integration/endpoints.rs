//! People's own endpoints: what is posted there, what signs it, and what becomes of one that takes nothing.

use crate::caller::Caller;
use crate::notifications::UNKNOWN;
use crate::play::{PATIENCE, Play};
use crate::receiver::Receiver;
use crate::stack::{read, skipped};
use anyhow::{Context, Result, ensure};
use domain::ids::UserId;
use domain::lang::Lang;
use domain::notification::{Content, Notification, notification_id};
use domain::settings::{Channel, UserChange};
use domain::subscription::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MISSING: &str = "the receiver of webhooks is not installed";

impl Play {
    /// Somebody whose messages go to an endpoint only; his secret.
    async fn has_endpoint(&self, caller: &Caller<'_>, receiver: &Receiver, user: i64) -> Result<String> {
        self.wants(user, UserChange { channels: Some([Channel::Webhook].into()), ..UserChange::default() }).await?;
        let body = json!({ "url": receiver.url("hook", user) });
        let made = caller.put(&format!("notifications/webhooks/{user}"), body).await?;
        ensure!(made.status == 200 && made.body["status"] == "active", "{}", made.body);
        Ok(made.body["secret"].as_str().context("a secret")?.to_owned())
    }

    /// A message for an endpoint, which was tried so many times before.
    async fn enqueue_for_endpoint(&self, user: i64, what: &str, refused: usize) -> Result<()> {
        let notification = Notification {
            notification_id: notification_id(&format!("{what} {user}"), UserId(user)),
            correlation_id: what.to_owned(),
            recipient: UserId(user),
            channel: Channel::Webhook,
            lang: Lang::En,
            silent: false,
            answers: false,
            revision: 0,
            content: Content::ChatResumed { chat: what.to_owned() },
        };
        let mut task = serde_json::to_value(&notification)?;
        task["refused"] = json!(refused);
        let body = json!({"QueueUrl": self.stack.queues["notification"], "MessageBody": task.to_string()});
        self.stack.aws("sqs", "SendMessage", body).await.map(drop)
    }
}

impl Play {
    /// Subscribes to what the topic tells somebody of the system.
    async fn subscribe_to_topic(&self, protocol: &str, endpoint: &str, user: i64) -> Result<()> {
        let (topic, filter) = (self.notifications_topic().await?, json!({ "user_id": [user.to_string()], "type": ["system"] }).to_string());
        let subscription = [
            ("TopicArn", topic.as_str()),
            ("Protocol", protocol),
            ("Endpoint", endpoint),
            ("Attributes.entry.1.key", "FilterPolicy"),
            ("Attributes.entry.1.value", &filter),
        ];
        let answer = self.stack.sns("Subscribe", &subscription).await?;
        ensure!(answer.contains("pending confirmation"), "{answer}");
        Ok(())
    }

    /// The same by HTTP, and the receiver confirms it.
    async fn confirmed_by_http(&self, receiver: &Receiver, user: i64) -> Result<()> {
        let (topic, url) = (self.notifications_topic().await?, receiver.url("sns", user));
        self.subscribe_to_topic("http", &url, user).await?;
        let asked = receiver.wait_for(self, user, "", 1).await?;
        assert_eq!(asked[0].headers["x-amz-sns-message-type"], "SubscriptionConfirmation");
        let confirmed = async || {
            let listed = self.stack.sns("ListSubscriptionsByTopic", &[("TopicArn", topic.as_str())]).await.ok();
            let its = listed.and_then(|listed| listed.split("<member>").find(|member| member.contains(&url)).map(str::to_owned));
            Ok(its.filter(|its| !its.contains("PendingConfirmation")))
        };
        self.telegram.wait_until("the subscription to be confirmed", PATIENCE, confirmed).await.map(drop).map_err(Into::into)
    }
}

async fn state_of(caller: &Caller<'_>, user: i64) -> Result<Value> {
    caller.there(&format!("notifications/webhooks/{user}")).await
}

#[tokio::test]
async fn a_message_is_posted_once_and_signed_by_both_secrets_while_they_are_rotated() -> Result<()> {
    let Some(receiver) = Receiver::begin()? else { return skipped(MISSING) };
    let play = Play::begin().await?;
    let (caller, pair) = (play.messenger().await?, play.pair(Mode::Auto).await?);
    let secret = play.has_endpoint(&caller, &receiver, pair.boris).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&event).await?;
    let [letter] = &receiver.wait_for(&play, pair.boris, &secret, 1).await?[..] else { anyhow::bail!("one letter") };
    ensure!(letter.is_signed, "{letter:?}");
    let body = letter.json()?;
    assert_eq!(
        (&body["type"], &body["data"]["type"], &body["data"]["user_id"]),
        (&json!("notification"), &json!("ban_synced"), &json!(pair.boris))
    );
    ensure!(body["data"]["text"].as_str().is_some_and(|text| text.contains("Mallory") && !text.contains('<')), "{body}");
    assert_eq!(letter.headers["webhook-id"], body["data"]["notification_id"].as_str().context("an id")?);

    let path = format!("notifications/webhooks/{}", pair.boris);
    let rotated = caller.put(&path, json!({ "url": receiver.url("hook", pair.boris), "rotate": true })).await?;
    let new = rotated.body["secret"].as_str().context("a secret")?.to_owned();
    ensure!(new != secret && rotated.body["old_secret_until"].is_i64(), "{}", rotated.body);
    ensure!(state_of(&caller, pair.boris).await?["secret"].is_null(), "it is told once");
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    let letters = receiver.wait_for(&play, pair.boris, &new, 2).await?;
    ensure!(letters[1].is_signed && !letters[0].is_signed, "{letters:?}");
    ensure!(receiver.letters(pair.boris, &secret).await?[1].is_signed, "the old one signs as well");
    play.quiet(&pair.ids()).await?;
    assert_eq!(receiver.letters(pair.boris, &new).await?.len(), 2);
    assert_eq!(play.notices(pair.boris).await?.len(), 2, "that an endpoint is registered, and again when somebody has a new secret");
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_is_switched_off_and_its_owner_is_told_once() -> Result<()> {
    let Some(receiver) = Receiver::begin()? else { return skipped(MISSING) };
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    let secret = play.has_endpoint(&caller, &receiver, boris).await?;
    receiver.answers(boris, &json!({ "status": 302, "location": receiver.url("hook", boris + 1) })).await?;
    play.enqueue_for_endpoint(boris, "One", 2).await?;
    play.telegram.wait_until_sees(boris, "doesn’t take my messages", PATIENCE).await?;
    let off = async || Ok(state_of(&caller, boris).await.ok().filter(|state| state["status"] == "off"));
    let state = play.telegram.wait_until("it to be off", PATIENCE, off).await?;
    assert_eq!(state["error_message"], "the endpoint redirects");
    assert_eq!(receiver.letters(boris + 1, "").await?.len(), 0, "a redirection is not followed");
    // What comes then is logged, and nobody is told again.
    play.enqueue_for_endpoint(boris, "Two", 2).await?;
    let failed = async || {
        let log = caller.there(&format!("notifications/logs?user_id={boris}&status=failed")).await.ok();
        Ok(log.and_then(|log| log["items"].as_array().filter(|items| items.len() == 2).cloned()))
    };
    let failed = play.telegram.wait_until("the log", PATIENCE, failed).await?;
    let why: Vec<_> = failed.iter().filter_map(|line| line["error_message"].as_str()).collect();
    ensure!(why.contains(&"the endpoint is switched off") && why.contains(&"the endpoint redirects"), "{why:?}");
    play.quiet(&[boris]).await?;
    assert_eq!(play.notices(boris).await?.len(), 2, "that it is registered, and that it is off");

    receiver.answers(boris, &json!({})).await?;
    let again = caller.put(&format!("notifications/webhooks/{boris}"), json!({ "url": receiver.url("hook", boris) })).await?;
    ensure!(again.body["status"] == "active" && again.body["secret"].is_null(), "{}", again.body);
    let sent = json!({ "user_id": boris, "template_id": "system", "values": { "text": "hello" } });
    caller.post("notifications/send", sent).await?;
    let letters = receiver.wait_for(&play, boris, &secret, 2).await?;
    ensure!(letters.last().is_some_and(|letter| letter.is_signed), "{letters:?}");
    Ok(())
}

#[tokio::test]
async fn what_an_endpoint_did_not_take_is_tried_again() -> Result<()> {
    let Some(receiver) = Receiver::begin()? else { return skipped(MISSING) };
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    let secret = play.has_endpoint(&caller, &receiver, boris).await?;
    receiver.answers(boris, &json!({ "status": 500 })).await?;
    for text in ["One", "Two"] {
        let message = json!({ "user_id": boris, "template_id": "system", "values": { "text": text } });
        caller.post("notifications/send", message).await?;
    }
    receiver.wait_for(&play, boris, &secret, 2).await?;
    receiver.answers(boris, &json!({})).await?;
    assert_eq!(state_of(&caller, boris).await?["status"], "active");
    let letters = receiver.wait_for(&play, boris, &secret, 4).await?;
    let texts: Result<BTreeSet<_>> = letters.iter().map(|letter| Ok(letter.json()?["data"]["text"].to_string())).collect();
    assert_eq!(texts?.len(), 2, "both came");
    assert_eq!(play.notices(boris).await?.len(), 1, "that an endpoint is registered");
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_switched_off_at_once_and_its_owner_hears_it_in_the_morning_where_he_wants() -> Result<()> {
    let Some(receiver) = Receiver::begin()? else { return skipped(MISSING) };
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    play.has_endpoint(&caller, &receiver, boris).await?;
    receiver.answers(boris, &json!({ "status": 410 })).await?;
    play.is_night_for(boris).await?;
    play.wants(boris, UserChange { urgent_in_quiet_hours: Some(false), ..UserChange::default() }).await?;
    play.enqueue_for_endpoint(boris, "One", 0).await?;
    let off = async || Ok(state_of(&caller, boris).await.ok().filter(|state| state["status"] == "off"));
    play.telegram.wait_until("it to be off", PATIENCE, off).await?;
    assert_eq!(receiver.letters(boris, "").await?.len(), 1);
    play.wants(boris, UserChange { quiet_hours: Some(None), ..UserChange::default() }).await?;
    play.moment_comes(boris).await?;
    play.telegram.wait_until_sees(boris, "Your webhook at 127.0.0.1", PATIENCE).await?;
    assert_eq!(caller.delete(&format!("notifications/webhooks/{boris}")).await?.status, 204);
    assert_eq!(caller.delete(&format!("notifications/webhooks/{boris}")).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn an_endpoint_of_which_its_owner_could_not_be_told_is_not_registered() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS knows no faults");
    }
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    let path = format!("notifications/webhooks/{boris}");
    let api = &play.stack.functions["api-notifications"];
    for (before, host) in [(None, "one.example"), (Some("https://one.example/"), "two.example")] {
        let body = json!({ "url": format!("https://{host}/") });
        let down = play.stack.fail(json!({ "service": "sqs", "function": api, "contains": boris.to_string() })).await?;
        let failed = caller.put(&path, body.clone()).await?;
        assert_eq!(failed.status, 503, "{}", failed.body);
        assert_eq!(caller.get(&path).await?.body["url"].as_str(), before);
        down.heal().await?;
        assert_eq!(caller.put(&path, body).await?.status, 200);
        let told = async || Ok(play.notices(boris).await.ok().and_then(|texts| texts.into_iter().find(|text| text.contains(host))));
        play.telegram.wait_until("the owner to be told", PATIENCE, told).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_endpoint_in_a_private_network_is_not_registered() -> Result<()> {
    let play = Play::begin().await?;
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    let path = format!("notifications/webhooks/{boris}");
    for url in
        ["http://example.org/", "https://169.254.169.254/", "https://10.0.0.1/", "https://[fd00::1]/", "https://user@example.org/", "hello"]
    {
        let answer = caller.put(&path, json!({ "url": url })).await?;
        assert_eq!((answer.status, answer.body["code"].as_str()), (422, Some("bad_url")), "{url} {}", answer.body);
    }
    assert_eq!(caller.put(&format!("notifications/webhooks/{UNKNOWN}"), json!({ "url": "https://example.org/" })).await?.status, 404);
    assert_eq!(caller.get(&path).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_subscriber_of_the_topic_by_http_confirms_and_has_what_its_filter_lets_through_and_one_by_mail_waits_for_its_owner() -> Result<()>
{
    let Some(receiver) = Receiver::begin()? else { return skipped(MISSING) };
    let play = Play::begin().await?;
    let (caller, boris, bella) = (play.messenger().await?, play.admin("Boris", "en").await?, play.admin("Bella", "en").await?);
    let address = format!("boris-{boris}@example.org");
    play.subscribe_to_topic("email", &address, boris).await?;
    play.confirmed_by_http(&receiver, boris).await?;
    for user in [boris, bella] {
        play.greeting(user).await?;
        play.wants(user, UserChange { channels: Some([Channel::Sns].into()), ..UserChange::default() }).await?;
        let message = json!({ "user_id": user, "template_id": "system", "values": { "text": format!("hello {user}") } });
        ensure!(caller.post("notifications/send", message).await?.status == 202);
    }
    let letters = receiver.wait_for(&play, boris, "", 2).await?;
    play.quiet(&[boris, bella]).await?;
    let notification = letters[1].json()?;
    let message: Value = serde_json::from_str(notification["Message"].as_str().context("a message")?)?;
    assert_eq!((&message["user_id"], &message["text"]), (&json!(boris), &json!(format!("hello {boris}"))));
    assert_eq!(receiver.letters(boris, "").await?.len(), 2);
    // Who has not confirmed by mail has none.
    let mails: Vec<Value> = read(play.stack.control(Method::GET, "mails")).await?;
    let kinds: Vec<_> = mails.iter().filter(|mail| mail["to"] == address.as_str()).map(|mail| mail["kind"].clone()).collect();
    assert_eq!(kinds, ["confirmation"]);
    Ok(())
}

#[tokio::test]
async fn a_topic_that_takes_nothing_for_a_while_has_the_message_once() -> Result<()> {
    let Some(receiver) = Receiver::begin()? else { return skipped(MISSING) };
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    let (caller, boris) = (play.messenger().await?, play.admin("Boris", "en").await?);
    play.greeting(boris).await?;
    play.confirmed_by_http(&receiver, boris).await?;
    play.wants(boris, UserChange { channels: Some([Channel::Sns].into()), ..UserChange::default() }).await?;
    let _soon = play.stack.hurry("notification", 1).await?;
    // More than the SDK's own three tries.
    let down = play.stack.fail(json!({"service": "sns", "operation": "Publish", "contains": boris.to_string(), "times": 4})).await?;
    let message = json!({ "user_id": boris, "template_id": "system", "values": { "text": "hello" } });
    ensure!(caller.post("notifications/send", message).await?.status == 202);
    receiver.wait_for(&play, boris, "", 2).await?;
    play.quiet(&[boris]).await?;
    assert_eq!(receiver.letters(boris, "").await?.len(), 2);
    assert_eq!(down.rules().await?[0].fired, 4);
    Ok(())
}

#[tokio::test]
async fn a_host_that_takes_long_is_left_alone_and_telegram_is_not() -> Result<()> {
    let Some(receiver) = Receiver::begin()? else { return skipped(MISSING) };
    let play = Play::alone().await?;
    let (caller, boris, bella) = (play.messenger().await?, play.admin("Boris", "en").await?, play.admin("Bella", "en").await?);
    for user in [boris, bella] {
        play.greeting(user).await?;
    }
    let secret = play.has_endpoint(&caller, &receiver, boris).await?;
    receiver.answers(boris, &json!({ "seconds": 6 })).await?;
    let message = |text: &str| json!({ "user_id": boris, "template_id": "system", "values": { "text": text } });
    caller.post("notifications/send", message("One")).await?;
    let host = receiver.url("hook", boris).split('/').nth(2).context("a host")?.to_owned();
    let key = json!({"TableName": play.stack.tables["notifications"], "Key": {"pk": {"S": format!("HOST#{host}")}, "sk": {"S": "REST"}}});
    let rests = async || Ok(play.stack.aws("dynamodb", "GetItem", key.clone()).await.ok().filter(|answer| answer["Item"].is_object()));
    play.telegram.wait_until("the host to be left alone", PATIENCE, rests).await?;
    caller.post("notifications/send", message("Two")).await?;
    let message = json!({ "user_id": bella, "template_id": "system", "values": { "text": "hello" } });
    caller.post("notifications/send", message).await?;
    play.telegram.wait_until_sees(bella, "hello", PATIENCE).await?;
    assert_eq!(receiver.letters(boris, &secret).await?.len(), 1, "the other one waits");
    Ok(())
}
