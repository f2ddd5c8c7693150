//! The fate of somebody in a chat by what is carried there, in the words of the requirements.

use super::state::{End, Record, State, orders, unique};
use super::{FOR_EVER, Reference, TEMPORARY, Told};
use domain::settings::SyncBanType;
use domain::subscription::Mode;
use uuid::Uuid;

/// Of a ban that has less left than this, nothing is set, in seconds.
const TOO_SHORT: i64 = 40;

/// The time in which something is done: between these two.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

/// A place to which something is carried.
#[derive(Clone, Copy)]
pub struct Place {
    pub chat: usize,
    pub person: usize,
    /// Of what is carried.
    pub round: u32,
    /// It is done at this moment of the span.
    pub now: i64,
    pub span: Span,
}

/// Why a ban is taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This source has lifted its ban.
    Lifted(usize),
    /// An admin of this source takes this event back everywhere.
    Everywhere(usize, Uuid),
    /// An admin of the chat takes back what stands there.
    Here,
}

impl Reference {
    /// All moments at which it could matter that it is done before or after them.
    pub(super) fn moments(&self, states: &[State], span: Span) -> Vec<i64> {
        let banned = states.iter().filter_map(|state| state.banned).flat_map(|end| [end.from, end.to]);
        let priors = states.iter().flat_map(|state| &state.records).filter_map(|record| record.prior);
        let told = self.told.iter().filter_map(|(_, told)| told.bans);
        let ends = banned.chain(priors).chain(told).filter(|&end| end != FOR_EVER);
        let near = ends.flat_map(|end| [end - TOO_SHORT, end - TOO_SHORT + 1, end - 1, end]);
        let mut moments: Vec<_> = near.chain([span.from, span.to]).filter(|moment| (span.from..=span.to).contains(moment)).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    pub(super) fn banned(&self, state: &State, place: Place, event: &Told, until: i64) -> Vec<State> {
        let Place { chat, person, now, span, .. } = place;
        let wishes = &self.chats[chat];
        let decided_since = self.decisions(chat, person).any(|(_, own)| own.occurred > event.occurred);
        if !self.is_wanted(chat, person, event.chat) || decided_since {
            return vec![state.clone()];
        }
        let wanted = match wishes.ban_type {
            SyncBanType::Same if until - now < TOO_SHORT => return vec![state.clone()],
            SyncBanType::Same => End::at(until),
            SyncBanType::Permanent => End::at(FOR_EVER),
            SyncBanType::Temporary => End { from: span.from + TEMPORARY, to: span.to + TEMPORARY },
        };
        if wishes.away[person] {
            return vec![state.waits_for(event.event_id)];
        }
        let record = |set, prior| record(event, place.round, set, (wishes.ban_type, wanted), prior);
        let found = state.with(state.banned, record(false, None));
        let is_ours = self.is_ours(state, chat, person);
        let set = |prior| state.with(Some(wanted), record(true, prior));
        let Some(present) = state.banned else { return vec![set(None)] };
        if present == wanted && wanted.from == wanted.to {
            return vec![found];
        }
        let longer = set(Some(present.from).filter(|_| !is_ours));
        // A longer ban is shortened only where the same source has set it, and not below what of others' bans is behind it.
        let same_source = state.last_set().is_some_and(|last| last.source == event.chat);
        let (others, prior) = (self.others(state, place, event.chat), self.prior(state, place));
        let ends = ends_here(&others, present);
        let is_sooner = |end: &End| end.to < present.from && prior.is_none_or(|prior| prior < end.from);
        let shorter: Vec<_> = match ends.is_empty() {
            _ if !is_ours || !same_source => vec![],
            true if prior.is_some() => vec![],
            true => vec![set(None)],
            false => {
                let to = |end: End| state.with(Some(if end.to > wanted.to { end } else { wanted }), record(true, None));
                let (sooner, others): (Vec<_>, Vec<_>) = ends.into_iter().partition(is_sooner);
                let shorter: Vec<_> = sooner.into_iter().map(to).collect();
                // Where not all ends would shorten it, it may stay.
                let stays = (!shorter.is_empty() && !others.is_empty()).then(|| found.clone());
                shorter.into_iter().chain(stays).collect()
            }
        };
        if present.to < wanted.from {
            vec![longer]
        } else if present.from > wanted.to {
            if shorter.is_empty() { vec![found] } else { shorter }
        } else {
            [vec![longer, found], shorter].concat()
        }
    }

    pub(super) fn lifted(&self, state: &State, place: Place, why: Why) -> Vec<State> {
        let Place { chat, person, .. } = place;
        let wishes = &self.chats[chat];
        let is_meant = match why {
            Why::Lifted(source) => wishes.sync_unban && state.has_taken_over(source),
            Why::Everywhere(_, event) => state.records.iter().any(|record| !record.lift && record.event == event),
            Why::Here => true,
        };
        let others = match why {
            Why::Lifted(source) | Why::Everywhere(source, _) => self.others(state, place, source),
            Why::Here => Vec::new(),
        };
        let may = is_meant && wishes.bot_may_ban && self.is_ours(state, chat, person);
        let (Some(last), Some(present)) = (state.last_set().filter(|_| may), state.banned) else { return vec![state.clone()] };
        // Telegram would make an end that is too near one for ever.
        let is_far = |end: &i64| end - place.now >= TOO_SHORT;
        let prior = self.prior(state, place);
        let Some((holds, _)) = others.iter().max_by_key(|(_, until)| *until) else {
            let lift = Record { round: place.round, lift: true, set: true, prior: None, ..last.clone() };
            let lifted = state.with(prior.filter(is_far).map(End::at), lift);
            // One that has lifted its ban and bans again may be taken for one that never stopped.
            return if self.bans_again(state, place, why) { vec![lifted, state.clone()] } else { vec![lifted] };
        };
        // He stays banned until the last of the others' bans ends, or the chat's own.
        let stays = |end: End| {
            let ours = Record { round: place.round, set: true, prior, ..(*holds).clone() };
            let shorter = |end: End| state.with(Some(end).filter(|end| is_far(&end.from)), ours.clone());
            match present.to <= end.to {
                // An end that is not known to the second may be the sooner one.
                true if end.from < present.to => vec![state.clone(), shorter(End { to: present.to, ..end })],
                true => vec![state.clone()],
                false => vec![shorter(end)],
            }
        };
        ends_here(&others, present).into_iter().map(|end| end.not_before(prior)).flat_map(stays).collect()
    }

    /// Somebody who was waited for has come: for each source that still bans him.
    pub(super) fn comes_one(&self, state: &State, place: Place) -> Vec<State> {
        let mut all = Vec::new();
        for order in orders(&state.waits) {
            let mut states = vec![state.clone()];
            for event in order {
                states = states.iter().flat_map(|state| self.waited(state, place, event)).collect();
            }
            all.extend(states);
        }
        unique(all)
    }

    fn waited(&self, state: &State, place: Place, event: Uuid) -> Vec<State> {
        let over = state.waits_no_more(event);
        let Some((_, event)) = self.told.iter().find(|(_, told)| told.event_id == event) else { return vec![over] };
        let until = event.bans.filter(|until| *until > place.now && self.stands(event) && !self.undone.contains(&event.event_id));
        let decided_since = self.decisions(place.chat, place.person).any(|(_, own)| own.occurred > event.occurred);
        let Some(until) = until.filter(|_| !decided_since) else { return vec![over] };
        let wishes = &self.chats[place.chat];
        if wishes.follows[place.person].is_none() || wishes.ignored_people[place.person] || wishes.ignored_sources[event.chat] {
            return vec![over];
        }
        if self.is_wanted(place.chat, place.person, event.chat) {
            return self.banned(&over, place, event, until);
        }
        // His admins are asked, or it is for another time.
        vec![over, state.clone()]
    }

    /// Are bans of this person by that source to be carried over here?
    pub fn is_wanted(&self, chat: usize, person: usize, source: usize) -> bool {
        let wishes = &self.chats[chat];
        wishes.follows[person] == Some(Mode::Auto)
            && !wishes.ignored_people[person]
            && !wishes.ignored_sources[source]
            && wishes.auto_sync
            && !wishes.confirmation
            && wishes.bot_may_ban
            && !wishes.admins[person]
    }

    /// The last that was done there was done by us, and was a ban.
    pub(super) fn is_ours(&self, state: &State, chat: usize, person: usize) -> bool {
        let Some(last) = state.last_set() else { return false };
        !last.lift && !state.local && self.decisions(chat, person).all(|(round, _)| *round <= last.round)
    }

    /// Bans of other sources that are in the chat too, and when they end there. Such a source has banned all the time since, and has not taken
    /// it back everywhere; nobody in the chat has decided otherwise since, nor was it taken back there.
    fn others<'a>(&self, state: &'a State, place: Place, source: usize) -> Vec<(&'a Record, i64)> {
        let holds = |record: &'a Record| {
            let is_other = !record.lift && record.source != source && record.source != place.chat && !self.undone.contains(&record.event);
            let mut since = self.decisions(record.source, place.person).filter(|(_, told)| told.occurred >= record.occurred);
            let until = since.try_fold(None, |_, (_, told)| told.bans.map(Some)).flatten();
            until.filter(|until| is_other && *until > place.now).map(|until| (record, until))
        };
        // What a source decided before is replaced by what it decided last.
        let is_last = |record: &&Record| {
            let mut of_source = self.since_decided(state, place).filter(|other| other.source == record.source);
            of_source.all(|other| other.occurred <= record.occurred)
        };
        self.since_decided(state, place).filter(is_last).filter_map(holds).collect()
    }

    /// Does another source whose ban is in the chat ban now, whatever it decided in between?
    fn bans_again(&self, state: &State, place: Place, why: Why) -> bool {
        let (Why::Lifted(source) | Why::Everywhere(source, _)) = why else { return false };
        let bans_now = |record: &Record| {
            let last = self.decisions(record.source, place.person).max_by(|(_, one), (_, other)| one.occurred.cmp(&other.occurred));
            last.is_some_and(|(_, told)| told.bans.is_some_and(|until| until > place.now))
        };
        let mut others = self.since_decided(state, place).filter(|record| record.source != source && record.source != place.chat);
        others.any(bans_now)
    }

    /// The bans since the last lift of ours; what is decided in the chat ends what was before.
    fn since_decided<'a>(&self, state: &'a State, place: Place) -> impl Iterator<Item = &'a Record> + use<'a> {
        let decided = self.decisions(place.chat, place.person).next_back().map_or(0, |(round, _)| *round);
        state.records.iter().rev().take_while(move |record| !record.lift && record.round >= decided)
    }

    /// End of the chat's own ban under ours, if it has not ended and nobody there has decided otherwise.
    fn prior(&self, state: &State, place: Place) -> Option<i64> {
        self.since_decided(state, place).filter_map(|record| record.prior).max().filter(|&until| until > place.now)
    }
}

