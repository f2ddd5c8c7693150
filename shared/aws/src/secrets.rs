//! Secrets: SecureStrings of the SSM Parameter Store. CloudFormation cannot create them; an operator's command does.

use crate::Aws;
use crate::signed::Request;
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;

/// The decrypted values of `names`, in their order, by one call (GetParameters takes up to 10 names).
pub async fn load<const N: usize>(aws: &Aws, names: [String; N]) -> anyhow::Result<[String; N]> {
    let answer = aws.get_parameters().send(request(&names)).await.context("reading the secrets")?;
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

fn values<const N: usize>(names: [String; N], found: &Found) -> anyhow::Result<[String; N]> {
    if let [missing, ..] = &*found.invalid_parameters {
        bail!("the SecureString parameter {missing} does not exist; create it before the deployment");
    }
    let value = |name: &String| {
        let parameter = found.parameters.iter().find(|parameter| parameter.name.as_ref() == Some(name));
        parameter.and_then(|parameter| parameter.value.clone()).with_context(|| format!("the parameter {name} has no value"))
    };
    let values = names.iter().map(value).collect::<anyhow::Result<Vec<_>>>()?;
    values.try_into().map_err(|_| anyhow::anyhow!("not every secret was answered"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, answer, run};

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
