//! A change of a history happens: somebody follows, a chat chooses, rights are given or taken, Telegram is about to fail.

use super::patience::patiently;
use super::reference::TEMPORARY;
use super::steps::{Change, Kind, Trouble};
use super::world::World;
use anyhow::{Result, ensure};
use aws::store::users::{Chosen, Listed};
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::subscription::{Mode, Source, Subscription};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, Fault, FaultAction};

impl World<'_> {
    pub(super) async fn change(&mut self) -> Result<()> {
        let change = Change::any(&mut self.chance);
        self.apply(change).await
    }

    pub(super) async fn apply(&mut self, change: Change) -> Result<()> {
        self.story.push(format!("{change:?}"));
        let (play, chats) = (self.play, self.chats);
        let choose = async |chat: usize, change: ChatChange| {
            let chosen = patiently(async || play.users.choose_for_chat(ChatId(chats[chat]), &change).await).await?;
            ensure!(matches!(chosen, Chosen::Done(_)), "a chat may choose so: {chosen:?}");
            Ok(())
        };
        let none = ChatChange::default;
        match change {
            Change::Follow(chat, person, mode) => {
                if self.reference.chats[chat].follows[person].is_some() {
                    self.unfollow(chat, person).await?;
                }
                patiently(async || play.subscriptions.follow_in(&self.subscription(chat, person), mode).await).await?;
                self.reference.chats[chat].follows[person] = Some(mode);
            }
            Change::Unfollow(chat, person) => {
                self.unfollow(chat, person).await?;
            }
            Change::AutoSync(chat, on) => {
                choose(chat, ChatChange { auto_sync_enabled: Some(on), ..none() }).await?;
                self.reference.chats[chat].auto_sync = on;
            }
            Change::Confirmation(chat, on) => {
                choose(chat, ChatChange { require_confirmation: Some(on), ..none() }).await?;
                self.reference.chats[chat].confirmation = on;
            }
            Change::BanType(chat, ban_type) => {
                choose(chat, ChatChange { sync_ban_type: Some(ban_type), ban_duration_seconds: Some(Some(TEMPORARY)), ..none() }).await?;
                self.reference.chats[chat].ban_type = ban_type;
            }
            Change::SyncUnban(chat, on) => {
                choose(chat, ChatChange { sync_unban: Some(on), ..none() }).await?;
                self.reference.chats[chat].sync_unban = on;
            }
            Change::IgnorePerson(chat, person, on) => {
                self.ignore(chat, Listed::IgnoredUser(UserId(self.people[person])), on).await?;
                self.reference.chats[chat].ignored_people[person] = on;
            }
            Change::IgnoreSource(chat, source, on) => {
                self.ignore(chat, Listed::IgnoredSource(ChatId(chats[source])), on).await?;
                self.reference.chats[chat].ignored_sources[source] = on;
            }
            Change::BotMayBan(chat, on) => {
                let role = if on { BotRole::Administrator(AdminRights::moderator()) } else { BotRole::Member };
                play.telegram.set_bot_role(chats[chat], role, None).await?;
                self.reference.chats[chat].bot_may_ban = on;
            }
            Change::Admin(chat, person, on) => self.admin(chat, person, on).await?,
            Change::Away(chat, person) => self.leaves(chat, person).await?,
            // Nothing takes effect on whom Telegram does not know.
            Change::Fault(chat, trouble) if !self.troubled[chat] && self.away[chat].iter().all(Option::is_none) => {
                self.troubled[chat] = true;
                play.telegram.add_fault(fault(chats[chat], trouble)).await?;
            }
            Change::Fault(..) => {}
        }
        Ok(())
    }

    /// Bans elsewhere come here.
    pub(super) async fn follows(&mut self, chat: usize, person: usize) -> Result<()> {
        match self.reference.chats[chat].follows[person] {
            Some(Mode::Auto) => Ok(()),
            _ => Box::pin(self.apply(Change::Follow(chat, person, Mode::Auto))).await,
        }
    }

    /// With its only follower a chat's wait ends.
    async fn unfollow(&mut self, chat: usize, person: usize) -> Result<()> {
        patiently(async || self.play.subscriptions.unfollow(&self.subscription(chat, person)).await).await?;
        self.reference.chats[chat].follows[person] = None;
        self.reference.waits_no_more(chat, person);
        self.unfollowed[chat][person] = true;
        Ok(())
    }

    fn subscription(&self, chat: usize, person: usize) -> Subscription {
        let (admin_user_id, admin_chat_id) = (UserId(self.owners[chat]), ChatId(self.chats[chat]));
        Subscription { admin_user_id, admin_chat_id, source: Source::User(UserId(self.people[person])) }
    }

    async fn ignore(&self, chat: usize, what: Listed, on: bool) -> Result<()> {
        let chat = ChatId(self.chats[chat]);
        let write = async || match on {
            true => self.play.users.enlist(chat, what).await.map(drop),
            false => self.play.users.delist(chat, what).await.map(drop),
        };
        patiently(write).await
    }

    /// Whoever is banned can be no admin; whoever is outside comes in first.
    async fn admin(&mut self, chat: usize, person: usize, on: bool) -> Result<()> {
        // Coming in to a chat that waits for him is a matter of its own.
        if self.reference.is_waited_for(chat, person) {
            return Ok(());
        }
        let (telegram, id, user) = (&self.play.telegram, self.chats[chat], self.people[person]);
        let status = telegram.member(id, user).await?.status;
        match (on, status.as_str()) {
            (true, "left" | "member") => {
                if status == "left" {
                    telegram.join(id, user).await?;
                }
                telegram.promote(id, user, AdminRights::moderator()).await?;
            }
            (false, "administrator") => telegram.demote(id, user).await?,
            _ => return Ok(()),
        }
        self.reference.chats[chat].admins[person] = on;
        Ok(())
    }
}

fn fault(chat: i64, trouble: Trouble) -> Fault {
    let action = match trouble.kind {
        Kind::Error => return with(Fault::internal_server_error(), chat, trouble),
        Kind::Close => FaultAction::Close,
        Kind::Slow(ms) => FaultAction::Slow { ms },
        // Longer than the bot's client waits.
        Kind::Hang => FaultAction::Hang { ms: 6000 },
        Kind::Flood => FaultAction::TooManyRequests { retry_after: 1, same_chat_only: true },
    };
    with(Fault::new(action), chat, trouble)
}

fn with(fault: Fault, chat: i64, trouble: Trouble) -> Fault {
    let fault = fault.method(trouble.method).chat(chat).times(trouble.times);
    // Whom Telegram tells to wait, has done nothing.
    if trouble.after_effect && !matches!(trouble.kind, Kind::Flood) { fault.after_effect() } else { fault }
}
