//! Modes of following, and what a chat's admins are asked: the first who may ban and presses decides.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::ids::{ChatId, UserId};
use domain::question::{About, Button, Choice, id_of};
use domain::settings::ChatChange;
use domain::subscription::{Mode, Source, Subscription};
use domain::sync::{Origin, Outcome, Reason, further_sync_id};
use serde_json::json;
use telegram_sim::AdminRights;
use telegram_sim::control::{NewUser, Seen};

/// A chat that bans, and one from which Mallory is followed in some mode.
pub struct Pair {
    pub alice: i64,
    pub boris: i64,
    pub mallory: i64,
    pub source: i64,
    pub target: i64,
}

impl Pair {
    /// Its people and chats.
    pub fn ids(&self) -> [i64; 5] {
        [self.alice, self.boris, self.mallory, self.source, self.target]
    }
}

impl Play {
    pub async fn pair(&self, mode: Mode) -> Result<Pair> {
        let (alice, boris, mallory) = (self.admin("Alice", "en").await?, self.admin("Boris", "en").await?, self.person("Mallory").await?);
        let (source, target) = (self.chat("Source", alice, &[mallory]).await?, self.chat("Target", boris, &[mallory]).await?);
        self.follow(target, boris, mallory, mode).await?;
        Ok(Pair { alice, boris, mallory, source, target })
    }

    /// Follows without a word.
    pub async fn follow(&self, chat: i64, admin: i64, user: i64, mode: Mode) -> Result<()> {
        let source = Source::User(UserId(user));
        let subscription = Subscription { admin_user_id: UserId(admin), admin_chat_id: ChatId(chat), source };
        self.subscriptions.follow_in(&subscription, mode).await?;
        Ok(())
    }

    pub async fn choose(&self, chat: i64, change: ChatChange) -> Result<()> {
        self.users.choose_for_chat(ChatId(chat), &change).await?;
        Ok(())
    }

    /// Any message of the bot to him, to press under.
    pub async fn greeting(&self, user: i64) -> Result<Seen> {
        self.telegram.start_bot(user).await?;
        Ok(self.telegram.wait_until_sees(user, "👋", PATIENCE).await?)
    }

    pub async fn card(&self, pair: &Pair) -> Result<Seen> {
        Ok(self.telegram.wait_until_sees(pair.boris, "Ban them in Target too?", PATIENCE).await?)
    }
}

