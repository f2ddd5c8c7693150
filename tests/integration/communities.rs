//! Communities: chats that belong together, in which an admin of the community bans at once.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result};
use aws::store::users::Users;
use domain::chat::Community;
use domain::ids::ChatId;
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason};
use telegram_sim::control::Fault;

/// 52 bits, as long as they come.
const COMMUNITY: i64 = (1 << 52) - 1;

async fn community(users: &Users, chat: i64) -> Result<Option<Community>> {
    Ok(users.chat(ChatId(chat)).await?.context("the chat is known")?.community)
}

#[tokio::test]
async fn a_chats_community_is_kept_while_it_is_in_one_and_its_admins_are_told_once() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris) = (play.admin("Alice", "en").await?, play.person("Boris").await?);
    let chat = play.chat("Tomatoes", alice, &[boris]).await?;
    play.telegram.add_to_community(chat, COMMUNITY, "Allotments").await?;
    let told = play.telegram.wait_until_sees(alice, "is now in the community Allotments", PATIENCE).await?;
    assert!(told.text.starts_with("ℹ️ Tomatoes is now in the community"), "{}", told.text);
    assert_eq!(community(&play.users, chat).await?, Some(Community { id: COMMUNITY, name: "Allotments".to_owned() }));

    // Brought again, it is the same.
    let added = play.telegram.deliveries_in(&[chat], 0).await?;
    let added = added.iter().find(|delivery| delivery.body["message"]["community_chat_added"].is_object()).context("it was told")?;
    play.telegram.redeliver(added.update_id).await?;
    play.telegram.remove_from_community(chat).await?;
    play.accepted_in(&[chat]).await?;
    assert_eq!(community(&play.users, chat).await?, None);
    // What comes late changes nothing any more.
    play.telegram.redeliver(added.update_id).await?;
    assert_eq!(community(&play.users, chat).await?, None);
    play.quiet(&[chat, alice]).await?;
    assert_eq!(play.notices(alice).await?.len(), 1);
    assert!(play.notices(boris).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_community_that_a_chat_has_left_before_it_is_told_of_is_told_to_nobody() -> Result<()> {
    let play = Play::begin().await?;
    let alice = play.admin("Alice", "en").await?;
    let chat = play.chat("Tomatoes", alice, &[]).await?;
    let (first, second, now) = (crate::made_up::unique(), crate::made_up::unique(), aws::time::now());
    let deliver = async |update_id: i64, at: i64, change: serde_json::Value| {
        let mut message = serde_json::json!({"message_id": 900, "date": at, "chat": {"id": chat, "type": "supergroup", "title": "Tomatoes"},
            "from": {"id": alice, "is_bot": false, "first_name": "Alice"}});
        message.as_object_mut().context("it is an object")?.extend(change.as_object().cloned().unwrap_or_default());
        let update = serde_json::json!({"update_id": update_id, "message": message});
        anyhow::ensure!(play.telegram.deliver_raw(&update.to_string()).await?.status == Some(200));
        Ok(())
    };
    deliver(second, now, serde_json::json!({"community_chat_removed": {}})).await?;
    // Telegram brings again what could not be handled when it came.
    deliver(first, now - 5, serde_json::json!({"community_chat_added": {"community": {"id": 1, "name": "Allotments"}}})).await?;
    play.quiet(&[chat, alice]).await?;
    assert_eq!(community(&play.users, chat).await?, None);
    assert_eq!(play.notices(alice).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn whoever_is_waited_for_and_joins_out_of_a_community_has_come() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.telegram.add_to_community(pair.target, 1, "Allotments").await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    let _unknown = play.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));
    play.telegram.join_from_community(pair.target, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}
