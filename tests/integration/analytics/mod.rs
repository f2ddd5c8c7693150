//! What is counted: each thing once, however often it is told of, and the same when it is counted anew.

mod charts;
mod operations;
mod rebuild;
mod storing;
mod year;

use crate::caller::Caller;
use crate::made_up;
use crate::operator;
use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::store::analytics::{Facts, shards};
use domain::analytics::fact::shard_of;
use domain::ban::Occurred;
use domain::ids::ChatId;
use domain::subscription::Mode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;
use uuid::Uuid;

const DAY: i64 = 24 * 3600;

impl Play {
    pub async fn analyst(&self) -> Result<Caller<'_>> {
        self.caller(&["analytics:read"]).await
    }

    /// Has the function store what is in its queue, and waits until all of it is, whoever took it; how many facts this took.
    pub async fn collect(&self) -> Result<u64> {
        let mut facts = 0;
        let began = Instant::now();
        loop {
            facts += self.collector(json!({})).await?["facts"].as_u64().context("facts")?;
            let under_way = self.stack.queue_number("analytics", "ApproximateNumberOfMessagesNotVisible").await?;
            if self.stack.waiting("analytics").await? + under_way == 0 || began.elapsed() > PATIENCE {
                return Ok(facts);
            }
        }
    }

    /// Closes all days before today.
    async fn close_days(&self) -> Result<()> {
        while self.collector(json!({"task": "close"})).await?["more"] == true {}
        Ok(())
    }

    async fn collector(&self, payload: Value) -> Result<Value> {
        let answer = self.stack.invoke(&self.stack.functions["analytics-collector"], &payload.to_string()).await?;
        ensure!(!answer.failed, "{answer:?}");
        Ok(answer.payload)
    }

    /// Figures of a chat, once they are so; others' facts are none of a test's business.
    async fn counted(&self, caller: &Caller<'_>, path: &str, expected: &[(&str, Value)]) -> Result<Value> {
        let mut last = Value::Null;
        let counted = async || {
            self.collector(json!({})).await.ok();
            last = caller.there(path).await.unwrap_or_default();
            Ok(expected.iter().all(|(pointer, value)| last.pointer(pointer) == Some(value)).then(|| last.clone()))
        };
        let counted = self.telegram.wait_until("figures", PATIENCE, counted).await;
        counted.with_context(|| format!("{path}: {last} is not {expected:?}"))
    }

    fn facts(&self, aws: &Aws) -> Facts {
        Facts::new(aws, self.stack.tables["analytics"].clone())
    }
}

