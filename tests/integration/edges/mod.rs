//! Bans near an end: Telegram's shortest ban, what comes twice, what is taken back, who is waited for, what does not move. Played from
//! outside, so that they hold whatever becomes of the engine.

mod floor;
mod identity;
mod lifts;
mod reads;
mod repeats;
mod stuck;
mod undo;
mod waits;

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use anyhow::Result;
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::sync::{Outcome, Reason};
use telegram_sim::control::Fault;

impl Play {
    /// The target carries over what is lifted, too.
    async fn lifts_too(&self, chat: i64) -> Result<()> {
        self.choose(chat, ChatChange { sync_unban: Some(true), ..ChatChange::default() }).await
    }

    /// Waits until somebody is banned until then; 0: for ever.
    async fn wait_until_ends(&self, chat: i64, user: i64, until: i64) -> Result<()> {
        let ends = async || {
            let member = self.telegram.member(chat, user).await?;
            Ok((member.status == "kicked" && member.until_date == Some(until)).then_some(()))
        };
        Ok(self.telegram.wait_until("a ban of that end", PATIENCE, ends).await?)
    }

    /// He has left the target, and Telegram does not know him there: the source's ban waits for him.
    async fn waits_for(&self, pair: &Pair, source: (i64, i64)) -> Result<()> {
        let (chat, admin) = source;
        let _unknown = self.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
        let (_, results) = self.sync_of(&self.ban(chat, admin, pair.mallory).await?).await?;
        assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));
        Ok(())
    }

    /// Waits until nobody waits for somebody in a chat any more.
    async fn wait_until_nobody_waits(&self, chat: i64, user: i64) -> Result<()> {
        let gone = async || Ok(self.syncs.pending(ChatId(chat), UserId(user)).await.is_ok_and(|pending| pending.is_empty()).then_some(()));
        Ok(self.telegram.wait_until("nothing to be pending", PATIENCE, gone).await?)
    }
}
