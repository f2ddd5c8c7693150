//! Whoever asks for too much gets little, and nobody else waits for it. The simulator keeps Telegram's limits.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use domain::ids::ChatId;
use domain::question::UndoButton;
use domain::subscription::Mode;
use futures_util::future::try_join_all;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use telegram_sim::AdminRights;
use telegram_sim::control::{Call, CallFilter, SayOptions};
use uuid::Uuid;

/// Answers an hour that strangers read in a group, of all of them together.
const STRANGERS: usize = 10;

/// Requests of a person in a minute that are carried out, and the one that is told so.
const ANSWERED: usize = 31;

/// Less than a group with too many messages waits, on a machine that has other things to do.
const SOON: Duration = Duration::from_secs(50);

impl Play {
    /// What the bot said in a chat in answer to these messages.
    async fn answers_in(&self, reader: i64, chat: i64, to: &[i64]) -> Result<usize> {
        let seen = self.telegram.sees(reader).await?;
        let answers = |said: Option<i64>| said.is_some_and(|said| to.contains(&said));
        Ok(seen.iter().filter(|seen| seen.chat_id == chat && seen.from == self.stack.bot_id && answers(seen.reply_to)).count())
    }

    async fn calls_in(&self, method: &str, chat: i64) -> Result<Vec<Call>> {
        Ok(self.telegram.calls(CallFilter::method(method).chat(chat)).await?)
    }

    /// Answers to these presses.
    async fn answered_presses(&self, queries: &BTreeSet<String>) -> Result<usize> {
        let calls = self.telegram.calls(CallFilter::method("answerCallbackQuery")).await?;
        Ok(calls.iter().filter(|call| call.params["callback_query_id"].as_str().is_some_and(|id| queries.contains(id))).count())
    }

    /// How many minutes have begun since then, that one included: a person has a window in each.
    fn minutes_since(began: i64) -> usize {
        (aws::time::now() / 60 - began / 60 + 1) as usize
    }
}

#[tokio::test]
async fn a_stranger_who_types_two_hundred_commands_reads_one_refusal_while_an_admin_bans_and_is_answered() -> Result<()> {
    let play = Play::begin().await?;
    let scene = play.scene(1).await?;
    let (mia, nick) = (play.admin("Mia", "en").await?, play.person("Nick").await?);
    let owner = play.admin("Owen", "en").await?;
    let chat = play.chat("Chatty", owner, &[mia, nick]).await?;
    let mut said = Vec::new();
    for n in 0..100 {
        said.push(play.telegram.say(chat, mia, ["/verify", "/subscribe 5", "/why @somebody", "/help"][n % 4]).await?);
    }
    let began = Instant::now();
    play.telegram.ban(chat, owner, nick, None).await?;
    let why = play.telegram.say(chat, owner, &format!("/why {nick}")).await?;
    for _ in 0..100 {
        said.push(play.telegram.say(chat, mia, "/undo").await?);
    }
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.all_applied(&scene, &event).await?;
    let answer = play.answer_to(owner, chat, why).await?;
    ensure!(answer.text.contains("in private"), "{}", answer.text);
    assert_eq!(play.notices(owner).await?.len(), 1, "and there it is");
    let took = began.elapsed();
    ensure!(took < SOON, "the ban elsewhere and the admin's answer took {took:?}");
    play.accepted_in(&[chat]).await?;

    assert_eq!(play.answers_in(mia, chat, &said).await?, 1, "one refusal, and then nothing");
    let sent = play.calls_in("sendMessage", chat).await?;
    assert_eq!(sent.len(), 2, "hers and the admin's: {sent:?}");
    ensure!(sent.iter().all(|call| call.ok), "Telegram refused none");
    let looked = play.telegram.calls(CallFilter::method("getChatMember").chat(chat).user(mia)).await?;
    assert_eq!(looked.len(), 1, "what she may was asked once");
    Ok(())
}

