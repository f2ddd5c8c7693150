//! What people do to each other's membership, as far as Telegram's clients let them.

use serde_json::json;

use super::outbox::Queue;
use super::{JoinQuery, Later, Refused, Status, World};
use crate::control::{BotRole, ChatKind};
use crate::rights::{AdminRights, Permissions};

/// How long the ban of a kick would last if the unban never came, seconds: what clients ask for.
const KICK_BAN: i64 = 60;

impl World {
    pub fn ban(&mut self, chat: i64, admin: i64, user: i64, until: Option<i64>) -> Result<(), Refused> {
        self.may_ban(chat, admin, user)?;
        let until_date = self.stored_until(until);
        self.remove(chat, user, admin, until_date)
    }

    pub fn kick(&mut self, chat: i64, admin: i64, user: i64) -> Result<(), Refused> {
        self.may_ban(chat, admin, user)?;
        if !self.status(chat, user).is_present() {
            return Err(format!("user {user} is not in chat {chat}"));
        }
        self.remove(chat, user, admin, self.now() + KICK_BAN)?;
        if self.chat(chat)?.kind != ChatKind::Group {
            self.scheduled.push((self.now_ms + self.kick_pause_ms, Later::Unban { chat, admin, user }));
        }
        Ok(())
    }

    fn remove(&mut self, chat: i64, user: i64, by: i64, until_date: i64) -> Result<(), Refused> {
        let status = match self.chat(chat)?.kind {
            ChatKind::Group => Status::Left,
            ChatKind::Supergroup | ChatKind::Channel => Status::Kicked { until_date },
        };
        self.set_status(chat, user, status, by);
        Ok(())
    }

    pub fn unban(&mut self, chat: i64, admin: i64, user: i64) -> Result<(), Refused> {
        self.has_right(chat, admin, |r| r.can_restrict_members)?;
        match self.status(chat, user) {
            Status::Kicked { .. } => self.set_status(chat, user, Status::Left, admin),
            other => return Err(format!("user {user} is {}, not banned", other.name())),
        }
        Ok(())
    }

    pub fn restrict(&mut self, chat: i64, admin: i64, user: i64, permissions: Permissions, until: Option<i64>) -> Result<(), Refused> {
        self.may_ban(chat, admin, user)?;
        if self.chat(chat)?.kind != ChatKind::Supergroup {
            return Err("members can be restricted in supergroups only".to_owned());
        }
        let until_date = self.stored_until(until);
        let status = self.restricted(chat, user, permissions, until_date);
        self.set_status(chat, user, status, admin);
        Ok(())
    }

    /// The status after setting `permissions`: all of them = not restricted.
    pub fn restricted(&self, chat: i64, user: i64, permissions: Permissions, until_date: i64) -> Status {
        let is_member = self.status(chat, user).is_present();
        match (permissions == Permissions::all(), is_member) {
            (true, true) => Status::Member,
            (true, false) => Status::Left,
            (false, _) => Status::Restricted { is_member, permissions, until_date },
        }
    }

    pub fn join(&mut self, chat: i64, user: i64) -> Result<(), Refused> {
        let status = self.entering(chat, user)?;
        self.set_status(chat, user, status, user);
        Ok(())
    }

    pub fn add(&mut self, chat: i64, admin: i64, user: i64) -> Result<(), Refused> {
        self.has_right(chat, admin, |r| r.can_invite_users)?;
        let status = self.entering(chat, user)?;
        self.set_status(chat, user, status, admin);
        Ok(())
    }

    /// What somebody outside becomes by coming in: restrictions wait for him.
    pub fn entering(&self, chat: i64, user: i64) -> Result<Status, Refused> {
        self.user(user)?;
        self.chat(chat)?;
        match self.status(chat, user) {
            Status::Kicked { .. } => Err(format!("user {user} is banned in chat {chat}")),
            Status::Restricted { is_member: false, permissions, until_date } => {
                Ok(Status::Restricted { is_member: true, permissions, until_date })
            }
            Status::Left => Ok(Status::Member),
            other => Err(format!("user {user} is already {}", other.name())),
        }
    }

