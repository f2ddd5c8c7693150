//! Somebody leaves a chat, is not known to Telegram there, and comes again.

use super::patience::patiently;
use super::world::World;
use anyhow::Result;
use domain::sync::{Origin, further_sync_id};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use telegram_sim::control::{ControlError, Fault};
use uuid::Uuid;

/// Bans that waited for somebody and were carried out when he came, or looked at at least.
pub static CAME: AtomicUsize = AtomicUsize::new(0);

impl World<'_> {
    /// Only who is not banned there: whoever is, is outside already, and known.
    pub(super) async fn leaves(&mut self, chat: usize, person: usize) -> Result<()> {
        let (telegram, id, user) = (&self.play.telegram, self.chats[chat], self.people[person]);
        if self.troubled[chat] {
            return Ok(());
        }
        match telegram.member(id, user).await?.status.as_str() {
            "member" => telegram.leave(id, user).await?,
            "left" => {}
            _ => return Ok(()),
        }
        if self.away[chat][person].is_none() {
            let unknown = Fault::error(400, "Bad Request: user not found").chat(id).user(user);
            self.away[chat][person] = Some(telegram.add_fault(unknown).await?);
            self.reference.chats[chat].away[person] = true;
        }
        self.follows(chat, person).await
    }

    /// Of those who are away some come again, rather where they are waited for; `false`: nobody.
    pub(super) async fn come(&mut self) -> Result<bool> {
        let mut came = false;
        for chat in 0..self.chats.len() {
            for person in 0..self.people.len() {
                let often = if self.reference.waited_for().iter().any(|(waits, _)| *waits == chat) { 50 } else { 10 };
                let may_come = self.away[chat][person].is_some() && !self.unfollowed[chat][person];
                if may_come && self.chance.percent(often) {
                    came |= self.comes(chat, person).await?;
                }
            }
        }
        Ok(came)
    }

    async fn comes(&mut self, chat: usize, person: usize) -> Result<bool> {
        let (telegram, id, user) = (&self.play.telegram, self.chats[chat], self.people[person]);
        if let Some(fault) = self.away[chat][person].take() {
            telegram.remove_fault(fault).await?;
        }
        self.reference.chats[chat].away[person] = false;
        let at = aws::time::now();
        match telegram.join(id, user).await {
            // The chat has banned him itself.
            Err(ControlError::Refused(_)) => return Ok(false),
            joined => joined?,
        }
        self.story.push(format!("  person {person} comes to chat {chat} at {at}"));
        self.reference.comes(chat, person, at);
        self.began.get_or_insert_with(Instant::now);
        self.came.get_or_insert(at);
        Ok(true)
    }

    /// The syncs of bans that waited for whoever came in this round.
    pub(super) async fn begun_by_coming(&mut self) -> Result<Vec<Uuid>> {
        let (mut begun, Some(since)) = (Vec::new(), self.came.take()) else { return Ok(Vec::new()) };
        for (chat, event) in self.reference.waited_for() {
            for at in since..=aws::time::now() {
                let id = further_sync_id(event, Origin::Joined, &format!("{} at {at}", self.chats[chat]));
                if patiently(async || self.play.syncs.requested(id).await).await?.is_some() {
                    begun.push(id);
                }
            }
        }
        CAME.fetch_add(begun.len(), Ordering::Relaxed);
        Ok(begun)
    }
}
