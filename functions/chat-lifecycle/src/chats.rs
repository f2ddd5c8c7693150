//! A chat is gone or has become another, or an admin of it is one no longer: what is followed from there follows.

use crate::Lifecycle;
use domain::chat::ChatState;
use domain::event::{AdminChanged, ChatChanged, SubscriptionChanged};
use domain::ids::{ChatId, UserId};
use domain::subscription::Source;

impl Lifecycle {
    /// All that a group has goes over to the supergroup that it became: settings, subscriptions, who is waited for. What was done in it stays under
    /// its id, which the supergroup knows.
    ///
    /// The old id may have answered that the chat was deleted before the migration was told; what ended for that begins again.
    pub async fn chat_migrated(&self, chat: ChatChanged, to: ChatId) -> anyhow::Result<()> {
        let (from, gone_since) = (chat.chat_id, chat.gone_since);
        self.users.inherit_settings(from, to).await?;
        // First: a subscription that moves ends under the old id, and with the last one whoever is waited for there.
        let mut waits = self.syncs.move_pending(from, to).await?;
        let followed = self.subscriptions.to_migrate(from, gone_since).await?;
        for item in &followed {
            // Nobody has asked for it since an ended one's admin lost their role.
            if item.is_active || self.is_admin(from, item.subscription.admin_user_id).await? {
                self.subscriptions.migrate(&item.subscription, to, gone_since).await?;
            }
        }
        waits += self.syncs.move_pending(from, to).await?;
        tracing::info!(chat_id = %from, %to, subscriptions = followed.len(), waits, "what a chat had followed it");
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
    pub async fn admin_removed(&self, admin: AdminChanged) -> anyhow::Result<()> {
        // He may have been made one again before this event came.
        let known = self.users.admin(admin.chat_id, admin.user_id).await?;
        if known.is_some_and(|known| known.role().is_some()) {
            return self.admin_changed(admin).await;
        }
        let followed = self.subscriptions.of_admin(admin.user_id, admin.chat_id).await?;
        for subscription in &followed {
            self.subscriptions.unfollow(subscription).await?;
        }
        tracing::info!(chat_id = %admin.chat_id, admin = %admin.user_id, subscriptions = followed.len(), "subscriptions ended with their admin's role");
        Ok(())
    }

    /// What somebody follows from a chat acts only while they may ban there. As it is known now: events may come in any order.
    pub async fn admin_changed(&self, admin: AdminChanged) -> anyhow::Result<()> {
        let known = self.users.admin(admin.chat_id, admin.user_id).await?;
        let Some(role) = known.and_then(|known| known.role()) else { return Ok(()) };
        let followed = self.subscriptions.of_admin(admin.user_id, admin.chat_id).await?;
        let mut changed = 0;
        for subscription in &followed {
            changed += i32::from(match role.can_ban {
                true => self.subscriptions.resume(subscription).await?,
                false => self.subscriptions.suspend(subscription).await?,
            });
        }
        tracing::info!(chat_id = %admin.chat_id, admin = %admin.user_id, changed, can_ban = role.can_ban, "subscriptions follow their admin's right to ban");
        Ok(())
    }

    /// Is somebody an admin of a chat, as far as is known?
    async fn is_admin(&self, chat: ChatId, user: UserId) -> anyhow::Result<bool> {
        Ok(self.users.admin(chat, user).await?.is_none_or(|known| known.role().is_some()))
    }
}
