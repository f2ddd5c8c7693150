//! The deployment under test.

use crate::aws_calls::http;
use crate::guard::Guard;
use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

/// The most that index reads lag, where a test asks for it.
pub const LAG: Duration = Duration::from_secs(1);

/// What `cargo xtask up` wrote.
#[derive(Deserialize)]
pub struct Stack {
    pub endpoint: String,
    pub webhook_url: String,
    pub webhook_secret: String,
    /// Absent where the stack has no API Gateway.
    #[serde(default)]
    pub api_url: Option<String>,
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
    /// As many of them an SDK made again by itself: no answer came in time.
    #[serde(default)]
    pub retries: u32,
}

/// A rule by which calls of AWS fail, and how often it did.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "what it matches is printed")]
pub struct Rule {
    id: u64,
    pub function: Option<String>,
    pub service: Option<String>,
    pub operation: Option<String>,
    pub contains: Option<Value>,
    pub times: Option<u32>,
    pub fired: u32,
}

/// Rules by which calls of AWS fail, until the end of this.
pub struct Faults<'a> {
    stack: &'a Stack,
    ids: Vec<u64>,
    guard: Guard,
}

impl Faults<'_> {
    /// The rules, in the order in which they were made.
    pub async fn rules(&self) -> Result<Vec<Rule>> {
        let mut rules: Vec<Rule> = read(self.stack.control(Method::GET, "faults")).await?;
        rules.retain(|rule| self.ids.contains(&rule.id));
        Ok(rules)
    }

    /// Calls succeed again.
    pub async fn heal(self) -> Result<()> {
        self.guard.end().await
    }
}

/// What the local AWS has to do yet.
#[derive(Debug, Deserialize)]
pub struct Quiet {
    pub quiet: bool,
    pub under_way: Vec<String>,
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