#[tokio::test]
async fn a_hundred_strangers_read_ten_refusals_and_the_admin_is_answered_after_them() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let strangers = try_join_all((0..100).map(|n| {
        let play = &play;
        async move { play.person(&format!("Stranger {n}")).await }
    }))
    .await?;
    let chat = play.chat("Crowd", boris, &strangers).await?;
    let round = async || {
        for &stranger in &strangers {
            play.telegram.say(chat, stranger, "/verify").await?;
        }
        play.accepted_in(&[chat]).await
    };
    let began = Instant::now();
    while play.calls_in("sendMessage", chat).await?.len() < STRANGERS {
        ensure!(began.elapsed() < PATIENCE, "the first ten are told");
        round().await?;
    }
    // The chat has heard enough: whoever asks now is looked at once, and then left alone.
    round().await?;
    let looked = play.calls_in("getChatMember", chat).await?.len();
    round().await?;
    assert_eq!(play.calls_in("getChatMember", chat).await?.len(), looked, "nobody is looked at again");
    let sent = play.calls_in("sendMessage", chat).await?;
    assert_eq!(sent.len(), STRANGERS);
    ensure!(sent.iter().all(|call| call.ok), "Telegram refused none");

    assert!(play.command(chat, boris, "/verify").await?.text.contains("My rights"));
    Ok(())
}

#[tokio::test]
async fn a_stranger_who_writes_as_their_channel_gets_no_button_that_an_admin_might_press_for_them() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mia) = (play.admin("Boris", "en").await?, play.person("Mia").await?);
    let chat = play.chat("B", boris, &[mia]).await?;
    let as_channel = || SayOptions { as_channel: Some(chat - 1), ..SayOptions::default() };
    let said = play.telegram.say_with(chat, mia, "/undo", as_channel()).await?;
    let answer = play.answer_to(boris, chat, said).await?;
    assert!(answer.buttons.is_empty(), "{answer:?}");
    let silent = play.telegram.say_with(chat, mia, "/ignore 5", as_channel()).await?;
    play.accepted_in(&[chat]).await?;
    assert_eq!(play.answers_in(boris, chat, &[silent]).await?, 0, "once an hour");
    Ok(())
}

