//! How every chat must end, in simple words: who is banned where, and until when. Written from the rules, not from the engine.
//!
//! Where decisions of one round are carried into a chat in no promised order, every order is tried: the chat must end as one of them says.

use super::rest::LONGEST_ROUND;
use domain::ban::Occurred;
use domain::settings::SyncBanType;
use domain::subscription::Mode;
use std::ops::ControlFlow;
use uuid::Uuid;

pub const CHATS: usize = 4;
pub const PEOPLE: usize = 2;

/// The end of a ban that never ends, Unix seconds.
pub const FOR_EVER: i64 = i64::MAX;

/// A ban of so many seconds is a kick, unless a chat chose otherwise.
const KICK: i64 = 60;

/// Length of the bans of chats that chose [`SyncBanType::Temporary`], in seconds.
pub const TEMPORARY: i64 = 2 * 3600 + 1200;

/// Seconds that a ban may take until it is set: a round that takes longer is late.
const SLACK: i64 = LONGEST_ROUND.as_secs() as i64 + 60;

/// What a chat's people chose, and who they are.
#[derive(Clone, Debug)]
pub struct Chat {
    pub auto_sync: bool,
    pub confirmation: bool,
    pub ban_type: SyncBanType,
    pub sync_unban: bool,
    pub bot_may_ban: bool,
    pub admins: [bool; PEOPLE],
    pub follows: [Option<Mode>; PEOPLE],
    pub ignored_people: [bool; PEOPLE],
    pub ignored_sources: [bool; CHATS],
}

impl Default for Chat {
    fn default() -> Self {
        let (ban_type, bot_may_ban) = (SyncBanType::Same, true);
        let (admins, follows, ignored_people, ignored_sources) = Default::default();
        Self {
            auto_sync: true,
            confirmation: false,
            ban_type,
            sync_unban: false,
            bot_may_ban,
            admins,
            follows,
            ignored_people,
            ignored_sources,
        }
    }
}

/// What a person decided on another in a chat, as Telegram told it to the bot.
#[derive(Clone, Debug)]
pub struct Told {
    pub event_id: Uuid,
    pub chat: usize,
    pub person: usize,
    pub occurred: Occurred,
    /// Unix seconds.
    pub at: i64,
    /// End of the ban; `None`: the ban was lifted.
    pub bans: Option<i64>,
    /// When the bot had it, Unix milliseconds.
    pub accepted_ms: i64,
}

impl Told {
    /// So short a ban is a kick, and carried nowhere.
    fn is_kick(&self) -> bool {
        self.bans.is_some_and(|until| until - self.at <= KICK)
    }
}

/// When a ban ends: between these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    from: i64,
    to: i64,
}

impl End {
    pub fn at(until: i64) -> Self {
        Self { from: until, to: until }
    }
}

/// What we did to a person in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub source: usize,
    pub occurred: Occurred,
    pub round: u32,
    pub lift: bool,
    /// We did it; else he was found banned.
    pub set: bool,
    /// End of a ban of the chat's own that stood there before.
    pub prior: Option<i64>,
}

/// How a person may stand in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub banned: Option<End>,
    pub records: Vec<Record>,
}

impl State {
    fn allows(&self, banned: Option<i64>) -> bool {
        match (self.banned, banned) {
            (None, None) => true,
            (Some(End { from, to }), Some(until)) => (from..=to).contains(&until),
            _ => false,
        }
    }

    fn last_set(&self) -> Option<&Record> {
        self.records.iter().rfind(|record| record.set)
    }
}

/// What must come of what was told.
#[derive(Debug, Default)]
pub struct Expected {
    /// Events that begin a sync, and when they were, Unix seconds.
    pub syncs: Vec<(Uuid, i64)>,
    /// When the last event was that is looked at and begins none.
    pub quiet: Option<i64>,
    pub lifts: bool,
}

pub struct Reference {
    pub chats: [Chat; CHATS],
    pub round: u32,
    pub told: Vec<(u32, Told)>,
    states: [[Vec<State>; PEOPLE]; CHATS],
}

impl Default for Reference {
    fn default() -> Self {
        let states = std::array::from_fn(|_| std::array::from_fn(|_| vec![State { banned: None, records: Vec::new() }]));
        Self { chats: Default::default(), round: 0, told: Vec::new(), states }
    }
}

impl Reference {
    /// Somebody bans (`Some`: until then) or lifts a ban in Telegram, whether or not the bot is told.
    pub fn acts(&mut self, chat: usize, person: usize, banned: Option<i64>) {
        for state in &mut self.states[chat][person] {
            state.banned = banned.map(End::at);
        }
        self.chats[chat].admins[person] = false;
    }

