//! A history as it happens: chats and people of its own on the deployed stack, each step done there and told to the reference.

use super::SETTLE;
use super::failure::{Failure, Kind};
use super::pace::{Pace, Turn};
use super::patience::{patiently, slowly};
use super::reference::{CHATS, FOR_EVER, PEOPLE, Reference, Told};
use super::steps::{Act, Chance, Change};
use crate::play::Play;
use crate::stack::LAG;
use anyhow::{Result, ensure};
use aws::store::users::Chosen;
use domain::ban::BanEvent;
use domain::ids::UserId;
use domain::member::Action;
use domain::profile::ProfileChange;
use domain::settings::UserChange;
use domain::subscription::Mode;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use telegram::update::{self, Update};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, ControlError, DeliveryState, NewChat};

const STEPS: usize = 50;

/// The ban of a kick is no longer than this, in seconds, and any other is longer.
const KICK: i64 = 120;

/// An update that was told before any history that begins now.
static BEFORE: AtomicU32 = AtomicU32::new(0);
pub static SYNCS: AtomicUsize = AtomicUsize::new(0);
pub static ROUNDS: AtomicUsize = AtomicUsize::new(0);

pub struct World<'a> {
    pub(super) play: &'a Play,
    seed: u64,
    pub(super) chance: Chance,
    pub(super) chats: [i64; CHATS],
    pub(super) owners: [i64; CHATS],
    pub(super) people: [i64; PEOPLE],
    pub(super) reference: Reference,
    /// What was done, for whoever has to read of a failure.
    pub(super) story: Vec<String>,
    /// When the round that is under way began.
    pub(super) began: Option<Instant>,
    /// How much longer than it had to something took in this round.
    pub(super) late: Duration,
    /// When somebody was last dealt with in a chat, and how long that takes.
    busy: [[Option<(Instant, Duration)>; PEOPLE]; CHATS],
    /// Until when a kick bans, Unix seconds, where the last that was done was one.
    kicked: [[Option<i64>; PEOPLE]; CHATS],
    last_update: u32,
    /// Updates of rounds that are over.
    past: Vec<u32>,
    /// One fault a chat, so that no target meets three in a row.
    pub(super) troubled: [bool; CHATS],
}

impl<'a> World<'a> {
    pub async fn begin(play: &'a Play, seed: u64) -> Result<Self> {
        let last_update = BEFORE.load(Ordering::Relaxed);
        let (mut chats, mut owners, mut people) = ([0; CHATS], [0; CHATS], [0; PEOPLE]);
        for person in &mut people {
            *person = play.person("Mallory").await?;
        }
        for (chat, owner) in chats.iter_mut().zip(&mut owners) {
            *owner = play.person("Alice").await?;
            let id = UserId(*owner);
            patiently(async || play.users.create(id, &ProfileChange::default()).await).await?;
            let quiet = UserChange { notifications_enabled: Some(false), ..UserChange::default() };
            let chosen = patiently(async || play.users.choose(id, &quiet).await).await?;
            ensure!(matches!(chosen, Chosen::Done(_)), "an owner is known");
            let bot = BotRole::Administrator(AdminRights::moderator());
            *chat = play.telegram.create_chat(NewChat::supergroup("Chat", *owner).members(&people).bot(bot)).await?;
        }
        let (reference, story, late, past, busy, kicked) = Default::default();
        let (chance, began, troubled) = (Chance(seed), None, [false; CHATS]);
        let mut world =
            Self { play, seed, chance, chats, owners, people, reference, story, began, late, busy, kicked, last_update, past, troubled };
        world.told().await?;
        for chat in 0..CHATS {
            if world.chance.percent(30) {
                world.apply(Change::Follow(chat, 0, Mode::Auto)).await?;
            }
            if world.chance.percent(50) {
                world.apply(Change::SyncUnban(chat, true)).await?;
            }
        }
        Ok(world)
    }

    /// The whole history.
    pub async fn run(&mut self, pace: &Pace) -> Result<()> {
        let mut left = STEPS;
        while left > 0 {
            let mut turn = pace.turn().await;
            let ended = self.round(&mut left, &mut turn).await;
            pace.end(turn, std::mem::take(&mut self.late));
            ended?;
        }
        Ok(())
    }

    /// Is all still as it was when the history ended?
    pub async fn end(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        self.began = Some(Instant::now());
        self.rest(turn).await
    }

