//! What is counted: each thing once, however often it is told of, and the same when it is counted anew.

mod operations;
mod rebuild;
mod year;

use crate::caller::Caller;
use crate::made_up;
use crate::operator;
use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::facts::Parcel;
use aws::queue::{Message, Queue};
use aws::store::analytics::{Facts, shards};
use domain::analytics::Fact;
use domain::analytics::fact::shard_of;
use domain::ban::Occurred;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::subscription::Mode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use telegram_sim::control::Seen;
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

#[tokio::test]
async fn a_message_that_cannot_be_read_holds_nothing_up() -> Result<()> {
    // Alone: it would be a dead letter in the end, and others count those.
    let play = Play::alone().await?;
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    let queue = Queue::new(&aws, play.stack.queues["analytics"].clone());
    let chat = ChatId(-1_009_000_000_000 - i64::from(Uuid::new_v4().as_fields().1));
    queue.send(Message::new(&json!({"counted": [{"day": 1, "facts": "?", "ids": "?"}]}), 0)?).await?;
    let fact = Fact::decision(Uuid::new_v4(), aws::time::now(), Action::Ban, chat, UserId(5));
    queue.send(Message::new(&Parcel::of(&[fact]), 0)?).await?;
    let path = format!("analytics/overview?period=week&chat_id={chat}");
    play.counted(&play.analyst().await?, &path, &[("/figures/total_bans", json!(1))]).await?;
    play.stack.purge("analytics").await
}

#[tokio::test]
async fn what_the_queue_does_not_take_is_a_dead_letter_and_counted_once_it_is_tried_again() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("calls fail only here when a test wants them to");
    }
    let Pair { alice, mallory, source, .. } = play.pair(Mode::Auto).await?;
    play.quiet(&[source, mallory]).await?;
    // Of the queue alone: its URL is in the request.
    let rule = json!({"service": "sqs", "operation": "SendMessage", "function": play.stack.functions["relay"],
        "contains": play.stack.queues["analytics"], "status": 503, "code": "ServiceUnavailable", "times": 1000});
    let refused = play.stack.fail(rule).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    play.quiet(&[source, mallory]).await?;
    ensure!(refused.rules().await?[0].fired >= 3, "it was tried again");
    refused.heal().await?;
    play.collect().await?;
    let shown = operator::succeeds(&["dlq", "show", "events"])?;
    ensure!(shown.contains("bytes of facts that are not counted"), "{shown}");
    let said = operator::succeeds(&["dlq", "redrive", "events"])?;
    ensure!(said.contains("sent to the analytics queue"), "{said}");
    let path = format!("analytics/overview?period=week&chat_id={source}");
    play.counted(&play.analyst().await?, &path, &[("/figures/total_bans", json!(1)), ("/figures/total_syncs", json!(1))]).await?;
    Ok(())
}

#[tokio::test]
async fn an_admin_has_a_picture_of_the_chats_figures_in_private_by_day_and_by_night() -> Result<()> {
    let play = Play::begin().await?;
    let Pair { boris, alice, mallory, source, target } = play.pair(Mode::Auto).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    play.quiet(&[source, target, mallory]).await?;
    let path = format!("analytics/overview?period=week&chat_id={target}");
    play.counted(&play.analyst().await?, &path, &[("/figures/synced_bans/applied", json!(1))]).await?;
    let stats = play.asks(boris, "/stats", "the last 30 days").await?;
    let mut shown = play.picture(boris, &stats, "Week", "bans synced to here: 1").await?;
    assert!(shown.text.contains("7 days") && shown.text.contains("bans decided here: 0"), "{}", shown.text);
    for (label, words) in [("Dark", "7 days"), ("Day", "today"), ("Year", "365 days")] {
        shown = play.picture(boris, &shown, label, words).await?;
        assert_eq!(shown.document.as_ref().and_then(|photo| photo.pixels).map(|(width, _)| width), Some(1000));
    }
    ensure!(shown.button("Light").is_some(), "it stays dark: {:?}", shown.buttons);
    // Half of the 128 MB of `MemorySize`, with all that the function is besides.
    let peak = peak_memory(&play.stack.functions["webhook"]);
    println!("bench: a webhook that draws has used {} MB at most", peak / 1024);
    assert!(peak < 64 * 1024, "{peak} KB");
    Ok(())
}

