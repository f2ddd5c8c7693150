//! Banning in a chunk's targets: a look at each, then the bans.

use crate::calls::{Ended, Round, Step, round};
use crate::{Work, Worker};
use aws::time::now;
use domain::ids::ChatId;
use domain::limiter::Grant;
use domain::member::{Member, Status};
use domain::sync::ledger::{is_ours, may_shorten};
use domain::sync::term::covers;
use domain::sync::{ChunkMessage, Origin, Outcome, Reason, Target, Task};
use std::cell::RefCell;
use std::collections::BTreeMap;
use telegram::reaction::Reaction;

/// A ban that is to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    /// `until_date`, Unix seconds; `None`: for ever.
    until: Option<i64>,
    /// As [`Ended::prior`].
    prior: Option<i64>,
    was_member: bool,
}

/// What a look at a target showed.
enum Look {
    Ban(Order),
    /// Banned until then, which is longer or shorter than wanted: whose ban that is decides.
    Banned {
        present: Option<i64>,
        wanted: Option<i64>,
    },
}

impl Worker {
    pub async fn ban(&self, chunk: &ChunkMessage, targets: Vec<Target>, grant: Grant) -> anyhow::Result<Work> {
        let looked = self.look(chunk, targets, grant).await;
        self.report(looked.health, grant).await?;
        let mut ended: Vec<_> = looked.ended.into_iter().map(|(target, (), outcome)| Ended::new(target, outcome)).collect();
        let mut again = looked.again;
        let mut orders = Vec::new();
        for (target, (), look) in looked.known {
            match self.order(chunk, target.chat_id, look).await? {
                Ok(order) => orders.push((target, order)),
                Err(outcome) => ended.push(Ended::new(target, outcome)),
            }
        }
        if ended.iter().any(|end| end.outcome == Outcome::Already) {
            let earlier = self.syncs.intended(chunk).await?;
            for end in &mut ended {
                // An earlier try banned here and died before it could write so.
                if end.outcome == Outcome::Already && earlier.contains(&end.target.chat_id) {
                    end.outcome = Outcome::Applied;
                }
            }
        }
        if orders.is_empty() {
            return Ok(Work { ended, again, wait_ms: 0 });
        }
        let chats: Vec<_> = orders.iter().map(|(target, _)| target.chat_id).collect();
        self.syncs.intend(chunk, &chats).await?;
        let moved = RefCell::new(BTreeMap::new());
        let banned: Round<Order, ()> = round(orders, grant, async |target, order| {
            let failure = match self.telegram.ban(target.chat_id, chunk.user_id, order.until).await {
                Ok(()) => return Ok(Step::Ended(Outcome::Applied)),
                Err(failure) => failure,
            };
            match failure.reaction() {
                Reaction::Migrated(to) => {
                    self.telegram.ban(to, chunk.user_id, order.until).await?;
                    moved.borrow_mut().insert(target.chat_id, to);
                    Ok(Step::Ended(Outcome::Applied))
                }
                // It took effect, but its result is of an unknown shape.
                Reaction::Fine => Ok(Step::Ended(Outcome::Applied)),
                _ => Err(failure),
            }
        })
        .await;
        self.report(banned.health, grant).await?;
        let moved = moved.into_inner();
        ended.extend(banned.ended.into_iter().map(|(target, order, outcome)| Ended {
            migrated_to: moved.get(&target.chat_id).copied(),
            until: order.until,
            prior: order.prior,
            was_member: order.was_member,
            ..Ended::new(target, outcome)
        }));
        again.extend(banned.again);
        Ok(Work { ended, again, wait_ms: 0 })
    }

    /// Who is banned already, who is an admin, who is to be banned.
    async fn look(&self, chunk: &ChunkMessage, targets: Vec<Target>, grant: Grant) -> Round<(), Look> {
        let now = now();
        let targets = targets.into_iter().map(|target| (target, ())).collect();
        round(targets, grant, async |target, ()| {
            let Task::Ban(term) = target.task else { return Ok(Step::Ended(Outcome::Failed(Reason::TelegramError))) };
            let until = match term.until_date(now) {
                Ok(until) => until,
                Err(reason) => return Ok(Step::Ended(Outcome::Skipped(reason))),
            };
            let order = |was_member| Step::Known(Look::Ban(Order { until, prior: None, was_member }));
            let looked = match target.spare_bots {
                true => self.telegram.chat_member(target.chat_id, chunk.user_id).await.map(|member| (member.member, member.person.is_bot)),
                false => self.telegram.member(target.chat_id, chunk.user_id).await.map(|member| (member, false)),
            };
            match looked {
                Ok((_, true)) => Ok(Step::Ended(Outcome::Skipped(Reason::IsBot))),
                Ok((member, _)) if member.is_admin() => Ok(Step::Ended(Outcome::Skipped(Reason::IsAdmin))),
                Ok((member, _)) if member.status == Status::Kicked => match member.until {
                    present if present == until => Ok(Step::Ended(Outcome::Already)),
                    present => Ok(Step::Known(Look::Banned { present, wanted: until })),
                },
                Ok((member, _)) => Ok(order(is_there(&member))),
                // Whoever Telegram does not find there can be banned all the same; in the supergroup that a group became, the ban itself
                // tells the rest.
                Err(failure) if failure.reaction() == Reaction::Skip(Reason::UnknownUser) => Ok(order(false)),
                Err(failure) if matches!(failure.reaction(), Reaction::Migrated(_)) => Ok(order(false)),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    /// What is to be set, or how the target ends without.
    async fn order(&self, chunk: &ChunkMessage, chat: ChatId, look: Look) -> anyhow::Result<Result<Order, Outcome>> {
        match look {
            Look::Ban(order) if order.was_member && self.floods(chunk, chat).await? => Ok(Err(Outcome::Skipped(Reason::Held))),
            Look::Ban(order) => Ok(Ok(order)),
            Look::Banned { present, wanted } => {
                // Rare: most are banned in a chat once, and by us.
                let entries = self.syncs.entries(chat, chunk.user_id).await?;
                let decisions = self.bans.decisions(chunk.user_id, None).await?;
                let order = Order { until: wanted, prior: None, was_member: false };
                if !covers(present, wanted) {
                    let prior = present.filter(|_| !is_ours(&entries, &decisions, chat));
                    return Ok(Ok(Order { prior, ..order }));
                }
                // A longer ban is never shortened, unless it is the same source's and ours.
                Ok(match may_shorten(&entries, &decisions, chat, chunk.source_chat_id, now()) {
                    true => Ok(order),
                    false => Err(Outcome::Already),
                })
            }
        }
    }

    /// Have so many of the chat's members been banned within the hour that its admins are asked first?
    async fn floods(&self, chunk: &ChunkMessage, chat: ChatId) -> anyhow::Result<bool> {
        if !matches!(chunk.origin, Origin::Ban | Origin::Delayed) {
            return Ok(false);
        }
        let since = chunk.occurred.at().unwrap_or_default() - 3600;
        Ok(self.syncs.members_banned(chat, since).await? >= self.most_bans)
    }
}

fn is_there(member: &Member) -> bool {
    matches!(member.status, Status::Member | Status::Restricted)
}
