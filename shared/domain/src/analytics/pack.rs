//! Facts of one day as bytes, in columns: what stands below one another is alike, and short.
//!
//! Times are seconds of the day, numbers are LEB128, signed ones by zigzag
//! ([source](https://protobuf.dev/programming-guides/encoding/#varints)). A fact takes nine bytes or so, and eight more its id, which only
//! whoever looks for doubles reads.

use super::fact::{Fact, What, Work};
use crate::ids::{ChatId, UserId};
use crate::member::Action;
use crate::sync::{Outcome, Reason, SyncStatus};
use std::collections::BTreeMap;

/// Seconds of a day.
pub const DAY: i64 = 24 * 3600;

/// First byte of every pack.
const VERSION: u8 = 1;

/// Bytes of an id.
const ID: usize = 8;

/// What is read of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    pub facts: Vec<u8>,
    /// Of the same facts in their order, 8 bytes each.
    pub ids: Vec<u8>,
}

/// A pack that cannot be read: another version's, or not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pack of facts cannot be read")]
pub struct Unreadable;

/// The day (since 1970, UTC) of a moment in Unix seconds.
pub fn day_of(at: i64) -> i64 {
    at.div_euclid(DAY)
}

/// Packs facts of one day, in the order of time.
pub fn pack(facts: &[Fact]) -> Packed {
    let mut facts: Vec<_> = facts.iter().collect();
    facts.sort_by_key(|fact| (fact.at, fact.id));
    let chats = Chats::of(&facts);
    let mut bytes = vec![VERSION];
    put(&mut bytes, facts.len() as u64);
    chats.put(&mut bytes);
    let mut before = 0;
    for fact in &facts {
        let second = fact.at.rem_euclid(DAY);
        put(&mut bytes, (second - before) as u64);
        before = second;
    }
    bytes.extend(facts.iter().map(|fact| what_code(fact)));
    bytes.extend(facts.iter().map(|fact| outcome_code(fact.what)));
    for fact in &facts {
        put(&mut bytes, chats.place(fact.chat));
    }
    for fact in &facts {
        put(&mut bytes, fact.source.map_or(0, |source| chats.place(source) + 1));
    }
    for fact in &facts {
        put_signed(&mut bytes, fact.user.0);
    }
    for fact in &facts {
        put(&mut bytes, fact.millis.into());
    }
    Packed { facts: bytes, ids: facts.iter().flat_map(|fact| fact.id.to_le_bytes()).collect() }
}

/// What becomes of facts that only a newer version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// For whoever sums up.
    LeaveOut,
    /// For whoever writes the rest somewhere else: they would be gone.
    Refuse,
}

/// The facts of a pack of this day; their ids are 0 where none are given.
///
/// # Errors
/// The bytes are no pack, or have what is to be refused.
pub fn unpack(day: i64, facts: &[u8], ids: Option<&[u8]>, unknown: Unknown) -> Result<Vec<Fact>, Unreadable> {
    let mut rest = Bytes(facts);
    if rest.byte()? != VERSION {
        return Err(Unreadable);
    }
    let count = usize::try_from(rest.number()?).map_err(|_| Unreadable)?;
    // Each fact has seven bytes at least: what claims more than there can be is refused before room is made for it.
    if count > facts.len() || ids.is_some_and(|ids| ids.len() != count * ID) {
        return Err(Unreadable);
    }
    let chats = Chats::read(&mut rest)?;
    let seconds = rest.column(count, Bytes::number)?;
    let (whats, outcomes) = (rest.take(count)?, rest.take(count)?);
    let (places, sources) = (rest.column(count, Bytes::number)?, rest.column(count, Bytes::number)?);
    let users = rest.column(count, Bytes::signed)?;
    let millis = rest.column(count, Bytes::number)?;
    let mut read = Vec::with_capacity(count);
    let mut second = 0_i64;
    for n in 0..count {
        second = second.checked_add_unsigned(seconds[n]).filter(|second| *second < DAY).ok_or(Unreadable)?;
        let what = match (what_of(whats[n], outcomes[n]), unknown) {
            (Some(what), _) => what,
            (None, Unknown::LeaveOut) => continue,
            (None, Unknown::Refuse) => return Err(Unreadable),
        };
        let id = ids.and_then(|ids| ids.get(n * ID..(n + 1) * ID)?.try_into().ok()).map_or(0, u64::from_le_bytes);
        read.push(Fact {
            id,
            at: day * DAY + second,
            what,
            taken_back: whats[n] & TAKEN_BACK != 0,
            chat: chats.at(places[n])?,
            source: sources[n].checked_sub(1).map(|place| chats.at(place)).transpose()?,
            user: UserId(users[n]),
            millis: u32::try_from(millis[n]).map_err(|_| Unreadable)?,
        });
    }
    Ok(read)
}

