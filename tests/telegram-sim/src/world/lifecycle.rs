//! Accounts and chats coming, moving and going.

use serde_json::json;

use super::chats::{Chat, Life};
use super::people::ANONYMOUS_ADMIN;
use super::{Refused, Status, User, World};
use crate::control::{BotRole, ChatKind, NewChat, NewUser};
use crate::rights::AdminRights;

/// User ids begin here: beyond 32 bits, as those of new accounts do.
const FIRST_USER: i64 = 7_100_000_000;
/// Basic groups have small negative ids.
const FIRST_GROUP: i64 = -4_100_000_000;
/// Supergroups and channels: -100 and ten digits.
const FIRST_SUPERGROUP: i64 = -1_002_100_000_000;

impl World {
    pub fn create_user(&mut self, new: NewUser) -> Result<i64, Refused> {
        if new.first_name.is_empty() {
            return Err("a user needs a first name".to_owned());
        }
        let id = FIRST_USER + self.next_id();
        self.users.insert(id, User::new(id, new));
        Ok(id)
    }

    pub fn rename_user(
        &mut self,
        user: i64,
        first_name: Option<String>,
        last_name: Option<String>,
        username: Option<String>,
    ) -> Result<(), Refused> {
        let user = self.users.get_mut(&user).ok_or_else(|| format!("no user {user}"))?;
        if let Some(name) = first_name.filter(|n| !n.is_empty()) {
            user.first_name = name;
        }
        if let Some(name) = last_name {
            user.last_name = Some(name).filter(|n| !n.is_empty());
        }
        if let Some(name) = username {
            user.username = Some(name).filter(|n| !n.is_empty());
        }
        Ok(())
    }

    pub fn delete_account(&mut self, user: i64) -> Result<(), Refused> {
        let user = self.users.get_mut(&user).ok_or_else(|| format!("no user {user}"))?;
        user.deleted = true;
        user.username = None;
        user.last_name = None;
        Ok(())
    }

    pub fn create_chat(&mut self, new: NewChat) -> Result<i64, Refused> {
        for user in [new.owner].iter().chain(&new.admins).chain(&new.members) {
            self.user(*user)?;
        }
        let id = self.new_chat_id(new.kind);
        let admin = Status::Administrator { rights: AdminRights::moderator(), promoted_by: new.owner };
        let mut members: std::collections::BTreeMap<i64, Status> = new.members.iter().map(|user| (*user, Status::Member)).collect();
        members.extend(new.admins.iter().map(|user| (*user, admin)));
        members.insert(new.owner, Status::Creator { is_anonymous: false });
        let chat = Chat {
            id,
            kind: new.kind,
            title: new.title,
            username: new.username,
            owner: new.owner,
            life: Life::Active,
            forum: new.forum,
            topics: Default::default(),
            members,
            join_requests: Vec::new(),
            guarded: false,
            community: None,
            bot_was_removed: false,
            ignores_ephemeral: false,
        };
        self.chats.insert(id, chat);
        self.set_bot_role(id, new.bot, None)?;
        Ok(id)
    }

    fn new_chat_id(&mut self, kind: ChatKind) -> i64 {
        let first = if kind == ChatKind::Group { FIRST_GROUP } else { FIRST_SUPERGROUP };
        first - self.next_id()
    }

    pub fn create_topic(&mut self, chat: i64) -> Result<i64, Refused> {
        if !self.chat(chat)?.forum {
            return Err(format!("chat {chat} is no forum"));
        }
        let thread = self.next_message_id(chat);
        self.topics(chat)?.insert(thread, false);
        Ok(thread)
    }

    pub fn close_topic(&mut self, chat: i64, thread: i64) -> Result<(), Refused> {
        let closed = self.topics(chat)?.get_mut(&thread);
        *closed.ok_or_else(|| format!("no topic {thread} in chat {chat}"))? = true;
        Ok(())
    }

    pub fn ignore_ephemeral(&mut self, chat: i64) -> Result<(), Refused> {
        self.chats.get_mut(&chat).ok_or_else(|| format!("no chat {chat}"))?.ignores_ephemeral = true;
        Ok(())
    }

    fn topics(&mut self, chat: i64) -> Result<&mut std::collections::BTreeMap<i64, bool>, Refused> {
        let chat = self.chats.get_mut(&chat).ok_or_else(|| format!("no chat {chat}"))?;
        Ok(&mut chat.topics)
    }

    /// Basic group → supergroup. Everybody keeps what he was, the bot too unless `bot` says otherwise. The old chat
    /// falls silent after its last service message: nobody "leaves" it.
    pub fn migrate(&mut self, old_id: i64, bot: Option<BotRole>) -> Result<i64, Refused> {
        let old = self.chat(old_id)?.clone();
        if old.kind != ChatKind::Group {
            return Err(format!("chat {old_id} is no basic group"));
        }
        let new_id = self.new_chat_id(ChatKind::Supergroup);
        let was = old.status(self.bot.id, self.now());
        let mut new = Chat { id: new_id, kind: ChatKind::Supergroup, ..old.clone() };
        new.members.remove(&self.bot.id);
        self.chats.insert(new_id, new);
        self.service_message(old_id, old.owner, json!({"migrate_to_chat_id": new_id}));
        if let Some(chat) = self.chats.get_mut(&old_id) {
            chat.life = Life::MigratedTo(new_id);
        }
        let status = match bot {
            None => was,
            Some(BotRole::Absent) => Status::Left,
            Some(BotRole::Member) => Status::Member,
            Some(BotRole::Administrator(rights)) => Status::Administrator { rights, promoted_by: old.owner },
        };
        self.change_status(new_id, self.bot.id, status, old.owner, json!({}));
        let chat_json = self.chat_json(new_id);
        let fields = json!({"migrate_from_chat_id": old_id, "sender_chat": chat_json});
        self.service_message(new_id, ANONYMOUS_ADMIN, fields);
        Ok(new_id)
    }

    pub fn delete_chat(&mut self, chat: i64) -> Result<(), Refused> {
        self.chat(chat)?;
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.life = Life::Deleted;
        }
        Ok(())
    }
}
