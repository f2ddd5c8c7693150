//! Many chats that follow somebody, for tests of large syncs.

use crate::play::Play;
use anyhow::Result;
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::subscription::{Source, Subscription};
use domain::sync::{Kind, Origin, Request, Whom, further_sync_id};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Play {
    /// Carries a ban that nobody followed when it came over to all who follow by now. Nothing is known of these chats: as if each had let it in.
    pub async fn carry_over(&self, event: &BanEvent) -> Result<Uuid> {
        self.carry_over_as(event, Origin::Confirmed).await
    }

    /// The same, begun by something else.
    pub async fn carry_over_as(&self, event: &BanEvent, origin: Origin) -> Result<Uuid> {
        let sync_id = further_sync_id(event.event_id, origin, "to all");
        let (ban_event_id, kind, whom) = (event.event_id, Kind::Ban, Whom::Followers);
        self.syncs.request(&Request { sync_id, ban_event_id, kind, origin, whom, by: None, waits: false }).await?;
        Ok(sync_id)
    }

    /// Has Boris follow Mallory from so many chats that nothing is known of; the chats.
    ///
    /// Such items stand where the table's stream has no reader: the events of as many subscriptions are another matter.
    pub async fn seed(&self, chats: usize, boris: i64, mallory: i64) -> Result<BTreeSet<i64>> {
        self.seed_each(&vec![boris; chats], mallory).await
    }

    /// The same, of an admin a chat.
    pub async fn seed_each(&self, admins: &[i64], mallory: i64) -> Result<BTreeSet<i64>> {
        let client = reqwest::Client::new();
        let source = Source::User(UserId(mallory));
        let first = -3_000_000_000_000 - crate::made_up::unique();
        let chats: Vec<(i64, i64)> = admins.iter().enumerate().map(|(n, &admin)| (first - n as i64, admin)).collect();
        let put = |(chat, boris): (i64, i64)| {
            let subscription = Subscription { admin_user_id: UserId(boris), admin_chat_id: ChatId(chat), source };
            json!({"PutRequest": {"Item": {
                "pk": {"S": format!("BENCH#{boris}")},
                "sk": {"S": format!("BENCH#{chat}")},
                "subscription_id": {"S": subscription.id().to_string()},
                "admin_user_id": {"N": boris.to_string()},
                "admin_chat_id": {"N": chat.to_string()},
                "source": {"S": source.to_string()},
                "mode": {"S": "auto"},
                "is_active": {"BOOL": true},
                "updated_at": {"N": "1"},
                "source_key": {"S": source.to_string()},
                "follower_key": {"S": format!("{chat}#{boris}")},
                "version": {"N": "1"},
            }}})
        };
        let writes = chats.chunks(25).map(async |chats| {
            let items: Vec<Value> = chats.iter().map(|&pair| put(pair)).collect();
            let mut requests = Map::new();
            requests.insert(self.stack.tables["subscriptions"].clone(), items.into());
            let answer = self.stack.dynamodb(&client, "BatchWriteItem", &json!({"RequestItems": requests})).await?;
            anyhow::ensure!(answer["UnprocessedItems"].as_object().is_none_or(Map::is_empty), "{answer}");
            anyhow::Ok(())
        });
        stream::iter(writes).buffer_unordered(4).try_collect::<Vec<()>>().await?;
        Ok(chats.into_iter().map(|(chat, _)| chat).collect())
    }
}
