//! A history as it happens: chats and people of its own on the deployed stack, each step done there and told to the reference.

use super::SETTLE;
use super::failure::{Failure, Kind};
use super::meddling::Meddling;
use super::pace::{Pace, Turn};
use super::patience::{patiently, slowly};
use super::reference::{CHATS, FOR_EVER, PEOPLE, Reference, Told};
use super::steps::{Chance, Change};
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
use telegram_sim::control::{BotRole, DeliveryState, NewChat, NewUser};
use uuid::Uuid;

const STEPS: usize = 50;

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
    pub(super) busy: [[Option<(Instant, Duration)>; PEOPLE]; CHATS],
    /// Until when a kick bans, Unix seconds, where the last that was done was one.
    pub(super) kicked: [[Option<i64>; PEOPLE]; CHATS],
    last_update: u32,
    /// Updates of rounds that are over.
    pub(super) past: Vec<u32>,
    /// Decisions that were told in this round so far.
    pub(super) news: Vec<Told>,
    /// Syncs that somebody has asked for in this round.
    pub(super) asked: Vec<Uuid>,
    /// By which fault of Telegram somebody is not known where he is not.
    pub(super) away: [[Option<u64>; PEOPLE]; CHATS],
    /// People who have been followed no longer in this round: it takes a moment until nobody waits for him.
    pub(super) unfollowed: [[bool; PEOPLE]; CHATS],
    /// The moment when somebody who was away came in this round, Unix seconds.
    pub(super) came: Option<i64>,
    pub(super) meddling: Option<Meddling>,
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
            *owner = play.telegram.create_user(NewUser { language_code: Some("en".to_owned()), ..NewUser::named("Alice") }).await?;
            let id = UserId(*owner);
            patiently(async || play.users.create(id, &ProfileChange::default()).await).await?;
            let quiet = UserChange { notifications_enabled: Some(false), ..UserChange::default() };
            let chosen = patiently(async || play.users.choose(id, &quiet).await).await?;
            ensure!(matches!(chosen, Chosen::Done(_)), "an owner is known");
            let bot = BotRole::Administrator(AdminRights::moderator());
            *chat = play.telegram.create_chat(NewChat::supergroup("Chat", *owner).members(&people).bot(bot)).await?;
        }
        let (reference, story, late, past, busy, kicked, news, asked, away, troubled) = Default::default();
        let (chance, began, came, meddling, unfollowed) = (Chance(seed), None, None, None, Default::default());
        #[rustfmt::skip]
        let mut world = Self {
            play, seed, chance, chats, owners, people, reference, story, began, late, busy, kicked, last_update, past, news, asked, away,
            came, meddling, troubled, unfollowed,
        };
        world.told().await?;
        patiently(async || play.trusting(&world.chats).await).await?;
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
        self.unfollowed = Default::default();
        let changes = (4 + self.chance.of(6)).min(*left);
        for _ in 0..changes {
            self.change().await?;
        }
        *left -= changes;
        // Whoever ceases to follow and begins again may be found first, then not, and then again: until all that lags is seen.
        tokio::time::sleep(LAG).await;
        let news = self.told().await?;
        ensure!(news.is_empty(), "nobody was banned by a change: {news:?}");
        if self.come().await? {
            self.rest(turn).await?;
        }
        let acts = (2 + self.chance.of(3)).min(*left);
        for _ in 0..acts {
            // An act that comes when the first ban is due already is another round, and whatever is meddled with is one.
            if self.began.is_some_and(|began| began.elapsed() > SETTLE * 6 / 10) || self.meddling.is_some() {
                self.rest(turn).await?;
            }
            self.act(turn).await?;
        }
        *left -= acts;
        self.rest(turn).await
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
            // Two within a second have ids of their own.
            let is_another = |event: &BanEvent| {
                let same = |other: &Told| other.event_id == event.event_id && other.occurred != event.occurred;
                told.iter().chain(&self.news).any(same) || self.reference.was_told(same)
            };
            let event = event.map(|event| if is_another(&event) { event.beside_another() } else { event });
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
