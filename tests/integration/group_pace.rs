//! A chat that has had as many messages as Telegram takes for it waits for the next ones, and nobody else does.

use crate::play::{PATIENCE, Play};
use anyhow::{Result, ensure};
use aws::Aws;
use aws::queue::{Message, Queue};
use domain::ids::ChatId;
use domain::subscription::Mode;
use domain::tidy::Tidy;
use futures_util::future::try_join_all;
use serde_json::json;
use std::time::{Duration, Instant};
use telegram_sim::control::{Call, CallFilter, Fault, FaultAction};

/// How long a chat waits where a test says so, in seconds.
const WAIT: i64 = 4;

/// How long a person waits where others are to get messages meanwhile, in seconds. Refusals of several people within ten are of the whole bot.
const LONG_WAIT: i64 = 12;

/// One message too many to a chat: it takes the next one after [`WAIT`].
fn full() -> Fault {
    full_for(WAIT)
}

fn full_for(seconds: i64) -> Fault {
    let parameters = Some(json!({ "retry_after": seconds }));
    Fault::new(FaultAction::Error { code: 429, description: format!("Too Many Requests: retry after {seconds}"), parameters })
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

/// Messages and edits to a chat in this time that Telegram was asked for, Unix milliseconds.
async fn written(play: &Play, chat: i64, after: i64, before: i64) -> Result<Vec<Call>> {
    let calls = ["sendMessage", "editMessageText"].map(|method| play.telegram.calls(CallFilter::method(method).chat(chat)));
    let calls = try_join_all(calls).await?.concat();
    Ok(calls.into_iter().filter(|call| call.at_ms > after && call.at_ms < before).collect())
}

#[tokio::test]
async fn a_person_who_has_the_bot_write_too_much_waits_alone_and_where_several_do_messages_wait_and_bans_go_on() -> Result<()> {
    // Alone: of several people's refusals within ten seconds this says what they mean.
    let play = Play::alone().await?;
    let caller = play.caller(&["telegram:read", "telegram:write"]).await?;
    let pair = play.pair(Mode::Auto).await?;
    let (carol, dave, nick) = (play.admin("Carol", "en").await?, play.admin("Dave", "en").await?, play.person("Nick").await?);
    play.telegram.join(pair.target, carol).await?;
    play.follow(pair.target, pair.boris, nick, Mode::Auto).await?;
    let send = async |chat: i64| caller.post("/api/send_message", json!({ "chat_id": chat, "text": "hello" })).await;
    let refused_to = async |chat: i64| {
        let sent = async || play.telegram.calls(CallFilter::method("sendMessage").chat(chat).ok(false)).await;
        play.telegram.wait_until("Telegram to refuse a message", PATIENCE, async || Ok(sent().await?.into_iter().next())).await
    };
    let menu = play.privately(pair.boris, "/settings").await?;
    let _full = play.fault(full_for(LONG_WAIT).method("sendMessage").chat(pair.boris).times(1)).await?;
    play.telegram.say_private(pair.boris, "/help").await?;
    let refused = refused_to(pair.boris).await?.at_ms;
    let ends = refused + LONG_WAIT * 1000;

    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    assert_eq!(caller.get(&format!("/api/chat_admins?chat_id={}", pair.target)).await?.status, 200, "calls that are no messages go on");
    assert_eq!(send(pair.alice).await?.status, 200, "so do messages to others");
    assert_eq!(send(pair.boris).await?.status, 429);
    ensure!(play.privately(pair.alice, "/help").await?.text.contains("/subscribe"), "and answers");
    let (pressed, synced) = tokio::join!(play.telegram.press_button(pair.boris, &menu, "⬜️"), play.sync_of(&event));
    assert_eq!(synced?.0.totals.applied, 1);
    let banned = play.telegram.calls(CallFilter::method("banChatMember").chat(pair.target).user(pair.mallory)).await?;
    ensure!(banned[0].at_ms < ends, "the ban waited for a message");
    ensure!(pressed?.answered, "the menu changes after the wait");
    let news = async || Ok(play.telegram.private_messages(pair.boris).await?.into_iter().find(|seen| seen.text.contains("Source")));
    play.telegram.wait_until("what was done in the chat to be told", PATIENCE, news).await?;
    let early = written(&play, pair.boris, refused, ends).await?;
    ensure!(early.is_empty(), "{early:#?}");

    // By now that is longer ago than ten seconds.
    for (chat, seconds) in [(carol, 10 * LONG_WAIT), (dave, LONG_WAIT)] {
        let _full = play.fault(full_for(seconds).method("sendMessage").chat(chat).times(1)).await?;
        assert_eq!(send(chat).await?.status, 429);
        refused_to(chat).await?;
    }
    let refused = refused_to(dave).await?.at_ms;
    assert_eq!(send(pair.boris).await?.status, 429, "nobody gets a message");
    let ban = json!({ "chat_id": pair.target, "user_id": dave });
    assert_eq!(caller.post("/api/ban_user", ban).await?.status, 200);
    let event = play.ban(pair.source, pair.alice, nick).await?;
    assert_eq!(play.sync_of(&event).await?.0.totals.applied, 1, "who is banned here is banned there");
    let answer = play.privately(pair.alice, "/help").await?;
    ensure!(answer.text.contains("/subscribe"), "{}", answer.text);
    for chat in [pair.boris, dave] {
        let sent = async || Ok(send(chat).await.ok().filter(|answer| answer.status == 200));
        play.telegram.wait_until("messages to go again", PATIENCE, sent).await?;
    }
    for chat in [pair.alice, pair.boris, carol, dave] {
        let early = written(&play, chat, refused, refused + LONG_WAIT * 1000).await?;
        ensure!(early.is_empty(), "{early:#?}");
    }
    let banned = play.telegram.calls(CallFilter::method("banChatMember").chat(pair.target).user(nick)).await?;
    ensure!(banned[0].at_ms < refused + LONG_WAIT * 1000, "the ban waited for messages");

    // A group's updates do not wait for the private chat of somebody who asks there.
    let answer = play.command(pair.target, carol, "/mydata").await?;
    ensure!(answer.text.contains("Too many requests"), "{}", answer.text);
    Ok(())
}
