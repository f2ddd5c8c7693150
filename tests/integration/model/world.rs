//! A history as it happens: chats and people of its own on the deployed stack, each step done there and told to the reference.

use super::reference::{CHATS, Expected, FOR_EVER, PEOPLE, Record, Reference, TEMPORARY, Told};
use super::steps::{Act, Chance, Change, Kind, Trouble};
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, bail, ensure};
use aws::store::users::{Chosen, Ignored};
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::profile::ProfileChange;
use domain::settings::{ChatChange, UserChange};
use domain::subscription::{Mode, Source, Subscription};
use domain::sync::ledger::Entry;
use domain::sync::{self, Outcome, SyncStatus};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use telegram::update::{self, Update};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, ControlError, DeliveryState, Fault, FaultAction, NewChat};

const STEPS: usize = 50;

/// How long a round may take until all is as it must be.
const LONGEST_ROUND: Duration = Duration::from_secs(240);

/// How long all may be at rest and wrong: what is on its way to the planner is not seen.
const LONGEST_WRONG: Duration = Duration::from_secs(20);

/// A moment, Unix seconds: all that happened before it in any history has come to the planner.
static PLANNED: AtomicI64 = AtomicI64::new(0);
/// An update that was told before any history that begins now.
static BEFORE: AtomicU32 = AtomicU32::new(0);
/// How often the ledger had to tell what was done first.
pub static WITNESSES: AtomicUsize = AtomicUsize::new(0);
pub static SYNCS: AtomicUsize = AtomicUsize::new(0);
pub static ROUNDS: AtomicUsize = AtomicUsize::new(0);

