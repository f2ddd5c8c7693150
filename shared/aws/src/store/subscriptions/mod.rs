//! Table `subscriptions`: who follows which source from which chat, a counter an admin, and counters of all.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | follow, stop following | transaction on `ADMIN#<admin>`: `SUB#<chat>#<source>`, `COUNT`; on `ID#<id>`, `STATS#<shard>`, `TURN#<turn id>` |
//! | a subscription by admin, chat and source | GetItem `ADMIN#<admin>`, `SUB#<chat>#<source>` |
//! | a subscription by its id | GetItem `ID#<id>`, which names the other key |
//! | choose a subscription's mode, suspend it, resume it | UpdateItem, while it is active |
//! | an admin's subscriptions, in a chat or all | Query `ADMIN#<admin>`, `SUB#<chat>#…` |
//! | how many an admin has | GetItem `ADMIN#<admin>`, `COUNT` |
//! | how many there are and were | BatchGetItem `STATS#<shard>`, `STATS` |
//! | does anybody follow a source? who? how many? | Query `by_source`: `source_key` |
//! | who follows from a chat? | Query `by_chat`: `chat_key` |
//! | a chat's subscriptions move to another chat | Query `by_chat`, then a transaction each: the old one, the new one; also the counts, where it had ended |
//!
//! Index keys are on active subscriptions only (`source_key` on those that are not suspended), so that the indexes hold no others; those that ended with their chat stay in `by_chat`,
//! so that their admins can be told, and so that they begin again where the chat was not gone but has another id.
//!
//! # Layout
//! - here: beginning, changing, ending
//! - `read`: lists and counts
//! - `rights`: suspended while the admin may not ban
//! - `write`: the transactions' parts

mod read;
mod rights;
mod write;

use super::{Attributes, DAY, Table, key, n, s};
use crate::{Aws, time};
use anyhow::{Context, bail};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::ids::{ChatId, UserId};
use domain::subscription::{MAX_PER_ADMIN, Mode, Subscription};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use write::Transacted;

/// Tries of a transaction that met another one. In each round of such tries somebody gets through, and who finds the limit reached
/// stops trying: this is enough for dozens at the same time.
const CONFLICT_ROUNDS: usize = 24;

/// How long it is kept that a subscription began or ended, in seconds.
const RETENTION: i64 = 366 * DAY;

/// Parts of the counters of all. Transactions that meet on one part have to be tried again, so there are many.
const STATS_SHARDS: u64 = 32;

/// The subscriptions.
pub struct Subscriptions {
    table: Table,
}

/// A subscription as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubscriptionItem {
    pub subscription_id: Uuid,
    #[serde(flatten)]
    pub subscription: Subscription,
    #[serde(default)]
    pub mode: Mode,
    pub is_active: bool,
    /// Its admin may not ban in the chat now: nothing is carried over for it.
    #[serde(default)]
    pub suspended: bool,
    /// A program made it, and not the admin in the bot.
    #[serde(default)]
    pub by_program: bool,
    /// Unix seconds.
    #[serde(default)]
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// How many subscriptions an admin has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountItem {
    pub admin_user_id: UserId,
    pub active: u32,
    /// Unix seconds.
    pub updated_at: i64,
}

/// That a subscription of a chat began or ended, as stored; not whose, nor to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnItem {
    pub turn_id: Uuid,
    /// Unix seconds.
    pub at: i64,
    pub begins: bool,
    pub chat_id: ChatId,
}

/// Counts of all subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Stats {
    pub active: i64,
    /// Begun ever, again after an end counted anew.
    pub created: i64,
    pub ended: i64,
}

/// What came of wanting to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    New,
    Already,
    LimitReached,
}

impl Subscriptions {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    /// Follows, anew or again, in [`Mode::Auto`]. See [`Subscriptions::follow_in`].
    pub async fn follow(&self, subscription: &Subscription) -> anyhow::Result<Followed> {
        self.follow_in(subscription, Mode::Auto).await
    }

    /// Follows, anew or again. Uniqueness and the limit hold whoever else does the same at the same time.
    pub async fn follow_in(&self, subscription: &Subscription, mode: Mode) -> anyhow::Result<Followed> {
        self.begin(subscription, mode, false).await
    }

    /// As [`Subscriptions::follow_in`], for a program: the admin is told of it.
    pub async fn follow_by_program(&self, subscription: &Subscription, mode: Mode) -> anyhow::Result<Followed> {
        self.begin(subscription, mode, true).await
    }