    /// Makes calls of AWS fail by a rule, or a list of rules; what they match and do is in `infra/local/bansync_local/control/faults.py`.
    /// Tests run beside each other: a rule names an id of the test's own by `contains`, unless nobody else plays.
    pub async fn fail(&self, rules: Value) -> Result<Faults<'_>> {
        let made: Vec<Rule> = read(self.control(Method::POST, "faults").body(rules.to_string())).await?;
        let ids: Vec<u64> = made.iter().map(|rule| rule.id).collect();
        let requests: Vec<_> = ids.iter().map(|id| self.control(Method::DELETE, &format!("faults/{id}"))).collect();
        let guard = Guard::new("a rule by which calls of AWS fail", async {
            for request in requests {
                request.send().await?.error_for_status()?;
            }
            Ok(())
        });
        Ok(Faults { stack: self, ids, guard })
    }

    /// Does the AWS under test have faults, counters and a list of processes? LocalStack and AWS itself do not.
    pub async fn is_instrumented(&self) -> bool {
        let answer = self.control(Method::GET, "faults").send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Index reads see each write up to [`LAG`] late, as they may on AWS; for everybody. Nothing happens where the AWS under test cannot be
    /// told to.
    pub async fn lag_indexes(&'static self, seed: u64) -> Result<Guard> {
        if self.is_instrumented().await {
            self.set_lag(json!({"milliseconds": LAG.as_millis(), "seed": seed})).await?;
        }
        Ok(Guard::new("the lag of indexes", self.lag_no_longer()))
    }

    /// Reads of tables that ask for no consistency see each write up to `longest` late, far later than they may on AWS; for everybody.
    pub async fn lag_tables(&'static self, longest: Duration) -> Result<Guard> {
        self.set_lag(json!({"milliseconds": 0, "table_milliseconds": longest.as_millis()})).await?;
        Ok(Guard::new("the lag of tables", self.lag_no_longer()))
    }

    async fn lag_no_longer(&self) -> Result<()> {
        if self.is_instrumented().await { self.set_lag(json!({"milliseconds": 0})).await } else { Ok(()) }
    }

    async fn set_lag(&self, lag: Value) -> Result<()> {
        self.control(Method::POST, "lag").body(lag.to_string()).send().await?.error_for_status()?;
        Ok(())
    }

    /// Counts all calls from nothing; only where nobody else plays.
    pub async fn forget_calls(&self) -> Result<()> {
        self.control(Method::DELETE, "calls").send().await?.error_for_status()?;
        Ok(())
    }

    /// Calls by the function of this name in [`Stack::functions`].
    pub async fn calls_of(&self, function: &str) -> Result<Vec<CallCount>> {
        self.calls_in("calls", function).await
    }

    /// Counts the calls whose body contains `text`, an id of the test's own, from nothing.
    pub async fn count_calls(&self, text: &str) -> Result<()> {
        self.control(Method::POST, &format!("calls?contains={text}")).send().await?.error_for_status()?;
        Ok(())
    }

    /// Of the calls that [`Stack::count_calls`] counts, those of a function.
    pub async fn counted_calls(&self, text: &str, function: &str) -> Result<Vec<CallCount>> {
        self.calls_in(&format!("calls?contains={text}"), function).await
    }

    async fn calls_in(&self, list: &str, function: &str) -> Result<Vec<CallCount>> {
        let name = &self.functions[function];
        let calls: Calls = read(self.control(Method::GET, list)).await?;
        // A role session's name is cut at 64 characters.
        let is_its = |call: &CallCount| call.function.as_deref().is_some_and(|of| name.starts_with(of));
        Ok(calls.calls.into_iter().filter(is_its).collect())
    }

    /// Whether anything is under way that contains one of these ids: see `infra/local/bansync_local/control/quiet.py`.
    pub async fn quiet(&self, ids: &[i64]) -> Result<Quiet> {
        let query: Vec<_> = ids.iter().map(|id| format!("contains={id}")).collect();
        read(self.control(Method::GET, &format!("quiet?{}", query.join("&")))).await
    }

    /// Whether anything is under way, but for messages with this text.
    pub async fn quiet_without(&self, text: &str) -> Result<Quiet> {
        read(self.control(Method::GET, &format!("quiet?without={text}"))).await
    }

    /// The running processes of a function.
    pub async fn processes(&self, function: &str) -> Result<Vec<Process>> {
        let mut processes: Vec<Process> = read(self.control(Method::GET, "processes")).await?;
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

    /// Sets a queue's visibility time-out, in seconds, so that a test need not wait for the deployed one. Everybody's messages come again so
    /// soon.
    pub async fn hurry(&'static self, queue: &'static str, seconds: u32) -> Result<Guard> {
        let usual = self.queue_number(queue, "VisibilityTimeout").await?;
        self.set_visibility_timeout(queue, seconds).await?;
        Ok(Guard::new(format!("the visibility time-out of {queue}"), self.set_visibility_timeout(queue, usual)))
    }

    async fn set_visibility_timeout(&self, queue: &str, seconds: u32) -> Result<()> {
        let attributes = json!({ "VisibilityTimeout": seconds.to_string() });
        self.aws("sqs", "SetQueueAttributes", json!({ "QueueUrl": self.queues[queue], "Attributes": attributes })).await.map(drop)
    }

    /// Messages that wait in a queue.
    pub async fn waiting(&self, queue: &str) -> Result<u32> {
        self.queue_number(queue, "ApproximateNumberOfMessages").await
    }

    /// Drops all messages of a queue.
    pub async fn purge(&self, queue: &str) -> Result<()> {
        self.aws("sqs", "PurgeQueue", json!({ "QueueUrl": self.queues[queue] })).await.map(drop)
    }

    /// An attribute of a queue that is a number.
    pub async fn queue_number(&self, queue: &str, attribute: &str) -> Result<u32> {
        let parameters = json!({ "QueueUrl": self.queues[queue], "AttributeNames": [attribute] });
        let answer = self.aws("sqs", "GetQueueAttributes", parameters).await?;
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

    /// A request of what only the local AWS has.
    pub fn control(&self, method: Method, what: &str) -> RequestBuilder {
        http().request(method, format!("{}/_bansync/{what}", self.endpoint))
    }
}

/// The answer of the local AWS to what only it has.
pub async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T> {
    let answer = request.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("this AWS is not instrumented, or refuses: {status} {text}");
    }
    Ok(serde_json::from_str(&text)?)
}

/// Says that the test cannot run here; `cargo xtask test` counts such lines.
pub fn skipped(why: &str) -> Result<()> {
    println!("skipped: {why}");
    Ok(())
}