#[tokio::test]
async fn whoever_was_refused_is_answered_as_soon_as_they_become_an_admin() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, carol) = (play.admin("Boris", "en").await?, play.admin("Carol", "en").await?);
    let chat = play.chat("B", boris, &[carol]).await?;
    assert!(play.command(chat, carol, "/verify").await?.text.contains("Only the chat’s admins"));
    let silent = play.telegram.say(chat, carol, "/verify").await?;
    play.accepted_in(&[chat]).await?;
    assert_eq!(play.answers_in(carol, chat, &[silent]).await?, 0);

    // An administrator who may not ban may look, and is refused the rest once.
    play.telegram.promote(chat, carol, AdminRights::without_restrict()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert!(play.command(chat, carol, "/verify").await?.text.contains("My rights"));
    assert!(play.command(chat, carol, "/subscribe 5").await?.text.contains("who can ban users"));
    let silent = play.telegram.say(chat, carol, "/subscribe 5").await?;
    assert!(play.command(chat, carol, "/verify").await?.text.contains("My rights"), "they may look");
    assert_eq!(play.answers_in(carol, chat, &[silent]).await?, 0, "and were told once");

    play.telegram.promote(chat, carol, AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert!(play.command(chat, carol, "/subscribe 5").await?.buttons.iter().flatten().count() > 0, "they may ban");
    Ok(())
}

#[tokio::test]
async fn more_commands_of_an_admin_than_a_group_takes_are_answered_when_it_takes_them() -> Result<()> {
    const COMMANDS: usize = 23;
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let mut said = Vec::new();
    for _ in 0..COMMANDS {
        said.push(play.telegram.say(chat, boris, "/start").await?);
    }
    play.accepted_in(&[chat]).await?;
    for said in said {
        assert_eq!(play.answers_in(boris, chat, &[said]).await?, 1, "each once");
    }
    let sent = play.calls_in("sendMessage", chat).await?;
    ensure!(sent.len() == COMMANDS && sent.iter().all(|call| call.ok), "Telegram refused none: {sent:?}");
    Ok(())
}

#[tokio::test]
async fn hundreds_of_presses_are_requests_like_commands_and_beyond_the_pace_nothing_is_called() -> Result<()> {
    const PRESSES: usize = 200;
    let play = Play::begin().await?;
    let mia = play.admin("Mia", "en").await?;
    let menu = play.greeting(mia).await?;
    let data = menu.data_of("Privacy").context("the greeting has the button")?;
    let began = aws::time::now();
    let mut queries = BTreeSet::new();
    for _ in 0..PRESSES {
        queries.insert(play.telegram.press_and_leave(mia, mia, menu.message_id, data).await?.query_id);
    }
    let help = play.telegram.say_private(mia, "/help").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let minutes = Play::minutes_since(began);
    let answered = play.answered_presses(&queries).await?;
    ensure!(answered <= ANSWERED * minutes, "{answered} answers in {minutes} minutes");
    // Each /start of hers counts, too.
    ensure!(answered >= ANSWERED - 2, "{answered} answers: as many as commands would have");
    let edits = play.telegram.calls(CallFilter::method("editMessageText").chat(mia)).await?;
    assert_eq!(edits.len(), 1, "the button is there once");
    if minutes == 1 {
        assert_eq!(play.answers_in(mia, mia, &[help]).await?, 0, "commands count with them");
    }
    Ok(())
}

#[tokio::test]
async fn forged_presses_lead_to_no_call_but_their_answer() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Confirm).await?;
    let nosy = play.admin("Nosy", "en").await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    let card = play.card(&pair).await?;
    let menu = play.command(pair.target, pair.boris, &format!("/subscribe {}", pair.alice)).await?;
    let undo = UndoButton { sync_id: Uuid::nil(), chat_id: ChatId(pair.target) }.data();
    let greeting = play.greeting(nosy).await?;
    play.quiet(&pair.ids()).await?;
    let since = aws::time::now_ms();
    let mut queries = BTreeSet::new();
    // She was handed the data of others' buttons, and made some up.
    let question = card.data_of("Ban").context("the question has the button")?;
    let theirs = menu.data_of("⚡️").context("the preview has the button")?;
    for data in [question, theirs, &undo, "", "m:", "q:x:b", "anything"] {
        let pressed = play.telegram.press_forged(nosy, nosy, greeting.message_id, data).await?;
        assert_eq!(pressed.text.as_deref(), Some("This button no longer works. Send the command again."), "{data}");
        queries.insert(pressed.query_id);
    }
    let presses = queries.len();
    assert_eq!(play.answered_presses(&queries).await?, presses);
    let calls = play.telegram.calls(CallFilter { since_ms: Some(since), ..CallFilter::default() }).await?;
    let hers = |call: &&Call| call.user_id == Some(nosy) || [Some(nosy), Some(pair.target), Some(pair.source)].contains(&call.chat_id);
    let hers: Vec<_> = calls.iter().filter(hers).map(|call| call.method.as_str()).collect();
    assert_eq!(hers, [""; 0], "no call was for her");

    // Nor do they make the bot say more than the pace allows.
    let began = aws::time::now();
    for _ in 0..60 {
        queries.insert(play.telegram.press_and_leave(nosy, nosy, greeting.message_id, question).await?.query_id);
    }
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let answered = play.answered_presses(&queries).await?;
    ensure!(answered <= presses + ANSWERED * Play::minutes_since(began), "{answered} answers");
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_press_of_a_bystander_on_an_admins_button_leads_to_no_call_but_its_answer() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mia, mallory) = (play.admin("Boris", "en").await?, play.admin("Mia", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mia, mallory]).await?;
    let menu = play.command(chat, boris, &format!("/subscribe {mallory}")).await?;
    for _ in 0..5 {
        let pressed = play.telegram.press_button(mia, &menu, "⚡️").await?;
        ensure!(pressed.text.as_deref().is_some_and(|text| text.contains("someone else")), "{pressed:?}");
    }
    assert_eq!(play.telegram.calls(CallFilter::method("getChatMember").user(mia)).await?.len(), 0);
    assert_eq!(play.calls_in("editMessageText", chat).await?.len(), 0);
    assert!(play.press(boris, &menu, "⚡️").await?.text.starts_with('✅'), "the button is still the admin's");
    Ok(())
}
