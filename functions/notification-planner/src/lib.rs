//! Events → one message a recipient: on the notification queue, or held until the moment that the recipient chose.
//!
//! # Layout
//! - here: what an event calls for, and whom it is about
//! - [`together`]: what is told of along with a sync
//! - [`alarms`]: what operators are told
//! - [`told`]: what each recipient is told; [`asked`]: what each is asked

mod alarms;
mod asked;
mod together;
mod told;

use anyhow::Context as _;
use aws::batch::{BusEvent, TopicEvent};
use aws::env;
use aws::lambda::{self, Context};
use aws::store::page::Wanted;
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::{Summary, Syncs};
use aws::store::users::Users;
use aws::tell::{Teller, Told};
use domain::chat::Cause;
use domain::event::{self, AdminChanged, ChatChanged, Envelope, LimitReached, SubscriptionChanged, SyncPart};
use domain::ids::{ChatId, UserId};
use domain::notification::Content;
use domain::question::{About, id_of};
use domain::sync::{Outcome, Reason, TargetResult};
use domain::template::TemplateId;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use told::Known;
use uuid::Uuid;

/// Administrators of a source that are read: Telegram lets a chat have about 50.
const SOURCE_ADMINS: usize = 50;

/// The newest syncs about a person that are looked at: for whether a source bans and unbans them over and over, and for what was decided along
/// with a ban. A community of more chats is told of in several cards.
const NEWEST: i32 = 100;

struct Planner {
    subscriptions: Subscriptions,
    users: Users,
    syncs: Syncs,
    teller: Teller,
    /// Where operators are told of alarms; `None`: nowhere.
    operators: Option<ChatId>,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            Ok(Planner {
                subscriptions: Subscriptions::new(&aws, env::required("SUBSCRIPTIONS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                syncs: Syncs::new(&aws, env::required("SYNC_TABLE")?),
                teller: Teller::new(&aws, &env::required("NOTIFICATIONS_TABLE")?, env::required("NOTIFICATION_QUEUE_URL")?),
                operators: Some(env::parsed("OPERATORS_CHAT")?).filter(|chat| *chat != 0).map(ChatId),
            })
        },
        plan,
    )
}

async fn plan(planner: Arc<Planner>, event: Box<RawValue>, _context: Context) -> anyhow::Result<()> {
    match serde_json::from_str::<TopicEvent>(event.get()) {
        Ok(alarms) => planner.alarms(alarms).await,
        Err(_) => planner.event(serde_json::from_str(event.get()).context("neither an event of the bus nor an alarm")?).await,
    }
}

impl Planner {
    async fn event(&self, event: BusEvent<Envelope<Box<RawValue>>>) -> anyhow::Result<()> {
        let (event_id, payload) = (event.detail.event_id.to_string(), event.detail.payload.get());
        match event.detail.event_type.as_str() {
            event::SYNC_COMPLETED | event::SYNC_PARTIAL | event::SYNC_FAILED => {
                let ended: event::Sync = serde_json::from_str(payload)?;
                self.part_ended(&event_id, ended.sync_id, None).await
            }
            event::SYNC_PART_COMPLETED => {
                let SyncPart { sync_id, part } = serde_json::from_str(payload)?;
                self.part_ended(&event_id, sync_id, Some(part)).await
            }
            event::CHAT_SUSPENDED | event::CHAT_REMOVED => {
                let changed: ChatChanged = serde_json::from_str(payload)?;
                // A loss that a sync noticed is in that sync's report.
                if changed.cause == Cause::Sync {
                    return Ok(());
                }
                self.chat_lost(&event_id, &event.detail.event_type, &changed).await
            }
            event::CHAT_ACTIVATED => {
                let changed: ChatChanged = serde_json::from_str(payload)?;
                // Admins of a chat that the bot has just joined were never told that it cannot ban.
                if !changed.was_suspended {
                    return Ok(());
                }
                self.chat_resumed(&event_id, &changed).await
            }
            event::ADMIN_SUSPENDED | event::ADMIN_RESUMED => {
                let may_ban = event.detail.event_type == event::ADMIN_RESUMED;
                self.admin_changed(&event_id, serde_json::from_str(payload)?, may_ban).await
            }
            event::SUBSCRIPTION_CREATED => {
                let made: SubscriptionChanged = serde_json::from_str(payload)?;
                // In the bot the admin has seen it.
                if made.by_program { self.followed(&event_id, &made).await } else { Ok(()) }
            }
            event::SUBSCRIPTION_LIMIT_REACHED => {
                let LimitReached { admin_user_id, active } = serde_json::from_str(payload)?;
                let content = templated(TemplateId::LimitReached, [("count", active.to_string())]);
                self.send(&event_id, vec![Told::once(admin_user_id, &event_id, content, None)]).await
            }
            other => {
                tracing::warn!(event_type = other, "an event that nobody is told of; the rule should leave it out");
                Ok(())
            }
        }
    }