pub struct World<'a> {
    play: &'a Play,
    chance: Chance,
    chats: [i64; CHATS],
    owners: [i64; CHATS],
    people: [i64; PEOPLE],
    reference: Reference,
    /// What was done, for whoever has to read of a failure.
    pub story: Vec<String>,
    /// When the round that is under way began.
    began: Option<Instant>,
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
            play.users.create(UserId(*owner), &ProfileChange::default()).await?;
            let quiet = UserChange { notifications_enabled: Some(false), ..UserChange::default() };
            ensure!(matches!(play.users.choose(UserId(*owner), &quiet).await?, Chosen::Done(_)), "an owner is known");
            let bot = BotRole::Administrator(AdminRights::moderator());
            *chat = play.telegram.create_chat(NewChat::supergroup("Chat", *owner).members(&people).bot(bot)).await?;
        }
        let (reference, story, past, busy) = Default::default();
        let (chance, began, troubled) = (Chance(seed), None, [false; CHATS]);
        let mut world = Self { play, chance, chats, owners, people, reference, story, began, busy, last_update, past, troubled };
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
    pub async fn run(&mut self) -> Result<()> {
        let mut left = STEPS;
        while left > 0 {
            let changes = (4 + self.chance.of(6)).min(left);
            for _ in 0..changes {
                self.change().await?;
            }
            left -= changes;
            let news = self.told().await?;
            ensure!(news.is_empty(), "nobody was banned by a change: {news:?}");
            let acts = (2 + self.chance.of(3)).min(left);
            for _ in 0..acts {
                // What comes when the first ban is due already is another round.
                if self.began.is_some_and(|began| began.elapsed() > self.settle() * 6 / 10) {
                    self.rest().await?;
                }
                self.act().await?;
            }
            left -= acts;
            self.rest().await?;
        }
        // What comes late, comes now.
        tokio::time::sleep(self.settle() + Duration::from_secs(2)).await;
        self.began = Some(Instant::now());
        self.rest().await
    }

    fn settle(&self) -> Duration {
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
            let chosen = play.users.choose_for_chat(ChatId(chats[chat]), &change).await?;
            ensure!(matches!(chosen, Chosen::Done(_)), "a chat may choose so: {chosen:?}");
            Ok(())
        };
        let none = ChatChange::default;
        match change {
            Change::Follow(chat, person, mode) => {
                if self.reference.chats[chat].follows[person].is_some() {
                    play.subscriptions.unfollow(&self.subscription(chat, person)).await?;
                }
                play.subscriptions.follow_in(&self.subscription(chat, person), mode).await?;
                self.reference.chats[chat].follows[person] = Some(mode);
            }
            Change::Unfollow(chat, person) => {
                play.subscriptions.unfollow(&self.subscription(chat, person)).await?;
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
        match on {
            true => self.play.users.ignore(chat, what).await?,
            false => self.play.users.ignore_no_longer(chat, what).await?,
        };
        Ok(())
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
    async fn banned(&self, chat: usize, person: usize) -> Result<Option<i64>> {
        let member = self.play.telegram.member(self.chats[chat], self.people[person]).await?;
        let until = member.until_date.filter(|&until| until != 0).unwrap_or(FOR_EVER);
        Ok((member.status == "kicked").then_some(until))
    }

    /// What has been told since, when the bot has accepted all of it.
    async fn told(&mut self) -> Result<Vec<Told>> {
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

    /// Ends a round: waits until nothing is under way, and compares.
    async fn rest(&mut self) -> Result<()> {
        let Some(began) = self.began.take() else { return Ok(()) };
        let told = self.told().await?;
        let expected = self.reference.carry(&told, aws::time::now());
        ROUNDS.fetch_add(1, Ordering::Relaxed);
        SYNCS.fetch_add(expected.syncs.len(), Ordering::Relaxed);
        if !expected.syncs.is_empty() {
            tokio::time::sleep(self.settle().saturating_sub(began.elapsed())).await;
        }
        let (accepted, mut wrong_since, mut looked_twice) = (Instant::now(), None, !expected.lifts);
        loop {
            if let Some(missing) = self.not_closed(&expected).await? {
                ensure!(began.elapsed() < LONGEST_ROUND, "a sync is missing or does not end: {missing}; told were {told:?}");
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            }
            let is_quiet =
                expected.quiet.is_none_or(|at| PLANNED.load(Ordering::Relaxed) > at + 3 || accepted.elapsed() > Duration::from_secs(15));
            if !is_quiet || self.is_running(&told).await? {
                ensure!(began.elapsed() < LONGEST_ROUND, "syncs do not end; told were {told:?}");
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            }
            let wrong = self.wrong().await?;
            match wrong {
                None if looked_twice => return Ok(()),
                // What sweeps up after a sync begins when that has ended.
                None => {
                    looked_twice = true;
                    tokio::time::sleep(Duration::from_millis(2500)).await;
                }
                Some(wrong) => {
                    if self.witnesses(&told).await? {
                        continue;
                    }
                    if wrong_since.get_or_insert_with(Instant::now).elapsed() > LONGEST_WRONG {
                        bail!("{wrong}\n    told were {told:#?}");
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn not_closed(&self, expected: &Expected) -> Result<Option<String>> {
        for &(event, at) in &expected.syncs {
            match self.play.syncs.summary(sync::sync_id(event)).await? {
                Some(summary) if summary.status != SyncStatus::Running => PLANNED.fetch_max(at, Ordering::Relaxed),
                other => return Ok(Some(format!("of event {event}: {:?}", other.map(|summary| summary.status)))),
            };
        }
        Ok(None)
    }

    async fn is_running(&self, told: &[Told]) -> Result<bool> {
        for person in 0..PEOPLE {
            if told.iter().any(|told| told.person == person) {
                let syncs = self.play.syncs.of_user(UserId(self.people[person])).await?;
                if syncs.iter().any(|sync| sync.status == SyncStatus::Running) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The first chat that is not as it must be; where all are, the reference knows now how they are.
    async fn wrong(&mut self) -> Result<Option<String>> {
        let mut seen = Vec::new();
        for chat in 0..CHATS {
            for person in 0..PEOPLE {
                let banned = self.banned(chat, person).await?;
                if !self.reference.allows(chat, person, banned) {
                    let (states, chats) = (self.reference.states(chat, person), &self.reference.chats[chat]);
                    let entries = self.entries(chat, person).await?;
                    let (id, user) = (self.chats[chat], self.people[person]);
                    return Ok(Some(format!(
                        "person {person} ({user}) in chat {chat} ({id}) is {banned:?}, must be one of {states:#?}\n    chat: {chats:?}\n    ledger: {entries:#?}\n    chats: {:?}",
                        self.chats
                    )));
                }
                seen.push((chat, person, banned));
            }
        }
        for (chat, person, banned) in seen {
            self.reference.ended(chat, person, banned);
        }
        Ok(None)
    }

    async fn entries(&self, chat: usize, person: usize) -> Result<Vec<Entry>> {
        self.play.syncs.entries(ChatId(self.chats[chat]), UserId(self.people[person])).await
    }

    /// Where a decision was carried out before the bot knew of the one after it, the ledger is a witness. `false`: there is no such case.
    async fn witnesses(&mut self, told: &[Told]) -> Result<bool> {
        let mut found = false;
        for chat in 0..CHATS {
            for person in 0..PEOPLE {
                let banned = self.banned(chat, person).await?;
                if self.reference.allows(chat, person, banned) {
                    continue;
                }
                let entries = self.entries(chat, person).await?;
                let of = |entry: &Entry| told.iter().find(|told| told.event_id == entry.ban_event_id);
                let is_early = |entry: &&Entry| {
                    let overtaken = |event: &Told| {
                        let newer = |other: &&Told| {
                            other.person == person && [event.chat, chat].contains(&other.chat) && other.occurred > event.occurred
                        };
                        told.iter().filter(newer).any(|newer| entry.at <= newer.accepted_ms / 1000)
                    };
                    entry.outcome == Outcome::Applied && of(entry).is_some_and(overtaken)
                };
                if !entries.iter().any(|entry| is_early(&entry)) {
                    continue;
                }
                let round = self.reference.round;
                let done = entries.iter().filter_map(|entry| {
                    let source = of(entry)?.chat;
                    let set = match entry.outcome {
                        Outcome::Applied => true,
                        Outcome::Already => false,
                        _ => return None,
                    };
                    let lift = entry.kind == sync::Kind::Lift;
                    Some(Record { source, occurred: entry.occurred.clone(), round, lift, set, prior: entry.prior })
                });
                let done = done.collect();
                self.reference.witnessed(chat, person, banned, done);
                self.story.push(format!("  a witness tells of person {person} in chat {chat}: {banned:?}"));
                WITNESSES.fetch_add(1, Ordering::Relaxed);
                found = true;
            }
        }
        Ok(found)
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
