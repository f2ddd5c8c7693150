//! Secrets: SecureStrings of the SSM Parameter Store. CloudFormation cannot create them; an operator's command does.
//!
//! An environment reads them when it starts, and again when what it knows is old ([`MAX_AGE`]) or in doubt: nothing is deployed anew when
//! one changes.

use crate::signed::Request;
use crate::{Aws, time};
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// How old what an environment knows may be when an event comes, in seconds. Each reading has KMS decrypt the values, at $0.03 for ten
/// thousand requests (AWS KMS pricing).
pub const MAX_AGE: i64 = 300;

/// At most this often secrets are asked for when a try failed, or something came that does not match them, in seconds: anybody can make
/// up secrets.
const PAUSE: i64 = 10;

/// How long an event waits for them: those that are known serve, too.
const PATIENCE: Duration = Duration::from_secs(2);

/// The decrypted values of `names`, in their order, by one call (GetParameters takes up to 10 names).
pub async fn load<const N: usize>(aws: &Aws, names: [String; N]) -> anyhow::Result<[String; N]> {
    let values = ask(aws, &names).await?;
    values.try_into().map_err(|_| anyhow::anyhow!("not every secret was answered"))
}

/// What `make` makes of the values of `names`. From now on [`crate::lambda`] reads them again in time; where they are others, `change` puts
/// them into what was made.
pub async fn keep<const N: usize, T: Clone + Send + Sync + 'static>(
    aws: &Aws,
    names: [String; N],
    make: impl FnOnce(&[String; N]) -> anyhow::Result<T>,
    change: impl Fn(&T, &[String; N]) -> anyhow::Result<()> + Send + Sync + 'static,
) -> anyhow::Result<T> {
    let values = load(aws, names.clone()).await?;
    let made = make(&values)?;
    let (now, its) = (time::now(), made.clone());
    let change = Box::new(move |values: &[String]| change(&its, values.try_into()?));
    let kept = Kept { names: names.to_vec(), values: values.to_vec(), change, read_at: now, asked_at: now };
    aws.kept.lock().await.push(kept);
    Ok(made)
}

/// Reads again what is old. What cannot be read stays as it is known.
pub async fn renew(aws: &Aws) {
    renew_if(aws, Kept::is_old).await;
}

/// Reads all kept secrets again, though at most every ten seconds: something came that does not match them.
pub async fn doubt(aws: &Aws) {
    renew_if(aws, Kept::may_be_asked_for).await;
}

async fn renew_if(aws: &Aws, is_due: fn(&Kept, i64) -> bool) {
    let mut all = aws.kept.lock().await;
    for kept in all.iter_mut().filter(|kept| is_due(kept, time::now())) {
        kept.asked_at = time::now();
        let asked = tokio::time::timeout(PATIENCE, ask(aws, &kept.names)).await;
        if let Err(error) = asked.context("no answer in time").flatten().and_then(|values| kept.take(values)) {
            tracing::error!(error = format!("{error:#}"), "secrets could not be read again; those that are known stay in use");
        }
    }
}

type Change = dyn Fn(&[String]) -> anyhow::Result<()> + Send + Sync;

/// Secrets that an environment knows, and what they are put into.
pub(crate) struct Kept {
    names: Vec<String>,
    values: Vec<String>,
    change: Box<Change>,
    /// When they were read, Unix seconds.
    read_at: i64,
    /// When they were last asked for, with or without success.
    asked_at: i64,
}

impl Kept {
    fn may_be_asked_for(&self, now: i64) -> bool {
        now - self.asked_at >= PAUSE
    }

    fn is_old(&self, now: i64) -> bool {
        now - self.read_at >= MAX_AGE && self.may_be_asked_for(now)
    }

    fn take(&mut self, values: Vec<String>) -> anyhow::Result<()> {
        if values != self.values {
            (self.change)(&values)?;
            self.values = values;
        }
        self.read_at = self.asked_at;
        Ok(())
    }
}

async fn ask(aws: &Aws, names: &[String]) -> anyhow::Result<Vec<String>> {
    let answer = aws.get_parameters().send(request(names)).await.context("reading the secrets")?;
    values(names, &answer.json().context("reading the secrets")?)
}

/// An answer of [GetParameters](https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html). No `Debug`: it
/// holds secrets.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    parameters: Vec<Parameter>,
    invalid_parameters: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: Option<String>,
    value: Option<String>,
}

fn request(names: &[String]) -> Request {
    Request {
        method: "POST",
        path: "/".into(),
        headers: vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AmazonSSM.GetParameters")],
        body: json!({"Names": names, "WithDecryption": true}).to_string().into_bytes(),
    }
}

