//! The right end of every chat, in simple words: who is banned where, and until when. Written from the rules, not from the engine.
//!
//! Decisions of one round are carried into a chat in no promised order, so every order is tried: the chat must end as one of them says.

//!
//! # Layout
//! - here: what was told, and what may have come of it
//! - [`rules`]: what becomes of somebody in a chat
//! - [`state`]: how he may stand there
//! - [`told`]: what chats chose, and what was told

mod rules;
mod state;
mod told;

pub use state::{Record, State};
pub use told::{Chat, Expected, Told};

use domain::sync::sync_id;
use rules::{Place, Span, Why};
use state::{End, orders, unique};
use std::collections::BTreeSet;
use told::{Item, What};
use uuid::Uuid;

pub const CHATS: usize = 4;
pub const PEOPLE: usize = 2;

/// The end of a ban that never ends, Unix seconds.
pub const FOR_EVER: i64 = i64::MAX;

/// Length of the bans of chats that chose [`SyncBanType::Temporary`], in seconds.
pub const TEMPORARY: i64 = 2 * 3600 + 1200;

/// Seconds by which clocks and calls that are under way may differ.
const SLACK: i64 = 2;

type States = [[Vec<State>; PEOPLE]; CHATS];

pub struct Reference {
    pub chats: [Chat; CHATS],
    pub round: u32,
    told: Vec<(u32, Told)>,
    /// Events that were taken back everywhere.
    undone: BTreeSet<Uuid>,
    /// Bans that went to others.
    carried: Vec<Told>,
    /// The states before all that goes on.
    before: States,
    /// All that goes on.
    open: Vec<Item>,
    /// So many of these are in `before` already.
    settled: [[usize; PEOPLE]; CHATS],
    /// The states that are possible by now.
    states: States,
}

impl Default for Reference {
    fn default() -> Self {
        let states = || std::array::from_fn(|_| std::array::from_fn(|_| vec![State::default()]));
        let (chats, told, undone, carried, open, settled) = Default::default();
        Self { chats, round: 0, told, undone, carried, before: states(), open, settled, states: states() }
    }
}

impl Reference {
    /// Somebody bans (`Some`: until then) or lifts a ban in Telegram, whether or not the bot is told.
    pub fn acts(&mut self, chat: usize, person: usize, banned: Option<i64>) {
        for state in &mut self.before[chat][person] {
            let banned = banned.map(End::at);
            state.local = banned.is_some() && (state.local || banned != state.banned);
            state.banned = banned;
        }
        self.chats[chat].admins[person] = false;
    }

    /// All that was told since is carried over.
    pub fn carry(&mut self, told: &[Told]) -> Expected {
        self.round += 1;
        self.told.extend(told.iter().map(|told| (self.round, told.clone())));
        let mut expected = Expected::default();
        for event in told {
            self.open.push(Item { round: self.round, at: event.at, what: What::Told(event.clone()) });
            expected.lifts |= event.bans.is_none();
            if event.bans.is_some() && !self.is_followed(event.person) {
                continue;
            }
            if !self.begins_sync(event) {
                expected.quiet = expected.quiet.max(Some(event.at));
                continue;
            }
            expected.syncs.push((sync_id(event.event_id), event.at));
            if event.bans.is_some() {
                self.carried.push(event.clone());
            }
        }
        expected
    }

    /// An admin takes back what of ours stands in his chat.
    pub fn undo_here(&mut self, chat: usize, person: usize, at: i64) {
        self.open.push(Item { round: self.round + 1, at, what: What::UndoneHere { chat, person } });
    }

    pub fn undo_everywhere(&mut self, event: &Told, at: i64) {
        self.undone.insert(event.event_id);
        self.open.push(Item { round: self.round + 1, at, what: What::UndoneEverywhere(event.clone()) });
    }

    /// Somebody who was away comes.
    pub fn comes(&mut self, chat: usize, person: usize, at: i64) {
        self.chats[chat].away[person] = false;
        self.open.push(Item { round: self.round + 1, at, what: What::Comes { chat, person } });
    }

    /// The newest ban of this source that went to others, unless it was taken back.
    pub fn newest_carried(&self, chat: usize, person: usize, news: &[Told]) -> Option<Told> {
        let of_news = news.iter().filter(|event| event.bans.is_some() && self.begins_sync(event));
        let all = self.carried.iter().chain(of_news).filter(|event| (event.chat, event.person) == (chat, person));
        all.max_by_key(|event| event.occurred.clone()).filter(|event| !self.undone.contains(&event.event_id)).cloned()
    }

    /// Works out how every chat may be by now.
    pub fn work_out(&mut self, now: i64) {
        for chat in 0..CHATS {
            for person in 0..PEOPLE {
                self.states[chat][person] = self.worked_out(chat, person, now);
            }
        }
    }

    fn worked_out(&self, chat: usize, person: usize, now: i64) -> Vec<State> {
        let open = self.open.iter().skip(self.settled[chat][person]);
        let items: Vec<_> = open.filter(|item| self.concerns(item, chat, person)).collect();
        let mut after = Vec::new();
        for order in orders(&items) {
            let mut states = self.before[chat][person].clone();
            for item in order {
                let span = Span { from: item.at, to: now + SLACK };
                let mut next = Vec::new();
                for moment in self.moments(&states, span) {
                    let place = Place { chat, person, round: item.round, now: moment, span };
                    next.extend(states.iter().flat_map(|state| self.done(&state.at(moment), place, &item.what)));
                }
                states = unique(next);
            }
            after.extend(states);
        }
        unique(after)
    }

