//! Calls of AWS for which the project's crates have no use, in AWS's own words: the JSON protocol, or REST where a service has no other.
//!
//! Nothing is signed: the local AWS asks for a known key and looks at no signature.

use crate::stack::Stack;
use anyhow::{Context, Result, bail};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Each test has a runtime of its own, and a connection dies with the one that it was made in: none is kept.
static HTTP: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build();
    client.expect("a client without TLS settings can be made")
});

/// The client of all tests.
pub fn http() -> &'static Client {
    &HTTP
}

/// What a function answered.
#[derive(Debug)]
pub struct Invoked {
    /// The function failed, and `payload` says how.
    pub failed: bool,
    /// `null` where it answers nothing.
    pub payload: Value,
}

impl Stack {
    /// A call of a service that speaks JSON: `aws("sqs", "GetQueueAttributes", …)`.
    ///
    /// # Errors
    /// AWS's own error as text.
    pub async fn aws(&self, service: &str, operation: &str, parameters: Value) -> Result<Value> {
        // The services' API references name target prefixes and versions of JSON.
        let (prefix, version) = match service {
            "cloudwatch" => ("GraniteServiceVersion20100801", "1.0"),
            "dynamodb" => ("DynamoDB_20120810", "1.0"),
            "events" => ("AWSEvents", "1.1"),
            "logs" => ("Logs_20140328", "1.1"),
            "sqs" => ("AmazonSQS", "1.0"),
            _ => bail!("{service} is not known here"),
        };
        let request = self.request(signing_name(service), Method::POST, "/").header("x-amz-target", format!("{prefix}.{operation}"));
        let request = request.header("content-type", format!("application/x-amz-json-{version}")).body(parameters.to_string());
        let text = answered(request, &format!("{service} {operation}")).await?.text().await?;
        // Some calls answer nothing.
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// A call of a service that speaks REST (Lambda, the scheduler, S3); `path` with its query.
    pub async fn rest(&self, service: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let mut request = self.request(service, method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Ok(answered(request, &format!("{service} {path}")).await?.bytes().await?.to_vec())
    }

    /// A call of SNS, which speaks the query protocol: its answer as XML.
    pub async fn sns(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let parameters = [&[("Action", action), ("Version", "2010-03-31")], parameters].concat();
        Ok(answered(self.request("sns", Method::POST, "/").form(&parameters), action).await?.text().await?)
    }

    /// Calls a function, by its name in AWS, and waits for its answer.
    pub async fn invoke(&self, function: &str, payload: &str) -> Result<Invoked> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = answered(self.request("lambda", Method::POST, &path).body(payload.to_owned()), &path).await?;
        let failed = answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await?;
        Ok(Invoked { failed, payload: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    /// The settings of a function, by its name in AWS.
    pub async fn configuration(&self, function: &str) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/configuration");
        Ok(serde_json::from_slice(&self.rest("lambda", Method::GET, &path, None).await?)?)
    }

    /// Each function takes one message of its queue at a time, until the stack's end: messages of several stories do not die together.
    pub async fn read_queues_one_by_one(&self) -> Result<()> {
        self.change_readers(&json!({"BatchSize": 1})).await
    }

    /// Reads queues by so many executions at once. MiniStack keeps the template's parameter for it as text, and then reads no queue.
    pub async fn scale_queues(&self, most: u32) -> Result<()> {
        self.change_readers(&json!({"ScalingConfig": {"MaximumConcurrency": most}})).await
    }

    /// Changes the mappings of queues.
    async fn change_readers(&self, change: &Value) -> Result<()> {
        let path = "/2015-03-31/event-source-mappings/";
        let listed: Value = serde_json::from_slice(&self.rest("lambda", Method::GET, path, None).await?)?;
        for mapping in listed["EventSourceMappings"].as_array().into_iter().flatten().filter(|mapping| mapping["ScalingConfig"].is_object())
        {
            let one = format!("{path}{}", mapping["UUID"].as_str().context("a mapping has an id")?);
            self.rest("lambda", Method::PUT, &one, Some(change)).await?;
        }
        Ok(())
    }

    /// Sets settings of a function, by its name in AWS.
    pub async fn configure(&self, function: &str, settings: &Value) -> Result<()> {
        let path = format!("/2015-03-31/functions/{function}/configuration");
        self.rest("lambda", Method::PUT, &path, Some(settings)).await.map(drop)
    }

    fn request(&self, service: &str, method: Method, path: &str) -> RequestBuilder {
        // The scope names the service that the request goes to.
        let scope = format!("test/20260101/us-east-1/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        http().request(method, format!("{}{path}", self.endpoint.trim_end_matches('/'))).header("authorization", authorization)
    }
}

fn signing_name(service: &str) -> &str {
    if service == "cloudwatch" { "monitoring" } else { service }
}

async fn answered(request: RequestBuilder, what: &str) -> Result<Response> {
    let answer = request.send().await.with_context(|| what.to_owned())?;
    let status = answer.status();
    if !status.is_success() {
        bail!("{what}: {status} {}", answer.text().await.unwrap_or_default());
    }
    Ok(answer)
}
