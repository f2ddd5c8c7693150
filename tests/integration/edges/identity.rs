//! Which event is which.

use crate::play::{PATIENCE, Play};
use anyhow::{Result, ensure};
use domain::ids::UserId;
use domain::search::{Order, Search};
use domain::settings::{ChatChange, SyncBanType};
use domain::subscription::Mode;
use serde_json::{Value, json};

impl Play {
    async fn post_change(&self, update_id: i64, at: i64, chat: i64, (by, user): (i64, i64), change: (Value, Value)) -> Result<()> {
        let member = |state: &Value| {
            let mut member = state.clone();
            member["user"] = json!({"id": user, "is_bot": false, "first_name": "Mallory"});
            member
        };
        let body = json!({"update_id": update_id, "chat_member": {
            "chat": {"id": chat, "type": "supergroup", "title": "Source"}, "date": at,
            "from": {"id": by, "is_bot": true, "first_name": "Guard"},
            "old_chat_member": member(&change.0), "new_chat_member": member(&change.1)}});
        let (status, answer) = self.post(body.to_string(), Some(&self.stack.webhook_secret)).await?;
        ensure!(status == 200, "{status} {answer}");
        Ok(())
    }
}

#[tokio::test]
async fn two_guards_that_ban_in_one_second_are_two_events_and_the_newest_counts() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let (now, update) = (aws::time::now(), 4_000_000_000 + pair.mallory);
    let (here, banned) = (json!({"status": "member"}), |until: i64| json!({"status": "kicked", "until_date": until}));
    let guards = (7_100_000_090, 7_100_000_091);
    for _ in 0..2 {
        // Each is delivered twice.
        play.post_change(update, now, pair.source, (guards.0, pair.mallory), (here.clone(), banned(now + 60))).await?;
        play.post_change(update + 1, now, pair.source, (guards.1, pair.mallory), (banned(now + 60), banned(0))).await?;
    }
    play.wait_until_ends(pair.target, pair.mallory, 0).await?;
    let search = Search { user_id: Some(UserId(pair.mallory)), ..Search::default() };
    let wanted = aws::store::page::Wanted { limit: 50, cursor: None };
    let found = play.bans.search(&search, Order::User(UserId(pair.mallory)), &wanted).await;
    let events = found.map_err(|_| anyhow::anyhow!("the events cannot be read"))?.items;
    assert_eq!(events.iter().map(|event| event.until).collect::<Vec<_>>(), [None, Some(now + 60)]);
    Ok(())
}

#[tokio::test]
async fn a_ban_of_a_minute_is_a_kick_and_carried_nowhere_unless_the_chat_wants_it() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, wants) = (play.pair(Mode::Auto).await?, play.pair(Mode::Auto).await?);
    play.choose(pair.target, ChatChange { sync_ban_type: Some(SyncBanType::Permanent), ..ChatChange::default() }).await?;
    let all = ChatChange { kick_seconds: Some(0), sync_ban_type: Some(SyncBanType::Permanent), ..ChatChange::default() };
    play.choose(wants.target, all).await?;
    for pair in [&pair, &wants] {
        play.telegram.ban(pair.source, pair.alice, pair.mallory, Some(aws::time::now() + 58)).await?;
    }
    play.telegram.wait_until_banned(wants.target, wants.mallory, PATIENCE).await?;
    play.quiet(&pair.ids()).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    assert_eq!(play.notices(pair.boris).await?, [""; 0], "nobody is told of every kick");
    Ok(())
}