    fn concerns(&self, item: &Item, chat: usize, person: usize) -> bool {
        let goes = |event: &Told| event.person == person && event.chat != chat;
        match &item.what {
            // A ban of somebody whom nobody follows goes nowhere. A lift goes where the ban went.
            What::Told(event) if event.bans.is_some() => goes(event) && self.stands(event) && self.is_followed(person) && !event.is_kick(),
            What::Told(event) => goes(event) && self.stands(event),
            What::UndoneEverywhere(event) => goes(event),
            What::UndoneHere { chat: here, person: who } | What::Comes { chat: here, person: who } => (*here, *who) == (chat, person),
        }
    }

    fn done(&self, state: &State, place: Place, what: &What) -> Vec<State> {
        match what {
            What::Told(event) => match event.bans {
                Some(until) if self.undone.contains(&event.event_id) => {
                    // Not done, or done and taken back.
                    let done = self.banned(state, place, event, until);
                    let why = Why::Everywhere(event.chat, event.event_id);
                    done.iter().flat_map(|state| self.lifted(state, place, why)).chain([state.clone()]).collect()
                }
                Some(until) => self.banned(state, place, event, until),
                None => self.lifted(state, place, Why::Lifted(event.chat)),
            },
            What::UndoneEverywhere(event) => self.lifted(state, place, Why::Everywhere(event.chat, event.event_id)),
            What::UndoneHere { .. } => self.lifted(state, place, Why::Here),
            What::Comes { .. } => self.comes_one(state, place),
        }
    }

    /// A ban goes to whoever follows, a lifted one to whoever has taken it over and wants it lifted.
    pub fn begins_sync(&self, event: &Told) -> bool {
        let mut others = (0..CHATS).filter(|&chat| chat != event.chat);
        others.any(|chat| match event.bans {
            Some(_) => self.chats[chat].follows[event.person].is_some() && !event.is_kick(),
            None => {
                let all = |of: &[State]| of.iter().all(|state| state.has_taken_over(event.chat));
                self.chats[chat].sync_unban && all(&self.before[chat][event.person])
            }
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

    pub fn states(&self, chat: usize, person: usize) -> &[State] {
        &self.states[chat][person]
    }

    /// Does a ban of ours stand there, as far as we know? Not one that is being taken back.
    pub fn has_ours(&self, chat: usize, person: usize) -> bool {
        let ours = |state: &State| state.banned.is_some() && self.is_ours(state, chat, person);
        let is_undone = |item: &Item| match &item.what {
            What::UndoneHere { chat: here, person: who } => (*here, *who) == (chat, person),
            What::UndoneEverywhere(event) => event.person == person && event.chat != chat,
            What::Told(_) | What::Comes { .. } => false,
        };
        self.before[chat][person].iter().all(ours) && !self.open.iter().any(is_undone)
    }

    /// Have we never banned there, or lifted it?
    pub fn has_nothing_of_ours(&self, chat: usize, person: usize) -> bool {
        self.before[chat][person].iter().all(|state| state.last_set().is_none_or(|last| last.lift))
    }

    /// Is nobody's ban there?
    pub fn is_free(&self, chat: usize, person: usize) -> bool {
        self.before[chat][person].iter().all(|state| state.banned.is_none())
    }

    /// Chats, and the bans that may wait there for somebody.
    pub fn waited_for(&self) -> BTreeSet<(usize, Uuid)> {
        let of_chat = |chat: usize| self.before[chat].iter().flatten().flat_map(|state| &state.waits).map(move |event| (chat, *event));
        (0..CHATS).flat_map(of_chat).collect()
    }

    pub fn is_waited_for(&self, chat: usize, person: usize) -> bool {
        self.chats[chat].away[person] || self.before[chat][person].iter().any(|state| !state.waits.is_empty())
    }

    pub fn waits_no_more(&mut self, chat: usize, person: usize) {
        for state in &mut self.before[chat][person] {
            state.waits.clear();
        }
    }

    pub fn was_told(&self, what: impl Fn(&Told) -> bool) -> bool {
        self.told.iter().any(|(_, told)| what(told))
    }

    /// May it have ended like this?
    pub fn allows(&self, chat: usize, person: usize, banned: Option<i64>, now: i64) -> bool {
        self.states[chat][person].iter().any(|state| state.allows(banned, now))
    }

    /// All has ended, like this: what does not fit with it did not happen.
    pub fn ended(&mut self, chat: usize, person: usize, banned: Option<i64>, now: i64) {
        let mut states = std::mem::take(&mut self.states[chat][person]);
        states.retain(|state| state.allows(banned, now));
        for state in &mut states {
            state.banned = banned.map(End::at);
        }
        self.states[chat][person] = unique(states);
    }

    /// Nothing goes on any more.
    pub fn rests(&mut self) {
        self.before = self.states.clone();
        self.open.clear();
        self.settled = Default::default();
    }

    /// A chat is seen like this while all else goes on. What was done there may come again, and find that it is over.
    pub fn seen(&mut self, chat: usize, person: usize, banned: Option<i64>, now: i64) {
        self.states[chat][person] = self.worked_out(chat, person, now);
        self.ended(chat, person, banned, now);
        let seen = self.states[chat][person].clone();
        self.before[chat][person].extend(seen);
        self.settled[chat][person] = self.open.len();
    }

    /// A witness tells what was done in this round.
    pub fn witnessed(&mut self, chat: usize, person: usize, banned: Option<i64>, done: Vec<Record>) {
        let State { mut records, waits, .. } = self.before[chat][person].first().cloned().unwrap_or_default();
        records.extend(done);
        self.states[chat][person] = vec![State { banned: banned.map(End::at), local: false, records, waits }];
    }
}
