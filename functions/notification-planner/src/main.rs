//! Events → one message a recipient on the notification queue.

use anyhow::Context as _;
use aws::batch::BusEvent;
use aws::lambda::{self, Context};
use aws::queue::{Message, Queue};
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::Syncs;
use aws::store::users::{Profile, Users};
use aws::{Aws, env};
use domain::chat::Cause;
use domain::event::{self, ChatChanged, Envelope};
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::notification::{Content, Notification, SyncReport, by_admin, notification_id};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

struct Planner {
    subscriptions: Subscriptions,
    users: Users,
    syncs: Syncs,
    queue: Queue,
}

fn main() -> Result<(), lambda::Error> {
    lambda::run(
        || async {
            let aws = Aws::from_env().await;
            Ok(Planner {
                subscriptions: Subscriptions::new(&aws, env::required("SUBSCRIPTIONS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                syncs: Syncs::new(&aws, env::required("SYNC_TABLE")?),
                queue: Queue::new(&aws, env::required("NOTIFICATION_QUEUE_URL")?),
            })
        },
        plan,
    )
}

async fn plan(planner: Arc<Planner>, event: BusEvent<Envelope<Box<RawValue>>>, _context: Context) -> anyhow::Result<()> {
    let (event_id, payload) = (event.detail.event_id.to_string(), event.detail.payload.get());
    match event.detail.event_type.as_str() {
        event::SYNC_COMPLETED | event::SYNC_PARTIAL | event::SYNC_FAILED => {
            planner.sync_ended(&event_id, serde_json::from_str(payload)?).await
        }
        event::CHAT_SUSPENDED | event::CHAT_REMOVED => {
            let changed: ChatChanged = serde_json::from_str(payload)?;
            // A loss that a sync noticed is in that sync's report.
            if changed.cause == Cause::Sync {
                return Ok(());
            }
            planner.chat_lost(&event_id, &event.detail.event_type, &changed).await
        }
        other => {
            tracing::warn!(event_type = other, "an event that nobody is told of; the rule should leave it out");
            Ok(())
        }
    }
}

impl Planner {
    /// One report an admin, whatever number of his chats the sync touched.
    async fn sync_ended(&self, event_id: &str, sync: event::Sync) -> anyhow::Result<()> {
        let summary = self.syncs.summary(sync.sync_id).await?.context("the sync of this event is not stored")?;
        let admins = by_admin(&self.syncs.results(sync.sync_id).await?);
        let chats: BTreeSet<ChatId> = admins.values().flatten().flat_map(|(_, chats)| chats).copied().collect();
        let titles = self.titles(chats).await?;
        let source_chat = summary.source_chat_title.unwrap_or_else(|| summary.source_chat_id.to_string());
        let contents = admins.into_iter().map(|(admin, groups)| {
            let title = |chat: &ChatId| titles.get(chat).cloned().unwrap_or_else(|| chat.to_string());
            let chats = groups.into_iter().map(|(outcome, chats)| (outcome, chats.iter().map(title).collect())).collect();
            let report = SyncReport {
                user_id: summary.user_id,
                user_name: summary.user_name.clone(),
                source_chat: source_chat.clone(),
                reason: summary.reason.clone(),
                at: summary.event_timestamp,
                chats,
            };
            (admin, Content::SyncReport(report))
        });
        self.send(event_id, &sync.ban_event_id.to_string(), contents.collect()).await
    }

    /// Everybody who follows from the chat is told once.
    async fn chat_lost(&self, event_id: &str, event_type: &str, changed: &ChatChanged) -> anyhow::Result<()> {
        let chat = changed.title.clone().unwrap_or_else(|| changed.chat_id.to_string());
        let content = match event_type {
            event::CHAT_SUSPENDED => Content::ChatSuspended { chat },
            _ => Content::ChatRemoved { chat },
        };
        // chat-lifecycle ends the subscriptions of a removed chat at the same time: those that just ended still name who is to be told.
        let admins = self.subscriptions.admins_of_chat(changed.chat_id, changed.changed_at).await?;
        self.send(event_id, event_id, admins.into_iter().map(|admin| (admin, content.clone())).collect()).await
    }

    async fn send(&self, event_id: &str, correlation_id: &str, contents: BTreeMap<UserId, Content>) -> anyhow::Result<()> {
        let profiles = self.users.profiles(contents.keys().copied()).await?;
        let wanted = contents.into_iter().filter(|(recipient, _)| profiles.get(recipient).is_none_or(Profile::wants_notifications));
        let messages = wanted.map(|(recipient, content)| {
            let notification = Notification {
                notification_id: notification_id(event_id, recipient),
                correlation_id: correlation_id.to_owned(),
                recipient,
                lang: profiles.get(&recipient).map_or_else(|| Lang::of(None, None), Profile::lang),
                content,
            };
            Message::new(&notification, 0)
        });
        let messages: Vec<_> = messages.collect::<anyhow::Result<_>>()?;
        let recipients = messages.len();
        self.queue.send_all(messages).await?;
        tracing::info!(correlation_id, recipients, "notifications planned");
        Ok(())
    }

    async fn titles(&self, chats: BTreeSet<ChatId>) -> anyhow::Result<BTreeMap<ChatId, String>> {
        let chats = self.users.chats(chats).await?;
        Ok(chats.into_iter().filter_map(|(id, chat)| Some((id, chat.title?))).collect())
    }
}