    /// All that was told in a round is carried over.
    pub fn carry(&mut self, told: &[Told], now: i64) -> Expected {
        self.round += 1;
        self.told.extend(told.iter().map(|told| (self.round, told.clone())));
        let mut expected = Expected::default();
        for event in told.iter().filter(|event| event.bans.is_none() || self.is_followed(event.person)) {
            match self.begins_sync(event) {
                true => expected.syncs.push((event.event_id, event.at)),
                false => expected.quiet = expected.quiet.max(Some(event.at)),
            }
            expected.lifts |= event.bans.is_none();
        }
        for chat in 0..CHATS {
            for person in 0..PEOPLE {
                // A ban of somebody whom nobody follows goes nowhere. A lift goes where the ban went.
                let is_followed = self.is_followed(person);
                let goes = |event: &Told| if event.bans.is_some() { is_followed && !event.is_kick() } else { true };
                let of_others = |event: &&Told| event.person == person && event.chat != chat && goes(event);
                let others: Vec<_> = told.iter().filter(of_others).filter(|event| self.stands(event)).collect();
                let before = std::mem::take(&mut self.states[chat][person]);
                let mut after = Vec::new();
                for order in orders(&others) {
                    let mut states = before.clone();
                    for event in order {
                        states = states.iter().flat_map(|state| self.carried(state, chat, event, now)).collect();
                    }
                    after.extend(states);
                }
                self.states[chat][person] = unique(after);
            }
        }
        expected
    }

    /// A ban goes to whoever follows, a lifted one to whoever has taken it over and wants it lifted.
    fn begins_sync(&self, event: &Told) -> bool {
        let mut others = (0..CHATS).filter(|&chat| chat != event.chat);
        others.any(|chat| match event.bans {
            Some(_) => self.chats[chat].follows[event.person].is_some() && !event.is_kick(),
            None => self.chats[chat].sync_unban && self.states[chat][event.person].iter().all(|state| has_taken_over(state, event.chat)),
        })
    }

    fn is_followed(&self, person: usize) -> bool {
        self.chats.iter().any(|chat| chat.follows[person].is_some())
    }

    fn decisions(&self, chat: usize, person: usize) -> impl DoubleEndedIterator<Item = &(u32, Told)> {
        self.told.iter().filter(move |(_, told)| (told.chat, told.person) == (chat, person))
    }

    /// The decision is the last one there.
    fn stands(&self, event: &Told) -> bool {
        self.decisions(event.chat, event.person).all(|(_, other)| other.occurred <= event.occurred)
    }

    fn carried(&self, state: &State, chat: usize, event: &Told, now: i64) -> Vec<State> {
        match event.bans {
            Some(until) => self.banned(state, chat, event, until, now),
            None => self.lifted(state, chat, event, now),
        }
    }

    fn banned(&self, state: &State, chat: usize, event: &Told, until: i64, now: i64) -> Vec<State> {
        let wishes = &self.chats[chat];
        let is_wanted = wishes.follows[event.person] == Some(Mode::Auto)
            && !wishes.ignored_people[event.person]
            && !wishes.ignored_sources[event.chat]
            && wishes.auto_sync
            && !wishes.confirmation
            && wishes.bot_may_ban
            && !wishes.admins[event.person];
        let decided_since = self.decisions(chat, event.person).any(|(_, own)| own.occurred > event.occurred);
        if !is_wanted || decided_since {
            return vec![state.clone()];
        }
        let wanted = match wishes.ban_type {
            SyncBanType::Same => End::at(until),
            SyncBanType::Permanent => End::at(FOR_EVER),
            SyncBanType::Temporary => End { from: now - SLACK + TEMPORARY, to: now + SLACK + TEMPORARY },
        };
        let record = |set, prior| {
            let (source, occurred) = (event.chat, event.occurred.clone());
            Record { source, occurred, round: self.round, lift: false, set, prior }
        };
        let found = with(state, state.banned, record(false, None));
        let is_ours = self.is_ours(state, chat, event.person);
        let set = |prior| with(state, Some(wanted), record(true, prior));
        let Some(present) = state.banned else { return vec![set(None)] };
        if present == wanted && wanted.from == wanted.to {
            return vec![found];
        }
        let longer = set(Some(present.from).filter(|_| !is_ours));
        // A longer ban is shortened only where the same source has set it and nobody else's ban is behind it.
        let same_source = state.last_set().is_some_and(|last| last.source == event.chat);
        let may_shorten =
            is_ours && same_source && !self.others_ban(state, chat, event, now) && self.prior(state, chat, event.person, now).is_none();
        if present.to < wanted.from {
            vec![longer]
        } else if present.from > wanted.to {
            vec![if may_shorten { set(None) } else { found }]
        } else {
            [vec![longer, found], if may_shorten { vec![set(None)] } else { vec![] }].concat()
        }
    }