/// Chats of a pack: each is written once.
struct Chats {
    all: Vec<ChatId>,
    places: BTreeMap<ChatId, u64>,
}

impl Chats {
    fn of(facts: &[&Fact]) -> Self {
        let mut all: Vec<_> = facts.iter().flat_map(|fact| [Some(fact.chat), fact.source]).flatten().collect();
        all.sort_unstable();
        all.dedup();
        let places = (0..).zip(&all).map(|(place, chat)| (*chat, place)).collect();
        Self { all, places }
    }

    fn place(&self, chat: ChatId) -> u64 {
        self.places[&chat]
    }

    fn at(&self, place: u64) -> Result<ChatId, Unreadable> {
        usize::try_from(place).ok().and_then(|place| self.all.get(place)).copied().ok_or(Unreadable)
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        put(bytes, self.all.len() as u64);
        for chat in &self.all {
            put_signed(bytes, chat.0);
        }
    }

    fn read(rest: &mut Bytes) -> Result<Self, Unreadable> {
        let count = usize::try_from(rest.number()?).ok().filter(|count| *count <= rest.0.len()).ok_or(Unreadable)?;
        let all = rest.column(count, Bytes::signed)?.into_iter().map(ChatId).collect();
        Ok(Self { all, places: BTreeMap::new() })
    }
}

/// Set in the code of a fact that is taken back.
const TAKEN_BACK: u8 = 0x80;

/// What happened, as it is stored. Never to be changed; what is new gets a new number.
fn what_code(fact: &Fact) -> u8 {
    let code = match fact.what {
        What::Decided(Action::Ban) => 1,
        What::Decided(Action::Kick) => 2,
        What::Decided(Action::Restrict) => 3,
        What::Decided(Action::Unban) => 4,
        What::Decided(Action::Unrestrict) => 5,
        What::Followed => 6,
        What::Unfollowed => 7,
        What::Synced(_) => 8,
        What::Appealed => 9,
        What::Result(Work::Ban, _) => 10,
        What::Result(Work::Lift, _) => 11,
        What::Result(Work::Undo, _) => 12,
    };
    if fact.taken_back { code | TAKEN_BACK } else { code }
}

/// Statuses by their place. Never to be changed.
const STATUSES: [SyncStatus; 4] = [SyncStatus::Running, SyncStatus::Completed, SyncStatus::Partial, SyncStatus::Failed];

/// Reasons by their place; what is new comes last.
const REASONS: [Reason; 24] = [
    Reason::Asked,
    Reason::NewSource,
    Reason::Held,
    Reason::Flooded,
    Reason::Delayed,
    Reason::AutoSyncOff,
    Reason::NotifyOnly,
    Reason::Ignored,
    Reason::Lifted,
    Reason::Undone,
    Reason::EndsTooSoon,
    Reason::Kick,
    Reason::IsAdmin,
    Reason::IsBot,
    Reason::LocalDecision,
    Reason::NotOurs,
    Reason::NotBanned,
    Reason::StillBanned,
    Reason::UnknownUser,
    Reason::NotSupported,
    Reason::NoRights,
    Reason::ChatGone,
    Reason::TelegramError,
    Reason::TimedOut,
];