    /// The owner makes the bot the chat's guard (Bot API 10.1: it needs `can_invite_users`), or takes that from it.
    pub fn set_guard(&mut self, chat: i64, guarded: bool) -> Result<(), Refused> {
        self.chat(chat)?;
        if guarded && !self.bot_status(chat).rights().can_invite_users {
            return Err(format!("the bot may not invite users to chat {chat}"));
        }
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.guarded = guarded;
        }
        Ok(())
    }

    pub fn request_to_join(&mut self, chat: i64, user: i64) -> Result<(), Refused> {
        self.entering(chat, user)?;
        let date = self.now();
        let Some(entry) = self.chats.get_mut(&chat) else {
            return Ok(());
        };
        let guarded = entry.guarded;
        if !entry.join_requests.contains(&user) {
            entry.join_requests.push(user);
        }
        if self.bot_status(chat).rights().can_invite_users {
            let chat_json = self.chat_json(chat);
            let mut update = json!({"chat": chat_json, "from": self.user_json(user), "user_chat_id": user, "date": date});
            if guarded {
                update["query_id"] = json!(self.ask_guard(chat, user));
            }
            self.send_update("chat_join_request", Queue::Sender(user), update);
        }
        Ok(())
    }

    /// The id of the query that waits for the bot's answer.
    fn ask_guard(&mut self, chat: i64, user: i64) -> String {
        let number = self.next_id();
        let id = format!("{}{number:010}", self.now_ms);
        self.join_queries.insert(id.clone(), JoinQuery { at_ms: self.now_ms, chat, user, result: None });
        id
    }

    pub fn leave(&mut self, chat: i64, user: i64) -> Result<(), Refused> {
        self.chat(chat)?;
        let status = match self.status(chat, user) {
            Status::Restricted { is_member: true, permissions, until_date } => {
                Status::Restricted { is_member: false, permissions, until_date }
            }
            status if status.is_present() => Status::Left,
            other => {
                return Err(format!("user {user} is {}, not in chat {chat}", other.name()));
            }
        };
        self.set_status(chat, user, status, user);
        Ok(())
    }

    pub fn promote(&mut self, chat: i64, user: i64, rights: AdminRights, by: Option<i64>) -> Result<(), Refused> {
        let by = self.promoter(chat, by)?;
        let status = match self.status(chat, user) {
            Status::Creator { .. } => Status::Creator { is_anonymous: rights.is_anonymous },
            status if status.is_present() => Status::Administrator { rights, promoted_by: by },
            other => {
                return Err(format!("user {user} is {}, not in chat {chat}", other.name()));
            }
        };
        self.set_status(chat, user, status, by);
        Ok(())
    }

    pub fn demote(&mut self, chat: i64, user: i64, by: Option<i64>) -> Result<(), Refused> {
        let by = self.promoter(chat, by)?;
        match self.status(chat, user) {
            Status::Administrator { .. } => self.set_status(chat, user, Status::Member, by),
            other => return Err(format!("user {user} is {}, no administrator", other.name())),
        }
        Ok(())
    }

    pub fn set_bot_role(&mut self, chat: i64, role: BotRole, by: Option<i64>) -> Result<(), Refused> {
        let by = match by {
            Some(by) => by,
            None => self.chat(chat)?.owner,
        };
        let old = self.bot_status(chat);
        if !self.status(chat, by).is_admin() {
            return Err(format!("user {by} is no administrator of chat {chat}"));
        }
        let status = match role {
            BotRole::Member => Status::Member,
            BotRole::Administrator(rights) => Status::Administrator { rights, promoted_by: by },
            BotRole::Absent if !old.is_present() => return Ok(()),
            BotRole::Absent => return self.remove(chat, self.bot.id, by, 0),
        };
        self.set_status(chat, self.bot.id, status, by);
        Ok(())
    }

    fn promoter(&self, chat: i64, by: Option<i64>) -> Result<i64, Refused> {
        let by = match by {
            Some(by) => by,
            None => self.chat(chat)?.owner,
        };
        self.has_right(chat, by, |r| r.can_promote_members)?;
        Ok(by)
    }

    /// Clients offer a ban to administrators with the right to, against anybody but administrators; the owner may
    /// ban those too.
    fn may_ban(&self, chat: i64, admin: i64, user: i64) -> Result<(), Refused> {
        self.user(user)?;
        self.has_right(chat, admin, |r| r.can_restrict_members)?;
        let owner_acts = matches!(self.status(chat, admin), Status::Creator { .. });
        match self.status(chat, user) {
            Status::Creator { .. } => Err(format!("user {user} owns chat {chat}")),
            Status::Administrator { .. } if !owner_acts => Err(format!("user {user} is an administrator")),
            _ => Ok(()),
        }
    }

    fn has_right(&self, chat: i64, admin: i64, right: impl Fn(&AdminRights) -> bool) -> Result<(), Refused> {
        self.chat(chat)?;
        if right(&self.status(chat, admin).rights()) {
            return Ok(());
        }
        Err(format!("user {admin} has no right to do this in chat {chat}"))
    }
}
