//! What people do to each other's membership and to the bot's.

use super::client::{Control, Result};
use super::command::Command;
use super::types::*;
use crate::rights::{AdminRights, Permissions};

impl Control {
    /// An admin bans; `until` Unix seconds, `None` = for ever. In a basic group it only removes.
    pub async fn ban(&self, chat: i64, admin: i64, user: i64, until: Option<i64>) -> Result<()> {
        self.send(Command::Ban { chat, admin, user, until }).await
    }

    /// An admin removes a member. In a supergroup: a ban for 60 s now, an unban about 1 s later, as clients do.
    pub async fn kick(&self, chat: i64, admin: i64, user: i64) -> Result<()> {
        self.send(Command::Kick { chat, admin, user }).await
    }

    /// An admin lifts a ban.
    pub async fn unban(&self, chat: i64, admin: i64, user: i64) -> Result<()> {
        self.send(Command::Unban { chat, admin, user }).await
    }

    /// An admin restricts; `until` Unix seconds, `None` = for ever. Naming the bot's id mutes the bot.
    pub async fn restrict(&self, chat: i64, admin: i64, user: i64, permissions: Permissions, until: Option<i64>) -> Result<()> {
        self.send(Command::Restrict { chat, admin, user, permissions, until }).await
    }

    /// An admin lifts the restrictions.
    pub async fn unrestrict(&self, chat: i64, admin: i64, user: i64) -> Result<()> {
        self.send(Command::Unrestrict { chat, admin, user }).await
    }

    /// The user joins (refused while banned).
    pub async fn join(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::Join { chat, user }).await
    }

    /// An admin brings the user in.
    pub async fn add(&self, chat: i64, admin: i64, user: i64) -> Result<()> {
        self.send(Command::Add { chat, admin, user }).await
    }

    /// The user asks to be let in.
    pub async fn request_to_join(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::RequestToJoin { chat, user }).await
    }

    /// The owner makes the bot the chat's guard, or a guard no longer.
    pub async fn set_guard(&self, chat: i64, guarded: bool) -> Result<()> {
        self.send(Command::SetGuard { chat, guarded }).await
    }

    /// The owner adds the chat to a community.
    pub async fn add_to_community(&self, chat: i64, community: i64, name: &str) -> Result<()> {
        self.send(Command::SetCommunity { chat, community, name: Some(name.to_owned()) }).await
    }

    /// The owner removes the chat from its community.
    pub async fn remove_from_community(&self, chat: i64) -> Result<()> {
        self.send(Command::SetCommunity { chat, community: 0, name: None }).await
    }

    /// The user joins out of the chat's community.
    pub async fn join_from_community(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::JoinFromCommunity { chat, user }).await
    }

    /// The user leaves.
    pub async fn leave(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::Leave { chat, user }).await
    }

    /// The owner makes a member an administrator with these rights, or changes an administrator's.
    pub async fn promote(&self, chat: i64, user: i64, rights: AdminRights) -> Result<()> {
        self.send(Command::Promote { chat, user, rights, by: None }).await
    }

    /// The owner makes an administrator a plain member.
    pub async fn demote(&self, chat: i64, user: i64) -> Result<()> {
        self.send(Command::Demote { chat, user, by: None }).await
    }

    /// The owner adds the bot as a plain member.
    pub async fn add_bot(&self, chat: i64) -> Result<()> {
        self.set_bot_role(chat, BotRole::Member, None).await
    }

    /// The owner adds the bot, or promotes it, with these rights.
    pub async fn promote_bot(&self, chat: i64, rights: AdminRights) -> Result<()> {
        self.set_bot_role(chat, BotRole::Administrator(rights), None).await
    }

    /// The owner changes the rights of the bot.
    pub async fn set_bot_rights(&self, chat: i64, rights: AdminRights) -> Result<()> {
        self.promote_bot(chat, rights).await
    }

    /// The owner makes the bot a plain member.
    pub async fn demote_bot(&self, chat: i64) -> Result<()> {
        self.set_bot_role(chat, BotRole::Member, None).await
    }

    /// The owner removes the bot (kicked in a supergroup, left in a basic group).
    pub async fn remove_bot(&self, chat: i64) -> Result<()> {
        self.set_bot_role(chat, BotRole::Absent, None).await
    }

    /// Any of the five above, done by `by` (`None` = the owner).
    pub async fn set_bot_role(&self, chat: i64, role: BotRole, by: Option<i64>) -> Result<()> {
        self.send(Command::SetBotRole { chat, role, by }).await
    }
}