const APPLIED: u8 = 1;
const ALREADY: u8 = 2;
/// Codes of what was skipped begin here, in the order of the reasons; those of what failed, at the other.
const SKIPPED: u8 = 16;
const FAILED: u8 = 128;

fn outcome_code(what: What) -> u8 {
    let place = |reason| REASONS.iter().position(|one| *one == reason).unwrap_or(0) as u8;
    match what {
        What::Synced(status) => STATUSES.iter().position(|one| *one == status).unwrap_or(0) as u8,
        What::Result(_, Outcome::Applied) => APPLIED,
        What::Result(_, Outcome::Already) => ALREADY,
        What::Result(_, Outcome::Skipped(reason)) => SKIPPED + place(reason),
        What::Result(_, Outcome::Failed(reason)) => FAILED + place(reason),
        What::Decided(_) | What::Followed | What::Unfollowed | What::Appealed => 0,
    }
}

fn what_of(what: u8, outcome: u8) -> Option<What> {
    Some(match what & !TAKEN_BACK {
        1 => What::Decided(Action::Ban),
        2 => What::Decided(Action::Kick),
        3 => What::Decided(Action::Restrict),
        4 => What::Decided(Action::Unban),
        5 => What::Decided(Action::Unrestrict),
        6 => What::Followed,
        7 => What::Unfollowed,
        8 => What::Synced(*STATUSES.get(usize::from(outcome))?),
        9 => What::Appealed,
        10 => What::Result(Work::Ban, outcome_of(outcome)?),
        11 => What::Result(Work::Lift, outcome_of(outcome)?),
        12 => What::Result(Work::Undo, outcome_of(outcome)?),
        _ => return None,
    })
}

fn outcome_of(code: u8) -> Option<Outcome> {
    let reason = |first: u8| REASONS.get(usize::from(code - first)).copied();
    match code {
        APPLIED => Some(Outcome::Applied),
        ALREADY => Some(Outcome::Already),
        FAILED.. => reason(FAILED).map(Outcome::Failed),
        SKIPPED.. => reason(SKIPPED).map(Outcome::Skipped),
        _ => None,
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, ((number << 1) ^ (number >> 63)) as u64);
}