    /// One report an admin, whatever number of his chats the sync touched, and his questions. `part`: of a sync that has several, which are
    /// told of one by one; `None`: it has ended.
    async fn part_ended(&self, event_id: &str, sync_id: Uuid, part: Option<u32>) -> anyhow::Result<()> {
        let summary = self.syncs.summary(sync_id).await?.context("the sync of this event is not stored")?;
        // Its parts have been told of.
        if part.is_none() && summary.next.is_some() {
            return Ok(());
        }
        let results = self.syncs.part_results(sync_id, part.unwrap_or(0)).await?;
        let asked = self.asked(&summary, &results).await?;
        let recent = self.syncs.recent(summary.user_id, summary.event_timestamp - 3600, NEWEST).await?;
        // Of a source that bans and unbans over and over is told by itself, and once an hour.
        let is_cycle = told::is_cycle(&summary, &recent);
        let others = if is_cycle { &[][..] } else { &recent };
        let group = self.group(event_id, &summary, part, results.clone(), others).await?;
        let mut named = group.chats();
        named.extend(asked.iter().map(|asked| asked.question.chat_id));
        if named.is_empty() {
            return Ok(());
        }
        let decisions = group.decisions.iter().chain(asked.iter().flat_map(|asked| &asked.decisions));
        let sources: BTreeSet<_> = decisions.map(|decision| decision.source_chat_id).collect();
        named.extend(&sources);
        let mut of_sources = BTreeMap::new();
        for &source in &sources {
            of_sources.insert(source, self.admins_of(source).await?.into_iter().collect());
        }
        let by = self.users.profiles(summary.initiator_user_id).await?;
        let known = Known {
            chats: self.users.chats_with_successors(named).await?,
            of_sources,
            by: summary.initiator_user_id.and_then(|id| by.get(&id)).cloned(),
        };
        let mut messages = group.reports(&known);
        if is_cycle {
            for told in &mut messages {
                told::fold(told, told::cycle(&summary));
            }
        }
        messages.extend(asked.iter().flat_map(|asked| asked.questions(&known)));
        messages.extend(self.to_source(&summary, &results).await?);
        self.send(&summary.ban_event_id.to_string(), messages).await
    }

    /// The source's own admins are told where its bans are held. They release nothing: whoever floods may be one of them.
    async fn to_source(&self, summary: &Summary, results: &[TargetResult]) -> anyhow::Result<Vec<Told>> {
        if !results.iter().any(|result| result.outcome == Outcome::Skipped(Reason::Held)) {
            return Ok(Vec::new());
        }
        let source = summary.source_chat_id;
        // Once an hour.
        let what = id_of(About::Held, source, summary.user_id, source, summary.event_timestamp, 0).to_string();
        let told = |recipient| {
            let content = Content::BansHeld { chat: told::source_chat(summary) };
            Told::once(recipient, &what, content, None)
        };
        Ok(self.admins_of(source).await?.into_iter().map(told).collect())
    }

    /// The administrators of a source, as far as they are known.
    async fn admins_of(&self, source: ChatId) -> anyhow::Result<Vec<UserId>> {
        let admins = self.users.admins(source, &Wanted { limit: SOURCE_ADMINS, cursor: None }).await?.items;
        Ok(admins.into_iter().map(|admin| admin.user_id).collect())
    }

