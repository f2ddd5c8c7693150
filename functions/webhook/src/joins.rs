//! Somebody comes into a chat, or asks to be let in: he may be waited for.

use crate::{NotNow, Webhook};
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

/// The longest that a guard's verdict may take: of the 10 s that Telegram waits for the answer (Bot API 10.1, `answerChatJoinRequestQuery`), 5
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

impl Webhook {
    /// Somebody comes, or asks to.
    pub async fn joined(&self, joined: &Joined) -> anyhow::Result<()> {
        let Some(query) = &joined.query_id else {
            let banned = self.meet(joined).await?;
            // The ban keeps him out anyway; without it his request would stay on the admins' list.
            if joined.asks
                && banned
                && let Err(failure) = self.telegram.decline(joined.chat_id, joined.user_id).await
            {
                tracing::warn!(%failure, "a request to join could not be declined");
            }
            return Ok(());
        };
        let met = timeout(VERDICT, self.meet(joined)).await.unwrap_or_else(|_| Err(anyhow!("no verdict in time")));
        self.answer_query(query, verdict(&met)).await;
        met.map(drop)
    }

    /// Unanswered, the query leaves the person at the door. A late answer is refused, and nothing can mend that.
    async fn answer_query(&self, query: &str, answer: JoinAnswer) {
        // A store that does not tell is no reason to leave somebody there.
        if let Ok(Err(NotNow::Wait(seconds))) = timeout(LOOK, self.may_call()).await {
            tracing::warn!(seconds, "a guard's query is not answered: nobody may call Telegram");
            return;
        }
        if let Err(failure) = self.telegram.answer_join_request(query, answer).await {
            tracing::warn!(%failure, "a guard's query is not answered");
            // A flood wait is everybody's; the update itself does not come again for it.
            drop(self.not_now(failure).await);
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
        let decisions = self.bans.decisions(pending.user_id, Some(&pending.occurred)).await?;
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

/// What the guard answers. In doubt the chat's admins decide.
fn verdict(banned: &anyhow::Result<bool>) -> JoinAnswer {
    match banned {
        Ok(true) => JoinAnswer::Decline,
        Ok(false) | Err(_) => JoinAnswer::Queue,
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
