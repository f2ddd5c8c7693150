//! Somebody comes into a chat, or asks to be let in: he may be waited for.

use crate::{NotNow, Webhook, budget};
use anyhow::anyhow;
use aws::store::sync::Pending;
use aws::time;
use domain::ban::BanEvent;
use domain::subscription::Source;
use domain::sync::ledger::Decisions;
use domain::sync::{Flow, Kind, Origin, Outcome, Plan, Reason, Request, Task, Whom, further_sync_id};
use std::time::Duration;
use telegram::bot::JoinAnswer;
use telegram::update::Joined;
use tokio::time::timeout;

/// How long Telegram waits for a guard's answer, in seconds (Bot API 10.1, `answerChatJoinRequestQuery`).
const QUERY_WAITS: i64 = 10;

/// The longest that a guard's verdict may take: of the 10 s that Telegram waits for the answer, 5
/// are for the call, and the rest for the update's way here.
const VERDICT: Duration = Duration::from_secs(3);

/// The longest look at whether Telegram may be called.
const LOOK: Duration = Duration::from_secs(1);

/// Fate of a wait when the person comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The ban is carried out now.
    Ban,
    /// The chat's admins are asked.
    Ask,
    /// Nobody wants it any more.
    Over,
    /// Not now, perhaps another time.
    Stays,
}

/// Outcome of an answer to a guard's query that reached Telegram.
enum Answered {
    InTime,
    /// Too late, or answered before.
    Refused,
}

impl Webhook {
    /// Somebody comes, or asks to.
    pub async fn joined(&self, joined: &Joined) -> Result<(), NotNow> {
        let Some(query) = &joined.query_id else {
            let Some(met) = budget::within(self.meet(joined)).await else {
                return Err(NotNow::Failed(anyhow!("whether somebody is waited for takes longer to tell than an update may")));
            };
            if met? && joined.asks {
                self.turn_away(joined).await;
            }
            return Ok(());
        };
        let met = timeout(VERDICT, self.meet(joined)).await.unwrap_or_else(|_| Err(anyhow!("no verdict in time")));
        let banned = matches!(met, Ok(true));
        match self.answer_query(query, verdict(&met)).await {
            Ok(Answered::InTime) => {}
            Err(not_now) if comes_again(&not_now, banned, time::now() - joined.at) => return Err(not_now),
            Ok(Answered::Refused) | Err(_) if banned => self.turn_away(joined).await,
            Ok(Answered::Refused) | Err(_) => tracing::warn!("a guard's query is left without an answer"),
        }
        Ok(met.map(drop)?)
    }

    /// The ban keeps them out anyway; without it their request would stay on the admins' list.
    async fn turn_away(&self, joined: &Joined) {
        if let Err(failure) = self.telegram.decline(joined.chat_id, joined.user_id).await {
            tracing::warn!(%failure, "a request to join could not be declined");
        }
    }

    /// Unanswered, the query leaves the person at the door.
    ///
    /// # Errors
    /// Telegram is not to be called now, or did not take the call.
    async fn answer_query(&self, query: &str, answer: JoinAnswer) -> Result<Answered, NotNow> {
        // A store that does not tell, and calls of others that failed, are no reason to leave somebody there.
        if let Ok(Ok(wait @ 1..)) = timeout(LOOK, self.gateway.flooded_for_ms()).await {
            return Err(NotNow::of_ms(wait));
        }
        let Err(failure) = self.telegram.answer_join_request(query, answer).await else { return Ok(Answered::InTime) };
        tracing::warn!(%failure, "a guard's query is not answered");
        match failure.reaction().ends_by_itself() {
            true => Err(self.not_now(failure).await),
            false => Ok(Answered::Refused),
        }
    }

    /// One read. For each source that waits a sync of its own carries its ban out, or asks. Whether a ban is carried out.
    async fn meet(&self, joined: &Joined) -> anyhow::Result<bool> {
        let Joined { chat_id, user_id, by, at, .. } = *joined;
        let waits = self.syncs.pending(chat_id, user_id).await?;
        if waits.is_empty() {
            return Ok(false);
        }
        let undone = self.syncs.undone(waits.iter().map(|pending| pending.ban_event_id)).await?;
        // An admin who may ban and brings somebody himself, has decided.
        let added = match by {
            Some(by) => self.may_decide(chat_id, by).await.unwrap_or(true),
            None => false,
        };
        let origin = if added { Origin::Added } else { Origin::Joined };
        let mut banned = false;
        for pending in waits {
            let event = match undone.contains_key(&pending.ban_event_id) {
                true => None,
                false => self.bans.get(pending.ban_event_id).await?,
            };
            let fate = match &event {
                Some(event) => self.fate_of(&pending, event, origin).await?,
                None => Fate::Over,
            };
            match fate {
                Fate::Ban | Fate::Ask => self.carry_out(&pending, origin, at).await?,
                Fate::Over => self.syncs.end_pending(&pending).await?,
                Fate::Stays => {}
            }
            banned |= fate == Fate::Ban;
        }
        Ok(banned)
    }