    fn lifted(&self, state: &State, chat: usize, event: &Told, now: i64) -> Vec<State> {
        let wishes = &self.chats[chat];
        let may = wishes.sync_unban && wishes.bot_may_ban && has_taken_over(state, event.chat) && self.is_ours(state, chat, event.person);
        if !may || state.banned.is_none() || self.others_ban(state, chat, event, now) {
            return vec![state.clone()];
        }
        let prior = self.prior(state, chat, event.person, now);
        let (source, occurred) = (event.chat, event.occurred.clone());
        vec![with(state, prior.map(End::at), Record { source, occurred, round: self.round, lift: true, set: true, prior: None })]
    }

    /// The last that was done there was done by us, and was a ban.
    fn is_ours(&self, state: &State, chat: usize, person: usize) -> bool {
        let Some(last) = state.last_set() else { return false };
        !last.lift && self.decisions(chat, person).all(|(round, _)| *round <= last.round)
    }

    /// Another source, whose ban is in the chat too, has banned all the time since.
    fn others_ban(&self, state: &State, chat: usize, event: &Told, now: i64) -> bool {
        state.records.iter().any(|record| {
            let is_other = !record.lift && record.source != event.chat && record.source != chat;
            let since = self.decisions(record.source, event.person).filter(|(_, told)| told.occurred >= record.occurred);
            is_other
                && since.map(|(_, told)| told.bans).try_fold(false, |_, bans| match bans {
                    Some(until) => ControlFlow::Continue(until > now),
                    None => ControlFlow::Break(()),
                }) == ControlFlow::Continue(true)
        })
    }

    /// End of the chat's own ban under ours, if it has not ended and nobody there has decided otherwise.
    fn prior(&self, state: &State, chat: usize, person: usize, now: i64) -> Option<i64> {
        let decided = self.decisions(chat, person).next_back().map_or(0, |(round, _)| *round);
        let ours = state.records.iter().rev().take_while(|record| !record.lift && record.round >= decided);
        ours.filter_map(|record| record.prior).max().filter(|&until| until > now)
    }

    pub fn states(&self, chat: usize, person: usize) -> &[State] {
        &self.states[chat][person]
    }

    /// May it have ended like this?
    pub fn allows(&self, chat: usize, person: usize, banned: Option<i64>) -> bool {
        self.states[chat][person].iter().any(|state| state.allows(banned))
    }

    /// It has ended like this: what does not fit with it did not happen.
    pub fn ended(&mut self, chat: usize, person: usize, banned: Option<i64>) {
        let states = &mut self.states[chat][person];
        states.retain(|state| state.allows(banned));
        for state in states.iter_mut() {
            state.banned = banned.map(End::at);
        }
        self.states[chat][person] = unique(std::mem::take(states));
    }

    /// A witness tells what was done in this round.
    pub fn witnessed(&mut self, chat: usize, person: usize, banned: Option<i64>, done: Vec<Record>) {
        let mut records = self.states[chat][person].first().map(|state| state.records.clone()).unwrap_or_default();
        records.retain(|record| record.round < self.round);
        records.extend(done);
        self.states[chat][person] = vec![State { banned: banned.map(End::at), records }];
    }
}

fn has_taken_over(state: &State, source: usize) -> bool {
    state.records.iter().any(|record| !record.lift && record.source == source)
}

fn with(state: &State, banned: Option<End>, record: Record) -> State {
    let mut records = state.records.clone();
    records.push(record);
    State { banned, records }
}

fn unique(states: Vec<State>) -> Vec<State> {
    let mut unique: Vec<State> = Vec::new();
    for state in states {
        if !unique.contains(&state) {
            unique.push(state);
        }
    }
    unique
}

/// All orders; a handful is all that there ever is to order.
fn orders<'a>(events: &[&'a Told]) -> Vec<Vec<&'a Told>> {
    if events.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, &first) in events.iter().enumerate() {
        let rest: Vec<_> = events.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, &event)| event).collect();
        all.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first);
            order
        }));
    }
    all
}
