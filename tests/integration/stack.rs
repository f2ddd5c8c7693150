//! The deployment under test.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// What `cargo xtask up` wrote.
#[derive(Deserialize)]
pub struct Stack {
    pub endpoint: String,
    pub webhook_url: String,
    pub webhook_secret: String,
    pub api_url: String,
    pub telegram_api: String,
    pub bot_id: i64,
    pub bus: String,
    pub tables: BTreeMap<String, String>,
    pub queues: BTreeMap<String, String>,
    pub buckets: BTreeMap<String, String>,
    pub functions: BTreeMap<String, String>,
    pub settle_seconds: u32,
}

/// Calls of AWS made by functions since they were last forgotten.
#[derive(Deserialize)]
pub struct Calls {
    pub calls: Vec<CallCount>,
}

#[derive(Debug, Deserialize)]
pub struct CallCount {
    pub function: Option<String>,
    pub service: String,
    pub operation: String,
    pub count: u32,
}

/// A rule by which calls of AWS fail, and how often it did.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "what it matches is printed")]
pub struct Rule {
    pub function: Option<String>,
    pub service: Option<String>,
    pub operation: Option<String>,
    pub times: Option<u32>,
    pub fired: u32,
}

/// A process of a function.
#[derive(Debug, Deserialize)]
pub struct Process {
    /// The function's full name.
    pub function: String,
    pub pid: u32,
    /// It has an invocation.
    pub busy: bool,
}

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::var_os("BANSYNC_STACK").expect("no stack is deployed: run the tests by `cargo xtask test`").into());

static STACK: LazyLock<Stack> = LazyLock::new(|| {
    let text = std::fs::read(&*FILE).expect("the stack's file can be read");
    serde_json::from_slice(&text).expect("the stack's file is of this version")
});

/// The deployment.
pub fn stack() -> &'static Stack {
    &STACK
}

impl Stack {
    /// A file that `cargo xtask up` wrote beside the stack's.
    pub fn file(&self, name: &str) -> Result<String> {
        let path = FILE.parent().context("the stack's file is in a folder")?.join(name);
        Ok(std::fs::read_to_string(path)?.trim().to_owned())
    }

    /// A rare call of AWS, for which the project's crates have no use. `operation` in boto3's words.
    pub fn aws(&self, service: &str, operation: &str, parameters: Value) -> Result<Value> {
        let local = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/local");
        let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/local/venv/bin/python"))
            .args(["-m", "bansync_local.aws", service, operation, &parameters.to_string()])
            .current_dir(local)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(output.status.success(), "{service} {operation} failed");
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Makes calls of AWS fail by rule, until [`Stack::heal`]. `None` where the AWS under test has no such thing.
    pub async fn fail(&self, rule: Value) -> Result<()> {
        let answer = self.control(reqwest::Method::POST, "faults").body(rule.to_string()).send().await?;
        ensure!(answer.status().is_success(), "this AWS cannot be made to fail");
        Ok(())
    }

    /// The rules of [`Stack::fail`], in the order in which they were made.
    pub async fn rules(&self) -> Result<Vec<Rule>> {
        let text = self.control(reqwest::Method::GET, "faults").send().await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&text)?)
    }

    pub async fn heal(&self) -> Result<()> {
        self.control(reqwest::Method::DELETE, "faults").send().await?.error_for_status()?;
        Ok(())
    }

    /// Does the AWS under test have faults, counters and a list of processes? LocalStack and AWS itself do not.
    pub async fn is_instrumented(&self) -> bool {
        let answer = self.control(reqwest::Method::GET, "faults").send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    pub async fn forget_calls(&self) -> Result<()> {
        self.control(reqwest::Method::DELETE, "calls").send().await?.error_for_status()?;
        Ok(())
    }

    /// Calls by the function of this name in [`Stack::functions`].
    pub async fn calls_of(&self, function: &str) -> Result<Vec<CallCount>> {
        let name = &self.functions[function];
        let text = self.control(reqwest::Method::GET, "calls").send().await?.error_for_status()?.text().await?;
        let calls: Calls = serde_json::from_str(&text)?;
        // A role session's name is cut at 64 characters.
        let is_its = |call: &CallCount| call.function.as_deref().is_some_and(|of| name.starts_with(of));
        Ok(calls.calls.into_iter().filter(is_its).collect())
    }

    /// The running processes of a function.
    pub async fn processes(&self, function: &str) -> Result<Vec<Process>> {
        let text = self.control(reqwest::Method::GET, "processes").send().await?.error_for_status()?.text().await?;
        let mut processes: Vec<Process> = serde_json::from_str(&text)?;
        processes.retain(|process| process.function == self.functions[function]);
        Ok(processes)
    }

    /// Kills the processes of a function that are at work; how many.
    pub async fn kill(&self, function: &str) -> Result<usize> {
        let processes = self.processes(function).await?;
        let mut killed = 0;
        for process in processes.iter().filter(|process| process.busy) {
            let kill = Command::new("kill").args(["-KILL", &process.pid.to_string()]).status()?;
            killed += usize::from(kill.success());
        }
        Ok(killed)
    }

    /// Sets a queue's visibility time-out, so that a test need not wait for the deployed one. In seconds.
    pub fn set_visibility_timeout(&self, queue: &str, seconds: u32) -> Result<()> {
        let attributes = json!({ "VisibilityTimeout": seconds.to_string() });
        self.aws("sqs", "set_queue_attributes", json!({ "QueueUrl": self.queues[queue], "Attributes": attributes }))?;
        Ok(())
    }

    pub fn visibility_timeout(&self, queue: &str) -> Result<u32> {
        self.queue_number(queue, "VisibilityTimeout")
    }

    /// Messages that wait in a queue.
    pub fn waiting(&self, queue: &str) -> Result<u32> {
        self.queue_number(queue, "ApproximateNumberOfMessages")
    }

    fn queue_number(&self, queue: &str, attribute: &str) -> Result<u32> {
        let parameters = json!({ "QueueUrl": self.queues[queue], "AttributeNames": [attribute] });
        let answer = self.aws("sqs", "get_queue_attributes", parameters)?;
        let number = answer["Attributes"][attribute].as_str().context("the queue has this attribute")?;
        Ok(number.parse()?)
    }

    /// A call of DynamoDB in its own JSON, for what is done by the thousand. Only of the local AWS, which asks for a known key and looks at no
    /// signature.
    pub async fn dynamodb(&self, client: &reqwest::Client, operation: &str, parameters: &Value) -> Result<Value> {
        let call = client.post(&self.endpoint).header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let call = call.header("content-type", "application/x-amz-json-1.0").header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        );
        let answer = call.body(parameters.to_string()).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{operation}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }

    fn control(&self, method: reqwest::Method, what: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new().request(method, format!("{}/_bansync/{what}", self.endpoint))
    }
}
