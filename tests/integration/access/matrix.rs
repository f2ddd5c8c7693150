//! Every operation of the API, and everybody who must not be let in to it.

use super::forge::{Forge, all_scopes};
use crate::caller::Answer;
use crate::play::Play;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

/// An operation of infra/openapi.json that needs a token.
struct Operation {
    method: String,
    path: String,
    /// The scopes that open it together.
    scopes: Vec<String>,
}

/// The operations behind the authorizer, and those in front of it.
fn operations() -> Result<(Vec<Operation>, Vec<Operation>)> {
    let text = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.json")).context("infra/openapi.json is read")?;
    let document: Value = serde_json::from_slice(&text)?;
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for (path, methods) in document["paths"].as_object().context("there are paths")? {
        for (method, operation) in methods.as_object().context("a path has methods")? {
            if !["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            let scopes = operation["security"][0]["bearer"].as_array().into_iter().flatten();
            let scopes = scopes.filter_map(|scope| scope.as_str().map(str::to_owned)).collect();
            let made = Operation { method: method.to_uppercase(), path: concrete(path), scopes };
            let needs_token = operation["security"].as_array().is_some_and(|needed| !needed.is_empty());
            if needs_token { &mut closed } else { &mut open }.push(made);
        }
    }
    ensure!(!closed.is_empty(), "some operations need a token");
    Ok((closed, open))
}

/// The path with something for each of its variables that nobody has.
fn concrete(path: &str) -> String {
    // Numbers where the API wants ids of Telegram, or it would refuse the path before it looks at more.
    let part = |part: &str| match part {
        "{user_id}" | "{admin_id}" => "4500000000000001".to_owned(),
        "{chat_id}" | "{source_chat_id}" => "-4500000000000001".to_owned(),
        part if part.starts_with('{') => "00000000-0000-4000-8000-000000000000".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

impl Play {
    async fn status(&self, operation: &Operation, token: Option<&str>) -> Result<(u16, Value)> {
        let body = (operation.method != "GET").then(|| json!({}));
        let Answer { status, body, .. } = self.api(&operation.method, &operation.path, token, body.as_ref()).await?;
        Ok((status, body))
    }
}

#[tokio::test]
async fn no_operation_is_open_to_anybody_without_a_good_token() -> Result<()> {
    let play = Play::begin().await?;
    let mut wrong = Forge::begin(&play).await?.bad_tokens()?;
    let all = all_scopes();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (revoked, expired) = (play.key(&all, None).await?, play.key(&all, Some(-1)).await?);
    play.keys.revoke(revoked.id()).await?;
    wrong.push(("revoked key", revoked.reveal().to_owned()));
    wrong.push(("expired key", expired.reveal().to_owned()));
    for operation in operations()?.0 {
        let (status, body) = play.status(&operation, None).await?;
        assert_eq!(status, 401, "{} {} without a token: {body}", operation.method, operation.path);
        for (what, token) in &wrong {
            let (status, body) = play.status(&operation, Some(token)).await?;
            assert!([401, 403].contains(&status), "{} {} {what}: {status} {body}", operation.method, operation.path);
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_operation_is_open_to_the_scopes_that_it_names_and_to_no_others() -> Result<()> {
    let play = Play::begin().await?;
    let mut tokens: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for operation in operations()?.0 {
        ensure!(!operation.scopes.is_empty(), "{} {} names no scope", operation.method, operation.path);
        // All that it names, and everything but one of those.
        let without = |left_out: &String| all_scopes().into_iter().filter(|scope| scope != left_out).collect::<Vec<_>>();
        let others: Vec<_> = operation.scopes.iter().map(without).collect();
        for scopes in others.iter().chain([&operation.scopes]) {
            if !tokens.contains_key(scopes) {
                let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
                tokens.insert(scopes.clone(), play.token(&names).await?);
            }
        }
        for others in &others {
            let (status, body) = play.status(&operation, Some(&tokens[others])).await?;
            assert_eq!((status, &body["code"]), (403, &json!("missing_scope")), "{} {}: {body}", operation.method, operation.path);
        }
        let right = &tokens[&operation.scopes];
        let (status, body) = play.status(&operation, Some(right)).await?;
        assert!(![401, 403].contains(&status) && status < 500, "{} {}: {status} {body}", operation.method, operation.path);
    }
    Ok(())
}

#[tokio::test]
async fn what_needs_no_token_is_health_and_the_way_to_a_token() -> Result<()> {
    let play = Play::begin().await?;
    for operation in operations()?.1 {
        let is_token = operation.path == crate::caller::TOKEN_PATH;
        assert!(is_token || operation.path.contains("/health"), "{} {}", operation.method, operation.path);
        if !is_token {
            let (status, body) = play.status(&operation, None).await?;
            assert_eq!(status, 200, "{} {}: {body}", operation.method, operation.path);
        }
    }
    Ok(())
}
