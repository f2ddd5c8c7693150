//! Lists of subscriptions, and counts.

use super::{CountItem, STATS_SHARDS, Stats, SubscriptionItem, Subscriptions, count_key, id_key, key_of, stats_key};
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{Attributes, s};
use anyhow::Context;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use domain::ids::{ChatId, UserId};
use domain::subscription::{Source, Subscription};
use domain::sync::Follower;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Chats whose followers are read at a time.
const AT_A_TIME: usize = 16;

impl Subscriptions {
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

    /// What `admin` follows from `chat`.
    pub async fn of_admin(&self, admin: UserId, chat: ChatId) -> anyhow::Result<Vec<Subscription>> {
        let query = self
            .query()
            .consistent_read(true)
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

    /// Who follows `source`, chat by chat: from the chat after `after` on, all followers of about `limit` of them. The last chat, where
    /// there are more.
    pub async fn followers(&self, source: Source, after: Option<ChatId>, limit: usize) -> anyhow::Result<(Vec<Follower>, Option<ChatId>)> {
        // A chat's keys are `<chat>#<admin>`; `~` comes after every digit.
        let query = match after {
            Some(chat) => self
                .by_source(source)
                .key_condition_expression("source_key = :source AND follower_key > :after")
                .expression_attribute_values(":after", s(format!("{chat}#~"))),
            None => self.by_source(source),
        };
        let mut items = query.into_paginator().items().send();
        let (mut found, mut chats, mut last) = (Vec::new(), 0, None);
        while let Some(item) = items.next().await {
            let item: SubscriptionItem = serde_dynamo::from_item(item.context("reading followers")?)?;
            let chat = item.subscription.admin_chat_id;
            if last != Some(chat) {
                if chats == limit {
                    return Ok((found, last));
                }
                (chats, last) = (chats + 1, Some(chat));
            }
            found.push(Follower { chat_id: chat, admin: item.subscription.admin_user_id, mode: item.mode });
        }
        Ok((found, None))
    }

    /// Who follows `source` from these chats.
    pub async fn followers_in(&self, source: Source, chats: &[ChatId]) -> anyhow::Result<Vec<Follower>> {
        let of_chat = |chat: ChatId| async move {
            let query = self
                .by_source(source)
                .key_condition_expression("source_key = :source AND begins_with(follower_key, :chat)")
                .expression_attribute_values(":chat", s(format!("{chat}#")));
            let answer = query.send().await.context("reading the followers of a chat")?;
            let items: Vec<SubscriptionItem> = serde_dynamo::from_items(answer.items.unwrap_or_default())?;
            let follower = |item: SubscriptionItem| Follower { chat_id: chat, admin: item.subscription.admin_user_id, mode: item.mode };
            anyhow::Ok(items.into_iter().map(follower).collect::<Vec<_>>())
        };
        let found: Vec<Vec<_>> = stream::iter(chats.iter().copied().map(of_chat)).buffered(AT_A_TIME).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// A page of what is followed from `chat`, by whomever.
    pub async fn page_of_chat(&self, chat: ChatId, wanted: &Wanted) -> Result<Page<SubscriptionItem>, PageError> {
        let query = self
            .query()
            .index_name("by_chat")
            .key_condition_expression("chat_key = :chat")
            .filter_expression("is_active = :true")
            .expression_attribute_values(":chat", s(chat.to_string()))
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        self.table.page(query, &format!("followed from chat {chat}"), wanted).await
    }

    /// Everything that is followed from `chat`.
    pub async fn of_chat(&self, chat: ChatId) -> anyhow::Result<Vec<Subscription>> {
        let items = self.items_of_chat(chat).await?;
        Ok(items.into_iter().filter(|item| item.is_active).map(|item| item.subscription).collect())
    }

    /// What moves with `chat`: everything that is followed from there; and, where it was taken for gone since `gone_since` (Unix seconds), what
    /// has ended with it since then.
    pub async fn to_migrate(&self, chat: ChatId, gone_since: Option<i64>) -> anyhow::Result<Vec<SubscriptionItem>> {
        let mut items = self.items_of_chat(chat).await?;
        items.retain(|item| item.is_active || gone_since.is_some_and(|since| item.updated_at >= since));
        Ok(items)
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

    async fn read<T: DeserializeOwned>(&self, key: Attributes) -> anyhow::Result<Option<T>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true);
        let item = get.send().await.context("reading a subscription")?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?)
    }

    fn query(&self) -> QueryFluentBuilder {
        self.table.client.query().table_name(&self.table.name)
    }

    fn by_source(&self, source: Source) -> QueryFluentBuilder {
        self.query()
            .index_name("by_source")
            .key_condition_expression("source_key = :source")
            .expression_attribute_values(":source", s(source.to_string()))
    }
}
