//! A chat's own admin changes our ban while the chunk is under way that has brought it.

use super::reference::{CHATS, Told};
use super::world::World;
use crate::stack::LAG;
use anyhow::Result;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use telegram_sim::control::{Fault, FaultAction};

/// For how long another chat keeps the chunk under way.
const SLOW: Duration = Duration::from_secs(3);

/// For how long our ban is waited for.
const LONGEST: Duration = Duration::from_secs(20);

/// Number of such acts.
pub static MEDDLED: AtomicUsize = AtomicUsize::new(0);

/// The coming act of a chat's own admin.
pub struct Meddling {
    person: usize,
    own: usize,
    /// Seconds; `None`: he unbans.
    bans: Option<i64>,
    /// What keeps the chunk under way; no call may have met it, where nothing was told of the source's ban.
    fault: u64,
}

impl World<'_> {
    /// Two other chats must take the ban over: one is slow, in the other its admin, the nth, is quick.
    pub(super) async fn prepare_meddling(&mut self, source: usize, person: usize, nth: usize, bans: Option<i64>) -> Result<()> {
        let is_free = |chat: &usize| *chat != source && self.reference.is_free(*chat, person) && self.away[*chat][person].is_none();
        let free: Vec<_> = (0..CHATS).filter(is_free).collect();
        for &chat in &free {
            self.follows(chat, person).await?;
        }
        tokio::time::sleep(LAG).await;
        let taking: Vec<_> = free.into_iter().filter(|&chat| self.reference.is_wanted(chat, person, source)).collect();
        if taking.len() < 2 {
            return Ok(());
        }
        let (own, slow) = (taking[nth % taking.len()], taking[(nth + 1) % taking.len()]);
        let fault = Fault::new(FaultAction::Slow { ms: SLOW.as_millis() as u64 }).method("banChatMember");
        let fault = self.play.telegram.add_fault(fault.chat(self.chats[slow]).user(self.people[person]).times(1)).await?;
        self.meddling = Some(Meddling { person, own, bans, fault });
        Ok(())
    }

    /// He does it as soon as he sees our ban; what of that is told.
    pub(super) async fn meddle(&mut self, meddling: Meddling) -> Result<Vec<Told>> {
        let (Meddling { person, own, bans, fault }, began) = (meddling, Instant::now());
        let banned = loop {
            let banned = self.banned(own, person).await?;
            if banned.is_some() || began.elapsed() > LONGEST {
                break banned;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        self.play.telegram.remove_fault(fault).await?;
        let Some(banned) = banned else { return Ok(Vec::new()) };
        let (chat, owner, user, now) = (self.chats[own], self.owners[own], self.people[person], aws::time::now());
        self.reference.seen(own, person, Some(banned), now);
        let until = bans.map(|seconds| now + seconds);
        match until {
            Some(until) => self.play.telegram.ban(chat, owner, user, Some(until)).await?,
            None => self.play.telegram.unban(chat, owner, user).await?,
        }
        MEDDLED.fetch_add(1, Ordering::Relaxed);
        self.story.push(format!("  chat {own} meddles with the ban of person {person}: {until:?} at {now}"));
        self.reference.acts(own, person, until);
        self.told().await
    }
}
