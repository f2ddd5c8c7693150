//! The states of a person in a chat, and our acts on him there.

use domain::ban::Occurred;
use domain::settings::SyncBanType;
use uuid::Uuid;

/// End of a ban: between these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub from: i64,
    pub to: i64,
}

impl End {
    pub fn at(until: i64) -> Self {
        Self { from: until, to: until }
    }

    pub fn not_before(self, least: Option<i64>) -> Self {
        least.map_or(self, |least| Self { from: self.from.max(least), to: self.to.max(least) })
    }
}

/// An act of ours on a person in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub source: usize,
    pub event: Uuid,
    pub occurred: Occurred,
    pub round: u32,
    pub lift: bool,
    /// We did it; else he was found banned.
    pub set: bool,
    /// The end that the ban was to have here; `None`: that is not known.
    pub wanted: Option<End>,
    /// How long the chat's bans were to be then; `None`: that is not known.
    pub ban_type: Option<SyncBanType>,
    /// End of a ban of the chat's own that stood there before.
    pub prior: Option<i64>,
}

/// A possible state of a person in a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub banned: Option<End>,
    /// The chat's own people have set it, told or not: its end is another than that of ours.
    pub local: bool,
    pub records: Vec<Record>,
    /// Events that ban him when he comes.
    pub waits: Vec<Uuid>,
}

impl State {
    /// The same by then: a ban may have run out.
    pub fn at(&self, moment: i64) -> Self {
        Self { banned: self.banned.filter(|end| end.to > moment), ..self.clone() }
    }

    pub fn allows(&self, banned: Option<i64>, now: i64) -> bool {
        match (self.banned, banned) {
            (None, None) => true,
            (Some(End { from, to }), Some(until)) => (from..=to).contains(&until),
            (Some(End { from, .. }), None) => from <= now,
            (None, Some(_)) => false,
        }
    }

    pub fn last_set(&self) -> Option<&Record> {
        self.records.iter().rfind(|record| record.set)
    }

    pub fn has_taken_over(&self, source: usize) -> bool {
        self.records.iter().any(|record| !record.lift && record.source == source)
    }

    pub fn with(&self, banned: Option<End>, record: Record) -> Self {
        let mut state = Self { banned, local: self.local && banned == self.banned, ..self.clone() };
        state.records.push(record);
        state
    }

    pub fn waits_for(&self, event: Uuid) -> Self {
        let mut state = self.waits_no_more(event);
        state.waits.push(event);
        state
    }

    pub fn waits_no_more(&self, event: Uuid) -> Self {
        let mut state = self.clone();
        state.waits.retain(|waits| *waits != event);
        state
    }
}

pub fn unique(states: impl IntoIterator<Item = State>) -> Vec<State> {
    let mut unique: Vec<State> = Vec::new();
    for state in states {
        if !unique.contains(&state) {
            unique.push(state);
        }
    }
    unique
}

/// All orders; a handful is all that there ever is to order.
pub fn orders<T: Copy>(of: &[T]) -> Vec<Vec<T>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, &first) in of.iter().enumerate() {
        let rest: Vec<_> = of.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, &next)| next).collect();
        all.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first);
            order
        }));
    }
    all
}
