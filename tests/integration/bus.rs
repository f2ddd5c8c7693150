//! Listening on the bus: a rule and a queue of the test's own.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Instant;

/// What has come by since it was made.
pub struct Listener<'a> {
    play: &'a Play,
    queue: String,
    heard: Vec<Value>,
}

impl Play {
    /// Hears events of this type from now on. `name`: of the test, so that two do not share a queue.
    pub async fn listen(&self, name: &str, event_type: &str) -> Result<Listener<'_>> {
        let text = |answer: &Value, field: &str| answer[field].as_str().map(str::to_owned).with_context(|| format!("{field} in {answer}"));
        let name = format!("test-{name}");
        let queue = text(&self.stack.aws("sqs", "CreateQueue", json!({ "QueueName": name })).await?, "QueueUrl")?;
        let attributes = json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] });
        let arn = text(&self.stack.aws("sqs", "GetQueueAttributes", attributes).await?["Attributes"], "QueueArn")?;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn}]});
        let parameters = json!({ "QueueUrl": queue, "Attributes": { "Policy": policy.to_string() } });
        self.stack.aws("sqs", "SetQueueAttributes", parameters).await?;
        let pattern = json!({ "detail-type": [event_type] }).to_string();
        let rule = json!({ "Name": name, "EventBusName": self.stack.bus, "EventPattern": pattern });
        self.stack.aws("events", "PutRule", rule).await?;
        let targets = json!({ "Rule": name, "EventBusName": self.stack.bus, "Targets": [{ "Id": "test", "Arn": arn }] });
        self.stack.aws("events", "PutTargets", targets).await?;
        Ok(Listener { play: self, queue, heard: Vec::new() })
    }
}

impl Listener<'_> {
    /// The payloads of the events of which `is_it` holds: as soon as there is one and nothing is under way any more that has one of `ids` in it.
    pub async fn hear(&mut self, is_it: impl Fn(&Value) -> bool, ids: &[i64]) -> Result<Vec<Value>> {
        let end = Instant::now() + PATIENCE;
        while !self.heard.iter().any(&is_it) {
            ensure!(Instant::now() < end, "no such event came");
            self.receive(5).await?;
        }
        self.play.quiet(ids).await?;
        while self.receive(0).await? > 0 {}
        Ok(self.heard.iter().filter(|payload| is_it(payload)).cloned().collect())
    }

    /// Takes what is there, or waits for it so many seconds; how much it was.
    async fn receive(&mut self, wait: u32) -> Result<usize> {
        let parameters = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait });
        let mut answer = self.play.stack.aws("sqs", "ReceiveMessage", parameters).await?;
        let messages = answer["Messages"].as_array_mut().map(std::mem::take).unwrap_or_default();
        for message in &messages {
            let event: Value = serde_json::from_str(message["Body"].as_str().context("a message has a body")?)?;
            self.heard.push(event["detail"]["payload"].clone());
            let parameters = json!({ "QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"] });
            self.play.stack.aws("sqs", "DeleteMessage", parameters).await?;
        }
        Ok(messages.len())
    }
}
