//! Acts on people: bans, unbans, kicks, and what is told once more.

use super::pace::Turn;
use super::patience::slowly;
use super::reference::{CHATS, FOR_EVER};
use super::steps::Act;
use super::world::World;
use anyhow::Result;
use std::time::{Duration, Instant};
use telegram_sim::control::ControlError;

/// The ban of a kick in Telegram's clients is no longer than this, in seconds.
const KICK: i64 = 60;

impl World<'_> {
    pub(super) async fn act(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let mut act = Act::any(&mut self.chance);
        if let Act::Unban(nth, person) = act {
            let mut banned = Vec::new();
            for chat in 0..CHATS {
                if self.banned(chat, person).await?.is_some() {
                    banned.push(chat);
                }
            }
            act = match banned.get(nth % banned.len().max(1)) {
                Some(&chat) => Act::Unban(chat, person),
                None => Act::Ban(nth, person, None),
            };
        }
        self.began.get_or_insert_with(Instant::now);
        match act {
            Act::Ban(chat, person, seconds) => self.ban(chat, person, seconds).await,
            Act::Flurry(chat, person, seconds) => self.flurry(chat, person, seconds).await,
            Act::Undo(nth, person, rather_everywhere) => self.undo(nth, person, rather_everywhere).await,
            Act::Meddle(chat, person, nth, bans) => {
                // Nothing else is carried over meanwhile.
                self.rest(turn).await?;
                self.prepare_meddling(chat, person, nth, bans).await?;
                self.began = Some(Instant::now());
                self.ban(chat, person, None).await
            }
            Act::Unban(chat, person) => {
                self.take_turns(chat, person).await?;
                // Its time is over, or the bot was quicker: nothing is left to lift.
                match self.play.telegram.unban(self.chats[chat], self.owners[chat], self.people[person]).await {
                    Err(ControlError::Refused(why)) => self.story.push(format!("  {act:?} refused: {why}")),
                    done => {
                        done?;
                        self.acted(&act, chat, person, None, Duration::from_millis(1050));
                    }
                }
                Ok(())
            }
            Act::Kick(chat, person) => {
                self.take_turns(chat, person).await?;
                match self.play.telegram.kick(self.chats[chat], self.owners[chat], self.people[person]).await {
                    // He is not there.
                    Err(ControlError::Refused(_)) => self.ban(chat, person, None).await,
                    done => {
                        done?;
                        self.acted(&act, chat, person, None, Duration::from_millis(2100));
                        self.kicked[chat][person] = Some(aws::time::now() + KICK);
                        Ok(())
                    }
                }
            }
            Act::Redeliver(nth) => {
                let Some(&update) = self.past.get(nth % self.past.len().max(1)) else { return Ok(()) };
                self.story.push(format!("  Redeliver {update}"));
                let taken = async || Ok((self.play.telegram.redeliver(update).await?.status == Some(200)).then_some(()));
                slowly("an update of before to be taken", taken).await
            }
        }
    }

    async fn ban(&mut self, chat: usize, person: usize, seconds: Option<i64>) -> Result<()> {
        self.take_turns(chat, person).await?;
        let until = seconds.map(|seconds| aws::time::now() + seconds);
        self.play.telegram.ban(self.chats[chat], self.owners[chat], self.people[person], until).await?;
        self.acted(&Act::Ban(chat, person, seconds), chat, person, Some(until.unwrap_or(FOR_EVER)), Duration::from_millis(1050));
        Ok(())
    }

    /// A ban, an unban and a ban, mostly within a second: the last counts.
    async fn flurry(&mut self, chat: usize, person: usize, seconds: [i64; 2]) -> Result<()> {
        self.take_turns(chat, person).await?;
        let (id, owner, user, now) = (self.chats[chat], self.owners[chat], self.people[person], aws::time::now());
        self.play.telegram.ban(id, owner, user, Some(now + seconds[0])).await?;
        self.play.telegram.unban(id, owner, user).await?;
        let until = now + seconds[1];
        self.play.telegram.ban(id, owner, user, Some(until)).await?;
        self.acted(&Act::Flurry(chat, person, seconds), chat, person, Some(until), Duration::from_millis(1050));
        Ok(())
    }

    /// Two decisions on one person in one chat are never of the same second: Telegram tells no more of them than the second.
    pub(super) async fn take_turns(&mut self, chat: usize, person: usize) -> Result<()> {
        if let Some((at, takes)) = self.busy[chat][person] {
            tokio::time::sleep(takes.saturating_sub(at.elapsed())).await;
        }
        if let Some(until) = self.kicked[chat][person].take() {
            let over = async || Ok(self.banned(chat, person).await?.is_none_or(|banned| banned > until).then_some(()));
            slowly("a kick to be over", over).await?;
        }
        Ok(())
    }

    fn acted(&mut self, act: &Act, chat: usize, person: usize, banned: Option<i64>, takes: Duration) {
        self.story.push(format!("  {act:?} at {}", aws::time::now()));
        self.reference.acts(chat, person, banned);
        self.busy[chat][person] = Some((Instant::now(), takes));
    }
}
