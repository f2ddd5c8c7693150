//! What does not happen at once: bans that wait for somebody to come, delays of days, bans that are held.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::event::date;
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::subscription::Mode;
use domain::sync::{Origin, Outcome, Reason, further_sync_id};
use reqwest::Method;
use serde_json::{Value, json};
use telegram_sim::AdminRights;
use telegram_sim::control::{CallFilter, Fault};
use uuid::Uuid;

/// Bans of one chat within an hour that are carried over without being asked: the template's default.
const MOST: usize = 30;

impl Play {
    /// The schedule of a delayed sync, by the sync's id.
    async fn schedule(&self, later: Uuid) -> Result<Value> {
        let group = self.schedules();
        let schedule = self.stack.rest("scheduler", Method::GET, &format!("/schedules/{later}?groupName={group}"), None).await?;
        Ok(serde_json::from_slice(&schedule)?)
    }

    /// The time of a delayed sync has come.
    pub async fn is_due(&self, later: Uuid) -> Result<()> {
        let schedule = self.schedule(later).await?;
        let due = json!({"GroupName": self.schedules(), "ScheduleExpression": "at(2020-01-01T00:00:00)",
            "FlexibleTimeWindow": schedule["FlexibleTimeWindow"], "Target": schedule["Target"], "ActionAfterCompletion": "DELETE"});
        self.stack.rest("scheduler", Method::PUT, &format!("/schedules/{later}"), Some(&due)).await.map(drop)
    }

    fn schedules(&self) -> String {
        format!("{}-schedules", self.stack.bus.trim_end_matches("-bus"))
    }
}

#[tokio::test]
async fn who_is_not_known_where_he_is_to_be_banned_is_banned_when_he_comes() -> Result<()> {
    let play = Play::begin().await?;
    for asks in [false, true] {
        let pair = play.pair(Mode::Auto).await?;
        play.telegram.leave(pair.target, pair.mallory).await?;
        let _unknown = play.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
        let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
        assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));
        play.telegram.wait_until_sees(pair.boris, "I’ll ban them when they join", PATIENCE).await?;
        assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);

        match asks {
            true => play.telegram.request_to_join(pair.target, pair.mallory).await?,
            false => play.telegram.join(pair.target, pair.mallory).await?,
        }
        play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
        let gone = async || {
            Ok(play.syncs.pending(ChatId(pair.target), UserId(pair.mallory)).await.is_ok_and(|pending| pending.is_empty()).then_some(()))
        };
        play.telegram.wait_until("nothing to be pending", PATIENCE, gone).await?;
        let declined = play.telegram.calls(CallFilter::method("declineChatJoinRequest").chat(pair.target)).await?;
        assert_eq!(declined.len(), usize::from(asks));
    }
    Ok(())
}

#[tokio::test]
async fn who_could_not_be_banned_when_he_came_is_banned_when_he_comes_again() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    let _unknown = play.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
    play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    // All the tries of the first time.
    let _down = play.fault(Fault::internal_server_error().method("banChatMember").chat(pair.target).times(3)).await?;
    play.telegram.join(pair.target, pair.mallory).await?;
    play.telegram.wait_until_sees(pair.boris, "Failed to sync ban", PATIENCE).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    play.telegram.leave(pair.target, pair.mallory).await?;
    play.telegram.join(pair.target, pair.mallory).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_pending_ban_that_was_lifted_meanwhile_bans_nobody() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    let _unknown = play.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&event).await?;
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.telegram.join(pair.target, pair.mallory).await?;
    let gone = async || {
        Ok(play.syncs.pending(ChatId(pair.target), UserId(pair.mallory)).await.is_ok_and(|pending| pending.is_empty()).then_some(()))
    };
    play.telegram.wait_until("nothing to be pending", PATIENCE, gone).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    Ok(())
}

#[tokio::test]
async fn a_delay_of_days_is_a_schedule_and_a_sync_of_its_own() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_delay_seconds: Some(604_800), ..ChatChange::default() }).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Delayed));
    play.telegram.wait_until_sees(pair.boris, "the chat has a delay", PATIENCE).await?;

    let later = further_sync_id(event.event_id, Origin::Delayed, "0:604800");
    let schedule = play.schedule(later).await?;
    let expected = format!("at({}T", date(event.event_timestamp + 604_800));
    assert!(schedule["ScheduleExpression"].as_str().is_some_and(|at| at.starts_with(&expected)), "{schedule}");
    assert_eq!(schedule["ActionAfterCompletion"], "DELETE");
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);

    // A week goes by.
    play.is_due(later).await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    let (summary, results) = play.results_of(later).await?;
    assert_eq!((summary.origin, results[0].outcome), (Origin::Delayed, Outcome::Applied));
    Ok(())
}