    async fn begin(&self, subscription: &Subscription, mode: Mode, by_program: bool) -> anyhow::Result<Followed> {
        let writes = [
            self.activate(subscription, mode, by_program)?,
            self.count(subscription.admin_user_id, 1)?,
            self.tally(subscription.admin_user_id, 1)?,
            self.name(subscription)?,
            self.turn(subscription, true)?,
        ];
        for _ in 0..CONFLICT_ROUNDS {
            match self.transact(&writes).await? {
                Transacted::Written => return Ok(Followed::New),
                Transacted::Refused(0) => return Ok(Followed::Already),
                Transacted::Refused(_) => return Ok(Followed::LimitReached),
                // Who has lost his chance meanwhile must not go on standing in the others' way.
                Transacted::Met if self.count_of(subscription.admin_user_id).await? >= MAX_PER_ADMIN => return Ok(Followed::LimitReached),
                Transacted::Met => {}
            }
        }
        bail!("a subscription met others {CONFLICT_ROUNDS} times")
    }

    /// Stops following; `false` when it was not followed. The item stays, as history.
    pub async fn unfollow(&self, subscription: &Subscription) -> anyhow::Result<bool> {
        self.end(subscription, "REMOVE source_key, chat_key, follower_key").await
    }

    /// Ends a subscription because its chat is gone; `false` when it had ended before.
    pub async fn end_with_chat(&self, subscription: &Subscription) -> anyhow::Result<bool> {
        self.end(subscription, "REMOVE source_key").await
    }

    async fn end(&self, subscription: &Subscription, remove: &str) -> anyhow::Result<bool> {
        let admin = subscription.admin_user_id;
        let (deactivate, turn) = (self.deactivate(subscription, remove)?, self.turn(subscription, false)?);
        let refused = self.transact_all(&[deactivate, self.count(admin, -1)?, self.tally(admin, -1)?, turn]).await?;
        Ok(refused.is_none())
    }

    /// Chooses the mode of an active subscription: as it is then, or `None` where it is not active.
    pub async fn set_mode(&self, subscription: &Subscription, mode: Mode) -> anyhow::Result<Option<SubscriptionItem>> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression("SET #mode = :mode, updated_at = :now")
            .condition_expression("is_active = :true")
            .expression_attribute_names("#mode", "mode")
            .expression_attribute_values(":mode", s(mode.name()))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":now", n(time::now()))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => Ok(answer.attributes.map(serde_dynamo::from_item).transpose()?),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(None),
            Err(error) => Err(error).context("choosing a subscription's mode"),
        }
    }

    /// Carries a subscription over to another chat of the same admin: the supergroup that its group became. `gone_since`: since when the group
    /// was taken for gone, Unix seconds; what ended with it since then begins again. Whatever ended otherwise stays so.
    pub async fn migrate(&self, subscription: &Subscription, to: ChatId, gone_since: Option<i64>) -> anyhow::Result<()> {
        let moved = Subscription { admin_chat_id: to, ..subscription.clone() };
        let item = self.get(subscription).await?;
        let (mode, suspended) = item.map(|item| (item.mode, item.suspended)).unwrap_or_default();
        let (begin, name) = (self.activate(&moved, mode, false)?, self.name(&moved)?);
        let (left, came) = (self.turn(subscription, false)?, self.turn(&moved, true)?);
        let carry = [self.deactivate(subscription, "REMOVE source_key, chat_key, follower_key")?, begin.clone(), name.clone(), left, came];
        match self.transact_all(&carry).await? {
            None if suspended => return self.suspend(&moved).await.map(drop),
            None => return Ok(()),
            // It is not active: it was carried over before, or has ended.
            Some(0) => {}
            // The admin follows from the new chat already.
            Some(_) => return self.unfollow(subscription).await.map(|_| ()),
        }
        let (Some(since), admin) = (gone_since, subscription.admin_user_id) else { return Ok(()) };
        let again =
            [self.leave_chat(subscription, since)?, begin, name, self.count(admin, 1)?, self.tally(admin, 1)?, self.turn(&moved, true)?];
        match self.transact_all(&again).await? {
            // The first two: it did not end with the chat, and the admin follows from the new chat already.
            None | Some(0 | 1) => Ok(()),
            Some(_) => {
                tracing::warn!(admin = admin.0, chat_id = to.0, "a subscription does not begin again: its admin has as many as may be");
                Ok(())
            }
        }
    }
}

fn count_key(admin: UserId) -> Attributes {
    key(format!("ADMIN#{admin}"), "COUNT")
}

fn id_key(id: Uuid) -> Attributes {
    key(format!("ID#{id}"), "ID")
}

fn stats_key(shard: u64) -> Attributes {
    key(format!("STATS#{shard}"), "STATS")
}

fn key_of(subscription: &Subscription) -> Attributes {
    key(format!("ADMIN#{}", subscription.admin_user_id), format!("SUB#{}#{}", subscription.admin_chat_id, subscription.source))
}
