//! Communities: chats that belong together, in which an admin of the community bans at once (Bot API 10.2).

use crate::{ADMINS, Webhook};
use aws::store::page::Wanted;
use domain::ban::derive;
use domain::ids::UserId;
use domain::notification::Content;
use telegram::update::CommunityChange;

impl Webhook {
    /// Keeps a chat's community, and tells the chat's admins what it means: once, however often the update comes.
    pub async fn community(&self, change: &CommunityChange) -> anyhow::Result<()> {
        let chat = change.chat_id;
        let is_news = self.users.set_community(chat, change.community.as_ref(), &change.occurred).await?;
        let Some(community) = change.community.as_ref().filter(|_| is_news) else { return Ok(()) };
        let admins = self.users.admins(chat, &Wanted { limit: ADMINS, cursor: None }).await?.items;
        let admins: Vec<UserId> =
            admins.into_iter().filter(|admin| admin.role().is_some_and(|role| role.can_ban)).map(|admin| admin.user_id).collect();
        let profiles = self.users.profiles(admins.iter().copied()).await?;
        let may_be_told = |admin: &UserId| profiles.get(admin).is_none_or(|profile| profile.can_write != Some(false));
        let told: Vec<UserId> = admins.into_iter().filter(may_be_told).collect();
        let what = derive(&["community", &community.id.to_string(), &chat.to_string()]).to_string();
        let title = change.title.clone().unwrap_or_else(|| chat.to_string());
        self.notify(&told, &what, &what, &Content::CommunityAdded { chat: title, community: community.name.clone() }).await
    }
}