#[tokio::test]
async fn who_only_wants_to_be_told_is_told() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Notify).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::NotifyOnly));
    let card = play.telegram.wait_until_sees(pair.boris, &format!("was banned in {}", pair.source), PATIENCE).await?;
    assert!(card.text.ends_with("You asked me only to tell you, so Target is unchanged."), "{}", card.text);
    play.quiet(&pair.ids()).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);

    // Whoever may not ban there has no use for the button's data.
    let data = card.data_of("Ban").unwrap_or_default().to_owned();
    let greeting = play.greeting(pair.alice).await?.message_id;
    let pressed = play.telegram.press_forged(pair.alice, pair.alice, greeting, &data).await?;
    assert_eq!(pressed.text.as_deref(), Some("This button no longer works. Send the command again."));
    play.telegram.press_button(pair.boris, &card, "Ban in Target too").await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.telegram.wait_until_sees(pair.boris, "successfully synced", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_ban_in_one_of_several_chats_leaves_the_cards_other_buttons_and_its_text_as_they_are() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Notify).await?;
    let other = play.chat("Other", pair.boris, &[pair.mallory]).await?;
    play.follow(other, pair.boris, pair.mallory, Mode::Notify).await?;
    let bella = play.admin("Bella", "en").await?;
    play.telegram.join(pair.target, bella).await?;
    play.telegram.promote(pair.target, bella, AdminRights::moderator()).await?;
    play.follow(pair.target, bella, pair.mallory, Mode::Notify).await?;
    play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    let card = play.telegram.wait_until_sees(pair.boris, &pair.source.to_string(), PATIENCE).await?;
    let labels = |seen: &Seen| seen.buttons.iter().flatten().map(|button| button.text.clone()).collect::<Vec<_>>();
    let before = labels(&card);
    assert!(before.iter().filter(|label| label.starts_with("🚫 Ban in ")).count() == 2 && before.len() > 2, "{before:?}");

    let after = play.press(pair.boris, &card, "Ban in Target too").await?;
    let left: Vec<_> = before.into_iter().filter(|label| label != "🚫 Ban in Target too").collect();
    assert_eq!((labels(&after), &after.html), (left, &card.html));
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    assert!(!play.telegram.is_banned(other, pair.mallory).await?);
    let hers = play.telegram.wait_until_sees(bella, &pair.source.to_string(), PATIENCE).await?;
    let late = play.telegram.press_button(bella, &hers, "Ban in Target too").await?;
    assert!(late.text.is_some_and(|text| text.contains("decided before")), "another admin was first");
    play.press(pair.boris, &after, "Ban in Other too").await?;
    play.telegram.wait_until_banned(other, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn who_wants_to_be_asked_bans_by_a_button_and_the_first_press_decides() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Confirm).await?;
    let bella = play.admin("Bella", "en").await?;
    play.telegram.join(pair.target, bella).await?;
    play.telegram.promote(pair.target, bella, AdminRights::moderator()).await?;
    play.follow(pair.target, bella, pair.mallory, Mode::Notify).await?;

    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Asked));
    let card = play.card(&pair).await?;
    let hers = play.telegram.wait_until_sees(bella, "Ban them in Target too?", PATIENCE).await?;
    let labels: Vec<_> = card.buttons.iter().flatten().map(|button| button.text.as_str()).collect();
    assert_eq!(labels, ["🚫 Ban", "Don’t ban", "⛔️ Block this source"]);
    play.quiet(&pair.ids()).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);

    let pressed = play.telegram.press_button(pair.boris, &card, "Ban").await?;
    assert_eq!(pressed.text.as_deref(), Some("🚫 Decided: ban"));
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    let report = play.telegram.wait_until_sees(pair.boris, "successfully synced", PATIENCE).await?;
    assert_eq!(report.buttons.len(), 2, "it can be undone, and the source blocked");
    let decided = play.telegram.wait_until_sees(pair.boris, "Decided: ban", PATIENCE).await?;
    assert_eq!((decided.message_id, decided.buttons.len()), (card.message_id, 0), "the card has no buttons any more");

    let late = play.telegram.press_button(bella, &hers, "Don’t ban").await?;
    assert_eq!(late.text, Some(format!("🚫 Decided: ban (decided by another admin: Boris (ID: {}))", pair.boris)));
    play.quiet(&pair.ids()).await?;
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?);
    let (_, results) = play.results_of(further_sync_id(event.event_id, Origin::Confirmed, &pair.target.to_string())).await?;
    assert_eq!(results.iter().map(|result| result.outcome).collect::<Vec<_>>(), [Outcome::Applied]);
    Ok(())
}

