//! The people and chats of a story, their doings, and what has become of them.

use crate::archive::archive_of;
use crate::caller::Caller;
use crate::play::{PATIENCE, Play};
use crate::scene::Scene;
use anyhow::{Context, Result, ensure};
use domain::ban::BanEvent;
use domain::event::date;
use domain::ids::{ChatId, UserId};
use domain::subscription::Mode;
use domain::sync::{Outcome, Reason, TargetResult};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, Fault, NewChat};

pub struct Cast {
    pub scene: Scene,
    ban: Option<BanEvent>,
}

impl Cast {
    pub fn new(scene: Scene) -> Self {
        Self { scene, ban: None }
    }

    /// Its people and chats.
    pub fn ids(&self) -> Vec<i64> {
        self.scene.ids()
    }

    pub fn target(&self) -> i64 {
        self.scene.chats[0]
    }

    /// The source's ban, from before the story.
    pub fn ban(&self) -> Result<&BanEvent> {
        self.ban.as_ref().context("there was a ban")
    }

    pub async fn is_banned_at_the_source(&mut self, play: &Play) -> Result<()> {
        let Scene { alice, mallory, source, .. } = self.scene;
        let event = play.ban(source, alice, mallory).await?;
        play.sync_of(&event).await?;
        self.read(play, 1).await?;
        self.ban = Some(event);
        Ok(())
    }

    /// Telegram does not know the person in the target, as often; `None`: ever.
    pub async fn make_unknown(&self, play: &Play, times: Option<u32>) -> Result<()> {
        let (target, mallory) = (self.target(), self.scene.mallory);
        play.telegram.leave(target, mallory).await?;
        let unknown = Fault::error(400, "Bad Request: user not found").method("banChatMember").chat(target).user(mallory);
        // Nobody else meets it.
        play.telegram.add_fault(Fault { times, ..unknown }).await?;
        Ok(())
    }

    /// A ban that ends without a call, or in vain: what the admin reads of it, once.
    pub async fn ends_as(&self, play: &Play, reason: Reason) -> Result<()> {
        let Scene { alice, mallory, source, .. } = self.scene;
        let event = play.ban(source, alice, mallory).await?;
        let (_, results) = play.sync_within(&event, 2 * PATIENCE).await?;
        ensure!(results.iter().map(|result| result.outcome).eq([Outcome::Skipped(reason)]), "{results:?}");
        self.read(play, 1).await?;
        self.is_free(play).await
    }

    /// Presses a button under the newest message; the story's end tells whether it was heard.
    pub async fn press(&self, play: &Play, label: &str) -> Result<()> {
        let boris = self.scene.boris;
        let seen = play.telegram.private_messages(boris).await?;
        let card = seen.into_iter().rfind(|seen| seen.button(label).is_some()).context("there is such a button")?;
        play.telegram.press_button(boris, &card, label).await?;
        Ok(())
    }

    pub async fn is_free(&self, play: &Play) -> Result<()> {
        ensure!(!play.telegram.is_banned(self.target(), self.scene.mallory).await?, "he is banned");
        Ok(())
    }

    /// By a second sync, of which the admin has read once.
    pub async fn is_banned(&self, play: &Play, results: &[TargetResult]) -> Result<()> {
        ensure!(results.iter().map(|result| result.outcome).eq([Outcome::Applied]), "{results:?}");
        self.read(play, 2).await?;
        ensure!(play.telegram.is_banned(self.target(), self.scene.mallory).await?, "he is not banned");
        Ok(())
    }

    /// So often is he waited for in a chat.
    pub async fn waits(&self, play: &Play, chat: i64, times: usize) -> Result<()> {
        let waits = async || {
            let waits = play.syncs.pending(ChatId(chat), UserId(self.scene.mallory)).await;
            Ok(waits.is_ok_and(|waits| waits.len() == times).then_some(()))
        };
        Ok(play.telegram.wait_until(&format!("{times} waits in {chat}"), 2 * PATIENCE, waits).await?)
    }

    /// So many does somebody follow from a chat.
    pub async fn follow_from(&self, play: &Play, admin: i64, chat: i64, count: usize) -> Result<()> {
        play.wait_until_followed(admin, chat, count).await
    }

    /// The admin has read so many messages about it in all, and no further one comes.
    pub async fn read(&self, play: &Play, messages: usize) -> Result<()> {
        let boris = self.scene.boris;
        let read = async || Ok(play.notices(boris).await.ok().filter(|notices| notices.len() >= messages));
        play.telegram.wait_until("the admin to be told", 2 * PATIENCE, read).await?;
        play.quiet(&self.ids()).await?;
        let notices = play.notices(boris).await?;
        ensure!(notices.len() == messages, "{notices:?}");
        Ok(())
    }

    /// A program that may do this; it asks for its token until it has one.
    pub async fn caller<'a>(&self, play: &'a Play, scopes: &[&str]) -> Result<Caller<'a>> {
        let began = Instant::now();
        loop {
            match play.caller(scopes).await {
                Err(_) if began.elapsed() < PATIENCE => {}
                caller => return caller,
            }
        }
    }

    /// Asks again what nobody has answered, as programs do.
    pub async fn asks(&self, caller: &Caller<'_>, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let began = Instant::now();
        loop {
            let (status, answer) = caller.call(method, path, body.clone()).await?.parts();
            if status < 500 || began.elapsed() > PATIENCE {
                return Ok((status, answer));
            }
        }
    }

    /// The ban's time runs out: it is in the archive, and no longer in the store.
    pub async fn is_archived(&self, play: &Play) -> Result<()> {
        let ban = self.ban()?;
        let key = json!({"event_id": {"S": ban.event_id}});
        let expire = json!({"TableName": play.stack.tables["bans"], "Key": key, "UpdateExpression": "SET expires_at = :past",
            "ExpressionAttributeValues": {":past": {"N": (aws::time::now() - 60).to_string()}}});
        play.stack.aws("dynamodb", "UpdateItem", expire).await?;
        let days = BTreeSet::from([date(ban.event_timestamp)]);
        let archived = async || {
            let lines = archive_of(play, &days, self.scene.mallory).await.unwrap_or_default();
            Ok(lines.iter().any(|(_, event)| event.event_id == ban.event_id).then_some(()))
        };
        play.telegram.wait_until("the ban to be archived", 2 * PATIENCE, archived).await?;
        ensure!(play.bans.get(ban.event_id).await?.is_none(), "it has left the store");
        Ok(())
    }
}

impl Play {
    /// A source, and a group whose admin follows somebody who is in both.
    pub async fn scene_of_a_group(&self) -> Result<Scene> {
        let mut scene = self.scene(0).await?;
        let bot = BotRole::Administrator(AdminRights::moderator());
        let group = self.telegram.create_chat(NewChat::group("Chat 0", scene.boris).members(&[scene.mallory]).bot(bot)).await?;
        self.accepted_in(&[group]).await?;
        self.trusting(&[group]).await?;
        self.follow(group, scene.boris, scene.mallory, Mode::Auto).await?;
        scene.chats.push(group);
        Ok(scene)
    }
}
