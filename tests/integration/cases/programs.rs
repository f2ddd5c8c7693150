//! Programs at the REST API.

use super::NO_CASES;
use super::story::Story;
use crate::stack::skipped;
use anyhow::Result;
use serde_json::Value;
use telegram_sim::control::CallFilter;

#[tokio::test]
async fn a_bad_row_of_a_bulk_is_told_by_its_place_and_field_and_the_others_are_stored() -> Result<()> {
    let Some(mut story) = Story::begin("42").await? else { return skipped(NO_CASES) };
    let answers = story.go().await?;
    let (status, body) = (answers[0].status, &answers[0].body);
    assert_eq!(status, 200, "{body}");
    let results = body["results"].as_array().cloned().unwrap_or_default();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(statuses, ["created", "invalid", "invalid", "created", "invalid", "invalid"], "{body}");
    let fields: Vec<_> = results.iter().map(|result| result["error"]["field"].as_str().unwrap_or_default()).collect();
    assert_eq!(fields, ["", "user_id", "user_id", "", "event_type", "reason"], "{body}");
    let places: Vec<_> = results.iter().map(|result| result["index"].as_u64()).collect();
    assert_eq!(places, (0..6).map(Some).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn the_bot_itself_is_nobody_to_ban_or_to_follow_and_its_removal_is_no_ban() -> Result<()> {
    let Some(mut story) = Story::begin("44").await? else { return skipped(NO_CASES) };
    let bot = story.stack.bot_id;
    let answers = story.go().await?;
    for answer in &answers {
        assert!((400..500).contains(&answer.status) && answer.body["message"].is_string(), "{answer:?}");
    }
    assert_eq!(answers.len(), 2);
    story.settle().await?;
    let events = story.registrar().await?.list(&format!("events/user/{bot}"), 100).await?;
    assert!(events.iter().all(|event| event["chat_id"] != story.world.source), "{events:?}");
    for method in ["banChatMember", "unbanChatMember", "restrictChatMember"] {
        let calls = story.telegram.calls(CallFilter::method(method).user(bot)).await?;
        assert!(calls.is_empty(), "{calls:?}");
    }
    Ok(())
}

#[tokio::test]
async fn milliseconds_in_the_place_of_seconds_are_refused_by_the_name_of_their_field() -> Result<()> {
    let Some(mut story) = Story::begin("47").await? else { return skipped(NO_CASES) };
    let answers = story.go().await?;
    let told: Vec<_> = answers.iter().map(|answer| (answer.status, answer.body["message"].as_str().unwrap_or_default())).collect();
    for ((status, message), field) in told.iter().zip(["until_date", "event_timestamp", "ban_duration"]) {
        assert!(*status == 400 && message.contains(field), "{field}: {status} {message}");
    }
    assert_eq!(told.len(), 3);
    assert!(!story.telegram.is_banned(story.world.target, story.world.kim).await?);
    Ok(())
}

#[tokio::test]
async fn old_names_of_time_zones_are_taken_and_told_as_they_are_spelled_today() -> Result<()> {
    let Some(mut story) = Story::begin("50").await? else { return skipped(NO_CASES) };
    // A profile is there once somebody was seen.
    let boris = story.world.boris;
    story.telegram.start_bot(boris).await?;
    story.settle().await?;
    let answers = story.go().await?;
    let zones: Vec<_> = answers.iter().map(|answer| (answer.status, answer.body["timezone"].as_str())).collect();
    let [kyiv, moscow, almaty] = ["Europe/Kyiv", "Europe/Moscow", "Asia/Almaty"].map(|zone| (200, Some(zone)));
    assert_eq!(zones[..4], [kyiv, kyiv, moscow, almaty]);
    let Value::Object(refused) = &answers[4].body else { anyhow::bail!("{:?}", answers[4]) };
    assert!(answers[4].status == 422 && refused["details"].to_string().contains("timezone"), "{refused:?}");
    Ok(())
}
