//! A ban and the chats it is carried over to: what most tests of the path play, and what is to be true after it whatever broke.

use crate::play::{PATIENCE, Play};
use anyhow::{Result, ensure};
use aws::store::page::Wanted;
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::subscription::{Source, Subscription};
use domain::sync::{Outcome, SyncStatus, Totals};
use std::collections::BTreeSet;
use std::time::Duration;

/// The dead-letter queues.
const DLQS: [&str; 3] = ["sync_dlq", "notification_dlq", "events_dlq"];

/// A source chat, and chats whose admin follows somebody who is in all of them.
pub struct Scene {
    pub alice: i64,
    pub boris: i64,
    pub mallory: i64,
    pub source: i64,
    pub chats: Vec<i64>,
}

impl Play {
    pub async fn scene(&self, chats: usize) -> Result<Scene> {
        let mut scene = self.empty_scene().await?;
        for n in 0..chats {
            let chat = self.chat(&format!("Chat {n}"), scene.boris, &[scene.mallory]).await?;
            // By hand it would be more than a person may ask for in a minute.
            let (admin_user_id, admin_chat_id) = (UserId(scene.boris), ChatId(chat));
            self.subscriptions.follow(&Subscription { admin_user_id, admin_chat_id, source: Source::User(UserId(scene.mallory)) }).await?;
            scene.chats.push(chat);
        }
        self.all_follow(&scene).await?;
        Ok(scene)
    }

    /// As [`Play::scene`], for many chats: nobody types a command.
    pub async fn large_scene(&self, chats: usize) -> Result<Scene> {
        let mut scene = self.empty_scene().await?;
        for n in 0..chats {
            let bot = telegram_sim::control::BotRole::Administrator(telegram_sim::AdminRights::moderator());
            let new = telegram_sim::control::NewChat::supergroup(&format!("Chat {n}"), scene.boris).bot(bot);
            let chat = self.telegram.create_chat(new).await?;
            let (admin_user_id, admin_chat_id) = (UserId(scene.boris), ChatId(chat));
            self.subscriptions.follow(&Subscription { admin_user_id, admin_chat_id, source: Source::User(UserId(scene.mallory)) }).await?;
            scene.chats.push(chat);
        }
        self.accepted_in(&scene.chats).await?;
        self.trusting(&scene.chats).await?;
        self.all_follow(&scene).await?;
        Ok(scene)
    }

    /// Where index reads lag, a chat follows a moment later than it says so.
    async fn all_follow(&self, scene: &Scene) -> Result<()> {
        let all = async || {
            let found = self.subscriptions.count_of_source(Source::User(UserId(scene.mallory))).await;
            Ok(found.ok().filter(|&count| count as usize == scene.chats.len()))
        };
        self.telegram.wait_until("all chats to follow", PATIENCE, all).await.map(drop).map_err(Into::into)
    }

    async fn empty_scene(&self) -> Result<Scene> {
        let (alice, boris, mallory) = (self.admin("Alice", "en").await?, self.admin("Boris", "en").await?, self.person("Mallory").await?);
        let source = self.chat("Source", alice, &[mallory]).await?;
        Ok(Scene { alice, boris, mallory, source, chats: Vec::new() })
    }

    /// Every chat has its one result, and it is a ban of ours.
    pub async fn all_applied(&self, scene: &Scene, event: &BanEvent) -> Result<()> {
        self.all_applied_within(scene, event, PATIENCE).await
    }

    /// The same, and the ledger says so too.
    pub async fn all_applied_within(&self, scene: &Scene, event: &BanEvent, patience: Duration) -> Result<()> {
        let (summary, results) = self.sync_within(event, patience).await?;
        assert_eq!(summary.status, SyncStatus::Completed);
        assert_eq!(summary.totals, Totals { applied: scene.chats.len() as u32, ..Totals::default() }, "{results:?}");
        assert_eq!(summary.total_chats as usize, scene.chats.len());
        assert_eq!(results.len(), scene.chats.len(), "one result a chat");
        let chats: BTreeSet<_> = results.iter().map(|result| result.chat_id.0).collect();
        assert_eq!(chats, scene.chats.iter().copied().collect());
        assert!(results.iter().all(|result| result.outcome == Outcome::Applied));
        for &chat in &scene.chats {
            assert!(self.telegram.is_banned(chat, scene.mallory).await?);
            let entries = self.syncs.entries(ChatId(chat), UserId(scene.mallory)).await?;
            let its: Vec<_> = entries.iter().filter(|entry| entry.sync_id == summary.sync_id).collect();
            assert!(matches!(its[..], [entry] if entry.outcome == Outcome::Applied), "one entry of this sync in the ledger: {entries:?}");
        }
        Ok(())
    }

    /// The admin has read one message about it, and no second one comes.
    pub async fn told_once(&self, scene: &Scene, patience: Duration) -> Result<()> {
        self.telegram.wait_until_sees(scene.boris, "synced", patience).await?;
        self.quiet(&scene.ids()).await?;
        assert_eq!(self.notices(scene.boris).await?.len(), 1);
        Ok(())
    }

    /// The most calls to Telegram that failed for any chat of a scene.
    pub async fn most_tries(&self, scene: &Scene, event: &BanEvent) -> Result<u8> {
        let at = event.event_timestamp;
        let mut most = 0;
        for &chat in &scene.chats {
            let page = self.syncs.log_of_chat(ChatId(chat), at - 60, at + 60, &Wanted { limit: 100, cursor: None }).await?;
            most = page.items.iter().map(|log| log.tries).max().unwrap_or_default().max(most);
        }
        Ok(most)
    }

    /// What other tests left in the dead-letter queues is none of this one's.
    pub async fn forget_dead_letters(&self) -> Result<()> {
        for queue in DLQS {
            self.stack.purge(queue).await?;
        }
        Ok(())
    }

    pub async fn no_dead_letters(&self) -> Result<()> {
        for queue in DLQS {
            let waiting = self.stack.waiting(queue).await?;
            ensure!(waiting == 0, "{waiting} messages in {queue}");
        }
        Ok(())
    }
}

impl Scene {
    /// Its people and chats.
    pub fn ids(&self) -> Vec<i64> {
        [&[self.alice, self.boris, self.mallory, self.source], &self.chats[..]].concat()
    }
}
