//! A history as it happens: chats and people of its own on the deployed stack, each step done there and told to the reference.

use super::pace::Pace;
use super::reference::{CHATS, FOR_EVER, PEOPLE, Reference, TEMPORARY, Told};
use super::steps::{Act, Chance, Change, Kind, Trouble};
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use aws::store::users::{Chosen, Ignored};
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::profile::ProfileChange;
use domain::settings::{ChatChange, UserChange};
use domain::subscription::{Mode, Source, Subscription};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use telegram::update::{self, Update};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, ControlError, DeliveryState, Fault, FaultAction, NewChat};

const STEPS: usize = 50;

/// An update that was told before any history that begins now.
static BEFORE: AtomicU32 = AtomicU32::new(0);
pub static SYNCS: AtomicUsize = AtomicUsize::new(0);
pub static ROUNDS: AtomicUsize = AtomicUsize::new(0);

pub struct World<'a> {
    pub(super) play: &'a Play,
    chance: Chance,
    pub(super) chats: [i64; CHATS],
    owners: [i64; CHATS],
    pub(super) people: [i64; PEOPLE],
    pub(super) reference: Reference,
    /// What was done, for whoever has to read of a failure.
    pub story: Vec<String>,
    /// When the round that is under way began.
    pub(super) began: Option<Instant>,
    /// How much longer than it had to something took in this round.
    pub(super) late: Duration,
    /// When somebody was last dealt with in a chat, and how long that takes.
    busy: [[Option<(Instant, Duration)>; PEOPLE]; CHATS],
    last_update: u32,
    /// Updates of rounds that are over.
    past: Vec<u32>,
    /// One fault a chat, so that no target meets three in a row.
    troubled: [bool; CHATS],
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
        let (reference, story, late, past, busy) = Default::default();
        let (chance, began, troubled) = (Chance(seed), None, [false; CHATS]);
        let mut world = Self { play, chance, chats, owners, people, reference, story, began, late, busy, last_update, past, troubled };
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
            let turn = pace.turn().await;
            let ended = self.round(&mut left).await;
            pace.end(turn, std::mem::take(&mut self.late));
            ended?;
        }
        // What comes late, comes now.
        tokio::time::sleep(self.settle() + Duration::from_secs(2)).await;
        self.began = Some(Instant::now());
        self.rest().await
    }

    /// Changes, then what is done to people, until it has come to rest.
    async fn round(&mut self, left: &mut usize) -> Result<()> {
        let changes = (4 + self.chance.of(6)).min(*left);
        for _ in 0..changes {
            self.change().await?;
        }
        *left -= changes;
        let news = self.told().await?;
        ensure!(news.is_empty(), "nobody was banned by a change: {news:?}");
        let acts = (2 + self.chance.of(3)).min(*left);
        for _ in 0..acts {
            // What comes when the first ban is due already is another round.
            if self.began.is_some_and(|began| began.elapsed() > self.settle() * 6 / 10) {
                self.rest().await?;
            }
            self.act().await?;
        }
        *left -= acts;
        self.rest().await
    }

    pub(super) fn settle(&self) -> Duration {
        Duration::from_secs(self.play.stack.settle_seconds.into())
    }

    async fn change(&mut self) -> Result<()> {
        let change = Change::any(&mut self.chance);
        self.apply(change).await
    }

    async fn apply(&mut self, change: Change) -> Result<()> {
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
                    patiently(async || play.subscriptions.unfollow(&self.subscription(chat, person)).await).await?;
                }
                patiently(async || play.subscriptions.follow_in(&self.subscription(chat, person), mode).await).await?;
                self.reference.chats[chat].follows[person] = Some(mode);
            }
            Change::Unfollow(chat, person) => {
                patiently(async || play.subscriptions.unfollow(&self.subscription(chat, person)).await).await?;
                self.reference.chats[chat].follows[person] = None;
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
                self.ignore(chat, Ignored::User(UserId(self.people[person])), on).await?;
                self.reference.chats[chat].ignored_people[person] = on;
            }
            Change::IgnoreSource(chat, source, on) => {
                self.ignore(chat, Ignored::Source(ChatId(chats[source])), on).await?;
                self.reference.chats[chat].ignored_sources[source] = on;
            }
            Change::BotMayBan(chat, on) => {
                let role = if on { BotRole::Administrator(AdminRights::moderator()) } else { BotRole::Member };
                play.telegram.set_bot_role(chats[chat], role, None).await?;
                self.reference.chats[chat].bot_may_ban = on;
            }
            Change::Admin(chat, person, on) => self.admin(chat, person, on).await?,
            Change::Fault(chat, trouble) if !self.troubled[chat] => {
                self.troubled[chat] = true;
                play.telegram.add_fault(fault(chats[chat], trouble)).await?;
            }
            Change::Fault(..) => {}
        }
        Ok(())
    }

    fn subscription(&self, chat: usize, person: usize) -> Subscription {
        let (admin_user_id, admin_chat_id) = (UserId(self.owners[chat]), ChatId(self.chats[chat]));
        Subscription { admin_user_id, admin_chat_id, source: Source::User(UserId(self.people[person])) }
    }

    async fn ignore(&self, chat: usize, what: Ignored, on: bool) -> Result<()> {
        let chat = ChatId(self.chats[chat]);
        let write = async || match on {
            true => self.play.users.ignore(chat, what).await.map(drop),
            false => self.play.users.ignore_no_longer(chat, what).await.map(drop),
        };
        patiently(write).await
    }

    /// Whoever is banned can be no admin; whoever is outside comes in first.
    async fn admin(&mut self, chat: usize, person: usize, on: bool) -> Result<()> {
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
                self.take_turns(chat, person).await;
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
                self.take_turns(chat, person).await;
                match self.play.telegram.kick(self.chats[chat], self.owners[chat], self.people[person]).await {
                    // He is not there.
                    Err(ControlError::Refused(_)) => self.ban(chat, person, None).await,
                    done => {
                        done?;
                        self.acted(&act, chat, person, None, Duration::from_millis(2100));
                        Ok(())
                    }
                }
            }
            Act::Redeliver(nth) => {
                let Some(&update) = self.past.get(nth % self.past.len().max(1)) else { return Ok(()) };
                self.story.push(format!("  Redeliver {update}"));
                let status = self.play.telegram.redeliver(update).await?.status;
                ensure!(status == Some(200), "an update of before is answered by {status:?}");
                Ok(())
            }
        }
    }

    async fn ban(&mut self, chat: usize, person: usize, hours: Option<i64>) -> Result<()> {
        self.take_turns(chat, person).await;
        let until = hours.map(|hours| aws::time::now() + hours * 3600);
        self.play.telegram.ban(self.chats[chat], self.owners[chat], self.people[person], until).await?;
        self.acted(&Act::Ban(chat, person, hours), chat, person, Some(until.unwrap_or(FOR_EVER)), Duration::from_millis(1050));
        Ok(())
    }

    /// Two decisions on one person in one chat are never of the same second: Telegram tells no more of them than the second.
    async fn take_turns(&self, chat: usize, person: usize) {
        if let Some((at, takes)) = self.busy[chat][person] {
            tokio::time::sleep(takes.saturating_sub(at.elapsed())).await;
        }
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
                self.take_turns(chat, person).await;
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

/// Asks again and again, more patiently than a test that is by itself.
async fn slowly<T>(what: &str, question: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE * 2 {
        if let Some(answer) = question().await? {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    None.with_context(|| format!("waited too long for {what}"))
}

/// Asks the store once more where it does not answer: the clients are those of functions, which have less time than a busy machine may
/// take. What is written so is the same however often.
pub(super) async fn patiently<T>(call: impl AsyncFn() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match call().await {
            Err(_) if began.elapsed() < PATIENCE * 2 => tokio::time::sleep(Duration::from_secs(1)).await,
            answer => return answer,
        }
    }
}

fn fault(chat: i64, trouble: Trouble) -> Fault {
    let action = match trouble.kind {
        Kind::Error => return with(Fault::internal_server_error(), chat, trouble),
        Kind::Close => FaultAction::Close,
        Kind::Flood => FaultAction::TooManyRequests { retry_after: 1, same_chat_only: true },
    };
    with(Fault::new(action), chat, trouble)
}

fn with(fault: Fault, chat: i64, trouble: Trouble) -> Fault {
    let fault = fault.method(trouble.method).chat(chat).times(trouble.times);
    // Whom Telegram tells to wait, has done nothing.
    if trouble.after_effect && !matches!(trouble.kind, Kind::Flood) { fault.after_effect() } else { fault }
}
