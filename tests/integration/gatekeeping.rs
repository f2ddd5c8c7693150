//! The bot guards a chat: Telegram asks it before anybody is let in, and waits 10 seconds for the answer.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason};
use serde_json::Value;
use telegram_sim::control::{CallFilter, Fault};

impl Play {
    /// Somebody asks to be let in; what the guard answers.
    async fn ask_the_guard(&self, chat: i64, user: i64) -> Result<Value> {
        self.telegram.request_to_join(chat, user).await?;
        let requests = self.telegram.deliveries_in(&[chat], 0).await?;
        let request = requests.into_iter().rev().find(|delivery| delivery.kind == "chat_join_request");
        let query = request.map(|request| request.body["chat_join_request"]["query_id"].clone()).unwrap_or_default();
        let answered = async || {
            let calls = self.telegram.calls(CallFilter::method("answerChatJoinRequestQuery").ok(true)).await?;
            Ok(calls.into_iter().find(|call| call.params["chat_join_request_query_id"] == query))
        };
        let call = self.telegram.wait_until("the guard's answer", PATIENCE, answered).await?;
        Ok(call.params["result"].clone())
    }
}

#[tokio::test]
async fn a_guard_turns_away_whoever_is_to_be_banned_and_leaves_the_others_to_the_admins() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let kim = play.person("Kim").await?;
    play.telegram.set_guard(pair.target, true).await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    let _unknown = play.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));

    assert_eq!(play.ask_the_guard(pair.target, kim).await?, "queue");
    assert_eq!(play.ask_the_guard(pair.target, pair.mallory).await?, "decline");
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    // The query is the answer: the request is neither approved nor declined besides.
    for method in ["approveChatJoinRequest", "declineChatJoinRequest"] {
        assert!(play.telegram.calls(CallFilter::method(method).chat(pair.target)).await?.is_empty(), "{method}");
    }
    Ok(())
}

#[tokio::test]
async fn a_query_in_a_flood_wait_is_answered_after_it_and_whoever_is_banned_is_declined_where_the_answer_is_refused() -> Result<()> {
    // A flood wait is everybody's.
    let play = Play::alone().await?;
    let pair = play.pair(Mode::Auto).await?;
    let kim = play.person("Kim").await?;
    play.telegram.set_guard(pair.target, true).await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    let unknown = play.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
    play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    unknown.end().await?;

    let flood = play.fault(Fault::too_many_requests(2).method("answerChatJoinRequestQuery").times(1)).await?;
    assert_eq!(play.ask_the_guard(pair.target, kim).await?, "queue");
    flood.end().await?;

    let late = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    let _late = play.fault(Fault::error(400, late).method("answerChatJoinRequestQuery").times(1)).await?;
    play.telegram.request_to_join(pair.target, pair.mallory).await?;
    let declined = async || {
        let declined = CallFilter::method("declineChatJoinRequest").chat(pair.target).user(pair.mallory).ok(true);
        Ok(play.telegram.calls(declined).await?.pop())
    };
    play.telegram.wait_until("the ordinary request to be declined", PATIENCE, declined).await?;
    Ok(())
}

#[tokio::test]
async fn an_answer_that_telegram_refuses_holds_no_update_up() -> Result<()> {
    let play = Play::begin().await?;
    let alice = play.admin("Alice", "en").await?;
    let kim = play.person("Kim").await?;
    let chat = play.chat("Guarded", alice, &[]).await?;
    play.telegram.set_guard(chat, true).await?;
    let late = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    let update = serde_json::json!({"update_id": crate::made_up::unique(), "chat_join_request": {
        "chat": {"id": chat, "type": "supergroup", "title": "Guarded"}, "from": {"id": kim, "is_bot": false, "first_name": "Kim"},
        "user_chat_id": kim, "date": aws::time::now() - 60, "query_id": "1"}});
    let delivered = play.telegram.deliver_raw(&update.to_string()).await?;
    assert_eq!(delivered.status, Some(200));
    let calls = play.telegram.calls(CallFilter::method("answerChatJoinRequestQuery").ok(false)).await?;
    let refused = calls.iter().find(|call| call.params["chat_join_request_query_id"] == "1");
    assert_eq!(refused.and_then(|call| call.description.as_deref()), Some(late));
    Ok(())
}
