//! A chat is gone or has become another, or an admin of it is one no longer: what is followed from there follows.

use crate::Lifecycle;
use domain::chat::ChatState;
use domain::event::{AdminRemoved, ChatChanged, SubscriptionChanged};
use domain::ids::ChatId;
use domain::subscription::Source;

impl Lifecycle {
    /// Subscriptions and settings of a group go over to the supergroup that it became.
    pub async fn chat_migrated(&self, chat: ChatChanged, to: ChatId) -> anyhow::Result<()> {
        let followed = self.subscriptions.of_chat(chat.chat_id).await?;
        self.users.inherit_settings(chat.chat_id, to).await?;
        for subscription in &followed {
            self.subscriptions.migrate(subscription, to).await?;
        }
        tracing::info!(chat_id = %chat.chat_id, %to, subscriptions = followed.len(), "subscriptions followed their chat");
        Ok(())
    }

    /// Subscriptions of a chat that is gone end.
    pub async fn chat_removed(&self, chat: ChatChanged) -> anyhow::Result<()> {
        // The bot may have been added again before this event came.
        let state = self.users.chat(chat.chat_id).await?.map(|chat| chat.state);
        if state.is_some_and(|state| state != ChatState::Removed) {
            return Ok(());
        }
        let followed = self.subscriptions.of_chat(chat.chat_id).await?;
        for subscription in &followed {
            self.subscriptions.end_with_chat(subscription).await?;
        }
        tracing::info!(chat_id = %chat.chat_id, subscriptions = followed.len(), "subscriptions ended with their chat");
        Ok(())
    }

    /// A chat from which nobody follows a person any more waits for him no longer.
    pub async fn unfollowed(&self, ended: SubscriptionChanged) -> anyhow::Result<()> {
        let SubscriptionChanged { admin_user_id, admin_chat_id: chat, tracked_user_id: user, .. } = ended;
        let followers = self.subscriptions.followers_in(Source::User(user), &[chat]).await?;
        // The index may still have the one that has ended.
        if followers.iter().any(|follower| follower.admin != admin_user_id) {
            return Ok(());
        }
        self.syncs.end_all_pending(chat, user).await
    }

    /// What somebody followed as an admin of a chat ends when he is one no longer.
    pub async fn admin_removed(&self, admin: AdminRemoved) -> anyhow::Result<()> {
        // He may have been made one again before this event came.
        let known = self.users.admin(admin.chat_id, admin.user_id).await?;
        if known.is_some_and(|known| known.role().is_some()) {
            return Ok(());
        }
        let followed = self.subscriptions.of_admin(admin.user_id, admin.chat_id).await?;
        for subscription in &followed {
            self.subscriptions.unfollow(subscription).await?;
        }
        tracing::info!(chat_id = %admin.chat_id, admin = %admin.user_id, subscriptions = followed.len(), "subscriptions ended with their admin's role");
        Ok(())
    }
}