/// The most memory that any process of a function on this machine has used, in KB; 0: there is none, or the system does not tell.
fn peak_memory(function: &str) -> u64 {
    let of_process = |folder: std::fs::DirEntry| {
        let environment = std::fs::read(folder.path().join("environ")).ok()?;
        let name = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
        environment.split(|byte| *byte == 0).find(|variable| *variable == name.as_bytes())?;
        let status = std::fs::read_to_string(folder.path().join("status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    processes.filter_map(of_process).max().unwrap_or_default()
}

#[tokio::test]
async fn the_same_drawing_is_an_svg_of_the_api() -> Result<()> {
    let play = Play::begin().await?;
    let analyst = play.analyst().await?;
    for (query, titles) in [
        ("period=week", vec!["Bans", "Results of syncing", "Where bans came from"]),
        ("period=day&chart=sources&lang=ru&theme=dark&tz=Asia/Kolkata", vec!["Откуда пришли баны"]),
    ] {
        let (status, headers, svg) = analyst.text(&format!("analytics/chart.svg?{query}"), "image/svg+xml").await?;
        assert_eq!((status, headers.as_str()), (200, "image/svg+xml"), "{svg}");
        assert!(svg.starts_with("<svg") && titles.iter().all(|title| svg.contains(title)), "{svg}");
        for forbidden in ["style=", "<style", "<script", "href"] {
            assert!(!svg.contains(forbidden), "{forbidden}");
        }
    }
    let (status, kind, csv) = analyst.text("analytics/timeline?period=week", "text/csv").await?;
    assert_eq!((status, kind.as_str()), (200, "text/csv; charset=utf-8; header=present"));
    assert!(csv.starts_with("at,bans,kicks,unbans,") && csv.lines().count() == 8, "{csv}");
    let (_, _, csv) = analyst.text("analytics/overview", "text/csv").await?;
    assert!(csv.starts_with("figure,value,previous\n") && csv.contains("synced_bans_applied,"), "{csv}");
    Ok(())
}

impl Play {
    /// The picture that a button brings in private; its caption has these words.
    async fn picture(&self, user: i64, under: &Seen, label: &str, words: &str) -> Result<Seen> {
        let before = self.telegram.private_messages(user).await?.len();
        self.telegram.press_button(user, under, label).await?;
        let seen = async || {
            let messages = self.telegram.private_messages(user).await?;
            let photo = |seen: &Seen| seen.document.as_ref().is_some_and(|document| document.is_photo) && seen.text.contains(words);
            Ok(messages.into_iter().skip(before).find(photo))
        };
        Ok(self.telegram.wait_until("a picture", PATIENCE, seen).await?)
    }
}

#[tokio::test]
async fn after_a_year_it_is_counted_all_the_same_and_nobody_knows_of_whom() -> Result<()> {
    let play = Play::alone().await?;
    let (aws, chat) = (Aws::patient_at(&play.stack.endpoint).await, ChatId(-1_007_000_000_000 - aws::time::now() % 1_000_000));
    let (facts, today) = (play.facts(&aws), aws::time::now() / DAY);
    let fact = |days: i64, user: i64| Fact::decision(Uuid::new_v4(), (today - days) * DAY + 5, Action::Ban, chat, UserId(user));
    facts.add([fact(366, 1), fact(367, 2), fact(500, 3)]).await?;
    play.close_days().await?;
    // What was closed while it was younger.
    let young = fact(368, 4);
    facts.add([young]).await?;
    facts.close(young.shard(), today - 2, i64::MAX).await?;
    let known = async || {
        let mut known = Vec::new();
        facts
            .each(shard_of(chat), today - 600, today, |fact| {
                if fact.chat == chat {
                    known.push((today - fact.at / DAY, fact.user.0));
                }
            })
            .await?;
        known.sort_unstable();
        anyhow::Ok(known)
    };
    assert_eq!(known().await?, [(366, 1), (367, 0), (368, 4), (500, 0)]);
    play.close_days().await?;
    assert_eq!(known().await?, [(366, 1), (367, 0), (368, 0), (500, 0)]);
    // What comes later of such a day cannot be told from what is there.
    facts.add([fact(368, 4), young]).await?;
    play.close_days().await?;
    assert_eq!(known().await?, [(366, 1), (367, 0), (368, 0), (500, 0)]);
    let overview = play.analyst().await?.there(&format!("analytics/overview?period=year&chat_id={chat}")).await?;
    let previous = &overview["previous"];
    assert_eq!((&previous["total_bans"], &previous["unique_banned_users"]), (&json!(4), &Value::Null), "{overview}");
    Ok(())
}

#[tokio::test]
async fn a_trickle_is_stored_and_does_not_keep_the_function_busy() -> Result<()> {
    let play = Play::alone().await?;
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    let (queue, chat) =
        (Queue::new(&aws, play.stack.queues["analytics"].clone()), ChatId(-1_006_000_000_000 - aws::time::now() % 1_000_000));
    let is_over = std::cell::Cell::new(false);
    let trickle = async {
        let mut sent = 0;
        while !is_over.get() {
            let fact = Fact::decision(Uuid::new_v4(), aws::time::now(), Action::Ban, chat, UserId(5));
            queue.send(Message::new(&Parcel::of(&[fact]), 0)?).await?;
            sent += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(sent)
    };
    let stored = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let done = tokio::time::timeout(Duration::from_secs(45), play.collector(json!({}))).await;
        is_over.set(true);
        done.context("it goes on as long as something comes")?
    };
    let (sent, done) = tokio::try_join!(trickle, stored)?;
    ensure!(done["facts"].as_i64() > Some(0) && done["more"] == false, "{done}");
    let path = format!("analytics/overview?period=week&chat_id={chat}");
    play.counted(&play.analyst().await?, &path, &[("/figures/total_bans", json!(sent))]).await?;
    Ok(())
}
