//! A group that has had as many messages as Telegram takes for it in a minute waits for the next ones, and nobody else does.

use crate::play::{PATIENCE, Play};
use anyhow::{Result, ensure};
use aws::Aws;
use aws::queue::{Message, Queue};
use domain::ids::ChatId;
use domain::tidy::Tidy;
use serde_json::json;
use std::time::{Duration, Instant};
use telegram_sim::control::{CallFilter, Fault, FaultAction};

/// How long a group waits where a test says so, in seconds.
const WAIT: i64 = 4;

/// One message too many to a group: it takes the next one after [`WAIT`].
fn full() -> Fault {
    let parameters = Some(json!({ "retry_after": WAIT }));
    Fault::new(FaultAction::Error { code: 429, description: format!("Too Many Requests: retry after {WAIT}"), parameters })
}

#[tokio::test]
async fn what_is_to_go_from_a_group_that_waits_goes_after_the_wait_and_nobody_else_waits() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:read"]).await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let answer = play.command(chat, boris, "/verify").await?;
    let _full = play.fault(full().method("deleteMessage").chat(chat).times(1)).await?;
    let queue = Queue::new(&Aws::patient().await, play.stack.queues["notification"].clone());
    let tidy = Tidy { chat_id: ChatId(chat), message_ids: vec![answer.message_id] };
    queue.send(Message::new(&tidy, 0)?).await?;
    let deletions = async || play.telegram.calls(CallFilter::method("deleteMessage").chat(chat)).await;
    let refused = async || Ok(deletions().await?.into_iter().next());
    let refused = play.telegram.wait_until("Telegram to refuse it", PATIENCE, refused).await?;
    assert_eq!(caller.get(&format!("/api/chat_admins?chat_id={chat}")).await?.status, 200, "calls that are no messages go on");
    let gone = async || {
        let seen = play.telegram.sees(boris).await?;
        Ok(seen.into_iter().any(|seen| (seen.chat_id, seen.message_id, seen.deleted) == (chat, answer.message_id, true)).then_some(()))
    };
    play.telegram.wait_until("the message to go", PATIENCE, gone).await?;
    let again = deletions().await?;
    assert_eq!(again.len(), 2, "{again:?}");
    ensure!(again[1].at_ms >= refused.at_ms + WAIT * 1000, "it was tried before the wait had ended");
    Ok(())
}

#[tokio::test]
async fn a_press_in_a_group_that_waits_does_what_it_says_after_the_wait_and_nobody_else_waits() -> Result<()> {
    let play = Play::begin().await?;
    let caller = play.caller(&["telegram:read"]).await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[]).await?;
    let preview = play.command(chat, boris, &format!("/subscribe {mallory}")).await?;
    let _full = play.fault(full().method("editMessageText").chat(chat).times(1)).await?;
    let began = Instant::now();
    let (changed, others) = tokio::join!(play.press(boris, &preview, "⚡️"), async {
        let edits = async || Ok(play.telegram.calls(CallFilter::method("editMessageText").chat(chat)).await?.into_iter().next());
        play.telegram.wait_until("Telegram to refuse it", PATIENCE, edits).await?;
        caller.get(&format!("/api/chat_admins?chat_id={chat}")).await
    });
    assert_eq!(others?.status, 200, "calls that are no messages go on");
    let changed = changed?;
    // Its work was done at the first try.
    ensure!(changed.text.contains("follow Mallory"), "{}", changed.text);
    ensure!(began.elapsed() >= Duration::from_secs(WAIT as u64), "it was tried before the wait had ended");
    Ok(())
}
