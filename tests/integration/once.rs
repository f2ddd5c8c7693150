//! An update is answered once, however often and however fast Telegram brings it.

use crate::aws_calls::http;
use crate::guard::Guard;
use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use aws::time::{now, now_ms};
use serde_json::{Value, json};
use std::time::Duration;
use telegram_sim::control::{CallFilter, Fault, FaultAction};

/// Longer than the lease of an update, in milliseconds.
const AFTER_LEASE_MS: i64 = 90_000;

/// A group with one admin, who gives a command there.
struct Group {
    play: Play,
    boris: i64,
    chat: i64,
}

/// The status of an answer, and what it says in `Retry-After`.
type Answer = (u16, Option<String>);

impl Group {
    async fn begin(play: Play) -> Result<Self> {
        let boris = play.admin("Boris", "en").await?;
        let chat = play.chat("B", boris, &[]).await?;
        Ok(Self { play, boris, chat })
    }

    /// The update of a command, with an id that no other update has.
    fn command(&self, text: &str) -> Value {
        let message = json!({"message_id": 900, "date": now(), "text": text, "from": {"id": self.boris, "is_bot": false, "first_name": "Boris",
            "language_code": "en"}, "chat": {"id": self.chat, "type": "supergroup", "title": "B"}});
        json!({"update_id": self.boris, "message": message})
    }

    async fn post(&self, update: &Value) -> Result<Answer> {
        let stack = self.play.stack;
        let request = http().post(&stack.webhook_url).header("x-telegram-bot-api-secret-token", &stack.webhook_secret);
        let answer = request.header("content-type", "application/json").body(update.to_string()).send().await?;
        let wait = answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok().map(str::to_owned));
        Ok((answer.status().as_u16(), wait))
    }

    /// Brings an update again and again, as Telegram does, until it is accepted.
    async fn post_until_accepted(&self, update: &Value) -> Result<()> {
        let accepted = async || Ok((self.post(update).await.is_ok_and(|(status, _)| status == 200)).then_some(()));
        self.play.telegram.wait_until("the update to be accepted", PATIENCE, accepted).await?;
        Ok(())
    }

    /// The bot's words in the group.
    async fn answers(&self) -> Result<usize> {
        let seen = self.play.telegram.sees(self.boris).await?;
        Ok(seen.iter().filter(|seen| seen.chat_id == self.chat && seen.from == self.play.stack.bot_id).count())
    }

    /// Calls of a method in the group last `ms` longer, the next `times` of them.
    async fn slow(&self, method: &str, ms: u64, times: u32) -> Result<Guard> {
        self.play.fault(Fault::new(FaultAction::Slow { ms }).method(method).chat(self.chat).times(times)).await
    }

    async fn wait_until_called(&self, method: &str) -> Result<()> {
        let called = async || {
            let calls = self.play.telegram.calls(CallFilter::method(method).chat(self.chat)).await?;
            Ok((!calls.is_empty()).then_some(()))
        };
        Ok(self.play.telegram.wait_until("the bot's call", PATIENCE, called).await?)
    }
}

