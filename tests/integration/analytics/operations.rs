//! What operators look at: slow syncs, queues, cost.

use crate::made_up;
use crate::play::Play;
use anyhow::Result;
use aws::Aws;
use domain::analytics::Fact;
use domain::ids::{ChatId, UserId};
use domain::sync::SyncStatus;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

#[tokio::test]
async fn operators_see_the_slowest_syncs_the_queues_and_the_months_cost() -> Result<()> {
    let play = Play::begin().await?;
    let aws = Aws::patient_at(&play.stack.endpoint).await;
    let (chat, user) = (made_up::chat(), made_up::user());
    let yesterday = (aws::time::now() - 86_400) * 1000;
    let sync = |status, millis| Fact::sync(Uuid::new_v4(), status, yesterday, yesterday + millis, ChatId(chat), UserId(user));
    let failed = sync(SyncStatus::Failed, 99_000);
    let facts = [failed, failed.take_back(), sync(SyncStatus::Completed, 6_200), sync(SyncStatus::Partial, 31_000)];
    play.facts(&aws).add(facts).await?;

    let analyst = play.analyst().await?;
    let slowest = analyst.there(&format!("/api/v1/analytics/top/syncs?period=week&chat_id={chat}")).await?;
    let told: Vec<_> = slowest["items"].as_array().into_iter().flatten().map(|sync| (&sync["millis"], &sync["status"])).collect();
    assert_eq!(told, [(&json!(31_000), &json!("partial")), (&json!(6_200), &json!("completed"))], "what turned out otherwise is left out");
    assert_eq!((&slowest["items"][0]["chat_id"], &slowest["items"][0]["user_id"]), (&json!(chat), &json!(user)));

    let queues = analyst.there("/api/v1/analytics/queues").await?;
    let queues = queues["queues"].as_array().cloned().unwrap_or_default();
    let names: BTreeSet<_> = queues.iter().filter_map(|queue| queue["name"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["sync", "notification", "analytics", "sync_dlq", "notification_dlq", "events_dlq"]));
    assert!(queues.iter().all(|queue| queue["is_dlq"] == queue["name"].as_str().unwrap_or_default().ends_with("_dlq")));

    let cost = analyst.there("/api/v1/analytics/cost").await?;
    let lines: f64 = cost["lines"].as_array().into_iter().flatten().filter_map(|line| line["usd"].as_f64()).sum();
    assert!((cost["total_usd"].as_f64().unwrap_or_default() - lines).abs() < 1e-9 && lines > 0.0, "{cost}");
    Ok(())
}
