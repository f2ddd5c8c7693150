//! A chat is gone, or has become another: its subscriptions and settings follow.

use aws::batch::BusEvent;
use aws::lambda::{self, Context};
use aws::store::subscriptions::Subscriptions;
use aws::store::users::Users;
use aws::{Aws, env};
use domain::chat::ChatState;
use domain::event::{CHAT_MIGRATED, CHAT_REMOVED, ChatChanged, Envelope};
use std::sync::Arc;

struct Lifecycle {
    subscriptions: Subscriptions,
    users: Users,
}

fn main() -> Result<(), lambda::Error> {
    lambda::run(
        || async {
            let aws = Aws::from_env().await;
            Ok(Lifecycle {
                subscriptions: Subscriptions::new(&aws, env::required("SUBSCRIPTIONS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
            })
        },
        follow,
    )
}

/// Every step may be done again: what was done before stays as it is.
async fn follow(lifecycle: Arc<Lifecycle>, event: BusEvent<Envelope<ChatChanged>>, _context: Context) -> anyhow::Result<()> {
    let Lifecycle { subscriptions, users } = &*lifecycle;
    let (event_type, chat) = (event.detail.event_type.as_str(), event.detail.payload);
    let followed = subscriptions.of_chat(chat.chat_id).await?;
    match (event_type, chat.migrated_to) {
        (CHAT_MIGRATED, Some(to)) => {
            users.inherit_settings(chat.chat_id, to).await?;
            for subscription in &followed {
                subscriptions.migrate(subscription, to).await?;
            }
        }
        (CHAT_REMOVED, _) => {
            // The bot may have been added again before this event came.
            let state = users.chats([chat.chat_id]).await?.remove(&chat.chat_id).map(|chat| chat.state);
            if state.is_some_and(|state| state != ChatState::Removed) {
                return Ok(());
            }
            for subscription in &followed {
                subscriptions.end_with_chat(subscription).await?;
            }
        }
        _ => tracing::warn!(event_type, "an event that changes no subscription; the rule should leave it out"),
    }
    tracing::info!(chat_id = %chat.chat_id, event_type, subscriptions = followed.len(), "subscriptions followed their chat");
    Ok(())
}