#[tokio::test]
async fn what_happens_is_counted_where_it_does_and_the_same_when_it_is_counted_anew() -> Result<()> {
    // Alone: others' facts are lost with its own, until all are counted anew.
    let play = Play::alone().await?;
    let analyst = play.analyst().await?;
    let Pair { boris, alice, mallory, source, target, .. } = play.pair(Mode::Auto).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    let card = play.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    play.press(boris, &card, "Undo").await?;
    play.quiet(&[source, target, mallory]).await?;
    let here = format!("analytics/overview?period=week&chat_id={target}");
    let there = format!("analytics/overview?period=week&chat_id={source}");
    let (of_target, of_source) = (
        [
            ("/figures/new_subscriptions", json!(1)),
            ("/figures/total_subscriptions", json!(1)),
            ("/figures/synced_bans/applied", json!(1)),
            ("/figures/undone", json!(1)),
            ("/figures/total_bans", json!(0)),
            ("/figures/active_chats", json!(1)),
        ],
        [
            ("/figures/total_bans", json!(1)),
            ("/figures/unique_banned_users", json!(1)),
            ("/figures/successful_syncs", json!(2)),
            ("/figures/success_rate", json!(1.0)),
            ("/figures/synced_bans/applied", json!(0)),
        ],
    );
    let before = [play.counted(&analyst, &here, &of_target).await?, play.counted(&analyst, &there, &of_source).await?];
    let took = &before[1]["figures"];
    ensure!(took["p50_sync_ms"].as_i64() <= took["p95_sync_ms"].as_i64() && took["mean_sync_ms"].as_i64() > Some(0), "{took}");
    let sources = analyst.there(&format!("analytics/top/sources?period=week&chat_id={target}")).await?;
    assert_eq!(sources["items"], json!([{"chat_id": source, "bans_carried": 1, "undone": 1, "lifted": 0, "appealed": 0}]));
    let users = analyst.there(&format!("analytics/top/users?period=week&chat_id={source}")).await?;
    assert_eq!(users["items"], json!([{"user_id": mallory, "ban_count": 1, "sync_count": 2}]));

    // All of it is lost, and made anew of what it was counted of.
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    play.forget_facts(&[source, target]).await?;
    assert_eq!(play.counted_facts(&aws, &[source, target]).await?, 0);
    let said = operator::succeeds(&["analytics", "rebuild"])?;
    ensure!(said.contains("facts in all"), "{said}");
    for (path, before) in [(here, &before[0]), (there, &before[1])] {
        assert_eq!(&analyst.there(&path).await?["figures"], &before["figures"], "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn whatever_an_item_became_it_is_counted_as_that_and_so_it_is_when_counted_anew() -> Result<()> {
    let play = Play::alone().await?;
    let analyst = play.analyst().await?;
    let (chat, source, user, at) = (made_up::chat(), made_up::chat(), made_up::user(), aws::time::now() - 3600);
    let text = |text: &str| json!({ "S": text });
    let number = |number: i64| json!({ "N": number.to_string() });
    let (occurred, expires) = (Occurred::new(at, 0), number(at + 1_000_000));
    let put = async |table: &str, mut item: Value| -> Result<()> {
        (item["version"], item["expires_at"]) = (number(1), expires.clone());
        play.stack.aws("dynamodb", "PutItem", json!({"TableName": play.stack.tables[table], "Item": item})).await.map(drop)
    };
    let id = || json!({ "S": Uuid::new_v4().to_string() });
    put("bans", json!({"event_id": id(), "user_id": number(user), "chat_id": number(source), "event_type": text("ban"), "event_timestamp": number(at),
        "occurred": text(occurred.as_str()), "tracked": {"BOOL": false}})).await?;
    for begins in [true, true, false] {
        let turn = id();
        put(
            "subscriptions",
            json!({"pk": text(&format!("TURN#{turn}")), "sk": text("TURN"), "turn_id": turn, "at": number(at), "begins": {"BOOL": begins},
            "chat_id": number(chat)}),
        )
        .await?;
    }
    let (sync_id, event_id) = (id(), id());
    let pk = text(&format!("SYNC#{}", sync_id["S"].as_str().context("an id")?));
    let sync = |status: &str, ended: Option<i64>| {
        let mut sync = json!({"pk": pk, "sk": text("SUMMARY"), "sync_id": sync_id, "ban_event_id": event_id, "plan": sync_id, "user_id": number(user),
            "source_chat_id": number(source), "event_timestamp": number(at), "occurred": text(occurred.as_str()), "total_chats": number(1), "chunks": number(1),
            "status": text(status), "started_at_ms": number(at * 1000)});
        if let Some(ended) = ended {
            sync["completed_at_ms"] = number(ended * 1000);
        }
        sync
    };
    // It failed, and came right; that it began late has it listed twice.
    for (status, ended) in [("running", None), ("failed", Some(at + 5)), ("completed", Some(at + 9))] {
        put("sync", sync(status, ended)).await?;
    }
    for (status, reason, at) in [("failed", Some("no_rights"), at + 4), ("applied", None, at + 8)] {
        for sk in ["L#", "D#"] {
            let sk = format!("{sk}{}#{}", occurred.as_str(), sync_id["S"].as_str().context("an id")?);
            let mut entry = json!({"pk": text(&format!("CHAT#{chat}")), "sk": text(&sk), "sync_id": sync_id, "ban_event_id": event_id, "kind": text("ban"),
                "origin": text("ban"), "user_id": number(user), "chat_id": number(chat), "source_chat_id": number(source), "occurred": text(occurred.as_str()),
                "status": text(status), "at": number(at), "millis": number(3), "tries": number(0)});
            if let Some(reason) = reason {
                entry["reason"] = text(reason);
            }
            if reason.is_none() || sk.starts_with('L') {
                put("sync", entry).await?;
            }
        }
    }
    let appeal = id();
    put("sync", json!({"pk": text(&format!("APPEAL#{}", appeal["S"].as_str().context("an id")?)), "sk": text("APPEAL"), "appeal_id": appeal,
        "user_id": number(user), "chat_id": number(chat), "ban_event_id": event_id, "sync_id": sync_id, "source_chat_id": number(source), "at": number(at)})).await?;

    let (here, there) =
        (format!("analytics/overview?period=week&chat_id={chat}"), format!("analytics/overview?period=week&chat_id={source}"));
    let of_chat = [
        ("/figures/synced_bans", json!({"applied": 1, "already": 0, "skipped": 0, "failed": 0})),
        ("/figures/new_subscriptions", json!(2)),
        ("/figures/deleted_subscriptions", json!(1)),
        ("/figures/appeals", json!(1)),
    ];
    let of_source = [
        ("/figures/total_bans", json!(1)),
        ("/figures/total_syncs", json!(1)),
        ("/figures/successful_syncs", json!(1)),
        ("/figures/failed_syncs", json!(0)),
        ("/figures/p95_sync_ms", json!(9000)),
    ];
    play.counted(&analyst, &here, &of_chat).await?;
    play.counted(&analyst, &there, &of_source).await?;
    let sources = format!("analytics/top/sources?period=week&chat_id={chat}");
    let good = json!([{"chat_id": source, "bans_carried": 1, "undone": 0, "lifted": 0, "appealed": 1}]);
    assert_eq!(analyst.there(&sources).await?["items"], good);
    play.forget_facts(&[chat, source]).await?;
    operator::succeeds(&["analytics", "rebuild"])?;
    play.counted(&analyst, &here, &of_chat).await?;
    play.counted(&analyst, &there, &of_source).await?;
    assert_eq!(analyst.there(&sources).await?["items"], good);
    Ok(())
}

impl Play {
    async fn counted_facts(&self, aws: &Aws, chats: &[i64]) -> Result<usize> {
        let (facts, mut found) = (self.facts(aws), 0);
        for shard in shards() {
            let today = aws::time::now() / DAY;
            facts.each(shard, today - 1, today + 1, |fact| found += usize::from(chats.contains(&fact.chat.0))).await?;
        }
        Ok(found)
    }

    /// Deletes what is stored of the last two days in the shards of these chats; others' facts come back with them.
    async fn forget_facts(&self, chats: &[i64]) -> Result<()> {
        let today = aws::time::now() / DAY;
        for shard in chats.iter().map(|chat| shard_of(ChatId(*chat))).collect::<BTreeSet<_>>() {
            for pk in [format!("RAW#{shard:02}"), format!("DAY#{shard:02}")] {
                let table = &self.stack.tables["analytics"];
                let query = json!({"TableName": table, "KeyConditionExpression": "pk = :pk AND sk > :from",
                    "ExpressionAttributeValues": {":pk": {"S": pk}, ":from": {"S": format!("{:06}#", today - 1)}},
                    "ProjectionExpression": "pk, sk"});
                let answer = self.stack.aws("dynamodb", "Query", query).await?;
                for key in answer["Items"].as_array().context("items")? {
                    self.stack.aws("dynamodb", "DeleteItem", json!({"TableName": table, "Key": key})).await?;
                }
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn whoever_may_not_read_figures_or_asks_for_none_is_told_so() -> Result<()> {
    let play = Play::begin().await?;
    let (analyst, other) = (play.analyst().await?, play.caller(&["bans:read"]).await?);
    assert_eq!(other.get("analytics/overview").await?.status, 403);
    for (query, status, code) in [
        ("overview?period=fortnight", 400, "invalid_request"),
        ("overview?tz=Europe/Atlantis", 422, "unknown_zone"),
        ("bans?period=custom&from=2026-01-01", 422, "incomplete_period"),
        ("sync?period=custom&from=2026-01-02&to=2026-01-01", 422, "empty_period"),
        ("timeline?period=year&interval=hour", 422, "too_many_points"),
        ("top/users?limit=101", 400, "invalid_request"),
        ("top/nobody", 404, "not_found"),
    ] {
        let (got, body) = analyst.get(&format!("analytics/{query}")).await?.parts();
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{query}: {body}");
    }
    Ok(())
}