    async fn carry_out(&self, pending: &Pending, origin: Origin, at: i64) -> anyhow::Result<()> {
        let Pending { chat_id, user_id, ban_event_id, .. } = *pending;
        let request = Request {
            sync_id: further_sync_id(ban_event_id, origin, &format!("{chat_id} at {at}")),
            ban_event_id,
            kind: Kind::Ban,
            origin,
            whom: Whom::Chats(vec![chat_id]),
            by: None,
            waits: false,
        };
        self.syncs.request(&request).await?;
        tracing::info!(correlation_id = %ban_event_id, chat_id = chat_id.0, user_id = user_id.0, "somebody came whose ban was pending");
        Ok(())
    }

    /// As the planner and the worker would judge now.
    async fn fate_of(&self, pending: &Pending, event: &BanEvent, origin: Origin) -> anyhow::Result<Fate> {
        let chats = [pending.source_chat_id, pending.chat_id];
        let decisions = self.bans.decisions_in(chats, pending.user_id, &pending.occurred).await?;
        if is_over(pending, event, &decisions, time::now()) {
            return Ok(Fate::Over);
        }
        let (user, source) = (pending.user_id, pending.source_chat_id);
        let followers = self.subscriptions.followers_in(Source::User(user), &[pending.chat_id]).await?;
        let chats = self.users.chats_with_successors([pending.chat_id, source]).await?;
        let flow = Flow { user, source, until: event.until, lasts: event.ban_duration(), origin, held: false, settle: 0 };
        Ok(fate(Plan::ban(&followers, &chats, &flow).all().next().map(|target| target.task)))
    }
}

/// Answer of the guard. In doubt the chat's admins decide.
fn verdict(banned: &anyhow::Result<bool>) -> JoinAnswer {
    match banned {
        Ok(true) => JoinAnswer::Decline,
        Ok(false) | Err(_) => JoinAnswer::Queue,
    }
}

/// Is an update whose query could not be answered to come again? While the answer can still be in time; and of somebody who is `banned` after any
/// flood wait, since their request has to be declined. `age`: of the query, in seconds.
fn comes_again(not_now: &NotNow, banned: bool, age: i64) -> bool {
    match not_now {
        NotNow::Wait(seconds) => banned || age + seconds < QUERY_WAITS,
        NotNow::Failed(_) => age + 1 < QUERY_WAITS,
        NotNow::Never(_) => false,
    }
}

/// Was something else decided since, or has the source's ban ended by itself?
fn is_over(pending: &Pending, event: &BanEvent, decisions: &Decisions, now: i64) -> bool {
    let newer = |chat| decisions.newer(chat, &pending.occurred);
    newer(pending.source_chat_id) || newer(pending.chat_id) || event.until.is_some_and(|until| until <= now)
}

/// `task`: what is planned for the chat; `None`: nobody follows from there.
fn fate(task: Option<Task>) -> Fate {
    match task {
        Some(Task::Ban(_)) => Fate::Ban,
        Some(Task::End(Outcome::Skipped(Reason::Asked | Reason::NewSource | Reason::Held | Reason::Flooded))) => Fate::Ask,
        None | Some(Task::End(Outcome::Skipped(Reason::Ignored))) => Fate::Over,
        Some(Task::End(_) | Task::Lift) => Fate::Stays,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::sync::Term;

    #[test]
    fn a_guard_turns_away_only_whoever_is_banned_and_in_doubt_leaves_it_to_the_admins() {
        for (banned, expected) in
            [(Ok(true), JoinAnswer::Decline), (Ok(false), JoinAnswer::Queue), (Err(anyhow!("the store is away")), JoinAnswer::Queue)]
        {
            assert_eq!(verdict(&banned), expected, "{banned:?}");
        }
    }

    #[test]
    fn a_query_that_could_not_be_answered_comes_again_while_there_is_time_and_a_banned_persons_after_the_wait() {
        let failed = || NotNow::Failed(anyhow!("Telegram is away"));
        for (not_now, banned, age, expected) in [
            (NotNow::Wait(1), false, 0, true),
            (NotNow::Wait(1), false, 8, true),
            (NotNow::Wait(1), false, 9, false),
            (NotNow::Wait(30), false, 0, false),
            (NotNow::Wait(30), true, 0, true),
            (NotNow::Wait(1), true, 60, true),
            (failed(), false, 0, true),
            (failed(), false, 9, false),
            // The ordinary request is declined instead.
            (failed(), true, 9, false),
            (NotNow::Never(anyhow!("no such method")), true, 0, false),
        ] {
            let is_wait = matches!(not_now, NotNow::Wait(_));
            assert_eq!(comes_again(&not_now, banned, age), expected, "{is_wait} {banned} {age}");
        }
    }

    #[test]
    fn who_comes_is_banned_only_where_the_ban_would_be_carried_out_now() {
        for (task, expected) in [
            (Some(Task::Ban(Term::Permanent)), Fate::Ban),
            (Some(Task::End(Outcome::Skipped(Reason::Asked))), Fate::Ask),
            (Some(Task::End(Outcome::Skipped(Reason::Ignored))), Fate::Over),
            (Some(Task::End(Outcome::Skipped(Reason::AutoSyncOff))), Fate::Stays),
            (Some(Task::End(Outcome::Failed(Reason::NoRights))), Fate::Stays),
            (None, Fate::Over),
        ] {
            assert_eq!(fate(task), expected, "{task:?}");
        }
    }
}
