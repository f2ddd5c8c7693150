//! Communities: chats that belong together (Bot API 10.2).

use serde_json::json;

use super::chats::Community;
use super::{Refused, World};

impl World {
    /// Without a `name` the chat leaves its community. Both are told by service messages; that of leaving is empty (Bot API,
    /// `CommunityChatRemoved`).
    pub fn set_community(&mut self, chat: i64, community: i64, name: Option<String>) -> Result<(), Refused> {
        let owner = self.chat(chat)?.owner;
        let community = name.map(|name| Community { id: community, name });
        let fields = match &community {
            Some(community) => json!({"community_chat_added": {"community": community}}),
            None => json!({"community_chat_removed": {}}),
        };
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.community = community;
        }
        self.service_message(chat, owner, fields);
        Ok(())
    }

    /// The service message stands in the place of the usual one (Bot API 10.3, `CommunityChatJoined`).
    pub fn join_from_community(&mut self, chat: i64, user: i64) -> Result<(), Refused> {
        let community = self.chat(chat)?.community.clone().ok_or_else(|| format!("chat {chat} is in no community"))?;
        let status = self.entering(chat, user)?;
        self.change_status(chat, user, status, user, json!({}));
        self.service_message(chat, user, json!({"community_chat_joined": {"community": community}}));
        Ok(())
    }
}
