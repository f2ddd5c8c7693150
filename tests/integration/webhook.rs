//! The front door: who is let in, what is answered, and what an update may cost.

use crate::aws_calls::http;
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::Result;
use serde_json::{Value, json};
use telegram_sim::control::CallFilter;

impl Play {
    /// Posts a body to the webhook as Telegram does; status and body of the answer.
    pub async fn post(&self, body: String, secret: Option<&str>) -> Result<(u16, String)> {
        let mut request = http().post(&self.stack.webhook_url).header("content-type", "application/json").body(body);
        if let Some(secret) = secret {
            request = request.header("x-telegram-bot-api-secret-token", secret);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn accepted(&self, body: &Value) -> Result<()> {
        let (status, answer) = self.post(body.to_string(), Some(&self.stack.webhook_secret)).await?;
        anyhow::ensure!(status == 200, "{status} {answer}");
        Ok(())
    }

    /// Calls by the webhook function that have to do with somebody, as "service:operation", one each call, since they are counted.
    pub async fn webhook_calls(&self, user: i64) -> Result<Vec<String>> {
        let calls = self.stack.counted_calls(&user.to_string(), "webhook").await?;
        let name = |call: &crate::stack::CallCount| vec![format!("{}:{}", call.service, call.operation); call.count as usize];
        Ok(calls.iter().flat_map(name).collect())
    }
}

fn change(from: i64, user: i64, old: &str, new: &str) -> Value {
    json!({"update_id": user, "chat_member": {
        "chat": {"id": -1_009_000_000_001_i64, "type": "supergroup", "title": "T"}, "date": aws::time::now(),
        "from": {"id": from, "is_bot": false, "first_name": "F"},
        "old_chat_member": {"user": {"id": user, "is_bot": false, "first_name": "U"}, "status": old},
        "new_chat_member": {"user": {"id": user, "is_bot": false, "first_name": "U"}, "status": new, "until_date": 0}}})
}

#[tokio::test]
async fn what_is_dropped_costs_no_call_a_join_a_read_and_a_ban_a_query_and_a_write() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS does not count calls");
    }
    let user = play.person("Mallory").await?;
    // Warm: what a new process reads at its start is not counted.
    play.accepted(&json!({"update_id": 1, "poll": {}})).await?;
    play.stack.count_calls(&user.to_string()).await?;

    play.accepted(&change(play.stack.bot_id, user, "member", "kicked")).await?;
    play.accepted(&change(user, user, "member", "left")).await?;
    for secret in [None, Some("wrong")] {
        let (status, body) = play.post(change(1, user, "member", "kicked").to_string(), secret).await?;
        let body: Value = serde_json::from_str(&body)?;
        assert_eq!(status, 401);
        assert!(body["code"].is_string() && body["message"].is_string(), "{body}");
    }
    assert_eq!(play.webhook_calls(user).await?, [""; 0]);
    let asked = CallFilter { user_id: Some(user), ..CallFilter::default() };
    assert_eq!(play.telegram.calls(asked).await?.len(), 0);

    // Who comes may be waited for: one read.
    play.accepted(&change(user, user, "left", "member")).await?;
    assert_eq!(play.webhook_calls(user).await?, ["dynamodb:Query"]);
    play.stack.count_calls(&user.to_string()).await?;

    play.accepted(&change(1, user, "member", "kicked")).await?;
    assert_eq!(play.webhook_calls(user).await?, ["dynamodb:PutItem", "dynamodb:Query"]);
    Ok(())
}

#[tokio::test]
async fn a_body_that_can_never_be_understood_is_answered_200_and_counted() -> Result<()> {
    let play = Play::begin().await?;
    let before = play.unreadable().await?;
    // Each twice: another test posts one that cannot be read, which cannot stand for two that were not counted.
    let bodies = ["{", "", "null", "[]", r#"{"update_id":1,"chat_member":{"chat":5}}"#, "\u{0}"].repeat(2);
    for body in &bodies {
        let (status, answer) = play.post((*body).to_owned(), Some(&play.stack.webhook_secret)).await?;
        assert_eq!(status, 200, "{body:?} {answer}");
    }
    if !play.stack.is_instrumented().await {
        println!("not counted: this AWS makes no metrics of log lines");
        return Ok(());
    }
    let counted = async || Ok((play.unreadable().await.ok() >= Some(before + bodies.len() as f64)).then_some(()));
    play.telegram.wait_until("all to be counted", PATIENCE, counted).await?;
    Ok(())
}

impl Play {
    /// The metric of bodies that could not be read, over the last hour.
    async fn unreadable(&self) -> Result<f64> {
        let now = aws::time::now();
        let parameters = json!({"Namespace": "Bansync", "MetricName": "updates_unreadable_total", "StartTime": now - 3600,
            "EndTime": now + 60, "Period": 60, "Statistics": ["Sum"]});
        let answer = self.stack.aws("cloudwatch", "GetMetricStatistics", parameters).await?;
        Ok(answer["Datapoints"].as_array().into_iter().flatten().filter_map(|point| point["Sum"].as_f64()).sum())
    }
}
