//! What is posted to people's endpoints, and to subscribers of the topic by HTTP: received by a program of its own, with an independent library.

use crate::aws_calls::http;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// A receiver, until the end of this.
pub struct Receiver {
    port: u16,
    process: Child,
    /// It ends with its input.
    input: Option<ChildStdin>,
}

/// What came.
#[derive(Debug, Deserialize)]
pub struct Letter {
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// By the secret that was asked for.
    pub is_signed: bool,
}

impl Letter {
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| self.body.clone())
    }
}

impl Receiver {
    /// `None`: the library is not installed.
    pub fn begin() -> Result<Option<Self>> {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        if !root.join("target/local/venv-webhooks/installed").is_file() {
            return Ok(None);
        }
        let mut receiver = Command::new("target/local/venv-webhooks/bin/python");
        let receiver = receiver.arg("tests/integration/receiver.py").current_dir(root);
        let mut process = receiver.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("it prints")?).read_line(&mut line)?;
        let port = line.trim().parse().context("the receiver did not start")?;
        Ok(Some(Self { port, input: process.stdin.take(), process }))
    }

    /// Where somebody has messages posted to. `kind`: `hook` or `sns`.
    pub fn url(&self, kind: &str, name: i64) -> String {
        format!("http://127.0.0.1:{}/{kind}/{name}", self.port)
    }

    /// Chooses how it answers from now on.
    pub async fn answers(&self, name: i64, how: &Value) -> Result<()> {
        let answer = http().put(self.url("answer", name)).body(how.to_string()).send().await?;
        ensure!(answer.status() == 204, "{}", answer.status());
        Ok(())
    }

    /// What has come, and whether it is signed by this secret.
    pub async fn letters(&self, name: i64, secret: &str) -> Result<Vec<Letter>> {
        let answer = http().get(self.url("letters", name)).query(&[("secret", secret)]).send().await?;
        Ok(serde_json::from_str(&answer.text().await?)?)
    }

    /// Waits until so many have come.
    pub async fn wait_for(&self, play: &Play, name: i64, secret: &str, count: usize) -> Result<Vec<Letter>> {
        let come = async || Ok(self.letters(name, secret).await.ok().filter(|letters| letters.len() >= count));
        let letters = play.telegram.wait_until("letters", PATIENCE, come).await?;
        ensure!(letters.len() == count, "{letters:#?}");
        Ok(letters)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.input.take());
        if let Err(error) = self.process.wait() {
            println!("the receiver did not end: {error}");
        }
    }
}
