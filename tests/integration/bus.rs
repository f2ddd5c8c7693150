//! Listening on the bus: a rule and a queue of the test's own.

use crate::play::{PATIENCE, Play};
use crate::stack::Stack;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What has come by since it was made.
pub struct Listener<'a> {
    stack: &'a Stack,
    queue: String,
    heard: Vec<Value>,
}

impl Play {
    /// Hears events of this type from now on. `name`: of the test, so that two do not share a queue.
    pub fn listen(&self, name: &str, event_type: &str) -> Result<Listener<'_>> {
        let text = |answer: &Value, field: &str| answer[field].as_str().map(str::to_owned).with_context(|| format!("{field} in {answer}"));
        let name = format!("test-{name}");
        let queue = text(&self.stack.aws("sqs", "create_queue", json!({ "QueueName": name }))?, "QueueUrl")?;
        let attributes = json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] });
        let arn = text(&self.stack.aws("sqs", "get_queue_attributes", attributes)?["Attributes"], "QueueArn")?;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn}]});
        let parameters = json!({ "QueueUrl": queue, "Attributes": { "Policy": policy.to_string() } });
        self.stack.aws("sqs", "set_queue_attributes", parameters)?;
        let pattern = json!({ "detail-type": [event_type] }).to_string();
        self.stack.aws("events", "put_rule", json!({ "Name": name, "EventBusName": self.stack.bus, "EventPattern": pattern }))?;
        let targets = json!({ "Rule": name, "EventBusName": self.stack.bus, "Targets": [{ "Id": "test", "Arn": arn }] });
        self.stack.aws("events", "put_targets", targets)?;
        Ok(Listener { stack: self.stack, queue, heard: Vec::new() })
    }
}

impl Listener<'_> {
    /// The payloads of the events of which `is_it` holds: as soon as there is one, and what else comes in the `quiet` time after it.
    pub async fn hear(&mut self, is_it: impl Fn(&Value) -> bool, quiet: Duration) -> Result<Vec<Value>> {
        let mut end = Instant::now() + PATIENCE;
        let mut found = 0;
        while Instant::now() < end {
            let parameters = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": 10 });
            let answer = self.stack.aws("sqs", "receive_message", parameters)?;
            for message in answer["Messages"].as_array().into_iter().flatten() {
                let event: Value = serde_json::from_str(message["Body"].as_str().context("a message has a body")?)?;
                self.heard.push(event["detail"]["payload"].clone());
                let parameters = json!({ "QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"] });
                self.stack.aws("sqs", "delete_message", parameters)?;
            }
            let now = self.heard.iter().filter(|payload| is_it(payload)).count();
            if now > found {
                (found, end) = (now, Instant::now() + quiet);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::ensure!(found > 0, "no such event came");
        Ok(self.heard.iter().filter(|payload| is_it(payload)).cloned().collect())
    }
}