#[tokio::test]
async fn only_who_may_ban_there_at_that_moment_can_answer() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Confirm).await?;
    let (nosy, carol) = (play.admin("Nosy", "en").await?, play.admin("Carol", "en").await?);
    play.telegram.join(pair.target, carol).await?;
    play.telegram.promote(pair.target, carol, AdminRights::without_restrict()).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let card = play.card(&pair).await?;
    let data = card.data_of("Ban").unwrap_or_default().to_owned();
    // They were handed the data of his button.
    for user in [nosy, carol, pair.alice] {
        let message = play.greeting(user).await?.message_id;
        let pressed = play.telegram.press_forged(user, user, message, &data).await?;
        assert_eq!(pressed.text.as_deref(), Some("This button no longer works. Send the command again."));
    }
    play.quiet(&pair.ids()).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    // And one that was made up.
    let made_up = Button { question_id: event.event_id, choice: Choice::Ban }.data();
    let pressed = play.telegram.press_forged(pair.boris, pair.boris, card.message_id, &made_up).await?;
    assert_eq!(pressed.text.as_deref(), Some("This button no longer works. Send the command again."));
    play.telegram.press_button(pair.boris, &card, "Don’t ban").await?;
    play.telegram.wait_until_sees(pair.boris, "Decided: no ban", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_source_that_is_never_to_be_followed_again_is_not_and_others_are() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Confirm).await?;
    let third = play.chat("Third", pair.alice, &[pair.mallory]).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    let card = play.card(&pair).await?;
    play.telegram.press_button(pair.boris, &card, "Block").await?;
    play.follow(pair.target, pair.alice, pair.mallory, Mode::Auto).await?;

    let until = aws::time::now() + 7200;
    play.telegram.ban(pair.source, pair.alice, pair.mallory, Some(until)).await?;
    let again = play.last_event(pair.source, pair.mallory).await?;
    let (_, results) = play.sync_of(&again).await?;
    let outcome = results.iter().find(|result| result.chat_id.0 == pair.target).map(|result| result.outcome);
    assert_eq!(outcome, Some(Outcome::Skipped(Reason::Ignored)));
    play.ban(third, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_question_runs_out() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { require_confirmation: Some(true), ..ChatChange::default() }).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let card = play.card(&pair).await?;
    let [source, target] = [pair.source, pair.target].map(ChatId);
    let question = id_of(About::Ban, source, UserId(pair.mallory), target, event.event_timestamp, 0);
    let key = json!({"pk": {"S": format!("QUESTION#{question}")}, "sk": {"S": "QUESTION"}});
    let run_out = json!({"TableName": play.stack.tables["sync"], "Key": key, "UpdateExpression": "SET expires_at = :past",
        "ExpressionAttributeValues": {":past": {"N": (aws::time::now() - 1).to_string()}}});
    play.stack.aws("dynamodb", "UpdateItem", run_out).await?;
    let pressed = play.telegram.press_button(pair.boris, &card, "Ban").await?;
    // It is swept away at some time after it has run out.
    let told = ["This question has expired: it’s more than 7 days old.", "This button no longer works. Send the command again."];
    assert!(pressed.text.as_deref().is_some_and(|text| told.contains(&text)), "{pressed:?}");
    play.quiet(&pair.ids()).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_kick_asks_nobody() -> Result<()> {
    let play = Play::begin().await?;
    let kicked = async || {
        let pair = play.pair(Mode::Confirm).await?;
        play.telegram.kick(pair.source, pair.alice, pair.mallory).await?;
        Ok((pair.source, pair.mallory, pair))
    };
    let (_, _, pair) = play.in_time(kicked).await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn who_is_ignored_here_is_banned_by_no_source_until_he_is_ignored_no_longer() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let answer = play.command(pair.target, pair.boris, &format!("/ignore {}", pair.mallory)).await?;
    assert!(answer.text.contains("no longer synced to your chat"), "{}", answer.text);
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Ignored));
    assert_eq!(play.command(pair.target, pair.mallory, "/ignore 5").await?.text, "Это могут только админы чата.");
    let answer = play.command(pair.target, pair.boris, &format!("/unignore {}", pair.mallory)).await?;
    assert!(answer.text.contains("their bans are synced again"), "{}", answer.text);
    let answer = play.command(pair.target, pair.boris, &format!("/unignore {}", pair.mallory)).await?;
    assert!(answer.text.contains("isn’t on the ignore list"), "{}", answer.text);

    let until = aws::time::now() + 7200;
    play.telegram.ban(pair.source, pair.alice, pair.mallory, Some(until)).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn bots_are_left_alone_where_the_chat_asks_for_it() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let other = play.chat("Other", pair.boris, &[]).await?;
    let robot = play.telegram.create_user(NewUser { is_bot: true, ..NewUser::named("Robot") }).await?;
    for chat in [pair.source, pair.target, other] {
        play.telegram.join(chat, robot).await?;
    }
    play.follow(pair.target, pair.boris, robot, Mode::Auto).await?;
    play.follow(other, pair.boris, robot, Mode::Auto).await?;
    play.choose(pair.target, ChatChange { spare_bots: Some(true), ..ChatChange::default() }).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, robot).await?).await?;
    let outcome = |chat: i64| results.iter().find(|result| result.chat_id.0 == chat).map(|result| result.outcome);
    assert_eq!((outcome(pair.target), outcome(other)), (Some(Outcome::Skipped(Reason::IsBot)), Some(Outcome::Applied)));
    Ok(())
}
