//! Who is let in to the REST API: keys, the tokens got for them, and what becomes of both. [`matrix`]: every operation, and everybody who
//! must not be let in to it; [`forge`] makes their tokens.

mod forge;
mod matrix;

use crate::caller::{Answer, TOKEN_PATH};
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result};
use domain::access::{ApiKey, KeyId, TOKENS_A_MINUTE};
use forge::{Forge, said};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn a_key_is_exchanged_for_a_token_with_the_scopes_of_the_key() -> Result<()> {
    let play = Play::begin().await?;
    let key = play.key(&["users:read", "bans:write"], None).await?;
    let Answer { status, headers, body } = play.exchange(&key, &json!({})).await?;
    assert_eq!(status, 200, "{body}");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(body["scopes"], json!(["users:read", "bans:write"]));

    let token = body["access_token"].as_str().context("a token")?;
    let claims = said(token)?;
    let decision = play.decision(&format!("Bearer {token}"))?;
    let context =
        json!({"subject": format!("key:{}", key.id()), "scopes": "users:read bans:write", "expires_at": claims["exp"].to_string()});
    assert_eq!(decision, json!({"isAuthorized": true, "context": context}));

    // The key may as well come in the body, and be used without a token.
    let Answer { status, body, .. } = play.api("POST", TOKEN_PATH, None, Some(&json!({ "api_key": key.reveal() }))).await?;
    assert_eq!(status, 200, "{body}");
    let decision = play.decision(&format!("Bearer {}", key.reveal()))?;
    assert_eq!(decision["context"], json!({"subject": format!("key:{}", key.id()), "scopes": "users:read bans:write"}));
    Ok(())
}

