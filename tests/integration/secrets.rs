//! What must not be found anywhere: secrets in settings and logs, names and texts of people in logs.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use serde_json::{Value, json};
use telegram_sim::control::{Fault, FaultAction};

/// Lines in one answer of CloudWatch Logs (a limit of `FilterLogEvents`).
const MOST_EVENTS: usize = 10_000;

impl Play {
    /// Every line that any function has logged since `since`, Unix milliseconds.
    async fn logs(&self, since: i64) -> Result<String> {
        let groups = self.stack.aws("logs", "DescribeLogGroups", json!({})).await?;
        let mut lines = String::new();
        for group in groups["logGroups"].as_array().into_iter().flatten() {
            let mut parameters = json!({ "logGroupName": group["logGroupName"], "startTime": since });
            loop {
                let page = self.stack.aws("logs", "FilterLogEvents", parameters.clone()).await?;
                for event in page["events"].as_array().into_iter().flatten() {
                    lines.push_str(event["message"].as_str().unwrap_or_default());
                    lines.push('\n');
                }
                let events = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
                match (&page["nextToken"], events.last()) {
                    (Value::String(token), _) => parameters["nextToken"] = json!(token),
                    // The local AWS has no next page, only the oldest lines.
                    (_, Some(last)) if events.len() >= MOST_EVENTS => parameters["startTime"] = last["timestamp"].clone(),
                    _ => break,
                }
            }
        }
        Ok(lines)
    }
}

#[tokio::test]
async fn no_secret_is_in_the_settings_of_a_function() -> Result<()> {
    let play = Play::begin().await?;
    let token = play.stack.file("bot-token")?;
    for (name, function) in &play.stack.functions {
        let settings = play.stack.configuration(function).await?.to_string();
        assert!(settings.contains("Environment"), "{name}");
        for secret in [token.as_str(), &play.stack.webhook_secret] {
            assert!(!settings.contains(secret), "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_secret_no_name_and_no_text_is_in_the_logs_even_when_things_fail() -> Result<()> {
    let play = Play::begin().await?;
    let since = aws::time::now_ms();
    let (alice, boris) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?);
    let mallory = play.person("Namenotlogged").await?;
    let (a, b) = (play.chat("Titlenotlogged", alice, &[mallory]).await?, play.chat("Titlenotlogged", boris, &[mallory]).await?);
    play.subscribe(b, boris, mallory).await?;
    play.telegram.say(b, boris, "/subscribe textnotlogged").await?;
    play.telegram.say(b, boris, "textnotlogged").await?;
    play.post(r#"{"message":"textnotlogged"}"#.to_owned(), Some(&play.stack.webhook_secret)).await?;
    let once = |fault: Fault| play.fault(fault.method("banChatMember").user(mallory).times(1));
    let _faults = (once(Fault::new(FaultAction::Close)).await?, once(Fault::error(400, "Bad Request: something new")).await?);
    let event = play.ban(a, alice, mallory).await?;
    play.sync_of(&event).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;

    // Lines come a little later than what they tell of.
    let correlation = event.event_id.to_string();
    let logged = async || Ok(play.logs(since).await.ok().filter(|logs| logs.contains(&correlation) && logs.contains("sync closed")));
    play.telegram.wait_until("the logs", PATIENCE, logged).await?;
    // Of all that was done before, too.
    let logs = play.logs(0).await?;
    let token = play.stack.file("bot-token")?;
    let token_secret = token.split(':').nth(1).unwrap_or_default();
    for secret in [token_secret, &play.stack.webhook_secret, "Namenotlogged", "Titlenotlogged", "textnotlogged"] {
        assert!(!secret.is_empty() && !logs.contains(secret), "found in the logs: {}…", &secret[..4]);
    }
    Ok(())
}

#[tokio::test]
async fn no_key_and_no_token_of_a_caller_is_in_the_logs() -> Result<()> {
    let play = Play::begin().await?;
    let since = aws::time::now_ms();
    let key = play.key(&["subscriptions:read"], None).await?;
    let secret = &key.reveal()[17..];
    // What cannot be read may still hold a key.
    for body in [json!({}), json!({ "apikey": key.reveal() }), json!({ "scopes": [key.reveal()] }), json!([key.reveal()])] {
        play.exchange(&key, &body).await?;
    }
    let token = play.token(&["subscriptions:read"]).await?;
    play.api("GET", "/api/v1/subscriptions/stats", Some(&token), None).await?;
    play.api("GET", "/api/v1/subscriptions/stats", Some(&format!("{token}x")), None).await?;
    play.keys.revoke(key.id()).await?;
    play.exchange(&key, &json!({})).await?;

    let refused = |logs: &String| logs.lines().any(|line| line.contains("a key was refused") && line.contains(key.id().as_str()));
    let logged = async || Ok(play.logs(since).await.ok().filter(refused));
    let logs = play.telegram.wait_until("the logs", PATIENCE, logged).await?;
    let signature = token.rsplit('.').next().unwrap_or_default();
    for hidden in [secret, signature, &key.hash().to_string()] {
        assert!(!hidden.is_empty() && !logs.contains(hidden), "found in the logs: {}…", &hidden[..4]);
    }
    Ok(())
}

#[tokio::test]
async fn one_correlation_id_follows_a_ban_through_the_functions_logs() -> Result<()> {
    let play = Play::begin().await?;
    let since = aws::time::now_ms();
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
    play.subscribe(b, boris, mallory).await?;
    let event = play.ban(a, alice, mallory).await?;
    play.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    let steps = ["ban event stored", "sync planned", "chunk worked on", "sync closed", "notifications planned"];
    let correlation = event.event_id.to_string();
    let all = async || {
        let logs = play.logs(since).await.unwrap_or_default();
        let its: Vec<_> = logs.lines().filter(|line| line.contains(&correlation)).collect();
        Ok(steps.iter().all(|step| its.iter().any(|line| line.contains(step))).then_some(()))
    };
    play.telegram.wait_until("a line of every step with the same id", PATIENCE, all).await?;
    Ok(())
}