    /// An admin who follows something from the chat is told that their right to ban went or came, and their subscriptions with it.
    async fn admin_changed(&self, event_id: &str, changed: AdminChanged, may_ban: bool) -> anyhow::Result<()> {
        let AdminChanged { chat_id, user_id, .. } = changed;
        let known = self.users.admin(chat_id, user_id).await?;
        // What has changed back meanwhile is no news.
        let is_so = known.and_then(|known| known.role()).is_some_and(|role| role.can_ban == may_ban);
        if !is_so {
            return Ok(());
        }
        if self.subscriptions.of_admin(user_id, chat_id).await?.is_empty() {
            return Ok(());
        }
        let chat = self.users.chats([chat_id]).await?.remove(&chat_id);
        let lang = chat.as_ref().and_then(|chat| chat.settings.language);
        let chat = chat.and_then(|chat| chat.title).unwrap_or_else(|| chat_id.to_string());
        let content = if may_ban { Content::AdminResumed { chat } } else { Content::AdminSuspended { chat } };
        self.send(event_id, vec![Told::once(user_id, event_id, content, lang)]).await
    }

    /// Everybody who follows from the chat is told once.
    async fn chat_lost(&self, event_id: &str, event_type: &str, changed: &ChatChanged) -> anyhow::Result<()> {
        let chat = title_of(changed);
        let content = match event_type {
            event::CHAT_SUSPENDED => Content::ChatSuspended { chat },
            _ => Content::ChatRemoved { chat },
        };
        // chat-lifecycle ends the subscriptions of a removed chat at the same time: those that just ended still name who is to be told.
        self.tell_followers(event_id, changed.chat_id, changed.changed_at, &content).await
    }

    /// Everybody who follows from the chat is told once that it goes on.
    async fn chat_resumed(&self, event_id: &str, changed: &ChatChanged) -> anyhow::Result<()> {
        // An admin who has just ended their subscription is not told any more.
        self.tell_followers(event_id, changed.chat_id, i64::MAX, &Content::ChatResumed { chat: title_of(changed) }).await
    }

    /// `since`: whose subscription ended at this moment or later is told, too.
    async fn tell_followers(&self, event_id: &str, chat: ChatId, since: i64, content: &Content) -> anyhow::Result<()> {
        let admins = self.subscriptions.admins_of_chat(chat, since).await?;
        let lang = self.users.chats([chat]).await?.remove(&chat).and_then(|chat| chat.settings.language);
        let told = |recipient| Told::once(recipient, event_id, content.clone(), lang);
        self.send(event_id, admins.into_iter().map(told).collect()).await
    }

    /// An admin for whom a program has made a subscription is told of it.
    async fn followed(&self, event_id: &str, made: &SubscriptionChanged) -> anyhow::Result<()> {
        let (chat_id, tracked) = (made.admin_chat_id, made.tracked_user_id);
        let chat = self.users.chats([chat_id]).await?.remove(&chat_id);
        let person = self.users.profiles([tracked]).await?.remove(&tracked).filter(|person| person.erased_at.is_none());
        let name = person.map(|person| person.name()).filter(|name| !name.is_empty());
        let values = [
            ("username", name.unwrap_or_else(|| format!("ID {tracked}"))),
            ("user_id", tracked.to_string()),
            ("chat_name", chat.as_ref().and_then(|chat| chat.title.clone()).unwrap_or_else(|| chat_id.to_string())),
        ];
        let lang = chat.and_then(|chat| chat.settings.language);
        let content = templated(TemplateId::SubscriptionCreated, values);
        self.send(event_id, vec![Told::once(made.admin_user_id, event_id, content, lang)]).await
    }

    async fn send(&self, correlation_id: &str, told: Vec<Told>) -> anyhow::Result<()> {
        self.teller.tell(&self.users, correlation_id, told).await
    }
}

/// A message that is no more than its template.
fn templated<const N: usize>(template: TemplateId, values: [(&str, String); N]) -> Content {
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Content::Templated { template, values, urgent: false }
}

/// The chat's title in messages.
fn title_of(changed: &ChatChanged) -> String {
    changed.title.clone().unwrap_or_else(|| changed.chat_id.to_string())
}