    pub fn failure(&self, error: &anyhow::Error) -> Failure {
        Failure { seed: self.seed, kind: Kind::of(error), story: format!("  {}\n  {error:#}", self.story.join("\n  ")) }
    }

    /// Changes, then what is done to people, until it has come to rest.
    async fn round(&mut self, left: &mut usize, turn: &mut Turn<'_>) -> Result<()> {
        let changes = (4 + self.chance.of(6)).min(*left);
        for _ in 0..changes {
            self.change().await?;
        }
        *left -= changes;
        // Whoever ceases to follow and begins again may be found first, then not, and then again: until all that lags is seen.
        tokio::time::sleep(LAG).await;
        let news = self.told().await?;
        ensure!(news.is_empty(), "nobody was banned by a change: {news:?}");
        let acts = (2 + self.chance.of(3)).min(*left);
        for _ in 0..acts {
            // What comes when the first ban is due already is another round.
            if self.began.is_some_and(|began| began.elapsed() > SETTLE * 6 / 10) {
                self.rest(turn).await?;
            }
            self.act().await?;
        }
        *left -= acts;
        self.rest(turn).await
    }

    async fn act(&mut self) -> Result<()> {
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
            Act::Ban(chat, person, hours) => self.ban(chat, person, hours).await,
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

    async fn ban(&mut self, chat: usize, person: usize, hours: Option<i64>) -> Result<()> {
        self.take_turns(chat, person).await?;
        let until = hours.map(|hours| aws::time::now() + hours * 3600);
        self.play.telegram.ban(self.chats[chat], self.owners[chat], self.people[person], until).await?;
        self.acted(&Act::Ban(chat, person, hours), chat, person, Some(until.unwrap_or(FOR_EVER)), Duration::from_millis(1050));
        Ok(())
    }

    /// Two decisions on one person in one chat are never of the same second: Telegram tells no more of them than the second.
    async fn take_turns(&mut self, chat: usize, person: usize) -> Result<()> {
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

    /// End of the ban that stands in Telegram.
    pub(super) async fn banned(&self, chat: usize, person: usize) -> Result<Option<i64>> {
        let member = self.play.telegram.member(self.chats[chat], self.people[person]).await?;
        let until = member.until_date.filter(|&until| until != 0).unwrap_or(FOR_EVER);
        Ok((member.status == "kicked").then_some(until))
    }

    /// What has been told since, when the bot has accepted all of it.
    pub(super) async fn told(&mut self) -> Result<Vec<Told>> {
        for chat in 0..CHATS {
            for person in 0..PEOPLE {
                self.take_turns(chat, person).await?;
            }
        }
        let accepted = async || {
            let deliveries = self.play.telegram.deliveries_in(&self.chats, self.last_update).await?;
            Ok(deliveries.iter().all(|delivery| delivery.state == DeliveryState::Accepted).then_some(deliveries))
        };
        let deliveries = slowly("the updates to be accepted", accepted).await?;
        let mut told = Vec::new();
        for delivery in deliveries {
            self.last_update = self.last_update.max(delivery.update_id);
            if delivery.kind != "message" {
                self.past.push(delivery.update_id);
            }
            let event = match update::read(delivery.body.to_string().as_bytes(), UserId(self.play.stack.bot_id), 0) {
                Ok(Update::Ban(event)) => Some(*event),
                Ok(Update::Admin(change)) => change.ban,
                _ => None,
            };
            told.extend(event.and_then(|event| self.decision(event, delivery.accepted_ms.unwrap_or_default())));
        }
        BEFORE.fetch_max(self.last_update, Ordering::Relaxed);
        Ok(told)
    }

    fn decision(&self, event: BanEvent, accepted_ms: i64) -> Option<Told> {
        let bans = match event.event_type {
            Action::Ban => Some(event.until.unwrap_or(FOR_EVER)),
            Action::Unban => None,
            Action::Kick | Action::Restrict | Action::Unrestrict => return None,
        };
        let chat = self.chats.iter().position(|&chat| chat == event.chat_id.0)?;
        let person = self.people.iter().position(|&person| person == event.user_id.0)?;
        let (event_id, occurred, at) = (event.event_id, event.occurred, event.event_timestamp);
        Some(Told { event_id, chat, person, occurred, at, bans, accepted_ms })
    }
}
