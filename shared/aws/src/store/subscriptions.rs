//! Table `subscriptions`: who follows which source from which chat, a counter an admin, and counters of all.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | follow, stop following | transaction on `ADMIN#<admin>`: `SUB#<chat>#<source>`, `COUNT`; on `ID#<id>`, `STATS#<shard>` |
//! | a subscription by admin, chat and source | GetItem `ADMIN#<admin>`, `SUB#<chat>#<source>` |
//! | a subscription by its id | GetItem `ID#<id>`, which names the other key |
//! | choose a subscription's mode | UpdateItem, while it is active |
//! | an admin's subscriptions, in a chat or all | Query `ADMIN#<admin>`, `SUB#<chat>#…` |
//! | how many an admin has | GetItem `ADMIN#<admin>`, `COUNT` |
//! | how many there are and were | BatchGetItem `STATS#<shard>`, `STATS` |
//! | does anybody follow a source? who? how many? | Query `by_source`: `source_key` |
//! | who follows from a chat? | Query `by_chat`: `chat_key` |
//!
//! Index keys are on active subscriptions only, so that the indexes hold no others; those that ended with their chat stay in `by_chat`,
//! so that their admins can be told.

use super::page::{Page, PageError, Wanted};
use super::{Attributes, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::{Context, bail};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, Select, TransactWriteItem, Update};
use domain::ids::{ChatId, UserId};
use domain::subscription::{MAX_PER_ADMIN, Mode, Source, Subscription};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Tries of a transaction that met another one. In each round of such tries somebody gets through, and who finds the limit reached
/// stops trying: this is enough for dozens at the same time.
const CONFLICT_ROUNDS: usize = 24;

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
        let writes = [
            self.activate(subscription, mode)?,
            self.count(subscription.admin_user_id, 1)?,
            self.tally(subscription.admin_user_id, 1)?,
            self.name(subscription)?,
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
        let refused = self.transact_all(&[self.deactivate(subscription, remove)?, self.count(admin, -1)?, self.tally(admin, -1)?]).await?;
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

    /// The subscription of this admin, chat and source, active or not.
    pub async fn get(&self, subscription: &Subscription) -> anyhow::Result<Option<SubscriptionItem>> {
        self.read(key_of(subscription)).await
    }

    /// The subscription with this id, active or not.
    pub async fn by_id(&self, id: Uuid) -> anyhow::Result<Option<SubscriptionItem>> {
        match self.read::<Subscription>(id_key(id)).await? {
            Some(subscription) => self.get(&subscription).await,
            None => Ok(None),
        }
    }

    /// How many subscriptions `admin` has.
    pub async fn count_of(&self, admin: UserId) -> anyhow::Result<u32> {
        Ok(self.read::<CountItem>(count_key(admin)).await?.unwrap_or_default().active)
    }

    async fn read<T: DeserializeOwned>(&self, key: Attributes) -> anyhow::Result<Option<T>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true);
        let item = get.send().await.context("reading a subscription")?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?)
    }

    /// Counts of all; what is being written while they are read may be in them or not.
    pub async fn stats(&self) -> anyhow::Result<Stats> {
        let parts = self.table.get_all((0..STATS_SHARDS).map(stats_key).collect()).await?;
        let parts: Vec<Stats> = serde_dynamo::from_items(parts)?;
        Ok(parts.iter().fold(Stats::default(), |sum, part| Stats {
            active: sum.active + part.active,
            created: sum.created + part.created,
            ended: sum.ended + part.ended,
        }))
    }

    /// A page of what `admin` follows, from `chat` or from all his chats. `active`: only those that are, or are not.
    pub async fn page_of_admin(
        &self,
        admin: UserId,
        chat: Option<ChatId>,
        active: Option<bool>,
        wanted: &Wanted,
    ) -> Result<Page<SubscriptionItem>, PageError> {
        let prefix = chat.map_or("SUB#".to_owned(), |chat| format!("SUB#{chat}#"));
        let list = format!("of admin {admin} {prefix} {active:?}");
        let mut query = self
            .query()
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(format!("ADMIN#{admin}")))
            .expression_attribute_values(":sk", s(prefix));
        if let Some(active) = active {
            query = query.filter_expression("is_active = :active").expression_attribute_values(":active", AttributeValue::Bool(active));
        }
        self.table.page(query, &list, wanted).await
    }

    /// A page of the active subscriptions to `source`, by chat.
    pub async fn page_of_source(&self, source: Source, wanted: &Wanted) -> Result<Page<SubscriptionItem>, PageError> {
        self.table.page(self.by_source(source), &format!("of source {source}"), wanted).await
    }

    /// How many follow `source`: a read unit for about 20 of them.
    pub async fn count_of_source(&self, source: Source) -> anyhow::Result<i64> {
        let mut pages = self.by_source(source).select(Select::Count).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            count += i64::from(page.context("counting followers")?.count);
        }
        Ok(count)
    }

    /// Carries a subscription over to another chat of the same admin: the supergroup that its group became.
    pub async fn migrate(&self, subscription: &Subscription, to: ChatId) -> anyhow::Result<()> {
        let moved = Subscription { admin_chat_id: to, ..subscription.clone() };
        let mode = self.get(subscription).await?.map(|item| item.mode).unwrap_or_default();
        let writes =
            [self.deactivate(subscription, "REMOVE source_key, chat_key, follower_key")?, self.activate(&moved, mode)?, self.name(&moved)?];
        match self.transact_all(&writes).await? {
            // It was carried over before.
            None | Some(0) => Ok(()),
            // The admin follows from the new chat already.
            Some(_) => self.unfollow(subscription).await.map(|_| ()),
        }
    }

    /// What `admin` follows from `chat`.
    pub async fn of_admin(&self, admin: UserId, chat: ChatId) -> anyhow::Result<Vec<Subscription>> {
        let query = self
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .filter_expression("is_active = :true")
            .expression_attribute_values(":pk", s(format!("ADMIN#{admin}")))
            .expression_attribute_values(":sk", s(format!("SUB#{chat}#")))
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(serde_dynamo::from_item::<_, SubscriptionItem>(item.context("listing subscriptions")?)?.subscription);
        }
        Ok(found)
    }

    /// Does anybody follow `source`? One read of half a unit.
    pub async fn is_followed(&self, source: Source) -> anyhow::Result<bool> {
        let answer = self.by_source(source).select(Select::Count).limit(1).send().await.context("looking for followers")?;
        Ok(answer.count() > 0)
    }

    /// Everybody who follows `source`: the chat, and the admin who follows from it.
    pub async fn followers(&self, source: Source) -> anyhow::Result<Vec<(ChatId, UserId)>> {
        let mut pages = self.by_source(source).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item: SubscriptionItem = serde_dynamo::from_item(item.context("reading followers")?)?;
            found.push((item.subscription.admin_chat_id, item.subscription.admin_user_id));
        }
        Ok(found)
    }

    /// Everything that is followed from `chat`.
    pub async fn of_chat(&self, chat: ChatId) -> anyhow::Result<Vec<Subscription>> {
        let items = self.items_of_chat(chat).await?;
        Ok(items.into_iter().filter(|item| item.is_active).map(|item| item.subscription).collect())
    }

    /// Who follows anything from `chat`, or did until his subscriptions ended with the chat, not before `since` (Unix seconds).
    pub async fn admins_of_chat(&self, chat: ChatId, since: i64) -> anyhow::Result<BTreeSet<UserId>> {
        let items = self.items_of_chat(chat).await?;
        let told = items.into_iter().filter(|item| item.is_active || item.updated_at >= since);
        Ok(told.map(|item| item.subscription.admin_user_id).collect())
    }

    async fn items_of_chat(&self, chat: ChatId) -> anyhow::Result<Vec<SubscriptionItem>> {
        let query = self
            .query()
            .index_name("by_chat")
            .key_condition_expression("chat_key = :chat")
            .expression_attribute_values(":chat", s(chat.to_string()));
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(serde_dynamo::from_item(item.context("reading a chat's subscriptions")?)?);
        }
        Ok(found)
    }

    fn query(&self) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.table.client.query().table_name(&self.table.name)
    }

    fn by_source(&self, source: Source) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.query()
            .index_name("by_source")
            .key_condition_expression("source_key = :source")
            .expression_attribute_values(":source", s(source.to_string()))
    }

    fn activate(&self, subscription: &Subscription, mode: Mode) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression(
                "SET subscription_id = :id, admin_user_id = :admin, admin_chat_id = :chat, #source = :source, #mode = :mode, is_active = :true, \
                 created_at = if_not_exists(created_at, :now), updated_at = :now, source_key = :source, chat_key = :chat_key, \
                 follower_key = :follower, version = :version",
            )
            .condition_expression("attribute_not_exists(pk) OR is_active = :false")
            .expression_attribute_names("#source", "source")
            .expression_attribute_names("#mode", "mode")
            .set_expression_attribute_values(Some(HashMap::from([
                (":id".to_owned(), s(subscription.id().to_string())),
                (":admin".to_owned(), n(subscription.admin_user_id.0)),
                (":chat".to_owned(), n(subscription.admin_chat_id.0)),
                (":source".to_owned(), s(subscription.source.to_string())),
                (":mode".to_owned(), s(mode.name())),
                (":chat_key".to_owned(), s(subscription.admin_chat_id.to_string())),
                (":follower".to_owned(), s(format!("{}#{}", subscription.admin_chat_id, subscription.admin_user_id))),
                (":true".to_owned(), AttributeValue::Bool(true)),
                (":false".to_owned(), AttributeValue::Bool(false)),
                (":now".to_owned(), n(time::now())),
                (":version".to_owned(), n(i64::from(VERSION))),
            ])));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn deactivate(&self, subscription: &Subscription, remove: &str) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key_of(subscription)))
            .update_expression(format!("SET is_active = :false, updated_at = :now {remove}"))
            .condition_expression("is_active = :true")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":now", n(time::now()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn count(&self, admin: UserId, change: i64) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(count_key(admin)))
            .update_expression("ADD active :change SET admin_user_id = :admin, updated_at = :now, version = :version")
            .condition_expression(if change > 0 { "attribute_not_exists(active) OR active < :limit" } else { "active > :limit" })
            .expression_attribute_values(":change", n(change))
            .expression_attribute_values(":admin", n(admin.0))
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":limit", n(if change > 0 { i64::from(MAX_PER_ADMIN) } else { 0 }))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Counts among all; `change`: 1 for one that begins, -1 for one that ends.
    fn tally(&self, admin: UserId, change: i64) -> anyhow::Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(stats_key(admin.0.unsigned_abs() % STATS_SHARDS)))
            .update_expression("ADD active :change, created :created, ended :ended SET version = :version")
            .expression_attribute_values(":change", n(change))
            .expression_attribute_values(":created", n(change.max(0)))
            .expression_attribute_values(":ended", n((-change).max(0)))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Lets a subscription be found by its id, from the first moment on, which an index would not.
    fn name(&self, subscription: &Subscription) -> anyhow::Result<TransactWriteItem> {
        let mut item: Attributes = serde_dynamo::to_item(subscription)?;
        item.extend(id_key(subscription.id()));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        Ok(TransactWriteItem::builder().put(Put::builder().table_name(&self.table.name).set_item(Some(item)).build()?).build())
    }

    /// As [`Subscriptions::transact`], again and again while others are met. `None`: written; else the write that was refused.
    async fn transact_all(&self, writes: &[TransactWriteItem]) -> anyhow::Result<Option<usize>> {
        for _ in 0..CONFLICT_ROUNDS {
            match self.transact(writes).await? {
                Transacted::Written => return Ok(None),
                Transacted::Refused(index) => return Ok(Some(index)),
                Transacted::Met => {}
            }
        }
        bail!("a subscription's transaction met others {CONFLICT_ROUNDS} times")
    }

    async fn transact(&self, writes: &[TransactWriteItem]) -> anyhow::Result<Transacted> {
        let answer = self.table.client.transact_write_items().set_transact_items(Some(writes.to_vec())).send().await;
        let error = match answer {
            Ok(_) => return Ok(Transacted::Written),
            Err(error) => error,
        };
        let canceled = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            _ => return Err(error).context("writing a subscription"),
        };
        let of = |code: &str| canceled.iter().position(|reason| reason.code() == Some(code));
        match (of("ConditionalCheckFailed"), of("TransactionConflict")) {
            (Some(index), _) => Ok(Transacted::Refused(index)),
            (None, Some(_)) => Ok(Transacted::Met),
            (None, None) => Err(error).context("writing a subscription"),
        }
    }
}

/// What came of a transaction.
enum Transacted {
    Written,
    /// Nothing is written: the condition of the write with this index does not hold.
    Refused(usize),
    /// Nothing is written: it met another transaction.
    Met,
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