#[tokio::test]
async fn bans_that_are_held_are_one_question_and_whoever_floods_cannot_release_them() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let carol = play.admin("Carol", "en").await?;
    play.telegram.join(pair.source, carol).await?;
    for admin in [pair.alice, carol] {
        // The bot knows whom to tell.
        play.telegram.promote(pair.source, carol, AdminRights::moderator()).await?;
        play.users.set_role(ChatId(pair.source), UserId(admin), Some(moderator()), &domain::ban::Occurred::new(1, 1)).await?;
    }
    let mut held = Vec::new();
    for n in 0..MOST + 3 {
        let person = play.person(&format!("Person {n}")).await?;
        play.telegram.join(pair.source, person).await?;
        play.follow(pair.target, pair.boris, person, Mode::Auto).await?;
        // Those that are too many come when all before them have been told.
        if n == MOST {
            play.telegram.wait_until_accepted(PATIENCE).await?;
        }
        let event = play.ban(pair.source, pair.alice, person).await?;
        if n >= MOST {
            held.push((person, event));
        }
    }
    for (person, event) in &held {
        let (_, results) = play.sync_of(event).await?;
        assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Held));
        assert!(!play.telegram.is_banned(pair.target, *person).await?);
    }
    let asked = play.telegram.wait_until_sees(pair.boris, "Unusually many people were banned by one source", PATIENCE).await?;
    assert_eq!(asked.buttons.iter().flatten().count(), 3);
    // The source's admins are told, and have nothing to press: an anonymous flooder would be nobody's own ban.
    for admin in [pair.alice, carol] {
        let told = play.telegram.wait_until_sees(admin, "I’m holding these bans", PATIENCE).await?;
        assert_eq!(told.buttons.len(), 0);
        let data = asked.data_of("Ban").unwrap_or_default().to_owned();
        let pressed = play.telegram.press_forged(admin, admin, told.message_id, &data).await?;
        assert_eq!(pressed.text.as_deref(), Some("This button no longer works. Send the command again."));
    }
    play.quiet(&pair.ids()).await?;
    let questions =
        play.notices(pair.boris).await?.into_iter().filter(|text| text.contains("Unusually many people were banned by one source"));
    let [question] = &questions.collect::<Vec<_>>()[..] else { anyhow::bail!("one question") };
    for (person, _) in &held {
        assert!(question.contains(&format!("(ID: {person})")), "{question}");
    }
    assert!(question.contains("Your answer counts for all 3."), "{question}");
    let asked = play.telegram.wait_until_sees(pair.boris, "Unusually many people", PATIENCE).await?;
    assert!(asked.data_of("Ban all 3").is_some(), "{:?}", asked.buttons);

    play.telegram.press_button(pair.boris, &asked, "Ban").await?;
    for (person, _) in &held {
        play.telegram.wait_until_banned(pair.target, *person, PATIENCE).await?;
    }
    Ok(())
}

fn moderator() -> domain::role::Role {
    domain::role::Role { role: domain::role::Rank::Moderator, can_ban: true }
}

#[tokio::test]
async fn more_members_of_one_chat_than_anybody_loses_in_an_hour_are_held() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let second = play.chat("Second", pair.alice, &[]).await?;
    let mut outcomes = Vec::new();
    let mut events = Vec::new();
    for n in 0..=MOST {
        let source = if n % 2 == 0 { pair.source } else { second };
        let person = play.person(&format!("Person {n}")).await?;
        play.telegram.join(source, person).await?;
        play.telegram.join(pair.target, person).await?;
        play.follow(pair.target, pair.boris, person, Mode::Auto).await?;
        if n == MOST {
            // The others are banned before the last one's turn.
            for event in &events {
                let (_, results) = play.sync_of(event).await?;
                outcomes.push(results[0].outcome);
            }
        }
        events.push(play.ban(source, pair.alice, person).await?);
    }
    assert_eq!(outcomes, [Outcome::Applied; MOST]);
    let (_, results) = play.sync_of(&events[MOST]).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::Flooded));
    let asked = play.telegram.wait_until_sees(pair.boris, "I’m holding the rest", PATIENCE).await?;
    play.telegram.press_button(pair.boris, &asked, "Ban").await?;
    play.telegram.wait_until_banned(pair.target, events[MOST].user_id.0, PATIENCE).await?;
    Ok(())
}
