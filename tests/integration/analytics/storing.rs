//! How facts are stored, and for how long: nothing that comes is lost or holds up what comes after it.

use super::DAY;
use crate::operator;
use crate::play::Play;
use crate::questions::Pair;
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::facts::Parcel;
use aws::queue::{Message, Queue};
use domain::analytics::Fact;
use domain::analytics::fact::shard_of;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::subscription::Mode;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

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