/// Bytes that are still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Unreadable> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(Unreadable)?;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unreadable)
    }

    fn signed(&mut self) -> Result<i64, Unreadable> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn column<T>(&mut self, count: usize, mut read: impl FnMut(&mut Self) -> Result<T, Unreadable>) -> Result<Vec<T>, Unreadable> {
        (0..count).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn what() -> impl Strategy<Value = What> {
        let outcome = prop_oneof![
            Just(Outcome::Applied),
            Just(Outcome::Already),
            prop::sample::select(REASONS.to_vec()).prop_map(Outcome::Skipped),
            prop::sample::select(REASONS.to_vec()).prop_map(Outcome::Failed),
        ];
        let actions = vec![Action::Ban, Action::Kick, Action::Restrict, Action::Unban, Action::Unrestrict];
        prop_oneof![
            prop::sample::select(actions).prop_map(What::Decided),
            Just(What::Followed),
            Just(What::Unfollowed),
            prop::sample::select(STATUSES[1..].to_vec()).prop_map(What::Synced),
            Just(What::Appealed),
            (prop::sample::select(vec![Work::Ban, Work::Lift, Work::Undo]), outcome)
                .prop_map(|(work, outcome)| What::Result(work, outcome)),
        ]
    }

    /// Facts of the 20 000th day. Few chats and people: some are met again.
    pub fn facts(most: usize) -> impl Strategy<Value = Vec<Fact>> {
        let chat = || prop_oneof![(1..9_i64).prop_map(|n| ChatId(-n)), any::<i64>().prop_map(ChatId)];
        let user = prop_oneof![(1..9_i64).prop_map(UserId), any::<i64>().prop_map(UserId)];
        let fact = (any::<u64>(), 0..DAY, what(), any::<bool>(), chat(), prop::option::of(chat()), user, any::<u32>());
        let fact = fact.prop_map(|(id, second, what, taken_back, chat, source, user, millis)| Fact {
            id,
            at: 20_000 * DAY + second,
            what,
            taken_back,
            chat,
            source,
            user,
            millis,
        });
        prop::collection::vec(fact, 0..most)
    }

    proptest! {
        #[test]
        fn what_is_packed_is_read_as_it_was(mut facts in facts(50)) {
            let packed = pack(&facts);
            facts.sort_by_key(|fact| (fact.at, fact.id));
            prop_assert_eq!(unpack(20_000, &packed.facts, Some(&packed.ids), Unknown::Refuse).unwrap(), facts.clone());
            let without = unpack(20_000, &packed.facts, None, Unknown::Refuse).unwrap();
            prop_assert_eq!(without, facts.into_iter().map(|fact| Fact { id: 0, ..fact }).collect::<Vec<_>>());
        }

        #[test]
        fn bytes_that_are_no_pack_are_an_error(facts in facts(20), cut in 0..100_usize, noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let packed = pack(&facts);
            let whole = packed.facts.len();
            if cut < whole {
                prop_assert!(unpack(20_000, &packed.facts[..cut], None, Unknown::LeaveOut).is_err());
            }
            // Whatever comes of noise, it ends.
            let _ = unpack(20_000, &noise, None, Unknown::LeaveOut);
            if !packed.ids.is_empty() {
                prop_assert!(unpack(20_000, &packed.facts, Some(&packed.ids[1..]), Unknown::LeaveOut).is_err());
            }
        }
    }

    #[test]
    fn a_fact_takes_some_nine_bytes_beside_its_id() {
        let fact = |n: i64| Fact {
            id: n as u64,
            at: 20_000 * DAY + n * 500,
            what: What::Decided(Action::Ban),
            taken_back: false,
            chat: ChatId(-1_001_234_567_890 - n % 5),
            source: None,
            user: UserId(5_000_000_000 + n * 7919),
            millis: 0,
        };
        let packed = pack(&(0..170).map(fact).collect::<Vec<_>>());
        assert!(packed.facts.len() < 170 * 13, "{}", packed.facts.len());
        assert_eq!(packed.ids.len(), 170 * 8);
    }

    #[test]
    fn what_a_newer_version_has_written_is_left_out_and_the_rest_is_read() {
        let fact =
            Fact { id: 1, at: 0, what: What::Followed, taken_back: false, chat: ChatId(-1), source: None, user: UserId(1), millis: 0 };
        let mut packed = pack(&[fact, Fact { at: 1, ..fact }]);
        let code = packed.facts.iter().position(|byte| *byte == 6).unwrap();
        packed.facts[code] = 77;
        assert_eq!(unpack(0, &packed.facts, None, Unknown::LeaveOut).unwrap(), [Fact { id: 0, at: 1, ..fact }]);
        assert_eq!(unpack(0, &packed.facts, None, Unknown::Refuse), Err(Unreadable));
        packed.facts[0] = 9;
        assert_eq!(unpack(0, &packed.facts, None, Unknown::LeaveOut), Err(Unreadable));
    }

    #[test]
    fn every_reason_has_a_place_of_its_own() {
        for (place, reason) in REASONS.iter().enumerate() {
            let code = outcome_code(What::Result(Work::Ban, Outcome::Skipped(*reason)));
            assert_eq!((usize::from(code), outcome_of(code)), (usize::from(SKIPPED) + place, Some(Outcome::Skipped(*reason))));
        }
    }
}