/// When what others' bans hold may end here: all of them end no sooner than the sooner end of each.
fn ends_here(others: &[(&Record, i64)], present: End) -> Vec<End> {
    let ends: Vec<_> = others.iter().map(|(record, until)| may_end(record, *until, present)).collect();
    let least = ends.iter().filter_map(|ends| ends.iter().map(|end| end.to).min()).max();
    ends.into_iter().flatten().filter(|end| Some(end.to) >= least).collect()
}

/// When a ban of which `until` is the end in its source may end here.
fn may_end(record: &Record, until: i64, present: End) -> Vec<End> {
    let wanted = record.wanted.unwrap_or(present);
    match record.ban_type {
        Some(SyncBanType::Permanent | SyncBanType::Temporary) => vec![wanted],
        Some(SyncBanType::Same) if wanted != End::at(FOR_EVER) => vec![End::at(until)],
        // One that was for ever may stay so, and what is not known is one of both.
        Some(SyncBanType::Same) | None => vec![End::at(until), wanted],
    }
}

fn record(event: &Told, round: u32, set: bool, (ban_type, wanted): (SyncBanType, End), prior: Option<i64>) -> Record {
    let (source, event, occurred) = (event.chat, event.event_id, event.occurred.clone());
    Record { source, event, occurred, round, lift: false, set, wanted: Some(wanted), ban_type: Some(ban_type), prior }
}
