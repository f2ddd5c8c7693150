//! A chat is gone or has become another, an admin is one no longer, a person is erased: what hangs on them follows.
//!
//! Every step may be done again: what was done before stays as it is.

mod chats;
mod erase;

use aws::batch::BusEvent;
use aws::env;
use aws::lambda::{self, Context};
use aws::store::held::{Erasure, Tables};
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::Syncs;
use aws::store::users::Users;
use domain::event::{
    ADMIN_REMOVED, ADMIN_RESUMED, ADMIN_SUSPENDED, CHAT_MIGRATED, CHAT_REMOVED, ChatChanged, Envelope, SUBSCRIPTION_DELETED, USER_ERASED,
};
use serde_json::value::RawValue;
use std::sync::Arc;

struct Lifecycle {
    subscriptions: Subscriptions,
    syncs: Syncs,
    users: Users,
    erasure: Erasure,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            let subscriptions = env::required("SUBSCRIPTIONS_TABLE")?;
            let tables = Tables {
                bans: env::required("BANS_TABLE")?,
                notifications: env::required("NOTIFICATIONS_TABLE")?,
                subscriptions: subscriptions.clone(),
                sync: env::required("SYNC_TABLE")?,
            };
            Ok(Lifecycle {
                subscriptions: Subscriptions::new(&aws, subscriptions),
                syncs: Syncs::new(&aws, tables.sync.clone()),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                erasure: Erasure::new(&aws, tables),
            })
        },
        follow,
    )
}

async fn follow(lifecycle: Arc<Lifecycle>, event: BusEvent<Envelope<Box<RawValue>>>, _context: Context) -> anyhow::Result<()> {
    let (event_type, payload) = (event.detail.event_type.as_str(), event.detail.payload.get());
    match event_type {
        CHAT_REMOVED => lifecycle.chat_removed(serde_json::from_str(payload)?).await,
        CHAT_MIGRATED => {
            let chat: ChatChanged = serde_json::from_str(payload)?;
            match chat.migrated_to {
                Some(to) => lifecycle.chat_migrated(chat, to).await,
                None => anyhow::bail!("a migration does not tell where to"),
            }
        }
        SUBSCRIPTION_DELETED => lifecycle.unfollowed(serde_json::from_str(payload)?).await,
        ADMIN_REMOVED => lifecycle.admin_removed(serde_json::from_str(payload)?).await,
        ADMIN_SUSPENDED | ADMIN_RESUMED => lifecycle.admin_changed(serde_json::from_str(payload)?).await,
        USER_ERASED => lifecycle.user_erased(serde_json::from_str(payload)?).await,
        _ => {
            tracing::warn!(event_type, "an event that nothing hangs on; the rule should leave it out");
            Ok(())
        }
    }
}
