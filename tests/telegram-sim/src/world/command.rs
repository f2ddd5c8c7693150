//! The commands of the control API that only look at or change the world.

use serde_json::{Value, json};

use super::{Refused, World};
use crate::control::{Command, MemberState};

impl World {
    /// Carries out a command and returns what the control API answers.
    ///
    /// # Errors
    /// What people cannot do, in words. Also [`Command::Press`], [`Command::Redeliver`] and [`Command::DeliverRaw`],
    /// which wait for the bot and so belong to the server.
    pub fn command(&mut self, command: Command) -> Result<Value, Refused> {
        let done = match command {
            Command::CreateUser(user) => return self.create_user(user).map(Value::from),
            Command::OpenWebApp { user, at, token } => return self.open_web_app(user, at, token.as_deref()).map(Value::from),
            Command::CreateChat(chat) => return self.create_chat(chat).map(Value::from),
            Command::CreateTopic { chat } => return self.create_topic(chat).map(Value::from),
            Command::Migrate { chat, bot } => return self.migrate(chat, bot).map(Value::from),
            Command::Say { chat, user, text, options } => {
                return self.say(chat, user, text, options).map(Value::from);
            }
            Command::SayPrivate { user, text, options } => {
                return self.say_private(user, text, options).map(Value::from);
            }
            Command::ShareUsers { user, request_id, users } => {
                return self.share_users(user, request_id, &users).map(Value::from);
            }
            Command::StartBot { user, payload } => {
                return self.start_bot(user, payload).map(Value::from);
            }
            Command::EditMessage { chat, user, message_id, text } => self.edit_message(chat, user, message_id, text),
            Command::RenameUser { user, first_name, last_name, username } => self.rename_user(user, first_name, last_name, username),
            Command::DeleteAccount { user } => self.delete_account(user),
            Command::CloseTopic { chat, thread } => self.close_topic(chat, thread),
            Command::IgnoreEphemeral { chat } => self.ignore_ephemeral(chat),
            Command::BlockBot { user } => self.set_blocked(user, true),
            Command::UnblockBot { user } => self.set_blocked(user, false),
            Command::Ban { chat, admin, user, until } => self.ban(chat, admin, user, until),
            Command::Kick { chat, admin, user } => self.kick(chat, admin, user),
            Command::Unban { chat, admin, user } => self.unban(chat, admin, user),
            Command::Restrict { chat, admin, user, permissions, until } => self.restrict(chat, admin, user, permissions, until),
            Command::Unrestrict { chat, admin, user } => self.restrict(chat, admin, user, crate::rights::Permissions::all(), None),
            Command::Join { chat, user } => self.join(chat, user),
            Command::Add { chat, admin, user } => self.add(chat, admin, user),
            Command::RequestToJoin { chat, user } => self.request_to_join(chat, user),
            Command::SetGuard { chat, guarded } => self.set_guard(chat, guarded),
            Command::SetCommunity { chat, community, name } => self.set_community(chat, community, name),
            Command::JoinFromCommunity { chat, user } => self.join_from_community(chat, user),
            Command::Leave { chat, user } => self.leave(chat, user),
            Command::Promote { chat, user, rights, by } => self.promote(chat, user, rights, by),
            Command::Demote { chat, user, by } => self.demote(chat, user, by),
            Command::SetBotRole { chat, role, by } => self.set_bot_role(chat, role, by),
            Command::DeleteChat { chat } => self.delete_chat(chat),
            other => return self.look_or_set(other),
        };
        done.map(|()| Value::Null)
    }

    fn look_or_set(&mut self, command: Command) -> Result<Value, Refused> {
        Ok(match command {
            Command::Sees { user } => json!(self.sees(user)?),
            Command::Member { chat, user } => json!(self.member_state(chat, user)?),
            Command::Calls(filter) => json!(self.traffic.calls(&filter)),
            Command::CallCounts => json!(self.traffic.counts()),
            Command::SetLimits(limits) => {
                self.traffic.limits = limits;
                Value::Null
            }
            Command::AddFault(fault) => json!(self.traffic.add_fault(fault)),
            Command::RemoveFault { id } => {
                self.traffic.remove_fault(id);
                Value::Null
            }
            Command::ClearFaults => {
                self.traffic.clear_faults();
                Value::Null
            }
            Command::Faults => json!(self.traffic.faults()),
            Command::Deliveries => json!(self.outbox.deliveries()),
            Command::DeliveriesIn { chats, after } => json!(self.outbox.deliveries_in(&chats, after)),
            Command::Pending => json!(self.pending()),
            Command::SetWebhookDelivery { paused } => {
                self.outbox.paused = paused;
                Value::Null
            }
            Command::Commands => json!({
                "commands": self.profile.commands,
                "description": self.profile.description,
                "short_description": self.profile.short_description,
                "default_administrator_rights": {
                    "groups": self.profile.rights_in_groups,
                    "channels": self.profile.rights_in_channels,
                },
            }),
            Command::Schema => json!(self.schema.report()),
            Command::Updates { limit } => json!(self.outbox.bodies(limit)),
            Command::Reset => {
                self.reset();
                Value::Null
            }
            Command::World => self.snapshot(),
            other => return Err(format!("{other:?} is not for the world alone")),
        })
    }

    fn member_state(&self, chat: i64, user: i64) -> Result<MemberState, Refused> {
        let chat = self.chats.get(&chat).ok_or_else(|| format!("no chat {chat}"))?;
        let status = chat.status(user, self.now());
        let (name, until_date) = (status.name().to_owned(), status.until_date());
        Ok(MemberState { status: name, until_date, is_member: status.is_present() })
    }
}