#[tokio::test]
async fn a_token_may_have_less_than_its_key_and_never_more() -> Result<()> {
    let play = Play::begin().await?;
    let key = play.key(&["users:read", "users:write"], None).await?;
    let Answer { status, body, .. } = play.exchange(&key, &json!({ "scopes": ["users:read"] })).await?;
    assert_eq!((status, &body["scopes"]), (200, &json!(["users:read"])), "{body}");
    let Answer { status, headers, body } = play.exchange(&key, &json!({ "scopes": ["users:read", "sync:write"] })).await?;
    assert_eq!((status, &body["details"]["missing"]), (403, &json!(["sync:write"])), "{body}");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(body["code"], "missing_scope");
    assert!(body["correlation_id"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
    Ok(())
}

#[tokio::test]
async fn unknown_revoked_and_expired_keys_open_neither_door() -> Result<()> {
    let play = Play::begin().await?;
    let good = play.key(&["users:read"], Some(3600)).await?;
    let revoked = play.key(&["users:read"], None).await?;
    let before = play.token_for(&revoked).await?;
    assert!(play.keys.revoke(revoked.id()).await?);
    let expired = play.key(&["users:read"], Some(-1)).await?;
    // The id is known, the secret is another key's.
    let (_, secret) = revoked.reveal().split_at(17);
    let (id, _) = good.reveal().split_at(17);
    let mixed = format!("{id}{secret}");
    let unknown = good.reveal().replace(good.id().as_str(), "aaaaaaaaaaaa");
    for key in [revoked.reveal(), expired.reveal(), &mixed, &unknown, &good.reveal()[..59], "bsk_", "x"] {
        let Answer { status, headers, body } = play.api("POST", TOKEN_PATH, Some(key), None).await?;
        assert_eq!((status, &body["code"]), (401, &json!("unauthorized")), "{body}");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(play.decision(&format!("Bearer {key}"))?, json!({"isAuthorized": false}));
    }
    assert_eq!(play.decision(&format!("Bearer {}", good.reveal()))?["isAuthorized"], true);
    // A token outlives its key by a quarter of an hour at most: nothing is looked up for it.
    assert_eq!(play.decision(&format!("Bearer {before}"))?["isAuthorized"], true);
    Ok(())
}

#[tokio::test]
async fn a_request_for_a_token_that_cannot_be_read_is_told_so() -> Result<()> {
    let play = Play::begin().await?;
    let key = play.key(&["users:read"], None).await?;
    for (body, expected) in [
        (json!([]), (400, "invalid_request")),
        (json!([null, null]), (400, "invalid_request")),
        (json!({ "scope": ["users:read"] }), (400, "invalid_request")),
        (json!({ "scopes": ["users:everything"] }), (400, "invalid_request")),
        (json!({ "scopes": [] }), (400, "invalid_request")),
        (json!({ "scopes": ["x".repeat(16 * 1024)] }), (413, "too_large")),
    ] {
        let Answer { status, body: answer, .. } = play.exchange(&key, &body).await?;
        assert_eq!((status, answer["code"].as_str().unwrap_or_default()), expected, "{answer}");
        assert!(answer["message"].is_string() && answer["correlation_id"].is_string(), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn the_operators_command_makes_lists_and_revokes_keys() -> Result<()> {
    let play = Play::begin().await?;
    let text = play.keys_command(&["create", "--name", "the reporter", "--scope", "bans:write", "users:read", "--days", "30"])?;
    let Answer { status, body, .. } = play.api("POST", TOKEN_PATH, Some(&text), None).await?;
    assert_eq!((status, &body["scopes"]), (200, &json!(["users:read", "bans:write"])), "{body}");
    let id = &text[4..16];
    let record = play.keys.get(&id.parse()?).await?.context("the key is in the table")?;
    assert_eq!((record.name.as_str(), record.expires_at), ("the reporter", Some(record.created_at + 30 * 24 * 3600)));

    let listed = play.keys_command(&["list"])?;
    assert!(listed.contains(&format!("{id}  good  the reporter")), "{listed}");
    assert!(!listed.contains(&text) && !listed.contains(&record.hash.to_string()), "{listed}");
    assert!(play.keys.list().await?.iter().any(|record| record.key_id.as_str() == id));
    play.keys_command(&["revoke", id])?;
    assert!(play.keys_command(&["list"])?.contains(&format!("{id}  revoked ")));
    let Answer { status, body, .. } = play.api("POST", TOKEN_PATH, Some(&text), None).await?;
    assert_eq!(status, 401, "{body}");

    let error = play.keys_command(&["revoke", "aaaaaaaaaaaa"]).expect_err("there is no such key").to_string();
    assert!(error.contains("there is no key aaaaaaaaaaaa"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_rotation_of_the_signing_key_turns_nobody_away() -> Result<()> {
    let play = Play::begin().await?;
    let before = Forge::begin(&play).await?;
    let token = before.token(|_| {})?;
    assert_eq!(play.decision(&format!("Bearer {token}"))?["isAuthorized"], true);
    play.keys_command(&["rotate"])?;
    let after = Forge::begin(&play).await?;
    assert_ne!(after.kid, before.kid);
    let new = format!("Bearer {}", after.token(|_| {})?);
    // A name that is not known has the keys read again, ten seconds after the last time.
    let authorized = async || {
        let decision = play.decision(&new).unwrap_or_default();
        Ok((decision["isAuthorized"] == true).then_some(()))
    };
    play.telegram.wait_until("the new key to be believed", PATIENCE, authorized).await?;
    assert_eq!(play.decision(&format!("Bearer {token}"))?["isAuthorized"], true, "the key before it stays good");
    Ok(())
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_once_a_minute() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS does not count calls");
    }
    let key = play.key(&["users:read"], None).await?;
    play.stack.count_calls(key.id().as_str()).await?;
    let bearer = format!("Bearer {}", key.reveal());
    for _ in 0..3 {
        play.decision(&bearer)?;
    }
    let writes = async || -> Result<u32> {
        let calls = play.stack.counted_calls(key.id().as_str(), "authorizer").await?;
        Ok(calls.iter().filter(|call| call.operation == "UpdateItem").map(|call| call.count).sum())
    };
    assert_eq!(writes().await?, 1);
    let record = play.keys.get(key.id()).await?.context("the key is there")?;
    assert!(record.last_used_at.is_some_and(|at| at >= record.created_at));

    // A minute later it is noted again.
    let id = json!({"pk": {"S": partition(&key)}, "sk": {"S": key.id().as_str()}});
    let aged = json!({"TableName": play.stack.tables["auth"], "Key": id, "UpdateExpression": "SET last_used_at = :then",
        "ExpressionAttributeValues": {":then": {"N": (aws::time::now() - 61).to_string()}}});
    play.stack.aws("dynamodb", "UpdateItem", aged).await?;
    play.decision(&bearer)?;
    assert_eq!(writes().await?, 2);
    Ok(())
}

/// Where the store has a key.
fn partition(key: &ApiKey) -> String {
    format!("KEY#{:02}", key.id().shard())
}

#[tokio::test]
async fn whoever_asks_over_and_over_how_a_function_is_is_refused_though_it_needs_no_token() -> Result<()> {
    let play = Play::alone().await?;
    // 50 at once and 10 a second: in the seconds that this takes not all find room.
    let asked = (0..200).map(|_| play.api("GET", "/audit/health/ready", None, None));
    let answers: Vec<Answer> = stream::iter(asked).buffered(4).try_collect().await?;
    let statuses: BTreeSet<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 429].into());
    // Ten a second come back: the next test finds room.
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

#[tokio::test]
async fn who_asks_for_token_after_token_waits_and_takes_nothing_from_others() -> Result<()> {
    let play = Play::begin().await?;
    let (greedy, other) = (play.key(&["users:read"], None).await?, play.key(&["users:read"], None).await?);
    let refused = async || {
        for _ in 0..TOKENS_A_MINUTE {
            let answer = play.exchange(&greedy, &json!({})).await?;
            if answer.status != 200 {
                return Ok(Some(answer));
            }
        }
        anyhow::Ok(None)
    };
    // The minute may turn meanwhile.
    let mut answer = None;
    for _ in 0..3 {
        answer = refused().await?;
        if answer.is_some() {
            break;
        }
    }
    let Answer { status, headers, body } = answer.context("the key is told to wait")?;
    assert_eq!((status, &body["code"]), (429, &json!("too_many_requests")), "{body}");
    let wait: u32 = headers["retry-after"].to_str()?.parse()?;
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(play.exchange(&other, &json!({})).await?.status, 200);
    assert_eq!(play.decision(&format!("Bearer {}", greedy.reveal()))?["isAuthorized"], true, "the key itself goes on");
    Ok(())
}

#[tokio::test]
async fn a_key_of_before_keys_were_spread_opens_the_door_and_is_revoked_as_any_other() -> Result<()> {
    let play = Play::begin().await?;
    let key = play.key(&["users:read"], None).await?;
    let table = &play.stack.tables["auth"];
    let id = json!({"pk": {"S": partition(&key)}, "sk": {"S": key.id().as_str()}});
    let mut item = play.stack.aws("dynamodb", "GetItem", json!({"TableName": table, "Key": id})).await?["Item"].take();
    anyhow::ensure!(item.is_object(), "the key is in a partition of its shard");
    item["pk"]["S"] = "KEY".into();
    play.stack.aws("dynamodb", "PutItem", json!({"TableName": table, "Item": item})).await?;
    play.stack.aws("dynamodb", "DeleteItem", json!({"TableName": table, "Key": id})).await?;
    assert_eq!(play.exchange(&key, &json!({})).await?.status, 200);
    let listed = play.keys_command(&["list"])?;
    assert!(listed.contains(&format!("{}  good", key.id())), "{listed}");
    play.keys_command(&["revoke", key.id().as_str()])?;
    assert_eq!(play.exchange(&key, &json!({})).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn while_keys_cannot_be_looked_up_nobody_is_let_in() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    let key = play.key(&["subscriptions:read"], None).await?;
    let down = play.stack.fail(json!({"service": "dynamodb", "contains": key.id().as_str()})).await?;
    let Answer { status, headers, body } = play.exchange(&key, &json!({})).await?;
    let direct = play.api("GET", "/api/v1/subscriptions/stats", Some(key.reveal()), None).await?;
    down.heal().await?;
    assert_eq!((status, &body["code"]), (503, &json!("unavailable")), "{body}");
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(direct.status, 500, "{}", direct.body);

    let Answer { status, body, .. } = play.exchange(&key, &json!({})).await?;
    assert_eq!(status, 200, "{body}");
    Ok(())
}

impl Play {
    async fn token_for(&self, key: &ApiKey) -> Result<String> {
        let Answer { status, body, .. } = self.exchange(key, &json!({})).await?;
        anyhow::ensure!(status == 200, "{status} {body}");
        Ok(body["access_token"].as_str().context("a token is answered")?.to_owned())
    }
}

#[tokio::test]
async fn a_key_is_made_once_and_revoked_only_where_it_is() -> Result<()> {
    let play = Play::begin().await?;
    let key = play.key(&["users:read"], None).await?;
    let record = play.keys.get(key.id()).await?.context("the key is there")?;
    assert!(!play.keys.create(&record).await?, "its id is taken");
    let nobody: KeyId = "zzzzzzzzzzzz".parse()?;
    assert!(!play.keys.revoke(&nobody).await?);
    assert!(play.keys.get(&nobody).await?.is_none());
    assert!(play.keys.revoke(key.id()).await?);
    let first = play.keys.get(key.id()).await?.and_then(|record| record.revoked_at);
    assert!(first.is_some() && play.keys.revoke(key.id()).await?);
    assert_eq!(play.keys.get(key.id()).await?.and_then(|record| record.revoked_at), first, "once revoked it stays as it is");
    let item = json!({"TableName": play.stack.tables["auth"], "Key": {"pk": {"S": partition(&key)}, "sk": {"S": key.id().as_str()}}});
    let item: Value = play.stack.aws("dynamodb", "GetItem", item).await?;
    assert!(!item.to_string().contains(&key.reveal()[17..]), "the secret is kept nowhere");
    Ok(())
}