#[tokio::test]
async fn an_update_that_comes_twice_at_once_is_answered_once() -> Result<()> {
    let group = Group::begin(Play::begin().await?).await?;
    let _slow = group.slow("getChatMember", 500, 2).await?;
    let update = group.command("/verify");
    let (first, second) = tokio::join!(group.post(&update), group.post(&update));
    let mut answers = [first?, second?];
    answers.sort();
    let [(200, None), (503, Some(wait))] = &answers else { panic!("{answers:?}") };
    ensure!((1..=5).contains(&wait.parse::<i64>()?), "one is told to come again soon: {wait}");
    assert_eq!(group.post(&update).await?, (200, None));
    assert_eq!(group.answers().await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_update_that_comes_again_while_its_first_is_slow_is_answered_once() -> Result<()> {
    // Its work is not done yet, or nothing but Telegram's word is missing that the answer was sent.
    for (slow, status) in [("getChatMember", 503), ("sendMessage", 200)] {
        let group = Group::begin(Play::begin().await?).await?;
        let _slow = group.slow(slow, 2500, 1).await?;
        let update = group.command("/verify");
        let again = async {
            group.wait_until_called(slow).await?;
            group.post(&update).await
        };
        let (first, again) = tokio::join!(group.post(&update), again);
        assert_eq!((first?.0, again?.0), (200, status), "{slow}");
        assert_eq!(group.post(&update).await?.0, 200);
        assert_eq!(group.answers().await?, 1, "{slow}");
    }
    Ok(())
}

#[tokio::test]
async fn an_update_whose_first_try_failed_is_answered_at_the_next_without_a_wait() -> Result<()> {
    for failing in ["getChatMember", "sendMessage"] {
        let group = Group::begin(Play::begin().await?).await?;
        let _fault = group.play.fault(Fault::internal_server_error().method(failing).chat(group.chat).times(1)).await?;
        let update = group.command("/verify");
        assert_eq!(group.post(&update).await?.0, 503, "{failing}");
        // The first try may have taken the group's message of this second.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(group.post(&update).await?.0, 200, "{failing}");
        assert_eq!(group.answers().await?, 1, "{failing}");
    }
    Ok(())
}

#[tokio::test]
async fn an_update_that_somebody_dead_has_taken_is_answered_when_the_lease_has_run_out() -> Result<()> {
    let group = Group::begin(Play::begin().await?).await?;
    let update = group.command("/verify");
    let item = json!({"pk": {"S": format!("UPDATE#{}", group.boris)}, "taken_until_ms": {"N": (now_ms() + 3000).to_string()},
        "expires_at": {"N": (now() + 3600).to_string()}, "version": {"N": "1"}});
    group.play.stack.aws("dynamodb", "PutItem", json!({"TableName": group.play.stack.tables["gateway"], "Item": item})).await?;
    assert_eq!(group.post(&update).await?.0, 503);
    assert_eq!(group.answers().await?, 0);
    group.post_until_accepted(&update).await?;
    assert_eq!(group.answers().await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_update_whose_function_was_killed_is_answered_once() -> Result<()> {
    // Before the answer was begun, and when it had been sent.
    for slow in ["getChatMember", "sendMessage"] {
        let group = Group::begin(Play::alone().await?).await?;
        if !group.play.stack.is_instrumented().await {
            return skipped("the functions' processes are not on this machine");
        }
        let fault = group.slow(slow, 4000, 1).await?;
        let (update, began) = (group.command("/verify"), now_ms());
        let kill = async {
            group.wait_until_called(slow).await?;
            group.play.stack.kill("webhook").await
        };
        let (first, killed) = tokio::join!(group.post(&update), kill);
        ensure!(killed? >= 1, "it was at work");
        let status = first.context("the front door answers")?.0;
        ensure!(status >= 500, "{status}");
        drop(fault);
        group.post_until_accepted(&update).await?;
        ensure!(now_ms() - began < AFTER_LEASE_MS, "it was held longer than its lease");
        assert_eq!(group.answers().await?, 1, "{slow}");
    }
    Ok(())
}

#[tokio::test]
async fn while_telegram_takes_nearly_as_long_as_the_function_has_a_command_is_answered_once() -> Result<()> {
    let group = Group::begin(Play::begin().await?).await?;
    let mallory = group.play.person("Mallory").await?;
    let (_looks, _sends) = (group.slow("getChatMember", 4800, 3).await?, group.slow("sendMessage", 4800, 3).await?);
    group.play.telegram.say(group.chat, group.boris, &format!("/subscribe {mallory}")).await?;
    group.play.accepted_in(&[group.chat]).await?;
    assert_eq!(group.answers().await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_telegram_takes_and_does_not_confirm_in_time_is_not_sent_again() -> Result<()> {
    let group = Group::begin(Play::begin().await?).await?;
    let silence = Fault::new(FaultAction::Hang { ms: 6000 }).after_effect().method("sendMessage").chat(group.chat).times(2);
    let _fault = group.play.fault(silence).await?;
    group.post_until_accepted(&group.command("/verify")).await?;
    assert_eq!(group.answers().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_press_that_comes_twice_at_once_brings_one_file() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    play.telegram.say_private(boris, "/mydata").await?;
    let shown = play.telegram.wait_until_sees(boris, "What I hold about you", PATIENCE).await?;
    let data = shown.data_of("Download").context("there is a button for the file")?;
    let group = Group { play, boris, chat: boris };
    let from = json!({"id": boris, "is_bot": false, "first_name": "Boris", "language_code": "en"});
    let under = json!({"message_id": shown.message_id, "date": now(), "chat": {"id": boris, "type": "private"}, "text": shown.text,
        "reply_markup": shown.reply_markup});
    let press =
        json!({"update_id": boris, "callback_query": {"id": "1", "chat_instance": "1", "from": from, "message": under, "data": data}});
    let _slow = group.slow("sendDocument", 500, 2).await?;
    let (first, second) = tokio::join!(group.post(&press), group.post(&press));
    assert!([first?, second?].iter().any(|answer| answer.0 == 200), "one of them is carried out");
    group.post_until_accepted(&press).await?;
    assert_eq!(group.play.telegram.calls(CallFilter::method("sendDocument").chat(boris)).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_press_whose_answer_could_not_be_shown_does_what_it_says_when_it_comes_again() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    play.telegram.say_private(boris, "/mydata").await?;
    let shown = play.telegram.wait_until_sees(boris, "What I hold about you", PATIENCE).await?;
    let _fault = play.fault(Fault::internal_server_error().method("editMessageText").chat(boris).times(1)).await?;
    let before = play.telegram.private_messages(boris).await?.len();
    let changed = play.press(boris, &shown, "Erase").await?;
    ensure!(changed.text != shown.text, "the message says what was pressed for: {}", changed.text);
    assert_eq!(play.telegram.private_messages(boris).await?.len(), before, "and no other message does");
    Ok(())
}