fn values(names: &[String], found: &Found) -> anyhow::Result<Vec<String>> {
    if let [missing, ..] = &*found.invalid_parameters {
        bail!("the SecureString parameter {missing} does not exist; create it before the deployment");
    }
    let value = |name: &String| {
        let parameter = found.parameters.iter().find(|parameter| parameter.name.as_ref() == Some(name));
        parameter.and_then(|parameter| parameter.value.clone()).with_context(|| format!("the parameter {name} has no value"))
    };
    names.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, answer, run};
    use std::sync::{Arc, Mutex};

    fn ask(body: &str) -> (anyhow::Result<[String; 2]>, Loopback) {
        let server = Loopback::answering([answer(200, "", body)]);
        (run(load(&server.aws, ["/a/token".into(), "/a/word".into()])), server)
    }

    #[test]
    fn the_values_come_in_the_order_of_the_names() {
        let (values, server) = ask(r#"{"InvalidParameters": [], "Parameters": [
            {"Name": "/a/word", "Type": "SecureString", "Value": "w0rd", "Version": 1},
            {"Name": "/a/token", "Type": "SecureString", "Value": "t0ken", "Version": 3}]}"#);
        assert_eq!(values.unwrap(), ["t0ken", "w0rd"]);
        let [asked] = &*server.asked() else { panic!("not one request") };
        assert!(asked.head.starts_with("POST / HTTP/1.1\r\n"), "{}", asked.head);
        assert_eq!(asked.header("content-type"), Some("application/x-amz-json-1.1"));
        assert_eq!(asked.header("x-amz-target"), Some("AmazonSSM.GetParameters"));
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(body, json!({"Names": ["/a/token", "/a/word"], "WithDecryption": true}));
    }

    fn word(value: &str) -> Option<String> {
        answer(200, "", &format!(r#"{{"Parameters": [{{"Name": "/a/word", "Value": "{value}"}}]}}"#))
    }

    #[test]
    fn kept_secrets_are_read_again_when_they_are_old_or_in_doubt_and_told_where_they_are_others() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let server = Loopback::answering([word("one"), word("one"), word("two"), answer(400, "", "{}"), word("")]);
        let (aws, notes) = (&server.aws, told.clone());
        let age = async |seconds: i64| {
            let mut all = aws.kept.lock().await;
            (all[0].read_at, all[0].asked_at) = (time::now() - seconds, time::now() - seconds);
        };
        run(async {
            let change = |notes: &Arc<Mutex<Vec<String>>>, [word]: &[String; 1]| {
                anyhow::ensure!(!word.is_empty(), "no word");
                notes.lock().unwrap().push(word.clone());
                Ok(())
            };
            let make = |[word]: &[String; 1]| {
                assert_eq!(word, "one");
                Ok(notes)
            };
            keep(aws, ["/a/word".into()], make, change).await.unwrap();
            // Young, and asked for just now.
            renew(aws).await;
            doubt(aws).await;
            assert_eq!(server.asked().len(), 1);
            age(MAX_AGE).await;
            renew(aws).await;
            assert_eq!((server.asked().len(), told.lock().unwrap().len()), (2, 0));
            age(PAUSE).await;
            renew(aws).await;
            doubt(aws).await;
            assert_eq!(*told.lock().unwrap(), ["two"]);
            // What cannot be read, or not be used, leaves things as they are, and is not asked for with every event.
            for asked in [4, 5] {
                age(MAX_AGE).await;
                renew(aws).await;
                renew(aws).await;
                assert_eq!(server.asked().len(), asked);
            }
            assert_eq!(*told.lock().unwrap(), ["two"]);
        });
    }

    #[test]
    fn what_is_missing_is_named_and_what_is_there_is_not_told() {
        let check = |body: &str, expected: &str| {
            let error = ask(body).0.unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
            assert!(!format!("{error:#?}").contains("t0ken"), "{error:#?}");
        };
        let token = r#"{"Name": "/a/token", "Value": "t0ken"}"#;
        check(
            &format!(r#"{{"Parameters": [{token}], "InvalidParameters": ["/a/word"]}}"#),
            "the SecureString parameter /a/word does not exist",
        );
        check(&format!(r#"{{"Parameters": [{token}]}}"#), "the parameter /a/word has no value");
        check(&format!(r#"{{"Parameters": [{token}, {{"Name": "/a/word"}}]}}"#), "the parameter /a/word has no value");
        check(r#"{"Parameters": "t0ken"}"#, "the answer from AWS cannot be read");
    }
}
